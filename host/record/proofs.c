#include "proofs.h"

#include "../base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* ---- what a baseline says ---- */

static int number_of(struct dz_strings *strings, const char *text, uint32_t *ret)
{
    *ret = dz_strings_add(strings, text, strlen(text));
    return *ret ? (--*ret, 0) : -ENOMEM;
}

static int take_file(struct dz_proofs *proofs, const char *path, uint32_t *ret)
{
    uint32_t known = proofs->paths.n;
    if (number_of(&proofs->paths, path, ret) < 0 ||
        !dz_has_room(&proofs->are_known, *ret, &proofs->cap_files, 1))
        return -ENOMEM;
    if (*ret == known)
        proofs->are_known[*ret] = 0;
    return 0;
}

static struct dz_proof *take_test(struct dz_proofs *proofs, const char *nodeid)
{
    uint32_t known = proofs->nodeids.n, number;
    if (number_of(&proofs->nodeids, nodeid, &number) < 0 ||
        !dz_has_room(&proofs->tests, number, &proofs->cap_tests, sizeof *proofs->tests))
        return NULL;
    if (number == known)
        proofs->tests[number] = (struct dz_proof){0};
    return &proofs->tests[number];
}

/* Where its inputs have changed it is the outcome of something else, and neither proves nor refuses. */
static void weigh(struct dz_proof *test, enum dz_outcome outcome, enum dz_reason reason)
{
    if (reason == DZ_REASON_FAILED || reason == DZ_REASON_DUE)
        test->is_refused = 1;
    else if (reason == DZ_REASON_NONE && outcome == DZ_OUTCOME_DESELECTED)
        test->is_deselected = 1;
    else if (reason == DZ_REASON_NONE && outcome == DZ_OUTCOME_PROVED)
        test->is_proved = 1;
}

static int add_if(struct dz_proofs *proofs, struct dz_proof *test,
                  const struct dz_fingerprint *parameters)
{
    for (uint32_t i = test->ifs; i; i = proofs->ifs[i - 1].before)
        if (memcmp(&proofs->ifs[i - 1].parameters, parameters, sizeof *parameters) == 0)
            return 0;
    if (!dz_has_room(&proofs->ifs, proofs->n_ifs, &proofs->cap_ifs, sizeof *proofs->ifs))
        return -ENOMEM;
    proofs->ifs[proofs->n_ifs++] = (struct dz_if){*parameters, test->ifs};
    test->ifs = proofs->n_ifs;
    return 0;
}

static int add_files(struct dz_proofs *proofs, const struct dz_graph *graph,
                     const struct dz_selection *selection, uint32_t *ret_numbers)
{
    for (uint32_t i = 0; i < graph->n_files; i++) {
        const char *path = dz_strings_text(&graph->strings, graph->files[i].path);
        uint32_t *number = &ret_numbers[i];
        if (take_file(proofs, path, number) < 0)
            return -ENOMEM;
        if (!selection->files[i])
            proofs->are_known[*number] = 1;
    }
    return 0;
}

static int note_doubt(struct dz_proofs *proofs, struct dz_proof *test, const struct dz_graph *graph,
                      const struct dz_reached *reached)
{
    const char *why = dz_strings_text(&graph->strings, graph->inputs[reached->input].name);
    test->why = dz_strings_add(&proofs->reasons, why, strlen(why));
    return test->why ? 0 : -ENOMEM;
}

static int add_tests(struct dz_proofs *proofs, const struct dz_graph *graph,
                     const struct dz_selection *selection, const uint32_t *files)
{
    for (uint32_t i = 0; i < graph->n_records; i++) {
        const struct dz_record *record = &graph->records[i];
        struct dz_proof *test = take_test(proofs, dz_strings_text(&graph->strings, record->nodeid));
        if (!test)
            return -ENOMEM;
        test->file = files[record->file];
        test->is_there |= !selection->files[record->file];
        weigh(test, record->outcome, selection->records[i]);
        if (selection->records[i] == DZ_REASON_PARAMETERS &&
            add_if(proofs, test, &record->parameters) < 0)
            return -ENOMEM;
        test->duration_us = record->duration_us;
        if (selection->records[i] == DZ_REASON_UNPROVABLE &&
            note_doubt(proofs, test, graph, &selection->nodes[record->node]) < 0)
            return -ENOMEM;
    }
    return 0;
}

int dz_proofs_add(struct dz_proofs *proofs, const struct dz_graph *graph,
                  const struct dz_selection *selection)
{
    dz_auto uint32_t *files = dz_alloc((graph->n_files + 1) * sizeof *files);
    int r = files ? add_files(proofs, graph, selection, files) : -ENOMEM;
    return r < 0 ? r : add_tests(proofs, graph, selection, files);
}

/* ---- what comes of it ---- */

static int is_proved(const struct dz_proof *test)
{
    return test->is_proved && !test->is_refused;
}

/* Whoever collects it sees whether it is. */
static int may_be_proved(const struct dz_proof *test)
{
    return (test->is_proved || test->ifs) && !test->is_refused;
}

static int is_to_be_left_out(const struct dz_proof *test)
{
    return is_proved(test) && !test->is_audited;
}

/* By its name: the same seed finds the same tests, whatever other tests there are. */
void dz_proofs_audit(struct dz_proofs *proofs, double percent, uint32_t seed)
{
    for (uint32_t i = 0; i < proofs->nodeids.n; i++) {
        struct dz_proof *test = &proofs->tests[i];
        const char *nodeid = proofs->nodeids.at[i];
        uint64_t hash = XXH3_64bits_withSeed(nodeid, strlen(nodeid), seed) % 1000000;
        test->is_audited = may_be_proved(test) && (double)hash < percent * 10000;
    }
}

/* By file: whether nothing is to run in it. */
static void find_files(const struct dz_proofs *proofs, uint8_t *are_left)
{
    memcpy(are_left, proofs->are_known, proofs->paths.n);
    for (uint32_t i = 0; i < proofs->nodeids.n; i++) {
        const struct dz_proof *test = &proofs->tests[i];
        if (test->is_there && !is_to_be_left_out(test) && !test->is_deselected)
            are_left[test->file] = 0;
    }
}

static void put_name(struct dz_buf *to, const struct dz_strings *strings, uint32_t i)
{
    dz_buf_put(to, strings->at[i], strlen(strings->at[i]) + 1);
}

static void put_proved(const struct dz_proofs *proofs, uint32_t number, struct dz_proved *to)
{
    static const struct dz_fingerprint any;
    const struct dz_proof *test = &proofs->tests[number];
    if (test->is_proved) {
        put_name(&to->names, &proofs->nodeids, number);
        dz_buf_put(&to->parameters, any.bytes, sizeof any.bytes);
        return;
    }
    for (uint32_t i = test->ifs; i; i = proofs->ifs[i - 1].before) {
        put_name(&to->names, &proofs->nodeids, number);
        dz_buf_put(&to->parameters, proofs->ifs[i - 1].parameters.bytes, sizeof any.bytes);
    }
}

static int is_whole(const struct dz_proved *proved)
{
    return dz_buf_ok(&proved->names) && dz_buf_ok(&proved->parameters);
}

int dz_proofs_tell(const struct dz_proofs *proofs, struct dz_buf *files, struct dz_buf *counts,
                   struct dz_proved *tests, struct dz_proved *audited)
{
    uint32_t n = proofs->paths.n;
    dz_auto uint8_t *are_left = dz_alloc(n + 1);
    dz_auto uint32_t *counted = dz_alloc((n + 1) * sizeof *counted);
    if (!are_left || !counted)
        return -ENOMEM;
    if (n)
        find_files(proofs, are_left);
    for (uint32_t i = 0; i < proofs->nodeids.n; i++) {
        const struct dz_proof *test = &proofs->tests[i];
        if (test->is_audited)
            put_proved(proofs, i, audited);
        if (!may_be_proved(test) || test->is_audited)
            continue;
        if (!are_left[test->file])
            put_proved(proofs, i, tests);
        else
            counted[test->file] += test->is_there && is_proved(test);
    }
    for (uint32_t i = 0; i < n; i++)
        if (are_left[i]) {
            put_name(files, &proofs->paths, i);
            dz_buf_put(counts, &counted[i], sizeof counted[i]);
        }
    return dz_buf_ok(files) && dz_buf_ok(counts) && is_whole(tests) && is_whole(audited) ? 0
                                                                                         : -ENOMEM;
}

void dz_proved_free(struct dz_proved *proved)
{
    dz_buf_free(&proved->names);
    dz_buf_free(&proved->parameters);
}

struct doubt {
    uint32_t n, why;
};

static int by_number(const void *one, const void *other)
{
    const struct doubt *a = one, *b = other;
    if (a->n != b->n)
        return a->n < b->n ? 1 : -1;
    return a->why < b->why ? -1 : a->why > b->why;
}

int dz_proofs_doubts(const struct dz_proofs *proofs, struct dz_buf *ret)
{
    dz_auto struct doubt *doubts = dz_alloc((proofs->reasons.n + 1) * sizeof *doubts);
    if (!doubts)
        return -ENOMEM;
    for (uint32_t i = 0; i < proofs->reasons.n; i++)
        doubts[i].why = i;
    for (uint32_t i = 0; i < proofs->nodeids.n; i++)
        if (proofs->tests[i].why && !is_proved(&proofs->tests[i]))
            doubts[proofs->tests[i].why - 1].n++;
    qsort(doubts, proofs->reasons.n, sizeof *doubts, by_number);
    for (uint32_t i = 0; i < proofs->reasons.n && doubts[i].n; i++) {
        dz_buf_fmt(ret, "%u %s", doubts[i].n, proofs->reasons.at[doubts[i].why]);
        dz_buf_put(ret, "", 1);
    }
    return dz_buf_ok(ret) ? 0 : -ENOMEM;
}

uint64_t dz_proofs_saved_us(const struct dz_proofs *proofs)
{
    uint64_t saved_us = 0;
    for (uint32_t i = 0; i < proofs->nodeids.n; i++)
        if (may_be_proved(&proofs->tests[i]) && !proofs->tests[i].is_audited)
            saved_us += proofs->tests[i].duration_us;
    return saved_us;
}

void dz_proofs_free(struct dz_proofs *proofs)
{
    dz_strings_free(&proofs->nodeids);
    dz_strings_free(&proofs->paths);
    dz_strings_free(&proofs->reasons);
    dz_free(proofs->tests);
    dz_free(proofs->ifs);
    dz_free(proofs->are_known);
    *proofs = (struct dz_proofs){0};
}
