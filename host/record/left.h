/* What spans have left changed in their processes (DZ_FACT_WROTE), and who. */
#pragma once

#include "observations.h"

/* path::name, or path::name.attribute; of a class within a class the outermost's name counts. */
struct dz_left {
    uint32_t file;            /* string of the observations; 0: it is none of a source */
    uint32_t name, attribute; /* numbers of texts, from 1 on; no attribute: 0 */
    int is_number;            /* each time, before and after */
    struct dz_left_writer {
        uint32_t span;
        int reads; /* what was left before it, too: for whoever goes through them */
    } * writers;   /* in the order of the logs */
    uint32_t n_writers, writers_cap;
    uint32_t next_of_name; /* index + 1 of another one of this name */
};

struct dz_lefts {
    struct dz_left *list;
    uint32_t n, cap;
    struct dz_left_text {
        char *text;
        size_t size;
        uint32_t first; /* index + 1 of the first that has this name */
    } * texts;
    uint32_t n_texts, texts_cap;
    uint32_t *slots, mask;
};

/* Negative when there is no memory. */
int dz_lefts_find(struct dz_lefts *ret, const struct dz_observations *all);
/* The number of a text; 0: it is nobody's name or attribute. */
uint32_t dz_lefts_text(const struct dz_lefts *lefts, const char *text, size_t size);
void dz_lefts_free(struct dz_lefts *lefts);
