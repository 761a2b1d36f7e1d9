/* What a job knows of the suite when it has ended: which test files it has collected, and what has become of each test in
 * there. */
#pragma once

#include "../base/wire.h"
#include "graph.h"

struct dz_run_test {
    uint32_t nodeid;  /* of strings */
    uint32_t file;    /* of files */
    uint32_t outcome; /* dz_outcome */
    uint8_t has_run;  /* to its end: its span tells what it depends on */
    uint8_t is_double;
    uint64_t duration_us;
    struct dz_fingerprint parameters; /* as the front has told; zeros: it could not */
    uint32_t values;                  /* of strings: what they name; 0: nothing */
};

struct dz_run_file {
    uint32_t path; /* of strings */
    int complete;  /* no tests but these are in it */
};

/* Files that were not collected are not in here. */
struct dz_run_tests {
    struct dz_strings strings;
    struct dz_run_test *tests; /* in the order in which they were collected */
    uint32_t n, cap;
    struct dz_run_file *files;
    uint32_t n_files, cap_files;
    struct dz_strings proved, proved_files, nodeids, paths;
};

/* What the baselines have proved; before all else. Negative when there is no memory, here and below. */
int dz_run_tests_are_proved(struct dz_run_tests *all, const struct dz_msg_chosen *chosen);
/* What the front has told: frames of `collected` and `deselected`; others are passed over. -EBADMSG when they are none. */
int dz_run_tests_are_told(struct dz_run_tests *all, const char *frames, size_t size);
/* What has become of one that has run to its end. */
int dz_run_tests_have_run(struct dz_run_tests *all, const char *nodeid, enum dz_outcome outcome,
                          uint64_t duration_us);
/* NULL: it was not told of. */
const struct dz_run_test *dz_run_tests_find(const struct dz_run_tests *all, const char *nodeid);
void dz_run_tests_free(struct dz_run_tests *all);
