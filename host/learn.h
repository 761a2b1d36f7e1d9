/* What a job has observed, made into the baseline that the next one starts from. */
#pragma once

#include "choice.h"
#include "record/run_tests.h"

/* Reads the logs in the job's folder. What keeps it from being known is put into text, a sentence. */
void dz_learn(const struct dz_choice *of, const char *folder, const struct dz_run_tests *tests,
              struct dz_buf *text);
