/* Forking, done in one place: what Python has to do around it, and what a worker is born with. */
#pragma once

#include "pycompat.h"

#include <signal.h>
#include <sys/types.h>

/* As os.fork, at-fork hooks included, but without its warning about threads: whether forking is right here
 * was decided by whoever asked for a job. */
pid_t dz_fork(void);

/* Front: forks the zygote that speaks through this socket, and returns 0 in the front. In each worker it
 * returns 1 with the numbers it was forked with: the caller goes on there with the image as it was here.
 * prepare is called once, in the zygote. -1 with an exception set. */
int dz_fork_zygote(int socket, PyObject *prepare, unsigned *ret_slot, unsigned *ret_serial);

/* os.register_at_fork(before=…, after_in_parent=…, after_in_child=…); NULL: nothing to be called then. Negative with an
 * exception set. */
int dz_register_at_fork(PyMethodDef *before, PyMethodDef *in_parent, PyMethodDef *in_child);
