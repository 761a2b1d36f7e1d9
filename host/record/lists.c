#include "lists.h"

#include "../base/mem.h"

#include <errno.h>

static struct dz_range range_of(const struct dz_range *first, size_t stride, uint32_t number)
{
    return *(const struct dz_range *)((const char *)first + stride * number);
}

/* Where each list is to begin, one place further on: filling moves it there. */
static void count(struct dz_lists *lists, const struct dz_range *first, size_t stride, uint32_t n,
                  const uint32_t *items)
{
    uint32_t *at = lists->at, sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct dz_range range = range_of(first, stride, i);
        for (uint32_t k = range.at; k < range.at + range.n; k++)
            at[items[k] + 1]++;
    }
    for (uint32_t i = 0; i <= lists->n; i++)
        at[i] = sum += at[i];
}

static void fill(struct dz_lists *lists, uint32_t *next, const struct dz_range *first,
                 size_t stride, uint32_t n, const uint32_t *items)
{
    for (uint32_t i = 0; i < lists->n; i++)
        next[i] = lists->at[i];
    for (uint32_t i = 0; i < n; i++) {
        struct dz_range range = range_of(first, stride, i);
        for (uint32_t k = range.at; k < range.at + range.n; k++)
            lists->items[next[items[k]]++] = i;
    }
}

int dz_lists_turn(struct dz_lists *ret, uint32_t n_ret, const struct dz_range *first, size_t stride,
                  uint32_t n, const uint32_t *items)
{
    *ret = (struct dz_lists){.n = n_ret, .at = dz_alloc(((size_t)n_ret + 1) * sizeof *ret->at)};
    uint32_t *next = dz_alloc((size_t)n_ret * sizeof *next);
    if (ret->at && next) {
        count(ret, first, stride, n, items);
        ret->items = dz_alloc((size_t)ret->at[n_ret] * sizeof *ret->items);
    }
    if (ret->items)
        fill(ret, next, first, stride, n, items);
    dz_free(next);
    if (ret->items)
        return 0;
    dz_lists_free(ret);
    return -ENOMEM;
}

void dz_lists_free(struct dz_lists *lists)
{
    dz_free(lists->at);
    dz_free(lists->items);
    *lists = (struct dz_lists){0};
}
