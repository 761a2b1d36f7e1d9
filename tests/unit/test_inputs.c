/* Inputs of sources: what changes one, and what leaves it as it was. The rest goes through the real cut (tests/e2e). */
#include "../../host/record/inputs.h"
#include "made_sheet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct dz_fingerprint print(struct parts parts, struct dz_input input, const char *name)
{
    struct dz_err err;
    seal(&parts);
    struct dz_sheet *sheet = dz_sheet_new(&parts, sizeof parts, &err);
    if (!sheet)
        fail_msg("%s", err.text);
    struct dz_fingerprint ret = dz_input_of_sheet(sheet, &input, name);
    dz_sheet_free(sheet);
    return ret;
}

static int is_equal(struct dz_fingerprint a, struct dz_fingerprint b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

/* Whether an input is the same by two sheets. */
static int stays(struct parts before, struct parts after, enum dz_input_kind kind, const char *name)
{
    struct dz_input input = {.kind = kind};
    return is_equal(print(before, input, name), print(after, input, name));
}

static struct parts with_fingerprints(void)
{
    struct parts parts = made();
    for (int i = 0; i < ELEMENTS; i++)
        memset(parts.elements[i].fingerprint, i + 1, 16);
    parts.elements[BINDING].binds = (struct dz_range){1, 1};
    return parts;
}

static struct parts with_changed(int element)
{
    struct parts parts = with_fingerprints();
    parts.elements[element].fingerprint[3]++;
    return parts;
}

static void an_element_is_known_by_its_fingerprint_and_absent_without_it(void **state)
{
    (void)state;
    struct parts parts = with_fingerprints();
    struct dz_input input = {.kind = DZ_INPUT_ELEMENT, .of = DZ_FUNCTION, .k = 2};
    struct dz_fingerprint found = print(parts, input, "A.f");
    assert_memory_equal(&found, parts.elements[PROPERTY].fingerprint, 16);
    input.k = 3;
    assert_true(is_equal(print(parts, input, "A.f"), dz_absent));
    input = (struct dz_input){.kind = DZ_INPUT_ELEMENT, .of = DZ_DOCSTRING, .k = 1};
    assert_true(is_equal(print(parts, input, "A.f"), dz_absent));
    struct dz_fingerprint unset = {{0}};
    assert_false(is_equal(dz_absent, unset));
}

static void a_name_is_what_binds_it(void **state)
{
    (void)state;
    struct parts parts = with_fingerprints(), maybe = parts, gone = parts;
    struct dz_input name = {.kind = DZ_INPUT_NAME};
    assert_false(is_equal(print(parts, name, "b"), dz_absent));
    assert_true(is_equal(print(parts, name, "x"), dz_absent));
    assert_false(stays(parts, with_changed(BINDING), DZ_INPUT_NAME, "b"));
    assert_true(stays(parts, with_changed(LAMBDA), DZ_INPUT_NAME, "b"));
    assert_true(stays(parts, with_changed(CLASS_STATEMENT), DZ_INPUT_NAME, "b"));
    maybe.binds[1].mode |= DZ_BIND_MAYBE;
    assert_false(stays(parts, maybe, DZ_INPUT_NAME, "b"));
    gone.elements[BINDING].binds.n = 0;
    assert_true(is_equal(print(gone, name, "b"), dz_absent));
}

static void a_function_that_writes_a_name_binds_it_wherever_it_stands(void **state)
{
    (void)state;
    struct parts parts = with_fingerprints(), writes = parts, elsewhere, other;
    writes.binds[0] = (struct dz_bind){N_B, 0, DZ_BIND_VALUE | DZ_BIND_GLOBAL};
    writes.elements[CLASS_STATEMENT].binds.n = 0;
    elsewhere = other = writes;
    writes.elements[METHOD].binds = (struct dz_range){0, 1};
    assert_false(stays(parts, writes, DZ_INPUT_NAME, "b"));
    elsewhere.elements[FUNCTION].binds = (struct dz_range){0, 1};
    memcpy(elsewhere.elements[FUNCTION].fingerprint, writes.elements[METHOD].fingerprint, 16);
    assert_true(stays(writes, elsewhere, DZ_INPUT_NAME, "b"));
    other.elements[FUNCTION].binds = (struct dz_range){0, 1};
    assert_false(stays(writes, other, DZ_INPUT_NAME, "b"));
    /* Its own name. */
    other.binds[0].mode = DZ_BIND_VALUE;
    assert_true(stays(parts, other, DZ_INPUT_NAME, "b"));
}

static void effects_are_statements_what_they_see_and_what_is_imported(void **state)
{
    (void)state;
    struct parts parts = with_fingerprints(), other;
    parts.elements[BINDING].kind = DZ_EFFECT;
    parts.elements[BINDING].why = DZ_WHY_CALL;
    parts.elements[BINDING].reads = (struct dz_range){0, 1};
    parts.reads[0].sees = 1;
    other = parts;
    assert_true(stays(parts, other, DZ_INPUT_EFFECTS, ""));
    other.elements[BINDING].fingerprint[0]++;
    assert_false(stays(parts, other, DZ_INPUT_EFFECTS, ""));
    other = parts;
    other.reads[0].sees = 2;
    assert_false(stays(parts, other, DZ_INPUT_EFFECTS, ""));
    other = parts;
    other.elements[FUNCTION].fingerprint[0]++;
    other.elements[CLASS_STATEMENT].fingerprint[0]++;
    assert_true(stays(parts, other, DZ_INPUT_EFFECTS, ""));
}

/* An import by the module, which the element that is given does. */
static int an_import_counts(uint32_t by, uint32_t flags)
{
    struct parts parts = with_fingerprints(), other = parts;
    parts.imports[0] = other.imports[0] =
        (struct dz_import){.element = by, .module = N_X, .name = DZ_NONE, .flags = flags};
    other.imports[0].module = N_F;
    return !stays(parts, other, DZ_INPUT_EFFECTS, "");
}

static void an_import_that_can_do_nothing_is_no_effect(void **state)
{
    (void)state;
    assert_true(an_import_counts(BINDING, 0));
    assert_true(an_import_counts(CLASS, DZ_IMPORT_MAYBE));
    assert_false(an_import_counts(FUNCTION, 0));
    assert_false(an_import_counts(BINDING, DZ_IMPORT_STANDARD));
    assert_false(an_import_counts(BINDING, DZ_IMPORT_TYPING));
}

static void the_shape_has_no_bodies(void **state)
{
    (void)state;
    struct parts parts = with_fingerprints(), other = parts;
    assert_true(stays(parts, with_changed(METHOD), DZ_INPUT_SHAPE, ""));
    assert_true(stays(parts, with_changed(MODULE), DZ_INPUT_SHAPE, ""));
    assert_false(stays(parts, with_changed(CLASS), DZ_INPUT_SHAPE, ""));
    assert_false(stays(parts, with_changed(STATEMENT), DZ_INPUT_SHAPE, ""));
    other.elements[FUNCTION].name = N_X;
    assert_false(stays(parts, other, DZ_INPUT_SHAPE, ""));
    parts.elements[PROPERTY].kind = other.elements[PROPERTY].kind = DZ_DOCSTRING;
    other.elements[FUNCTION].name = N_F;
    other.elements[PROPERTY].name = N_X;
    assert_true(stays(parts, other, DZ_INPUT_SHAPE, ""));
}

static void the_whole_has_all(void **state)
{
    (void)state;
    struct parts parts = with_fingerprints(), other = parts;
    for (int i = 0; i < ELEMENTS; i++)
        assert_false(stays(parts, with_changed(i), DZ_INPUT_WHOLE, ""));
    other.elements[LAMBDA].kind = DZ_HEADER;
    assert_false(stays(parts, other, DZ_INPUT_WHOLE, ""));
    assert_true(stays(parts, parts, DZ_INPUT_WHOLE, ""));
}

static void a_bare_class_is_the_class_where_there_is_no_other(void **state)
{
    (void)state;
    struct parts parts = with_fingerprints(), other = parts;
    struct dz_input input = {.kind = DZ_INPUT_ELEMENT, .of = DZ_BARE, .k = 1};
    struct dz_fingerprint found = print(parts, input, "A");
    assert_memory_equal(&found, parts.elements[CLASS].fingerprint, 16);
    other.elements[PROPERTY].kind = DZ_BARE;
    other.elements[PROPERTY].name = N_A;
    other.elements[PROPERTY].k = 1;
    found = print(other, input, "A");
    assert_memory_equal(&found, other.elements[PROPERTY].fingerprint, 16);
    assert_true(is_equal(print(other, input, "b"), dz_absent));
}

/* b.x(), b() and b[0] = 1. */
static void an_effect_that_may_change_a_name_is_part_of_it(void **state)
{
    (void)state;
    struct parts parts = with_fingerprints(), other;
    parts.elements[STATEMENT].kind = DZ_EFFECT;
    parts.elements[STATEMENT].why = DZ_WHY_CALL | DZ_WHY_STORE;
    parts.elements[STATEMENT].reads = (struct dz_range){0, 1};
    parts.reads[0] = (struct dz_read){1, DZ_READ_CALLED, 1};
    other = parts;
    other.elements[STATEMENT].fingerprint[0]++;
    assert_false(stays(parts, other, DZ_INPUT_NAME, "b"));
    assert_true(stays(parts, other, DZ_INPUT_NAME, "A"));
    parts.reads[0] = other.reads[0] = (struct dz_read){0, DZ_READ_CALLED, 1};
    assert_true(stays(parts, other, DZ_INPUT_NAME, "b"));
    parts.reads[0].mode = other.reads[0].mode = DZ_READ_ITEM;
    assert_false(stays(parts, other, DZ_INPUT_NAME, "b"));
}

/* def f, of the module and of the class. */
static struct parts with_fixtures(void)
{
    struct parts parts = with_fingerprints();
    parts.elements[METHOD].kind = parts.elements[FUNCTION].kind = DZ_HEADER;
    parts.elements[METHOD].flags = parts.elements[FUNCTION].flags = DZ_IS_FIXTURE;
    parts.elements[STATEMENT].flags = DZ_IS_DEF;
    parts.binds[0] = (struct dz_bind){N_F, 1, DZ_BIND_FUNCTION};
    parts.elements[STATEMENT].binds = (struct dz_range){0, 1};
    parts.elements[CLASS_STATEMENT].binds.n = 0;
    return parts;
}

static void a_fixture_is_what_makes_one_of_its_name(void **state)
{
    (void)state;
    struct parts parts = with_fixtures(), other = parts;
    struct dz_input input = {.kind = DZ_INPUT_FIXTURE};
    assert_false(is_equal(print(parts, input, "f"), dz_absent));
    assert_true(is_equal(print(parts, input, "b"), dz_absent));
    assert_true(is_equal(print(with_fingerprints(), input, "f"), dz_absent));
    other.elements[METHOD].fingerprint[0]++;
    assert_false(stays(parts, other, DZ_INPUT_FIXTURE, "f"));
    other = parts;
    other.elements[STATEMENT].fingerprint[0]++;
    assert_false(stays(parts, other, DZ_INPUT_FIXTURE, "f"));
    other = parts;
    other.elements[PROPERTY].fingerprint[0]++;
    other.elements[BINDING].fingerprint[0]++;
    assert_true(stays(parts, other, DZ_INPUT_FIXTURE, "f"));
    other.elements[FUNCTION].flags = other.elements[METHOD].flags = 0;
    assert_true(is_equal(print(other, input, "f"), dz_absent));
}

static void kinds_of_equal_content_differ(void **state)
{
    (void)state;
    struct parts parts = with_fingerprints();
    struct dz_fingerprint seen[DZ_INPUT_WHOLE + 1];
    for (uint32_t kind = DZ_INPUT_NAME; kind <= DZ_INPUT_WHOLE; kind++) {
        seen[kind] = print(parts, (struct dz_input){.kind = kind}, "b");
        for (uint32_t other = DZ_INPUT_NAME; other < kind; other++)
            assert_false(is_equal(seen[kind], seen[other]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_element_is_known_by_its_fingerprint_and_absent_without_it),
        cmocka_unit_test(a_name_is_what_binds_it),
        cmocka_unit_test(a_function_that_writes_a_name_binds_it_wherever_it_stands),
        cmocka_unit_test(effects_are_statements_what_they_see_and_what_is_imported),
        cmocka_unit_test(an_import_that_can_do_nothing_is_no_effect),
        cmocka_unit_test(the_shape_has_no_bodies),
        cmocka_unit_test(the_whole_has_all),
        cmocka_unit_test(a_bare_class_is_the_class_where_there_is_no_other),
        cmocka_unit_test(an_effect_that_may_change_a_name_is_part_of_it),
        cmocka_unit_test(a_fixture_is_what_makes_one_of_its_name),
        cmocka_unit_test(kinds_of_equal_content_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
