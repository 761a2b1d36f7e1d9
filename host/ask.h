/* A python asked what it is, by running it: for those whose file does not tell. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/* Runs `path -c code` and takes what it writes, up to its end, with a NUL behind it. Negative when it cannot be
 * started. */
int dz_ask(struct dz_buf *ret, const char *path, const char *code);
/* The same of any words; the first is the path. */
int dz_ask_words(struct dz_buf *ret, char *const *words);

struct dz_answer {
    char *implementation; /* cpython */
    char *version;        /* 3.12 or 3.13t */
    char *executable;     /* its sys.executable */
};

int dz_ask_python(struct dz_answer *ret, const char *path, struct dz_err *err);
void dz_answer_free(struct dz_answer *answer);
