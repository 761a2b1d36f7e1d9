/* A job: one execution of the suite, from the fork of its front to its exit code. */
#pragma once

#include "base/heritage.h"
#include "python.h"

/* pytest's own for an internal error is 3. */
enum { DZ_EXIT_INTERNAL = 3, DZ_EXIT_NO_PYTHON = 78 };

/* Runs `dagz-python ARGV…` as a job and returns the exit code. Called before there is a thread or a
 * loop: the front is forked first. argv is python's: argv[0] is what sys.orig_argv[0] shall be. */
int dz_job_run(const struct dz_python *python, int argc, char **argv);
