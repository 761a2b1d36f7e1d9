/* What a test depends on in one graph and not in another: found by numbers as it is by names. */
#include "../../host/record/beyond.h"
#include "../made_graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct dz_input function(struct dz_graph *graph, const char *name)
{
    return (struct dz_input){.kind = DZ_INPUT_ELEMENT,
                             .path = made_string(graph, "m.py"),
                             .name = made_string(graph, name)};
}

static int is_named(const struct dz_graph *graph, uint32_t input, const char *name)
{
    return strcmp(dz_strings_text(&graph->strings, graph->inputs[input].name), name) == 0;
}

/* One test leans on a node with `deep`, and has `own`; in the other graph numbers are others, and `deep` is another test's. */
static void make(struct dz_graph *alone, struct dz_graph *shared, uint32_t outcome)
{
    made_node(alone, "deep");
    made_node_has(alone, made_input(alone, function(alone, "deep")));
    uint32_t test = made_node(alone, "test");
    made_node_has(alone, made_input(alone, function(alone, "own")));
    made_node_leans(alone, test - 1);
    made_record(alone, "t.py::test", made_file(alone, "t.py", DZ_NONE), test, DZ_OUTCOME_PROVED);

    made_input(shared, function(shared, "unused"));
    uint32_t own = made_node(shared, "test");
    made_node_has(shared, made_input(shared, function(shared, "own")));
    uint32_t other = made_node(shared, "other");
    made_node_has(shared, made_input(shared, function(shared, "deep")));
    made_record(shared, "t.py::other", made_file(shared, "t.py", DZ_NONE), other,
                DZ_OUTCOME_PROVED);
    made_record(shared, "t.py::test", made_file(shared, "t.py", DZ_NONE), own, outcome);
    if (dz_graph_identify(alone) < 0 || dz_graph_identify(shared) < 0)
        abort();
}

static void what_only_the_first_has_is_found_and_who_has_it_in_the_other(void **state)
{
    (void)state;
    struct dz_graph alone = {0}, shared = {0};
    struct dz_beyond beyond;
    struct dz_bits found = {0};
    make(&alone, &shared, DZ_OUTCOME_PROVED);
    assert_int_equal(dz_beyond_begin(&beyond, &alone, &shared), 0);
    assert_int_equal(dz_beyond_find(&beyond, "t.py::test", &found), 0);
    uint32_t input = dz_bits_next(&found, 0);
    assert_true(input != UINT32_MAX && is_named(&alone, input, "deep"));
    assert_int_equal(dz_bits_next(&found, input + 1), UINT32_MAX);
    assert_string_equal(dz_beyond_holder(&beyond, input, "t.py::test"), "t.py::other");
    assert_null(dz_beyond_holder(&beyond, input, "t.py::other"));
    dz_bits_free(&found);
    dz_beyond_free(&beyond);
    dz_graph_free(&alone);
    dz_graph_free(&shared);
}

static void more_in_the_other_is_nothing(void **state)
{
    (void)state;
    struct dz_graph alone = {0}, shared = {0};
    struct dz_beyond beyond;
    struct dz_bits found = {0};
    make(&alone, &shared, DZ_OUTCOME_PROVED);
    assert_int_equal(dz_beyond_begin(&beyond, &shared, &alone), 0);
    assert_int_equal(dz_beyond_find(&beyond, "t.py::test", &found), 0);
    assert_int_equal(dz_bits_next(&found, 0), UINT32_MAX);
    /* That one knows nothing of. */
    assert_int_equal(dz_beyond_find(&beyond, "t.py::other", &found), 1);
    assert_int_equal(dz_bits_next(&found, 0), UINT32_MAX);
    dz_bits_free(&found);
    dz_beyond_free(&beyond);
    dz_graph_free(&alone);
    dz_graph_free(&shared);
}

static void who_runs_each_time_anyway_has_nothing_to_be_found(void **state)
{
    (void)state;
    static const uint32_t outcomes[] = {DZ_OUTCOME_OPEN, DZ_OUTCOME_FAILED, DZ_OUTCOME_DUE};
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
        struct dz_graph alone = {0}, shared = {0};
        struct dz_beyond beyond;
        struct dz_bits found = {0};
        make(&alone, &shared, outcomes[i]);
        assert_int_equal(dz_beyond_begin(&beyond, &alone, &shared), 0);
        assert_int_equal(dz_beyond_find(&beyond, "t.py::test", &found), 1);
        assert_int_equal(dz_bits_next(&found, 0), UINT32_MAX);
        dz_bits_free(&found);
        dz_beyond_free(&beyond);
        dz_graph_free(&alone);
        dz_graph_free(&shared);
    }
}

/* What a module's import has run is of all processes of a job. */
static void what_is_behind_an_element_that_both_have_is_nothing(void **state)
{
    (void)state;
    static const char *const names[] = {"import m.py", "py.import m"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct dz_graph alone = {0}, shared = {0};
        struct dz_beyond beyond;
        struct dz_bits found = {0};
        uint32_t behind = made_node(&alone, names[i]);
        made_node_has(&alone, made_input(&alone, function(&alone, "of_another_test")));
        uint32_t test = made_node(&alone, "test t.py::test");
        made_node_leans(&alone, behind);
        made_record(&alone, "t.py::test", made_file(&alone, "t.py", DZ_NONE), test,
                    DZ_OUTCOME_PROVED);
        behind = made_node(&shared, names[i]);
        test = made_node(&shared, "test t.py::test");
        made_node_leans(&shared, behind);
        made_record(&shared, "t.py::test", made_file(&shared, "t.py", DZ_NONE), test,
                    DZ_OUTCOME_PROVED);
        if (dz_graph_identify(&alone) < 0 || dz_graph_identify(&shared) < 0)
            abort();
        assert_int_equal(dz_beyond_begin(&beyond, &alone, &shared), 0);
        assert_int_equal(dz_beyond_find(&beyond, "t.py::test", &found), 0);
        assert_int_equal(dz_bits_next(&found, 0) != UINT32_MAX, i == 1);
        dz_bits_free(&found);
        dz_beyond_free(&beyond);
        dz_graph_free(&alone);
        dz_graph_free(&shared);
    }
}

static void without_memory_it_is_said(void **state)
{
    (void)state;
    struct dz_graph alone = {0}, shared = {0};
    make(&alone, &shared, DZ_OUTCOME_PROVED);
    int ended_well = 0;
    for (unsigned long n = 1; !ended_well; n++) {
        struct dz_beyond beyond;
        struct dz_bits found = {0};
        dz_mem_fail_after(n);
        int r = dz_beyond_begin(&beyond, &alone, &shared);
        if (r == 0)
            r = dz_beyond_find(&beyond, "t.py::test", &found);
        dz_mem_fail_after(0);
        assert_true(r == 0 || r == -12);
        ended_well = r == 0;
        assert_true(n > 1 || !ended_well);
        dz_bits_free(&found);
        dz_beyond_free(&beyond);
    }
    dz_graph_free(&alone);
    dz_graph_free(&shared);
}

/* Of two graphs made by chance, with the same few keys: as by going through both. */
static void collect(const struct dz_graph *graph, uint32_t node, uint8_t *inputs)
{
    struct dz_range own = graph->nodes[node].inputs, leans = graph->nodes[node].leans;
    for (uint32_t i = own.at; i < own.at + own.n; i++)
        inputs[graph->input_list[i]] = 1;
    for (uint32_t i = leans.at; i < leans.at + leans.n; i++)
        collect(graph, graph->lean_list[i], inputs);
}

static void make_by_chance(struct dz_graph *graph, uint64_t *seed)
{
    for (uint32_t i = 0; i < 8; i++) {
        uint32_t node = made_node(graph, made_name("test %u", i));
        for (uint32_t k = draw(seed, 3); k; k--) {
            char name[8];
            snprintf(name, sizeof name, "f%u", draw(seed, 6));
            made_node_has(graph, made_input(graph, function(graph, name)));
        }
        for (uint32_t on = 0; on < node; on++)
            if (draw(seed, 4) == 0)
                made_node_leans(graph, on);
    }
    made_record(graph, "t.py::test", made_file(graph, "t.py", DZ_NONE), 7, DZ_OUTCOME_PROVED);
    if (dz_graph_identify(graph) < 0)
        abort();
}

static int has_named(const struct dz_graph *graph, const uint8_t *inputs, const char *name)
{
    for (uint32_t i = 0; i < graph->n_inputs; i++)
        if (inputs[i] && is_named(graph, i, name))
            return 1;
    return 0;
}

static void it_is_the_difference_of_what_both_reach(void **state)
{
    (void)state;
    uint64_t seed = 5;
    unsigned n_some = 0;
    for (int round = 0; round < 500; round++) {
        struct dz_graph alone = {0}, shared = {0};
        struct dz_beyond beyond;
        struct dz_bits found = {0};
        uint8_t has[64] = {0}, held[64] = {0};
        make_by_chance(&alone, &seed);
        make_by_chance(&shared, &seed);
        collect(&alone, 7, has);
        collect(&shared, 7, held);
        assert_int_equal(dz_beyond_begin(&beyond, &alone, &shared), 0);
        assert_int_equal(dz_beyond_find(&beyond, "t.py::test", &found), 0);
        for (uint32_t i = 0; i < alone.n_inputs; i++) {
            const char *name = dz_strings_text(&alone.strings, alone.inputs[i].name);
            int is_missing = has[i] && !has_named(&shared, held, name);
            assert_int_equal(dz_bits_has(&found, i), is_missing);
            n_some += (unsigned)is_missing;
        }
        dz_bits_free(&found);
        dz_beyond_free(&beyond);
        dz_graph_free(&alone);
        dz_graph_free(&shared);
    }
    assert_true(n_some > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_only_the_first_has_is_found_and_who_has_it_in_the_other),
        cmocka_unit_test(more_in_the_other_is_nothing),
        cmocka_unit_test(who_runs_each_time_anyway_has_nothing_to_be_found),
        cmocka_unit_test(what_is_behind_an_element_that_both_have_is_nothing),
        cmocka_unit_test(without_memory_it_is_said),
        cmocka_unit_test(it_is_the_difference_of_what_both_reach),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
