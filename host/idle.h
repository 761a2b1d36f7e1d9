/* What is kept of a job that had nothing to run: a file of its own, as it has neither a number nor a folder. */
#pragma once

#include "base/buf.h"
#include "base/wire.h"

/* n: tests that were left out. It is in the place of the last one's. Negative errno. */
int dz_idle_keep(const char *state, const struct dz_msg_chosen *chosen, uint32_t n);

/* Frames as in a job's suite, where no job has begun since: 1, and in ret_after the number of the last one before it, or 0. 0: one
 * has. Negative errno. */
int dz_idle_last(const char *state, struct dz_buf *frames, long *ret_after);
