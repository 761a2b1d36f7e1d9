/* The tree as it is, where the world fails: what each fact means is shown over the real executable (tests/e2e). */
#include "../../host/base/mem.h"
#include "../../host/look.h"
#include "../../host/now.h"
#include "../made_graph.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char root[] = "/tmp/dagz-now-XXXXXX";
static const struct dz_python python = {.executable = "/nowhere/bin/python",
                                        .binary = "/nowhere/bin/python",
                                        .version = "3.12",
                                        .minor = 12};

static void put(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void run(const char *fmt)
{
    char command[256];
    snprintf(command, sizeof command, "cd %s && %s", root, fmt);
    assert_int_equal(system(command), 0);
}

static int begin(void **unused)
{
    (void)unused;
    assert_non_null(mkdtemp(root));
    return 0;
}

static int end(void **unused)
{
    (void)unused;
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", root);
    return system(command);
}

static struct dz_now *now_of(const char *rootdir)
{
    struct dz_err err;
    struct dz_now *now = dz_now_new(&python, rootdir, rootdir, &err);
    if (!now)
        fail_msg("%s", err.text);
    return now;
}

/* An input as it is now, in the graph. */
static uint32_t add(struct dz_graph *graph, uint32_t kind, uint32_t of, const char *path,
                    const char *name)
{
    struct dz_input input = {
        .kind = kind, .of = of, .path = made_string(graph, path), .name = made_string(graph, name)};
    struct dz_now *now = now_of(root);
    assert_int_equal(dz_now_fingerprint(now, &graph->strings, &input, &input.fingerprint), 0);
    dz_now_free(now);
    return made_input(graph, input);
}

static void add_all(struct dz_graph *graph)
{
    put("data.txt", "one");
    run("mkdir -p folder/below; touch folder/below/a folder/m.py; ln -sfn data.txt link");
    add(graph, DZ_INPUT_CONTENT, 0, "data.txt", "");
    add(graph, DZ_INPUT_CONTENT, 0, "folder", "");
    add(graph, DZ_INPUT_STAT, DZ_STAT_FOLLOWED, "data.txt", "");
    add(graph, DZ_INPUT_STAT, DZ_STAT_ITSELF, "link", "");
    add(graph, DZ_INPUT_LINK, DZ_RESOLVED_ALL, "link", "");
    add(graph, DZ_INPUT_LINK, DZ_RESOLVED_ONCE, "link", "");
    add(graph, DZ_INPUT_NAMES, 0, "folder", "");
    add(graph, DZ_INPUT_ABSENT, 0, "gone.txt", "");
    add(graph, DZ_INPUT_PLACE, DZ_PLACE_EMPTY, "folder/n", "");
    add(graph, DZ_INPUT_PLACE, DZ_PLACE_FOLDER, "folder", "");
    add(graph, DZ_INPUT_ENVIRONMENT, 0, "", "DAGZTEST");
    add(graph, DZ_INPUT_ENVIRONMENT, 0, "", "NOW_TEST");
    add(graph, DZ_INPUT_DISTRIBUTION, 0, "", "foo");
    add(graph, DZ_INPUT_DISTRIBUTION, 0, "", "*");
}

static void change_all(void)
{
    put("data.txt", "two");
    put("gone.txt", "");
    put("folder/n.py", "");
    put("folder/__init__.py", "");
    put("link2", "");
    run("chmod 700 data.txt; rm link; mkdir link foo-1.egg-info; touch foo-1.egg-info/PKG-INFO");
    setenv("NOW_TEST", "x", 1);
}

static void change_back(void)
{
    run("rm -rf data.txt folder link link2 gone.txt foo-1.egg-info");
    unsetenv("NOW_TEST");
}

static void without_memory_nothing_that_changed_is_taken_for_the_same(void **unused)
{
    (void)unused;
    struct dz_graph graph = {0};
    add_all(&graph);
    change_all();
    int is_whole = 0;
    static const char ignore[] = "docs/**\0other.txt";
    const struct dz_waivers waivers = {.ignore = dz_bytes(ignore, sizeof ignore)};
    for (unsigned long n = 1; !is_whole; n++) {
        struct dz_compared compared = {0};
        struct dz_err err = {0};
        dz_mem_fail_after(n);
        struct dz_now *now = dz_now_new(&python, root, root, &err);
        if (now)
            dz_now_waive(now, &waivers);
        int r = now ? dz_now_compare(now, &graph, &compared, &err) : -ENOMEM;
        dz_now_free(now);
        dz_mem_fail_after(0);
        if (r < 0)
            assert_true(err.text[0]);
        for (uint32_t i = 0; r == 0 && i < graph.n_inputs; i++)
            assert_int_equal(
                dz_bits_has(&compared.changed, i) ||
                    strcmp(dz_strings_text(&graph.strings, graph.inputs[i].name), "DAGZTEST") == 0,
                1);
        is_whole = r == 0 && !dz_bits_has(&compared.changed, 10);
        dz_compared_free(&compared);
        assert_true(n < 2000);
    }
    dz_graph_free(&graph);
    change_back();
}

static void what_is_as_it_was_has_not_changed(void **unused)
{
    (void)unused;
    struct dz_graph graph = {0};
    struct dz_compared compared = {0};
    struct dz_err err;
    add_all(&graph);
    struct dz_now *now = now_of(root);
    assert_int_equal(dz_now_compare(now, &graph, &compared, &err), 0);
    assert_int_equal(dz_bits_next(&compared.changed, 0), UINT32_MAX);
    dz_now_free(now);
    dz_graph_free(&graph);
    change_back();
}

static void a_look_is_of_files_only(void **unused)
{
    (void)unused;
    struct dz_look look = {.path = 7, .is_exact = 1};
    struct stat status;
    put("data.txt", "one");
    struct dz_now *now = now_of(root);
    assert_int_equal(dz_now_look(now, "data.txt", &look), 0);
    assert_int_equal(look.path, 7);
    assert_int_equal(look.is_exact, 1);
    assert_int_equal(look.size, 3);
    assert_true(S_ISREG(look.mode));
    assert_int_equal(dz_now_look(now, "", &look), -EISDIR);
    assert_int_equal(dz_now_look(now, "gone.txt", &look), -ENOENT);
    assert_int_equal(dz_now_look(now, "/dev/null", &look), -EINVAL);
    char path[128];
    snprintf(path, sizeof path, "%s/data.txt", root);
    assert_int_equal(stat(path, &status), 0);
    assert_false(dz_look_holds(&look, &status)); /* just written */
    look.looked_ns += 1000000000;
    assert_true(dz_look_holds(&look, &status));
    dz_now_free(now);
    change_back();
}

/* A root that is "/": paths have one slash. */
static void the_root_may_be_all(void **unused)
{
    (void)unused;
    struct dz_look look = {0};
    put("data.txt", "one");
    struct dz_now *now = now_of("/");
    char path[128];
    snprintf(path, sizeof path, "%s/data.txt", root + 1);
    assert_int_equal(dz_now_look(now, path, &look), 0);
    dz_now_free(now);
    change_back();
}

/* ---- what is waived ---- */

/* The names of a folder as they are, with the names themselves. */
static void add_names(struct dz_graph *graph, const char *path, uint32_t of)
{
    dz_autobuf struct dz_buf names = {0};
    uint32_t number = add(graph, DZ_INPUT_NAMES, of, path, "");
    struct dz_now *now = now_of(root);
    assert_int_equal(dz_now_list(now, path, of, &names), 0);
    dz_buf_put(&names, "", 1);
    graph->inputs[number].name = made_string(graph, names.data);
    dz_now_free(now);
}

/* What has changed that is not waived; bits of input numbers. waived: the same of what is. */
static uint32_t changes(const struct dz_graph *graph, const char *ignore, const char *external,
                        uint32_t *waived)
{
    uint32_t changed = *waived = 0;
    struct dz_compared compared = {0};
    struct dz_err err;
    struct dz_waivers waivers = {.ignore = dz_bytes(ignore, *ignore ? strlen(ignore) + 1 : 0),
                                 .external =
                                     dz_bytes(external, *external ? strlen(external) + 1 : 0)};
    struct dz_now *now = now_of(root);
    dz_now_waive(now, &waivers);
    assert_int_equal(dz_now_compare(now, graph, &compared, &err), 0);
    for (uint32_t i = 0; i < graph->n_inputs; i++) {
        changed |= (uint32_t)dz_bits_has(&compared.changed, i) << i;
        *waived |= (uint32_t)dz_bits_has(&compared.waived, i) << i;
    }
    dz_compared_free(&compared);
    dz_now_free(now);
    return changed;
}

static void a_waived_path_is_passed_over_whatever_is_asked_of_it(void **unused)
{
    (void)unused;
    struct dz_graph graph = {0};
    uint32_t waived;
    run("mkdir -p docs/old; echo a > docs/a.md; ln -s a.md docs/link; echo b > b.md");
    add(&graph, DZ_INPUT_CONTENT, 0, "docs/a.md", "");
    add(&graph, DZ_INPUT_STAT, DZ_STAT_FOLLOWED, "docs/a.md", "");
    add(&graph, DZ_INPUT_LINK, DZ_RESOLVED_ONCE, "docs/link", "");
    add(&graph, DZ_INPUT_ABSENT, 0, "docs/none", "");
    add(&graph, DZ_INPUT_NAMES, 0, "docs", "");
    add(&graph, DZ_INPUT_PLACE, DZ_PLACE_EMPTY, "docs/conf", "");
    add(&graph, DZ_INPUT_CONTENT, 0, "b.md", "");
    assert_int_equal(changes(&graph, "docs/**", "", &waived), 0);
    assert_int_equal(waived, 0);
    run("echo longer > docs/a.md; ln -sfn b.md docs/link; touch docs/none docs/conf.py; "
        "echo b2 > b.md");
    assert_int_equal(changes(&graph, "docs/**", "", &waived), 1 << 6);
    assert_int_equal(waived, (1 << 6) - 1);
    assert_int_equal(changes(&graph, "", "./docs/**", &waived), 1 << 6);
    assert_int_equal(waived, (1 << 6) - 1);
    /* It comes back with what it had hidden. */
    assert_int_equal(changes(&graph, "", "", &waived), (1 << 7) - 1);
    assert_int_equal(waived, 0);
    run("rm -r docs b.md");
    dz_graph_free(&graph);
}

static void of_a_listing_only_names_that_are_waived_are_passed_over(void **unused)
{
    (void)unused;
    struct dz_graph graph = {0};
    uint32_t waived;
    run("mkdir -p top/empty; touch top/a.md top/b.txt");
    add_names(&graph, "top", DZ_NAMES_ALL);
    add_names(&graph, "top/empty", DZ_NAMES_ALL);
    add_names(&graph, "top", DZ_NAMES_OF_TESTS);
    run("rm top/a.md; touch top/c.md top/empty/d.md; mkdir top/e.md");
    assert_int_equal(changes(&graph, "**/*.md", "", &waived), 0);
    assert_int_equal(waived, 7);
    assert_int_equal(changes(&graph, "top/*.md", "", &waived), 2);
    assert_int_equal(changes(&graph, "", "./**/*.md", &waived), 0);
    assert_int_equal(changes(&graph, "", "*.md", &waived), 7);
    run("touch top/test_new.py; rm top/empty/d.md");
    assert_int_equal(changes(&graph, "**/*.md", "", &waived), 5);
    run("rm top/test_new.py top/b.txt; mkdir top/b.txt");
    /* Of another kind than it was. */
    assert_int_equal(changes(&graph, "**/*.md", "", &waived), 5);
    run("rm -r top");
    dz_graph_free(&graph);
}

static void where_names_are_not_kept_all_of_a_listing_counts(void **unused)
{
    (void)unused;
    struct dz_graph graph = {0};
    uint32_t waived;
    run("mkdir top; touch top/a.md");
    add(&graph, DZ_INPUT_NAMES, 0, "top", "");
    run("rm top/a.md");
    assert_int_equal(changes(&graph, "top/*.md", "", &waived), 1);
    assert_int_equal(changes(&graph, "top", "", &waived), 0);
    run("rm -r top");
    dz_graph_free(&graph);
}

static void a_module_that_comes_beside_one_that_is_waived_counts(void **unused)
{
    (void)unused;
    struct dz_graph graph = {0};
    uint32_t waived;
    run("mkdir src");
    add(&graph, DZ_INPUT_PLACE, DZ_PLACE_EMPTY, "src/made", "");
    run("touch src/made.py");
    assert_int_equal(changes(&graph, "src/made.py", "", &waived), 0);
    assert_int_equal(waived, 1);
    /* A folder of that name is another thing than the file. */
    assert_int_equal(changes(&graph, "src/made", "", &waived), 1);
    run("mkdir src/made; touch src/made/__init__.py");
    assert_int_equal(changes(&graph, "src/made.py", "", &waived), 1);
    run("rm -r src");
    dz_graph_free(&graph);
}

static void a_source_that_is_waived_needs_no_sheet(void **unused)
{
    (void)unused;
    struct dz_graph graph = {0};
    uint32_t waived;
    put("made.py", "X = 1");
    struct dz_input input = {.kind = DZ_INPUT_WHOLE, .path = made_string(&graph, "made.py")};
    made_input(&graph, input);
    put("made.py", "X = 2");
    /* The python that would make one is nowhere. */
    assert_int_equal(changes(&graph, "made.py", "", &waived), 0);
    assert_int_equal(waived, 1);
    run("rm made.py");
    assert_int_equal(changes(&graph, "made.py", "", &waived), 0);
    assert_int_equal(waived, 1);
    dz_graph_free(&graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_as_it_was_has_not_changed),
        cmocka_unit_test(without_memory_nothing_that_changed_is_taken_for_the_same),
        cmocka_unit_test(a_look_is_of_files_only),
        cmocka_unit_test(the_root_may_be_all),
        cmocka_unit_test(a_waived_path_is_passed_over_whatever_is_asked_of_it),
        cmocka_unit_test(of_a_listing_only_names_that_are_waived_are_passed_over),
        cmocka_unit_test(where_names_are_not_kept_all_of_a_listing_counts),
        cmocka_unit_test(a_module_that_comes_beside_one_that_is_waived_counts),
        cmocka_unit_test(a_source_that_is_waived_needs_no_sheet),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
