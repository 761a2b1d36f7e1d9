/* What a process of a job is born with: from the host to the shim, across fork (by pointer) or
 * exec (packed into one environment variable that the shim removes before Python sees it). */
#pragma once

#include <stdint.h>

struct dz_watcher;

enum dz_role {
    DZ_ROLE_PYTHON, /* plain python: no socket, nothing of ours to be seen */
    DZ_ROLE_FRONT,  /* configures, collects, reports */
    DZ_ROLE_WORKER, /* --dagz-start=spawn: collects for itself, then takes tests */
    DZ_ROLE_REPLAY, /* a front that collects nothing and shows stored results */
    DZ_ROLE_CUT,    /* a bare interpreter that parses sources */
};

struct dz_heritage {
    uint64_t version; /* dz_wire_version() of whoever bequeaths; stays the first */
    enum dz_role role;
    int socket;             /* to the host; -1 in role python */
    const char *executable; /* absolute: what sys.executable shall say */
    const char *python;     /* absolute: the python whose environment this is (venv's bin/python) */
    /* Where the libc names of this process look for who watches them (symbols.h); in no environment. */
    const struct dz_watcher **watcher;
};

#define DZ_HERITAGE_VARIABLE "DAGZ_HERITAGE"

/* The value of the variable, to be freed; NULL when there is no memory. */
char *dz_heritage_pack(const struct dz_heritage *heritage);
/* The other way: its strings stay in text, which is cut up. Negative when text is none. */
int dz_heritage_unpack(struct dz_heritage *ret, char *text);
