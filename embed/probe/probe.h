/* How the code of a base span is seen: one of these, the cheapest that holds in this interpreter (probe.c). */
#pragma once

#include "../pycompat.h"

#include "../../host/base/bits.h"

struct dz_probe {
    const char *name;
    /* Whether it sees what it should, tried on code of our own: 0, or negative and why not. */
    int (*check)(const char **ret_why);
    int (*start)(void);
    /* A base span begins: what ran before is forgotten. Neither this nor take touches an exception that is set. */
    void (*begin)(void);
    /* Adds the numbers of what was started or resumed since; what goes on on other threads' stacks is for whoever begins
     * to find. */
    void (*take)(struct dz_bits *ran);
    void (*stop)(void);
    /* What was taken is forgotten: it has begun anew. */
    int forgets;
    /* Nested spans are seen as well, by being taken from at both ends. */
    int nests;
    /* A profile function is nothing to it; a trace function always is. */
    int bears_profiles;

    /* NULL where there is nothing to be done. */

    /* A trace function is on, or none any more: meanwhile the evaluator sees for it. What has run stays noted. */
    void (*rest)(int is_resting);
    /* Whether another tool is there of the kind whose callbacks it does not see. */
    int (*has_company)(void);
    /* Something runs that it cannot see: the evaluator is needed for good. */
    int (*is_unfit)(void);
    /* This has run in the load, which reaches all tests: packages need no looking at in each. */
    void (*leave_out)(const struct dz_bits *ran);
};

extern const struct dz_probe dz_probe_none, dz_probe_frame, dz_probe_stamp, dz_probe_prologue;

/* The one that DAGZ_PROBE names (none, frame, stamp, prologue), else the cheapest that holds; started. *ret_why: a
 * sentence where it is not the one that was to be expected, else NULL. */
const struct dz_probe *dz_probe_choose(const char **ret_why);

/* This code, and those among its constants, may run from now on: before something executes it. Runs no Python code. */
void dz_probe_meet(PyCodeObject *code);

/* A module's code from a source; file: what it is said to come from. And what that defines, as a dict of its own that
 * nobody else sees. NULL with an exception set. */
PyObject *dz_probe_compile(const char *source, const char *file);
PyObject *dz_probe_functions(PyObject *code);
