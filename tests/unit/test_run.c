/* The job's folder: made, kept, swept; and where it cannot be, a sentence. */
#include "../../host/base/mem.h"
#include "../../host/loop/run.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char root[64];

static int make_root(void **state)
{
    (void)state;
    strcpy(root, "/tmp/dagz-run-XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    return remove(path);
}

static int drop_root(void **state)
{
    (void)state;
    dz_mem_fail_after(0);
    return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *in_root(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

static int is_there(const char *name)
{
    return access(in_root(name), F_OK) == 0;
}

static int open_in(struct dz_run *run, const char *dir, struct dz_err *err)
{
    return dz_run_open(run, dz_bytes(root, strlen(root)), dz_bytes(dir, strlen(dir)), err);
}

static struct dz_run open_well(const char *dir)
{
    struct dz_run run;
    struct dz_err err = {0};
    if (open_in(&run, dir, &err) < 0)
        fail_msg("%s", err.text);
    return run;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(in_root(name), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void assert_reads(const char *name, const char *text)
{
    char found[64] = "";
    FILE *file = fopen(in_root(name), "r");
    assert_non_null(file);
    size_t n = fread(found, 1, sizeof found - 1, file);
    fclose(file);
    assert_int_equal(n, strlen(text));
    assert_string_equal(found, text);
}

static void the_state_is_made_and_hidden_from_version_control(void **state)
{
    (void)state;
    struct dz_run run = open_well("");
    assert_string_equal(run.id, "j1");
    assert_reads(".dagz/.gitignore", "*\n");
    assert_true(is_there(".dagz/run/j1/lock") && is_there(".dagz/run/j1/results"));
    assert_string_equal(run.state, in_root(".dagz"));
    assert_string_equal(run.durations, in_root(".dagz/durations"));
    dz_run_close(&run);
}

static void what_the_user_ignores_there_stays(void **state)
{
    (void)state;
    mkdir(in_root(".dagz"), 0777);
    write_file(".dagz/.gitignore", "run\n");
    struct dz_run run = open_well("");
    dz_run_close(&run);
    assert_reads(".dagz/.gitignore", "run\n");
}

static void the_state_can_be_elsewhere(void **state)
{
    (void)state;
    char elsewhere[80];
    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", root);
    struct dz_run run = open_well(elsewhere);
    assert_true(is_there("elsewhere/run/j1/lock"));
    assert_false(is_there(".dagz"));
    dz_run_close(&run);
}

static void two_at_once_have_different_numbers(void **state)
{
    (void)state;
    struct dz_run first = open_well(""), second = open_well("");
    assert_string_equal(first.id, "j1");
    assert_string_equal(second.id, "j2");
    assert_true(is_there(".dagz/run/j1/lock") && is_there(".dagz/run/j2/lock"));
    dz_run_close(&first);
    dz_run_close(&second);
}

static void those_that_have_ended_are_swept_and_running_ones_stay(void **state)
{
    (void)state;
    struct dz_run ended = open_well(""), running = open_well("");
    dz_run_close(&ended);
    struct dz_run next = open_well("");
    assert_string_equal(next.id, "j3");
    assert_false(is_there(".dagz/run/j1"));
    assert_true(is_there(".dagz/run/j2/results"));
    dz_run_close(&running);
    dz_run_close(&next);
}

static void what_is_no_job_is_not_swept(void **state)
{
    (void)state;
    struct dz_run run = open_well("");
    dz_run_close(&run);
    write_file(".dagz/run/journal", "mine");
    mkdir(in_root(".dagz/run/j7x"), 0777);
    mkdir(in_root(".dagz/run/j-3"), 0777);
    run = open_well("");
    assert_true(is_there(".dagz/run/journal") && is_there(".dagz/run/j7x") &&
                is_there(".dagz/run/j-3"));
    dz_run_close(&run);
}

static void results_are_kept_as_frames(void **state)
{
    (void)state;
    struct dz_err err = {0};
    struct dz_run run = open_well("");
    struct dz_msg put = {.type = DZ_MSG_result,
                         .result = {.test = 7, .frames = dz_bytes("frames", 6)}},
                  taken;
    assert_int_equal(dz_run_keep(&run, &put, &err), 0);
    assert_int_equal(dz_run_keep(&run, &put, &err), 0);
    char bytes[256];
    ssize_t n = pread(run.results, bytes, sizeof bytes, 0);
    long first = dz_wire_take(bytes, (size_t)n, &taken);
    assert_true(first > 0);
    assert_int_equal(taken.result.test, 7);
    assert_int_equal(dz_wire_take(bytes + first, (size_t)(n - first), &taken), n - first);
    dz_run_close(&run);
}

static void a_folder_that_cannot_be_made_gives_a_sentence(void **state)
{
    (void)state;
    struct dz_run run;
    struct dz_err err = {0};
    /* A file in its place, as root may write anywhere. */
    write_file(".dagz", "");
    assert_int_equal(open_in(&run, "", &err), -ENOTDIR);
    assert_non_null(strstr(err.text, "cannot"));
    assert_non_null(strstr(err.text, ".dagz"));
    assert_non_null(strstr(err.text, "Not a directory"));
    assert_null(run.state);
    assert_true(run.id[0] == 'j');
    struct dz_msg msg = {.type = DZ_MSG_result};
    assert_int_equal(dz_run_keep(&run, &msg, &err), 0);
    dz_run_close(&run);
}

static void a_root_that_is_not_there_gives_a_sentence(void **state)
{
    (void)state;
    struct dz_run run;
    struct dz_err err = {0};
    const char *nowhere = in_root("nowhere/at/all");
    assert_int_equal(dz_run_open(&run, dz_bytes(nowhere, strlen(nowhere)), dz_bytes("", 0), &err),
                     -ENOENT);
    assert_non_null(strstr(err.text, "nowhere/at/all/.dagz': No such file or directory"));
    dz_run_close(&run);
}

static void limit_files(rlim_t size)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = size;
    setrlimit(RLIMIT_FSIZE, &limit);
}

static void a_full_disk_is_told_once(void **state)
{
    (void)state;
    struct dz_err err = {0};
    struct dz_run run = open_well("");
    struct dz_msg msg = {.type = DZ_MSG_result, .result = {.frames = dz_bytes("a result", 8)}};
    signal(SIGXFSZ, SIG_IGN);
    limit_files(40);
    int first = dz_run_keep(&run, &msg, &err), second = dz_run_keep(&run, &msg, &err);
    int third = dz_run_keep(&run, &msg, &err);
    limit_files(RLIM_INFINITY);
    assert_int_equal(first, 0);
    assert_int_equal(second, -EFBIG);
    assert_non_null(strstr(err.text, "cannot keep results in"));
    assert_int_equal(third, 0);
    dz_run_close(&run);
}

static void a_disk_full_at_the_start_gives_a_sentence(void **state)
{
    (void)state;
    struct dz_run run;
    struct dz_err err = {0};
    signal(SIGXFSZ, SIG_IGN);
    limit_files(0);
    int r = open_in(&run, "", &err);
    limit_files(RLIM_INFINITY);
    assert_int_equal(r, -EFBIG);
    assert_non_null(strstr(err.text, ".gitignore"));
    dz_run_close(&run);
}

/* Each allocation in turn: a sentence, and nothing that the next job would stumble over. */
static void without_memory_there_is_a_sentence(void **state)
{
    (void)state;
    int failed = 1;
    for (unsigned long n = 1; failed; n++) {
        struct dz_run run;
        struct dz_err err = {0};
        dz_mem_fail_after(n);
        failed = open_in(&run, "", &err) < 0;
        if (failed && (err.code != -ENOMEM || !strstr(err.text, "cannot") ||
                       !strstr(err.text, "Cannot allocate memory")))
            fail_msg("allocation %lu: %d %s", n, err.code, err.text);
        dz_mem_fail_after(0);
        dz_run_close(&run);
        assert_true(n < 100);
    }
    struct dz_run run = open_well("");
    dz_run_close(&run);
}

#define WITH_ROOT(test) cmocka_unit_test_setup_teardown(test, make_root, drop_root)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ROOT(the_state_is_made_and_hidden_from_version_control),
        WITH_ROOT(what_the_user_ignores_there_stays),
        WITH_ROOT(the_state_can_be_elsewhere),
        WITH_ROOT(two_at_once_have_different_numbers),
        WITH_ROOT(those_that_have_ended_are_swept_and_running_ones_stay),
        WITH_ROOT(what_is_no_job_is_not_swept),
        WITH_ROOT(results_are_kept_as_frames),
        WITH_ROOT(a_folder_that_cannot_be_made_gives_a_sentence),
        WITH_ROOT(a_root_that_is_not_there_gives_a_sentence),
        WITH_ROOT(a_full_disk_is_told_once),
        WITH_ROOT(a_disk_full_at_the_start_gives_a_sentence),
        WITH_ROOT(without_memory_there_is_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
