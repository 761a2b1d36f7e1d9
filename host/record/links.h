/* Who depends on what, before it is a graph: vertices with inputs of their own, and edges to what they depend on, in circles
 * too. What depends on one another becomes one node (graph.h). */
#pragma once

#include "graph.h"

struct dz_vertex {
    uint32_t kind, a, b;    /* what it stands for, as its maker numbers it */
    uint32_t name;          /* string of the graph */
    uint32_t inputs, edges; /* the last of its chain, + 1 */
};

struct dz_links {
    struct dz_graph *graph; /* lent: takes strings and inputs at once, and the nodes in the end */
    struct dz_vertex *vertices;
    uint32_t n, cap;
    struct dz_link {
        uint32_t to, before; /* before: another one of the same chain, + 1 */
    } * links;
    uint32_t n_links, cap_links;
    uint32_t *slots, mask;             /* of vertices */
    uint32_t *input_slots, input_mask; /* of inputs */
    int failed;                        /* no memory: all that follows does nothing */
};

/* The vertex of this kind and these numbers; ret_is_new: it was not there, and has no name yet. */
uint32_t dz_links_vertex(struct dz_links *links, uint32_t kind, uint32_t a, uint32_t b,
                         int *ret_is_new);
void dz_links_edge(struct dz_links *links, uint32_t from, uint32_t to);
void dz_links_input(struct dz_links *links, uint32_t vertex, const struct dz_input *input);

/* Makes the graph's nodes, of all vertices. ret_nodes: by vertex. Negative when there is no memory. */
int dz_links_condense(struct dz_links *links, uint32_t *ret_nodes);
void dz_links_free(struct dz_links *links);
