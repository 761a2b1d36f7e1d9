#include "graph.h"

#include "../base/mem.h"

#include <errno.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* As pyglue/parameters.py has it. */
const struct dz_fingerprint dz_no_parameters = {"no parameters"};

/* Hashes of what is in no order are added up. */
struct sum {
    uint64_t low, high;
};

static void add(struct sum *sum, XXH128_hash_t hash)
{
    sum->low += hash.low64;
    sum->high += hash.high64;
}

static XXH128_hash_t hash_of_text(const struct dz_graph *graph, uint32_t string)
{
    const char *text = dz_strings_text(&graph->strings, string);
    return XXH3_128bits(text, strlen(text));
}

static XXH128_hash_t hash_of_input(const struct dz_graph *graph, const struct dz_input *input)
{
    struct {
        XXH128_hash_t path, name;
        uint32_t numbers[4];
        struct dz_fingerprint fingerprint;
    } all = {.path = hash_of_text(graph, input->path),
             .name = hash_of_text(graph, input->name),
             .numbers = {input->kind, input->of, input->k},
             .fingerprint = input->fingerprint};
    return XXH3_128bits(&all, sizeof all);
}

static void identify(const struct dz_graph *graph, struct dz_node *node,
                     const XXH128_hash_t *inputs)
{
    struct {
        struct sum inputs, leans;
        uint32_t n_inputs, n_leans;
    } all = {.n_inputs = node->inputs.n, .n_leans = node->leans.n};
    for (uint32_t i = node->inputs.at; i < node->inputs.at + node->inputs.n; i++)
        add(&all.inputs, inputs[graph->input_list[i]]);
    for (uint32_t i = node->leans.at; i < node->leans.at + node->leans.n; i++) {
        XXH128_hash_t lean;
        memcpy(&lean, &graph->nodes[graph->lean_list[i]].id, sizeof lean);
        add(&all.leans, lean);
    }
    XXH128_hash_t id = XXH3_128bits(&all, sizeof all);
    memcpy(&node->id, &id, sizeof node->id);
}

int dz_graph_identify(struct dz_graph *graph)
{
    XXH128_hash_t *inputs = dz_alloc(graph->n_inputs * sizeof *inputs);
    if (!inputs)
        return -ENOMEM;
    for (uint32_t i = 0; i < graph->n_inputs; i++)
        inputs[i] = hash_of_input(graph, &graph->inputs[i]);
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        identify(graph, &graph->nodes[i], inputs);
    dz_free(inputs);
    return 0;
}

int dz_graph_inputs(const struct dz_graph *graph, uint32_t node, struct dz_bits *ret)
{
    struct dz_bits due = {0};
    int r = dz_bits_set(&due, node);
    /* Nodes lean on lower ones only: each is met from above. */
    for (uint32_t at = node + 1; r >= 0 && at-- > 0;) {
        if (!dz_bits_has(&due, at))
            continue;
        const struct dz_node *its = &graph->nodes[at];
        for (uint32_t i = 0; r >= 0 && i < its->leans.n; i++)
            r = dz_bits_set(&due, graph->lean_list[its->leans.at + i]);
        for (uint32_t i = 0; r >= 0 && i < its->inputs.n; i++)
            r = dz_bits_set(ret, graph->input_list[its->inputs.at + i]);
    }
    dz_bits_free(&due);
    return r < 0 ? r : 0;
}

static uint32_t count_and_free(struct dz_bits *bits)
{
    uint32_t n = 0;
    for (uint32_t i = 0; (i = dz_bits_next(bits, i)) != UINT32_MAX; i++)
        n++;
    dz_bits_free(bits);
    return n;
}

struct dz_graph_reach dz_graph_reach(const struct dz_graph *graph, uint32_t node)
{
    struct dz_bits inputs = {0}, sources = {0};
    dz_graph_inputs(graph, node, &inputs);
    for (uint32_t i = 0; (i = dz_bits_next(&inputs, i)) != UINT32_MAX; i++)
        if (dz_input_is_of_source(&graph->inputs[i]) &&
            dz_bits_set(&sources, graph->inputs[i].path) < 0)
            break;
    return (struct dz_graph_reach){count_and_free(&inputs), count_and_free(&sources)};
}

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
