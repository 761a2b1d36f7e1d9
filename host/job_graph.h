/* The graph of a job: what its processes have observed, as it lies in its folder, with the tree as it is at its end. */
#pragma once

#include "baselines.h"
#include "now.h"
#include "record/build.h"

struct dz_job_graph {
    const struct dz_python *python;
    const char *rootdir, *state, *folder;
    int64_t began_ns; /* since 1970: what was changed later may not be what was read */
    const struct dz_build_test *tests;
    uint32_t n_tests;
    const struct dz_build_file *files;
    uint32_t n_files;
    const struct dz_fingerprint *key;
    struct dz_waivers waivers;
    uint32_t *load; /* as in struct dz_build */
};

/* Sheets of its sources are there, as far as they can be. Negative with a sentence. */
int dz_job_graph_make(struct dz_graph *ret, const struct dz_job_graph *of, struct dz_err *err);
