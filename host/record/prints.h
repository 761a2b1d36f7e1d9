/* Fingerprints of inputs that are no source's: each is asked for once, whoever depends on it. */
#pragma once

#include "inputs.h"
#include "strings.h"

struct dz_prints {
    struct dz_strings *strings; /* of inputs' numbers */
    /* Puts what one has now, and the name of a listing: 0, or negative: -ESTALE where that may not be what was read. */
    int (*fingerprint)(void *context, struct dz_strings *strings, struct dz_input *input);
    void *context;
    struct dz_print {
        struct dz_input asked, input;
        int r;
    } * list;
    uint32_t n, cap;
    uint32_t *slots, mask;
};

/* To an input without one. As fingerprint says. */
int dz_prints_add(struct dz_prints *prints, struct dz_input *input);
void dz_prints_free(struct dz_prints *prints);
