/* functools.cached_property: who finds a value that an instance keeps depends on how it was made.
 *
 * The value lies in the instance's own dict, so a hit would run nothing at all: the dict goes before a descriptor that
 * has no __set__. Here it is given one, in its C slot only: then the descriptor goes first, and what is found in the
 * dict is told. Nothing of it is to be seen from Python. */
#pragma once

#include "../pycompat.h"

/* A stand-in (stand_in.h) around cached_property.__get__(self, instance, owner=None). */
PyObject *dz_property_get(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names);
