/* What a job has observed, made into the baseline that the next one starts from. */
#pragma once

#include "choice.h"
#include "record/run_tests.h"

/* All lent. */
struct dz_learning {
    struct dz_choice choice; /* as it was asked for: where, and of which settings */
    const char *folder;      /* the job's, with its logs */
    int64_t began_ns;        /* the job, since 1970 */
    const struct dz_run_tests *tests;
    struct dz_bytes held,
        missed;           /* of the audited, names with NUL behind: as was proved, and otherwise */
    struct dz_buf *found; /* what is to be said of these, lines of the block */
    struct dz_bytes resolved, command; /* what the front has told of the command, its frames; or empty */
    const char *name;                  /* of the command, or NULL */
};

/* What keeps it from being known is put into text, a sentence. */
void dz_learn(const struct dz_learning *of, struct dz_buf *text);
