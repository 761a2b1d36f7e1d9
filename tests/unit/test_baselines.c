/* Where baselines are kept: which one is chosen, what two jobs make of it, and what is cleaned away. */
#include "../../host/baselines.h"
#include "../made_graph.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static const struct dz_fingerprint key = {{7}}, another_key = {{8}};
static char folder[64];
static struct dz_baselines_wish wish;

static char *at(const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void put_text(const char *name, const char *text)
{
    FILE *file = fopen(at(name), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void set_branch(const char *name)
{
    char text[128];
    snprintf(text, sizeof text, "ref: refs/heads/%s\n", name);
    put_text(".git/HEAD", text);
}

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/dagz-baselines-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    mkdir(at(".git"), 0777);
    mkdir(at("baselines"), 0777);
    set_branch("topic");
    wish = (struct dz_baselines_wish){
        .rootdir = folder, .state = folder, .python = "3.12", .key = &key};
    return 0;
}

static int drop_folder(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

/* Older by so many seconds. */
static void set_age(const char *name, time_t written, time_t used)
{
    time_t now = time(NULL);
    struct timespec times[] = {{.tv_sec = now - used}, {.tv_sec = now - written}};
    assert_int_equal(utimensat(AT_FDCWD, at(name), times, 0), 0);
}

static void put_file(const char *name, time_t age)
{
    put_text(name, "x");
    set_age(name, age, age);
}

/* ---- choosing ---- */

static void check_chosen(const char *own, const char *first, const char *second)
{
    struct dz_baselines chosen;
    struct dz_err err = {0};
    int r = dz_baselines_choose(&chosen, &wish, &err);
    if (r < 0)
        fail_msg("%s", err.text);
    assert_string_equal(chosen.own, at(own));
    assert_int_equal(chosen.n, (first != NULL) + (second != NULL));
    if (first)
        assert_string_equal(chosen.found[0], at(first));
    if (second)
        assert_string_equal(chosen.found[1], at(second));
    dz_baselines_free(&chosen);
}

static void the_first_job_of_all_finds_none(void **state)
{
    (void)state;
    check_chosen("baselines/topic@3.12@070000000000", NULL, NULL);
}

static void its_own_and_mains_are_chosen_the_newest_first(void **state)
{
    (void)state;
    put_file("baselines/topic@3.12@070000000000", 20);
    put_file("baselines/main@3.12@070000000000", 10);
    put_file("baselines/other@3.12@070000000000", 1);
    check_chosen("baselines/topic@3.12@070000000000", "baselines/main@3.12@070000000000",
                 "baselines/topic@3.12@070000000000");
    put_file("baselines/topic@3.12@070000000000", 5);
    check_chosen("baselines/topic@3.12@070000000000", "baselines/topic@3.12@070000000000",
                 "baselines/main@3.12@070000000000");
    set_branch("main");
    check_chosen("baselines/main@3.12@070000000000", "baselines/main@3.12@070000000000", NULL);
}

static void mains_is_origins(void **state)
{
    (void)state;
    put_file("baselines/trunk@3.12@070000000000", 20);
    put_file("baselines/main@3.12@070000000000", 10);
    mkdir(at(".git/refs"), 0777);
    mkdir(at(".git/refs/remotes"), 0777);
    mkdir(at(".git/refs/remotes/origin"), 0777);
    put_text(".git/refs/remotes/origin/HEAD", "ref: refs/remotes/origin/trunk\n");
    check_chosen("baselines/topic@3.12@070000000000", "baselines/trunk@3.12@070000000000", NULL);
}

static void or_it_is_called_master(void **state)
{
    (void)state;
    put_file("baselines/master@3.12@070000000000", 20);
    check_chosen("baselines/topic@3.12@070000000000", "baselines/master@3.12@070000000000", NULL);
}

static void a_renamed_branch_takes_the_newest_there_is(void **state)
{
    (void)state;
    put_file("baselines/old@3.12@070000000000", 20);
    put_file("baselines/older@3.12@070000000000", 30);
    put_file("baselines/of-another-python@3.13@070000000000", 1);
    put_file("baselines/of-another-set@3.12@070000000000@nightly", 1);
    put_file("baselines/old@3.12@070000000000.Ab12Cd", 1);
    check_chosen("baselines/topic@3.12@070000000000", "baselines/old@3.12@070000000000", NULL);
}

static void profiles_are_sets_of_their_own(void **state)
{
    (void)state;
    put_file("baselines/topic@3.12@070000000000", 20);
    put_file("baselines/main@3.12@070000000000@v1%2enightly", 10);
    wish.profile = "v1.nightly";
    check_chosen("baselines/topic@3.12@070000000000@v1%2enightly",
                 "baselines/main@3.12@070000000000@v1%2enightly", NULL);
}

static void a_base_that_is_named_is_in_mains_place(void **state)
{
    (void)state;
    struct dz_baselines chosen;
    struct dz_err err;
    put_file("baselines/main@3.12@070000000000", 10);
    put_file("baselines/release%2f2@3.12@070000000000", 20);
    wish.base = "origin/release/2";
    check_chosen("baselines/topic@3.12@070000000000", "baselines/release%2f2@3.12@070000000000",
                 NULL);
    wish.base = "gone";
    put_file("baselines/topic@3.12@070000000000", 30);
    assert_int_equal(dz_baselines_choose(&chosen, &wish, &err), -ENOENT);
    assert_non_null(strstr(err.text, "there is no baseline of 'gone'"));
    assert_int_equal(chosen.n, 1);
    dz_baselines_free(&chosen);
}

static void who_knows_no_key_takes_the_branchs_newest(void **state)
{
    (void)state;
    wish.key = NULL;
    put_file("baselines/other@3.12@0a0000000000", 1);
    check_chosen("baselines/topic@3.12@0a0000000000", "baselines/other@3.12@0a0000000000", NULL);
    put_file("baselines/main@3.12@0b0000000000", 10);
    put_file("baselines/main@3.12@0c0000000000", 15);
    check_chosen("baselines/topic@3.12@0b0000000000", "baselines/main@3.12@0b0000000000", NULL);
    put_file("baselines/topic@3.12@0c0000000000", 20);
    put_file("baselines/topic@3.12@0d0000000000", 25);
    check_chosen("baselines/topic@3.12@0c0000000000", "baselines/main@3.12@0c0000000000",
                 "baselines/topic@3.12@0c0000000000");
}

static void any_branch_has_a_name_that_a_file_can_have(void **state)
{
    static const char *const branches[] = {"a/b",     "a%2fb",      "@",       "..",
                                           ".hidden", "with space", "\xc3\xa4"};
    char names[sizeof branches / sizeof *branches + 2][256], long_one[400];
    (void)state;
    size_t n = 0;
    for (; n < sizeof branches / sizeof *branches + 2; n++) {
        struct dz_baselines chosen;
        struct dz_err err;
        memset(long_one, 'x', sizeof long_one);
        snprintf(long_one + 298, 100, "%zu", n);
        char text[500];
        snprintf(text, sizeof text, "ref: refs/heads/%s\n", n < 7 ? branches[n] : long_one);
        put_text(".git/HEAD", text);
        assert_int_equal(dz_baselines_choose(&chosen, &wish, &err), 0);
        const char *name = chosen.own + strlen(at("baselines/"));
        assert_null(strchr(name, '/'));
        assert_true(name[0] != '.' && strlen(name) < 120);
        snprintf(names[n], sizeof names[n], "%s", name);
        for (size_t i = 0; i < n; i++)
            assert_string_not_equal(names[i], name);
        dz_baselines_free(&chosen);
    }
    assert_string_equal(names[0], "a%2fb@3.12@070000000000");
}

/* ---- keeping ---- */

/* A job of one file with one test, that looks at one content. */
static void learn(struct dz_graph *ret, const char *file, uint8_t content)
{
    char nodeid[64];
    *ret = (struct dz_graph){0};
    snprintf(nodeid, sizeof nodeid, "%s::test", file);
    uint32_t path = made_string(ret, file);
    uint32_t input = made_input(
        ret, (struct dz_input){.kind = DZ_INPUT_WHOLE, .path = path, .fingerprint = {{content}}});
    uint32_t node = made_node(ret, file);
    made_node_has(ret, input);
    made_record(ret, nodeid, made_file(ret, file, node), node, DZ_OUTCOME_PROVED);
    made_look(ret, (struct dz_look){.path = path, .content = {{content}}});
}

static int keep(const char *file, uint8_t content, const struct dz_fingerprint *of)
{
    struct dz_baselines chosen;
    struct dz_graph graph;
    struct dz_err err = {0};
    FILE *tests = fopen(at(file), "a");
    assert_non_null(tests);
    fclose(tests);
    learn(&graph, file, content);
    wish.key = of;
    int r = dz_baselines_choose(&chosen, &wish, &err);
    if (r == 0)
        r = dz_baselines_keep(&chosen, folder, of, &graph, &err);
    if (r < 0)
        print_message("%s\n", err.text);
    dz_baselines_free(&chosen);
    dz_graph_free(&graph);
    return r;
}

static uint32_t n_kept(const char *name)
{
    struct dz_graph graph;
    struct dz_err err;
    struct dz_baseline_file *file = dz_baselines_open(at(name), &err);
    if (!file)
        fail_msg("%s", err.text);
    assert_int_equal(dz_baseline_read(dz_baselines_in(file), &graph, &err), 0);
    uint32_t n = graph.n_records;
    dz_graph_free(&graph);
    dz_baselines_close(file);
    return n;
}

static void what_jobs_learn_adds_up(void **state)
{
    (void)state;
    assert_int_equal(rmdir(at("baselines")), 0);
    assert_int_equal(keep("test_a.py", 1, &key), 0);
    assert_int_equal(keep("test_b.py", 2, &key), 0);
    assert_int_equal(keep("test_a.py", 3, &key), 0);
    assert_int_equal(n_kept("baselines/topic@3.12@070000000000"), 2);
}

static void a_new_branch_begins_with_what_it_was_proved_by(void **state)
{
    (void)state;
    set_branch("main");
    assert_int_equal(keep("test_a.py", 1, &key), 0);
    set_branch("topic");
    assert_int_equal(keep("test_b.py", 2, &key), 0);
    assert_int_equal(n_kept("baselines/topic@3.12@070000000000"), 2);
    assert_int_equal(n_kept("baselines/main@3.12@070000000000"), 1);
}

static void other_settings_prove_nothing_and_cost_nothing(void **state)
{
    (void)state;
    assert_int_equal(keep("test_a.py", 1, &key), 0);
    assert_int_equal(keep("test_c.py", 1, &key), 0);
    assert_int_equal(keep("test_b.py", 2, &another_key), 0);
    assert_int_equal(n_kept("baselines/topic@3.12@070000000000"), 2);
    assert_int_equal(n_kept("baselines/topic@3.12@080000000000"), 1);
}

/* Two keys may have one name. */
static void what_counts_is_the_key_in_the_file(void **state)
{
    (void)state;
    const struct dz_fingerprint almost = {{7, [15] = 1}};
    assert_int_equal(keep("test_a.py", 1, &almost), 0);
    assert_int_equal(keep("test_b.py", 2, &key), 0);
    assert_int_equal(n_kept("baselines/topic@3.12@070000000000"), 1);
}

static void of_many_keys_those_stay_that_were_used_last(void **state)
{
    (void)state;
    char name[64];
    put_file("baselines/main@3.12@000000000000", 100);
    put_file("baselines/topic@3.12@000000000000@nightly", 100);
    put_file("baselines/topic@3.12@no key", 100);
    for (uint8_t i = 20; i < 32; i++) {
        const struct dz_fingerprint one = {{i}};
        assert_int_equal(keep("test_a.py", 1, &one), 0);
        snprintf(name, sizeof name, "baselines/topic@3.12@%02x0000000000", i);
        /* Written first, and read last. */
        set_age(name, i == 20 ? 500 : 200u - i, i == 20 ? 0 : 200u - i);
    }
    for (uint8_t i = 20; i < 32; i++) {
        snprintf(name, sizeof name, "baselines/topic@3.12@%02x0000000000", i);
        assert_int_equal(access(at(name), F_OK), i == 20 || i > 24 ? 0 : -1);
    }
    assert_int_equal(access(at("baselines/main@3.12@000000000000"), F_OK), 0);
    assert_int_equal(access(at("baselines/topic@3.12@000000000000@nightly"), F_OK), 0);
    assert_int_equal(access(at("baselines/topic@3.12@no key"), F_OK), 0);
}

static void a_damaged_one_is_a_sentence_and_is_written_anew(void **state)
{
    (void)state;
    struct dz_err err;
    put_text("baselines/topic@3.12@070000000000", "DAGZbas\n and then what?");
    assert_null(dz_baselines_open(at("baselines/topic@3.12@070000000000"), &err));
    assert_int_equal(err.code, -EBADMSG);
    assert_non_null(strstr(err.text, "topic@3.12@070000000000' is not used: "));
    put_text("baselines/topic@3.12@070000000000", "");
    assert_null(dz_baselines_open(at("baselines/topic@3.12@070000000000"), &err));
    assert_int_equal(err.code, -EBADMSG);
    assert_null(dz_baselines_open(at("baselines"), &err));
    assert_null(dz_baselines_open(at("baselines/none"), &err));
    assert_int_equal(err.code, -ENOENT);
    assert_int_equal(keep("test_a.py", 1, &key), 0);
    assert_int_equal(n_kept("baselines/topic@3.12@070000000000"), 1);
}

static void jobs_that_end_at_once_are_both_right(void **state)
{
    (void)state;
    enum { JOBS = 4, ROUNDS = 10 };
    for (int job = 0; job < JOBS; job++) {
        if (fork())
            continue;
        int failed = 0;
        for (uint32_t i = 0; i < ROUNDS; i++) {
            char file[32];
            snprintf(file, sizeof file, "test_%d_%u.py", job, i);
            failed |= keep(file, (uint8_t)i, &key) < 0;
        }
        _exit(failed);
    }
    for (int job = 0, status; job < JOBS; job++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_int_equal(n_kept("baselines/topic@3.12@070000000000"), JOBS * ROUNDS);
}

static void what_cannot_be_kept_is_a_sentence_and_leaves_nothing(void **state)
{
    (void)state;
    struct dz_graph graph;
    struct dz_err err;
    struct dz_baselines none = {.own = "/proc/none/baselines/topic"};
    learn(&graph, "test_a.py", 1);
    assert_true(dz_baselines_keep(&none, folder, &key, &graph, &err) < 0);
    assert_non_null(strstr(err.text, "/proc/none/baselines"));
    struct dz_baselines in_the_way = {.own = at("baselines/topic@3.12@070000000000")};
    mkdir(in_the_way.own, 0777);
    assert_true(dz_baselines_keep(&in_the_way, folder, &key, &graph, &err) < 0);
    assert_int_equal(rmdir(in_the_way.own), 0);
    assert_int_equal(rmdir(at("baselines")), 0);
    dz_graph_free(&graph);
}

static void tests_of_a_file_that_has_gone_are_not_kept(void **unused)
{
    (void)unused;
    assert_int_equal(keep("test_a.py", 1, &key), 0);
    assert_int_equal(keep("test_b.py", 1, &key), 0);
    assert_int_equal(n_kept("baselines/topic@3.12@070000000000"), 2);
    assert_int_equal(unlink(at("test_a.py")), 0);
    assert_int_equal(keep("test_b.py", 2, &key), 0);
    assert_int_equal(n_kept("baselines/topic@3.12@070000000000"), 1);
}

static void without_memory_what_was_kept_stays(void **state)
{
    (void)state;
    assert_int_equal(keep("test_a.py", 1, &key), 0);
    struct dz_baselines chosen;
    struct dz_graph graph;
    struct dz_err err;
    learn(&graph, "test_b.py", 1);
    assert_int_equal(dz_baselines_choose(&chosen, &wish, &err), 0);
    int r = -1;
    for (unsigned long n = 1; r < 0; n++) {
        dz_mem_fail_after(n);
        r = dz_baselines_keep(&chosen, folder, &key, &graph, &err);
        dz_mem_fail_after(0);
        assert_true(r == 0 || err.text[0]);
        /* Never without what there was. */
        assert_int_equal(n_kept("baselines/topic@3.12@070000000000"), r < 0 ? 1 : 2);
        assert_true(n < 1000);
    }
    dz_baselines_free(&chosen);
    dz_graph_free(&graph);
}

/* ---- cleaning ---- */

enum { DAY = 86400 };

static struct dz_baselines_freed cleaned(int all)
{
    struct dz_baselines_freed freed;
    struct dz_err err;
    if (dz_baselines_clean(folder, all, time(NULL), &freed, &err) < 0)
        fail_msg("%s", err.text);
    return freed;
}

static int is_there(const char *name)
{
    return access(at(name), F_OK) == 0;
}

static void what_no_job_has_used_for_long_is_removed(void **state)
{
    (void)state;
    put_file("baselines/old@3.12@070000000000", 91 * DAY);
    put_file("baselines/young@3.12@070000000000", 89 * DAY);
    put_file("baselines/used@3.12@070000000000", 0);
    set_age("baselines/used@3.12@070000000000", 200 * DAY, 10 * DAY);
    put_file("baselines/young@3.12@070000000000.Ab12Cd", 2 * DAY);
    put_file("baselines/young@3.12@070000000000.Ab12Ce", 0);
    assert_int_equal(cleaned(0).baselines, 2);
    assert_false(is_there("baselines/old@3.12@070000000000"));
    assert_true(is_there("baselines/young@3.12@070000000000"));
    assert_true(is_there("baselines/used@3.12@070000000000"));
    assert_false(is_there("baselines/young@3.12@070000000000.Ab12Cd"));
    assert_true(is_there("baselines/young@3.12@070000000000.Ab12Ce"));
    assert_int_equal(cleaned(1).baselines, 2);
    assert_false(is_there("baselines/used@3.12@070000000000"));
}

static void reading_one_is_using_it_and_cleaning_is_not(void **state)
{
    (void)state;
    assert_int_equal(keep("test_a.py", 1, &key), 0);
    set_age("baselines/topic@3.12@070000000000", 91 * DAY, 91 * DAY);
    n_kept("baselines/topic@3.12@070000000000");
    assert_int_equal(cleaned(0).baselines, 0);
    set_age("baselines/topic@3.12@070000000000", 80 * DAY, 80 * DAY);
    cleaned(0);
    struct stat status;
    assert_int_equal(stat(at("baselines/topic@3.12@070000000000"), &status), 0);
    assert_true(status.st_atime < time(NULL) - 79 * DAY);
}

static void sheets_that_no_baseline_names_are_removed(void **state)
{
    (void)state;
    assert_int_equal(keep("test_a.py", 0x1a, &key), 0);
    mkdir(at("sheets"), 0777);
    mkdir(at("sheets/3.12"), 0777);
    put_file("sheets/3.12/1a000000000000000000000000000000", 100 * DAY);
    put_file("sheets/3.12/1b000000000000000000000000000000", 100 * DAY);
    put_file("sheets/3.12/1c000000000000000000000000000000", 0);
    struct dz_baselines_freed freed = cleaned(0);
    assert_int_equal(freed.sheets, 1);
    assert_true(freed.bytes > 0);
    assert_true(is_there("sheets/3.12/1a000000000000000000000000000000"));
    assert_true(is_there("sheets/3.12/1c000000000000000000000000000000"));
    assert_int_equal(cleaned(1).sheets, 1);
    assert_true(is_there("sheets/3.12/1c000000000000000000000000000000"));
}

static void where_nothing_is_there_is_nothing_to_clean(void **state)
{
    (void)state;
    assert_int_equal(rmdir(at("baselines")), 0);
    assert_int_equal(cleaned(1).baselines, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, drop_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_job_of_all_finds_none),
        TEST(its_own_and_mains_are_chosen_the_newest_first),
        TEST(mains_is_origins),
        TEST(or_it_is_called_master),
        TEST(a_renamed_branch_takes_the_newest_there_is),
        TEST(profiles_are_sets_of_their_own),
        TEST(a_base_that_is_named_is_in_mains_place),
        TEST(who_knows_no_key_takes_the_branchs_newest),
        TEST(any_branch_has_a_name_that_a_file_can_have),
        TEST(what_jobs_learn_adds_up),
        TEST(a_new_branch_begins_with_what_it_was_proved_by),
        TEST(other_settings_prove_nothing_and_cost_nothing),
        TEST(what_counts_is_the_key_in_the_file),
        TEST(of_many_keys_those_stay_that_were_used_last),
        TEST(a_damaged_one_is_a_sentence_and_is_written_anew),
        TEST(jobs_that_end_at_once_are_both_right),
        TEST(what_cannot_be_kept_is_a_sentence_and_leaves_nothing),
        TEST(tests_of_a_file_that_has_gone_are_not_kept),
        TEST(without_memory_what_was_kept_stays),
        TEST(what_no_job_has_used_for_long_is_removed),
        TEST(reading_one_is_using_it_and_cleaning_is_not),
        TEST(sheets_that_no_baseline_names_are_removed),
        TEST(where_nothing_is_there_is_nothing_to_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
