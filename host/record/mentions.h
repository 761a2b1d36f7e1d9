/* Which of what was left changed a code mentions. */
#pragma once

#include "elements.h"
#include "homes.h"

struct dz_mentions {
    int is_known;
    int reads_all;
    int looks_into;            /* objects, by names that are not in the code */
    struct dz_bits names;      /* of these elements (struct dz_left) */
    struct dz_bits handed_on;  /* of these, the object itself */
    struct dz_bits attributes; /* texts */
    struct dz_bits counted;    /* texts, of attributes that are nothing but counted up */
};

/* Negative when there is no memory. */
int dz_mentions_of(struct dz_mentions *ret, const struct dz_lefts *lefts,
                   const struct dz_homes *homes, const struct dz_observations *all,
                   struct dz_elements *elements, uint32_t code);
int dz_mentions_add(struct dz_mentions *to, const struct dz_mentions *more);
void dz_mentions_clear(struct dz_mentions *mentions);
void dz_mentions_free(struct dz_mentions *mentions);
/* Whether who mentions these reads that element. */
int dz_mentions_read(const struct dz_mentions *mentions, const struct dz_lefts *lefts,
                     uint32_t element);
