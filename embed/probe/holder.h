/* Objects that hold others, as snapshots have met them: each is here once, behind however many names it lies, and is looked
 * at once a round.
 *
 * They are borrowed, so whoever looks has to know that they are there still: as long as what holds an object has not
 * changed, it is. */
#pragma once

#include "held.h"

#include "../../host/base/bits.h"

/* As it was when it was seen. */
struct dz_sight {
    uint32_t holder, version;
};

/* A round begins: code has run since the last one, so each is looked at anew. */
void dz_holders_begin_round(void);
/* Those that have been looked at in this round, by their numbers. */
const struct dz_bits *dz_holders_looked_at(void);
/* How often one has been found to have changed, ever. */
uint64_t dz_holders_changes(void);

/* Sees it, as one more of its users, until dz_holder_let_go. 0 when there is no memory. */
int dz_holder_see(PyObject *object, unsigned holding, struct dz_sight *ret);
void dz_holder_let_go(const struct dz_sight *sight);

/* Whether all hold what they did. Each comes behind what holds it: where one has changed, those behind are not looked at. */
int dz_sights_stand(const struct dz_sight *sights, uint32_t n);
/* There are many such lists, and most are short. */
void dz_sights_cut(struct dz_sight **sights, uint32_t n, uint32_t *cap);

/* For lists in which each is to be but once: a new list begins; whether it has not been in this one. */
void dz_holders_begin_list(void);
int dz_holder_is_first(const struct dz_sight *sight);

/* What was found behind one, so many steps deep. */
struct dz_finding {
    uint64_t print;
    uint32_t n_values; /* that were looked at */
    uint8_t depth;
    uint8_t is_lasting; /* as long as the holder does not change; else for the rest of the list */
};
/* The last one is remembered; 0: there is none of this depth. */
void dz_holder_remember(const struct dz_sight *sight, const struct dz_finding *finding);
int dz_holder_recall(const struct dz_sight *sight, int depth, struct dz_finding *ret);

/* Makes it this owner's, who is not 0, if it is nobody else's; whether it is. */
int dz_holder_own(const struct dz_sight *sight, uint32_t owner);
void dz_holder_disown(const struct dz_sight *sight, uint32_t owner);

/* Finds those that have been looked at in this round and that are a class which derives from this one, or an instance of
 * it or of such; how many. Until others are looked for, dz_holder_is_heir tells. */
uint32_t dz_holders_find_heirs(PyTypeObject *class);
int dz_holder_is_heir(const struct dz_sight *sight);
