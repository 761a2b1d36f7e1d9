/* Texts and their numbers. */
#include "../../host/base/mem.h"
#include "../../host/record/strings.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint32_t add(struct dz_strings *strings, const char *text)
{
    return dz_strings_add(strings, text, strlen(text));
}

static uint32_t find(const struct dz_strings *strings, const char *text)
{
    return dz_strings_find(strings, text, strlen(text));
}

static const char *name(uint32_t number)
{
    static char text[32];
    snprintf(text, sizeof text, "name %u", number);
    return text;
}

static void check(const struct dz_strings *strings, uint32_t n)
{
    assert_int_equal(strings->n, n);
    for (uint32_t i = 0; i < n; i++) {
        assert_string_equal(dz_strings_text(strings, i + 1), name(i));
        assert_int_equal(find(strings, name(i)), i + 1);
    }
    assert_int_equal(find(strings, name(n)), 0);
}

static void equal_texts_have_one_number(void **state)
{
    (void)state;
    struct dz_strings strings = {0};
    assert_int_equal(find(&strings, "a"), 0);
    for (uint32_t round = 0; round < 2; round++)
        for (uint32_t i = 0; i < 50000; i++)
            assert_int_equal(add(&strings, name(i)), i + 1);
    check(&strings, 50000);
    assert_string_equal(dz_strings_text(&strings, 0), "");
    assert_int_equal(add(&strings, ""), 50001);
    assert_int_equal(dz_strings_add(&strings, "name 7\0rest", 11), 8);
    dz_strings_free(&strings);
}

static void long_ones_come_back(void **state)
{
    (void)state;
    struct dz_strings strings = {0};
    for (size_t size = 65000; size < 66000; size++) {
        char *text = calloc(1, size + 1);
        memset(text, 'x', size);
        uint32_t number = dz_strings_add(&strings, text, size);
        assert_int_equal(add(&strings, name((uint32_t)size)), number + 1);
        assert_string_equal(dz_strings_text(&strings, number), text);
        free(text);
    }
    dz_strings_free(&strings);
}

static void many_are_found_once_they_are_indexed(void **state)
{
    (void)state;
    for (uint32_t n = 0; n < 3000; n = n * 2 + 1) {
        struct dz_strings strings = {0};
        for (uint32_t i = 0; i < n; i++)
            assert_int_equal(dz_strings_append(&strings, name(i), strlen(name(i))), i + 1);
        assert_int_equal(dz_strings_index(&strings), 0);
        check(&strings, n);
        assert_int_equal(add(&strings, name(n)), n + 1);
        check(&strings, n + 1);
        assert_int_equal(dz_strings_append(&strings, name(n), strlen(name(n))), n + 2);
        assert_int_equal(dz_strings_index(&strings), -EEXIST);
        dz_strings_free(&strings);
    }
}

static void a_copy_outlives_what_it_is_of(void **state)
{
    (void)state;
    struct dz_strings strings = {0}, copy, second;
    assert_int_equal(dz_strings_copy(&copy, &strings), 0);
    dz_strings_free(&copy);
    for (uint32_t i = 0; i < 9000; i++)
        add(&strings, name(i));
    assert_int_equal(dz_strings_copy(&copy, &strings), 0);
    assert_int_equal(dz_strings_copy(&second, &copy), 0);
    add(&strings, "another");
    for (uint32_t i = 9000; i < 20000; i++)
        add(&copy, name(i));
    dz_strings_free(&strings);
    check(&copy, 20000);
    dz_strings_free(&copy);
    check(&second, 9000);
    dz_strings_free(&second);
}

static void numbers_of_one_are_matched_with_anothers(void **state)
{
    (void)state;
    struct dz_strings strings = {0}, from = {0};
    uint32_t numbers[101];
    for (uint32_t i = 0; i < 100; i++)
        add(&from, name(i));
    dz_strings_match(&strings, &from, numbers);
    assert_int_equal(numbers[100], 0);
    for (uint32_t i = 99; i >= 50; i--)
        add(&strings, name(i));
    dz_strings_match(&strings, &from, numbers);
    assert_int_equal(numbers[0], 0);
    for (uint32_t i = 0; i < 100; i++)
        assert_int_equal(numbers[i + 1], i < 50 ? 0 : 100 - i);
    dz_strings_free(&strings);
    dz_strings_free(&from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_texts_have_one_number),
        cmocka_unit_test(long_ones_come_back),
        cmocka_unit_test(many_are_found_once_they_are_indexed),
        cmocka_unit_test(a_copy_outlives_what_it_is_of),
        cmocka_unit_test(numbers_of_one_are_matched_with_anothers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
