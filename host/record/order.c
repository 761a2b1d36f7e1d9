#include "order.h"

#include "../base/mem.h"

#include <errno.h>
#include <stdlib.h>

/* A group with less left is not split, however cheap its fixtures are. */
enum { GROUP_US = 100 * 1000 };

/* ---- who stands with whom ---- */

static uint32_t root_of(uint32_t *parent, uint32_t i)
{
    while (parent[i] != i)
        i = parent[i] = parent[parent[i]];
    return i;
}

/* Fixtures that have a test in common become one tree, which is wide when it meets two modules. */
static void join_fixtures(const struct dz_plan_input *input, uint32_t *parent, uint32_t *module,
                          uint8_t *wide)
{
    for (uint32_t i = 0; i < input->n_fixtures; i++) {
        parent[i] = i;
        module[i] = DZ_PLAN_NONE;
    }
    for (uint32_t t = 0; t < input->n_tests; t++) {
        const struct dz_plan_test *test = &input->tests[t];
        for (uint32_t u = 0; u < test->uses; u++) {
            uint32_t mine = root_of(parent, input->uses[test->first_use + u]);
            uint32_t ours = root_of(parent, input->uses[test->first_use]);
            wide[ours] |=
                wide[mine] | (module[ours] != DZ_PLAN_NONE && module[mine] != DZ_PLAN_NONE &&
                              module[ours] != module[mine]);
            if (module[ours] == DZ_PLAN_NONE)
                module[ours] = module[mine] != DZ_PLAN_NONE ? module[mine] : test->module;
            wide[ours] |= module[ours] != test->module;
            parent[mine] = ours;
        }
    }
}

/* Numbers regions by first appearance: the tree of wide fixtures that a test is in, else its
 * module. */
static uint32_t number_regions(const struct dz_plan_input *input, uint32_t *parent,
                               const uint8_t *wide, uint32_t *of_fixture, uint32_t *of_module,
                               uint32_t *region)
{
    uint32_t n = 0;
    for (uint32_t t = 0; t < input->n_tests; t++) {
        const struct dz_plan_test *test = &input->tests[t];
        uint32_t tree = test->uses ? root_of(parent, input->uses[test->first_use]) : 0;
        uint32_t *number = test->uses && wide[tree] ? &of_fixture[tree] : &of_module[test->module];
        if (!*number)
            *number = ++n;
        region[t] = *number - 1;
    }
    return n;
}

/* Region after region, each in the session's order. counts has room for one more than regions. */
static void line_up(struct dz_order *order, const uint32_t *region, uint32_t *counts,
                    uint32_t n_regions)
{
    for (uint32_t t = 0; t < order->n; t++)
        counts[region[t] + 1]++;
    for (uint32_t r = 0; r < n_regions; r++)
        counts[r + 1] += counts[r];
    for (uint32_t t = 0; t < order->n; t++) {
        order->place[t] = counts[region[t]]++;
        order->at[order->place[t]] = t;
    }
}

static int gather(struct dz_order *order, const struct dz_plan_input *input)
{
    size_t n = input->n_tests, n_fixtures = input->n_fixtures, n_modules = 0;
    for (uint32_t t = 0; t < n; t++)
        if (input->tests[t].module >= n_modules)
            n_modules = (size_t)input->tests[t].module + 1;
    dz_auto uint32_t *parent = dz_alloc(n_fixtures * sizeof *parent);
    dz_auto uint32_t *module = dz_alloc(n_fixtures * sizeof *module);
    dz_auto uint8_t *wide = dz_alloc(n_fixtures);
    dz_auto uint32_t *of_fixture = dz_alloc(n_fixtures * sizeof *of_fixture);
    dz_auto uint32_t *of_module = dz_alloc(n_modules * sizeof *of_module);
    dz_auto uint32_t *region = dz_alloc(n * sizeof *region);
    dz_auto uint32_t *counts = dz_alloc((n + 2) * sizeof *counts);
    if (!parent || !module || !wide || !of_fixture || !of_module || !region || !counts)
        return -ENOMEM;
    join_fixtures(input, parent, module, wide);
    uint32_t n_regions = number_regions(input, parent, wide, of_fixture, of_module, region);
    line_up(order, region, counts, n_regions);
    return 0;
}

static void stand_as_session(struct dz_order *order)
{
    for (uint32_t t = 0; t < order->n; t++)
        order->at[t] = order->place[t] = t;
}

/* ---- runs and reaches ---- */

static int is_start(const struct dz_order *order, const struct dz_plan_test *tests, uint32_t i,
                    enum dz_cut cut)
{
    if (i == 0 || i == order->n)
        return 1;
    const struct dz_plan_test *left = &tests[order->at[i - 1]], *right = &tests[order->at[i]];
    if (left->module != right->module)
        return 1;
    return cut == DZ_CUT_CLASSES && (left->klass != right->klass || left->klass == DZ_PLAN_NONE);
}

static int find_starts(struct dz_order *order, const struct dz_plan_test *tests, enum dz_cut cut)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i <= order->n; i++)
        n += (uint32_t)is_start(order, tests, i, cut);
    uint32_t *starts = order->starts[cut] = dz_alloc(n * sizeof *starts);
    if (!starts)
        return -ENOMEM;
    for (uint32_t i = 0; i <= order->n; i++)
        if (is_start(order, tests, i, cut))
            starts[order->n_starts[cut]++] = i;
    return 0;
}

static void find_reaches(struct dz_order *order, const struct dz_plan_input *input)
{
    for (uint32_t f = 0; f < input->n_fixtures; f++)
        order->fixtures[f] = (struct dz_order_fixture){.setup_us = input->fixtures[f].setup_us,
                                                       .pinned = !!input->fixtures[f].pinned,
                                                       .first = DZ_PLAN_NONE,
                                                       .over = DZ_PLAN_NONE};
    for (uint32_t i = 0; i < order->n; i++) {
        const struct dz_plan_test *test = &input->tests[order->at[i]];
        for (uint32_t u = 0; u < test->uses; u++) {
            struct dz_order_fixture *fixture = &order->fixtures[input->uses[test->first_use + u]];
            if (fixture->first == DZ_PLAN_NONE)
                fixture->first = i;
            fixture->end = i + 1;
        }
    }
}

static int by_reach(const void *a, const void *b)
{
    const struct dz_order_fixture *left = *(struct dz_order_fixture *const *)a;
    const struct dz_order_fixture *right = *(struct dz_order_fixture *const *)b;
    if (left->first != right->first)
        return left->first < right->first ? -1 : 1;
    return (left->end < right->end) - (left->end > right->end);
}

/* Stacks the fixtures along the order: what begins goes on top, what has ended comes off. */
static void stack(struct dz_order *order, struct dz_order_fixture **next)
{
    struct dz_order_fixture *all = order->fixtures;
    struct dz_order_fixture **end = next + order->n_fixtures;
    uint32_t top = DZ_PLAN_NONE;
    for (uint32_t i = 0; i <= order->n; i++) {
        while (top != DZ_PLAN_NONE && all[top].end <= i)
            top = all[top].over;
        order->around[i] = top;
        for (; next < end && (*next)->first == i; next++) {
            for (uint32_t below = top; below != DZ_PLAN_NONE && all[below].end < (*next)->end;
                 below = all[below].over)
                all[below].end = (*next)->end;
            (*next)->over = top;
            top = (uint32_t)(*next - all);
        }
    }
}

static int nest(struct dz_order *order)
{
    dz_auto struct dz_order_fixture **sorted = dz_alloc(order->n_fixtures * sizeof *sorted);
    if (!sorted)
        return -ENOMEM;
    for (uint32_t f = 0; f < order->n_fixtures; f++)
        sorted[f] = &order->fixtures[f];
    qsort(sorted, order->n_fixtures, sizeof *sorted, by_reach);
    stack(order, sorted);
    return 0;
}

int dz_order_make(struct dz_order *order, const struct dz_plan_input *input, int as_session)
{
    size_t n = input->n_tests;
    order->n = input->n_tests;
    order->n_fixtures = input->n_fixtures;
    order->worth_us = GROUP_US;
    order->at = dz_alloc(n * sizeof *order->at);
    order->place = dz_alloc(n * sizeof *order->place);
    order->before = dz_alloc((n + 1) * sizeof *order->before);
    order->around = dz_alloc((n + 1) * sizeof *order->around);
    order->fixtures = dz_alloc(input->n_fixtures * sizeof *order->fixtures);
    if (!order->at || !order->place || !order->before || !order->around || !order->fixtures)
        return -ENOMEM;
    if (as_session)
        stand_as_session(order);
    else if (gather(order, input) < 0)
        return -ENOMEM;
    find_reaches(order, input);
    if (find_starts(order, input->tests, DZ_CUT_CLASSES) < 0 ||
        find_starts(order, input->tests, DZ_CUT_MODULES) < 0)
        return -ENOMEM;
    return nest(order);
}

void dz_order_free(struct dz_order *order)
{
    dz_free(order->at);
    dz_free(order->place);
    dz_free(order->before);
    dz_free(order->around);
    dz_free(order->fixtures);
    dz_free(order->starts[DZ_CUT_CLASSES]);
    dz_free(order->starts[DZ_CUT_MODULES]);
}

/* ---- borders ---- */

uint32_t dz_order_after_us(const struct dz_order *order, uint32_t a, uint32_t b, uint64_t us)
{
    uint32_t low = a;
    while (low < b) {
        uint32_t middle = b - (b - low) / 2;
        if (dz_order_us(order, a, middle) <= us)
            low = middle;
        else
            b = middle - 1;
    }
    return low;
}

struct reach {
    uint32_t first, end;
};

/* The run of a class or module that goes over border i, if one does. */
static int run_over(const struct dz_order *order, uint32_t i, enum dz_cut cut,
                    struct reach *ret_reach)
{
    const uint32_t *starts = order->starts[cut];
    uint32_t low = 0, high = order->n_starts[cut] - 1;
    while (low < high) {
        uint32_t middle = high - (high - low) / 2;
        if (starts[middle] <= i)
            low = middle;
        else
            high = middle - 1;
    }
    if (starts[low] == i)
        return 0;
    *ret_reach = (struct reach){starts[low], starts[low + 1]};
    return 1;
}

/* Whether it has still to be measured what it costs to split it. */
static int is_open(const struct dz_order_fixture *fixture)
{
    return !fixture->setup_us || !fixture->timed;
}

static uint64_t setups_us(const struct dz_order *order, uint32_t i)
{
    uint64_t sum = 0;
    for (uint32_t f = order->around[i]; f != DZ_PLAN_NONE; f = order->fixtures[f].over)
        sum += order->fixtures[f].setup_us;
    return sum;
}

/* Another copy has to pay: what is left of the fixture's tests in [a, b) is compared with all set-
 * ups that would be made twice. */
static int holds(const struct dz_order *order, const struct dz_order_fixture *fixture,
                 uint64_t setups, uint32_t a, uint32_t b)
{
    if (fixture->pinned || is_open(fixture) || fixture->left_us <= order->worth_us)
        return 1;
    uint32_t first = fixture->first > a ? fixture->first : a,
             end = fixture->end < b ? fixture->end : b;
    return first >= end || dz_order_us(order, first, end) <= 2 * setups;
}

/* Whether something forbids to cut [a, b) at i, and from where to where the widest of it
 * reaches. */
static int is_held(const struct dz_order *order, uint32_t i, uint32_t a, uint32_t b,
                   enum dz_cut cut, struct reach *ret_reach)
{
    int held = cut != DZ_CUT_TESTS && run_over(order, i, cut, ret_reach);
    if (order->around[i] == DZ_PLAN_NONE)
        return held;
    uint64_t setups = setups_us(order, i);
    for (uint32_t f = order->around[i]; f != DZ_PLAN_NONE; f = order->fixtures[f].over) {
        const struct dz_order_fixture *fixture = &order->fixtures[f];
        if (!holds(order, fixture, setups, a, b))
            continue;
        if (!held || fixture->first < ret_reach->first)
            ret_reach->first = fixture->first;
        if (!held || fixture->end > ret_reach->end)
            ret_reach->end = fixture->end;
        held = 1;
    }
    return held;
}

int dz_order_is_fast(const struct dz_order *order, uint32_t i)
{
    for (uint32_t f = order->around[i]; f != DZ_PLAN_NONE; f = order->fixtures[f].over) {
        const struct dz_order_fixture *fixture = &order->fixtures[f];
        uint64_t least = 2 * fixture->setup_us > GROUP_US ? 2 * fixture->setup_us : GROUP_US;
        if (fixture->pinned || (!is_open(fixture) && fixture->left_us <= least))
            return 1;
    }
    return 0;
}

int dz_order_may_cut(const struct dz_order *order, uint32_t i, uint32_t a, uint32_t b)
{
    struct reach reach;
    return !is_held(order, i, a, b, DZ_CUT_TESTS, &reach);
}

uint32_t dz_order_retreat(const struct dz_order *order, uint32_t i, uint32_t a, uint32_t b,
                          enum dz_cut cut)
{
    struct reach reach;
    while (i > a && is_held(order, i, a, b, cut, &reach))
        i = reach.first;
    return i > a ? i : a;
}

uint32_t dz_order_advance(const struct dz_order *order, uint32_t i, uint32_t a, uint32_t b,
                          enum dz_cut cut)
{
    struct reach reach;
    while (i < b && is_held(order, i, a, b, cut, &reach))
        i = reach.end;
    return i < b ? i : b;
}
