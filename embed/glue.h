/* Our Python code, frozen into the shim, and when it comes in.
 *
 * Nothing of it is loaded, nor to be seen, until the program turns out to be pytest: then a one-shot
 * finder, gone once it has hit, adds our plugin to pytest's built-in ones as `_pytest.config` is imported. */
#pragma once

#include "../host/base/heritage.h"

/* After the interpreter is up and before Py_RunMain. Returns 0, or -1 with a Python exception set. */
int dz_glue_arm(const struct dz_heritage *heritage);
