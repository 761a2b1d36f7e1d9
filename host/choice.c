#include "choice.h"

#include "base/mem.h"
#include "base/wire.h"
#include "now.h"
#include "path.h"
#include "record/proofs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

int dz_choice_is_due(const char *state)
{
    dz_autobuf struct dz_buf path = {0};
    dz_buf_fmt(&path, "%s/baselines", state);
    dz_buf_put(&path, "", 1);
    return dz_buf_ok(&path) && access(path.data, F_OK) == 0;
}

struct dz_baselines_wish dz_choice_wish(const struct dz_choice *choice)
{
    return (struct dz_baselines_wish){.rootdir = choice->rootdir,
                                      .state = choice->state,
                                      .python = choice->python->version,
                                      .key = &choice->key,
                                      .base = *choice->base ? choice->base : NULL,
                                      .profile = *choice->profile ? choice->profile : NULL};
}

/* ---- what the baselines prove ---- */

struct weighing {
    const struct dz_choice *choice;
    struct dz_now *now;
    struct dz_proofs proofs;
    struct dz_buf names; /* of baselines */
    struct dz_buf text;  /* what is to be said of others */
    unsigned n;
    struct dz_strings passed_over; /* inputs that have changed, and are waived */
    unsigned n_ignored, n_external;
};

static void say(struct weighing *weighing, const char *text)
{
    dz_buf_fmt(&weighing->text, "%s%s", weighing->text.len ? "\n  " : "", text);
}

/* Each once, whichever baselines have it. */
static int note_waived(struct weighing *weighing, const struct dz_graph *graph,
                       const struct dz_bits *waived)
{
    for (uint32_t i = 0; (i = dz_bits_next(waived, i)) != UINT32_MAX; i++) {
        const struct dz_input *input = &graph->inputs[i];
        const char *path = dz_strings_text(&graph->strings, input->path);
        dz_autobuf struct dz_buf key = {0};
        uint32_t before = weighing->passed_over.n;
        dz_buf_fmt(&key, "%u %u %s", input->kind, input->of, path);
        if (!dz_buf_ok(&key) || !dz_strings_add(&weighing->passed_over, key.data, key.len))
            return -ENOMEM;
        if (weighing->passed_over.n == before)
            continue;
        if (dz_waivers_behind(&weighing->choice->waivers, path) == DZ_WAIVED_IGNORED)
            weighing->n_ignored++;
        else
            weighing->n_external++;
    }
    return 0;
}

static void say_waived(struct weighing *weighing)
{
    char text[80];
    unsigned ignored = weighing->n_ignored, external = weighing->n_external;
    snprintf(text, sizeof text, "ignored: %u input%s by [tool.dagz] ignore", ignored,
             ignored == 1 ? "" : "s");
    if (ignored)
        say(weighing, text);
    snprintf(text, sizeof text, "external: %u input%s taken as constant", external,
             external == 1 ? "" : "s");
    if (external)
        say(weighing, text);
}

static int weigh(struct weighing *weighing, struct dz_baseline *baseline, struct dz_err *err)
{
    struct dz_graph graph = {0};
    struct dz_compared compared = {0};
    struct dz_selection selection = {0};
    int r = dz_baseline_read(baseline, &graph, err);
    if (r == 0)
        r = dz_now_compare(weighing->now, &graph, &compared, err);
    if (r == 0 && ((r = dz_select(&selection, &graph, &compared.changed)) < 0 ||
                   (r = dz_proofs_add(&weighing->proofs, &graph, &selection)) < 0 ||
                   (r = note_waived(weighing, &graph, &compared.waived)) < 0))
        dz_fail(err, r, "cannot select");
    dz_selection_free(&selection);
    dz_compared_free(&compared);
    dz_graph_free(&graph);
    return r;
}

/* The branch's, as the file is named by. */
static void name(struct weighing *weighing, const char *path)
{
    const char *name = dz_path_name(path);
    dz_buf_fmt(&weighing->names, "%s%.*s", weighing->n++ ? " and " : "baseline ",
               (int)strcspn(name, "@"), name);
}

/* One that cannot be read proves nothing, and has nothing against what another one proves: its failures are lost, as they
 * are where there is no baseline. */
static int weigh_file(struct weighing *weighing, const char *path, struct dz_err *err)
{
    struct dz_baseline_file *file = dz_baselines_open(path, err);
    if (!file) {
        if (err->code != -ENOENT)
            say(weighing, err->text);
        return 0;
    }
    struct dz_baseline *baseline = dz_baselines_in(file);
    const struct dz_fingerprint *key = dz_baseline_key(baseline);
    int r = 0;
    if (memcmp(key, &weighing->choice->key, sizeof *key) == 0) {
        r = weigh(weighing, baseline, err);
        if (r == 0)
            name(weighing, path);
        else
            dz_wrap(err, r, "baseline '%s'", path);
    }
    dz_baselines_close(file);
    return r;
}

static int weigh_all(struct weighing *weighing, struct dz_err *err)
{
    const struct dz_choice *choice = weighing->choice;
    struct dz_baselines_wish wish = dz_choice_wish(choice);
    struct dz_baselines baselines;
    int r = dz_baselines_choose(&baselines, &wish, err);
    if (r == -ENOENT) {
        say(weighing, err->text);
        r = 0;
    }
    weighing->now = choice->now;
    if (r == 0 && !weighing->now) {
        weighing->now = dz_now_new(choice->python, choice->rootdir, choice->state, err);
        r = weighing->now ? 0 : err->code;
    }
    if (r == 0)
        dz_now_waive(weighing->now, &choice->waivers);
    for (unsigned i = 0; r == 0 && i < baselines.n; i++)
        r = weigh_file(weighing, baselines.found[i], err);
    if (r == 0)
        say_waived(weighing);
    if (!choice->now)
        dz_now_free(weighing->now);
    dz_baselines_free(&baselines);
    return r;
}

/* ---- telling it ---- */

void dz_choice_give_up(struct dz_buf *frame, const char *why)
{
    struct dz_msg msg = {.type = DZ_MSG_chosen, .chosen = {.text = dz_bytes(why, strlen(why))}};
    dz_wire_put(frame, &msg);
}

static uint32_t audit(struct weighing *weighing)
{
    uint32_t seed = 0;
    if (weighing->choice->audit <= 0 || getrandom(&seed, sizeof seed, 0) != sizeof seed)
        return 0;
    dz_proofs_audit(&weighing->proofs, weighing->choice->audit, seed);
    return seed;
}

static int tell(struct weighing *weighing, struct dz_buf *frame)
{
    dz_autobuf struct dz_buf files = {0}, counts = {0}, doubts = {0};
    struct dz_proved tests = {0}, audited = {0};
    uint32_t seed = audit(weighing);
    int r = dz_proofs_tell(&weighing->proofs, &files, &counts, &tests, &audited);
    if (r == 0)
        r = dz_proofs_doubts(&weighing->proofs, &doubts);
    struct dz_msg msg = {.type = DZ_MSG_chosen, .chosen = {.known = 1}};
    msg.chosen.files = dz_bytes(files.data, files.len);
    msg.chosen.counts = dz_bytes(counts.data, counts.len);
    msg.chosen.tests = dz_bytes(tests.names.data, tests.names.len);
    msg.chosen.parameters = dz_bytes(tests.parameters.data, tests.parameters.len);
    msg.chosen.text = dz_bytes(weighing->text.data, weighing->text.len);
    msg.chosen.seed = seed;
    msg.chosen.saved_us = dz_proofs_saved_us(&weighing->proofs);
    msg.chosen.unprovable = dz_bytes(doubts.data, doubts.len);
    msg.chosen.audited = dz_bytes(audited.names.data, audited.names.len);
    msg.chosen.audited_parameters = dz_bytes(audited.parameters.data, audited.parameters.len);
    msg.chosen.baselines = dz_bytes(weighing->names.data, weighing->names.len);
    if (r == 0)
        dz_wire_put(frame, &msg);
    dz_proved_free(&tests);
    dz_proved_free(&audited);
    return r;
}

static void tell_none(struct weighing *weighing, struct dz_buf *frame)
{
    struct dz_err err = {.text = "everything runs: no baseline is of these settings yet"};
    if (weighing->text.len)
        dz_buf_str(&weighing->text, "\n  ");
    dz_buf_str(&weighing->text, err.text);
    dz_buf_put(&weighing->text, "", 1);
    dz_choice_give_up(frame, dz_buf_ok(&weighing->text) ? weighing->text.data : err.text);
}

void dz_choice_make(const struct dz_choice *choice, struct dz_buf *frame)
{
    struct weighing weighing = {.choice = choice};
    struct dz_err err = {0};
    int r = weigh_all(&weighing, &err);
    if (r == 0 && !weighing.n)
        tell_none(&weighing, frame);
    else if (r == 0 && (r = tell(&weighing, frame)) < 0)
        dz_fail(&err, r, "cannot tell what is proved");
    if (r < 0) {
        dz_wrap(&err, r, "everything runs");
        dz_choice_give_up(frame, err.text);
    }
    dz_proofs_free(&weighing.proofs);
    dz_strings_free(&weighing.passed_over);
    dz_buf_free(&weighing.names);
    dz_buf_free(&weighing.text);
}
