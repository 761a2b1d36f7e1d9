/* A python asked what it is, by running it: for those whose file does not tell. */
#pragma once

#include "base/err.h"

struct dz_answer {
    char *implementation; /* cpython */
    char *version;        /* 3.12 or 3.13t */
    char *executable;     /* its sys.executable */
};

int dz_ask_python(struct dz_answer *ret, const char *path, struct dz_err *err);
void dz_answer_free(struct dz_answer *answer);
