#include "links.h"

#include "../base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* ---- vertices ---- */

static uint32_t *slot_of(const struct dz_links *links, uint32_t kind, uint32_t a, uint32_t b)
{
    uint32_t key[] = {kind, a, b};
    for (uint32_t at = (uint32_t)XXH3_64bits(key, sizeof key) & links->mask;;
         at = (at + 1) & links->mask) {
        uint32_t *slot = &links->slots[at];
        const struct dz_vertex *there = *slot ? &links->vertices[*slot - 1] : NULL;
        if (!there || (there->kind == kind && there->a == a && there->b == b))
            return slot;
    }
}

static int widen(struct dz_links *links)
{
    uint32_t size = links->slots ? 2 * (links->mask + 1) : 1024;
    uint32_t *slots = dz_alloc(size * sizeof *slots);
    if (!slots)
        return 0;
    dz_free(links->slots);
    links->slots = slots;
    links->mask = size - 1;
    for (uint32_t i = 0; i < links->n; i++)
        *slot_of(links, links->vertices[i].kind, links->vertices[i].a, links->vertices[i].b) =
            i + 1;
    return 1;
}

uint32_t dz_links_vertex(struct dz_links *links, uint32_t kind, uint32_t a, uint32_t b,
                         int *ret_is_new)
{
    *ret_is_new = 0;
    if (links->failed || (2 * (links->n + 1) > links->mask && !widen(links))) {
        links->failed = 1;
        return 0;
    }
    uint32_t *slot = slot_of(links, kind, a, b);
    if (*slot)
        return *slot - 1;
    if (!dz_has_room(&links->vertices, links->n, &links->cap, sizeof *links->vertices)) {
        links->failed = 1;
        return 0;
    }
    links->vertices[links->n++] = (struct dz_vertex){.kind = kind, .a = a, .b = b};
    *slot = links->n;
    *ret_is_new = 1;
    return links->n - 1;
}

static void chain(struct dz_links *links, uint32_t *last, uint32_t to)
{
    if (links->failed ||
        !dz_has_room(&links->links, links->n_links, &links->cap_links, sizeof *links->links)) {
        links->failed = 1;
        return;
    }
    links->links[links->n_links++] = (struct dz_link){to, *last};
    *last = links->n_links;
}

void dz_links_edge(struct dz_links *links, uint32_t from, uint32_t to)
{
    if (!links->failed && from != to)
        chain(links, &links->vertices[from].edges, to);
}

/* ---- inputs ---- */

static uint32_t *slot_of_input(const struct dz_links *links, const struct dz_input *input)
{
    const struct dz_input *inputs = links->graph->inputs;
    for (uint32_t at = (uint32_t)XXH3_64bits(input, sizeof *input) & links->input_mask;;
         at = (at + 1) & links->input_mask) {
        uint32_t *slot = &links->input_slots[at];
        if (!*slot || memcmp(&inputs[*slot - 1], input, sizeof *input) == 0)
            return slot;
    }
}

static int widen_inputs(struct dz_links *links)
{
    uint32_t size = links->input_slots ? 2 * (links->input_mask + 1) : 1024;
    uint32_t *slots = dz_alloc(size * sizeof *slots);
    if (!slots)
        return 0;
    dz_free(links->input_slots);
    links->input_slots = slots;
    links->input_mask = size - 1;
    for (uint32_t i = 0; i < links->graph->n_inputs; i++)
        *slot_of_input(links, &links->graph->inputs[i]) = i + 1;
    return 1;
}

/* Its number. */
static uint32_t input_of(struct dz_links *links, const struct dz_input *input)
{
    struct dz_graph *graph = links->graph;
    if (2 * (graph->n_inputs + 1) > links->input_mask && !widen_inputs(links)) {
        links->failed = 1;
        return 0;
    }
    uint32_t *slot = slot_of_input(links, input);
    if (*slot)
        return *slot - 1;
    if (!dz_has_room(&graph->inputs, graph->n_inputs, &graph->cap_inputs, sizeof *graph->inputs)) {
        links->failed = 1;
        return 0;
    }
    graph->inputs[graph->n_inputs++] = *input;
    *slot = graph->n_inputs;
    return *slot - 1;
}

void dz_links_input(struct dz_links *links, uint32_t vertex, const struct dz_input *input)
{
    uint32_t number = links->failed ? 0 : input_of(links, input);
    if (!links->failed)
        chain(links, &links->vertices[vertex].inputs, number);
}

void dz_links_free(struct dz_links *links)
{
    dz_free(links->vertices);
    dz_free(links->links);
    dz_free(links->slots);
    dz_free(links->input_slots);
    *links = (struct dz_links){0};
}

/* ---- circles: Tarjan, R.: Depth-first search and linear graph algorithms, 1972 ---- */

struct search {
    struct dz_links *links;
    uint32_t *index, *low;  /* by vertex; index 0: not met */
    uint32_t *next;         /* the link to look at, + 1 */
    uint32_t *path, n_path; /* of vertices whose links are being looked at */
    uint32_t *open, n_open; /* met, and in no circle yet */
    uint32_t *nodes, met;   /* NONE: open or not met */
    uint32_t *seen;         /* by input or node: the node that has it last, + 1 */
};

static int by_number(const void *one, const void *other)
{
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return a < b ? -1 : a > b;
}

/* The list may be none at all. */
static void sort(uint32_t *list, uint32_t at, uint32_t n)
{
    if (n)
        qsort(list + at, n, sizeof *list, by_number);
}

static int append(uint32_t **list, uint32_t *n, uint32_t *cap, uint32_t number)
{
    if (!dz_has_room(list, *n, cap, sizeof **list))
        return -ENOMEM;
    (*list)[(*n)++] = number;
    return 0;
}

static int add_inputs(struct search *search, struct dz_node *node, const struct dz_vertex *vertex)
{
    struct dz_graph *graph = search->links->graph;
    int r = 0;
    for (uint32_t at = vertex->inputs; at && r == 0; at = search->links->links[at - 1].before) {
        uint32_t input = search->links->links[at - 1].to;
        if (search->seen[input] == graph->n_nodes + 1)
            continue;
        search->seen[input] = graph->n_nodes + 1;
        r = append(&graph->input_list, &graph->n_input_list, &graph->cap_input_list, input);
        node->inputs.n += r == 0;
    }
    return r;
}

static int add_leans(struct search *search, struct dz_node *node, const struct dz_vertex *vertex)
{
    struct dz_graph *graph = search->links->graph;
    uint32_t *seen = search->seen + graph->n_inputs;
    int r = 0;
    for (uint32_t at = vertex->edges; at && r == 0; at = search->links->links[at - 1].before) {
        uint32_t to = search->nodes[search->links->links[at - 1].to];
        if (to == graph->n_nodes || seen[to] == graph->n_nodes + 1)
            continue;
        seen[to] = graph->n_nodes + 1;
        r = append(&graph->lean_list, &graph->n_lean_list, &graph->cap_lean_list, to);
        node->leans.n += r == 0;
    }
    return r;
}

/* All that is open from this vertex on is one node. */
static int close_circle(struct search *search, uint32_t vertex)
{
    struct dz_graph *graph = search->links->graph;
    uint32_t first = search->n_open;
    do
        search->nodes[search->open[--first]] = graph->n_nodes;
    while (search->open[first] != vertex);
    struct dz_node node = {.inputs.at = graph->n_input_list,
                           .leans.at = graph->n_lean_list,
                           .name = search->links->vertices[vertex].name};
    int r = 0;
    for (uint32_t i = first; i < search->n_open && r == 0; i++) {
        const struct dz_vertex *member = &search->links->vertices[search->open[i]];
        r = add_inputs(search, &node, member);
        if (r == 0)
            r = add_leans(search, &node, member);
    }
    search->n_open = first;
    sort(graph->input_list, node.inputs.at, node.inputs.n);
    sort(graph->lean_list, node.leans.at, node.leans.n);
    if (r < 0 ||
        !dz_has_room(&graph->nodes, graph->n_nodes, &graph->cap_nodes, sizeof *graph->nodes))
        return -ENOMEM;
    graph->nodes[graph->n_nodes++] = node;
    return 0;
}

static void meet(struct search *search, uint32_t vertex)
{
    search->index[vertex] = search->low[vertex] = ++search->met;
    search->next[vertex] = search->links->vertices[vertex].edges;
    search->path[search->n_path++] = search->open[search->n_open++] = vertex;
}

static int leave(struct search *search)
{
    uint32_t vertex = search->path[--search->n_path];
    int r = search->low[vertex] == search->index[vertex] ? close_circle(search, vertex) : 0;
    if (search->n_path) {
        uint32_t above = search->path[search->n_path - 1];
        if (search->nodes[vertex] == DZ_NONE && search->low[vertex] < search->low[above])
            search->low[above] = search->low[vertex];
    }
    return r;
}

static int step(struct search *search)
{
    uint32_t vertex = search->path[search->n_path - 1], at = search->next[vertex];
    if (!at)
        return leave(search);
    const struct dz_link *link = &search->links->links[at - 1];
    search->next[vertex] = link->before;
    if (!search->index[link->to])
        meet(search, link->to);
    else if (search->nodes[link->to] == DZ_NONE && search->index[link->to] < search->low[vertex])
        search->low[vertex] = search->index[link->to];
    return 0;
}

static int search_all(struct search *search)
{
    int r = 0;
    for (uint32_t i = 0; i < search->links->n && r == 0; i++) {
        if (search->index[i])
            continue;
        meet(search, i);
        while (search->n_path && r == 0)
            r = step(search);
    }
    return r;
}

int dz_links_condense(struct dz_links *links, uint32_t *ret_nodes)
{
    uint32_t n = links->n;
    if (links->failed)
        return -ENOMEM;
    dz_auto uint32_t *room = dz_alloc((5 * (size_t)n + 1) * sizeof *room);
    dz_auto uint32_t *seen = dz_alloc(((size_t)links->graph->n_inputs + n + 1) * sizeof *seen);
    if (!room || !seen)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++)
        ret_nodes[i] = DZ_NONE;
    struct search search = {.links = links,
                            .index = room,
                            .low = room + n,
                            .next = room + 2 * n,
                            .path = room + 3 * n,
                            .open = room + 4 * n,
                            .nodes = ret_nodes,
                            .seen = seen};
    int r = search_all(&search);
    return r < 0 ? r : dz_graph_identify(links->graph);
}
