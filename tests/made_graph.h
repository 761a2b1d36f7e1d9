/* Graphs made by chance, for tests to search, write, spoil and compose. Draws of equal seeds are equal. */
#pragma once

#include "../host/base/mem.h"
#include "../host/record/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline uint32_t draw(uint64_t *seed, uint32_t below)
{
    *seed += 0x9e3779b97f4a7c15;
    uint64_t x = *seed;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return (uint32_t)((x ^ (x >> 31)) % below);
}

static inline void *made_room(void *list, uint32_t n, uint32_t *cap, size_t item)
{
    if (!dz_has_room(list, n, cap, item))
        abort();
    return list;
}

static inline uint32_t made_string(struct dz_graph *graph, const char *text)
{
    uint32_t number = dz_strings_add(&graph->strings, text, strlen(text));
    if (!number)
        abort();
    return number;
}

static inline uint32_t made_input(struct dz_graph *graph, struct dz_input input)
{
    for (uint32_t i = 0; i < graph->n_inputs; i++)
        if (memcmp(&graph->inputs[i], &input, sizeof input) == 0)
            return i;
    made_room(&graph->inputs, graph->n_inputs, &graph->cap_inputs, sizeof input);
    graph->inputs[graph->n_inputs] = input;
    return graph->n_inputs++;
}

static inline void made_number(uint32_t **list, uint32_t *n, uint32_t *cap, uint32_t number)
{
    made_room(list, *n, cap, sizeof number);
    (*list)[(*n)++] = number;
}

/* Begins a node; what it has is added to it until the next one begins. */
static inline uint32_t made_node(struct dz_graph *graph, const char *name)
{
    made_room(&graph->nodes, graph->n_nodes, &graph->cap_nodes, sizeof *graph->nodes);
    graph->nodes[graph->n_nodes] = (struct dz_node){.name = made_string(graph, name),
                                                    .inputs.at = graph->n_input_list,
                                                    .leans.at = graph->n_lean_list};
    return graph->n_nodes++;
}

static inline void made_node_has(struct dz_graph *graph, uint32_t input)
{
    made_number(&graph->input_list, &graph->n_input_list, &graph->cap_input_list, input);
    graph->nodes[graph->n_nodes - 1].inputs.n++;
}

static inline void made_node_leans(struct dz_graph *graph, uint32_t node)
{
    made_number(&graph->lean_list, &graph->n_lean_list, &graph->cap_lean_list, node);
    graph->nodes[graph->n_nodes - 1].leans.n++;
}

static inline uint32_t made_file(struct dz_graph *graph, const char *path, uint32_t node)
{
    made_room(&graph->files, graph->n_files, &graph->cap_files, sizeof *graph->files);
    graph->files[graph->n_files] =
        (struct dz_test_file){.path = made_string(graph, path), .node = node};
    return graph->n_files++;
}

static inline uint32_t made_record(struct dz_graph *graph, const char *nodeid, uint32_t file,
                                   uint32_t node, enum dz_outcome outcome)
{
    made_room(&graph->records, graph->n_records, &graph->cap_records, sizeof *graph->records);
    graph->records[graph->n_records] = (struct dz_record){.nodeid = made_string(graph, nodeid),
                                                          .file = file,
                                                          .node = node,
                                                          .outcome = outcome,
                                                          .duration_us = 1000,
                                                          .day = 20000};
    return graph->n_records++;
}

static inline uint32_t made_look(struct dz_graph *graph, struct dz_look look)
{
    made_room(&graph->looks, graph->n_looks, &graph->cap_looks, sizeof look);
    graph->looks[graph->n_looks] = look;
    return graph->n_looks++;
}

/* ---- by chance ---- */

struct made_size {
    uint32_t inputs, nodes, files, records_of_a_file;
    uint32_t unprovable; /* one in so many inputs */
    uint32_t leans;      /* at most, of a node */
};

static inline const char *made_name(const char *form, uint32_t number)
{
    static char text[64];
    snprintf(text, sizeof text, form, number);
    return text;
}

static inline void made_inputs(struct dz_graph *graph, const struct made_size *size, uint64_t *seed)
{
    for (uint32_t i = 0; i < size->inputs; i++) {
        struct dz_input input = {.k = draw(seed, 3)};
        if (draw(seed, size->unprovable) == 0) {
            input.kind = DZ_INPUT_UNPROVABLE;
            input.name = made_string(graph, made_name("reason %u", draw(seed, 3)));
        } else {
            input.kind = draw(seed, DZ_INPUT_UNPROVABLE);
            input.of = draw(seed, 3);
            input.path = made_string(graph, made_name("pkg/m%u.py", draw(seed, 4)));
            input.name = draw(seed, 4) ? made_string(graph, made_name("f%u", draw(seed, 9))) : 0;
            input.fingerprint.bytes[draw(seed, 16)] = (uint8_t)draw(seed, 3);
        }
        made_input(graph, input);
    }
}

static inline void made_nodes(struct dz_graph *graph, const struct made_size *size, uint64_t *seed)
{
    for (uint32_t i = 0; i < size->nodes; i++) {
        made_node(graph, made_name("function f%u", draw(seed, 2 * size->nodes)));
        for (uint32_t k = 0; k < graph->n_inputs; k++)
            if (draw(seed, graph->n_inputs) < 1)
                made_node_has(graph, k);
        for (uint32_t k = 0; k < i; k++)
            if (draw(seed, i) < 1 + draw(seed, size->leans))
                made_node_leans(graph, k);
    }
}

static inline uint32_t made_any_node(struct dz_graph *graph, uint64_t *seed)
{
    return graph->n_nodes && draw(seed, 8) ? draw(seed, graph->n_nodes) : DZ_NONE;
}

static inline void made_tests(struct dz_graph *graph, const struct made_size *size, uint64_t *seed)
{
    for (uint32_t i = 0; i < size->files; i++) {
        char path[32], nodeid[64];
        snprintf(path, sizeof path, "test_%u.py", i);
        uint32_t file = made_file(graph, path, made_any_node(graph, seed));
        uint32_t n = draw(seed, size->records_of_a_file + 1);
        for (uint32_t k = 0; k < n; k++) {
            uint32_t outcome = draw(seed, 3) ? DZ_OUTCOME_PROVED : draw(seed, DZ_OUTCOMES);
            snprintf(nodeid, sizeof nodeid, "%s::test_%u", path, k);
            uint32_t node = made_any_node(graph, seed);
            uint32_t number = made_record(graph, nodeid, file, node, outcome);
            graph->records[number].duration_us = draw(seed, 5000000);
            graph->records[number].day = 20000 + draw(seed, 100);
            graph->records[number].parameters.bytes[7] = (uint8_t)draw(seed, 3);
            graph->records[number].is_found =
                graph->records[number].parameters.bytes[7] ? draw(seed, 2) : 0;
        }
    }
}

static inline void made_looks(struct dz_graph *graph, uint64_t *seed)
{
    for (uint32_t i = 0; i < 6; i++) {
        struct dz_look look = {.path = made_string(graph, made_name("pkg/m%u.py", i)),
                               .mode = 0100644,
                               .size = draw(seed, 1 << 20),
                               .inode = (uint64_t)draw(seed, 1 << 30) << 10,
                               .mtime_ns = 1700000000000000000 + draw(seed, 1 << 30),
                               .looked_ns = 1700000002000000000};
        look.ctime_ns = look.mtime_ns - draw(seed, 3);
        look.content.bytes[3] = (uint8_t)draw(seed, 256);
        if (draw(seed, 3))
            made_look(graph, look);
    }
}

static inline void made_graph(struct dz_graph *ret, const struct made_size *size, uint64_t seed)
{
    *ret = (struct dz_graph){0};
    made_inputs(ret, size, &seed);
    made_nodes(ret, size, &seed);
    made_tests(ret, size, &seed);
    made_looks(ret, &seed);
}

/* A size by chance, up to this one. */
static inline struct made_size made_size_up_to(const struct made_size *most, uint64_t seed)
{
    return (struct made_size){.inputs = draw(&seed, most->inputs + 1),
                              .nodes = draw(&seed, most->nodes + 1),
                              .files = draw(&seed, most->files + 1),
                              .records_of_a_file = draw(&seed, most->records_of_a_file + 1),
                              .unprovable = 1 + draw(&seed, most->unprovable),
                              .leans = 1 + draw(&seed, most->leans)};
}
