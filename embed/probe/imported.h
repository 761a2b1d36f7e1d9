/* Modules that are there already: an import of one runs nothing, and who imports it depends on the span in which its
 * statements have run. */
#pragma once

#include "../pycompat.h"

/* Once. Negative with an exception set. */
int dz_imported_watch(void);
/* The statements of the module of this name run in this span, from now on. */
void dz_imported_by(PyObject *name, uint32_t span);
/* A module of this name, and the packages that it lies in, are used. */
void dz_imported_use(PyObject *name);
