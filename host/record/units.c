#include "units.h"

#include "../base/mem.h"

#include <stdlib.h>

enum { UNITS_PER_SLOT = 4 };

/* Whether on both sides there is work enough for copies of the fixtures that reach over i. */
static int pays(const struct dz_order *order, uint32_t i, uint32_t a, uint32_t b)
{
    return dz_order_may_cut(order, i, a, i) && dz_order_may_cut(order, i, i, b);
}

/* The next border of a module that can be parted from the rest. */
static uint32_t module_end(const struct dz_order *order, uint32_t a, uint32_t *run)
{
    const uint32_t *starts = order->starts[DZ_CUT_MODULES];
    do
        ++*run;
    while (starts[*run] < order->n && !pays(order, starts[*run], a, order->n));
    return starts[*run];
}

/* Where the unit that begins at a ends: so that no more than us is in front, at the border of a
 * class (or module, where fixtures joined some) if one is near; behind a single test or group that
 * is longer. */
static uint32_t unit_end(const struct dz_order *order, uint32_t a, uint32_t b, uint64_t us)
{
    uint32_t most = dz_order_after_us(order, a, b, us);
    if (most == b)
        return b;
    for (int cut = DZ_CUT_MODULES; cut > DZ_CUT_TESTS; cut--) {
        uint32_t end = dz_order_retreat(order, most, a, b, (enum dz_cut)cut);
        if (end > a && dz_order_us(order, a, end) >= us / 2 && pays(order, end, a, b))
            return end;
    }
    uint32_t end = dz_order_retreat(order, most, a, b, DZ_CUT_TESTS);
    if (end == a)
        end = dz_order_advance(order, a + 1, a, b, DZ_CUT_TESTS);
    return pays(order, end, a, b) ? end : b;
}

static int longest_first(const void *a, const void *b)
{
    const struct dz_unit *left = a, *right = b;
    if (left->us != right->us)
        return left->us > right->us ? -1 : 1;
    return left->a < right->a ? -1 : 1;
}

static uint32_t cut_all(const struct dz_order *order, uint64_t us, struct dz_unit *units)
{
    uint32_t n = 0;
    for (uint32_t run = 0, a = 0; a < order->n;) {
        for (uint32_t end, b = module_end(order, a, &run); a < b; a = end) {
            end = unit_end(order, a, b, us);
            units[n++] = (struct dz_unit){dz_order_us(order, a, end), a, end};
        }
    }
    return n;
}

struct dz_unit *dz_units_cut(struct dz_order *order, uint64_t share_us, uint32_t *ret_n)
{
    struct dz_unit *units = dz_alloc(order->n * sizeof *units);
    if (!units)
        return NULL;
    /* A group that is longer than a share would leave a worker idle; others are split when one
     * is. */
    uint64_t worth_us = order->worth_us;
    if (order->worth_us < share_us)
        order->worth_us = share_us;
    *ret_n = cut_all(order, share_us / UNITS_PER_SLOT, units);
    order->worth_us = worth_us;
    qsort(units, *ret_n, sizeof *units, longest_first);
    return units;
}
