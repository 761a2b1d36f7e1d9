#include "nodeids.h"

#include <errno.h>
#include <string.h>

#include "../base/mem.h"

int dz_nodeids_list(struct dz_nodeids *ret, const struct dz_graph *graph)
{
    *ret = (struct dz_nodeids){graph, dz_alloc((graph->strings.n + 1) * sizeof *ret->records)};
    for (uint32_t i = 0; ret->records && i < graph->n_records; i++)
        ret->records[graph->records[i].nodeid] = i + 1;
    return ret->records ? 0 : -ENOMEM;
}

void dz_nodeids_free(struct dz_nodeids *nodeids)
{
    dz_free(nodeids->records);
    *nodeids = (struct dz_nodeids){0};
}

uint32_t dz_nodeids_record(const struct dz_nodeids *nodeids, const char *nodeid)
{
    uint32_t string = dz_strings_find(&nodeids->graph->strings, nodeid, strlen(nodeid));
    return string && nodeids->records[string] ? nodeids->records[string] - 1 : DZ_NONE;
}

uint32_t dz_nodeids_node(const struct dz_nodeids *nodeids, const char *nodeid)
{
    uint32_t record = dz_nodeids_record(nodeids, nodeid);
    return record == DZ_NONE ? DZ_NONE : nodeids->graph->records[record].node;
}
