#include "differences.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../base/mem.h"
#include "../path.h"
#include "input_text.h"

/* ---- the jobs ---- */

static int run(struct dz_differences *all, struct dz_trial *ret, const char *name, const char *fork,
               const char *workers, struct dz_err *err)
{
    dz_auto char *by = dz_path_fmt("--dagz-fork=%s", fork);
    dz_auto char *in = dz_path_fmt("--dagz-workers=%s", workers);
    const char *const ours[] = {"--dagz", "--dagz-all", by, in, NULL};
    if (!by || !in)
        return dz_fail(err, -ENOMEM, "cannot start a job");
    int r = dz_trial_run(ret, all->trials, name, all->options, ours, err);
    if (r == 0)
        fprintf(stderr, "dagz: %s: %u tests, %.1f s\n", name, ret->told.n, ret->seconds);
    return r;
}

static int run_round(struct dz_differences *all, int again, struct dz_err *err)
{
    struct dz_round *round = &all->rounds[again];
    const char *workers = all->workers;
    int r = run(all, &round->shared, again ? "shared-again" : "shared", "worker",
                workers ? workers : "1", err);
    if (r == 0)
        r = run(all, &round->alone, again ? "alone-again" : "alone", "test",
                workers ? workers : "auto", err);
    if (r == 0 &&
        (r = dz_beyond_begin(&round->beyond, &round->alone.graph, &round->shared.graph)) < 0)
        dz_fail(err, r, "cannot compare the two");
    return r;
}

static void free_round(struct dz_round *round)
{
    dz_beyond_free(&round->beyond);
    dz_trial_free(&round->shared);
    dz_trial_free(&round->alone);
}

/* ---- comparing ---- */

/* Takes the bits over. */
static int add(struct dz_differences *all, const struct dz_difference *difference)
{
    if (!dz_has_room(&all->list, all->n, &all->cap, sizeof *difference))
        return -ENOMEM;
    all->list[all->n++] = *difference;
    return 0;
}

/* A change of what the user has declared not to matter selects nobody anyway. */
static void drop_waived(const struct dz_differences *all, struct dz_bits *inputs)
{
    const struct dz_graph *graph = &all->rounds[0].alone.graph;
    for (uint32_t i = 0; (i = dz_bits_next(inputs, i)) != UINT32_MAX; i++) {
        const char *path = dz_strings_text(&graph->strings, graph->inputs[i].path);
        if (*path && dz_waivers_of(&all->declared.waivers, path) != DZ_WAIVED_NOT)
            dz_bits_drop(inputs, i);
    }
}

/* One that fails runs each time: what it depends on is asked for by nobody. */
static int compare(struct dz_differences *all, const struct dz_told_test *shared)
{
    const struct dz_round *round = &all->rounds[0];
    struct dz_difference difference = {
        shared, dz_told_find(&round->alone.told, shared->nodeid), 0, 0, {0}};
    int r = 0;
    if (!difference.alone || difference.alone->outcome == DZ_TOLD_NOT_RUN ||
        shared->outcome == DZ_TOLD_NOT_RUN) {
        all->n_passed_over++;
        return 0;
    }
    all->n_compared++;
    difference.is_outcome = shared->outcome != difference.alone->outcome;
    if (!difference.is_outcome && shared->outcome != DZ_FAILED)
        r = dz_beyond_find(&round->beyond, shared->nodeid, &difference.hidden);
    all->n_outcome_only += r > 0;
    drop_waived(all, &difference.hidden);
    if (r >= 0 && (difference.is_outcome || dz_bits_next(&difference.hidden, 0) != UINT32_MAX))
        r = add(all, &difference);
    else
        dz_bits_free(&difference.hidden);
    return r < 0 ? r : 0;
}

static int compare_all(struct dz_differences *all, struct dz_err *err)
{
    const struct dz_told *told = &all->rounds[0].shared.told;
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < told->n; i++)
        r = compare(all, &told->tests[i]);
    return r < 0 ? dz_fail(err, r, "cannot compare the two") : 0;
}

/* ---- once more ---- */

static int has_same_outcomes(const struct dz_differences *all,
                             const struct dz_difference *difference)
{
    const struct dz_round *again = &all->rounds[1];
    const char *nodeid = difference->shared->nodeid;
    const struct dz_told_test *shared = dz_told_find(&again->shared.told, nodeid);
    const struct dz_told_test *alone = dz_told_find(&again->alone.told, nodeid);
    return shared && alone && shared->outcome == difference->shared->outcome &&
           alone->outcome == difference->alone->outcome;
}

static char *name_input(const struct dz_graph *graph, uint32_t number)
{
    struct dz_buf text = {0};
    dz_input_put_name(&graph->strings, &graph->inputs[number], &text);
    dz_buf_put(&text, "", 1);
    if (!dz_buf_ok(&text))
        dz_buf_free(&text);
    return text.data;
}

static int list_names(const struct dz_graph *graph, const struct dz_bits *inputs,
                      struct dz_strings *ret)
{
    for (uint32_t i = 0; (i = dz_bits_next(inputs, i)) != UINT32_MAX; i++) {
        dz_auto char *name = name_input(graph, i);
        if (!name || !dz_strings_add(ret, name, strlen(name)))
            return -ENOMEM;
    }
    return 0;
}

static int keep_named(const struct dz_graph *graph, struct dz_bits *inputs,
                      const struct dz_strings *names)
{
    for (uint32_t i = 0; (i = dz_bits_next(inputs, i)) != UINT32_MAX; i++) {
        dz_auto char *name = name_input(graph, i);
        if (!name)
            return -ENOMEM;
        if (!dz_strings_find(names, name, strlen(name)))
            dz_bits_drop(inputs, i);
    }
    return 0;
}

/* The other round's graph has numbers of its own: names are what both have. */
static int keep_hidden(struct dz_differences *all, struct dz_difference *difference)
{
    const struct dz_round *again = &all->rounds[1];
    struct dz_bits hidden = {0};
    struct dz_strings names = {0};
    int r = dz_beyond_find(&again->beyond, difference->shared->nodeid, &hidden);
    if (r >= 0)
        r = list_names(&again->alone.graph, &hidden, &names);
    if (r >= 0)
        r = keep_named(&all->rounds[0].alone.graph, &difference->hidden, &names);
    dz_strings_free(&names);
    dz_bits_free(&hidden);
    return r;
}

static int confirm(struct dz_differences *all, struct dz_difference *difference)
{
    int r = 0;
    difference->is_flaky = !has_same_outcomes(all, difference);
    if (!difference->is_flaky && !difference->is_outcome) {
        r = keep_hidden(all, difference);
        difference->is_flaky = dz_bits_next(&difference->hidden, 0) == UINT32_MAX;
    }
    all->n_flaky += difference->is_flaky;
    all->n_outcomes += !difference->is_flaky && difference->is_outcome;
    all->n_hidden += !difference->is_flaky && !difference->is_outcome;
    return r;
}

static int confirm_all(struct dz_differences *all, struct dz_err *err)
{
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < all->n; i++)
        r = confirm(all, &all->list[i]);
    return r < 0 ? dz_fail(err, r, "cannot compare the two") : 0;
}

int dz_differences_find(struct dz_differences *all, struct dz_err *err)
{
    int r = run_round(all, 0, err);
    if (r == 0)
        r = dz_declared_ask(&all->declared, all->trials->python, all->rounds[0].alone.rootdir, err);
    if (r == 0)
        r = compare_all(all, err);
    if (r == 0 && all->n)
        r = run_round(all, 1, err);
    return r == 0 && all->n ? confirm_all(all, err) : r;
}

void dz_differences_free(struct dz_differences *all)
{
    for (uint32_t i = 0; i < all->n; i++)
        dz_bits_free(&all->list[i].hidden);
    dz_free(all->list);
    dz_declared_free(&all->declared);
    free_round(&all->rounds[0]);
    free_round(&all->rounds[1]);
}
