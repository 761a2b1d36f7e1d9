/* Answers that CPython keeps where nobody sees who gets them, and that can be dropped without anybody seeing it: where code
 * of the project has a part in them, each span asks anew.
 *
 * isinstance and issubclass of an abstract class ask __subclasshook__ once for each class; str.encode and the like ask a
 * search function once for each encoding. */
#pragma once

#include "../pycompat.h"

/* A stand-in (stand_in.h) around abc._abc_init(cls): a new abstract class. */
PyObject *dz_again_abstract(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names);
/* Around codecs.register(search_function). */
PyObject *dz_again_codec(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names);
