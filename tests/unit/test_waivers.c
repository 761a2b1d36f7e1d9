/* What is declared not to matter, or as constant: which paths that is of. */
#include "../../host/record/globs.h"
#include "../../host/record/waivers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_star_stands_for_what_is_within_a_name(void **unused)
{
    (void)unused;
    assert_true(dz_glob_fits("*.md", "README.md"));
    assert_true(dz_glob_fits("*.md", ".md"));
    assert_false(dz_glob_fits("*.md", "docs/README.md"));
    assert_false(dz_glob_fits("*.md", "README.mdx"));
    assert_true(dz_glob_fits("docs/*/a?.[tm][!d]x", "docs/b/ab.mxx"));
    assert_false(dz_glob_fits("docs/*/a", "docs/b/c/a"));
    assert_false(dz_glob_fits("docs", "docs2"));
    assert_false(dz_glob_fits("docs/a", "docs"));
}

static void two_stars_stand_for_any_number_of_folders(void **unused)
{
    (void)unused;
    assert_true(dz_glob_fits("**/*.md", "README.md"));
    assert_true(dz_glob_fits("**/*.md", "a/b/c/README.md"));
    assert_false(dz_glob_fits("**/*.md", "a/b/c/README.rst"));
    assert_true(dz_glob_fits("docs/**", "docs/a/b"));
    assert_true(dz_glob_fits("docs/**", "docs"));
    assert_false(dz_glob_fits("docs/**", "src/docs"));
    assert_true(dz_glob_fits("a/**/b/**/c.txt", "a/b/b/x/b/y/c.txt"));
    assert_true(dz_glob_fits("a/**/b/*/c.txt", "a/b/x/b/y/c.txt"));
    assert_false(dz_glob_fits("a/**/b/*/c.txt", "a/b/x/y/c.txt"));
    assert_true(dz_glob_fits("**/**/a", "a"));
    assert_false(dz_glob_fits("a**", "b"));
}

static void a_glob_that_a_folder_fits_is_of_all_that_is_in_it(void **unused)
{
    (void)unused;
    assert_true(dz_glob_fits("docs", "docs/a/b.md"));
    assert_true(dz_glob_fits("docs/", "docs/a/b.md"));
    assert_true(dz_glob_fits("./docs", "docs"));
    assert_true(dz_glob_fits("**/build", "a/build/b"));
    assert_false(dz_glob_fits("docs", ""));
}

static void relative_globs_are_of_the_tree_and_absolute_ones_are_not(void **unused)
{
    (void)unused;
    assert_false(dz_glob_fits("**/*.md", "/usr/share/README.md"));
    assert_false(dz_glob_fits("*/share", "/usr/share"));
    assert_true(dz_glob_fits("/run/db/**", "/run/db/socket"));
    assert_true(dz_glob_fits("/run/*/socket", "/run/db/socket"));
    assert_false(dz_glob_fits("/run/db/**", "run/db/socket"));
}

static void a_path_that_leads_up_again_is_where_its_names_do_not_say(void **unused)
{
    (void)unused;
    assert_false(dz_glob_fits("docs/**", "docs/../src/a.txt"));
    assert_true(dz_glob_fits("docs/**", "docs/..a/b..c"));
}

static void names_longer_than_any_file_can_have_fit_nothing(void **unused)
{
    (void)unused;
    char name[400];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = 0;
    assert_false(dz_glob_fits("*", name));
    assert_false(dz_glob_fits(name, "a"));
}

static void ignored_is_what_a_glob_says_and_external_what_has_a_slash(void **unused)
{
    (void)unused;
    static const char ignore[] = "docs/**\0*.md",
                      external[] = "redis\0./test.db\0http://peer/docs\0/run/db";
    struct dz_waivers waivers;
    assert_int_equal(dz_waivers_make(&waivers, dz_bytes(ignore, sizeof ignore),
                                     dz_bytes(external, sizeof external)),
                     0);
    assert_int_equal(dz_waivers_of(&waivers, "README.md"), DZ_WAIVED_IGNORED);
    assert_int_equal(dz_waivers_of(&waivers, "docs"), DZ_WAIVED_IGNORED);
    assert_int_equal(dz_waivers_of(&waivers, "test.db"), DZ_WAIVED_EXTERNAL);
    assert_int_equal(dz_waivers_of(&waivers, "/run/db/socket"), DZ_WAIVED_EXTERNAL);
    /* Services are called as packages are. */
    assert_int_equal(dz_waivers_of(&waivers, "redis/client.py"), DZ_WAIVED_NOT);
    assert_int_equal(dz_waivers_of(&waivers, "src/a.py"), DZ_WAIVED_NOT);
}

static void what_is_no_list_of_texts_is_refused(void **unused)
{
    (void)unused;
    struct dz_waivers waivers;
    struct dz_bytes none = {0};
    assert_int_equal(dz_waivers_make(&waivers, none, none), 0);
    assert_int_equal(dz_waivers_of(&waivers, "a"), DZ_WAIVED_NOT);
    assert_true(dz_waivers_make(&waivers, dz_bytes("docs", 4), none) < 0);
    assert_true(dz_waivers_make(&waivers, none, dz_bytes("a\0b", 3)) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_star_stands_for_what_is_within_a_name),
        cmocka_unit_test(two_stars_stand_for_any_number_of_folders),
        cmocka_unit_test(a_glob_that_a_folder_fits_is_of_all_that_is_in_it),
        cmocka_unit_test(relative_globs_are_of_the_tree_and_absolute_ones_are_not),
        cmocka_unit_test(a_path_that_leads_up_again_is_where_its_names_do_not_say),
        cmocka_unit_test(names_longer_than_any_file_can_have_fit_nothing),
        cmocka_unit_test(ignored_is_what_a_glob_says_and_external_what_has_a_slash),
        cmocka_unit_test(what_is_no_list_of_texts_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
