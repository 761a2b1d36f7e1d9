/* The distributions that are installed in a python's environment, as importlib.metadata finds them. */
#pragma once

#include "python.h"
#include "record/inputs.h"

struct dz_installed;

/* Reads the names of all. rootdir: whose own metadata is seen by who runs there. NULL when there is no memory. */
struct dz_installed *dz_installed_new(const struct dz_python *python, const char *rootdir);
void dz_installed_free(struct dz_installed *installed);

/* Of name, name==version, or "*": which there are, and what they offer. dz_absent: none of that name. Negative errno:
 * -ENOENT, not of that version. */
int dz_installed_print(const struct dz_installed *installed, const char *name,
                       struct dz_fingerprint *ret);
