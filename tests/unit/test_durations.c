/* The file of past durations: what is written is read, and what is broken does no harm. */
#include "../../host/base/mem.h"
#include "../../host/record/durations.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xxhash.h>

#include <cmocka.h>

static char folder[64], path[96];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/dagz-durations-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/durations", folder);
    return 0;
}

static int drop_folder(void **state)
{
    (void)state;
    unlink(path);
    /* Fails, and the test with it, when something was left beside the file. */
    return rmdir(folder);
}

static struct dz_durations *known(void)
{
    struct dz_err err;
    struct dz_durations *durations = dz_durations_new(path, &err);
    if (err.code)
        fail_msg("%s", err.text);
    return durations;
}

static void keep(struct dz_durations *durations)
{
    struct dz_err err;
    if (dz_durations_save(durations, path, &err) < 0)
        fail_msg("%s", err.text);
    dz_durations_free(durations);
}

static char *slurp(size_t *ret_size)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char *text = calloc(1, 1 << 20);
    *ret_size = fread(text, 1, 1 << 20, file);
    fclose(file);
    return text;
}

static void spill(const char *text, size_t size)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    fclose(file);
}

/* Writes the lines as a whole file. */
static void spill_lines(const char *lines)
{
    char text[4096];
    int n = snprintf(text, sizeof text, "dagz durations 1\n%s", lines);
    n += snprintf(text + n, sizeof text - (size_t)n, "end %016" PRIx64 "\n",
                  (uint64_t)XXH3_64bits(text, (size_t)n));
    spill(text, (size_t)n);
}

static void what_is_kept_is_known_to_the_next_job(void **state)
{
    (void)state;
    struct dz_durations *durations = known();
    assert_int_equal(dz_durations_test_us(durations, "a.py::test"), 0);
    dz_durations_set_test(durations, "a.py::test", 1234);
    dz_durations_set_test(durations, "a.py::test_0", 0);
    dz_durations_set_fixture(durations, "a.py::test", 77, 1);
    keep(durations);

    durations = known();
    uint64_t setup_us = 5;
    int pinned = 5;
    assert_int_equal(dz_durations_test_us(durations, "a.py::test"), 1234);
    assert_int_equal(dz_durations_test_us(durations, "a.py::test_0"), 1);
    assert_int_equal(dz_durations_test_us(durations, "a.py::tes"), 0);
    assert_false(dz_durations_fixture(durations, "a.py::test_0", &setup_us, &pinned));
    assert_int_equal(setup_us, 5);
    assert_true(dz_durations_fixture(durations, "a.py::test", &setup_us, &pinned));
    assert_int_equal(setup_us, 77);
    assert_int_equal(pinned, 1);
    dz_durations_free(durations);
}

static void names_of_any_bytes_come_back(void **state)
{
    (void)state;
    static const char *const names[] = {"",          "\n",
                                        "\\",        "\\n",
                                        "\\\\n\n\\", "a\nb\\",
                                        " 7 ",       "\xed\xb2\x80\x80\xff",
                                        "\x01\r\t",  "end 0000000000000000\n"};
    enum { N = sizeof names / sizeof *names };
    struct dz_durations *durations = known();
    for (unsigned i = 0; i < N; i++)
        dz_durations_set_test(durations, names[i], i + 1);
    keep(durations);
    durations = known();
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(dz_durations_test_us(durations, names[i]), i + 1);
    dz_durations_free(durations);
}

static void what_did_not_run_is_kept(void **state)
{
    (void)state;
    struct dz_durations *durations = known();
    dz_durations_set_test(durations, "old", 1);
    dz_durations_set_test(durations, "both", 2);
    keep(durations);
    durations = known();
    dz_durations_set_test(durations, "both", 3);
    dz_durations_set_test(durations, "both", 4);
    keep(durations);
    durations = known();
    assert_int_equal(dz_durations_test_us(durations, "old"), 1);
    assert_int_equal(dz_durations_test_us(durations, "both"), 4);
    dz_durations_free(durations);
}

static void what_another_job_wrote_meanwhile_is_kept(void **state)
{
    (void)state;
    struct dz_durations *mine = known(), *other = known();
    dz_durations_set_test(mine, "mine", 1);
    dz_durations_set_test(other, "other", 2);
    keep(other);
    keep(mine);
    struct dz_durations *durations = known();
    assert_int_equal(dz_durations_test_us(durations, "mine"), 1);
    assert_int_equal(dz_durations_test_us(durations, "other"), 2);
    dz_durations_free(durations);
}

static void jobs_that_write_at_once_leave_a_whole_file(void **state)
{
    (void)state;
    for (int job = 0; job < 4; job++) {
        if (fork())
            continue;
        for (unsigned round = 0; round < 25; round++) {
            struct dz_err err;
            struct dz_durations *durations = dz_durations_new(path, &err);
            char name[32];
            for (unsigned i = 0; i < 200; i++) {
                snprintf(name, sizeof name, "%d/%u", job, i);
                dz_durations_set_test(durations, name, round + 1);
            }
            if (err.code || dz_durations_save(durations, path, &err) < 0)
                _exit(1);
            dz_durations_free(durations);
        }
        _exit(0);
    }
    for (int job = 0, status; job < 4; job++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    dz_durations_free(known());
}

static void a_port_that_one_process_bound_is_not_forgotten_for_another(void **state)
{
    (void)state;
    struct dz_durations *durations = known();
    uint64_t setup_us;
    int pinned;
    dz_durations_set_fixture(durations, "server", 10, 1);
    dz_durations_set_fixture(durations, "server", 20, 0);
    keep(durations);
    durations = known();
    dz_durations_fixture(durations, "server", &setup_us, &pinned);
    assert_int_equal(pinned, 1);
    /* Another run, in which nobody bound one. */
    dz_durations_set_fixture(durations, "server", 20, 0);
    keep(durations);
    durations = known();
    dz_durations_fixture(durations, "server", &setup_us, &pinned);
    assert_int_equal(pinned, 0);
    dz_durations_free(durations);
}

static void what_was_not_seen_for_long_is_dropped(void **state)
{
    (void)state;
    spill_lines("t 1000 5 long gone\nt 4000000000 6 from a clock that was wrong\n");
    struct dz_durations *durations = known();
    assert_int_equal(dz_durations_test_us(durations, "long gone"), 5);
    keep(durations);
    durations = known();
    assert_int_equal(dz_durations_test_us(durations, "long gone"), 0);
    assert_int_equal(dz_durations_test_us(durations, "from a clock that was wrong"), 6);
    dz_durations_free(durations);
}

static void check_damaged(void)
{
    struct dz_err err;
    struct dz_durations *durations = dz_durations_new(path, &err);
    assert_non_null(durations);
    assert_int_equal(err.code, -EBADMSG);
    assert_non_null(strstr(err.text, "is damaged"));
    assert_int_equal(dz_durations_test_us(durations, "a"), 0);
    dz_durations_set_test(durations, "new", 1);
    keep(durations);
    durations = known();
    assert_int_equal(dz_durations_test_us(durations, "new"), 1);
    dz_durations_free(durations);
}

static void a_damaged_file_is_a_sentence_and_is_written_anew(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "x 1 2 a\n",
        "t\n",
        "t \n",
        "t 1\n",
        "t 1 2\n",
        "t 1 x a\n",
        "t  2 a\n",
        "f 1 2 a\n",
        "f 1 2 \n",
        "\n",
        "t 1 99999999999999999999 a\n",
        "t 1 2 a",
        "t 1 2 a\nt -1 2 b\n",
    };
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++) {
        spill_lines(lines[i]);
        check_damaged();
    }
    spill("dagz durations 2\n", 17);
    check_damaged();
}

static void each_damaged_byte_and_each_cut_is_noticed(void **state)
{
    (void)state;
    struct dz_durations *durations = known();
    dz_durations_set_test(durations, "a", 12);
    dz_durations_set_fixture(durations, "b\n", 34, 1);
    keep(durations);
    size_t size;
    char *text = slurp(&size);
    for (size_t i = 0; i < size; i++) {
        struct dz_err err;
        if (i) {
            spill(text, i);
            dz_durations_free(dz_durations_new(path, &err));
            assert_int_equal(err.code, -EBADMSG);
        }
        text[i] ^= 4;
        spill(text, size);
        text[i] ^= 4;
        dz_durations_free(dz_durations_new(path, &err));
        assert_int_equal(err.code, -EBADMSG);
    }
    free(text);
}

static void a_file_that_cannot_be_read_or_written_is_a_sentence(void **state)
{
    (void)state;
    struct dz_err err;
    assert_int_equal(mkdir(path, 0700), 0);
    struct dz_durations *durations = dz_durations_new(path, &err);
    assert_non_null(durations);
    assert_int_equal(err.code, -EISDIR);
    assert_non_null(strstr(err.text, path));
    dz_durations_set_test(durations, "a", 1);
    assert_true(dz_durations_save(durations, path, &err) < 0);
    assert_non_null(strstr(err.text, "cannot write"));
    assert_true(dz_durations_save(durations, "/proc/none/durations", &err) < 0);
    assert_true(dz_durations_save(durations, "/dev/full/durations", &err) < 0);
    dz_durations_free(durations);
    rmdir(path);
    durations = dz_durations_new(NULL, &err);
    assert_int_equal(err.code, 0);
    assert_int_equal(dz_durations_test_us(durations, "a"), 0);
    dz_durations_free(durations);
}

static void the_file_is_readable_as_others_of_the_user(void **state)
{
    (void)state;
    mode_t mask = umask(027);
    keep(known());
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    umask(mask);
}

/* A whole life of the file; how far it came. */
static int live(int *ret_saved)
{
    struct dz_err err;
    struct dz_durations *durations = dz_durations_new(path, &err);
    if (!durations) {
        assert_non_null(strstr(err.text, path));
        return -ENOMEM;
    }
    char name[32];
    for (unsigned i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "%u", i);
        dz_durations_set_test(durations, name, i + 1);
    }
    int r = dz_durations_save(durations, path, &err);
    *ret_saved = r == 0;
    if (r < 0)
        assert_true(err.text[0]);
    dz_durations_free(durations);
    return r;
}

static void without_memory_there_is_a_sentence_and_the_old_file_stays(void **state)
{
    (void)state;
    struct dz_durations *durations = known();
    dz_durations_set_test(durations, "old", 9);
    dz_durations_set_test(durations, "7", 9);
    keep(durations);
    int saved = 0;
    for (unsigned long n = 1; !saved; n++) {
        dz_mem_fail_after(n);
        live(&saved);
        dz_mem_fail_after(0);
        durations = known();
        assert_int_equal(dz_durations_test_us(durations, "old"), 9);
        assert_int_equal(dz_durations_test_us(durations, "7"), saved ? 8 : 9);
        dz_durations_free(durations);
        assert_true(n < 1000);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, drop_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_kept_is_known_to_the_next_job),
        TEST(names_of_any_bytes_come_back),
        TEST(what_did_not_run_is_kept),
        TEST(what_another_job_wrote_meanwhile_is_kept),
        TEST(jobs_that_write_at_once_leave_a_whole_file),
        TEST(a_port_that_one_process_bound_is_not_forgotten_for_another),
        TEST(what_was_not_seen_for_long_is_dropped),
        TEST(a_damaged_file_is_a_sentence_and_is_written_anew),
        TEST(each_damaged_byte_and_each_cut_is_noticed),
        TEST(a_file_that_cannot_be_read_or_written_is_a_sentence),
        TEST(the_file_is_readable_as_others_of_the_user),
        TEST(without_memory_there_is_a_sentence_and_the_old_file_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
