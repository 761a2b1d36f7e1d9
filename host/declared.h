/* [tool.dagz] of a rootdir's pyproject.toml, for who has no front to tell it. TOML is read where python is. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "python.h"
#include "record/waivers.h"

struct dz_declared {
    struct dz_buf ignore, external;
    struct dz_waivers waivers; /* lent by these */
};

/* Starts that python, where the file has anything of it. Negative with a sentence: -EDOM where what is declared is wrong. */
int dz_declared_ask(struct dz_declared *ret, const struct dz_python *python, const char *rootdir,
                    struct dz_err *err);
void dz_declared_free(struct dz_declared *declared);
