/* The branch, in repositories as git makes them. */
#include "../../host/base/mem.h"
#include "../../host/branch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char folder[64];

__attribute__((format(printf, 1, 2))) static void run(const char *fmt, ...)
{
    char command[1024] = "exec >/dev/null 2>&1; cd ";
    va_list args;
    strcat(strcat(command, folder), " && ");
    size_t size = strlen(command);
    va_start(args, fmt);
    vsnprintf(command + size, sizeof command - size, fmt, args);
    va_end(args);
    if (system(command) != 0)
        fail_msg("failed: %s", command);
}

/* A repository `a` with a commit on the branch `trunk`. */
static int make_repository(void **state)
{
    static const char *const variables[] = {"GITHUB_HEAD_REF", "GITHUB_REF_NAME",
                                            "CI_COMMIT_BRANCH", "BRANCH_NAME", "GIT_DIR"};
    (void)state;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        unsetenv(variables[i]);
    setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
    setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    setenv("GIT_AUTHOR_NAME", "a", 1);
    setenv("GIT_AUTHOR_EMAIL", "a@a", 1);
    setenv("GIT_COMMITTER_NAME", "a", 1);
    setenv("GIT_COMMITTER_EMAIL", "a@a", 1);
    strcpy(folder, "/tmp/dagz-branch-XXXXXX");
    if (system("git --version >/dev/null 2>&1") != 0 || !mkdtemp(folder))
        return -1;
    run("git init -b trunk a && cd a && git commit --allow-empty -m 1 && mkdir -p deep/er");
    return 0;
}

static int drop_repository(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static char *in(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void check_branch(const char *name, const char *expected)
{
    dz_auto char *branch = dz_branch_of(in(name));
    assert_string_equal(branch, expected);
}

static void check_main(const char *name, const char *expected)
{
    dz_auto char *branch = dz_branch_main(in(name));
    if (expected)
        assert_string_equal(branch, expected);
    else
        assert_null(branch);
}

static void the_branch_is_head(void **state)
{
    (void)state;
    check_branch("a", "trunk");
    check_branch("a/deep/er", "trunk");
    run("cd a && git checkout -b feature/some.thing");
    check_branch("a", "feature/some.thing");
    check_main("a", NULL);
}

static void refs_may_be_packed(void **state)
{
    (void)state;
    run("git clone a b && cd b && git checkout -b mine && git pack-refs --all && git gc");
    check_branch("b", "mine");
    check_main("b", "trunk");
}

static void a_worktree_has_its_own_branch_and_the_same_main(void **state)
{
    (void)state;
    run("git clone a b && cd b && git worktree add -b other ../tree");
    check_branch("b", "trunk");
    check_branch("tree", "other");
    check_main("tree", "trunk");
}

static void a_submodule_has_its_own(void **state)
{
    (void)state;
    run("git init -b outer c && cd c && git -c protocol.file.allow=always submodule add ../a sub");
    check_branch("c", "outer");
    check_branch("c/sub", "trunk");
    check_main("c/sub", "trunk");
}

static void a_shallow_clone_is_like_any(void **state)
{
    (void)state;
    run("git clone --depth 1 file://%s/a b", folder);
    check_branch("b", "trunk");
    check_main("b", "trunk");
}

static void a_detached_head_is_the_branch_that_ci_tells(void **state)
{
    (void)state;
    run("cd a && git checkout --detach");
    check_branch("a", DZ_BRANCH_DETACHED);
    setenv("GITHUB_REF_NAME", "12/merge", 1);
    check_branch("a", "12/merge");
    setenv("GITHUB_HEAD_REF", "feature", 1);
    check_branch("a", "feature");
    unsetenv("GITHUB_REF_NAME");
    unsetenv("GITHUB_HEAD_REF");
    setenv("CI_COMMIT_BRANCH", "refs/heads/origin/x", 1);
    check_branch("a", "origin/x");
    run("cd a && git checkout trunk");
    check_branch("a", "trunk");
}

static void a_rebase_or_a_bisection_is_of_the_branch_it_began_on(void **state)
{
    (void)state;
    run("cd a && echo 0 >x && git add x && git commit -m 2 && git commit --allow-empty -m 3");
    run("cd a && git bisect start HEAD HEAD~2 && ! git symbolic-ref HEAD");
    check_branch("a", "trunk");
    run("cd a && git bisect reset && git checkout -b topic HEAD~2 && echo 1 >x && git add x && "
        "git commit -m 4 && ! git rebase trunk");
    check_branch("a", "topic");
    run("cd a && git rebase --abort");
}

static void without_git_there_is_one_name_for_all(void **state)
{
    (void)state;
    check_branch(".", DZ_BRANCH_NO_GIT);
    check_branch("none", DZ_BRANCH_NO_GIT);
    run("mkdir b && echo gibberish >b/.git");
    check_branch("b", DZ_BRANCH_NO_GIT);
    run("mkdir -p c/.git && touch c/.git/HEAD");
    check_branch("c", DZ_BRANCH_DETACHED);
}

static void refs_are_named_in_many_ways(void **state)
{
    (void)state;
    assert_string_equal(dz_branch_name("main"), "main");
    assert_string_equal(dz_branch_name("refs/heads/a/b"), "a/b");
    assert_string_equal(dz_branch_name("origin/a/b"), "a/b");
    assert_string_equal(dz_branch_name("refs/remotes/origin/a"), "a");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_repository, drop_repository)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_branch_is_head),
        TEST(refs_may_be_packed),
        TEST(a_worktree_has_its_own_branch_and_the_same_main),
        TEST(a_submodule_has_its_own),
        TEST(a_shallow_clone_is_like_any),
        TEST(a_detached_head_is_the_branch_that_ci_tells),
        TEST(a_rebase_or_a_bisection_is_of_the_branch_it_began_on),
        TEST(without_git_there_is_one_name_for_all),
        TEST(refs_are_named_in_many_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
