/* Paths that are looked at, as facts of the span that is open.
 *
 * All count, wherever they lie, but: the interpreter's own, installed packages', /proc, /sys, /dev, our own .dagz, and
 * __pycache__, which is a copy of what lies beside it. A module's source is no path while it is imported: its
 * elements count. */
#pragma once

#include "../pycompat.h"

#include "../../host/base/log.h"

/* Negative with an exception set. */
int dz_path_start(void);
/* As a watcher is told (host/base/symbols.h). Any thread, with or without the interpreter's lock. */
void dz_path_seen(enum dz_fact fact, int folder, const char *path, int error, unsigned value);
/* The current folder may be another. */
void dz_path_moved(void);
/* Around a fork. */
void dz_path_lock(void);
void dz_path_unlock(void);

/* This thread imports the module of this source: looking at it is not told. NULL: none, or its code runs now.
 * Returns the one before; the text has to live until it is put back. */
const char *dz_path_importing(const char *source);
