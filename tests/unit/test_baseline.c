/* A baseline is what was written, or it is refused. */
#include "../../host/record/baseline.h"
#include "../made_graph.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct dz_fingerprint key = {{1, 2, 3}};
static const struct made_size most = {
    .inputs = 40, .nodes = 40, .files = 6, .records_of_a_file = 8, .unprovable = 20, .leans = 3};

static void write_graph(const struct dz_graph *graph, struct dz_buf *to)
{
    assert_int_equal(dz_baseline_write(graph, &key, to), 0);
}

static int read_bytes(const void *bytes, size_t size, struct dz_graph *ret, struct dz_err *err)
{
    struct dz_baseline *baseline = dz_baseline_open(bytes, size, err);
    if (!baseline)
        return err->code;
    assert_memory_equal(dz_baseline_key(baseline), &key, sizeof key);
    int r = dz_baseline_read(baseline, ret, err);
    dz_baseline_close(baseline);
    return r;
}

static void read_back(const struct dz_buf *bytes, struct dz_graph *ret)
{
    struct dz_err err;
    if (read_bytes(bytes->data, bytes->len, ret, &err) < 0)
        fail_msg("%s", err.text);
}

/* ---- equal graphs ---- */

static void check_text(const struct dz_graph *a, uint32_t x, const struct dz_graph *b, uint32_t y)
{
    assert_int_equal(!x, !y);
    assert_string_equal(dz_strings_text(&a->strings, x), dz_strings_text(&b->strings, y));
}

static void check_inputs(const struct dz_graph *a, const struct dz_graph *b)
{
    assert_int_equal(a->n_inputs, b->n_inputs);
    for (uint32_t i = 0; i < a->n_inputs; i++) {
        struct dz_input x = a->inputs[i], y = b->inputs[i];
        check_text(a, x.path, b, y.path);
        check_text(a, x.name, b, y.name);
        x.path = y.path;
        x.name = y.name;
        assert_memory_equal(&x, &y, sizeof x);
    }
}

static void check_list(const uint32_t *a, struct dz_range x, const uint32_t *b, struct dz_range y)
{
    assert_int_equal(x.n, y.n);
    if (x.n)
        assert_memory_equal(a + x.at, b + y.at, x.n * sizeof *a);
}

static void check_nodes(const struct dz_graph *a, const struct dz_graph *b)
{
    assert_int_equal(a->n_nodes, b->n_nodes);
    for (uint32_t i = 0; i < a->n_nodes; i++) {
        check_text(a, a->nodes[i].name, b, b->nodes[i].name);
        check_list(a->input_list, a->nodes[i].inputs, b->input_list, b->nodes[i].inputs);
        check_list(a->lean_list, a->nodes[i].leans, b->lean_list, b->nodes[i].leans);
        assert_memory_equal(&a->nodes[i].id, &b->nodes[i].id, sizeof a->nodes[i].id);
    }
}

static void check_tests(const struct dz_graph *a, const struct dz_graph *b)
{
    assert_int_equal(a->n_files, b->n_files);
    for (uint32_t i = 0; i < a->n_files; i++) {
        check_text(a, a->files[i].path, b, b->files[i].path);
        assert_int_equal(a->files[i].node, b->files[i].node);
    }
    assert_int_equal(a->n_records, b->n_records);
    for (uint32_t i = 0; i < a->n_records; i++) {
        struct dz_record x = a->records[i], y = b->records[i];
        check_text(a, x.nodeid, b, y.nodeid);
        x.nodeid = y.nodeid;
        assert_memory_equal(&x, &y, sizeof x);
    }
}

static void check_looks(const struct dz_graph *a, const struct dz_graph *b)
{
    assert_int_equal(a->n_looks, b->n_looks);
    for (uint32_t i = 0; i < a->n_looks; i++) {
        struct dz_look x = a->looks[i], y = b->looks[i];
        check_text(a, x.path, b, y.path);
        x.path = y.path;
        assert_memory_equal(&x, &y, sizeof x);
    }
}

static void check_equal(const struct dz_graph *a, const struct dz_graph *b)
{
    check_inputs(a, b);
    check_nodes(a, b);
    check_tests(a, b);
    check_looks(a, b);
}

/* ---- tests ---- */

static void what_is_written_is_read(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        struct made_size size = made_size_up_to(&most, seed);
        struct dz_graph graph, again;
        dz_autobuf struct dz_buf bytes = {0}, twice = {0};
        made_graph(&graph, &size, seed);
        write_graph(&graph, &bytes);
        read_back(&bytes, &again);
        assert_int_equal(dz_graph_identify(&graph), 0);
        check_equal(&graph, &again);
        write_graph(&again, &twice);
        assert_int_equal(bytes.len, twice.len);
        assert_memory_equal(bytes.data, twice.data, bytes.len);
        dz_graph_free(&graph);
        dz_graph_free(&again);
    }
}

static void a_large_one_comes_back_from_many_frames(void **state)
{
    (void)state;
    struct made_size size = {.inputs = 2000,
                             .nodes = 3000,
                             .files = 300,
                             .records_of_a_file = 60,
                             .unprovable = 50,
                             .leans = 40};
    struct dz_graph graph, again;
    dz_autobuf struct dz_buf bytes = {0};
    made_graph(&graph, &size, 1);
    assert_int_equal(dz_graph_identify(&graph), 0);
    write_graph(&graph, &bytes);
    read_back(&bytes, &again);
    check_equal(&graph, &again);
    dz_graph_free(&graph);
    dz_graph_free(&again);
}

static void numbers_at_their_limits_come_back(void **state)
{
    (void)state;
    struct dz_graph graph = {0}, again;
    dz_autobuf struct dz_buf bytes = {0};
    struct dz_input input = {
        .kind = DZ_INPUT_UNPROVABLE, .path = made_string(&graph, ""), .k = UINT32_MAX};
    made_input(&graph, input);
    struct dz_look look = {.path = made_string(&graph, "\xff\n"),
                           .mode = UINT16_MAX,
                           .is_exact = 1,
                           .size = UINT64_MAX,
                           .inode = UINT64_MAX,
                           .mtime_ns = INT64_MIN,
                           .ctime_ns = INT64_MAX,
                           .looked_ns = -1};
    made_look(&graph, look);
    look.path = made_string(&graph, "a");
    look.inode = 0;
    look.mtime_ns = INT64_MAX;
    made_look(&graph, look);
    made_node(&graph, "n");
    made_node_has(&graph, 0);
    made_record(&graph, "", made_file(&graph, "f", DZ_NONE), DZ_NONE, DZ_OUTCOME_DUE);
    graph.records[0].day = graph.records[0].duration_us = UINT32_MAX;
    assert_int_equal(dz_graph_identify(&graph), 0);
    write_graph(&graph, &bytes);
    read_back(&bytes, &again);
    check_equal(&graph, &again);
    dz_graph_free(&graph);
    dz_graph_free(&again);
}

/* ---- read here and there ---- */

static void check_selected(const struct dz_selection *a, const struct dz_selection *b,
                           const struct dz_graph *graph)
{
    assert_int_equal(a->n_selected, b->n_selected);
    assert_memory_equal(a->nodes, b->nodes, graph->n_nodes * sizeof *a->nodes);
    assert_memory_equal(a->records, b->records, graph->n_records);
    assert_memory_equal(a->files, b->files, graph->n_files);
}

static void check_named(const struct dz_graph *graph, const struct dz_graph *glance,
                        const uint8_t *wanted)
{
    for (uint32_t i = 0; i < graph->n_records; i++)
        if (wanted[i]) {
            check_text(graph, graph->records[i].nodeid, glance, glance->records[i].nodeid);
            assert_int_equal(graph->records[i].day, glance->records[i].day);
            assert_int_equal(graph->records[i].duration_us, glance->records[i].duration_us);
        }
}

static void glance_at(const struct dz_graph *graph, uint64_t chance)
{
    dz_autobuf struct dz_buf bytes = {0};
    struct dz_graph glance;
    struct dz_bits changed = {0};
    struct dz_selection all, searched;
    struct dz_err err;
    write_graph(graph, &bytes);
    struct dz_baseline *baseline = dz_baseline_open(bytes.data, bytes.len, &err);
    assert_non_null(baseline);
    assert_int_equal(dz_baseline_glance(baseline, &glance, &err), 0);
    check_inputs(graph, &glance);
    check_looks(graph, &glance);
    assert_int_equal(graph->n_nodes, glance.n_nodes);
    uint32_t one_in = 1 + draw(&chance, 20);
    for (uint32_t i = 0; i < graph->n_inputs; i++)
        if (draw(&chance, one_in) == 0 && dz_bits_set(&changed, i) < 0)
            abort();
    assert_int_equal(dz_select(&all, graph, &changed), 0);
    assert_int_equal(dz_baseline_select(&searched, baseline, &glance, &changed, &err), 0);
    check_selected(&all, &searched, graph);
    for (uint32_t i = 0; i < graph->n_records; i++)
        all.records[i] = draw(&chance, 9) == 0;
    assert_int_equal(dz_baseline_name(baseline, &glance, all.records, &err), 0);
    check_named(graph, &glance, all.records);
    dz_selection_free(&all);
    dz_selection_free(&searched);
    dz_bits_free(&changed);
    dz_graph_free(&glance);
    dz_baseline_close(baseline);
}

static void a_search_of_what_it_comes_by_finds_what_one_of_all_finds(void **state)
{
    (void)state;
    struct dz_graph graph;
    for (uint64_t seed = 0; seed < 2000; seed++) {
        struct made_size size = made_size_up_to(&most, seed);
        made_graph(&graph, &size, seed);
        glance_at(&graph, seed + 1);
        dz_graph_free(&graph);
    }
    struct made_size large = {.inputs = 2000,
                              .nodes = 3000,
                              .files = 300,
                              .records_of_a_file = 60,
                              .unprovable = 900,
                              .leans = 3};
    for (uint64_t seed = 0; seed < 3; seed++) {
        made_graph(&graph, &large, seed);
        glance_at(&graph, 5000 + seed);
        dz_graph_free(&graph);
    }
}

static void make_one(struct dz_buf *ret)
{
    struct dz_graph graph;
    made_graph(&graph, &most, 7);
    write_graph(&graph, ret);
    dz_graph_free(&graph);
}

static void each_damaged_byte_and_each_cut_is_noticed(void **state)
{
    (void)state;
    dz_autobuf struct dz_buf bytes = {0};
    struct dz_graph graph;
    struct dz_err err;
    make_one(&bytes);
    for (size_t i = 0; i < bytes.len; i++) {
        if (i >= 12 && i < 28)
            continue; /* the key: below */
        bytes.data[i] ^= 4;
        int expected = i >= 8 && i < 12 ? -ESTALE : -EBADMSG;
        assert_int_equal(read_bytes(bytes.data, bytes.len, &graph, &err), expected);
        assert_true(strstr(err.text, "baseline") != NULL);
        bytes.data[i] ^= 4;
        assert_int_equal(read_bytes(bytes.data, i, &graph, &err), -EBADMSG);
    }
    bytes.data[13] ^= 4;
    assert_null(dz_baseline_open(bytes.data, bytes.len, &err));
    assert_int_equal(err.code, -EBADMSG);
}

/* Whatever it comes by: what changed, a glance, and names. Negative with a sentence. */
static int search_bytes(const struct dz_buf *bytes, struct dz_err *err)
{
    struct dz_graph glance = {0};
    struct dz_bits changed = {0};
    struct dz_selection selection = {0};
    struct dz_baseline *baseline = dz_baseline_open(bytes->data, bytes->len, err);
    int r = baseline ? dz_baseline_glance(baseline, &glance, err) : err->code;
    for (uint32_t i = 0; r == 0 && i < glance.n_inputs; i++)
        if (dz_bits_set(&changed, i) < 0)
            r = dz_fail(err, -ENOMEM, "no memory for what has changed in a baseline");
    if (r == 0)
        r = dz_baseline_select(&selection, baseline, &glance, &changed, err);
    if (r == 0)
        r = dz_baseline_name(baseline, &glance, selection.records, err);
    dz_selection_free(&selection);
    dz_bits_free(&changed);
    dz_graph_free(&glance);
    dz_baseline_close(baseline);
    return r;
}

static void a_search_that_comes_by_damage_says_so(void **state)
{
    (void)state;
    dz_autobuf struct dz_buf bytes = {0};
    struct dz_err err;
    unsigned n_noticed = 0;
    make_one(&bytes);
    assert_int_equal(search_bytes(&bytes, &err), 0);
    for (size_t i = 28; i < bytes.len; i++) {
        bytes.data[i] ^= 4;
        int r = search_bytes(&bytes, &err);
        assert_true(r == 0 || (r == -EBADMSG && strstr(err.text, "baseline")));
        n_noticed += r < 0;
        bytes.data[i] ^= 4;
    }
    /* All but names of nodes, which nobody has asked for. */
    assert_true(n_noticed > bytes.len * 2 / 3 && n_noticed < bytes.len - 28);
}

static void without_memory_nothing_is_searched(void **state)
{
    (void)state;
    dz_autobuf struct dz_buf bytes = {0};
    struct dz_err err;
    int r = -1;
    unsigned long n = 0;
    make_one(&bytes);
    while (r < 0) {
        dz_mem_fail_after(++n);
        r = search_bytes(&bytes, &err);
        dz_mem_fail_after(0);
        assert_true(r == 0 || (r == -ENOMEM && strstr(err.text, "baseline")));
    }
    assert_true(n > 20);
}

static void a_newer_version_is_a_sentence_of_its_own(void **state)
{
    (void)state;
    dz_autobuf struct dz_buf bytes = {0};
    struct dz_err err;
    make_one(&bytes);
    bytes.data[8]++;
    assert_null(dz_baseline_open(bytes.data, bytes.len, &err));
    assert_int_equal(err.code, -ESTALE);
    assert_non_null(strstr(err.text, "a baseline of version 4, where 3 is in use"));
}

static void without_memory_nothing_is_read_or_written(void **state)
{
    (void)state;
    struct dz_graph graph, again;
    struct dz_err err;
    dz_autobuf struct dz_buf bytes = {0};
    made_graph(&graph, &most, 7);
    int r = -1;
    unsigned long n = 0;
    while (r < 0) {
        struct dz_buf to = {0};
        dz_mem_fail_after(++n);
        r = dz_baseline_write(&graph, &key, &to);
        dz_mem_fail_after(0);
        assert_true(r == 0 || r == -ENOMEM);
        dz_buf_free(&to);
    }
    assert_true(n > 10);
    write_graph(&graph, &bytes);
    dz_graph_free(&graph);
    for (r = -1, n = 0; r < 0;) {
        dz_mem_fail_after(++n);
        r = read_bytes(bytes.data, bytes.len, &again, &err);
        dz_mem_fail_after(0);
        assert_true(r == 0 || (r == -ENOMEM && strstr(err.text, "baseline")));
    }
    assert_true(n > 20);
    dz_graph_free(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_large_one_comes_back_from_many_frames),
        cmocka_unit_test(numbers_at_their_limits_come_back),
        cmocka_unit_test(a_search_of_what_it_comes_by_finds_what_one_of_all_finds),
        cmocka_unit_test(each_damaged_byte_and_each_cut_is_noticed),
        cmocka_unit_test(a_search_that_comes_by_damage_says_so),
        cmocka_unit_test(without_memory_nothing_is_searched),
        cmocka_unit_test(a_newer_version_is_a_sentence_of_its_own),
        cmocka_unit_test(without_memory_nothing_is_read_or_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
