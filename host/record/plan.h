/* The plan: which worker runs which tests, and in what order. Pure: no clock, no loop, no Python.
 *
 * The scheduler asks for one test at a time (dz_plan_next) and tells what came of it. A slot is a
 * worker's place, [0, slots): its processes come and go, the slot's queue stays. Times are
 * microseconds throughout. */
#pragma once

#include "../base/err.h"

#include <stddef.h>
#include <stdint.h>

#define DZ_PLAN_NONE UINT32_MAX

enum dz_plan_fork {
    DZ_FORK_WORKER, /* a process lives until nothing is left for its slot */
    DZ_FORK_MODULE, /* a fresh process for each test module */
    DZ_FORK_TEST,   /* a fresh process for each test */
};

/* A fixture wider than function scope, as it is instantiated once for tests that share it. */
struct dz_plan_fixture {
    uint64_t setup_us; /* measured; 0 is unknown */
    int pinned;        /* its set-up bound a fixed port: two copies at once would collide */
};

struct dz_plan_test {
    uint64_t estimate_us; /* of the last run; 0 is unknown */
    uint32_t module;      /* number of its file; ascending runs are not required */
    uint32_t klass;       /* number of its class, unique over the suite; DZ_PLAN_NONE without one */
    uint32_t first_use, uses; /* its slice of dz_plan_input.uses: numbers of shared fixtures */
};

struct dz_plan_input {
    const struct dz_plan_test *tests; /* in the order of the session's items */
    uint32_t n_tests;
    const struct dz_plan_fixture *fixtures;
    uint32_t n_fixtures;
    const uint32_t *uses;
    uint32_t n_uses;
    uint32_t slots;
    enum dz_plan_fork fork;
    int keep_order; /* items were reordered by a plugin: start in exactly that order */
};

struct dz_plan;

/* Copies what it needs. NULL with a sentence when memory or the input is bad. */
struct dz_plan *dz_plan_new(const struct dz_plan_input *input, struct dz_err *err);
void dz_plan_free(struct dz_plan *plan);

/* How many slots are worth a process: never more than there is work for. Before the first next. */
uint32_t dz_plan_useful_slots(const struct dz_plan *plan);

/* Commits one more test to the slot's process, or DZ_PLAN_NONE: this process has had its last.
 * A committed test is the slot's until finished, lost or given back; it is never stolen. */
uint32_t dz_plan_next(struct dz_plan *plan, uint32_t slot);

/* Whether a fresh process in this slot would get a test. Never commits. Asked of a slot that has no
 * process: what comes next counts as the fresh one's. May become true when something was measured,
 * finished or given back. */
int dz_plan_wants(struct dz_plan *plan, uint32_t slot);

/* A committed test has ended (duration of its three phases), whatever its outcome. */
void dz_plan_finished(struct dz_plan *plan, uint32_t test, uint64_t duration_us);

/* A committed test was not run: its process died before it began. It is due again. */
void dz_plan_give_back(struct dz_plan *plan, uint32_t test);

/* What was measured in this run: counts from now on for splitting. */
void dz_plan_fixture_ran(struct dz_plan *plan, uint32_t fixture, uint64_t setup_us, int pinned);

/* Nothing more is given out (-x, interrupt). */
void dz_plan_close(struct dz_plan *plan);

/* Estimated time of what is not finished: of one slot (committed and queued), and of all. */
uint64_t dz_plan_left_us(const struct dz_plan *plan, uint32_t slot);
uint64_t dz_plan_total_left_us(const struct dz_plan *plan);
/* What the plan takes one test to last, measured or guessed. Never 0. */
uint64_t dz_plan_estimate_us(const struct dz_plan *plan, uint32_t test);
/* Tests neither finished nor closed away. */
uint32_t dz_plan_unfinished(const struct dz_plan *plan);
