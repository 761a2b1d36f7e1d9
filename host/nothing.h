/* A job with nothing to run: known from what an earlier one of the same command has kept, without a python. */
#pragma once

#include "python.h"

/* 1: nothing is to be run, the user is told so, and the exit code is 0. 0: pytest is to see. */
int dz_nothing_is_to_run(const struct dz_python *python, int argc, char **argv);
