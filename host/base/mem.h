/* Memory of the host and of what it shares with the shim.
 *
 * Every allocation can be made to fail on purpose (dz_mem_fail_after), so each caller has an answer
 * to NULL. mimalloc serves the host once dz_mem_use_mimalloc found it: it is opened with
 * RTLD_LOCAL, since a linked one would replace malloc for the user's interpreter too. */
#pragma once

#include <stddef.h>

void *dz_alloc(size_t size);              /* zeroed; NULL, with errno ENOMEM, when there is none */
void *dz_realloc(void *old, size_t size); /* as realloc */
void dz_free(void *old);
/* Whether a list of n items has room for one more, doubled if it must be: *list and *cap follow. */
int dz_has_room(void *list, unsigned n, unsigned *cap, size_t item);
char *dz_strdup(const char *text);
char *dz_memdup(const char *bytes, size_t size); /* NUL-terminated copy */

/* To be called before the first allocation. Returns 1 when mimalloc serves from now on. */
int dz_mem_use_mimalloc(void);
/* Back to libc's, when nothing of mimalloc's is left: what was taken before it is to be freed by libc's. */
void dz_mem_use_libc(void);

/* The n-th allocation from now and all later ones return NULL; 0 switches this off. Tests only. */
void dz_mem_fail_after(unsigned long n);

static inline void dz_freep(void *slot)
{
    dz_free(*(void **)slot);
}
#define dz_auto __attribute__((cleanup(dz_freep)))
