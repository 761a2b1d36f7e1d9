/* Of two graphs each test keeps what it has run with: whatever else both hold, its inputs are those of the job that ran
 * it. */
#include "../../host/base/buf.h"
#include "../../host/record/baseline.h"
#include "../../host/record/select.h"
#include "../made_graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct made_size most = {
    .inputs = 20, .nodes = 20, .files = 6, .records_of_a_file = 6, .unprovable = 10, .leans = 3};

/* ---- told in text: so that graphs of other numbers can be compared ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void put_input(const struct dz_graph *graph, uint32_t number, struct dz_buf *to)
{
    const struct dz_input *input = &graph->inputs[number];
    dz_buf_fmt(to, "%u.%u %s/%s#%u ", input->kind, input->of,
               dz_strings_text(&graph->strings, input->path),
               dz_strings_text(&graph->strings, input->name), input->k);
    for (int i = 0; i < 16; i++)
        dz_buf_fmt(to, "%02x", input->fingerprint.bytes[i]);
}

static void mark(const struct dz_graph *graph, uint32_t node, uint8_t *nodes, uint8_t *inputs)
{
    struct dz_range own = graph->nodes[node].inputs, leans = graph->nodes[node].leans;
    if (nodes[node])
        return;
    nodes[node] = 1;
    for (uint32_t i = own.at; i < own.at + own.n; i++)
        inputs[graph->input_list[i]] = 1;
    for (uint32_t i = leans.at; i < leans.at + leans.n; i++)
        mark(graph, graph->lean_list[i], nodes, inputs);
}

/* All inputs that the node depends on, sorted. */
static void put_node(const struct dz_graph *graph, uint32_t node, struct dz_buf *to)
{
    uint8_t nodes[512] = {0}, inputs[512] = {0};
    char *texts[512];
    size_t n = 0;
    if (node == DZ_NONE) {
        dz_buf_str(to, " none\n");
        return;
    }
    assert_true(graph->n_nodes <= 512 && graph->n_inputs <= 512);
    mark(graph, node, nodes, inputs);
    for (uint32_t i = 0; i < graph->n_inputs; i++) {
        struct dz_buf text = {0};
        if (!inputs[i])
            continue;
        put_input(graph, i, &text);
        dz_buf_put(&text, "", 1);
        texts[n++] = text.data;
    }
    qsort(texts, n, sizeof *texts, by_text);
    for (size_t i = 0; i < n; i++) {
        dz_buf_fmt(to, "\n    %s", texts[i]);
        dz_free(texts[i]);
    }
    dz_buf_str(to, "\n");
}

static void put_record(const struct dz_graph *graph, const struct dz_record *record,
                       struct dz_buf *to)
{
    dz_buf_fmt(to, "  %s: %u, %u us, day %u", dz_strings_text(&graph->strings, record->nodeid),
               record->outcome, record->duration_us, record->day);
    put_node(graph, record->node, to);
}

static void put_file(const struct dz_graph *graph, uint32_t file, struct dz_buf *to)
{
    dz_buf_str(to, dz_strings_text(&graph->strings, graph->files[file].path));
    put_node(graph, graph->files[file].node, to);
}

static void put_look(const struct dz_graph *graph, const struct dz_look *look, struct dz_buf *to)
{
    dz_buf_fmt(to, "look %s %u %u %llu %llu %lld %lld %lld %u\n",
               dz_strings_text(&graph->strings, look->path), look->mode, look->is_exact,
               (unsigned long long)look->size, (unsigned long long)look->inode,
               (long long)look->mtime_ns, (long long)look->ctime_ns, (long long)look->looked_ns,
               look->content.bytes[3]);
}

static void tell(const struct dz_graph *graph, struct dz_buf *to)
{
    for (uint32_t i = 0; i < graph->n_files; i++) {
        put_file(graph, i, to);
        for (uint32_t k = 0; k < graph->n_records; k++)
            if (graph->records[k].file == i)
                put_record(graph, &graph->records[k], to);
    }
    for (uint32_t i = 0; i < graph->n_looks; i++)
        put_look(graph, &graph->looks[i], to);
    dz_buf_put(to, "", 1);
}

static void check_same(const struct dz_graph *a, const struct dz_graph *b)
{
    dz_autobuf struct dz_buf x = {0}, y = {0};
    tell(a, &x);
    tell(b, &y);
    assert_string_equal(x.data, y.data);
}

/* ---- what is expected ---- */

static uint32_t file_of(const struct dz_graph *graph, const char *path)
{
    for (uint32_t i = 0; i < graph->n_files; i++)
        if (strcmp(dz_strings_text(&graph->strings, graph->files[i].path), path) == 0)
            return i;
    return DZ_NONE;
}

static const struct dz_record *record_of(const struct dz_graph *graph, const char *nodeid)
{
    for (uint32_t i = 0; i < graph->n_records; i++)
        if (strcmp(dz_strings_text(&graph->strings, graph->records[i].nodeid), nodeid) == 0)
            return &graph->records[i];
    return NULL;
}

static const char *path_of(const struct dz_graph *graph, const struct dz_record *record)
{
    return dz_strings_text(&graph->strings, graph->files[record->file].path);
}

/* As the header says it, of one test. */
static void expect(const char *nodeid, const struct dz_graph *older, const struct dz_graph *newer,
                   struct dz_buf *to)
{
    const struct dz_record *was = record_of(older, nodeid), *is = record_of(newer, nodeid);
    if (!is) {
        uint32_t file = file_of(newer, path_of(older, was));
        if (file == DZ_NONE || newer->files[file].node == DZ_NONE)
            put_record(older, was, to);
        return;
    }
    if (is->node == DZ_NONE && was && is->outcome == DZ_OUTCOME_PROVED) {
        put_record(older, was, to);
    } else if (is->node == DZ_NONE && was && is->outcome == DZ_OUTCOME_DUE) {
        struct dz_record due = *was;
        due.outcome = DZ_OUTCOME_DUE;
        put_record(older, &due, to);
    } else {
        put_record(newer, is, to);
    }
}

static void check_test(const struct dz_graph *ret, const char *nodeid, const struct dz_graph *older,
                       const struct dz_graph *newer)
{
    dz_autobuf struct dz_buf expected = {0}, got = {0};
    const struct dz_record *record = record_of(ret, nodeid);
    expect(nodeid, older, newer, &expected);
    if (record)
        put_record(ret, record, &got);
    dz_buf_put(&expected, "", 1);
    dz_buf_put(&got, "", 1);
    assert_string_equal(expected.data, got.data);
}

static void check_file(const struct dz_graph *ret, const char *path, const struct dz_graph *older,
                       const struct dz_graph *newer)
{
    dz_autobuf struct dz_buf expected = {0}, got = {0};
    uint32_t is = file_of(newer, path), was = file_of(older, path), file = file_of(ret, path);
    assert_int_not_equal(file, DZ_NONE);
    if (is != DZ_NONE)
        put_file(newer, is, &expected);
    else
        put_file(older, was, &expected);
    put_file(ret, file, &got);
    dz_buf_put(&expected, "", 1);
    dz_buf_put(&got, "", 1);
    assert_string_equal(expected.data, got.data);
}

static void check_all_tests(const struct dz_graph *ret, const struct dz_graph *older,
                            const struct dz_graph *newer)
{
    for (uint32_t i = 0; i < older->n_records; i++)
        check_test(ret, dz_strings_text(&older->strings, older->records[i].nodeid), older, newer);
    for (uint32_t i = 0; i < newer->n_records; i++)
        check_test(ret, dz_strings_text(&newer->strings, newer->records[i].nodeid), older, newer);
    for (uint32_t i = 0; i < older->n_files; i++)
        check_file(ret, dz_strings_text(&older->strings, older->files[i].path), older, newer);
    for (uint32_t i = 0; i < newer->n_files; i++)
        check_file(ret, dz_strings_text(&newer->strings, newer->files[i].path), older, newer);
}

/* Nothing is there twice, or for nobody. */
static void check_is_small(const struct dz_graph *ret)
{
    uint8_t nodes[512] = {0}, inputs[512] = {0};
    for (uint32_t i = 0; i < ret->n_records; i++)
        if (ret->records[i].node != DZ_NONE)
            mark(ret, ret->records[i].node, nodes, inputs);
    for (uint32_t i = 0; i < ret->n_files; i++)
        if (ret->files[i].node != DZ_NONE)
            mark(ret, ret->files[i].node, nodes, inputs);
    for (uint32_t i = 0; i < ret->n_nodes; i++) {
        assert_true(nodes[i]);
        for (uint32_t k = 0; k < i; k++)
            assert_memory_not_equal(&ret->nodes[i].id, &ret->nodes[k].id, 16);
    }
    for (uint32_t i = 0; i < ret->n_inputs; i++) {
        assert_true(inputs[i]);
        for (uint32_t k = 0; k < i; k++)
            assert_memory_not_equal(&ret->inputs[i], &ret->inputs[k], sizeof *ret->inputs);
    }
}

static void check_lists(const struct dz_graph *ret)
{
    for (uint32_t i = 0; i < ret->n_nodes; i++) {
        struct dz_range own = ret->nodes[i].inputs, leans = ret->nodes[i].leans;
        for (uint32_t k = own.at; k < own.at + own.n; k++)
            assert_true(k == own.at || ret->input_list[k - 1] < ret->input_list[k]);
        for (uint32_t k = leans.at; k < leans.at + leans.n; k++) {
            assert_true(k == leans.at || ret->lean_list[k - 1] < ret->lean_list[k]);
            assert_true(ret->lean_list[k] < i);
        }
    }
}

static const struct dz_look *look_of(const struct dz_graph *graph, const char *path)
{
    for (uint32_t i = 0; i < graph->n_looks; i++)
        if (strcmp(dz_strings_text(&graph->strings, graph->looks[i].path), path) == 0)
            return &graph->looks[i];
    return NULL;
}

static int has_input(const struct dz_graph *graph, const char *text)
{
    for (uint32_t i = 0; i < graph->n_inputs; i++) {
        dz_autobuf struct dz_buf one = {0};
        put_input(graph, i, &one);
        dz_buf_put(&one, "", 1);
        if (strcmp(one.data, text) == 0)
            return 1;
    }
    return 0;
}

/* An exact look that stays so: each input of its path was exact with that very content. */
static int is_exact_by(const struct dz_graph *graph, const char *path, const char *input,
                       const struct dz_look *look)
{
    const struct dz_look *its = look_of(graph, path);
    return has_input(graph, input) && its && its->is_exact &&
           memcmp(&its->content, &look->content, sizeof look->content) == 0;
}

static void check_look(const struct dz_graph *ret, const struct dz_look *look,
                       const struct dz_graph *older, const struct dz_graph *newer)
{
    const char *path = dz_strings_text(&ret->strings, look->path);
    const struct dz_look *is = look_of(newer, path), *from = is ? is : look_of(older, path);
    assert_non_null(from);
    assert_memory_equal(&from->content, &look->content, sizeof look->content);
    assert_int_equal(from->mtime_ns, look->mtime_ns);
    if (!look->is_exact)
        return;
    for (uint32_t i = 0; i < ret->n_inputs; i++) {
        dz_autobuf struct dz_buf input = {0};
        if (strcmp(dz_strings_text(&ret->strings, ret->inputs[i].path), path) != 0)
            continue;
        put_input(ret, i, &input);
        dz_buf_put(&input, "", 1);
        assert_true(is_exact_by(older, path, input.data, look) ||
                    is_exact_by(newer, path, input.data, look));
    }
}

static void check_looks(const struct dz_graph *ret, const struct dz_graph *older,
                        const struct dz_graph *newer)
{
    for (uint32_t i = 0; i < ret->n_looks; i++)
        check_look(ret, &ret->looks[i], older, newer);
    for (uint32_t i = 0; i < ret->n_inputs; i++) {
        const char *path = dz_strings_text(&ret->strings, ret->inputs[i].path);
        assert_int_equal(!look_of(ret, path), !look_of(older, path) && !look_of(newer, path));
    }
}

/* ---- graphs of which some files, and some nodes, are not there ---- */

static void thin(struct dz_graph *graph, uint64_t seed)
{
    uint32_t n_files = 0, n_records = 0, numbers[64];
    for (uint32_t i = 0; i < graph->n_files; i++) {
        numbers[i] = draw(&seed, 4) ? n_files : DZ_NONE;
        if (numbers[i] != DZ_NONE)
            graph->files[n_files++] = graph->files[i];
    }
    for (uint32_t i = 0; i < graph->n_records; i++) {
        struct dz_record record = graph->records[i];
        if (numbers[record.file] == DZ_NONE || draw(&seed, 8) == 0)
            continue;
        if (draw(&seed, 3) == 0)
            record.node = DZ_NONE;
        record.file = numbers[record.file];
        graph->records[n_records++] = record;
    }
    graph->n_files = n_files;
    graph->n_records = n_records;
    for (uint32_t i = 0; i < graph->n_looks; i++) {
        graph->looks[i].is_exact = draw(&seed, 4) != 0;
        graph->looks[i].content.bytes[3] = (uint8_t)draw(&seed, 2);
    }
}

static void make(struct dz_graph *ret, uint64_t seed)
{
    struct made_size size = made_size_up_to(&most, seed);
    made_graph(ret, &size, seed);
    thin(ret, seed);
}

static void compose(struct dz_graph *ret, const struct dz_graph *older,
                    const struct dz_graph *newer)
{
    assert_int_equal(dz_baseline_compose(ret, older, newer), 0);
}

/* ---- tests ---- */

static void each_test_keeps_what_it_has_run_with(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 1500; seed++) {
        struct dz_graph older, newer, ret;
        make(&older, 2 * seed);
        make(&newer, 2 * seed + 1);
        compose(&ret, &older, &newer);
        check_all_tests(&ret, &older, &newer);
        check_is_small(&ret);
        check_lists(&ret);
        check_looks(&ret, &older, &newer);
        dz_graph_free(&older);
        dz_graph_free(&newer);
        dz_graph_free(&ret);
    }
}

static void what_is_composed_is_read_again(void **state)
{
    (void)state;
    static const struct dz_fingerprint key;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct dz_graph older, newer, ret, again;
        struct dz_err err;
        dz_autobuf struct dz_buf bytes = {0};
        make(&older, seed);
        make(&newer, seed + 1000);
        compose(&ret, &older, &newer);
        assert_int_equal(dz_baseline_write(&ret, &key, &bytes), 0);
        struct dz_baseline *baseline = dz_baseline_open(bytes.data, bytes.len, &err);
        assert_non_null(baseline);
        assert_int_equal(dz_baseline_read(baseline, &again, &err), 0);
        check_same(&ret, &again);
        for (uint32_t i = 0; i < ret.n_nodes; i++)
            assert_memory_equal(&ret.nodes[i].id, &again.nodes[i].id, 16);
        dz_baseline_close(baseline);
        dz_graph_free(&older);
        dz_graph_free(&newer);
        dz_graph_free(&ret);
        dz_graph_free(&again);
    }
}

static void composing_the_same_again_changes_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct dz_graph older, newer, once, twice;
        make(&older, seed);
        make(&newer, seed + 5000);
        /* Of two contents that differ, which look is exact depends on what was there before. */
        for (uint32_t i = 0; i < newer.n_looks; i++)
            newer.looks[i].is_exact = 0;
        compose(&once, &older, &newer);
        compose(&twice, &once, &newer);
        check_same(&once, &twice);
        dz_graph_free(&older);
        dz_graph_free(&newer);
        dz_graph_free(&once);
        dz_graph_free(&twice);
    }
}

/* Only the files whose number is odd, or even. */
static void halve(struct dz_graph *graph, uint32_t odd)
{
    uint32_t n_files = 0, n_records = 0;
    for (uint32_t i = 0; i < graph->n_records; i++) {
        struct dz_record record = graph->records[i];
        if (record.file % 2 != odd)
            continue;
        record.file /= 2;
        graph->records[n_records++] = record;
    }
    for (uint32_t i = odd; i < graph->n_files; i += 2)
        graph->files[n_files++] = graph->files[i];
    graph->n_files = n_files;
    graph->n_records = n_records;
    graph->n_looks = 0;
}

static void jobs_of_different_files_compose_in_any_order(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct made_size size = most;
        struct dz_graph older, odd, even, one, two, odd_first, even_first;
        made_graph(&older, &size, seed);
        made_graph(&odd, &size, seed + 1);
        made_graph(&even, &size, seed + 2);
        halve(&odd, 1);
        halve(&even, 0);
        compose(&one, &older, &odd);
        compose(&odd_first, &one, &even);
        compose(&two, &older, &even);
        compose(&even_first, &two, &odd);
        /* A look that one of them needs and the other does not is kept or not. */
        odd_first.n_looks = even_first.n_looks = 0;
        check_same(&odd_first, &even_first);
        struct dz_graph *all[] = {&older, &odd, &even, &one, &two, &odd_first, &even_first};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
            dz_graph_free(all[i]);
    }
}

static void the_first_baseline_is_the_job_itself(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct dz_graph none = {0}, newer, ret;
        make(&newer, seed);
        compose(&ret, &none, &newer);
        newer.n_looks = ret.n_looks = 0; /* those that nobody needs are gone */
        check_same(&newer, &ret);
        dz_graph_free(&newer);
        dz_graph_free(&ret);
    }
}

static void a_job_of_nothing_changes_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct dz_graph older, none = {0}, first, ret;
        make(&older, seed);
        compose(&first, &none, &older);
        compose(&ret, &first, &none);
        check_same(&first, &ret);
        assert_int_equal(first.n_nodes, ret.n_nodes);
        dz_graph_free(&older);
        dz_graph_free(&first);
        dz_graph_free(&ret);
    }
}

/* ---- by hand ---- */

static uint32_t element(struct dz_graph *graph, const char *name, uint8_t fingerprint)
{
    return made_input(graph, (struct dz_input){.kind = DZ_INPUT_ELEMENT,
                                               .path = made_string(graph, "m.py"),
                                               .name = made_string(graph, name),
                                               .k = 1,
                                               .fingerprint = {{fingerprint}}});
}

/* A suite of one file with so many tests, each of a function of its own: as of the given day. */
static void make_suite(struct dz_graph *ret, uint32_t n, uint8_t fingerprint, uint32_t file_node)
{
    *ret = (struct dz_graph){0};
    uint32_t file = made_file(ret, "test_m.py", file_node);
    if (file_node != DZ_NONE)
        made_node_has(ret, element((made_node(ret, "test_m.py"), ret), "<module>", 0));
    for (uint32_t i = 0; i < n; i++) {
        char name[16], nodeid[32];
        snprintf(name, sizeof name, "f%u", i);
        snprintf(nodeid, sizeof nodeid, "test_m.py::test_%u", i);
        uint32_t input = element(ret, name, fingerprint);
        uint32_t node = made_node(ret, name);
        made_node_has(ret, input);
        made_record(ret, nodeid, file, node, DZ_OUTCOME_PROVED);
    }
}

static void a_run_of_one_test_still_yields_a_full_baseline(void **state)
{
    (void)state;
    struct dz_graph older, newer, ret;
    make_suite(&older, 10, 1, 0);
    make_suite(&newer, 10, 2, DZ_NONE);
    newer.records[0] = newer.records[4];
    newer.n_records = 1;
    compose(&ret, &older, &newer);
    assert_int_equal(ret.n_records, 10);
    for (uint32_t i = 0; i < 10; i++) {
        const struct dz_node *node = &ret.nodes[ret.records[i].node];
        const struct dz_input *input = &ret.inputs[ret.input_list[node->inputs.at]];
        assert_string_equal(dz_strings_text(&ret.strings, ret.records[i].nodeid),
                            made_name("test_m.py::test_%u", i));
        assert_int_equal(input->fingerprint.bytes[0], i == 4 ? 2 : 1);
    }
    dz_graph_free(&older);
    dz_graph_free(&newer);
    dz_graph_free(&ret);
}

static void a_test_that_is_gone_from_its_file_is_gone(void **state)
{
    (void)state;
    struct dz_graph older, newer, ret;
    make_suite(&older, 10, 1, 0);
    make_suite(&newer, 9, 1, 0);
    compose(&ret, &older, &newer);
    assert_int_equal(ret.n_records, 9);
    assert_null(record_of(&ret, "test_m.py::test_9"));
    dz_graph_free(&older);
    dz_graph_free(&newer);
    dz_graph_free(&ret);
}

static void what_was_left_out_is_what_it_was(void **state)
{
    (void)state;
    struct dz_graph older, newer, ret;
    make_suite(&older, 3, 1, 0);
    make_suite(&newer, 3, 2, 0);
    older.records[0].outcome = DZ_OUTCOME_FAILED;
    older.records[0].day = 19000;
    for (uint32_t i = 0; i < 3; i++)
        newer.records[i].node = DZ_NONE;
    newer.records[1].outcome = DZ_OUTCOME_DUE;
    newer.records[2].outcome = DZ_OUTCOME_FAILED;
    compose(&ret, &older, &newer);
    assert_int_equal(ret.records[0].outcome, DZ_OUTCOME_FAILED);
    assert_int_equal(ret.records[0].day, 19000);
    assert_int_equal(ret.records[1].outcome, DZ_OUTCOME_DUE);
    assert_int_not_equal(ret.records[1].node, DZ_NONE);
    /* Which inputs it failed with is not known: not those that it once passed with. */
    assert_int_equal(ret.records[2].outcome, DZ_OUTCOME_FAILED);
    assert_int_equal(ret.records[2].node, DZ_NONE);
    dz_graph_free(&older);
    dz_graph_free(&newer);
    dz_graph_free(&ret);
}

static void has(struct dz_graph *graph, uint32_t record, uint8_t parameters, int is_found)
{
    graph->records[record].parameters.bytes[0] = parameters;
    graph->records[record].is_found = is_found != 0;
}

/* A record is of the parameters that it ran with; whether the file's node says that they are these is another matter. */
static void parameters_are_found_where_the_file_was_collected_with_them(void **state)
{
    (void)state;
    struct dz_graph older, newer, ret;
    make_suite(&older, 4, 1, 0);
    make_suite(&newer, 4, 2, 0);
    for (uint32_t i = 0; i < 4; i++) {
        newer.records[i].node = i == 3 ? newer.records[i].node : DZ_NONE;
        newer.records[i].outcome = DZ_OUTCOME_PROVED;
    }
    has(&older, 0, 1, 0), has(&newer, 0, 1, 1); /* collected, with the same */
    has(&older, 1, 1, 1), has(&newer, 1, 2, 1); /* with others: it is another baseline's proof */
    has(&older, 2, 1, 1), has(&newer, 2, 0, 0); /* nobody knows with which */
    has(&older, 3, 1, 1), has(&newer, 3, 2, 0); /* it has run */
    compose(&ret, &older, &newer);
    static const struct {
        uint8_t parameters, is_found;
    } expected[] = {{1, 1}, {1, 0}, {1, 0}, {2, 1}};
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(ret.records[i].parameters.bytes[0], expected[i].parameters);
        assert_int_equal(ret.records[i].is_found, expected[i].is_found);
    }
    dz_graph_free(&older);
    dz_graph_free(&newer);
    dz_graph_free(&ret);
}

static void what_is_collected_in_part_has_only_the_parameters_that_all_had(void **state)
{
    (void)state;
    struct dz_graph older, newer, ret;
    make_suite(&older, 4, 1, 0);
    make_suite(&newer, 4, 2, 0);
    newer.files[0].node = DZ_NONE;
    newer.records[3].node = DZ_NONE;
    newer.records[3].outcome = DZ_OUTCOME_PROVED;
    has(&older, 0, 1, 1), has(&newer, 0, 1, 0);
    has(&older, 1, 1, 1), has(&newer, 1, 2, 0);
    has(&older, 2, 1, 0), has(&newer, 2, 1, 0);
    has(&older, 3, 1, 1), has(&newer, 3, 2, 0);
    compose(&ret, &older, &newer);
    static const struct {
        uint8_t parameters, is_found;
    } expected[] = {{1, 1}, {2, 0}, {1, 0}, {1, 1}};
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(ret.records[i].parameters.bytes[0], expected[i].parameters);
        assert_int_equal(ret.records[i].is_found, expected[i].is_found);
    }
    dz_graph_free(&older);
    dz_graph_free(&newer);
    dz_graph_free(&ret);
}

static void what_was_left_out_and_is_not_known_here_proves_nothing(void **state)
{
    (void)state;
    struct dz_graph none = {0}, newer, ret;
    struct dz_selection selection;
    struct dz_bits changed = {0};
    make_suite(&newer, 2, 1, 0);
    newer.records[1].node = DZ_NONE;
    compose(&ret, &none, &newer);
    assert_int_equal(dz_select(&selection, &ret, &changed), 0);
    assert_int_equal(selection.records[0], DZ_REASON_NONE);
    assert_int_equal(selection.records[1], DZ_REASON_UNKNOWN);
    dz_selection_free(&selection);
    dz_graph_free(&newer);
    dz_graph_free(&ret);
}

static void without_memory_nothing_is_composed(void **state)
{
    (void)state;
    struct dz_graph older, newer, ret;
    int r = -1;
    unsigned long n = 0;
    make(&older, 11);
    make(&newer, 12);
    while (r < 0) {
        dz_mem_fail_after(++n);
        r = dz_baseline_compose(&ret, &older, &newer);
        dz_mem_fail_after(0);
        assert_true(r == 0 || !ret.records);
    }
    assert_true(n > 30);
    dz_graph_free(&older);
    dz_graph_free(&newer);
    dz_graph_free(&ret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_test_keeps_what_it_has_run_with),
        cmocka_unit_test(what_is_composed_is_read_again),
        cmocka_unit_test(composing_the_same_again_changes_nothing),
        cmocka_unit_test(jobs_of_different_files_compose_in_any_order),
        cmocka_unit_test(the_first_baseline_is_the_job_itself),
        cmocka_unit_test(a_job_of_nothing_changes_nothing),
        cmocka_unit_test(a_run_of_one_test_still_yields_a_full_baseline),
        cmocka_unit_test(a_test_that_is_gone_from_its_file_is_gone),
        cmocka_unit_test(what_was_left_out_is_what_it_was),
        cmocka_unit_test(parameters_are_found_where_the_file_was_collected_with_them),
        cmocka_unit_test(what_is_collected_in_part_has_only_the_parameters_that_all_had),
        cmocka_unit_test(what_was_left_out_and_is_not_known_here_proves_nothing),
        cmocka_unit_test(without_memory_nothing_is_composed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
