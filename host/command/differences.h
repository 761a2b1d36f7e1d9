/* What differs between tests beside each other and each in a fork of its own.
 *
 * Two jobs run the suite. In the shared one a process runs as many tests as it can: one worker, as there most is shared, and
 * the order is that of collection each time. In the other one each test has a fork of its own, so that nothing of another test
 * is there. What a test depends on alone and not in the shared run, where it leans on all that observing knows of, is what
 * observing has missed: another test's work took its place, and nothing told. More in the shared run is no difference: that is
 * what leaning is for.
 *
 * All that differs is run once more, by the same two jobs: in another order, or without the others, it might not. What does not
 * differ in the same way then is flaky, and counts for nothing. */
#pragma once

#include "../declared.h"
#include "../record/beyond.h"
#include "trial.h"

/* Both jobs. */
struct dz_round {
    struct dz_trial shared, alone;
    struct dz_beyond beyond; /* of what is alone, than what is shared */
};

struct dz_difference {
    const struct dz_told_test *shared, *alone;
    int is_outcome; /* else it is what the test depends on */
    int is_flaky;
    struct dz_bits hidden; /* inputs of alone's graph */
};

struct dz_differences {
    const struct dz_trials *trials; /* lent, as options */
    char *const *options;           /* pytest's, with NULL behind */
    const char *workers;            /* of both jobs; NULL: one, and as many as are of use */
    struct dz_declared declared;
    struct dz_round rounds[2]; /* the second one only where there is a difference */
    struct dz_difference *list;
    uint32_t n, cap;
    uint32_t n_compared, n_outcome_only, n_passed_over;
    unsigned n_outcomes, n_hidden, n_flaky;
};

/* With trials, options and workers filled in. Negative with a sentence. */
int dz_differences_find(struct dz_differences *all, struct dz_err *err);
void dz_differences_free(struct dz_differences *all);
