/* zoneinfo.ZoneInfo(key): made once for each key, of a file; who gets it later depends on that file, too. */
#pragma once

#include "../pycompat.h"

/* The module has been loaded. Negative with an exception set. */
int dz_zone_watch(PyObject *module);
