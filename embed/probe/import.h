/* Imports: a span for each module of the project, around all that its statements do. */
#pragma once

#include "../pycompat.h"

/* Once. Negative with an exception set. */
int dz_import_watch(void);
/* A stand-in (stand_in.h) around a loader's exec_module(self, module): importers other than Python's own call it. */
PyObject *dz_import_exec_module(PyObject *inner, PyObject *const *args, size_t nargsf,
                                PyObject *names);
