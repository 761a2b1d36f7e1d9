/* Variables of the environment that are asked for, as facts of the span that is open.
 *
 * Only what was inherited counts: a variable that has another value than at the start was set by this process. Names
 * are told and hashes of values, never a value; "*" where all are gone through. What the key of a baseline holds
 * (PYTHON*), and what is ours (DAGZ*), is not told. */
#pragma once

#include "../pycompat.h"

/* Negative with an exception set. */
int dz_environ_start(void);
/* C has asked for this one. Any thread. */
void dz_environ_seen(const char *name);
/* A stand-in (stand_in.h) around what looks at variables for no other end than to put them back. */
PyObject *dz_environ_aside(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names);
