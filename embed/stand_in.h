/* A callable of ours in the place of another: as a method it binds, what is asked of it the other answers, and in
 * no traceback is there a frame of it. */
#pragma once

#include "pycompat.h"

/* Calls the inner one, and does what is to be done before and after. Arguments as in a vectorcall. */
typedef PyObject *dz_around(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names);

/* owner.name = a callable around what stands there now. Negative with an exception set. */
int dz_stand_in(PyObject *owner, const char *name, dz_around *around);
