/* Reading sheets: what is right is found by line and name, what is not is refused. */
#include "../../host/base/mem.h"
#include "../../host/record/scope.h"
#include "made_sheet.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct dz_sheet *known(void)
{
    struct parts parts = made();
    struct dz_err err;
    struct dz_sheet *sheet = dz_sheet_new(&parts, sizeof parts, &err);
    if (!sheet)
        fail_msg("%s", err.text);
    return sheet;
}

static void assert_refused(struct parts *parts)
{
    struct dz_err err;
    seal(parts);
    assert_null(dz_sheet_new(parts, sizeof *parts, &err));
    assert_int_equal(err.code, -EBADMSG);
    assert_true(err.text[0]);
}

static void code_is_found_by_line_and_name(void **state)
{
    (void)state;
    struct dz_sheet *sheet = known();
    assert_int_equal(dz_sheet_find_code(sheet, 1, DZ_CODE_MODULE, "<module>"), MODULE);
    assert_int_equal(dz_sheet_find_code(sheet, 1, DZ_CODE_CLASS, "A"), CLASS);
    assert_int_equal(dz_sheet_find_code(sheet, 2, DZ_CODE_FUNCTION, "A.f"), METHOD);
    assert_int_equal(dz_sheet_find_code(sheet, 4, DZ_CODE_FUNCTION, "A.f"), PROPERTY);
    assert_int_equal(dz_sheet_find_code(sheet, 6, DZ_CODE_LAMBDA, "<lambda>"), LAMBDA);
    assert_int_equal(dz_sheet_find_code(sheet, 7, DZ_CODE_FUNCTION, "f"), FUNCTION);
    dz_sheet_free(sheet);
}

static void nested_code_belongs_to_the_outermost(void **state)
{
    (void)state;
    struct dz_sheet *sheet = known();
    assert_int_equal(dz_sheet_find_code(sheet, 3, DZ_CODE_FUNCTION, "A.f.<locals>.g"), METHOD);
    assert_int_equal(dz_sheet_find_code(sheet, 6, DZ_CODE_FUNCTION, "<lambda>.<locals>.<lambda>"),
                     LAMBDA);
    /* Declared global in there, so that its name does not tell. */
    assert_int_equal(dz_sheet_find_code(sheet, 3, DZ_CODE_FUNCTION, "g"), METHOD);
    dz_sheet_free(sheet);
}

static void code_without_a_qualname_is_found_by_what_there_is(void **state)
{
    (void)state;
    struct dz_sheet *sheet = known();
    assert_int_equal(dz_sheet_find_code(sheet, 2, DZ_CODE_FUNCTION, "f"), METHOD);
    assert_int_equal(dz_sheet_find_code(sheet, 3, DZ_CODE_FUNCTION, "g"), METHOD);
    assert_int_equal(dz_sheet_find_code(sheet, 4, DZ_CODE_FUNCTION, NULL), PROPERTY);
    assert_int_equal(dz_sheet_find_code(sheet, 99, DZ_CODE_FUNCTION, "f"), DZ_NONE);
    dz_sheet_free(sheet);
}

static void a_line_has_the_smallest_element_around_it(void **state)
{
    (void)state;
    struct dz_sheet *sheet = known();
    assert_int_equal(dz_sheet_find_line(sheet, 1), CLASS);
    assert_int_equal(dz_sheet_find_line(sheet, 3), METHOD);
    assert_int_equal(dz_sheet_find_line(sheet, 6), LAMBDA);
    assert_int_equal(dz_sheet_find_line(sheet, 8), MODULE);
    assert_int_equal(dz_sheet_find_code(sheet, 3, DZ_CODE_GENERATED, "__init__"), METHOD);
    dz_sheet_free(sheet);
}

static void elements_have_names_and_numbers(void **state)
{
    (void)state;
    struct dz_sheet *sheet = known();
    assert_int_equal(dz_sheet_find(sheet, DZ_FUNCTION, "A.f", 2), PROPERTY);
    assert_int_equal(dz_sheet_find(sheet, DZ_FUNCTION, "A.f", 3), DZ_NONE);
    assert_int_equal(dz_sheet_at(sheet, PROPERTY)->owner, CLASS);
    assert_string_equal(dz_element_kind_name(DZ_EFFECT), "effect");
    const struct dz_element *function = dz_sheet_at(sheet, FUNCTION);
    dz_autobuf struct dz_buf text = {0};
    dz_sheet_put_chain(sheet, dz_sheet_reads(sheet, function)->chain, &text);
    assert_int_equal(text.len, 3);
    assert_memory_equal(text.data, "b.x", 3);
    dz_sheet_free(sheet);
}

static void each_damaged_byte_and_each_cut_is_noticed(void **state)
{
    (void)state;
    struct dz_err err;
    struct parts whole = made();
    for (size_t i = 0; i < sizeof whole; i++) {
        struct parts parts = whole;
        ((char *)&parts)[i] ^= 0x55;
        assert_null(dz_sheet_new(&parts, sizeof parts, &err));
        assert_null(dz_sheet_new(&whole, i, &err));
    }
}

static void a_sheet_of_another_version_is_told_from_a_damaged_one(void **state)
{
    (void)state;
    struct dz_err err;
    struct parts parts = made();
    parts.head.version++;
    seal(&parts);
    assert_null(dz_sheet_new(&parts, sizeof parts, &err));
    assert_int_equal(err.code, -ESTALE);
}

/* Each number that leads somewhere, led one too far. */
static void a_sheet_that_contradicts_itself_is_refused(void **state)
{
    (void)state;
#define REFUSED(field, value)        \
    do {                             \
        struct parts parts = made(); \
        parts.field = value;         \
        assert_refused(&parts);      \
    } while (0)
    REFUSED(strings[0].at, sizeof made().text);
    REFUSED(strings[0].size, 3);
    REFUSED(strings[NAMES - 1].size, UINT32_MAX);
    REFUSED(strings[N_F], made().strings[N_X]); /* the same text twice, whole and right each time */
    REFUSED(chains[0].parent, 0);
    REFUSED(chains[1].parent, 1);
    REFUSED(chains[1].name, NAMES);
    REFUSED(elements[MODULE].kind, DZ_CLASS);
    REFUSED(elements[CLASS].kind, DZ_MODULE);
    REFUSED(elements[CLASS].kind, DZ_ELEMENT_KINDS);
    REFUSED(elements[CLASS].name, NAMES);
    REFUSED(elements[CLASS].k, 0);
    REFUSED(elements[METHOD].owner, METHOD);
    REFUSED(elements[METHOD].owner, MODULE);
    REFUSED(elements[METHOD].statement, METHOD + 1);
    REFUSED(elements[METHOD].last_line, 1);
    REFUSED(elements[METHOD].binds.n, 3);
    REFUSED(elements[METHOD].binds.n, 2); /* which another one has, too */
    REFUSED(elements[METHOD].reads.at, 2);
    REFUSED(elements[METHOD].words.n, UINT32_MAX);
    REFUSED(elements[METHOD].paths.n, 2);
    REFUSED(elements[METHOD].attributes.n, 2);
    REFUSED(binds[0].name, NAMES);
    REFUSED(reads[0].chain, 2);
    REFUSED(words[0], 2);
    REFUSED(paths[0], NAMES);
    REFUSED(attributes[0].name, NAMES);
    REFUSED(imports[0].element, ELEMENTS);
    REFUSED(imports[0].module, DZ_NONE);
    REFUSED(imports[0].bound, NAMES);
    REFUSED(head.problem, NAMES);
    REFUSED(head.n[DZ_PART_text], sizeof made().text + 1);
    REFUSED(head.n[DZ_PART_elements], UINT32_MAX);
#undef REFUSED
}

static void who_has_a_name_is_found_by_it(void **state)
{
    (void)state;
    struct parts parts = made();
    struct dz_err err = {0};
    struct dz_sheet *sheet = dz_sheet_new(&parts, sizeof parts, &err);
    assert_non_null(sheet);
    uint32_t n;
    assert_int_equal(dz_scope_string(sheet, "A"), N_A);
    const uint32_t *list = dz_scope_binders(sheet, N_A, &n);
    assert_int_equal(n, 1);
    assert_int_equal(list[0], CLASS_STATEMENT);
    list = dz_scope_named(sheet, N_A_F, &n);
    assert_int_equal(n, 2);
    assert_int_equal(list[0], METHOD);
    assert_int_equal(list[1], PROPERTY);
    list = dz_scope_imports(sheet, N_X, &n);
    assert_int_equal(n, 1);
    assert_int_equal(list[0], 0);
    dz_scope_imports(sheet, N_A, &n);
    assert_int_equal(n, 0);
    assert_int_equal(dz_scope_string(sheet, "nobody"), DZ_NONE);
    dz_scope_binders(sheet, DZ_NONE, &n);
    assert_int_equal(n, 0);
    dz_sheet_free(sheet);
}

static void without_memory_there_is_a_sentence(void **state)
{
    (void)state;
    struct parts parts = made();
    struct dz_sheet *sheet = NULL;
    for (unsigned long n = 1; !sheet; n++) {
        struct dz_err err = {0};
        dz_mem_fail_after(n);
        sheet = dz_sheet_new(&parts, sizeof parts, &err);
        dz_mem_fail_after(0);
        assert_true(sheet || err.code == -ENOMEM);
        assert_true(n < 100);
    }
    dz_sheet_free(sheet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(code_is_found_by_line_and_name),
        cmocka_unit_test(nested_code_belongs_to_the_outermost),
        cmocka_unit_test(code_without_a_qualname_is_found_by_what_there_is),
        cmocka_unit_test(a_line_has_the_smallest_element_around_it),
        cmocka_unit_test(elements_have_names_and_numbers),
        cmocka_unit_test(each_damaged_byte_and_each_cut_is_noticed),
        cmocka_unit_test(a_sheet_of_another_version_is_told_from_a_damaged_one),
        cmocka_unit_test(a_sheet_that_contradicts_itself_is_refused),
        cmocka_unit_test(who_has_a_name_is_found_by_it),
        cmocka_unit_test(without_memory_there_is_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
