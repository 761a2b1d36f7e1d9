/* Objects that hold others, as snapshots have met them: each is here once, behind however many names it lies, and is looked
 * at once a round.
 *
 * They are borrowed, so whoever looks has to know that they are there still: as long as what holds an object has not
 * changed, it is. */
#pragma once

#include "held.h"

/* As it was when it was seen. */
struct dz_sight {
    uint32_t holder, version;
};

/* A round begins: code has run since the last one, so each is looked at anew. */
void dz_holders_begin_round(void);

/* Sees it, as one more of its users, until dz_holder_let_go. 0 when there is no memory. */
int dz_holder_see(PyObject *object, unsigned holding, struct dz_sight *ret);
void dz_holder_let_go(const struct dz_sight *sight);
/* Borrowed, never to be looked into but where it is known to be there. */
PyObject *dz_holder_object(const struct dz_sight *sight);
PyTypeObject *dz_holder_type(const struct dz_sight *sight);
unsigned dz_holder_holding(const struct dz_sight *sight);

/* Whether all hold what they did. Each comes behind what holds it: where one has changed, those behind are not looked at. */
int dz_sights_stand(const struct dz_sight *sights, uint32_t n);

/* For lists in which each is to be but once: a new list begins; whether it has not been in this one. */
void dz_holders_begin_list(void);
int dz_holder_is_first(const struct dz_sight *sight);
