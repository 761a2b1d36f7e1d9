/* What a change reaches: what is searched cleverly is what is searched plainly, and each outcome has its say. */
#include "../../host/record/select.h"
#include "../made_graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* ---- plainly ---- */

static int has(const uint32_t *list, struct dz_range range, uint32_t number)
{
    for (uint32_t i = range.at; i < range.at + range.n; i++)
        if (list[i] == number)
            return 1;
    return 0;
}

/* The inputs that a node depends on, itself or by what it leans on. */
static void collect(const struct dz_graph *graph, uint32_t node, uint8_t *inputs)
{
    struct dz_range own = graph->nodes[node].inputs, leans = graph->nodes[node].leans;
    for (uint32_t i = own.at; i < own.at + own.n; i++)
        inputs[graph->input_list[i]] = 1;
    for (uint32_t i = leans.at; i < leans.at + leans.n; i++)
        collect(graph, graph->lean_list[i], inputs);
}

/* 2: reached by what has changed, 1: by what is unprovable. */
static int plainly(const struct dz_graph *graph, uint32_t node, const struct dz_bits *changed)
{
    uint8_t inputs[256] = {0};
    int found = 0;
    if (node == DZ_NONE)
        return 0;
    collect(graph, node, inputs);
    for (uint32_t i = 0; i < graph->n_inputs; i++) {
        int unprovable = graph->inputs[i].kind == DZ_INPUT_UNPROVABLE;
        if (inputs[i] && unprovable && !found)
            found = 1;
        if (inputs[i] && !unprovable && dz_bits_has(changed, i))
            found = 2;
    }
    return found;
}

static enum dz_reason reason_plainly(const struct dz_graph *graph, const struct dz_record *record,
                                     const struct dz_bits *changed)
{
    int reached = plainly(graph, record->node, changed);
    if (record->outcome == DZ_OUTCOME_DESELECTED)
        return DZ_REASON_NONE;
    if (reached == 2)
        return DZ_REASON_CHANGED;
    if (record->outcome == DZ_OUTCOME_FAILED)
        return DZ_REASON_FAILED;
    if (record->outcome == DZ_OUTCOME_OPEN)
        return DZ_REASON_OPEN;
    if (record->outcome == DZ_OUTCOME_DUE)
        return DZ_REASON_DUE;
    if (record->node == DZ_NONE)
        return DZ_REASON_UNKNOWN;
    if (reached)
        return DZ_REASON_UNPROVABLE;
    uint32_t file = graph->files[record->file].node;
    int is_as_it_was = file != DZ_NONE && !plainly(graph, file, changed);
    return record->outcome == DZ_OUTCOME_PROVED && record->parameters.bytes[7] &&
                   !(record->is_found && is_as_it_was)
               ? DZ_REASON_PARAMETERS
               : DZ_REASON_NONE;
}

/* How many steps a plain search needs from the node to an input of the kind that is sought. */
static uint32_t distance(const struct dz_graph *graph, uint32_t node, int unprovable,
                         const struct dz_bits *changed)
{
    struct dz_range own = graph->nodes[node].inputs, leans = graph->nodes[node].leans;
    for (uint32_t i = own.at; i < own.at + own.n; i++) {
        uint32_t input = graph->input_list[i];
        int is = graph->inputs[input].kind == DZ_INPUT_UNPROVABLE;
        if (unprovable ? is : !is && dz_bits_has(changed, input))
            return 0;
    }
    uint32_t best = DZ_NONE;
    for (uint32_t i = leans.at; i < leans.at + leans.n; i++) {
        uint32_t steps = distance(graph, graph->lean_list[i], unprovable, changed);
        if (steps != DZ_NONE && steps + 1 < best)
            best = steps + 1;
    }
    return best;
}

/* ---- compared ---- */

static void check_way(const struct dz_graph *graph, const struct dz_selection *selection,
                      uint32_t node, const struct dz_bits *changed)
{
    uint32_t input = selection->nodes[node].input, steps = 0, at = node;
    for (; selection->nodes[at].next != DZ_NONE; at = selection->nodes[at].next, steps++) {
        assert_true(has(graph->lean_list, graph->nodes[at].leans, selection->nodes[at].next));
        assert_int_equal(selection->nodes[at].input, input);
    }
    assert_true(has(graph->input_list, graph->nodes[at].inputs, input));
    int unprovable = graph->inputs[input].kind == DZ_INPUT_UNPROVABLE;
    assert_int_equal(steps, distance(graph, node, unprovable, changed));
}

static void check(const struct dz_graph *graph, const struct dz_bits *changed)
{
    struct dz_selection selection;
    uint32_t n = 0;
    assert_int_equal(dz_select(&selection, graph, changed), 0);
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        uint32_t input = selection.nodes[i].input;
        int reached = plainly(graph, i, changed);
        assert_int_equal(input != DZ_NONE, reached != 0);
        if (!reached)
            continue;
        assert_int_equal(graph->inputs[input].kind == DZ_INPUT_UNPROVABLE, reached == 1);
        check_way(graph, &selection, i, changed);
    }
    for (uint32_t i = 0; i < graph->n_records; i++) {
        assert_int_equal(selection.records[i], reason_plainly(graph, &graph->records[i], changed));
        n += selection.records[i] != 0;
    }
    for (uint32_t i = 0; i < graph->n_files; i++)
        assert_int_equal(selection.files[i], graph->files[i].node == DZ_NONE ||
                                                 plainly(graph, graph->files[i].node, changed));
    assert_int_equal(selection.n_selected, n);
    dz_selection_free(&selection);
}

static void what_is_selected_is_what_a_plain_search_selects(void **state)
{
    (void)state;
    static const struct made_size most = {.inputs = 30,
                                          .nodes = 30,
                                          .files = 5,
                                          .records_of_a_file = 6,
                                          .unprovable = 20,
                                          .leans = 2};
    for (uint64_t seed = 0; seed < 2000; seed++) {
        struct made_size size = made_size_up_to(&most, seed);
        struct dz_graph graph;
        struct dz_bits changed = {0};
        uint64_t chance = ~seed;
        made_graph(&graph, &size, seed);
        for (uint32_t i = 0; i < graph.n_inputs; i++)
            if (draw(&chance, 8) < seed % 3 && dz_bits_set(&changed, i) < 0)
                abort();
        check(&graph, &changed);
        dz_bits_free(&changed);
        dz_graph_free(&graph);
    }
}

/* ---- each rule by itself ---- */

struct small {
    struct dz_graph graph;
    uint32_t f, why;              /* inputs: a function, and an unprovable one */
    uint32_t function, test, odd; /* nodes: test leans on function, odd has the unprovable */
    uint32_t file;
};

static void make_small(struct small *ret)
{
    *ret = (struct small){0};
    struct dz_graph *graph = &ret->graph;
    ret->f = made_input(graph, (struct dz_input){.kind = DZ_INPUT_ELEMENT,
                                                 .path = made_string(graph, "m.py"),
                                                 .name = made_string(graph, "f"),
                                                 .k = 1});
    ret->why = made_input(
        graph, (struct dz_input){.kind = DZ_INPUT_UNPROVABLE, .name = made_string(graph, "child")});
    ret->function = made_node(graph, "function m.py::f");
    made_node_has(graph, ret->f);
    ret->test = made_node(graph, "test");
    made_node_leans(graph, ret->function);
    ret->odd = made_node(graph, "odd test");
    made_node_has(graph, ret->why);
    made_node_leans(graph, ret->function);
    ret->file = made_file(graph, "test_m.py", ret->function);
}

static enum dz_reason reason_for(uint32_t node_of(const struct small *), enum dz_outcome outcome,
                                 int is_changed)
{
    struct small small;
    struct dz_selection selection;
    struct dz_bits changed = {0};
    make_small(&small);
    made_record(&small.graph, "test_m.py::test", small.file, node_of(&small), outcome);
    if (is_changed)
        assert_int_equal(dz_bits_set(&changed, small.f), 0);
    assert_int_equal(dz_select(&selection, &small.graph, &changed), 0);
    enum dz_reason reason = selection.records[0];
    assert_int_equal(selection.n_selected, reason != DZ_REASON_NONE);
    assert_int_equal(selection.files[0], is_changed);
    dz_selection_free(&selection);
    dz_bits_free(&changed);
    dz_graph_free(&small.graph);
    return reason;
}

static uint32_t test_of(const struct small *small)
{
    return small->test;
}

static uint32_t odd_of(const struct small *small)
{
    return small->odd;
}

static uint32_t none_of(const struct small *small)
{
    (void)small;
    return DZ_NONE;
}

static void each_outcome_selects_as_it_should(void **state)
{
    (void)state;
    assert_int_equal(reason_for(test_of, DZ_OUTCOME_PROVED, 0), DZ_REASON_NONE);
    assert_int_equal(reason_for(test_of, DZ_OUTCOME_PROVED, 1), DZ_REASON_CHANGED);
    assert_int_equal(reason_for(test_of, DZ_OUTCOME_FAILED, 0), DZ_REASON_FAILED);
    assert_int_equal(reason_for(test_of, DZ_OUTCOME_FAILED, 1), DZ_REASON_CHANGED);
    assert_int_equal(reason_for(test_of, DZ_OUTCOME_OPEN, 0), DZ_REASON_OPEN);
    assert_int_equal(reason_for(test_of, DZ_OUTCOME_DUE, 0), DZ_REASON_DUE);
    assert_int_equal(reason_for(test_of, DZ_OUTCOME_DUE, 1), DZ_REASON_CHANGED);
}

static enum dz_reason reason_with_parameters(enum dz_outcome outcome, int is_found, int is_changed)
{
    struct small small;
    struct dz_selection selection;
    struct dz_bits changed = {0};
    make_small(&small);
    uint32_t other = made_node(&small.graph, "alone");
    uint32_t record = made_record(&small.graph, "test_m.py::test[1]", small.file, other, outcome);
    small.graph.records[record].parameters.bytes[0] = 1;
    small.graph.records[record].is_found = is_found != 0;
    if (is_changed)
        assert_int_equal(dz_bits_set(&changed, small.f), 0);
    assert_int_equal(dz_select(&selection, &small.graph, &changed), 0);
    enum dz_reason reason = selection.records[record];
    dz_selection_free(&selection);
    dz_bits_free(&changed);
    dz_graph_free(&small.graph);
    return reason;
}

static void parameters_are_what_they_were_while_all_that_decides_on_them_is(void **state)
{
    (void)state;
    assert_int_equal(reason_with_parameters(DZ_OUTCOME_PROVED, 1, 0), DZ_REASON_NONE);
    assert_int_equal(reason_with_parameters(DZ_OUTCOME_PROVED, 1, 1), DZ_REASON_PARAMETERS);
    assert_int_equal(reason_with_parameters(DZ_OUTCOME_PROVED, 0, 0), DZ_REASON_PARAMETERS);
    assert_int_equal(reason_with_parameters(DZ_OUTCOME_FAILED, 1, 0), DZ_REASON_FAILED);
    assert_int_equal(reason_with_parameters(DZ_OUTCOME_DESELECTED, 0, 1), DZ_REASON_NONE);
}

static void what_settings_deselect_is_never_selected(void **state)
{
    (void)state;
    assert_int_equal(reason_for(test_of, DZ_OUTCOME_DESELECTED, 1), DZ_REASON_NONE);
    assert_int_equal(reason_for(odd_of, DZ_OUTCOME_DESELECTED, 0), DZ_REASON_NONE);
    assert_int_equal(reason_for(none_of, DZ_OUTCOME_DESELECTED, 0), DZ_REASON_NONE);
}

static void what_is_unprovable_is_selected_and_says_what_comes_first(void **state)
{
    (void)state;
    assert_int_equal(reason_for(odd_of, DZ_OUTCOME_PROVED, 0), DZ_REASON_UNPROVABLE);
    assert_int_equal(reason_for(odd_of, DZ_OUTCOME_PROVED, 1), DZ_REASON_CHANGED);
    assert_int_equal(reason_for(odd_of, DZ_OUTCOME_FAILED, 0), DZ_REASON_FAILED);
}

static void a_record_of_nothing_proves_nothing(void **state)
{
    (void)state;
    assert_int_equal(reason_for(none_of, DZ_OUTCOME_PROVED, 0), DZ_REASON_UNKNOWN);
    assert_int_equal(reason_for(none_of, DZ_OUTCOME_FAILED, 0), DZ_REASON_FAILED);
    assert_int_equal(reason_for(none_of, DZ_OUTCOME_DUE, 1), DZ_REASON_DUE);
}

static void an_unprovable_input_among_the_changed_is_unprovable(void **state)
{
    (void)state;
    struct small small;
    struct dz_selection selection;
    struct dz_bits changed = {0};
    make_small(&small);
    made_record(&small.graph, "test_m.py::test", small.file, small.odd, DZ_OUTCOME_PROVED);
    assert_int_equal(dz_bits_set(&changed, small.why), 0);
    assert_int_equal(dz_select(&selection, &small.graph, &changed), 0);
    assert_int_equal(selection.records[0], DZ_REASON_UNPROVABLE);
    dz_selection_free(&selection);
    dz_bits_free(&changed);
    dz_graph_free(&small.graph);
}

static void an_empty_graph_selects_nothing(void **state)
{
    (void)state;
    struct dz_graph graph = {0};
    struct dz_bits changed = {0};
    check(&graph, &changed);
}

static void without_memory_there_is_no_selection(void **state)
{
    (void)state;
    struct small small;
    struct dz_selection selection;
    struct dz_bits changed = {0};
    make_small(&small);
    int r = -1;
    unsigned long n = 0;
    while (r < 0) {
        dz_mem_fail_after(++n);
        r = dz_select(&selection, &small.graph, &changed);
        dz_mem_fail_after(0);
        if (r < 0)
            assert_null(selection.nodes);
    }
    assert_true(n > 3 && n < 10);
    dz_selection_free(&selection);
    dz_graph_free(&small.graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_selected_is_what_a_plain_search_selects),
        cmocka_unit_test(each_outcome_selects_as_it_should),
        cmocka_unit_test(parameters_are_what_they_were_while_all_that_decides_on_them_is),
        cmocka_unit_test(what_settings_deselect_is_never_selected),
        cmocka_unit_test(what_is_unprovable_is_selected_and_says_what_comes_first),
        cmocka_unit_test(a_record_of_nothing_proves_nothing),
        cmocka_unit_test(an_unprovable_input_among_the_changed_is_unprovable),
        cmocka_unit_test(an_empty_graph_selects_nothing),
        cmocka_unit_test(without_memory_there_is_no_selection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
