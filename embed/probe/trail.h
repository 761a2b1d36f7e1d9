/* All objects that lie behind a module's names, each once, so that they are looked at together.
 *
 * Modules share most of them. Each is some trail's own: where the others' have been looked at in the round, and nothing has
 * changed anywhere since this trail stood last, its own are all that is left to look at. */
#pragma once

#include "holder.h"

#include "../../host/base/bits.h"

struct dz_trail {
    struct dz_sight *sights, *own; /* what holds another comes before it */
    struct dz_bits others;         /* the holders that are other trails' own */
    uint32_t n, cap, n_own, own_cap;
    uint32_t owner;   /* its name among owners */
    uint64_t changes; /* that were known when it stood last */
};

/* To be made anew, and then added to, in a round in which all of it has been looked at. */
void dz_trail_begin(struct dz_trail *trail);
void dz_trail_add(struct dz_trail *trail, const struct dz_sight *sights, uint32_t n);
void dz_trail_end(struct dz_trail *trail);
void dz_trail_free(struct dz_trail *trail);

int dz_trail_stands(struct dz_trail *trail);
