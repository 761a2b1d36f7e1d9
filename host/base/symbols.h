/* The names of libc by which programs look at files and at the environment, and leave: defined here, so that what
 * libpython and the C extensions call comes by before it goes on to libc. In the executable they are exported
 * (exports.map); where the shim is preloaded, it exports them itself.
 *
 * Nothing is done with what comes by, unless somebody watches. Not seen: system calls made by hand, and what libc calls
 * within itself: mkstemp, glob, nftw, dlopen, locales, time zones, names of hosts and users. */
#pragma once

#include "log.h"

/* errno is kept around all of them. They may be called by any thread, in the child of a fork or vfork that nobody told
 * of, and by a signal handler: what a watcher does then is its own care. */
struct dz_watcher {
    /* A path was used so; folder: what it is relative to, as openat has it; error: 0, or why it failed. */
    void (*path)(enum dz_fact fact, int folder, const char *path, int error, unsigned value);
    /* The current folder is another. */
    void (*moved)(void);
    void (*variable)(const char *name);
    /* This process ends now, or becomes another program. */
    void (*leaving)(int becomes_other);
};

/* NULL: nobody. In a process that has these names twice (the executable's, and a shim's that was opened) those of
 * the executable are the ones that are called: heritage.h says whose pointer it is. */
extern const struct dz_watcher *dz_watcher;
