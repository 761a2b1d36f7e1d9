/* Look-ups by the import system and by the libraries that look for modules, sources and distributions: what they passed
 * before they hit, and what they were asked for where no import statement tells it.
 *
 * A look-up that sys.modules answers comes by imported.h. */
#pragma once

#include "../pycompat.h"

/* Negative with an exception set. */
int dz_lookup_start(void);
/* A module of this name has been loaded: some are to be watched. Negative with an exception set. */
int dz_lookup_loaded(const char *name);
/* In the span of an import: what was passed before this spec was found. */
void dz_lookup_tell_places(PyObject *spec);
/* What no import statement that a sheet has tells: a module, or of that a name; NULL: all of it. */
void dz_lookup_imported(PyObject *module, PyObject *name);
/* What a pickle names. */
void dz_lookup_unpickled(PyObject *module, PyObject *name);
