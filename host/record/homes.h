/* Where it lies what spans have left changed: in which file, and in those of which module, as far as a file's path tells:
 * pkg/module is that of .../pkg/module.py and .../pkg/module/__init__.py. */
#pragma once

#include "left.h"
#include "strings.h"

struct dz_homes {
    const struct dz_lefts *lefts;
    uint32_t *order; /* indices of what was left, by file, and by name in each */
    uint32_t *first; /* by file: where in order its own begin, + 1 */
    struct dz_strings modules;
    uint32_t *files_of; /* by number of the module - 1: index + 1 of the first in files */
    struct dz_home {
        uint32_t file, next; /* next: index + 1 of another one of this module */
    } * files;
    uint32_t n_files, files_cap, modules_cap;
};

/* Negative when there is no memory. */
int dz_homes_find(struct dz_homes *ret, const struct dz_lefts *lefts,
                  const struct dz_observations *all);
void dz_homes_free(struct dz_homes *homes);
/* The number of a module, from 1 on; 0: nothing was left in it. path: pkg/module */
uint32_t dz_homes_module(const struct dz_homes *homes, const char *path);
/* What was left in a file: indices. name: of it only; 0: whatever it is. */
const uint32_t *dz_homes_of(const struct dz_homes *homes, uint32_t file, uint32_t name,
                            uint32_t *ret_n);
