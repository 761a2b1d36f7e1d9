/* The audit hook: what CPython itself tells, by a table (audit.c). It costs a little on every event and cannot be taken
 * out again, so it is put in where something is observed, or when the first thing that needs it comes. */
#pragma once

#include "../pycompat.h"

/* Starts watching, once. Negative with an exception set. */
int dz_audit_watch(void);

/* How often a socket was bound to a fixed port so far, in this process. */
unsigned long dz_audit_binds(void);
