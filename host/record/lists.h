/* Lists of numbers, one for each of so many: what each has. Turned round, they say who has each. */
#pragma once

#include "../base/sheet_format.h"

#include <stddef.h>

struct dz_lists {
    uint32_t n;
    uint32_t *at; /* n + 1: where each begins, and where the last ends */
    uint32_t *items;
};

/* Of lists that are ranges of items, stride bytes from one range to the next: those of n_ret others, ascending. All items
 * are below n_ret. Negative when there is no memory. */
int dz_lists_turn(struct dz_lists *ret, uint32_t n_ret, const struct dz_range *first, size_t stride,
                  uint32_t n, const uint32_t *items);
void dz_lists_free(struct dz_lists *lists);
