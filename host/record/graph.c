#include "graph.h"

#include "../base/mem.h"

#include <errno.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

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
