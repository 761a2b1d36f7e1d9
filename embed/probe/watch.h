/* What libc is asked for in this process (host/base/symbols.h), and what may be told of it from where.
 *
 * A thread that is hushed tells nothing: while we write ourselves, while the import system looks for modules, and in
 * the child of a vfork, which shares its parent's memory. So does a process that something else than Python has forked:
 * the log that it has mapped is its parent's. */
#pragma once

#include "../pycompat.h"

#include "../../host/base/symbols.h"

/* Begins to watch, in a process that is observed; symbols: where they look for a watcher, NULL where there are none.
 * Negative with an exception set. */
int dz_watch_start(const struct dz_watcher **symbols);
/* In a forked process that has a log of its own now. */
void dz_watch_resume(void);
/* The process is observed no more. */
void dz_watch_stop(void);
/* Whether libc's names are seen here; else Python's own events have to do. */
int dz_watch_has_symbols(void);
/* This process ends, or becomes another program: its log is closed. */
void dz_watch_leaving(int becomes_other);

/* Nested. Also what a signal handler does meanwhile is not told. */
void dz_watch_hush(void);
void dz_watch_unhush(void);
/* Hushes, unless this thread or process is: then 0. */
int dz_watch_begin(void);
/* Forks by which Python forks a process come by its own hooks; the others' children are not observed. */
void dz_watch_expect_fork(int expected);
