/* What the standard library keeps of what it was asked for once: a table, with what is done for the second who asks. */
#pragma once

#include "../pycompat.h"

/* Negative with an exception set. */
int dz_library_start(void);
/* A module of this name has been loaded. Negative with an exception set. */
int dz_library_loaded(const char *name);
