/* From what a job has observed to the graph of its tests. */
#pragma once

#include "distributions.h"
#include "elements.h"
#include "graph.h"
#include "waivers.h"

struct dz_build_test {
    const char *nodeid;
    uint32_t outcome; /* dz_outcome */
    uint32_t duration_us;
    int has_run;                      /* 0: its record has no node */
    struct dz_fingerprint parameters; /* as told; zeros: they are not known by their values */
    const char *values;               /* what these name (parameters.h); NULL: nothing */
};


struct dz_build_file {
    const char *path; /* as in its tests' node ids */
    int is_whole;     /* the tests are all that are in it; 0: they are not known to be */
};

struct dz_build {
    const struct dz_observations *all; /* joined, readers too */
    struct dz_elements *elements;
    struct dz_distributions *distributions;
    const char *rootdir;
    const struct dz_build_test *tests;
    uint32_t n_tests;
    const struct dz_build_file *files;
    uint32_t n_files;
    uint32_t day; /* since 1970 */
    struct dz_waivers waivers;
    /* Puts what an input that is no source's has now, and the name of a listing: 0, or negative: -ESTALE where that may not be
     * what was read. */
    int (*fingerprint)(void *context, struct dz_strings *strings, struct dz_input *input);
    void *context;
    /* Where the node of the load is put, or DZ_NONE; NULL: nobody asks. */
    uint32_t *load;
};

/* Without looks. Has nodes that no record needs, too. Negative with a sentence. */
int dz_build(struct dz_graph *ret, const struct dz_build *build, struct dz_err *err);
