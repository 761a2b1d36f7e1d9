/* clang-format off */
/* The one executable and its roles.
 *
 *   role     libuv loop  Python  user code  sockets                     files it may write
 *   -------  ----------  ------  ---------  --------------------------  ----------------------------
 *   python   -           yes     yes        the user's                  the user's
 *   init     -           -       -          -                           -
 *   host     yes         -       -          one to each process below   .dagz/
 *   front    -           yes     yes        host                        the user's
 *   zygote   -           image   -          host, one to each worker    -
 *   worker   -           yes     yes        host                        the user's, a log in .dagz/run
 *   replay   -           yes     plugins    host                        the user's (junit, cache)
 *   sheets   -           -       -          host, one to each cut       .dagz/sheets
 *   cut      -           yes     -          its parent                  -
 *   nothing  -           -       -          -                           the terminal, junit, .dagz/run/nothing
 *   child    -           yes     yes        the user's                  the user's, a log in .dagz/run
 *   command  -           -       -          -                           .dagz/
 *
 * python, host and command are told by the command line, here. init is the parent of a python that
 * would be PID 1, nothing the one that looks whether there is anything to run. The others are the
 * host's children: which one each is, it inherits (heritage.h).
 * In role python nothing is to be done but to find the python and to become it: a start may cost a
 * tenth more than python's own. */
/* clang-format on */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cmdline.h"
#include "command/command.h"
#include "init.h"
#include "job.h"
#include "nothing.h"
#include "path.h"
#include "python.h"

static int is_set(const char *variable)
{
    const char *value = getenv(variable);
    return value && *value && strcmp(value, "0") != 0;
}

/* Our plugin re-executes into us when it finds --dagz in places that only pytest reads. */
static int take_reexec(void)
{
    int was = is_set("DAGZ_REEXEC");
    unsetenv("DAGZ_REEXEC");
    return was;
}

/* A pytest started inside a test is never a job. */
static int is_job(int argc, char **argv)
{
    int again = take_reexec();
    struct dz_cmdline cmdline;
    dz_cmdline_read(&cmdline, argc, argv);
    if (!dz_cmdline_is_pytest(&cmdline) || getenv("DAGZ_JOB"))
        return 0;
    return again || is_set("DAGZ") || dz_cmdline_has(&cmdline, argc, argv, "--dagz") ||
           dz_line_has(getenv("PYTEST_ADDOPTS"), "--dagz");
}

static int become_python(const struct dz_python *python, int argc, char **argv, struct dz_err *err)
{
    if (getpid() == 1)
        dz_init_fork();
    struct dz_heritage heritage = {.role = DZ_ROLE_PYTHON,
                                   .socket = -1,
                                   .executable = python->self,
                                   .python = python->executable};
    return dz_python_enter(python, &heritage, argc, argv, err);
}

static int run_job(const struct dz_python *python, int argc, char **argv)
{
    return dz_nothing_is_to_run(python, argc, argv) ? 0 : dz_job_run(python, argc, argv);
}

static int run(int argc, char **argv)
{
    struct dz_python python;
    struct dz_err err;
    int r = dz_python_find(&python, argv[0], &err);
    if (r >= 0)
        r = is_job(argc, argv) ? run_job(&python, argc, argv)
                               : become_python(&python, argc, argv, &err);
    dz_python_free(&python);
    if (r >= 0)
        return r;
    fprintf(stderr, "dagz-python: %s\n", err.text);
    return DZ_EXIT_NO_PYTHON;
}

int main(int argc, char **argv)
{
    static char *unnamed[] = {"dagz-python", NULL};
    if (argc == 0)
        return run(1, unnamed);
    return strcmp(dz_path_name(argv[0]), "dagz") == 0 ? dz_command_main(argc, argv)
                                                      : run(argc, argv);
}
