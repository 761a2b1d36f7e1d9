#include "peaks.h"

#include "../base/mem.h"

#include <errno.h>

int dz_peaks_make(struct dz_peaks *peaks, uint32_t n)
{
    for (peaks->n_leaves = 1; peaks->n_leaves < n;)
        peaks->n_leaves *= 2;
    peaks->value = dz_alloc(2 * (size_t)peaks->n_leaves * sizeof *peaks->value);
    return peaks->value ? 0 : -ENOMEM;
}

void dz_peaks_free(struct dz_peaks *peaks)
{
    dz_free(peaks->value);
}

void dz_peaks_set(struct dz_peaks *peaks, uint32_t place, uint64_t value)
{
    uint64_t *all = peaks->value;
    uint32_t i = peaks->n_leaves + place;
    all[i] = value;
    while (i > 1) {
        i /= 2;
        uint64_t most = all[2 * i] > all[2 * i + 1] ? all[2 * i] : all[2 * i + 1];
        if (all[i] == most)
            return;
        all[i] = most;
    }
}

uint32_t dz_peaks_highest(const struct dz_peaks *peaks)
{
    uint32_t i = 1;
    while (i < peaks->n_leaves)
        i = peaks->value[2 * i] == peaks->value[i] ? 2 * i : 2 * i + 1;
    return i - peaks->n_leaves;
}
