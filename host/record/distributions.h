/* Which installed distribution a file of a package folder belongs to: as its RECORD has it. */
#pragma once

#include "../base/err.h"

#include <stddef.h>
#include <stdint.h>

struct dz_distributions;

/* NULL when there is no memory. */
struct dz_distributions *dz_distributions_new(void);
void dz_distributions_free(struct dz_distributions *all);
/* The distribution of this absolute path, as "name==version"; NULL when no RECORD of its folder lists it. Lent until
 * the end. */
const char *dz_distributions_of(struct dz_distributions *all, const char *path);
/* That of a module or package of this name, in the folders that were asked for: "name==version", or NULL. */
const char *dz_distributions_named(struct dz_distributions *all, const char *module, size_t size);
