/* What the baselines say of the tests that they know, with the tree as it is: for commands, which run no python. */
#pragma once

#include "../baselines.h"
#include "../declared.h"
#include "../now.h"
#include "../record/nodeids.h"
#include "../record/select.h"

struct dz_verdict {
    char *name; /* of the baseline: its file's */
    struct dz_graph graph;
    struct dz_compared compared;
    struct dz_selection selection;
    struct dz_nodeids nodeids;
};

struct dz_verdicts {
    struct dz_python python;
    char *state, *rootdir;
    struct dz_declared declared;
    struct dz_now *now;
    struct dz_verdict list[DZ_BASELINES_MOST];
    unsigned n;
};

/* Of the baselines that a job of this branch would start from, with the settings of the newest of them. Negative with a
 * sentence; -ENOENT where there is none, -EDOM where [tool.dagz] is wrong. */
int dz_verdicts_find(struct dz_verdicts *ret, const char *self, struct dz_err *err);
void dz_verdicts_free(struct dz_verdicts *verdicts);

enum dz_proved_how {
    DZ_PROVED_NOT,
    DZ_PROVED_IF, /* if its parameters are what they were: its file is collected anew */
    DZ_PROVED,
};
/* Whether some other one proves what this one selects, and has nothing against it. */
enum dz_proved_how dz_verdicts_prove(const struct dz_verdicts *verdicts, const char *nodeid);
const char *dz_reason_text(unsigned reason);
/* How a command that could not do this ends: it says why. */
int dz_verdicts_fail(const struct dz_err *err);
/* An input in words. */
void dz_verdict_put(const struct dz_verdict *verdict, uint32_t input, struct dz_buf *text);
/* What has changed, and is waived as this: each input once, with NUL behind. Negative when there is no memory. */
int dz_verdicts_waived(const struct dz_verdicts *verdicts, enum dz_waived as,
                       struct dz_strings *ret);
/* The n-th step from the record's test to what has changed, from 0 on; 0 behind the last. */
int dz_verdict_step(const struct dz_verdicts *verdicts, unsigned which, uint32_t record, unsigned n,
                    struct dz_buf *text);
