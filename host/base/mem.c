#include "mem.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct {
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void (*free)(void *);
} heap = {calloc, realloc, free};

static unsigned long fail_after;

/* mimalloc does not always say why. */
static void *or_errno(void *got)
{
    if (!got)
        errno = ENOMEM;
    return got;
}

static int is_to_fail(void)
{
    if (!fail_after)
        return 0;
    if (fail_after > 1) {
        fail_after--;
        return 0;
    }
    return 1;
}

void *dz_alloc(size_t size)
{
    return or_errno(is_to_fail() ? NULL : heap.calloc(1, size ? size : 1));
}

void *dz_realloc(void *old, size_t size)
{
    return or_errno(is_to_fail() ? NULL : heap.realloc(old, size ? size : 1));
}

void dz_free(void *old)
{
    heap.free(old);
}

int dz_has_room(void *list, unsigned n, unsigned *cap, size_t item)
{
    if (n < *cap)
        return 1;
    unsigned more = *cap ? 2 * *cap : 64;
    void *grown = more > *cap ? dz_realloc(*(void **)list, more * item) : NULL;
    if (!grown)
        return 0;
    memcpy(list, &grown, sizeof grown);
    *cap = more;
    return 1;
}

char *dz_memdup(const char *bytes, size_t size)
{
    char *copy = dz_alloc(size + 1);
    if (copy && size)
        memcpy(copy, bytes, size);
    return copy;
}

char *dz_strdup(const char *text)
{
    return dz_memdup(text, strlen(text));
}

int dz_mem_use_mimalloc(void)
{
    static const char *const names[] = {"libmimalloc.so.3", "libmimalloc.so.2"};
    void *library = NULL;
    for (size_t i = 0; !library && i < sizeof names / sizeof *names; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return 0;
    void *c = dlsym(library, "mi_calloc"), *r = dlsym(library, "mi_realloc"),
         *f = dlsym(library, "mi_free");
    if (!c || !r || !f)
        return 0;
    memcpy(&heap.calloc, &c, sizeof c);
    memcpy(&heap.realloc, &r, sizeof r);
    memcpy(&heap.free, &f, sizeof f);
    return 1;
}

void dz_mem_use_libc(void)
{
    heap.calloc = calloc;
    heap.realloc = realloc;
    heap.free = free;
}

void dz_mem_fail_after(unsigned long n)
{
    fail_after = n;
}
