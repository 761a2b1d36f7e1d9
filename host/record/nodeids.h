/* The records of a graph by their node ids. */
#pragma once

#include "graph.h"

struct dz_nodeids {
    const struct dz_graph *graph; /* lent */
    uint32_t *records;            /* by string, + 1 */
};

/* Negative when there is no memory. */
int dz_nodeids_list(struct dz_nodeids *ret, const struct dz_graph *graph);
void dz_nodeids_free(struct dz_nodeids *nodeids);
/* The number of the record of this test, or DZ_NONE. */
uint32_t dz_nodeids_record(const struct dz_nodeids *nodeids, const char *nodeid);
/* What it depends on: the number of its node, or DZ_NONE. */
uint32_t dz_nodeids_node(const struct dz_nodeids *nodeids, const char *nodeid);
