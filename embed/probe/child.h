/* Programs that are started: nothing is seen of what they do, and the span says so; but of uname and the like, by which
 * the standard library finds out about the machine.
 *
 * Of a command the first word is told, and a hash of the others: there may be a password among them. */
#pragma once

#include "../pycompat.h"

/* Stand-ins (stand_in.h) around _posixsubprocess.fork_exec, and os.posix_spawn and posix_spawnp. */
PyObject *dz_child_fork_exec(PyObject *inner, PyObject *const *args, size_t nargsf,
                             PyObject *names);
PyObject *dz_child_spawn(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names);
/* os.system(command) */
void dz_child_system(PyObject *command);
