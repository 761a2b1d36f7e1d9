/* A growing set of numbers, against an array of flags. */
#include "../../host/base/bits.h"
#include "../../host/base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 5000 };

static int memory_comes_back(void **state)
{
    (void)state;
    dz_mem_fail_after(0);
    return 0;
}

static void check_same(const struct dz_bits *bits, const uint8_t *flags)
{
    uint32_t next = 0;
    for (uint32_t i = 0; i < MOST; i++) {
        assert_int_equal(dz_bits_has(bits, i), flags[i]);
        if (!flags[i])
            continue;
        assert_int_equal(dz_bits_next(bits, next), i);
        next = i + 1;
    }
    assert_int_equal(dz_bits_next(bits, next), UINT32_MAX);
}

static void what_is_set_is_there_and_nothing_else(void **state)
{
    (void)state;
    srand(1);
    for (int round = 0; round < 50; round++) {
        struct dz_bits bits = {0};
        uint8_t flags[MOST] = {0};
        check_same(&bits, flags);
        for (int i = rand() % 300; i > 0; i--) {
            uint32_t number = (uint32_t)(rand() % (round % 2 ? MOST : 200));
            assert_int_equal(dz_bits_set(&bits, number), 0);
            flags[number] = 1;
        }
        check_same(&bits, flags);
        dz_bits_clear(&bits);
        memset(flags, 0, sizeof flags);
        check_same(&bits, flags);
        dz_bits_free(&bits);
        check_same(&bits, flags);
    }
}

static void a_set_is_within_another_that_has_all_of_it(void **state)
{
    (void)state;
    struct dz_bits some = {0}, more = {0};
    assert_true(dz_bits_is_within(&some, &more));
    assert_int_equal(dz_bits_set(&more, 3), 0);
    assert_true(dz_bits_is_within(&some, &more));
    assert_false(dz_bits_is_within(&more, &some));
    assert_int_equal(dz_bits_set(&some, 3), 0);
    assert_true(dz_bits_is_within(&some, &more));
    assert_int_equal(dz_bits_set(&some, MOST), 0);
    assert_false(dz_bits_is_within(&some, &more));
    assert_true(dz_bits_is_within(&more, &some));
    dz_bits_free(&some);
    dz_bits_free(&more);
}

static void both_sets_are_in_their_union(void **state)
{
    (void)state;
    srand(2);
    for (int round = 0; round < 50; round++) {
        struct dz_bits one = {0}, other = {0};
        uint8_t flags[MOST] = {0};
        for (int i = rand() % 100; i > 0; i--) {
            uint32_t number = (uint32_t)(rand() % MOST);
            assert_int_equal(dz_bits_set(i % 3 ? &one : &other, number), 0);
            flags[number] = 1;
        }
        assert_int_equal(dz_bits_or(&one, &other), 0);
        check_same(&one, flags);
        dz_bits_free(&one);
        dz_bits_free(&other);
    }
}

static void the_ends_of_words_are_places_as_all_others(void **state)
{
    (void)state;
    static const uint32_t numbers[] = {0, 63, 64, 127, 128, 1023, 1024, 4095};
    struct dz_bits bits = {0};
    for (size_t i = sizeof numbers / sizeof *numbers; i-- > 0;)
        assert_int_equal(dz_bits_set(&bits, numbers[i]), 0);
    uint32_t at = 0;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++, at++) {
        at = dz_bits_next(&bits, at);
        assert_int_equal(at, numbers[i]);
    }
    assert_int_equal(dz_bits_next(&bits, 4095), 4095);
    assert_int_equal(dz_bits_next(&bits, 4096), UINT32_MAX);
    assert_int_equal(dz_bits_next(&bits, UINT32_MAX), UINT32_MAX);
    assert_false(dz_bits_has(&bits, UINT32_MAX));
    dz_bits_free(&bits);
}

static void without_memory_nothing_is_set_and_what_was_stays(void **state)
{
    (void)state;
    struct dz_bits bits = {0}, large = {0};
    assert_int_equal(dz_bits_set(&bits, 5), 0);
    assert_int_equal(dz_bits_set(&large, 100000), 0);
    dz_mem_fail_after(1);
    assert_int_equal(dz_bits_set(&bits, 100000), -ENOMEM);
    assert_int_equal(dz_bits_or(&bits, &large), -ENOMEM);
    assert_int_equal(dz_bits_set(&bits, 6), 0);
    dz_mem_fail_after(0);
    assert_true(dz_bits_has(&bits, 5) && dz_bits_has(&bits, 6));
    assert_int_equal(dz_bits_next(&bits, 7), UINT32_MAX);
    dz_bits_free(&bits);
    dz_bits_free(&large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_set_is_there_and_nothing_else),
        cmocka_unit_test(a_set_is_within_another_that_has_all_of_it),
        cmocka_unit_test(both_sets_are_in_their_union),
        cmocka_unit_test(the_ends_of_words_are_places_as_all_others),
        cmocka_unit_test_teardown(without_memory_nothing_is_set_and_what_was_stays,
                                  memory_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
