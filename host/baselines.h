/* The files in which baselines are kept: STATE/baselines/BRANCH@PYTHON@KEY[@PROFILE]. Each key has its own, so that a run
 * with other options does not cost what is known of the usual ones.
 *
 * Chosen are the branch's own and main's: one proof is enough, so both together leave out the most. A branch that has none
 * yet, or a renamed one, takes the newest that there is: a proof is a proof, whatever branch it is of. */
#pragma once

#include "base/err.h"
#include "record/baseline.h"

enum { DZ_BASELINES_MOST = 2 };

struct dz_baselines {
    char *own; /* the path that this job's is kept under, whether there is one or not */
    char *found[DZ_BASELINES_MOST]; /* those that are to be read, the newest first */
    unsigned n;
};

struct dz_baselines_wish {
    const char *rootdir, *state;
    const char *python;               /* as in a shim's name, 3.12 */
    const char *base;                 /* --dagz-base: whose in the place of main's; NULL */
    const char *profile;              /* --dagz-profile: of which set; NULL */
    const struct dz_fingerprint *key; /* NULL: that of the branch's newest */
};

/* Negative with a sentence; a base that is asked for and is not there is -ENOENT, and ret is what there is without. */
int dz_baselines_choose(struct dz_baselines *ret, const struct dz_baselines_wish *wish,
                        struct dz_err *err);
void dz_baselines_free(struct dz_baselines *baselines);

/* One of them, open. */
struct dz_baseline_file;

/* NULL with a sentence: there is none (-ENOENT), or none that can be used. It is known from then on as used. */
struct dz_baseline_file *dz_baselines_open(const char *path, struct dz_err *err);
/* The same for who only tells of it: it is not used by that. */
struct dz_baseline_file *dz_baselines_peek(const char *path, struct dz_err *err);
void dz_baselines_close(struct dz_baseline_file *file);
/* Lent. */
struct dz_baseline *dz_baselines_in(struct dz_baseline_file *file);

/* Composes what a job has learnt with what there is under own by now, which another job may have put there; where there is
 * none of this key, with the newest of the others that is. Replaced as a whole or not at all. Of the branch's
 * other keys those that were not used for longest go, so that there are never more than a few. Negative with a sentence. */
int dz_baselines_keep(const struct dz_baselines *baselines, const char *rootdir,
                      const struct dz_fingerprint *key, const struct dz_graph *learnt,
                      struct dz_err *err);

struct dz_baselines_freed {
    unsigned baselines, sheets;
    uint64_t bytes;
};

/* Removes those that were not used for 90 days, or all, and sheets that are older than a day and of no content that any of
 * the others has looked at. Negative with a sentence. */
int dz_baselines_clean(const char *state, int all, int64_t now_s, struct dz_baselines_freed *ret,
                       struct dz_err *err);
