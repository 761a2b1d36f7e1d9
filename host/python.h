/* The python whose environment this is: found, opened, entered. */
#pragma once

#include "base/err.h"
#include "base/heritage.h"

struct dz_python {
    char *executable; /* absolute path of the python (a venv's bin/python), not resolved */
    char *self;    /* absolute path of dagz-python as it was called: what sys.executable shall be */
    char *binary;  /* the file behind executable, links resolved */
    char *library; /* libpython3.X.so to open, or NULL: binary holds it all (static) */
    char *shim;    /* dagz-embed-3.X.so that fits */
    char version[16]; /* 3.12, or 3.13t: as in the shim's name */
    int minor;
};

/* DAGZ_PYTHON, else the virtual environment around (pyvenv.cfg beside the executable, VIRTUAL_ENV),
 * else the one of the dagz-python that started us, else the one this was built against. Runs no
 * python where the file can tell which it is. Negative with a sentence. */
int dz_python_find(struct dz_python *python, const char *argv0, struct dz_err *err);

/* Becomes that python, in this process: opens library and shim and calls dagz_embed_main, or
 * executes the python with the shim preloaded. Returns the exit code, or negative with a sentence.
 */
int dz_python_enter(const struct dz_python *python, const struct dz_heritage *heritage, int argc,
                    char **argv, struct dz_err *err);

void dz_python_free(struct dz_python *python);
