/* The small parts that all others stand on: bytes, memory, sentences, cores, heritage. */
#include "../../host/base/buf.h"
#include "../../host/base/cores.h"
#include "../../host/base/err.h"
#include "../../host/base/file.h"
#include "../../host/base/heritage.h"
#include "../../host/base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int memory_comes_back(void **state)
{
    (void)state;
    dz_mem_fail_after(0);
    return 0;
}

/* ---- buf ---- */

static void bytes_texts_and_formats_stand_one_behind_the_other(void **state)
{
    (void)state;
    dz_autobuf struct dz_buf buf = {0};
    dz_buf_put(&buf, "a\0b", 3);
    dz_buf_str(&buf, "text");
    dz_buf_fmt(&buf, "%d%%", 42);
    dz_buf_put(&buf, NULL, 0);
    assert_true(dz_buf_ok(&buf));
    assert_int_equal(buf.len, 10);
    assert_memory_equal(buf.data, "a\0btext42%", 10);
}

static void a_buffer_grows_and_keeps_what_it_has(void **state)
{
    (void)state;
    dz_autobuf struct dz_buf buf = {0};
    for (uint32_t i = 0; i < 100000; i++)
        dz_buf_put(&buf, &i, sizeof i);
    assert_true(dz_buf_ok(&buf));
    for (uint32_t i = 0, found; i < 100000; i++) {
        memcpy(&found, buf.data + i * sizeof i, sizeof i);
        assert_int_equal(found, i);
    }
}

static void what_is_dropped_goes_from_the_front(void **state)
{
    (void)state;
    dz_autobuf struct dz_buf buf = {0};
    dz_buf_str(&buf, "taken, left");
    dz_buf_drop(&buf, 7);
    assert_int_equal(buf.len, 4);
    assert_memory_equal(buf.data, "left", 4);
    dz_buf_drop(&buf, 4);
    assert_int_equal(buf.len, 0);
}

static void a_growth_that_failed_sticks(void **state)
{
    (void)state;
    dz_autobuf struct dz_buf buf = {0};
    dz_buf_str(&buf, "there");
    dz_mem_fail_after(1);
    assert_null(dz_buf_room(&buf, 1 << 20));
    dz_mem_fail_after(0);
    dz_buf_str(&buf, ", and nothing more");
    dz_buf_fmt(&buf, "%d", 1);
    assert_false(dz_buf_ok(&buf));
    assert_int_equal(buf.len, 5);
    dz_buf_free(&buf);
    dz_buf_str(&buf, "new");
    assert_true(dz_buf_ok(&buf));
}

/* ---- mem ---- */

static void memory_comes_zeroed_and_none_is_not_null(void **state)
{
    (void)state;
    dz_auto char *bytes = dz_alloc(1000), *none = dz_alloc(0), *empty = dz_realloc(NULL, 0);
    assert_non_null(none);
    assert_non_null(empty);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(bytes[i], 0);
}

static void the_nth_allocation_and_all_later_ones_fail(void **state)
{
    (void)state;
    dz_mem_fail_after(3);
    dz_auto char *first = dz_alloc(1), *second = dz_strdup("second");
    assert_non_null(first);
    assert_non_null(second);
    assert_null(dz_alloc(1));
    assert_null(dz_realloc(NULL, 1));
    assert_null(dz_memdup("x", 1));
    dz_mem_fail_after(0);
    dz_auto char *again = dz_alloc(1);
    assert_non_null(again);
}

static void a_copy_ends_with_a_nul(void **state)
{
    (void)state;
    dz_auto char *copy = dz_memdup("word and more", 4), *empty = dz_memdup(NULL, 0);
    assert_string_equal(copy, "word");
    assert_string_equal(empty, "");
}

/* ---- err ---- */

static void a_sentence_ends_with_what_the_system_said(void **state)
{
    (void)state;
    struct dz_err err = {0};
    assert_int_equal(dz_fail(&err, -ENOENT, "cannot open '%s'", "it"), -ENOENT);
    assert_int_equal(err.code, -ENOENT);
    assert_string_equal(err.text, "cannot open 'it': No such file or directory");
}

static void who_passes_a_sentence_on_stands_before_it(void **state)
{
    (void)state;
    struct dz_err err = {0};
    dz_fail(&err, -EIO, "cannot read");
    assert_int_equal(dz_wrap(&err, -EIO, "job %d", 7), -EIO);
    assert_string_equal(err.text, "job 7: cannot read: Input/output error");
}

static void a_sentence_too_long_is_cut_and_stays_a_text(void **state)
{
    (void)state;
    struct dz_err err = {0};
    char word[2 * sizeof err.text];
    memset(word, 'w', sizeof word - 1);
    word[sizeof word - 1] = 0;
    dz_fail(&err, -EIO, "%s", word);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    for (int i = 0; i < 3; i++)
        dz_wrap(&err, -EIO, "trying");
    assert_int_equal(strncmp(err.text, "trying: trying: trying: www", 27), 0);
    dz_wrap(&err, -EIO, "%s", word);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
}

/* ---- cores ---- */

static void cores_are_one_at_least_and_no_more_than_affinity_allows(void **state)
{
    (void)state;
    cpu_set_t all, one;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    unsigned cores = dz_cores();
    assert_true(cores >= 1 && cores <= (unsigned)CPU_COUNT(&all));
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE && !CPU_COUNT(&one); i++)
        if (CPU_ISSET(i, &all))
            CPU_SET(i, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(dz_cores(), 1);
    sched_setaffinity(0, sizeof all, &all);
}

/* ---- heritage ---- */

static void heritage_comes_through_a_variable_whatever_the_paths_hold(void **state)
{
    (void)state;
    struct dz_heritage put = {7000000000000000001u,   DZ_ROLE_WORKER,   1021,
                              "/a b/3 4 dagz-python", "/: \n/python 3", NULL},
                       taken;
    dz_auto char *packed = dz_heritage_pack(&put);
    assert_int_equal(dz_heritage_unpack(&taken, packed), 0);
    assert_int_equal(taken.version, put.version);
    assert_int_equal(taken.role, put.role);
    assert_int_equal(taken.socket, put.socket);
    assert_string_equal(taken.executable, put.executable);
    assert_string_equal(taken.python, put.python);
}

static void a_variable_that_is_no_heritage_is_refused(void **state)
{
    (void)state;
    const char *const texts[] = {"",
                                 "x",
                                 "1",
                                 "1 2",
                                 "1 2 3",
                                 "1 2 3 ",
                                 "1 2 99 /short /p",
                                 "9 1 2 /a /b",
                                 "-1 1 2 /a /b",
                                 "1 1 1 /a /b",
                                 "0 -1 1 ab",
                                 "0 -1 1 a",
                                 "1 2 18446744073709551615 /a /b"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct dz_heritage taken;
        char text[64];
        snprintf(text, sizeof text, "7 %s", texts[i]);
        if (dz_heritage_unpack(&taken, text) != -EBADMSG)
            fail_msg("'%s' is taken", texts[i]);
    }
}

#define WITH_MEMORY(test) cmocka_unit_test_teardown(test, memory_comes_back)

static int count_files(const char *path)
{
    int n = 0;
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (struct dirent *found; (found = readdir(folder));)
        n += found->d_name[0] != '.';
    closedir(folder);
    return n;
}

static void a_file_is_put_in_the_place_of_another_and_nothing_is_left_beside_it(void **state)
{
    (void)state;
    static const char *const texts[] = {"one", "another", ""};
    char folder[] = "/tmp/dagz-file-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/it", folder);
    for (int i = 0; i < 3; i++) {
        dz_autobuf struct dz_buf there = {0};
        assert_int_equal(dz_file_put(path, texts[i], strlen(texts[i])), 0);
        assert_int_equal(dz_file_read(path, &there), 0);
        assert_int_equal(there.len, strlen(texts[i]));
        assert_memory_equal(there.len ? there.data : "", texts[i], there.len);
        assert_int_equal(count_files(folder), 1);
    }
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(dz_file_put(path, "x", 1), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_texts_and_formats_stand_one_behind_the_other),
        cmocka_unit_test(a_buffer_grows_and_keeps_what_it_has),
        cmocka_unit_test(what_is_dropped_goes_from_the_front),
        WITH_MEMORY(a_growth_that_failed_sticks),
        cmocka_unit_test(memory_comes_zeroed_and_none_is_not_null),
        WITH_MEMORY(the_nth_allocation_and_all_later_ones_fail),
        cmocka_unit_test(a_copy_ends_with_a_nul),
        cmocka_unit_test(a_sentence_ends_with_what_the_system_said),
        cmocka_unit_test(who_passes_a_sentence_on_stands_before_it),
        cmocka_unit_test(a_sentence_too_long_is_cut_and_stays_a_text),
        cmocka_unit_test(cores_are_one_at_least_and_no_more_than_affinity_allows),
        cmocka_unit_test(heritage_comes_through_a_variable_whatever_the_paths_hold),
        cmocka_unit_test(a_variable_that_is_no_heritage_is_refused),
        cmocka_unit_test(a_file_is_put_in_the_place_of_another_and_nothing_is_left_beside_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
