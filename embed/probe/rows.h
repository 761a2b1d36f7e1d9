/* Functions of modules that are to go by ours, as soon as their module is there: rows of a table. */
#pragma once

#include "../stand_in.h"

#include <stddef.h>

struct dz_row {
    const char *module, *type, *function; /* type: NULL for one of the module itself */
    dz_around *around;
};

/* The rows of the modules that are loaded now. Negative with an exception set. */
int dz_rows_watch(const struct dz_row *rows, size_t n);
/* Those of the module of this name, which has been loaded. */
int dz_rows_loaded(const struct dz_row *rows, size_t n, const char *name);
