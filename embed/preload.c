/* The way in where CPython is in the executable itself: this library was put before it by
 * LD_PRELOAD, so that its start comes by here. Without a heritage in the environment nothing
 * happens. */
#include "embed.h"

#include "../host/base/symbols.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int main_function(int, char **, char **);
typedef int start_function(main_function *, int, char **, void (*)(void), void (*)(void),
                           void (*)(void), void *);

static struct dz_heritage heritage;

static int run(int argc, char **argv, char **environment)
{
    (void)environment;
    return dagz_embed_main(&heritage, argc, argv);
}

static char **find(char **environment, const char *name)
{
    size_t size = strlen(name);
    for (; *environment; environment++)
        if (strncmp(*environment, name, size) == 0 && (*environment)[size] == '=')
            return environment;
    return NULL;
}

static void drop(char **entry)
{
    do
        entry[0] = entry[1];
    while (*entry++);
}

static void close_descriptor(const char *path)
{
    int fd;
    if (sscanf(path, "/proc/self/fd/%d", &fd) == 1)
        close(fd);
}

/* We stand first in it; a colon tells that there was a value before, also an empty one. */
static void restore_preload(char **environment)
{
    char **entry = find(environment, "LD_PRELOAD");
    if (!entry)
        return;
    char *value = strchr(*entry, '=') + 1;
    close_descriptor(value);
    char *before = strchr(value, ':');
    if (before)
        memmove(value, before + 1, strlen(before));
    else
        drop(entry);
}

static int take_heritage(char **environment)
{
    char **entry = find(environment, DZ_HERITAGE_VARIABLE);
    if (!entry)
        return 0;
    /* A copy: our children's dagz-pythons read it where it is, in /proc. */
    char *text = strdup(strchr(*entry, '=') + 1);
    int r = text ? dz_heritage_unpack(&heritage, text) : -ENOMEM;
    drop(entry);
    restore_preload(environment);
    heritage.watcher = &dz_watcher;
    return r == 0;
}

/* glibc's start of every program; old and new versions of it share one implementation, which
 * RTLD_NEXT gives. */
__attribute__((visibility("default"))) int
__libc_start_main(main_function *main, int argc, char **argv, void (*init)(void),
                  void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
    void *next = dlsym(RTLD_NEXT, "__libc_start_main");
    start_function *start;
    memcpy(&start, &next, sizeof next);
    if (take_heritage(argv + argc + 1))
        main = run;
    return start(main, argc, argv, init, fini, rtld_fini, stack_end);
}
