/* sys.path_importer_cache: what an entry of sys.path, or of a package's path, is imported by, found once. A hook of the
 * project's own runs once for each entry, and what is no folder is not looked at again: who imports leans on that, entry
 * by entry. */
#pragma once

#include "../pycompat.h"

/* Stand-ins (stand_in.h) around PathFinder._path_hooks(path), which finds it, and PathFinder._path_importer_cache(path),
 * which every look-up comes by. */
PyObject *dz_importers_find(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names);
PyObject *dz_importers_use(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names);
