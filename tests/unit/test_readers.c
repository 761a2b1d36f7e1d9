#include "../../host/record/readers.h"
#include "../made_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void read_one(struct dz_observations *all, const struct dz_buf *log)
{
    struct dz_err err = {0};
    *all = (struct dz_observations){0};
    assert_int_equal(dz_observations_add(all, "front", log->data, log->len, &err), 0);
    assert_int_equal(dz_observations_join(all, &err), 0);
}

/* There are no sheets: code of the project reads all that was left. */
static void find_readers(struct dz_observations *all)
{
    struct dz_err err = {0};
    struct dz_elements *elements = dz_elements_new(all, "/nowhere");
    assert_non_null(elements);
    assert_int_equal(dz_readers_join(all, elements, &err), 0);
    dz_elements_free(elements);
}

static void begin(struct dz_buf *log, const char *left)
{
    put_head(log, DZ_LOG_FRONT, "", (struct told){0}, 0);
    put_string(log, 1, "/p/a.py");
    put_string(log, 2, "f");
    put_string(log, 3, left);
    put_code(log, 1, DZ_CODE_FUNCTION, 1, 1, 2);
}

static void put_test(struct dz_buf *log, uint32_t span, int reads, int writes)
{
    put_span(log, span, 0, DZ_SPAN_TEST, 2);
    if (reads)
        put_ran_bytes(log, span, (uint8_t[]){1}, 1);
    if (writes)
        put_fact(log, span, DZ_FACT_WROTE, 3, 0);
    put_end(log, span);
}

static int leans(const struct dz_observations *all, uint32_t span, uint32_t on)
{
    struct dz_bits closure = {0};
    assert_int_equal(dz_observations_closure(all, span - 1, &closure), 0);
    int is = dz_bits_has(&closure, on - 1);
    dz_bits_free(&closure);
    return is;
}

static void who_reads_leans_on_who_wrote_before_and_on_nobody_else(void **state)
{
    (void)state;
    dz_autobuf struct dz_buf log = {0};
    struct dz_observations all;
    begin(&log, "/p/a::b/m.py::NAME.attribute");
    put_test(&log, 1, 1, 0);
    put_test(&log, 2, 0, 1);
    put_test(&log, 3, 1, 0);
    put_test(&log, 4, 0, 0);
    put_test(&log, 5, 1, 1);
    put_test(&log, 6, 1, 0);
    read_one(&all, &log);
    find_readers(&all);
    static const int expected[7][7] = {[3] = {[2] = 1}, [5] = {[2] = 1}, [6] = {[2] = 1, [5] = 1}};
    for (uint32_t span = 1; span <= 6; span++)
        for (uint32_t on = 1; on <= 6; on++)
            assert_int_equal(leans(&all, span, on), span == on || expected[span][on]);
    dz_observations_free(&all);
}

static void caches_that_are_made_of_caches_are_followed_to_the_end(void **state)
{
    (void)state;
    enum { N = 3000 }; /* each is looked at from each */
    dz_autobuf struct dz_buf log = {0};
    struct dz_observations all;
    begin(&log, "/p/a.py::NAME");
    put_test(&log, 1, 0, 1);
    put_span(&log, 2, 0, DZ_SPAN_CACHE, 2);
    put_ran_bytes(&log, 2, (uint8_t[]){1}, 1);
    for (uint32_t span = 3; span <= N; span++) {
        put_span(&log, span, 0, DZ_SPAN_CACHE, 2);
        put_fact(&log, span, DZ_FACT_LEAN, 0, span - 1);
    }
    put_test(&log, N + 1, 0, 0);
    put_fact(&log, N + 1, DZ_FACT_LEAN, 0, N);
    read_one(&all, &log);
    find_readers(&all);
    assert_true(leans(&all, N + 1, 1));
    dz_observations_free(&all);
}

static void a_change_of_nothing_that_has_a_name_damages_its_log(void **state)
{
    (void)state;
    static const char *const spelled[] = {"/p/a.py", ""};
    for (int i = 0; i < 2; i++) {
        dz_autobuf struct dz_buf log = {0};
        struct dz_observations all;
        begin(&log, spelled[i]);
        put_test(&log, 1, 0, 1);
        read_one(&all, &log);
        assert_non_null(all.logs[0].fault);
        assert_false(all.spans[0].complete);
        find_readers(&all);
        dz_observations_free(&all);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_reads_leans_on_who_wrote_before_and_on_nobody_else),
        cmocka_unit_test(caches_that_are_made_of_caches_are_followed_to_the_end),
        cmocka_unit_test(a_change_of_nothing_that_has_a_name_damages_its_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
