/* Imports: a span for each module of the project, around all that its statements do. */
#pragma once

#include "../pycompat.h"

/* Once. Negative with an exception set. */
int dz_import_watch(void);
