#include "command.h"

#include <stdio.h>
#include <string.h>

#ifndef DZ_VERSION
#define DZ_VERSION "0.1.0"
#endif

static const char help[] =
    "usage: dagz COMMAND [ARGUMENT...]\n"
    "       dagz-python [what python takes]\n"
    "       dagz-python -m pytest --dagz [what pytest takes]\n"
    "\n"
    "commands:\n"
    "  config [--json]\n"
    "                what is in force here, and where each of it comes from\n"
    "  discover [--json] [--workers=N] [-- PYTEST OPTION...]\n"
    "                runs the suite in one process, and each test in a fork of its own: which "
    "tests\n"
    "                come to another outcome, or depend on something that the others hide\n"
    "  gc [--all]    removes baselines and what is known of commands that were not used for 90 "
    "days,\n"
    "                or all, and sheets that none needs\n"
    "  last [--json] what the last job has run, what has failed and how, and what could not be "
    "proved\n"
    "  observed NODEID... [--json]\n"
    "                all that a test of the last job depends on, and through which span\n"
    "  select [--trace] [--json]\n"
    "                what a job would run now, and why, without running it: one node id a line\n"
    "  setup PYTHON  makes `python -m pytest --dagz` of that python start a job\n"
    "  sheet FILE [--json]\n"
    "                what of a source file is an element, with its fingerprint\n"
    "  why NODEID    how what has changed reaches a test\n"
    "  why-not NODEID\n"
    "                what proves that nothing that has changed reaches a test\n"
    "  --help        this text\n"
    "  --version     the version of DAGZ\n"
    "\n"
    "environment:\n"
    "  DAGZ_PYTHON   path of the python to be; else the virtual environment that dagz-python is "
    "linked into,\n"
    "                else VIRTUAL_ENV, else the python DAGZ was built against\n"
    "  DAGZ_EMBED    0: execute that python with DAGZ preloaded, 1: open its libpython where it "
    "has one\n"
    "  DAGZ          1: each pytest is a job, as with --dagz\n"
    "  DAGZ_DIR      where the state is kept, instead of .dagz in the rootdir\n"
    "  DAGZ_PROBE    by what tests are observed: none, frame, stamp or prologue\n"
    "\n"
    "pyproject.toml of the rootdir, [tool.dagz]:\n"
    "  ignore        globs of paths that do not matter: [\"docs/**\", \"*.md\"]\n"
    "  external      what tests depend on that is taken as constant: [\"postgres\", "
    "\"./test.db\"]\n"
    "\n"
    "exit codes of dagz-python -m pytest --dagz:\n"
    "  0   all tests passed, or none had to run\n"
    "  1   tests failed\n"
    "  2   interrupted\n"
    "  3   internal error\n"
    "  4   usage error, also in [tool.dagz]\n"
    "  5   the suite has no tests\n"
    "  78  no usable python (also of dagz-python without --dagz)\n"
    "\n"
    "exit codes of dagz:\n"
    "  0   found\n"
    "  1   not known\n"
    "  2   usage error, also in [tool.dagz]\n"
    "  of discover: 0 nothing differs, 1 something does, else pytest's own where it could not "
    "run\n";

typedef int command(int argc, char **argv);

static int show_help(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    fputs(help, stdout);
    return DZ_EXIT_FOUND;
}

static int show_version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    puts("dagz " DZ_VERSION);
    return DZ_EXIT_FOUND;
}

static const struct {
    const char *name;
    command *run;
} commands[] = {
    {"config", dz_command_config},
    {"discover", dz_command_discover},
    {"gc", dz_command_gc},
    {"last", dz_command_last},
    {"observed", dz_command_observed},
    {"select", dz_command_select},
    {"setup", dz_command_setup},
    {"sheet", dz_command_sheet},
    {"why", dz_command_why},
    {"why-not", dz_command_why_not},
    {"--help", show_help},
    {"-h", show_help},
    {"help", show_help},
    {"--version", show_version},
};

int dz_command_main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    if (argc > 1)
        fprintf(stderr, "dagz: no command '%s'; `dagz --help` lists them\n", argv[1]);
    else
        fputs(help, stderr);
    return DZ_EXIT_USAGE;
}
