#include "beyond.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/mem.h"

/* An input of the other graph, without what its fingerprint was. */
struct by_key {
    struct dz_input input;
    uint32_t number;
};

/* The first two tests that have an input in the other graph: records, + 1. */
struct holders {
    uint32_t first, second;
    int are_known;
};

static int compare(const void *one, const void *other)
{
    const struct by_key *a = one, *b = other;
    return memcmp(&a->input, &b->input, offsetof(struct dz_input, fingerprint));
}

/* Which names a listing had is what it was, not which one it is. */
static struct dz_input key_of(struct dz_input input)
{
    if (input.kind == DZ_INPUT_NAMES)
        input.name = 0;
    return input;
}

static int list_keys(struct dz_beyond *beyond)
{
    const struct dz_graph *than = beyond->than.graph;
    beyond->keys = dz_alloc((than->n_inputs + 1) * sizeof *beyond->keys);
    if (!beyond->keys)
        return -ENOMEM;
    for (uint32_t i = 0; i < than->n_inputs; i++)
        beyond->keys[i] = (struct by_key){key_of(than->inputs[i]), i};
    qsort(beyond->keys, than->n_inputs, sizeof *beyond->keys, compare);
    return 0;
}

static uint32_t find(const struct dz_beyond *beyond, const struct dz_input *input)
{
    struct by_key asked = {.input = *input};
    const struct by_key *found =
        bsearch(&asked, beyond->keys, beyond->than.graph->n_inputs, sizeof asked, compare);
    return found ? found->number + 1 : 0;
}

static uint32_t find_twin(const struct dz_beyond *beyond, struct dz_input input,
                          const uint32_t *strings)
{
    input = key_of(input);
    if ((input.path && !strings[input.path]) || (input.name && !strings[input.name]))
        return 0;
    input.path = input.path ? strings[input.path] : 0;
    input.name = input.name ? strings[input.name] : 0;
    return find(beyond, &input);
}

static int list_twins(struct dz_beyond *beyond)
{
    const struct dz_graph *of = beyond->of.graph, *than = beyond->than.graph;
    beyond->strings = dz_alloc((of->strings.n + 1) * sizeof *beyond->strings);
    beyond->twins = dz_alloc((of->n_inputs + 1) * sizeof *beyond->twins);
    beyond->holders = dz_alloc((of->n_inputs + 1) * sizeof *beyond->holders);
    if (!beyond->strings || !beyond->twins || !beyond->holders)
        return -ENOMEM;
    dz_strings_match(&than->strings, &of->strings, beyond->strings);
    for (uint32_t i = 0; i < of->n_inputs; i++)
        beyond->twins[i] = find_twin(beyond, of->inputs[i], beyond->strings);
    return 0;
}

int dz_beyond_begin(struct dz_beyond *ret, const struct dz_graph *of, const struct dz_graph *than)
{
    *ret = (struct dz_beyond){0};
    int r = dz_nodeids_list(&ret->of, of);
    if (r == 0)
        r = dz_nodeids_list(&ret->than, than);
    if (r == 0)
        r = list_keys(ret);
    if (r == 0)
        r = list_twins(ret);
    return r;
}

void dz_beyond_free(struct dz_beyond *beyond)
{
    dz_nodeids_free(&beyond->of);
    dz_nodeids_free(&beyond->than);
    dz_free(beyond->twins);
    dz_free(beyond->strings);
    dz_free(beyond->keys);
    dz_free(beyond->holders);
    *beyond = (struct dz_beyond){0};
}

/* ---- one test ---- */

/* Nothing of it is relied on, whatever it depends on. */
static int runs_each_time(const struct dz_beyond *beyond, uint32_t record,
                          const struct dz_bits *inputs)
{
    const struct dz_graph *graph = beyond->than.graph;
    for (uint32_t i = 0; (i = dz_bits_next(inputs, i)) != UINT32_MAX; i++)
        if (graph->inputs[i].kind == DZ_INPUT_UNPROVABLE)
            return 1;
    return graph->records[record].outcome != DZ_OUTCOME_PROVED;
}

static int add_node(const struct dz_graph *graph, uint32_t node, struct dz_bits *due,
                    struct dz_bits *inputs)
{
    struct dz_range leans = graph->nodes[node].leans, own = graph->nodes[node].inputs;
    int r = 0;
    for (uint32_t i = 0; r >= 0 && i < leans.n; i++)
        r = dz_bits_set(due, graph->lean_list[leans.at + i]);
    for (uint32_t i = 0; r >= 0 && i < own.n; i++)
        r = dz_bits_set(inputs, graph->input_list[own.at + i]);
    return r;
}

/* With the names of all nodes. Nodes lean on lower ones only: each is met from above. */
static int list_held(const struct dz_graph *graph, uint32_t node, struct dz_bits *names,
                     struct dz_bits *inputs)
{
    struct dz_bits due = {0};
    int r = dz_bits_set(&due, node);
    for (uint32_t at = node + 1; r >= 0 && at-- > 0;)
        if (dz_bits_has(&due, at)) {
            r = dz_bits_set(names, graph->nodes[at].name);
            if (r >= 0)
                r = add_node(graph, at, &due, inputs);
        }
    dz_bits_free(&due);
    return r;
}

static int is_span(const char *name)
{
    static const char *const beginnings[] = {"load load", "collect ", "py.import ", "fixture ",
                                             "cache ",    "test ",    "test.call ", "fork "};
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0)
            return 1;
    return 0;
}

/* But what is behind elements that are among those names. */
static int list_own(const struct dz_beyond *beyond, uint32_t node, const struct dz_bits *names,
                    struct dz_bits *inputs)
{
    const struct dz_graph *graph = beyond->of.graph;
    struct dz_bits due = {0};
    int r = dz_bits_set(&due, node);
    for (uint32_t at = node + 1; r >= 0 && at-- > 0;) {
        uint32_t name = graph->nodes[at].name;
        if (!dz_bits_has(&due, at))
            continue;
        if (at == node || is_span(dz_strings_text(&graph->strings, name)) ||
            !beyond->strings[name] || !dz_bits_has(names, beyond->strings[name]))
            r = add_node(graph, at, &due, inputs);
    }
    dz_bits_free(&due);
    return r;
}

static int list_missing(const struct dz_beyond *beyond, const struct dz_bits *inputs,
                        const struct dz_bits *held, struct dz_bits *ret)
{
    int r = 0;
    for (uint32_t i = 0; r >= 0 && (i = dz_bits_next(inputs, i)) != UINT32_MAX; i++) {
        uint32_t twin = beyond->twins[i];
        if (!twin || !dz_bits_has(held, twin - 1))
            r = dz_bits_set(ret, i);
    }
    return r;
}

/* Equal nodes are of equal inputs, and most are. */
static int is_same(const struct dz_beyond *beyond, uint32_t of, uint32_t than)
{
    return memcmp(&beyond->of.graph->nodes[of].id, &beyond->than.graph->nodes[than].id,
                  sizeof(struct dz_fingerprint)) == 0;
}

static int compare_nodes(const struct dz_beyond *beyond, uint32_t of, uint32_t record,
                         struct dz_bits *ret)
{
    struct dz_bits inputs = {0}, held = {0}, names = {0};
    uint32_t than = beyond->than.graph->records[record].node;
    int passes = 0;
    int r = list_held(beyond->than.graph, than, &names, &held);
    if (r >= 0)
        passes = runs_each_time(beyond, record, &held);
    if (r >= 0 && !passes && !is_same(beyond, of, than)) {
        r = list_own(beyond, of, &names, &inputs);
        if (r >= 0)
            r = list_missing(beyond, &inputs, &held, ret);
    }
    dz_bits_free(&inputs);
    dz_bits_free(&held);
    dz_bits_free(&names);
    return r < 0 ? -ENOMEM : passes;
}

int dz_beyond_find(const struct dz_beyond *beyond, const char *nodeid, struct dz_bits *ret)
{
    uint32_t of = dz_nodeids_node(&beyond->of, nodeid);
    if (of == DZ_NONE || dz_nodeids_node(&beyond->than, nodeid) == DZ_NONE)
        return 1;
    return compare_nodes(beyond, of, dz_nodeids_record(&beyond->than, nodeid), ret);
}

/* ---- who has it ---- */

/* By node: whether it has the input, itself or by what it leans on. NULL when there is no memory. */
static uint8_t *list_nodes(const struct dz_graph *graph, uint32_t input)
{
    uint8_t *has = dz_alloc(graph->n_nodes + 1);
    for (uint32_t at = 0; has && at < graph->n_nodes; at++) {
        const struct dz_node *node = &graph->nodes[at];
        for (uint32_t i = 0; i < node->inputs.n; i++)
            has[at] |= graph->input_list[node->inputs.at + i] == input;
        for (uint32_t i = 0; i < node->leans.n; i++)
            has[at] |= has[graph->lean_list[node->leans.at + i]];
    }
    return has;
}

static struct holders find_holders(const struct dz_graph *graph, uint32_t input)
{
    struct holders found = {.are_known = 1};
    dz_auto uint8_t *has = list_nodes(graph, input);
    for (uint32_t i = 0; has && !found.second && i < graph->n_records; i++) {
        uint32_t node = graph->records[i].node;
        if (node != DZ_NONE && has[node])
            *(found.first ? &found.second : &found.first) = i + 1;
    }
    return found;
}

const char *dz_beyond_holder(struct dz_beyond *beyond, uint32_t input, const char *but)
{
    const struct dz_graph *graph = beyond->than.graph;
    struct holders *holders = &beyond->holders[input];
    if (!holders->are_known && beyond->twins[input])
        *holders = find_holders(graph, beyond->twins[input] - 1);
    uint32_t record = holders->first;
    if (record && record - 1 == dz_nodeids_record(&beyond->than, but))
        record = holders->second;
    return record ? dz_strings_text(&graph->strings, graph->records[record - 1].nodeid) : NULL;
}
