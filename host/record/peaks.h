/* A tournament: which of n places has the highest value. Setting one costs a walk up a tree. */
#pragma once

#include <stdint.h>

struct dz_peaks {
    uint64_t *value; /* a tree: the winner at 1, places from n_leaves on */
    uint32_t n_leaves;
};

int dz_peaks_make(struct dz_peaks *peaks, uint32_t n);
void dz_peaks_free(struct dz_peaks *peaks);
void dz_peaks_set(struct dz_peaks *peaks, uint32_t place, uint64_t value);
/* The first of the places with the highest value. */
uint32_t dz_peaks_highest(const struct dz_peaks *peaks);

static inline uint64_t dz_peaks_most(const struct dz_peaks *peaks)
{
    return peaks->value[1];
}
