/* As PID 1: a small init between the kernel and the python. */
#pragma once

/* Returns in the child, which goes on as before; the parent stays behind as init, and leaves as the
 * child did. Where a child cannot be had, returns in the one process. */
void dz_init_fork(void);
