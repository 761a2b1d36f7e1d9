/* What a change reaches: the tests whose records are not proved by what is there now. */
#pragma once

#include "graph.h"

enum dz_reason {
    DZ_REASON_NONE,       /* proved: not to be run */
    DZ_REASON_CHANGED,    /* an input is not what it was: the outcome is not of what is there now */
    DZ_REASON_UNPROVABLE, /* an input of that kind */
    DZ_REASON_FAILED,     /* last time */
    DZ_REASON_OPEN,       /* skipped at run time last time */
    DZ_REASON_DUE,        /* selected last time, and not run */
    DZ_REASON_PARAMETERS, /* proved if its parameters are what they were, which is seen when its file is collected */
    DZ_REASON_UNKNOWN, /* nothing is known of it: another baseline may have proved it. Of no file */
    DZ_REASONS
};

struct dz_reached {
    uint32_t input; /* that reaches it, or DZ_NONE */
    uint32_t
        next; /* the node by which: one step nearer to the input; DZ_NONE: the input is the node's own */
};

struct dz_selection {
    struct dz_reached *nodes; /* by number */
    uint8_t *records;         /* dz_reason, by number */
    uint8_t *files; /* 1: its tests may be others than those known: it is to be collected */
    uint32_t n_selected;
};

/* changed: by number of the input; those that are unprovable need not be in it. The shortest way to an input counts, and
 * what has changed before what is unprovable. Negative when there is no memory. */
int dz_select(struct dz_selection *ret, const struct dz_graph *graph,
              const struct dz_bits *changed);
void dz_selection_free(struct dz_selection *selection);

/* For who searches nodes in another way: room for so many, none reached; and from the nodes, what is selected. */
int dz_selection_make(struct dz_selection *ret, uint32_t n_nodes, uint32_t n_records,
                      uint32_t n_files);
void dz_selection_judge(struct dz_selection *selection, const struct dz_input *inputs,
                        const struct dz_record *records, uint32_t n_records,
                        const struct dz_test_file *files, uint32_t n_files);
