/* The logs of one job, in its folder. */
#pragma once

#include "observations.h"

/* Reads and joins every log in the folder. Negative with a sentence when the folder cannot be read, holds none, or there is
 * no memory. */
int dz_logs_read(struct dz_observations *ret, const char *folder, struct dz_err *err);
/* Only what tells of sources (dz_observations_begin_sources), not joined. */
int dz_logs_read_sources(struct dz_observations *ret, const char *folder, struct dz_err *err);
