#pragma once

#include "pycompat.h"

#include "../host/base/heritage.h"

/* A new reference, or NULL with an exception set. */
PyObject *dz_module_new(enum dz_role role, const char *executable);
