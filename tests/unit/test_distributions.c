/* Which distribution a file belongs to, by the RECORDs of a package folder. */
#include "../../host/base/mem.h"
#include "../../host/record/distributions.h"

#include <ftw.h>
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

static char top[64];

static void in_top(char *ret, size_t size, const char *name)
{
    snprintf(ret, size, "%s/%s", top, name);
}

static void make(const char *name)
{
    char path[256];
    in_top(path, sizeof path, name);
    assert_int_equal(mkdir(path, 0777), 0);
}

static void write_record(const char *folder, const char *info, const char *text)
{
    char path[256], name[128];
    snprintf(name, sizeof name, "%s/%s", folder, info);
    make(name);
    in_top(path, sizeof path, name);
    strcat(path, "/RECORD");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int set_up(void **state)
{
    (void)state;
    strcpy(top, "/tmp/dagz-distributions-XXXXXX");
    if (!mkdtemp(top))
        return -1;
    make("site-packages");
    make("dist-packages");
    write_record("site-packages", "one-1.0.dist-info",
                 "one/__init__.py,sha256=x,10\none/\"odd\".py,,\none-1.0.dist-info/RECORD,,\n");
    write_record("site-packages", "two_parts-2.0-1.dist-info",
                 "\"two/with, comma.py\",,\r\n\"two/with \"\"quotes\"\".py\",,\n\n../../bin/two,,\n"
                 "two/last.py");
    write_record("site-packages", "nodash.dist-info", "nodash.py,,\n");
    write_record("site-packages", "empty-1.dist-info", "");
    make("site-packages/without-1.dist-info");
    make("site-packages/.dist-info");
    write_record("dist-packages", "deb-3.dist-info", "one/__init__.py,,\n");
    return 0;
}

static int drop(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info, (void)kind, (void)at;
    return remove(path);
}

static int tear_down(void **state)
{
    (void)state;
    dz_mem_fail_after(0);
    return nftw(top, drop, 8, FTW_DEPTH | FTW_PHYS);
}

static void check(struct dz_distributions *all, const char *file, const char *expected)
{
    char path[256];
    in_top(path, sizeof path, file);
    const char *name = dz_distributions_of(all, path);
    assert_string_equal(name ? name : "none", expected);
}

static void a_file_is_of_the_distribution_whose_record_lists_it(void **state)
{
    (void)state;
    struct dz_distributions *all = dz_distributions_new();
    check(all, "site-packages/one/__init__.py", "one==1.0");
    check(all, "dist-packages/one/__init__.py", "deb==3");
    check(all, "site-packages/two/with, comma.py", "two_parts==2.0-1");
    check(all, "site-packages/two/with \"quotes\".py", "two_parts==2.0-1");
    check(all, "site-packages/two/last.py", "two_parts==2.0-1");
    check(all, "site-packages/nodash.py", "nodash");
    check(all, "site-packages/one/\"odd\".py", "one==1.0");
    dz_distributions_free(all);
}

static void what_no_record_lists_is_of_none(void **state)
{
    (void)state;
    struct dz_distributions *all = dz_distributions_new();
    check(all, "site-packages/one/other.py", "none");
    check(all, "site-packages/one", "none");
    check(all, "site-packages/", "none");
    check(all, "elsewhere/one/__init__.py", "none");
    check(all, "missing/site-packages/one/__init__.py", "none");
    assert_null(dz_distributions_of(all, ""));
    dz_distributions_free(all);
    dz_distributions_free(NULL);
}

static void without_memory_a_file_is_of_none(void **state)
{
    (void)state;
    char path[256];
    in_top(path, sizeof path, "site-packages/two/last.py");
    const char *found = NULL;
    for (unsigned long n = 1; !found; n++) {
        dz_mem_fail_after(n);
        struct dz_distributions *all = dz_distributions_new();
        found = all ? dz_distributions_of(all, path) : NULL;
        dz_mem_fail_after(0);
        assert_true(!found || strcmp(found, "two_parts==2.0-1") == 0);
        dz_distributions_free(all);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_of_the_distribution_whose_record_lists_it),
        cmocka_unit_test(what_no_record_lists_is_of_none),
        cmocka_unit_test(without_memory_a_file_is_of_none),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
