/* What our Python code does with spans: functions of module `_dagz`. */
#pragma once

#include "pycompat.h"

int dz_observe_add_functions(PyObject *module);
