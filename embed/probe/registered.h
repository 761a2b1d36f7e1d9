/* ABC.register: who is told that a class is one of an abstract class depends on who has said so.
 *
 * A registration by a test, or by a module that a test imports, is left behind in the abstract class, where no one but
 * isinstance sees it. */
#pragma once

#include "../pycompat.h"

/* A stand-in (stand_in.h) around abc._abc_register(cls, subclass). */
PyObject *dz_registered(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names);
