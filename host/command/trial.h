/* Jobs that are run to be compared: each has a state of its own, below STATE/discover, that nothing is left of. What the user's
 * own jobs have left, and pytest's cache, stays as it is; only sheets are shared, as they are of contents. Two who do so at
 * once have folders of their own; what one that was killed has left, the next one takes away. */
#pragma once

#include "../python.h"
#include "../record/graph.h"
#include "told.h"

struct dz_trials {
    const struct dz_python *python; /* lent */
    char *state, *folder;           /* the user's; ours, in it */
    char *program, *sheets;
    int lock;
};

/* Negative with a sentence. From then on until the end SIGINT, SIGTERM and SIGHUP end the job that runs, and nothing else. */
int dz_trials_open(struct dz_trials *ret, const struct dz_python *python, struct dz_err *err);
void dz_trials_close(struct dz_trials *trials);

/* As a shell says it of a program that it cannot start. */
enum { DZ_TRIAL_NOT_STARTED = 127 };

struct dz_trial {
    char *state, *rootdir;
    int code; /* pytest's exit code */
    double seconds;
    struct dz_told told;
    struct dz_graph graph;
};

/* The suite with all its tests. name: of its folder; options: pytest's, then ours; both end by NULL. 0; negative with a
 * sentence, behind what pytest has said: code is then pytest's own, if it has come to one that tells why, or -1. */
int dz_trial_run(struct dz_trial *ret, const struct dz_trials *trials, const char *name,
                 char *const *options, const char *const *ours, struct dz_err *err);
void dz_trial_free(struct dz_trial *trial);
