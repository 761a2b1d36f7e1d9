/* What python would run, by its command line; and whether that is to be a job. */
#include "../../host/base/cmdline.h"
#include "../../host/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define READ(...)                                     \
    char *argv[] = {"python", __VA_ARGS__, NULL};     \
    int argc = (int)(sizeof argv / sizeof *argv) - 1; \
    struct dz_cmdline cmdline;                        \
    dz_cmdline_read(&cmdline, argc, argv)

#define IS_PYTEST(...)                               \
    do {                                             \
        READ(__VA_ARGS__);                           \
        assert_true(dz_cmdline_is_pytest(&cmdline)); \
    } while (0)

#define IS_NOT_PYTEST(...)                            \
    do {                                              \
        READ(__VA_ARGS__);                            \
        assert_false(dz_cmdline_is_pytest(&cmdline)); \
    } while (0)

static void pytest_is_seen_behind_pythons_own_options(void **state)
{
    (void)state;
    IS_PYTEST("-m", "pytest");
    IS_PYTEST("-mpytest");
    IS_PYTEST("-Im", "pytest");
    IS_PYTEST("-Impytest");
    IS_PYTEST("-W", "error", "-X", "dev", "-bb", "-m", "pytest");
    IS_PYTEST("-Werror", "-Xdev", "-uBm", "pytest");
    IS_PYTEST("-uW", "error", "-m", "pytest");
    IS_PYTEST("--check-hash-based-pycs", "always", "-m", "pytest");
    IS_PYTEST("/a/venv/bin/pytest", "-x");
    IS_PYTEST("-I", "--", "bin/py.test");
}

static void other_programs_are_not_pytest(void **state)
{
    (void)state;
    IS_NOT_PYTEST("-c", "pytest");
    IS_NOT_PYTEST("-c", "import pytest", "-m", "pytest");
    IS_NOT_PYTEST("-W", "-m", "pytest.py");
    IS_NOT_PYTEST("-X", "pytest");
    IS_NOT_PYTEST("-V", "-m", "pytest");
    IS_NOT_PYTEST("--help", "-m", "pytest");
    IS_NOT_PYTEST("-", "-m", "pytest");
    IS_NOT_PYTEST("script.py", "-m", "pytest");
    IS_NOT_PYTEST("-m", "pytest_cov");
    IS_NOT_PYTEST("-m");
    IS_NOT_PYTEST("pytest/run.py");
    IS_NOT_PYTEST("");
}

static void python_without_arguments_runs_nothing(void **state)
{
    (void)state;
    char *argv[] = {"python", NULL};
    struct dz_cmdline cmdline;
    dz_cmdline_read(&cmdline, 1, argv);
    assert_false(dz_cmdline_is_pytest(&cmdline));
    assert_int_equal(cmdline.rest, 1);
}

static void the_programs_options_end_at_two_dashes(void **state)
{
    (void)state;
    READ("-W", "--dagz", "-m", "pytest", "tests", "--dagz", "--", "--other");
    assert_true(dz_cmdline_has(&cmdline, argc, argv, "--dagz"));
    assert_false(dz_cmdline_has(&cmdline, argc, argv, "--other"));
    assert_false(dz_cmdline_has(&cmdline, argc, argv, "-W"));
    assert_false(dz_cmdline_has(&cmdline, argc, argv, "--dag"));
}

static void a_line_has_the_words_that_a_shell_would_make(void **state)
{
    (void)state;
    assert_true(dz_line_has("--dagz", "--dagz"));
    assert_true(dz_line_has("-q  --dagz\t-x", "--dagz"));
    assert_true(dz_line_has("-q '--dagz'", "--dagz"));
    assert_true(dz_line_has("--d\"ag\"z", "--dagz"));
    assert_false(dz_line_has("-k 'not --dagz'", "--dagz"));
    assert_false(dz_line_has("--dagz-workers=2", "--dagz"));
    assert_false(dz_line_has("--dag", "--dagz"));
    assert_false(dz_line_has("", "--dagz"));
    assert_false(dz_line_has(NULL, "--dagz"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pytest_is_seen_behind_pythons_own_options),
        cmocka_unit_test(other_programs_are_not_pytest),
        cmocka_unit_test(python_without_arguments_runs_nothing),
        cmocka_unit_test(the_programs_options_end_at_two_dashes),
        cmocka_unit_test(a_line_has_the_words_that_a_shell_would_make),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
