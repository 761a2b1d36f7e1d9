/* What a change reaches: the tests whose records are not proved by what is there now. */
#pragma once

#include "graph.h"

enum dz_reason {
    DZ_REASON_NONE,       /* proved: not to be run */
    DZ_REASON_CHANGED,    /* an input is not what it was */
    DZ_REASON_UNPROVABLE, /* an input of that kind */
    DZ_REASON_FAILED,     /* last time */
    DZ_REASON_OPEN,       /* skipped at run time last time */
    DZ_REASON_DUE,        /* selected last time, and not run */
    DZ_REASON_UNKNOWN,    /* of the files: it is not known what is in it */
    DZ_REASONS
};

struct dz_reached {
    uint32_t input; /* that reaches it, or DZ_NONE */
    uint32_t next;  /* the node by which: one step nearer to the input; DZ_NONE: the input is the node's own */
};

struct dz_selection {
    struct dz_reached *nodes; /* by number */
    uint8_t *records;         /* dz_reason, by number */
    uint8_t *files;           /* 1: its tests may be others than those known: it is to be collected */
    uint32_t n_selected;
};

/* changed: by number of the input; those that are unprovable need not be in it. The shortest way to an input counts, and
 * what has changed before what is unprovable. Negative when there is no memory. */
int dz_select(struct dz_selection *ret, const struct dz_graph *graph, const struct dz_bits *changed);
void dz_selection_free(struct dz_selection *selection);
