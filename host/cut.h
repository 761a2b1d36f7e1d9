/* Sheets for sources: made by the role `cut` where there is none for that content yet, and kept. */
#pragma once

#include "base/err.h"
#include "python.h"

#include <stddef.h>
#include <stdint.h>

enum dz_cut_outcome {
    DZ_CUT_IS_THERE = 0, /* STATE's sheets have a whole one of this content */
    DZ_CUT_IS_CHANGED,   /* the file has not, or no longer, that content */
    DZ_CUT_IS_GONE,      /* it cannot be read */
    DZ_CUT_IS_FAILED,    /* there is no sheet; the sentence says why */
};

struct dz_cut_file {
    const char *path;
    uint8_t hash[16]; /* XXH3-128 of its content, canonical */
    enum dz_cut_outcome outcome;
    char *text; /* a sentence unless it is there; dz_cut_free */
};

/* Makes what is missing, on as many processes as pay, and waits for it. What becomes of each file is said in it.
 * Negative with a sentence when nothing can be cut at all. */
int dz_cut(const struct dz_python *python, const char *state, struct dz_cut_file *files, size_t n,
           struct dz_err *err);
/* Their sentences. */
void dz_cut_free(struct dz_cut_file *files, size_t n);

/* XXH3-128 of a file's content. Negative errno. */
int dz_cut_hash(const char *path, uint8_t ret[16]);
