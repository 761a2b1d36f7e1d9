/* The census: who lives below a process, and what it costs. */
#include "../../host/base/mem.h"
#include "../../host/loop/census.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { MOST = 16 };

struct seen {
    pid_t pids[MOST];
    size_t n;
};

static void see(pid_t pid, void *data)
{
    struct seen *seen = data;
    if (seen->n < MOST)
        seen->pids[seen->n++] = pid;
}

static int has(const struct seen *seen, pid_t pid)
{
    for (size_t i = 0; i < seen->n; i++)
        if (seen->pids[i] == pid)
            return 1;
    return 0;
}

struct family {
    pid_t child, grandchild;
    int leash; /* closed, both leave */
};

/* Lives until the other end of its leash is closed. */
__attribute__((noreturn)) static void live(int leash)
{
    char byte;
    ssize_t n = read(leash, &byte, 1);
    _exit(n < 0);
}

static int make_family(void **state)
{
    static struct family family;
    int leash[2], told[2];
    if (pipe(leash) < 0 || pipe(told) < 0)
        return -1;
    family.child = fork();
    if (family.child == 0) {
        close(leash[1]);
        pid_t grandchild = fork();
        if (grandchild == 0)
            live(leash[0]);
        ssize_t n = write(told[1], &grandchild, sizeof grandchild);
        if (n == sizeof grandchild)
            live(leash[0]);
        _exit(1);
    }
    close(leash[0]);
    close(told[1]);
    family.leash = leash[1];
    ssize_t n = read(told[0], &family.grandchild, sizeof family.grandchild);
    close(told[0]);
    *state = &family;
    return n == sizeof family.grandchild ? 0 : -1;
}

static int end_family(void **state)
{
    struct family *family = *state;
    dz_mem_fail_after(0);
    close(family->leash);
    waitpid(family->child, NULL, 0);
    return 0;
}

static void a_child_and_a_grandchild_are_below(void **state)
{
    struct family *family = *state;
    struct seen seen = {.n = 0};
    assert_int_equal(dz_census_descendants(getpid(), see, &seen), 2);
    assert_true(has(&seen, family->child) && has(&seen, family->grandchild));
    assert_int_equal(dz_census_descendants(getpid(), NULL, NULL), 2);
    seen.n = 0;
    assert_int_equal(dz_census_descendants(family->child, see, &seen), 1);
    assert_true(has(&seen, family->grandchild));
    assert_int_equal(dz_census_descendants(family->grandchild, NULL, NULL), 0);
}

static void who_is_dead_and_not_yet_reaped_does_not_count(void **state)
{
    struct family *family = *state;
    siginfo_t info;
    kill(family->grandchild, SIGKILL);
    kill(family->child, SIGKILL);
    assert_int_equal(waitid(P_PID, (id_t)family->child, &info, WEXITED | WNOWAIT), 0);
    struct seen seen = {.n = 0};
    dz_census_descendants(getpid(), see, &seen);
    assert_false(has(&seen, family->child));
}

static void memory_is_summed_over_all(void **state)
{
    struct family *family = *state;
    uint64_t all = dz_census_pss(getpid()), below = dz_census_pss(family->child);
    if (!all)
        skip(); /* a kernel without smaps_rollup */
    assert_true(below > 0 && below < all);
}

static void time_spent_is_counted(void **state)
{
    (void)state;
    uint64_t before = dz_census_cpu_us(getpid());
    for (clock_t end = clock() + CLOCKS_PER_SEC / 10; clock() < end;)
        continue;
    assert_true(dz_census_cpu_us(getpid()) - before >= 50000);
}

static void a_look_is_taken_when_it_is_time(void **state)
{
    (void)state;
    struct dz_census census = {0};
    dz_census_look(&census, getpid(), 1);
    assert_int_equal(census.peak_pss, 0);
    uint64_t when = census.next_us;
    assert_true(when > 1);
    dz_census_look(&census, getpid(), when - 1);
    assert_int_equal(census.next_us, when);
}

static void a_process_has_the_name_of_its_command_line(void **state)
{
    (void)state;
    char name[256], cut[4];
    dz_census_name(getpid(), name, sizeof name);
    assert_non_null(strstr(name, "test_census"));
    dz_census_name(getpid(), cut, sizeof cut);
    assert_int_equal(strlen(cut), 3);
    dz_census_name(0x7ffffffe, name, sizeof name);
    assert_string_equal(name, "");
}

static void without_memory_it_sees_nobody_and_does_no_harm(void **state)
{
    (void)state;
    dz_mem_fail_after(1);
    dz_census_descendants(getpid(), NULL, NULL);
    dz_census_cpu_us(getpid());
}

#define WITH_FAMILY(test) cmocka_unit_test_setup_teardown(test, make_family, end_family)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FAMILY(a_child_and_a_grandchild_are_below),
        WITH_FAMILY(who_is_dead_and_not_yet_reaped_does_not_count),
        WITH_FAMILY(memory_is_summed_over_all),
        cmocka_unit_test(time_spent_is_counted),
        cmocka_unit_test(a_look_is_taken_when_it_is_time),
        cmocka_unit_test(a_process_has_the_name_of_its_command_line),
        WITH_FAMILY(without_memory_it_sees_nobody_and_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
