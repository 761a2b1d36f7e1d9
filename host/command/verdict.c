#include "verdict.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../base/mem.h"
#include "../path.h"
#include "command.h"
#include "input_text.h"
#include "state.h"

/* ---- finding ---- */

static int judge(struct dz_verdicts *verdicts, struct dz_verdict *verdict,
                 struct dz_baseline *baseline, struct dz_err *err)
{
    int r = dz_baseline_read(baseline, &verdict->graph, err);
    if (r == 0)
        r = dz_now_compare(verdicts->now, &verdict->graph, &verdict->compared, err);
    if (r == 0 &&
        (r = dz_select(&verdict->selection, &verdict->graph, &verdict->compared.changed)) < 0)
        dz_fail(err, r, "cannot select");
    if (r == 0 && (r = dz_nodeids_list(&verdict->nodeids, &verdict->graph)) < 0)
        dz_fail(err, r, "cannot list the tests of '%s'", verdict->name);
    return r;
}

static int add(struct dz_verdicts *verdicts, const char *path, struct dz_fingerprint *key,
               struct dz_err *err)
{
    struct dz_baseline_file *file = dz_baselines_open(path, err);
    if (!file)
        return err->code == -ENOENT ? 0 : err->code;
    struct dz_baseline *baseline = dz_baselines_in(file);
    const struct dz_fingerprint *its = dz_baseline_key(baseline);
    int r = 0;
    if (!verdicts->n)
        *key = *its;
    if (memcmp(key, its, sizeof *key) == 0) {
        struct dz_verdict *verdict = &verdicts->list[verdicts->n++];
        verdict->name = dz_strdup(dz_path_name(path));
        r = verdict->name ? judge(verdicts, verdict, baseline, err)
                          : dz_fail(err, -ENOMEM, "cannot read '%s'", path);
    }
    dz_baselines_close(file);
    return r;
}

static int read_all(struct dz_verdicts *verdicts, struct dz_err *err)
{
    struct dz_baselines_wish wish = {
        .rootdir = verdicts->rootdir, .state = verdicts->state, .python = verdicts->python.version};
    struct dz_baselines baselines;
    struct dz_fingerprint key;
    int r = dz_baselines_choose(&baselines, &wish, err);
    for (unsigned i = 0; r == 0 && i < baselines.n; i++)
        r = add(verdicts, baselines.found[i], &key, err);
    dz_baselines_free(&baselines);
    if (r == 0 && !verdicts->n)
        r = dz_fail(
            err, -ENOENT,
            "no baseline in '%s' of a CPython %s: run a job first, dagz-python -m pytest --dagz",
            verdicts->state, verdicts->python.version);
    return r;
}

int dz_verdicts_find(struct dz_verdicts *ret, const char *self, struct dz_err *err)
{
    *ret = (struct dz_verdicts){0};
    int r = dz_python_find(&ret->python, self, err);
    if (r < 0)
        return r;
    ret->state = dz_state_find(err);
    if (!ret->state)
        return err->code;
    ret->rootdir = dz_state_rootdir(ret->state);
    if (!ret->rootdir)
        return dz_fail(err, -ENOMEM, "cannot name the tree");
    r = dz_declared_ask(&ret->declared, &ret->python, ret->rootdir, err);
    if (r < 0)
        return r;
    ret->now = dz_now_new(&ret->python, ret->rootdir, ret->state, err);
    if (!ret->now)
        return err->code;
    dz_now_waive(ret->now, &ret->declared.waivers);
    return read_all(ret, err);
}

void dz_verdicts_free(struct dz_verdicts *verdicts)
{
    for (unsigned i = 0; i < verdicts->n; i++) {
        dz_selection_free(&verdicts->list[i].selection);
        dz_compared_free(&verdicts->list[i].compared);
        dz_nodeids_free(&verdicts->list[i].nodeids);
        dz_graph_free(&verdicts->list[i].graph);
        dz_free(verdicts->list[i].name);
    }
    dz_now_free(verdicts->now);
    dz_declared_free(&verdicts->declared);
    dz_free(verdicts->state);
    dz_free(verdicts->rootdir);
    dz_python_free(&verdicts->python);
}

/* ---- asking ---- */

/* As jobs weigh them (record/proofs.c). */
enum dz_proved_how dz_verdicts_prove(const struct dz_verdicts *verdicts, const char *nodeid)
{
    enum dz_proved_how how = DZ_PROVED_NOT;
    for (unsigned i = 0; i < verdicts->n; i++) {
        const struct dz_verdict *verdict = &verdicts->list[i];
        uint32_t record = dz_nodeids_record(&verdict->nodeids, nodeid);
        unsigned reason =
            record == DZ_NONE ? DZ_REASON_UNKNOWN : verdict->selection.records[record];
        if (reason == DZ_REASON_FAILED || reason == DZ_REASON_DUE)
            return DZ_PROVED_NOT;
        if (reason == DZ_REASON_NONE && verdict->graph.records[record].outcome == DZ_OUTCOME_PROVED)
            how = DZ_PROVED;
        else if (reason == DZ_REASON_PARAMETERS && how == DZ_PROVED_NOT)
            how = DZ_PROVED_IF;
    }
    return how;
}

const char *dz_reason_text(unsigned reason)
{
    static const char *const texts[DZ_REASONS] = {
        [DZ_REASON_NONE] = "proved",
        [DZ_REASON_CHANGED] = "changed",
        [DZ_REASON_UNPROVABLE] = "unprovable",
        [DZ_REASON_FAILED] = "failed last time",
        [DZ_REASON_OPEN] = "skipped at run time last time",
        [DZ_REASON_DUE] = "selected last time, and not run",
        [DZ_REASON_PARAMETERS] = "proved, if its parameters are what they were",
        [DZ_REASON_UNKNOWN] = "not known",
    };
    return texts[reason];
}

int dz_verdicts_fail(const struct dz_err *err)
{
    fprintf(stderr, "dagz: %s\n", err->text);
    return err->code == -EDOM ? DZ_EXIT_USAGE : DZ_EXIT_UNKNOWN;
}

/* ---- the way to what has changed ---- */

static void put_fingerprint(const struct dz_fingerprint *fingerprint, struct dz_buf *text)
{
    if (memcmp(fingerprint, &dz_absent, sizeof *fingerprint) == 0) {
        dz_buf_str(text, "absent");
        return;
    }
    for (int i = 0; i < 4; i++)
        dz_buf_fmt(text, "%02x", fingerprint->bytes[i]);
}

/* What it was and is. Never a variable's value: only hashes are known here. */
static void put_input(const struct dz_verdicts *verdicts, const struct dz_graph *graph,
                      const struct dz_input *input, struct dz_buf *text)
{
    struct dz_fingerprint now;
    dz_input_put_name(&graph->strings, input, text);
    if (input->kind == DZ_INPUT_UNPROVABLE)
        return;
    dz_input_put_lines(verdicts->now, verdicts->state, verdicts->python.version, &graph->strings,
                       input, text);
    int r = dz_now_fingerprint(verdicts->now, &graph->strings, input, &now);
    if (r == 0 && memcmp(&now, &input->fingerprint, sizeof now) == 0) {
        dz_buf_str(text, ": a statement that is new may write it");
        return;
    }
    dz_buf_str(text, ": ");
    put_fingerprint(&input->fingerprint, text);
    dz_buf_str(text, " -> ");
    if (r < 0)
        dz_buf_str(text, "unknown");
    else
        put_fingerprint(&now, text);
}

void dz_verdict_put(const struct dz_verdict *verdict, uint32_t input, struct dz_buf *text)
{
    dz_input_put_name(&verdict->graph.strings, &verdict->graph.inputs[input], text);
}

int dz_verdicts_waived(const struct dz_verdicts *verdicts, enum dz_waived as,
                       struct dz_strings *ret)
{
    for (unsigned which = 0; which < verdicts->n; which++) {
        const struct dz_graph *graph = &verdicts->list[which].graph;
        const struct dz_bits *waived = &verdicts->list[which].compared.waived;
        for (uint32_t i = 0; (i = dz_bits_next(waived, i)) != UINT32_MAX; i++) {
            const struct dz_input *input = &graph->inputs[i];
            const char *path = dz_strings_text(&graph->strings, input->path);
            dz_autobuf struct dz_buf text = {0};
            if (dz_waivers_behind(&verdicts->declared.waivers, path) != as)
                continue;
            dz_verdict_put(&verdicts->list[which], i, &text);
            if (!dz_buf_ok(&text) || !dz_strings_add(ret, text.data, text.len))
                return -ENOMEM;
        }
    }
    return 0;
}

int dz_verdict_step(const struct dz_verdicts *verdicts, unsigned which, uint32_t record, unsigned n,
                    struct dz_buf *text)
{
    const struct dz_verdict *verdict = &verdicts->list[which];
    const struct dz_graph *graph = &verdict->graph;
    uint32_t node = graph->records[record].node;
    /* The test's own node says what the node id has said. */
    for (n++; node != DZ_NONE && n; n--) {
        const struct dz_reached *reached = &verdict->selection.nodes[node];
        if (reached->input == DZ_NONE)
            return 0;
        if (reached->next == DZ_NONE) {
            if (n > 1)
                return 0;
            put_input(verdicts, graph, &graph->inputs[reached->input], text);
            return 1;
        }
        node = reached->next;
    }
    if (node == DZ_NONE)
        return 0;
    dz_buf_str(text, dz_strings_text(&graph->strings, graph->nodes[node].name));
    return 1;
}
