/* What pytest has made of a command, kept in STATE/invocations/NAME: while it and all that this came from are as they were,
 * nobody need ask pytest again.
 *
 * A record counts from dz_invocation_settle on: pytest may find at its very end that something is wrong. */
#pragma once

#include "base/buf.h"
#include "base/wire.h"
#include "python.h"
#include "record/graph.h"

/* By the command: working directory, arguments, the python and the variables that it and pytest start by. NULL when it cannot
 * be told. */
char *dz_invocation_name(const struct dz_python *python, int argc, char **argv);

/* All lent. */
struct dz_invoking {
    const struct dz_python *python;
    const char *rootdir, *state, *name;
    int64_t
        began_ns; /* the job, since 1970: what was changed later may not be what pytest has seen */
    struct dz_bytes resolved, command; /* the front's own frames */
    const struct dz_graph *graph;      /* what the job has learnt, looks and all */
    uint32_t load;                     /* the node of its load, or DZ_NONE */
};

/* 1: written, and to be settled; 0: it cannot be told what the command depends on. Negative errno. */
int dz_invocation_write(const struct dz_invoking *of);
/* The job has ended: well, or the record and any earlier one of the command are of no use. */
void dz_invocation_settle(const char *state, const char *name, int well);

/* Removes records that were not used for 90 days, or all, those of another DAGZ, and what a job that was killed has left. Counts
 * them. Negative with a sentence. */
int dz_invocation_clean(const char *state, int all, int64_t now_s, unsigned *ret_n,
                        uint64_t *ret_bytes, struct dz_err *err);

struct dz_invocation {
    struct dz_buf bytes;
    struct dz_msg_resolved resolved; /* lent by bytes, which ends each text of theirs by no NUL */
    struct dz_msg_command command;
    struct dz_graph inputs; /* nothing else is in it, but looks */
};

/* It is known from then on as used. Negative with a sentence: none (-ENOENT), of another DAGZ (-ESTALE), damaged. */
int dz_invocation_read(struct dz_invocation *ret, const char *path, struct dz_err *err);
void dz_invocation_free(struct dz_invocation *invocation);
