/* From observations and sheets to the graph: what each test depends on, and what it does not. */
#include "../../host/base/mem.h"
#include "../../host/record/build.h"
#include "../made_log.h"
#include "../made_module.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

static char state[] = "/tmp/dagz-build-XXXXXX";

static int begin_all(void **unused)
{
    char path[128];
    (void)unused;
    assert_non_null(mkdtemp(state));
    snprintf(path, sizeof path, "%s/sheets", state);
    assert_int_equal(mkdir(path, 0777), 0);
    snprintf(path, sizeof path, "%s/sheets/3.12", state);
    return mkdir(path, 0777);
}

static int end_all(void **unused)
{
    char command[128];
    (void)unused;
    snprintf(command, sizeof command, "rm -r %s", state);
    return system(command);
}

/* ---- a job ---- */

struct job {
    struct dz_buf log;
    uint32_t n_strings, n_codes, n_spans, last_code;
    struct dz_observations all;
    struct dz_elements *elements;
    struct dz_distributions *distributions;
    struct dz_graph graph;
    unsigned n_asked; /* fingerprints */
    const char *ignore;
};

static uint32_t string(struct job *job, const char *text)
{
    put_string(&job->log, ++job->n_strings, text);
    return job->n_strings;
}

static void begin(struct job *job)
{
    *job = (struct job){0};
    put_head(&job->log, DZ_LOG_FRONT, "", (struct told){0}, 0);
}

/* Opens a span; what follows is of it, until the next one. */
static void span(struct job *job, enum dz_span_type type, const char *name)
{
    if (job->n_spans)
        put_end(&job->log, job->n_spans);
    put_span(&job->log, job->n_spans + 1, 0, (uint8_t)type, string(job, name));
    job->n_spans++;
}

static void fact(struct job *job, enum dz_fact fact, const char *text, uint64_t value)
{
    put_fact(&job->log, job->n_spans, (uint8_t)fact, string(job, text), value);
}

static void ran(struct job *job, uint32_t code)
{
    uint8_t byte = (uint8_t)code;
    assert_true(code && code < 128);
    put_ran_bytes(&job->log, job->n_spans, &byte, 1);
}

/* The module is imported, and has a sheet. The string of its path. */
static uint32_t import(struct job *job, struct made_module *module, const char *path,
                       const char *name)
{
    uint8_t hash[16];
    uint32_t file = string(job, path);
    if (module)
        made_write(module, state, path);
    made_hash(path, hash);
    put_source(&job->log, file, (char *)hash, sizeof hash);
    span(job, DZ_SPAN_IMPORT, name);
    put_fact(&job->log, job->n_spans, DZ_FACT_SOURCE, file, 0);
    return file;
}

static uint32_t code(struct job *job, uint32_t file, uint32_t line, const char *name)
{
    put_code(&job->log, ++job->n_codes, DZ_CODE_FUNCTION, file, line, string(job, name));
    return job->n_codes;
}

static int fingerprint(void *context, struct dz_strings *strings, struct dz_input *input)
{
    struct job *job = context;
    job->n_asked++;
    input->fingerprint = dz_input_of_hash(1 + input->kind);
    return strcmp(dz_strings_text(strings, input->path), "later.txt") == 0 ? -ESTALE : 0;
}

/* Its tests are those of its spans. */
static void build(struct job *job)
{
    struct dz_err err = {0};
    struct dz_build_test tests[8];
    uint32_t n = 0;
    put_end(&job->log, job->n_spans);
    put_close(&job->log);
    assert_true(dz_buf_ok(&job->log));
    assert_int_equal(dz_observations_add(&job->all, "front", job->log.data, job->log.len, &err), 0);
    assert_int_equal(dz_observations_join(&job->all, &err), 0);
    for (uint32_t i = 0; i < job->all.n_spans; i++)
        if (job->all.spans[i].type == DZ_SPAN_TEST)
            tests[n++] = (struct dz_build_test){
                .nodeid = job->all.strings[job->all.spans[i].name - 1], .has_run = 1};
    job->elements = dz_elements_new(&job->all, state);
    job->distributions = dz_distributions_new();
    struct dz_build build = {.all = &job->all,
                             .elements = job->elements,
                             .distributions = job->distributions,
                             .rootdir = "/p",
                             .waivers.ignore =
                                 dz_bytes(job->ignore, job->ignore ? strlen(job->ignore) + 1 : 0),
                             .tests = tests,
                             .n_tests = n,
                             .fingerprint = fingerprint,
                             .context = job};
    assert_int_equal(dz_build(&job->graph, &build, &err), 0);
}

static void drop(struct job *job)
{
    dz_graph_free(&job->graph);
    dz_elements_free(job->elements);
    dz_distributions_free(job->distributions);
    dz_observations_free(&job->all);
    dz_buf_free(&job->log);
}

static int is_input(const struct dz_graph *graph, const struct dz_node *node,
                    enum dz_input_kind kind, const char *path, const char *name)
{
    for (uint32_t i = 0; i < node->inputs.n; i++) {
        const struct dz_input *input = &graph->inputs[graph->input_list[node->inputs.at + i]];
        if (input->kind == kind &&
            strcmp(dz_strings_text(&graph->strings, input->path), path) == 0 &&
            (!name || strcmp(dz_strings_text(&graph->strings, input->name), name) == 0))
            return 1;
    }
    return 0;
}

static int reaches(const struct dz_graph *graph, uint32_t number, enum dz_input_kind kind,
                   const char *path, const char *name)
{
    const struct dz_node *node = &graph->nodes[number];
    if (is_input(graph, node, kind, path, name))
        return 1;
    for (uint32_t i = 0; i < node->leans.n; i++)
        if (reaches(graph, graph->lean_list[node->leans.at + i], kind, path, name))
            return 1;
    return 0;
}

/* Whether the job's first test depends on it; no name: of any. */
static int depends(const struct job *job, enum dz_input_kind kind, const char *path,
                   const char *name)
{
    assert_true(job->graph.n_records > 0);
    return reaches(&job->graph, job->graph.records[0].node, kind, path, name);
}

static int is_of_element(const struct job *job, const char *path, const char *name,
                         enum dz_element_kind kind)
{
    for (uint32_t i = 0; i < job->graph.n_inputs; i++) {
        const struct dz_input *input = &job->graph.inputs[i];
        if (input->kind == DZ_INPUT_ELEMENT && input->of == (uint32_t)kind &&
            strcmp(dz_strings_text(&job->graph.strings, input->path), path) == 0 &&
            strcmp(dz_strings_text(&job->graph.strings, input->name), name) == 0)
            return 1;
    }
    return 0;
}

/* ---- a test that runs lib.f, which reads a chain ---- */

enum { USED = DZ_READ_VALUE };

static struct made_module lib, other;

static void run_f(struct job *job, const char *chain, uint32_t mode)
{
    uint32_t line = made_function(&lib, "f");
    if (chain)
        made_reads(&lib, chain, mode);
    uint32_t f = code(job, import(job, &lib, "/p/pkg/lib.py", "pkg.lib"), line, "f");
    span(job, DZ_SPAN_TEST, "test_a.py::test_f");
    ran(job, f);
    build(job);
}

/* Two modules: pkg.lib, and another one that is imported before it. */
static void begin_modules(struct job *job)
{
    begin(job);
    made_begin(&lib);
    made_begin(&other);
}

static void what_ran_is_read_with_its_header_and_all_that_it_names(void **unused)
{
    struct job job;
    (void)unused;
    begin_modules(&job);
    made_constant(&lib, "LIMIT");
    made_constant(&lib, "OTHER");
    made_function(&lib, "g");
    run_f(&job, "LIMIT", USED);
    assert_true(depends(&job, DZ_INPUT_ELEMENT, "pkg/lib.py", "f"));
    assert_true(is_of_element(&job, "pkg/lib.py", "f", DZ_HEADER));
    assert_true(depends(&job, DZ_INPUT_NAME, "pkg/lib.py", "LIMIT"));
    assert_false(depends(&job, DZ_INPUT_NAME, "pkg/lib.py", "OTHER"));
    assert_false(depends(&job, DZ_INPUT_ELEMENT, "pkg/lib.py", "g"));
    drop(&job);
}

static void a_name_is_followed_through_imports_of_any_kind(void **unused)
{
    static const struct {
        const char *module, *name, *bound;
        uint32_t level;
        const char *chain;
    } ways[] = {{"pkg.other", "X", "X", 0, "X"},    {"pkg.other", "X", "Y", 0, "Y"},
                {"pkg.other", "*", "", 0, "X"},     {"pkg.other", NULL, "pkg", 0, "pkg.other.X"},
                {"pkg.other", NULL, "o", 0, "o.X"}, {"pkg", "other", "other", 0, "other.X"},
                {"other", "X", "X", 1, "X"},        {"", "other", "other", 1, "other.X"},
                {"other", "*", "", 1, "X"}};
    (void)unused;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct job job;
        begin_modules(&job);
        made_constant(&other, "X");
        made_constant(&other, "Z");
        import(&job, &other, "/p/pkg/other.py", "pkg.other");
        made_import(&lib, ways[i].module, ways[i].name, ways[i].bound, ways[i].level);
        run_f(&job, ways[i].chain, USED);
        assert_true(depends(&job, DZ_INPUT_NAME, "pkg/other.py", "X"));
        assert_false(depends(&job, DZ_INPUT_NAME, "pkg/other.py", "Z"));
        drop(&job);
    }
}

static void a_name_is_followed_through_a_module_that_hands_it_on(void **unused)
{
    struct job job;
    struct made_module package;
    (void)unused;
    begin_modules(&job);
    made_constant(&other, "X");
    import(&job, &other, "/p/pkg/other.py", "pkg.other");
    made_begin(&package);
    made_import(&package, "other", "X", "X", 1);
    import(&job, &package, "/p/pkg/__init__.py", "pkg");
    made_import(&lib, "pkg", "X", "X", 0);
    run_f(&job, "X", USED);
    assert_true(depends(&job, DZ_INPUT_NAME, "pkg/__init__.py", "X"));
    assert_true(depends(&job, DZ_INPUT_NAME, "pkg/other.py", "X"));
    drop(&job);
}

static void an_import_within_a_function_is_followed(void **unused)
{
    struct job job;
    (void)unused;
    begin_modules(&job);
    made_constant(&other, "X");
    import(&job, &other, "/p/pkg/other.py", "pkg.other");
    uint32_t line = made_function(&lib, "f");
    made_import_in(&lib, lib.n_elements - 1, "pkg.other", "X", "X", 0);
    uint32_t f = code(&job, import(&job, &lib, "/p/pkg/lib.py", "pkg.lib"), line, "f");
    span(&job, DZ_SPAN_TEST, "test_a.py::test_f");
    ran(&job, f);
    build(&job);
    assert_true(depends(&job, DZ_INPUT_NAME, "pkg/other.py", "X"));
    drop(&job);
}

static void a_string_that_spells_a_name_is_a_read_of_it(void **unused)
{
    struct job job;
    (void)unused;
    begin_modules(&job);
    made_constant(&other, "X");
    made_constant(&other, "Z");
    import(&job, &other, "/p/pkg/other.py", "pkg.other");
    uint32_t line = made_function(&lib, "f");
    made_spells(&lib, "pkg.other.X");
    made_spells(&lib, "Z"); /* a word, and no name of its own */
    uint32_t f = code(&job, import(&job, &lib, "/p/pkg/lib.py", "pkg.lib"), line, "f");
    span(&job, DZ_SPAN_TEST, "test_a.py::test_f");
    ran(&job, f);
    build(&job);
    assert_true(depends(&job, DZ_INPUT_NAME, "pkg/other.py", "X"));
    assert_false(depends(&job, DZ_INPUT_NAME, "pkg/other.py", "Z"));
    drop(&job);
}

static void who_uses_a_class_depends_on_it_and_on_its_bases(void **unused)
{
    struct job job;
    (void)unused;
    begin_modules(&job);
    static const char *const names[] = {"Base", "Derived", "Sub"};
    for (int i = 0; i < 3; i++) {
        uint32_t statement = made_statement(&lib, DZ_BINDING, names[i]);
        made_last(&lib)->flags = DZ_IS_DEF;
        made_binds(&lib, names[i], DZ_BIND_CLASS);
        made_element_of(&lib, DZ_HEADER, names[i]);
        made_last(&lib)->statement = statement;
        if (i)
            made_reads(&lib, names[i - 1], USED);
        made_element_of(&lib, DZ_CLASS, names[i]);
        made_last(&lib)->statement = statement;
    }
    run_f(&job, "Derived", DZ_READ_CALLED);
    assert_true(depends(&job, DZ_INPUT_ELEMENT, "pkg/lib.py", "Derived"));
    assert_true(depends(&job, DZ_INPUT_NAME, "pkg/lib.py", "Base"));
    assert_true(depends(&job, DZ_INPUT_ELEMENT, "pkg/lib.py", "Base"));
    assert_false(depends(&job, DZ_INPUT_ELEMENT, "pkg/lib.py", "Sub"));
    drop(&job);
}

/* NAMES = []; NAMES.append(…) */
static void a_name_that_statements_change_again_is_read_with_these(void **unused)
{
    (void)unused;
    for (int is_called = 0; is_called < 2; is_called++) {
        struct job job;
        begin_modules(&job);
        made_constant(&lib, "NAMES");
        made_statement(&lib, DZ_EFFECT, "<call>");
        made_last(&lib)->why = DZ_WHY_CALL;
        made_reads(&lib, is_called ? "NAMES.append" : "print", DZ_READ_CALLED);
        run_f(&job, "NAMES", USED);
        assert_int_equal(depends(&job, DZ_INPUT_ELEMENT, "pkg/lib.py", "<call>"), is_called);
        assert_false(depends(&job, DZ_INPUT_EFFECTS, "pkg/lib.py", ""));
        drop(&job);
    }
}

/* X = make() */
static void who_reads_what_a_call_has_made_depends_on_what_that_ran(void **unused)
{
    (void)unused;
    for (int reads = 0; reads < 2; reads++) {
        struct job job;
        begin_modules(&job);
        uint32_t make_line = made_function(&lib, "make");
        made_statement(&lib, DZ_EFFECT, "X");
        made_last(&lib)->why = DZ_WHY_CALL;
        made_binds(&lib, "X", DZ_BIND_VALUE);
        made_reads(&lib, "make", DZ_READ_CALLED);
        made_constant(&lib, "OTHER");
        uint32_t line = made_function(&lib, "f");
        made_reads(&lib, reads ? "X" : "OTHER", USED);
        uint32_t file = import(&job, &lib, "/p/pkg/lib.py", "pkg.lib");
        uint32_t make = code(&job, file, make_line, "make"), f = code(&job, file, line, "f");
        ran(&job, make);
        span(&job, DZ_SPAN_TEST, "test_a.py::test_f");
        ran(&job, f);
        build(&job);
        assert_int_equal(depends(&job, DZ_INPUT_ELEMENT, "pkg/lib.py", "make"), reads);
        drop(&job);
    }
}

static void what_an_import_does_beyond_the_project_reaches_who_needs_the_module(void **unused)
{
    struct job job;
    (void)unused;
    begin_modules(&job);
    run_f(&job, NULL, 0);
    assert_true(depends(&job, DZ_INPUT_OUTSIDE, "pkg/lib.py", NULL));
    drop(&job);
}

/* ---- paths ---- */

static void what_a_test_met_is_its_input_unless_the_job_has_written_it(void **unused)
{
    struct job job;
    (void)unused;
    begin(&job);
    span(&job, DZ_SPAN_TEST, "test_a.py::test_reads");
    fact(&job, DZ_FACT_CONTENT, "/p/data.txt", 0);
    fact(&job, DZ_FACT_ABSENT, "/p/none.txt", 0);
    fact(&job, DZ_FACT_STAT, "/elsewhere/one", DZ_STAT_FOLLOWED);
    fact(&job, DZ_FACT_ENVIRONMENT, "HOME", 0);
    fact(&job, DZ_FACT_WRITTEN, "/p/out", DZ_WRITTEN_NEW);
    fact(&job, DZ_FACT_CONTENT, "/p/out", 0);
    build(&job);
    assert_true(depends(&job, DZ_INPUT_CONTENT, "data.txt", ""));
    assert_true(depends(&job, DZ_INPUT_ABSENT, "none.txt", ""));
    assert_true(depends(&job, DZ_INPUT_STAT, "/elsewhere/one", ""));
    assert_true(depends(&job, DZ_INPUT_ENVIRONMENT, "", "HOME"));
    assert_false(depends(&job, DZ_INPUT_CONTENT, "out", ""));
    drop(&job);
}

static void who_reads_what_another_test_has_written_depends_on_what_that_did(void **unused)
{
    struct job job;
    (void)unused;
    begin(&job);
    span(&job, DZ_SPAN_TEST, "test_b.py::test_writes");
    fact(&job, DZ_FACT_CONTENT, "/p/data.txt", 0);
    fact(&job, DZ_FACT_WRITTEN, "/p/out", DZ_WRITTEN_NEW);
    span(&job, DZ_SPAN_TEST, "test_a.py::test_reads");
    fact(&job, DZ_FACT_CONTENT, "/p/out", 0);
    build(&job);
    const struct dz_graph *graph = &job.graph;
    for (uint32_t i = 0; i < graph->n_records; i++)
        assert_true(reaches(graph, graph->records[i].node, DZ_INPUT_CONTENT, "data.txt", ""));
    assert_false(depends(&job, DZ_INPUT_CONTENT, "out", ""));
    drop(&job);
}

static void each_fingerprint_is_asked_for_once(void **unused)
{
    struct job job;
    (void)unused;
    begin(&job);
    for (int i = 0; i < 5; i++) {
        char name[64];
        snprintf(name, sizeof name, "test_a.py::test_%d", i);
        span(&job, DZ_SPAN_TEST, name);
        fact(&job, DZ_FACT_CONTENT, "/p/data.txt", 0);
        fact(&job, DZ_FACT_STAT, "/p/data.txt", DZ_STAT_FOLLOWED);
    }
    build(&job);
    /* Also that of test_a.py: where nobody has imported it, its items are whatever was made of it. */
    assert_int_equal(job.n_asked, 3);
    drop(&job);
}

/* ---- what is waived ---- */

static int has_unsure(const struct job *job, uint32_t kind, const char *path)
{
    for (uint32_t i = 0; i < job->graph.n_inputs; i++) {
        const struct dz_input *input = &job->graph.inputs[i];
        if (input->kind == kind &&
            strcmp(dz_strings_text(&job->graph.strings, input->path), path) == 0)
            return memcmp(&input->fingerprint, &dz_unsure, sizeof dz_unsure) == 0;
    }
    return 0;
}

static uint32_t count_unprovable(const struct job *job)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < job->graph.n_inputs; i++)
        n += job->graph.inputs[i].kind == DZ_INPUT_UNPROVABLE;
    return n;
}

static void look_at_what_is_written(struct job *job, const char *ignore)
{
    begin(job);
    job->ignore = ignore;
    span(job, DZ_SPAN_TEST, "test_a.py::test_reads");
    fact(job, DZ_FACT_CONTENT, "/p/later.txt", 0);
    fact(job, DZ_FACT_CONTENT, "/p/data.txt", 0);
    fact(job, DZ_FACT_STAT, "/p/log.txt", DZ_STAT_FOLLOWED);
    span(job, DZ_SPAN_TEST, "test_a.py::test_writes");
    fact(job, DZ_FACT_WRITTEN, "/p/log.txt", 0);
    build(job);
}

static void what_is_waived_makes_nothing_unprovable_and_is_unsure(void **unused)
{
    struct job job;
    (void)unused;
    look_at_what_is_written(&job, NULL);
    assert_int_equal(count_unprovable(&job), 2);
    drop(&job);
    look_at_what_is_written(&job, "*.txt");
    assert_int_equal(count_unprovable(&job), 0);
    assert_true(has_unsure(&job, DZ_INPUT_CONTENT, "later.txt"));
    assert_true(has_unsure(&job, DZ_INPUT_STAT, "log.txt"));
    /* What can be told is kept as it is: it counts again when it is no longer declared. */
    assert_true(depends(&job, DZ_INPUT_CONTENT, "data.txt", ""));
    assert_false(has_unsure(&job, DZ_INPUT_CONTENT, "data.txt"));
    drop(&job);
}

/* ---- what cannot be proved ---- */

static void what_cannot_be_known_is_unprovable_and_says_why(void **unused)
{
    struct job job;
    (void)unused;
    begin(&job);
    uint32_t f = code(&job, import(&job, NULL, "/p/uncut.py", "uncut"), 1, "f");
    span(&job, DZ_SPAN_TEST, "test_a.py::test_f");
    ran(&job, f);
    fact(&job, DZ_FACT_BLIND, "it was not seen", 0);
    fact(&job, DZ_FACT_CONTENT, "/p/later.txt", 0);
    fact(&job, DZ_FACT_CHILD, "/bin/make # 1", 7);
    build(&job);
    assert_true(depends(&job, DZ_INPUT_UNPROVABLE, "", "it was not seen"));
    assert_true(depends(&job, DZ_INPUT_UNPROVABLE, "", "later.txt was changed while the job ran"));
    assert_true(depends(&job, DZ_INPUT_UNPROVABLE, "", "child"));
    dz_autobuf struct dz_buf text = {0};
    dz_buf_fmt(&text, "uncut.py: %s", dz_unknown_text(DZ_UNKNOWN_UNCUT));
    assert_true(depends(&job, DZ_INPUT_UNPROVABLE, "", text.data));
    drop(&job);
}

/* ---- hooks ---- */

/* conftest.py, a test file, and a module that both might import from. */
static void collect(struct job *job, struct made_module *conftest, struct made_module *shared)
{
    import(job, shared, "/p/shared.py", "shared");
    import(job, conftest, "/p/conftest.py", "conftest");
    made_begin(&lib);
    made_function(&lib, "test_f");
    import(job, &lib, "/p/test_a.py", "test_a");
    span(job, DZ_SPAN_COLLECT, "test_a.py");
    span(job, DZ_SPAN_TEST, "test_a.py::test_f");
    put_fact(&job->log, job->n_spans, DZ_FACT_LEAN, 0, job->n_spans - 1);
    build(job);
}

static void fixtures_of_a_conftest_above_are_read_and_those_that_it_imports(void **unused)
{
    static const struct {
        const char *name;
        int hooks, fixture;
    } ways[] = {{NULL, 0, 0}, {"*", 1, 0}, {"fixture_x", 0, 1}};
    (void)unused;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct job job;
        struct made_module conftest;
        begin_modules(&job);
        made_function(&other, "fixture_x");
        made_begin(&conftest);
        if (ways[i].name)
            made_import(&conftest, "shared", ways[i].name, ways[i].name, 0);
        collect(&job, &conftest, &other);
        assert_true(depends(&job, DZ_INPUT_HOOKS, "conftest.py", ""));
        assert_int_equal(depends(&job, DZ_INPUT_HOOKS, "shared.py", ""), ways[i].hooks);
        assert_int_equal(depends(&job, DZ_INPUT_NAME, "shared.py", "__all__"), ways[i].hooks);
        assert_int_equal(depends(&job, DZ_INPUT_NAME, "shared.py", "fixture_x"), ways[i].fixture);
        drop(&job);
    }
}

static void stars_are_followed_from_one_to_the_next(void **unused)
{
    struct job job;
    struct made_module conftest, more;
    (void)unused;
    begin_modules(&job);
    made_begin(&conftest);
    made_import(&conftest, "shared", "*", "", 0);
    made_import(&other, "more", "*", "", 1);
    made_begin(&more);
    made_import(&more, "shared", "*", "", 0); /* and back */
    import(&job, &more, "/p/more.py", "more");
    collect(&job, &conftest, &other);
    assert_true(depends(&job, DZ_INPUT_HOOKS, "shared.py", ""));
    assert_true(depends(&job, DZ_INPUT_HOOKS, "more.py", ""));
    drop(&job);
}

static void what_a_conftest_imports_for_itself_is_no_fixture(void **unused)
{
    struct job job;
    struct made_module conftest;
    (void)unused;
    begin_modules(&job);
    made_function(&other, "helper");
    made_begin(&conftest);
    made_import(&conftest, "shared", "helper", "helper", 0);
    made_function(&conftest, "unused");
    made_reads(&conftest, "helper", DZ_READ_CALLED);
    collect(&job, &conftest, &other);
    assert_false(depends(&job, DZ_INPUT_NAME, "shared.py", "helper"));
    drop(&job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_ran_is_read_with_its_header_and_all_that_it_names),
        cmocka_unit_test(a_name_is_followed_through_imports_of_any_kind),
        cmocka_unit_test(a_name_is_followed_through_a_module_that_hands_it_on),
        cmocka_unit_test(an_import_within_a_function_is_followed),
        cmocka_unit_test(a_string_that_spells_a_name_is_a_read_of_it),
        cmocka_unit_test(who_uses_a_class_depends_on_it_and_on_its_bases),
        cmocka_unit_test(a_name_that_statements_change_again_is_read_with_these),
        cmocka_unit_test(who_reads_what_a_call_has_made_depends_on_what_that_ran),
        cmocka_unit_test(what_an_import_does_beyond_the_project_reaches_who_needs_the_module),
        cmocka_unit_test(what_a_test_met_is_its_input_unless_the_job_has_written_it),
        cmocka_unit_test(who_reads_what_another_test_has_written_depends_on_what_that_did),
        cmocka_unit_test(each_fingerprint_is_asked_for_once),
        cmocka_unit_test(what_is_waived_makes_nothing_unprovable_and_is_unsure),
        cmocka_unit_test(what_cannot_be_known_is_unprovable_and_says_why),
        cmocka_unit_test(fixtures_of_a_conftest_above_are_read_and_those_that_it_imports),
        cmocka_unit_test(stars_are_followed_from_one_to_the_next),
        cmocka_unit_test(what_a_conftest_imports_for_itself_is_no_fixture),
    };
    return cmocka_run_group_tests(tests, begin_all, end_all);
}
