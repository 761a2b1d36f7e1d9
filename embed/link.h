/* This process's end of the wire, as Python sees it: module `_dagz`.
 *
 * Each row of wire.def is a function of that name (fields in order, bytes or str for BYTES) that puts the
 * message; flush() writes what is put; receive() blocks for the next and gives (name, field, …). The link
 * belongs to one process: a child that a test forks finds it closed. */
#pragma once

#include "pycompat.h"

#include "../host/base/chan.h"
#include "../host/base/heritage.h"

struct dz_link {
    struct dz_chan chan;
    int owner;   /* the pid that may speak */
    int *astray; /* shared with its children: set by one that would have spoken */
};

/* The one link of this process; fd is -1 until there is one. */
extern struct dz_link dz_link;

/* Takes over a socket; what an earlier link held is dropped (its descriptor closed). */
void dz_link_take(int fd);

/* Whether a child of this process has come astray since this was asked last. */
int dz_link_had_stray(void);

/* The message as a tuple, new reference. */
PyObject *dz_link_message(const struct dz_msg *msg);

/* Adds the functions to module _dagz. Negative with an exception set. */
int dz_link_add_functions(PyObject *module);
