/* A number for two things that lie somewhere in memory. They are known by their addresses: nothing is kept alive, and
 * what lies there later has to be told anew. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct dz_pair {
    uint64_t key;
    uint32_t value;
    uint32_t leant; /* for who uses it */
};

struct dz_pairs {
    struct dz_pair *slots;
    size_t mask, n;
};

/* NULL where it is not known. */
struct dz_pair *dz_pairs_find(const struct dz_pairs *pairs, const void *one, const void *other);
/* Known from here on, with 0 for its value, if it was not. NULL when there is no memory. */
struct dz_pair *dz_pairs_at(struct dz_pairs *pairs, const void *one, const void *other);
void dz_pairs_clear(struct dz_pairs *pairs);
