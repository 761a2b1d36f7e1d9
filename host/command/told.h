/* What a job has told of its tests: its folder's suite and results. */
#pragma once

#include "../base/err.h"
#include "../base/wire.h"
#include "../record/strings.h"

/* Beside dz_reported: the job has ended without it. */
enum { DZ_TOLD_NOT_RUN = -1 };

struct dz_told_test {
    const char *nodeid; /* of nodeids */
    int outcome;        /* dz_reported, or DZ_TOLD_NOT_RUN */
    char *text;         /* of a failure, or NULL */
};

struct dz_told {
    struct dz_told_test *tests; /* in the order in which they were collected */
    uint32_t n, cap;
    struct dz_strings nodeids;
    uint32_t *by_nodeid, by_nodeid_cap; /* by number - 1: of tests */
    uint32_t n_left_out;
    char *unprovable; /* as `chosen` has it (wire.def) */
    size_t unprovable_size;
    int failed; /* no memory was left for all of it */
};

/* Negative with a sentence. Of a job that was killed all that it has written. */
int dz_told_read(struct dz_told *ret, const char *folder, struct dz_err *err);
/* Of the frames of a suite alone. Negative when there is no memory. */
int dz_told_of_suite(struct dz_told *ret, const char *frames, size_t size);
void dz_told_free(struct dz_told *told);
/* NULL: the job knows no such test. */
const struct dz_told_test *dz_told_find(const struct dz_told *told, const char *nodeid);
const char *dz_told_outcome(const struct dz_told_test *test);
