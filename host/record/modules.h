/* The project's modules that a job has imported: which file each name stands for, and which names a file has. */
#pragma once

#include "outputs.h"

struct dz_modules {
    struct dz_module_file {
        uint32_t name, file; /* strings of the observations */
    } * list;                /* by name */
    uint32_t n, cap;
    struct dz_strings paths;    /* of their files */
    uint32_t *files, files_cap; /* by number of the path - 1 */
    uint32_t *of_files;         /* by file: its first name, in list, + 1 */
    const struct dz_observations *all;
};

/* Without those that the job has made itself. Negative when there is no memory. */
int dz_modules_find(struct dz_modules *ret, const struct dz_observations *all,
                    const struct dz_outputs *outputs);
void dz_modules_free(struct dz_modules *modules);
/* The first of this name, at most n; each has its file, and equal names stand together. 0 in *ret_n where there is none: it is
 * none of the project's, or was not imported. */
const struct dz_module_file *dz_modules_named(const struct dz_modules *modules, const char *name,
                                              size_t size, uint32_t *ret_n);
/* The file that is the module of this name, so many levels above a file, as relative imports count them; "": the package
 * itself. 0: none that was imported. */
uint32_t dz_modules_relative(const struct dz_modules *modules, uint32_t file, uint32_t level,
                             const char *dotted);
/* Whether a first name is the project's. */
int dz_modules_has_root(const struct dz_modules *modules, const char *name, size_t size);
