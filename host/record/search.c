/* Breadth first from the inputs, through the lists that a baseline has: a level's nodes are taken in ascending order, and
 * the first to reach another is the one that counts, as in select.c. */
#include "baseline.h"

#include "../base/mem.h"

#include <errno.h>

/* Nodes that were reached in the same number of steps. */
struct level {
    struct dz_bits nodes;
    uint32_t first, last; /* all are between them */
};

struct search {
    struct dz_baseline *baseline;
    struct dz_reached *nodes;
    struct level levels[2];
    struct dz_err *err;
};

static void empty(struct level *level)
{
    for (uint32_t i = level->first / 64; level->first <= level->last && i <= level->last / 64; i++)
        level->nodes.words[i] = 0;
    level->first = UINT32_MAX;
    level->last = 0;
}

static int reach(struct search *search, struct level *level, uint32_t node, uint32_t input,
                 uint32_t next)
{
    if (search->nodes[node].input != DZ_NONE)
        return 0;
    search->nodes[node] = (struct dz_reached){input, next};
    if (dz_bits_set(&level->nodes, node) < 0)
        return dz_fail(search->err, -ENOMEM, "cannot search a baseline");
    level->first = node < level->first ? node : level->first;
    level->last = node > level->last ? node : level->last;
    return 0;
}

static int reach_by_input(struct search *search, struct level *level, uint32_t input)
{
    const uint32_t *users;
    uint32_t n;
    int r = dz_baseline_users(search->baseline, input, &users, &n, search->err);
    for (uint32_t i = 0; r == 0 && i < n; i++)
        r = reach(search, level, users[i], input, DZ_NONE);
    return r;
}

static int reach_by_node(struct search *search, struct level *level, uint32_t node)
{
    const uint32_t *parents;
    uint32_t n;
    int r = dz_baseline_parents(search->baseline, node, &parents, &n, search->err);
    for (uint32_t i = 0; r == 0 && i < n; i++)
        r = reach(search, level, parents[i], search->nodes[node].input, node);
    return r;
}

static int climb(struct search *search)
{
    struct level *from = &search->levels[0], *to = &search->levels[1];
    int r = 0;
    while (r == 0 && from->first <= from->last) {
        for (uint32_t node = from->first; r == 0 && node <= from->last;
             node = dz_bits_next(&from->nodes, node + 1))
            r = reach_by_node(search, to, node);
        empty(from);
        struct level *swapped = from;
        from = to;
        to = swapped;
    }
    empty(from);
    return r;
}

static int search_changed(struct search *search, const struct dz_graph *glance,
                          const struct dz_bits *changed)
{
    int r = 0;
    for (uint32_t i = dz_bits_next(changed, 0); r == 0 && i < glance->n_inputs;
         i = dz_bits_next(changed, i + 1))
        if (glance->inputs[i].kind != DZ_INPUT_UNPROVABLE)
            r = reach_by_input(search, &search->levels[0], i);
    return r < 0 ? r : climb(search);
}

static int search_unprovable(struct search *search, const struct dz_graph *glance)
{
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < glance->n_inputs; i++)
        if (glance->inputs[i].kind == DZ_INPUT_UNPROVABLE)
            r = reach_by_input(search, &search->levels[0], i);
    return r < 0 ? r : climb(search);
}

int dz_baseline_select(struct dz_selection *ret, struct dz_baseline *baseline,
                       const struct dz_graph *glance, const struct dz_bits *changed,
                       struct dz_err *err)
{
    int r = dz_selection_make(ret, glance->n_nodes, glance->n_records, glance->n_files);
    if (r < 0)
        return dz_fail(err, r, "cannot search a baseline");
    struct search search = {.baseline = baseline,
                            .nodes = ret->nodes,
                            .levels = {{.first = UINT32_MAX}, {.first = UINT32_MAX}},
                            .err = err};
    r = search_changed(&search, glance, changed);
    if (r == 0)
        r = search_unprovable(&search, glance);
    dz_bits_free(&search.levels[0].nodes);
    dz_bits_free(&search.levels[1].nodes);
    if (r < 0) {
        dz_selection_free(ret);
        return r;
    }
    dz_selection_judge(ret, glance->inputs, glance->records, glance->n_records, glance->files,
                       glance->n_files);
    return 0;
}
