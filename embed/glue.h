/* Our Python code, frozen into the shim, and when it comes in.
 *
 * Nothing of it is loaded, nor to be seen, until the program turns out to be pytest: then a one-shot
 * finder, gone once it has hit, adds our plugin to pytest's built-in ones as `_pytest.config` is imported. */
#pragma once

#include "../host/base/heritage.h"

/* pyglue/NAME.py as this version's marshalled code, named `_dagz.NAME`; a NULL name ends the table. */
struct dz_glue_module {
    const char *name;
    const unsigned char *code;
    unsigned int size;
};
extern const struct dz_glue_module dz_glue_modules[];

/* After the interpreter is up and before Py_RunMain. Returns 0, or -1 with a Python exception set. */
int dz_glue_arm(const struct dz_heritage *heritage);
