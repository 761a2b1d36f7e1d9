/* Nodes lean on lower numbers only: in one walk upwards, whatever a node leans on has been judged before it, and how far
 * each is from what reaches it is known by then. That is what a search breadth first from the inputs would find, without
 * the lists it would need; who has these lists and no wish to read all nodes is dz_baseline_select, which gives the
 * same. */
#include "select.h"

#include "../base/mem.h"

#include <errno.h>
#include <string.h>

struct search {
    const struct dz_graph *graph;
    const struct dz_bits *changed;
    int unprovable; /* what is searched from: the inputs of that kind, or else those that have changed */
    struct dz_reached *nodes;
    uint32_t *steps; /* from the input; DZ_NONE: not reached */
};

static int is_sought(const struct search *search, uint32_t input)
{
    int unprovable = search->graph->inputs[input].kind == DZ_INPUT_UNPROVABLE;
    return search->unprovable ? unprovable : !unprovable && dz_bits_has(search->changed, input);
}

static int reach_by_input(struct search *search, uint32_t number)
{
    struct dz_range inputs = search->graph->nodes[number].inputs;
    for (uint32_t i = inputs.at; i < inputs.at + inputs.n; i++) {
        uint32_t input = search->graph->input_list[i];
        if (!is_sought(search, input))
            continue;
        search->nodes[number] = (struct dz_reached){.input = input, .next = DZ_NONE};
        search->steps[number] = 0;
        return 1;
    }
    return 0;
}

static void reach_by_node(struct search *search, uint32_t number)
{
    struct dz_range leans = search->graph->nodes[number].leans;
    uint32_t best = DZ_NONE, steps = DZ_NONE;
    for (uint32_t i = leans.at; i < leans.at + leans.n; i++) {
        uint32_t lean = search->graph->lean_list[i];
        if (search->steps[lean] < steps) {
            best = lean;
            steps = search->steps[lean];
        }
    }
    if (best == DZ_NONE)
        return;
    search->nodes[number] = (struct dz_reached){.input = search->nodes[best].input, .next = best};
    search->steps[number] = steps + 1;
}

/* What the changed inputs reach is reached with all that leans on it: the second search never meets the first's. */
static void walk(struct search *search)
{
    for (uint32_t i = 0; i < search->graph->n_nodes; i++)
        if (search->nodes[i].input == DZ_NONE && !reach_by_input(search, i))
            reach_by_node(search, i);
}

static int search_nodes(struct dz_reached *nodes, const struct dz_graph *graph,
                        const struct dz_bits *changed)
{
    struct search search = {.graph = graph, .changed = changed, .nodes = nodes};
    size_t size = graph->n_nodes * sizeof *search.steps;
    search.steps = dz_alloc(size);
    if (!search.steps)
        return -ENOMEM;
    memset(search.steps, 0xff, size);
    walk(&search);
    memset(search.steps, 0xff, size);
    search.unprovable = 1;
    walk(&search);
    dz_free(search.steps);
    return 0;
}

static enum dz_reason reason_of_node(const struct dz_selection *selection,
                                     const struct dz_input *inputs, uint32_t node)
{
    uint32_t input = node == DZ_NONE ? DZ_NONE : selection->nodes[node].input;
    if (input == DZ_NONE)
        return DZ_REASON_NONE;
    return inputs[input].kind == DZ_INPUT_UNPROVABLE ? DZ_REASON_UNPROVABLE : DZ_REASON_CHANGED;
}

/* That an input has changed comes before the outcome: it is no longer the outcome of what is there now, and another
 * baseline may know better. What is merely unprovable comes behind it. */
static enum dz_reason reason_of(const struct dz_record *record, enum dz_reason by_node)
{
    static const enum dz_reason by_outcome[DZ_OUTCOMES] = {
        [DZ_OUTCOME_OPEN] = DZ_REASON_OPEN,
        [DZ_OUTCOME_FAILED] = DZ_REASON_FAILED,
        [DZ_OUTCOME_DUE] = DZ_REASON_DUE,
    };
    if (record->outcome == DZ_OUTCOME_DESELECTED)
        return DZ_REASON_NONE;
    if (by_node == DZ_REASON_CHANGED)
        return by_node;
    if (by_outcome[record->outcome])
        return by_outcome[record->outcome];
    return record->node == DZ_NONE ? DZ_REASON_UNKNOWN : by_node;
}

/* What decides which tests are in the file decides which values they have. */
static int has_known_parameters(const struct dz_selection *selection,
                                const struct dz_record *record)
{
    return !dz_record_has_parameters(record) ||
           (record->is_found && !selection->files[record->file]);
}

static enum dz_reason judge(const struct dz_selection *selection, const struct dz_input *inputs,
                            const struct dz_record *record)
{
    enum dz_reason reason = reason_of(record, reason_of_node(selection, inputs, record->node));
    int is_proved = reason == DZ_REASON_NONE && record->outcome == DZ_OUTCOME_PROVED;
    return is_proved && !has_known_parameters(selection, record) ? DZ_REASON_PARAMETERS : reason;
}

void dz_selection_judge(struct dz_selection *selection, const struct dz_input *inputs,
                        const struct dz_record *records, uint32_t n_records,
                        const struct dz_test_file *files, uint32_t n_files)
{
    for (uint32_t i = 0; i < n_files; i++)
        selection->files[i] =
            files[i].node == DZ_NONE || selection->nodes[files[i].node].input != DZ_NONE;
    for (uint32_t i = 0; i < n_records; i++) {
        selection->records[i] = judge(selection, inputs, &records[i]);
        selection->n_selected += selection->records[i] != DZ_REASON_NONE;
    }
}

int dz_selection_make(struct dz_selection *ret, uint32_t n_nodes, uint32_t n_records,
                      uint32_t n_files)
{
    *ret = (struct dz_selection){.nodes = dz_alloc(n_nodes * sizeof *ret->nodes),
                                 .records = dz_alloc(n_records),
                                 .files = dz_alloc(n_files)};
    if (!ret->nodes || !ret->records || !ret->files) {
        dz_selection_free(ret);
        return -ENOMEM;
    }
    memset(ret->nodes, 0xff, n_nodes * sizeof *ret->nodes);
    return 0;
}

int dz_select(struct dz_selection *ret, const struct dz_graph *graph, const struct dz_bits *changed)
{
    int r = dz_selection_make(ret, graph->n_nodes, graph->n_records, graph->n_files);
    if (r == 0)
        r = search_nodes(ret->nodes, graph, changed);
    if (r < 0) {
        dz_selection_free(ret);
        return r;
    }
    dz_selection_judge(ret, graph->inputs, graph->records, graph->n_records, graph->files,
                       graph->n_files);
    return 0;
}

void dz_selection_free(struct dz_selection *selection)
{
    dz_free(selection->nodes);
    dz_free(selection->records);
    dz_free(selection->files);
    *selection = (struct dz_selection){0};
}
