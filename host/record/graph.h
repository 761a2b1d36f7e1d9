/* The graph of a baseline: which inputs each test depends on, through which spans and elements.
 *
 * Nodes stand for spans and elements, and for whatever of these depends on one another in a circle. A node holds the inputs
 * that are its own and leans on nodes with lower numbers: the graph has no circles. A node's id is a hash of its inputs and
 * of the ids of what it leans on. So equal nodes of different jobs are one, and a test's record, that is its node, is what
 * the test has run with: another job's observations cannot freshen it. */
#pragma once

#include "../base/bits.h"
#include "inputs.h"
#include "strings.h"

#include <string.h>

enum dz_outcome {
    DZ_OUTCOME_PROVED, /* passed, xfailed, or skipped by a mark: the same inputs give the same again */
    DZ_OUTCOME_OPEN, /* skipped at run time, by what nobody can know to have stayed */
    DZ_OUTCOME_FAILED,
    DZ_OUTCOME_DUE,        /* selected, and has not run to its end since */
    DZ_OUTCOME_DESELECTED, /* by the settings, which are in the key: it is known, and never runs */
    DZ_OUTCOMES
};

struct dz_node {
    struct dz_fingerprint id;
    uint32_t name; /* "function pkg/m.py::f#1", "py.import pkg.m", "fixture …": for who asks why */
    struct dz_range inputs; /* of input_list: ascending numbers of inputs */
    struct dz_range leans;  /* of lean_list: ascending numbers of nodes, below its own */
};

/* One without a node has nothing of its own to tell (dz_baseline_compose): PROVED, it was left out, and is what it was;
 * DUE, its last record, if any, is not to be relied on. */
struct dz_record {
    uint32_t nodeid, file; /* string, and number of the file */
    uint32_t node;         /* or DZ_NONE */
    uint32_t outcome;
    uint32_t duration_us;
    uint32_t day; /* since 1970, when it ran */
    /* Of the values of its parameters when it ran; zeros: what they come from is among its inputs. What has
     * been collected without a node has those that it has now. */
    struct dz_fingerprint parameters;
    uint32_t
        is_found; /* 1: while the file's node says that nothing has changed, the parameters are these */
};

/* There are none: that they are told is enough, as a test may get some without another node id. */
extern const struct dz_fingerprint dz_no_parameters;

static inline int dz_record_has_parameters(const struct dz_record *record)
{
    static const struct dz_fingerprint none;
    return memcmp(&record->parameters, &none, sizeof none) != 0;
}

/* A test file: which tests it has, by a node of what decides that. */
struct dz_test_file {
    uint32_t path;
    uint32_t node; /* DZ_NONE: not known, it is to be collected */
    int is_gone;   /* it is not there any more: composing drops it, and its tests. Not kept */
};

/* A file as it was last looked at: equal stats are equal contents, but where it was touched later than a tick before the
 * look. Of every source, and of every path whose content is an input. */
struct dz_look {
    uint32_t path;
    uint16_t mode;
    /* 1: each input of this path that the graph holds is as it is with this content, so that while the file has it, none
     * of them needs a sheet. Two graphs composed: of equal contents, where both say so; of different ones, the newer's,
     * where none of the older's inputs of this path is kept that newer has not. 0 is always right. */
    uint16_t is_exact;
    uint64_t size, inode;
    int64_t mtime_ns, ctime_ns;
    int64_t looked_ns;
    struct dz_fingerprint content; /* XXH3-128, canonical, as sheets are named by */
};

struct dz_graph {
    struct dz_strings strings;
    struct dz_input *inputs;
    uint32_t n_inputs, cap_inputs;
    struct dz_node *nodes;
    uint32_t n_nodes, cap_nodes;
    uint32_t *input_list, *lean_list;
    uint32_t n_input_list, cap_input_list, n_lean_list, cap_lean_list;
    struct dz_record *records; /* by file, in the order in which they are collected */
    uint32_t n_records, cap_records;
    struct dz_test_file *files;
    uint32_t n_files, cap_files;
    struct dz_look *looks;
    uint32_t n_looks, cap_looks;
};

/* Gives each node its id: by the texts and fingerprints that it has and the ids of what it leans on, in whatever order
 * they are numbered. Negative when there is no memory. */
int dz_graph_identify(struct dz_graph *graph);
/* The inputs that a node has with all that it leans on. Negative when there is no memory. */
int dz_graph_inputs(const struct dz_graph *graph, uint32_t node, struct dz_bits *ret);
/* How many inputs a node has with all that it leans on, and in how many sources some of them lie. */
struct dz_graph_reach {
    uint32_t inputs, sources;
};
struct dz_graph_reach dz_graph_reach(const struct dz_graph *graph, uint32_t node);
void dz_graph_free(struct dz_graph *graph);
