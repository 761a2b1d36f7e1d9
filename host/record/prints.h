/* Fingerprints of inputs that are no source's: each is asked for once, whoever depends on it. */
#pragma once

#include "inputs.h"
#include "strings.h"

struct dz_prints {
    const struct dz_strings *strings; /* of inputs' numbers */
    /* What one has now: 0, or negative: -ESTALE where that may not be what was read. */
    int (*fingerprint)(void *context, const struct dz_strings *strings,
                       const struct dz_input *input, struct dz_fingerprint *ret);
    void *context;
    struct dz_print {
        struct dz_input input;
        int r;
    } * list;
    uint32_t n, cap;
    uint32_t *slots, mask;
};

/* To an input without one. As fingerprint says. */
int dz_prints_add(struct dz_prints *prints, struct dz_input *input);
void dz_prints_free(struct dz_prints *prints);
