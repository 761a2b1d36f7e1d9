/* What earlier jobs have seen where this one looks again. */
#pragma once

#include "baselines.h"

struct dz_before;

/* Of the baselines with this key; older may be NULL. NULL where there is no memory. */
struct dz_before *dz_before_new(const struct dz_baselines *older, const struct dz_fingerprint *key);
void dz_before_free(struct dz_before *before);
/* 1, and their last look at this path, as in a key; 0: they have none. */
int dz_before_look(const struct dz_before *before, const char *path, struct dz_look *ret);
