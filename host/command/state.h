/* Where `dagz` commands find what jobs have left. */
#pragma once

#include "../base/err.h"

/* `.dagz` in the current folder or the nearest above, or DAGZ_DIR; to be freed. NULL with a sentence. */
char *dz_state_find(struct dz_err *err);
/* Where its tree is: .dagz lies in it; one that lies elsewhere is asked from inside. To be freed; NULL: no memory. */
char *dz_state_rootdir(const char *state);
/* The folder of the last job that has observed anything, run/jN; to be freed. NULL with a sentence. */
char *dz_state_last_job(const char *state, struct dz_err *err);
/* The same of the last that has collected a suite. */
char *dz_state_last_suite(const char *state, struct dz_err *err);
