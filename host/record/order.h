/* The order in which tests are planned, and where it may be cut.
 *
 * All the plan hands around are stretches [a, b) of one fixed order of positions, so that a stretch
 * knows its length in time by two look-ups. Tests stand in it as in the session, but that tests
 * which share a fixture over several modules stand together. A border i is the place in front of
 * position i; a fixture's tests reach from its first to behind its last, and every border in
 * between would give them a second copy of it.
 *
 * Fixtures that overlap without one enclosing the other are taken as if the outer lasted until the
 * inner ends: a border too many is forbidden, never one too few. */
#pragma once

#include "plan.h"

/* What a cut has to spare besides fixtures. */
enum dz_cut { DZ_CUT_TESTS, DZ_CUT_CLASSES, DZ_CUT_MODULES };

struct dz_order_fixture {
    uint64_t setup_us; /* 0 is unknown */
    uint64_t left_us;  /* of its tests that have not ended */
    uint8_t pinned;
    uint8_t timed;       /* one of its tests has a measured duration */
    uint32_t first, end; /* positions it reaches over */
    uint32_t over;       /* the fixture that encloses it, or DZ_PLAN_NONE */
};

struct dz_order {
    uint32_t n, n_fixtures;
    uint32_t *at;     /* position → test */
    uint32_t *place;  /* test → position */
    uint64_t *before; /* n + 1: time of all positions in front */
    uint32_t *around; /* n + 1: innermost fixture that reaches over the border, or DZ_PLAN_NONE */
    uint32_t *starts[DZ_CUT_MODULES + 1]; /* where runs of a class and of a module begin, and n */
    uint32_t n_starts[DZ_CUT_MODULES + 1];
    struct dz_order_fixture *fixtures;
    uint64_t worth_us; /* a fixture whose tests take no longer is not worth a second copy */
};

/* Needs input only now. as_session: tests stand as in the session, whatever they share. On failure
 * what is there is for dz_order_free. */
int dz_order_make(struct dz_order *order, const struct dz_plan_input *input, int as_session);
void dz_order_free(struct dz_order *order);

static inline uint64_t dz_order_us(const struct dz_order *order, uint32_t a, uint32_t b)
{
    return order->before[b] - order->before[a];
}

/* The last position up to b in front of which the stretch from a takes at most us. */
uint32_t dz_order_after_us(const struct dz_order *order, uint32_t a, uint32_t b, uint64_t us);

/* Whether [a, b) may now be parted from its neighbours at border i, one of its ends included. */
int dz_order_may_cut(const struct dz_order *order, uint32_t i, uint32_t a, uint32_t b);
/* Whether border i can never be cut, whatever is still measured. */
int dz_order_is_fast(const struct dz_order *order, uint32_t i);
/* The next border for cutting [a, b): at i or in front of it, else a; at i or behind it, else b. */
uint32_t dz_order_retreat(const struct dz_order *order, uint32_t i, uint32_t a, uint32_t b,
                          enum dz_cut cut);
uint32_t dz_order_advance(const struct dz_order *order, uint32_t i, uint32_t a, uint32_t b,
                          enum dz_cut cut);
