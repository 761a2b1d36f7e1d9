#include "graph.h"

#include "../base/mem.h"

void dz_graph_free(struct dz_graph *graph)
{
    dz_strings_free(&graph->strings);
    dz_free(graph->inputs);
    dz_free(graph->nodes);
    dz_free(graph->input_list);
    dz_free(graph->lean_list);
    dz_free(graph->records);
    dz_free(graph->files);
    dz_free(graph->looks);
    *graph = (struct dz_graph){0};
}
