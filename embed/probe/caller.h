/* On whose behalf something is done: read from the frames of this thread, with or without the interpreter's lock. */
#pragma once

#include "../pycompat.h"

/* The file of the innermost frame whose file does not pass; "" where there is none. */
const char *dz_caller(int (*passes)(const char *file));
/* Whether that is pytest itself, the interpreter's own library left out. */
int dz_caller_is_pytest(void);
/* Whether it is what pytest remembers from one run to the next, wherever that lies. */
int dz_caller_is_pytests_cache(void);
/* Whether a file is of the interpreter's own library, or none; and whether it is of an installed pytest. */
int dz_caller_is_library(const char *file);
int dz_caller_is_pytests(const char *file);
