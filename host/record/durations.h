/* How long tests and set-ups of shared fixtures took when they last ran: .dagz/durations, until
 * there are baselines.
 *
 * Text of our own rather than JSON: 60,000 entries are read in a few milliseconds, before each job.
 *
 *     dagz durations 1
 *     t 20421 1532 tests/test_api.py::test_get      day last seen, µs, nodeid
 *     f 20421 80211 1 session:tests::server         day, µs, whether pinned, the fixture's key
 *     end 8c0ffee1d2c3b4a5                          XXH3 of all lines in front
 *
 * A name may hold any byte; a line end or backslash in it is written \n or \\. */
#pragma once

#include "../base/err.h"

#include <stdint.h>

struct dz_durations;

/* What is kept at path. Nothing when there is no file, or path is NULL; nothing and a sentence when
 * it cannot be read or is damaged. NULL and a sentence when there is no memory. err->code is 0 when
 * all is well. */
struct dz_durations *dz_durations_new(const char *path, struct dz_err *err);
void dz_durations_free(struct dz_durations *durations);

/* 0 when it is not known. */
uint64_t dz_durations_test_us(const struct dz_durations *durations, const char *nodeid);
/* Whether it is known; ret_ are left alone when not. */
int dz_durations_fixture(const struct dz_durations *durations, const char *key,
                         uint64_t *ret_setup_us, int *ret_pinned);

/* What this run measured. Lack of memory is told by save. */
void dz_durations_set_test(struct dz_durations *durations, const char *nodeid, uint64_t us);
void dz_durations_set_fixture(struct dz_durations *durations, const char *key, uint64_t setup_us,
                              int pinned);

/* Puts what was set in this run into what is at path now, which another job may have written
 * meanwhile, and drops what was not seen for 90 days. The file is replaced whole or not at all; of
 * two jobs that save in the same instant, one may be forgotten. Negative with a sentence. */
int dz_durations_save(struct dz_durations *durations, const char *path, struct dz_err *err);
