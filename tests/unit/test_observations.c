/* Reading what was observed: whole logs are joined rightly, and what is torn or wrong makes spans incomplete, never
 * wrong. */
#include "../../host/base/mem.h"
#include "../../host/record/logs.h"
#include "../made_log.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- one job: a front that has collected, two workers, a child of one ----
 *
 *     a.py   f, g     imported by the front
 *     lazy.py  h      imported by each worker in its first test
 */
enum {
    S_LOAD = 1,
    S_COLLECT,
    S_A,
    S_F,
    S_G,
    S_MODULE_A,
    S_HOME,
    FRONT_STRINGS = S_HOME,
    S_LAZY_FILE,
    S_H,
    S_LAZY,
    S_TEST_1,
    S_TEST_2,
    S_CALL,
    S_DATA,
    S_FORK, /* in the child: the same number */
};
enum { C_F = 1, C_G, FRONT_CODES = C_G, C_H };
enum { P_LOAD = 1, P_COLLECT, P_IMPORT_A, FRONT_SPANS = P_IMPORT_A, P_TEST_1, P_LAZY, P_TEST_2 };

static const struct told of_front = {FRONT_STRINGS, FRONT_CODES, FRONT_SPANS};

static void put_front(struct dz_buf *log)
{
    static const char *const strings[] = {"load", "a.py", "/p/a.py", "f", "g", "a", "HOME"};
    put_head(log, DZ_LOG_FRONT, "", (struct told){0}, 0);
    for (uint32_t i = 0; i < FRONT_STRINGS; i++)
        put_string(log, i + 1, strings[i]);
    put_span(log, P_LOAD, 0, DZ_SPAN_LOAD, S_LOAD);
    put_span(log, P_COLLECT, 0, DZ_SPAN_COLLECT, S_COLLECT);
    put_source(log, S_A, "0123456789abcdef", 16);
    put_code(log, C_F, DZ_CODE_FUNCTION, S_A, 1, S_F);
    put_code(log, C_G, DZ_CODE_FUNCTION, S_A, 3, S_G);
    put_span(log, P_IMPORT_A, P_COLLECT, DZ_SPAN_IMPORT, S_MODULE_A);
    put_fact(log, P_IMPORT_A, DZ_FACT_SOURCE, S_A, 0);
    put_end(log, P_IMPORT_A);
    put_fact(log, P_COLLECT, DZ_FACT_LEAN, 0, P_IMPORT_A);
    put_end(log, P_COLLECT);
    put_fact(log, P_LOAD, DZ_FACT_ENVIRONMENT, S_HOME, 9);
    put_end(log, P_LOAD);
    put_close(log);
}

static void put_test(struct dz_buf *log, uint32_t span, uint32_t name, uint8_t first,
                     uint8_t second)
{
    put_span(log, span, 0, DZ_SPAN_TEST, name);
    put_fact(log, span, DZ_FACT_LEAN, 0, P_LOAD);
    put_fact(log, span, DZ_FACT_LEAN, 0, P_COLLECT);
    put_ran_bytes(log, span, (uint8_t[]){first, second}, 2);
}

/* Its first test imports lazy.py, and forks a child. */
static void put_worker(struct dz_buf *log, const char *one, const char *other)
{
    put_head(log, DZ_LOG_WORKER, "front", of_front, 0);
    put_string(log, S_LAZY_FILE, "/p/lazy.py");
    put_string(log, S_H, "h");
    put_string(log, S_LAZY, "lazy");
    put_string(log, S_TEST_1, one);
    put_string(log, S_TEST_2, other);
    put_string(log, S_CALL, "call");
    put_string(log, S_DATA, "/p/data");
    put_test(log, P_TEST_1, S_TEST_1, C_F, C_G - C_F);
    put_span(log, P_LAZY, P_TEST_1, DZ_SPAN_IMPORT, S_LAZY);
    put_code(log, C_H, DZ_CODE_FUNCTION, S_LAZY_FILE, 1, S_H);
    put_ran_bytes(log, P_LAZY, (uint8_t[]){C_H}, 1);
    put_fact(log, P_LAZY, DZ_FACT_SOURCE, S_LAZY_FILE, 0);
    put_end(log, P_LAZY);
    put_fact(log, P_TEST_1, DZ_FACT_LEAN, 0, P_LAZY);
    put_fact(log, P_TEST_1, DZ_FACT_FORKED, 0, 1);
    put_end(log, P_TEST_1);
    put_test(log, P_TEST_2, S_TEST_2, C_F, C_H - C_F);
    put_fact(log, P_TEST_2, DZ_FACT_CONTENT, S_DATA, 0);
    put_end(log, P_TEST_2);
    put_close(log);
}

static void put_child(struct dz_buf *log)
{
    put_head(log, DZ_LOG_CHILD, "worker-0", (struct told){S_DATA, C_H, P_TEST_1}, P_TEST_1);
    put_string(log, S_FORK, "fork");
    put_span(log, P_TEST_1 + 1, P_TEST_1, DZ_SPAN_FORK, S_FORK);
    put_ran_bytes(log, P_TEST_1 + 1, (uint8_t[]){C_G}, 1);
    put_close(log);
}

enum { FRONT, WORKER_0, WORKER_1, CHILD, LOGS };
static const char *const names[] = {"front", "worker-0", "worker-1", "child-7-1"};
static struct dz_buf whole[LOGS];

static int make_job(void **state)
{
    (void)state;
    put_front(&whole[FRONT]);
    put_worker(&whole[WORKER_0], "a.py::one", "a.py::two");
    put_worker(&whole[WORKER_1], "a.py::three", "a.py::four");
    put_child(&whole[CHILD]);
    return 0;
}

static int drop_job(void **state)
{
    (void)state;
    for (int i = 0; i < LOGS; i++)
        dz_buf_free(&whole[i]);
    return 0;
}

/* ---- reading ---- */

/* From a copy of exactly that size, so that a read beyond it is seen under a sanitizer. */
static int add(struct dz_observations *all, const char *name, const char *bytes, size_t size)
{
    struct dz_err err;
    char *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    int r = dz_observations_add(all, name, copy, size, &err);
    free(copy);
    return r;
}

static void join(struct dz_observations *all)
{
    struct dz_err err;
    assert_int_equal(dz_observations_join(all, &err), 0);
}

/* The job, but of one log no more than that many bytes. */
static void read_job(struct dz_observations *all, int cut, size_t size)
{
    *all = (struct dz_observations){0};
    for (int i = 0; i < LOGS; i++)
        assert_int_equal(add(all, names[i], whole[i].data, i == cut ? size : whole[i].len), 0);
    join(all);
}

/* One log by itself, joined. */
static void read_log(struct dz_observations *all, const struct dz_buf *log)
{
    *all = (struct dz_observations){0};
    assert_int_equal(add(all, "front", log->data, log->len), 0);
    join(all);
}

static const char *string(const struct dz_observations *all, uint32_t number)
{
    return number ? all->strings[number - 1] : "";
}

static int by_text(const void *one, const void *other)
{
    return strcmp(*(char *const *)one, *(char *const *)other);
}

/* All that the closure of this span says, sorted, as the numbers in it are the reading's own. */
static char *tell(const struct dz_observations *all, uint32_t number)
{
    struct dz_bits closure = {0};
    char *lines[256];
    size_t n = 0;
    assert_int_equal(dz_observations_closure(all, number, &closure), 0);
    for (uint32_t i = 0; (i = dz_bits_next(&closure, i)) != UINT32_MAX; i++) {
        const struct dz_observed_span *span = &all->spans[i];
        const char *name = string(all, span->name);
        for (uint32_t c = 0; (c = dz_bits_next(&span->codes, c)) != UINT32_MAX; c++)
            assert_true(asprintf(&lines[n++], "%d %s: %s:%u %s", span->type, name,
                                 string(all, all->codes[c].file), all->codes[c].line,
                                 string(all, all->codes[c].name)) > 0);
        for (uint32_t f = 0; f < span->n_facts; f++)
            if (span->facts[f].fact != DZ_FACT_LEAN)
                assert_true(asprintf(&lines[n++], "%d %s: fact %d %s", span->type, name,
                                     span->facts[f].fact, string(all, span->facts[f].string)) > 0);
    }
    dz_bits_free(&closure);
    qsort(lines, n, sizeof *lines, by_text);
    struct dz_buf text = {0};
    for (size_t i = 0; i < n; i++) {
        dz_buf_fmt(&text, "%s\n", lines[i]);
        free(lines[i]);
    }
    dz_buf_put(&text, "", 1);
    assert_true(dz_buf_ok(&text));
    return text.data;
}

static int has_doubts(const struct dz_observations *all, uint32_t number)
{
    struct dz_bits closure = {0};
    int found = 0;
    assert_int_equal(dz_observations_closure(all, number, &closure), 0);
    for (uint32_t i = 0; (i = dz_bits_next(&closure, i)) != UINT32_MAX; i++)
        found |= dz_observations_doubt(all, i, 0) != NULL;
    dz_bits_free(&closure);
    return found;
}

static uint32_t test_of(const struct dz_observations *all, const char *nodeid)
{
    uint32_t test = dz_observations_test(all, nodeid);
    if (test == DZ_OBSERVED_NONE)
        fail_msg("%s is not there", nodeid);
    return test;
}

/* ---- whole ones ---- */

static const char *const tests[] = {"a.py::one", "a.py::two", "a.py::three", "a.py::four"};
enum { TESTS = sizeof tests / sizeof *tests };

static void a_whole_job_is_joined(void **state)
{
    (void)state;
    struct dz_observations all;
    read_job(&all, -1, 0);
    assert_int_equal(all.n_logs, LOGS);
    for (int i = 0; i < LOGS; i++) {
        assert_null(all.logs[i].fault);
        assert_true(all.logs[i].closed);
        assert_string_equal(all.logs[i].rootdir, "/p");
    }
    /* Equal ones once: both workers tell of h. */
    assert_int_equal(all.n_codes, 3);
    assert_int_equal(all.n_sources, 1);
    assert_memory_equal(all.sources[0].hash, "0123456789abcdef", 16);
    dz_auto char *two = tell(&all, test_of(&all, "a.py::two"));
    assert_string_equal(two, "0 load: fact 10 HOME\n"
                             "2 a: fact 9 /p/a.py\n"
                             "2 lazy: /p/lazy.py:1 h\n"
                             "2 lazy: fact 9 /p/lazy.py\n"
                             "5 a.py::two: /p/a.py:1 f\n"
                             "5 a.py::two: /p/lazy.py:1 h\n"
                             "5 a.py::two: fact 0 /p/data\n");
    dz_auto char *one = tell(&all, test_of(&all, "a.py::one"));
    assert_non_null(strstr(one, "7 fork: /p/a.py:3 g\n"));
    assert_false(has_doubts(&all, test_of(&all, "a.py::one")));
    /* Of its child there is no log. */
    assert_true(has_doubts(&all, test_of(&all, "a.py::three")));
    dz_observations_free(&all);
}

static void who_imported_in_another_process_is_not_leant_on(void **state)
{
    (void)state;
    struct dz_observations all;
    read_job(&all, -1, 0);
    for (int i = 0; i < TESTS; i++) {
        struct dz_bits closure = {0};
        uint32_t test = test_of(&all, tests[i]), log = all.spans[test].log;
        assert_int_equal(dz_observations_closure(&all, test, &closure), 0);
        uint32_t imports = 0;
        for (uint32_t k = 0; (k = dz_bits_next(&closure, k)) != UINT32_MAX; k++)
            if (strcmp(string(&all, all.spans[k].name), "lazy") == 0) {
                assert_int_equal(all.spans[k].log, log);
                imports++;
            }
        assert_int_equal(imports, 1);
        dz_bits_free(&closure);
    }
    dz_observations_free(&all);
}

static void a_module_that_was_loaded_again_is_all_of_its_loads(void **state)
{
    (void)state;
    dz_autobuf struct dz_buf log = {0};
    struct dz_observations all;
    put_head(&log, DZ_LOG_FRONT, "", (struct told){0}, 0);
    put_string(&log, 1, "/p/a.py");
    put_string(&log, 2, "a");
    put_code(&log, 1, DZ_CODE_FUNCTION, 1, 1, 2);
    for (uint32_t span = 1; span <= 2; span++) {
        put_span(&log, span, 0, DZ_SPAN_IMPORT, 2);
        put_fact(&log, span, DZ_FACT_SOURCE, 1, 0);
        put_end(&log, span);
    }
    put_span(&log, 3, 0, DZ_SPAN_TEST, 2);
    put_ran_bytes(&log, 3, (uint8_t[]){1}, 1);
    put_end(&log, 3);
    read_log(&all, &log);
    struct dz_bits closure = {0};
    assert_int_equal(dz_observations_closure(&all, test_of(&all, "a"), &closure), 0);
    assert_int_equal(closure.words[0], 7);
    dz_bits_free(&closure);
    dz_observations_free(&all);
}

static void spans_that_lean_on_each_other_are_each_others(void **state)
{
    (void)state;
    dz_autobuf struct dz_buf log = {0};
    struct dz_observations all;
    put_head(&log, DZ_LOG_FRONT, "", (struct told){0}, 0);
    put_string(&log, 1, "x");
    for (uint32_t span = 1; span <= 4; span++)
        put_span(&log, span, 0, DZ_SPAN_CACHE, 1);
    /* 1 and 2 in a circle, 3 on itself and on 1; 4 by itself. */
    put_fact(&log, 1, DZ_FACT_LEAN, 0, 2);
    put_fact(&log, 2, DZ_FACT_LEAN, 0, 1);
    put_fact(&log, 3, DZ_FACT_LEAN, 0, 3);
    put_fact(&log, 3, DZ_FACT_LEAN, 0, 1);
    read_log(&all, &log);
    static const uint64_t expected[] = {3, 3, 7, 8};
    for (uint32_t span = 0; span < 4; span++) {
        struct dz_bits closure = {0};
        assert_int_equal(dz_observations_closure(&all, span, &closure), 0);
        assert_int_equal(closure.words[0], expected[span]);
        dz_bits_free(&closure);
    }
    dz_observations_free(&all);
}

static void of_a_test_that_ran_twice_the_last_whole_one_counts(void **state)
{
    (void)state;
    dz_autobuf struct dz_buf log = {0};
    struct dz_observations all;
    put_head(&log, DZ_LOG_FRONT, "", (struct told){0}, 0);
    put_string(&log, 1, "t");
    for (uint32_t span = 1; span <= 3; span++) {
        put_span(&log, span, 0, DZ_SPAN_TEST, 1);
        if (span < 3)
            put_end(&log, span);
    }
    read_log(&all, &log);
    assert_int_equal(dz_observations_test(&all, "t"), 1);
    assert_int_equal(dz_observations_test(&all, "u"), DZ_OBSERVED_NONE);
    dz_observations_free(&all);
}

static void what_comes_behind_the_last_word_opens_the_log_again(void **state)
{
    (void)state;
    dz_autobuf struct dz_buf log = {0};
    struct dz_observations all;
    put_head(&log, DZ_LOG_CHILD, "", (struct told){0}, 0);
    put_string(&log, 1, "fork");
    put_span(&log, 1, 0, DZ_SPAN_FORK, 1);
    put_close(&log);
    read_log(&all, &log);
    assert_true(all.logs[0].closed && all.spans[0].complete);
    dz_observations_free(&all);
    put_fact(&log, 1, DZ_FACT_BLIND, 1, 0);
    for (int cut = 0; cut <= 1; cut++, log.len--) {
        read_log(&all, &log);
        assert_false(all.logs[0].closed || all.spans[0].complete);
        dz_observations_free(&all);
    }
}

/* ---- torn ---- */

/* What is said of a test without a doubt is what the whole log says. */
static void check_cut(int cut, size_t size, char *const *expected)
{
    struct dz_observations all;
    read_job(&all, cut, size);
    for (int i = 0; i < TESTS; i++) {
        uint32_t test = dz_observations_test(&all, tests[i]);
        if (test == DZ_OBSERVED_NONE || has_doubts(&all, test))
            continue;
        dz_auto char *told = tell(&all, test);
        if (strcmp(told, expected[i]) != 0)
            fail_msg("%s of %zu bytes: %s is told to be\n%sand is\n%s", names[cut], size, tests[i],
                     told, expected[i]);
    }
    dz_observations_free(&all);
}

static void a_log_that_is_cut_anywhere_tells_nothing_wrong(void **state)
{
    (void)state;
    struct dz_observations all;
    char *expected[TESTS];
    read_job(&all, -1, 0);
    for (int i = 0; i < TESTS; i++)
        expected[i] = tell(&all, test_of(&all, tests[i]));
    dz_observations_free(&all);
    for (int cut = 0; cut < LOGS; cut++)
        for (size_t size = 0; size <= whole[cut].len; size++)
            check_cut(cut, size, expected);
    for (int i = 0; i < TESTS; i++)
        dz_free(expected[i]);
}

static void the_more_of_a_log_there_is_the_more_is_known(void **state)
{
    (void)state;
    int known = 0;
    for (size_t size = 0; size <= whole[WORKER_0].len; size++) {
        struct dz_observations all;
        int now = 0;
        read_job(&all, WORKER_0, size);
        for (int i = 0; i < 2; i++) {
            uint32_t test = dz_observations_test(&all, tests[i]);
            now += test != DZ_OBSERVED_NONE && all.spans[test].complete;
        }
        assert_true(now >= known);
        known = now;
        dz_observations_free(&all);
    }
    assert_int_equal(known, 2);
}

static void a_flipped_bit_is_a_fault_of_its_log(void **state)
{
    (void)state;
    struct dz_buf *log = &whole[WORKER_0];
    for (size_t at = 0; at < log->len; at++) {
        struct dz_observations all;
        log->data[at] ^= 0x10;
        read_job(&all, -1, 0);
        log->data[at] ^= 0x10;
        /* A type that is zero stands for the log's end: one bit more or less gives none. */
        assert_non_null(all.logs[WORKER_0].fault);
        for (int i = 0; i < 2; i++) {
            uint32_t test = dz_observations_test(&all, tests[i]);
            assert_true(test == DZ_OBSERVED_NONE || has_doubts(&all, test));
        }
        dz_observations_free(&all);
    }
}

static void a_frame_that_was_being_written_is_not_there(void **state)
{
    (void)state;
    dz_autobuf struct dz_buf log = {0};
    struct dz_observations all;
    put_front(&log);
    size_t before = log.len;
    put_span(&log, P_IMPORT_A + 1, 0, DZ_SPAN_TEST, S_A);
    /* Its type comes last. */
    memset(log.data + before + 4, 0, 4);
    for (int i = 0; i < 100; i++)
        dz_buf_put(&log, "", 1);
    read_log(&all, &log);
    assert_null(all.logs[0].fault);
    assert_true(all.logs[0].closed);
    assert_int_equal(all.n_spans, FRONT_SPANS);
    dz_observations_free(&all);
}

static void an_empty_log_is_of_a_process_that_was_killed_at_once(void **state)
{
    (void)state;
    struct dz_observations all = {0};
    assert_int_equal(add(&all, "front", "", 0), 0);
    assert_int_equal(add(&all, "worker-0", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16), 0);
    join(&all);
    assert_int_equal(all.n_logs, 2);
    assert_false(all.logs[0].closed || all.logs[0].fault || all.logs[1].fault);
    dz_observations_free(&all);
}

/* ---- wrong ---- */

/* What no process of ours writes, behind a string 1 "x", a code 1, and spans 1, which has an end, and 2. */
static void put_beginning(struct dz_buf *log)
{
    put_head(log, DZ_LOG_FRONT, "", (struct told){0}, 0);
    put_string(log, 1, "x");
    put_code(log, 1, DZ_CODE_FUNCTION, 1, 1, 1);
    put_span(log, 1, 0, DZ_SPAN_TEST, 1);
    put_ran_bytes(log, 1, (uint8_t[]){1}, 1);
    put_end(log, 1);
    put_span(log, 2, 0, DZ_SPAN_TEST, 1);
}

#define WRONG(name, ...)                       \
    static void put_##name(struct dz_buf *log) \
    {                                          \
        __VA_ARGS__;                           \
    }
WRONG(second_head, put_head(log, DZ_LOG_FRONT, "", (struct told){0}, 0))
WRONG(string_again, put_string(log, 1, "y"))
WRONG(string_skipped, put_string(log, 3, "y"))
WRONG(string_zero, put_string(log, 0, "y"))
WRONG(code_of_no_kind, put_code(log, 2, DZ_CODE_PACKAGE + 1, 1, 1, 1))
WRONG(code_of_no_file, put_code(log, 2, DZ_CODE_FUNCTION, 0, 1, 1))
WRONG(code_of_unknown_file, put_code(log, 2, DZ_CODE_FUNCTION, 2, 1, 1))
WRONG(code_skipped, put_code(log, 3, DZ_CODE_FUNCTION, 1, 2, 1))
WRONG(source_of_no_file, put_source(log, 0, "0123456789abcdef", 16))
WRONG(source_of_half_a_hash, put_source(log, 1, "01234567", 8))
WRONG(span_of_no_type, put_span(log, 3, 0, DZ_SPAN_TYPES, 1))
WRONG(span_of_no_name, put_span(log, 3, 0, DZ_SPAN_TEST, 0))
WRONG(span_skipped, put_span(log, 4, 0, DZ_SPAN_TEST, 1))
WRONG(ran_of_no_span, put_ran_bytes(log, 0, (uint8_t[]){1}, 1))
WRONG(ran_of_unknown_span, put_ran_bytes(log, 3, (uint8_t[]){1}, 1))
WRONG(ran_nothing_known, put_ran_bytes(log, 2, (uint8_t[]){2}, 1))
WRONG(ran_zero, put_ran_bytes(log, 2, (uint8_t[]){0}, 1))
WRONG(ran_without_end, put_ran_bytes(log, 2, (uint8_t[]){1, 0x80}, 2))
WRONG(ran_too_long, put_ran_bytes(log, 2, (uint8_t[]){0x81, 0x80, 0x80, 0x80, 0x80, 0}, 6))
WRONG(ran_too_large, put_ran_bytes(log, 2, (uint8_t[]){0xff, 0xff, 0xff, 0xff, 0x7f}, 5))
WRONG(ran_over_the_top, put_ran_bytes(log, 2, (uint8_t[]){1, 0xff, 0xff, 0xff, 0xff, 0x0f}, 6))
WRONG(fact_of_no_kind, put_fact(log, 2, DZ_FACTS, 1, 0))
WRONG(fact_of_unknown_string, put_fact(log, 2, DZ_FACT_STAT, 2, 0))
WRONG(fact_of_no_span, put_fact(log, 0, DZ_FACT_STAT, 1, 0))
WRONG(lean_on_nothing, put_fact(log, 2, DZ_FACT_LEAN, 0, 0))
WRONG(lean_on_unknown, put_fact(log, 2, DZ_FACT_LEAN, 0, 3))
WRONG(lean_on_large, put_fact(log, 2, DZ_FACT_LEAN, 0, (1ull << 32) + 1))
WRONG(end_of_no_span, put_end(log, 0))
WRONG(end_of_unknown_span, put_end(log, 3))
WRONG(what_travels, dz_wire_put(log, &(struct dz_msg){.type = DZ_MSG_started}))

static void (*const wrongs[])(struct dz_buf *log) = {
    put_second_head,
    put_string_again,
    put_string_skipped,
    put_string_zero,
    put_code_of_no_kind,
    put_code_of_no_file,
    put_code_of_unknown_file,
    put_code_skipped,
    put_source_of_no_file,
    put_source_of_half_a_hash,
    put_span_of_no_type,
    put_span_of_no_name,
    put_span_skipped,
    put_ran_of_no_span,
    put_ran_of_unknown_span,
    put_ran_nothing_known,
    put_ran_zero,
    put_ran_without_end,
    put_ran_too_long,
    put_ran_too_large,
    put_ran_over_the_top,
    put_fact_of_no_kind,
    put_fact_of_unknown_string,
    put_fact_of_no_span,
    put_lean_on_nothing,
    put_lean_on_unknown,
    put_lean_on_large,
    put_end_of_no_span,
    put_end_of_unknown_span,
    put_what_travels,
};

static void what_is_told_wrongly_ends_the_log_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        dz_autobuf struct dz_buf log = {0};
        struct dz_observations all;
        put_beginning(&log);
        wrongs[i](&log);
        put_end(&log, 2);
        put_close(&log);
        read_log(&all, &log);
        if (!all.logs[0].fault)
            fail_msg("the %zu-th is taken", i);
        assert_true(all.spans[0].complete);
        assert_false(all.spans[1].complete || all.logs[0].closed);
        assert_true(dz_bits_has(&all.spans[0].codes, 0));
        assert_true(has_doubts(&all, 0) && has_doubts(&all, 1));
        dz_observations_free(&all);
    }
}

static void what_stands_before_the_head_is_not_taken(void **state)
{
    (void)state;
    dz_autobuf struct dz_buf log = {0};
    struct dz_observations all;
    put_string(&log, 1, "x");
    put_beginning(&log);
    read_log(&all, &log);
    assert_non_null(all.logs[0].fault);
    assert_int_equal(all.n_spans, 0);
    dz_observations_free(&all);
}

static void a_head_of_another_version_or_origin_is_not_taken(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        dz_autobuf struct dz_buf log = {0};
        struct dz_observations all;
        struct dz_msg head = {.type = DZ_MSG_log,
                              .log = {.version = DZ_LOG_VERSION + (i == 0), .origin = i ? 3 : 0}};
        dz_wire_put(&log, &head);
        put_string(&log, 1, "x");
        read_log(&all, &log);
        assert_non_null(all.logs[0].fault);
        assert_int_equal(all.n_strings, 0);
        dz_observations_free(&all);
    }
}

static void check_without_parent(struct dz_observations *all, uint32_t log)
{
    join(all);
    assert_non_null(all->logs[log].fault);
    for (uint32_t i = 0; i < all->n_spans; i++)
        assert_int_not_equal(all->spans[i].log, log);
    dz_observations_free(all);
}

static void whose_parent_is_missing_or_comes_later_or_is_itself_is_not_taken(void **state)
{
    (void)state;
    struct dz_observations all = {0};
    const struct dz_buf *front = &whole[FRONT], *worker = &whole[WORKER_0];
    assert_int_equal(add(&all, "worker-0", worker->data, worker->len), 0);
    check_without_parent(&all, 0);
    assert_int_equal(add(&all, "worker-0", worker->data, worker->len), 0);
    assert_int_equal(add(&all, "front", front->data, front->len), 0);
    check_without_parent(&all, 0);
    /* Nor is looked for without end what its child has of it. */
    assert_int_equal(add(&all, "front", worker->data, worker->len), 0);
    assert_int_equal(add(&all, "worker-0", worker->data, worker->len), 0);
    check_without_parent(&all, 0);
}

static void numbers_of_a_parent_that_it_has_not_told_are_not_taken(void **state)
{
    (void)state;
    /* Of a front that was torn in its middle. */
    dz_autobuf struct dz_buf front = {0};
    struct dz_observations all = {0};
    put_head(&front, DZ_LOG_FRONT, "", (struct told){0}, 0);
    put_string(&front, 1, "load");
    assert_int_equal(add(&all, "front", front.data, front.len), 0);
    assert_int_equal(add(&all, "worker-0", whole[WORKER_0].data, whole[WORKER_0].len), 0);
    join(&all);
    assert_non_null(all.logs[1].fault);
    for (uint32_t i = 0; i < all.n_spans; i++)
        assert_false(all.spans[i].complete);
    dz_observations_free(&all);
}

static void what_a_parent_has_told_since_is_not_its_childs(void **state)
{
    (void)state;
    dz_autobuf struct dz_buf child = {0};
    struct dz_observations all = {0};
    assert_int_equal(add(&all, "front", whole[FRONT].data, whole[FRONT].len), 0);
    put_head(&child, DZ_LOG_WORKER, "front", (struct told){2, 0, 0}, 0);
    put_string(&child, 3, "its own");
    put_span(&child, 1, 0, DZ_SPAN_TEST, 3);
    put_ran_bytes(&child, 1, (uint8_t[]){1}, 1);
    assert_int_equal(add(&all, "worker-0", child.data, child.len), 0);
    join(&all);
    assert_string_equal(string(&all, all.spans[test_of(&all, "its own")].name), "its own");
    assert_non_null(all.logs[1].fault);
    dz_observations_free(&all);
}

static void a_span_is_ended_by_its_own_process_only(void **state)
{
    (void)state;
    dz_autobuf struct dz_buf worker = {0}, child = {0};
    struct dz_observations all = {0};
    put_head(&worker, DZ_LOG_WORKER, "", (struct told){0}, 0);
    put_string(&worker, 1, "t");
    put_span(&worker, 1, 0, DZ_SPAN_TEST, 1);
    put_head(&child, DZ_LOG_CHILD, "worker-0", (struct told){1, 0, 1}, 1);
    put_end(&child, 1);
    put_close(&child);
    assert_int_equal(add(&all, "worker-0", worker.data, worker.len), 0);
    assert_int_equal(add(&all, "child-7-1", child.data, child.len), 0);
    join(&all);
    assert_false(all.spans[0].complete);
    dz_observations_free(&all);
}

static void two_logs_of_one_name_are_two(void **state)
{
    (void)state;
    struct dz_observations all = {0};
    for (int i = 0; i < 2; i++)
        assert_int_equal(add(&all, "front", whole[FRONT].data, whole[FRONT].len), 0);
    assert_int_equal(add(&all, "worker-0", whole[WORKER_0].data, whole[WORKER_0].len), 0);
    join(&all);
    assert_int_equal(all.n_logs, 3);
    assert_int_equal(all.n_strings, S_FORK - 1);
    assert_null(all.logs[2].fault);
    dz_observations_free(&all);
}

static void a_span_may_end_twice(void **state)
{
    (void)state;
    dz_autobuf struct dz_buf log = {0};
    struct dz_observations all;
    put_beginning(&log);
    put_end(&log, 1);
    read_log(&all, &log);
    assert_null(all.logs[0].fault);
    assert_true(all.spans[0].complete);
    dz_observations_free(&all);
}

static void a_name_ends_at_a_nul(void **state)
{
    (void)state;
    dz_autobuf struct dz_buf log = {0};
    struct dz_observations all;
    put_head(&log, DZ_LOG_FRONT, "", (struct told){0}, 0);
    dz_wire_put(
        &log, &(struct dz_msg){.type = DZ_MSG_log_string, .log_string = {1, dz_bytes("a\0b", 3)}});
    dz_wire_put(&log,
                &(struct dz_msg){.type = DZ_MSG_log_string, .log_string = {2, dz_bytes("", 0)}});
    put_span(&log, 1, 0, DZ_SPAN_TEST, 1);
    read_log(&all, &log);
    assert_null(all.logs[0].fault);
    test_of(&all, "a");
    dz_observations_free(&all);
}

/* ---- doubts ---- */

static void what_was_not_seen_is_said_of_a_span(void **state)
{
    (void)state;
    dz_autobuf struct dz_buf log = {0};
    struct dz_observations all;
    put_head(&log, DZ_LOG_WORKER, "", (struct told){0}, 0);
    put_string(&log, 1, "t");
    put_span(&log, 1, 0, DZ_SPAN_TEST, 1);
    put_fact(&log, 1, DZ_FACT_FORKED, 0, 1);
    put_span(&log, 2, 0, DZ_SPAN_FIXTURE, 1);
    put_span(&log, 3, 0, DZ_SPAN_FORK, 1);
    read_log(&all, &log);
    assert_non_null(strstr(dz_observations_doubt(&all, 0, 0), "has no end"));
    assert_non_null(strstr(dz_observations_doubt(&all, 0, 1), "has left no log"));
    assert_null(dz_observations_doubt(&all, 0, 2));
    /* Who used it has its set-up; its end, if there was none, decided nothing. */
    assert_null(dz_observations_doubt(&all, 1, 0));
    assert_non_null(strstr(dz_observations_doubt(&all, 2, 0), "without closing"));
    assert_null(dz_observations_doubt(&all, 2, 1));
    dz_observations_free(&all);
}

/* ---- folders ---- */

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/dagz-observations-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static void in_folder(char *ret, size_t size, const char *name)
{
    snprintf(ret, size, "%s/%s", folder, name);
}

static void spill(const char *name, const struct dz_buf *log)
{
    char path[128];
    in_folder(path, sizeof path, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(log->data, 1, log->len, file), log->len);
    fclose(file);
}

static int drop_folder(void **state)
{
    (void)state;
    char path[128];
    for (int i = 0; i < LOGS; i++) {
        in_folder(path, sizeof path, names[i]);
        unlink(path);
    }
    in_folder(path, sizeof path, "results");
    unlink(path);
    return rmdir(folder);
}

static void a_folder_is_read_parents_first(void **state)
{
    (void)state;
    struct dz_observations all;
    struct dz_err err;
    for (int i = LOGS; i-- > 0;)
        spill(names[i], &whole[i]);
    spill("results", &whole[FRONT]);
    assert_int_equal(dz_logs_read(&all, folder, &err), 0);
    assert_int_equal(all.n_logs, LOGS);
    for (int i = 0; i < LOGS; i++)
        assert_null(all.logs[i].fault);
    assert_false(has_doubts(&all, test_of(&all, "a.py::one")));
    dz_observations_free(&all);
}

static void a_folder_without_logs_is_a_sentence(void **state)
{
    (void)state;
    struct dz_observations all;
    struct dz_err err;
    assert_int_equal(dz_logs_read(&all, folder, &err), -ENOENT);
    assert_non_null(strstr(err.text, "no process has written"));
    dz_observations_free(&all);
    assert_int_equal(dz_logs_read(&all, "/nowhere/at/all", &err), -ENOENT);
    assert_non_null(strstr(err.text, "cannot list '/nowhere/at/all'"));
    dz_observations_free(&all);
}

static void a_log_that_is_no_file_is_a_sentence(void **state)
{
    (void)state;
    struct dz_observations all;
    struct dz_err err;
    char path[128];
    in_folder(path, sizeof path, "front");
    assert_int_equal(mkdir(path, 0777), 0);
    assert_true(dz_logs_read(&all, folder, &err) < 0);
    assert_non_null(strstr(err.text, "cannot read"));
    dz_observations_free(&all);
    assert_int_equal(rmdir(path), 0);
}

static void without_memory_there_is_a_sentence(void **state)
{
    (void)state;
    struct dz_observations all;
    struct dz_err err;
    int r = -1;
    for (int i = 0; i < LOGS; i++)
        spill(names[i], &whole[i]);
    for (unsigned long n = 1; r < 0; n++) {
        dz_mem_fail_after(n);
        r = dz_logs_read(&all, folder, &err);
        dz_mem_fail_after(0);
        if (r < 0) {
            assert_int_equal(r, -ENOMEM);
            assert_true(*err.text);
        } else
            assert_false(has_doubts(&all, test_of(&all, "a.py::two")));
        dz_observations_free(&all);
    }
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(a_whole_job_is_joined),
        cmocka_unit_test(who_imported_in_another_process_is_not_leant_on),
        cmocka_unit_test(a_module_that_was_loaded_again_is_all_of_its_loads),
        cmocka_unit_test(spans_that_lean_on_each_other_are_each_others),
        cmocka_unit_test(of_a_test_that_ran_twice_the_last_whole_one_counts),
        cmocka_unit_test(what_comes_behind_the_last_word_opens_the_log_again),
        cmocka_unit_test(a_log_that_is_cut_anywhere_tells_nothing_wrong),
        cmocka_unit_test(the_more_of_a_log_there_is_the_more_is_known),
        cmocka_unit_test(a_flipped_bit_is_a_fault_of_its_log),
        cmocka_unit_test(a_frame_that_was_being_written_is_not_there),
        cmocka_unit_test(an_empty_log_is_of_a_process_that_was_killed_at_once),
        cmocka_unit_test(what_is_told_wrongly_ends_the_log_there),
        cmocka_unit_test(what_stands_before_the_head_is_not_taken),
        cmocka_unit_test(a_head_of_another_version_or_origin_is_not_taken),
        cmocka_unit_test(whose_parent_is_missing_or_comes_later_or_is_itself_is_not_taken),
        cmocka_unit_test(numbers_of_a_parent_that_it_has_not_told_are_not_taken),
        cmocka_unit_test(what_a_parent_has_told_since_is_not_its_childs),
        cmocka_unit_test(a_span_is_ended_by_its_own_process_only),
        cmocka_unit_test(two_logs_of_one_name_are_two),
        cmocka_unit_test(a_span_may_end_twice),
        cmocka_unit_test(a_name_ends_at_a_nul),
        cmocka_unit_test(what_was_not_seen_is_said_of_a_span),
        cmocka_unit_test_setup_teardown(a_folder_is_read_parents_first, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(a_folder_without_logs_is_a_sentence, make_folder,
                                        drop_folder),
        cmocka_unit_test_setup_teardown(a_log_that_is_no_file_is_a_sentence, make_folder,
                                        drop_folder),
        cmocka_unit_test_setup_teardown(without_memory_there_is_a_sentence, make_folder,
                                        drop_folder),
    };
    return cmocka_run_group_tests(all, make_job, drop_job);
}
