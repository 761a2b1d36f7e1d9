/* `dagz why NODEID` and `dagz why-not NODEID`: how what has changed reaches a test, and what proves that nothing does. */
#include "command.h"

#include <stdio.h>
#include <string.h>

#include "../base/mem.h"
#include "verdict.h"

static int fail(const char *text)
{
    fprintf(stderr, "dagz: %s\n", text);
    return DZ_EXIT_UNKNOWN;
}

static int is_known(const struct dz_verdicts *verdicts, const char *nodeid)
{
    for (unsigned i = 0; i < verdicts->n; i++)
        if (dz_verdict_record(&verdicts->list[i], nodeid) != DZ_NONE)
            return 1;
    fprintf(stderr, "dagz: no baseline knows '%s': it is new, and would run\n", nodeid);
    return 0;
}

/* ---- why ---- */

static void print_way(const struct dz_verdicts *verdicts, unsigned which, const char *nodeid)
{
    const struct dz_verdict *verdict = &verdicts->list[which];
    uint32_t record = dz_verdict_record(verdict, nodeid);
    if (record == DZ_NONE)
        return;
    printf("%s: %s (baseline %s)\n", nodeid, dz_reason_text(verdict->selection.records[record]),
           verdict->name);
    for (unsigned n = 0;; n++) {
        dz_autobuf struct dz_buf text = {0};
        if (!dz_verdict_step(verdicts, which, record, n, &text) || !dz_buf_ok(&text))
            return;
        printf("  <- %.*s\n", (int)text.len, text.data);
    }
}

static int why(const struct dz_verdicts *verdicts, const char *nodeid)
{
    if (!is_known(verdicts, nodeid))
        return DZ_EXIT_UNKNOWN;
    if (dz_verdicts_prove(verdicts, nodeid)) {
        fprintf(stderr, "dagz: '%s' would not run: `dagz why-not` tells what proves it\n", nodeid);
        return DZ_EXIT_UNKNOWN;
    }
    for (unsigned i = 0; i < verdicts->n; i++)
        print_way(verdicts, i, nodeid);
    return DZ_EXIT_FOUND;
}

/* ---- why not ---- */

static void count(const struct dz_graph *graph, uint32_t node, struct dz_bits *inputs,
                  struct dz_bits *sources)
{
    struct dz_bits due = {0};
    int r = dz_bits_set(&due, node);
    /* Nodes lean on lower ones only: each is met from above. */
    for (uint32_t at = node + 1; r >= 0 && at-- > 0;) {
        if (!dz_bits_has(&due, at))
            continue;
        const struct dz_node *its = &graph->nodes[at];
        for (uint32_t i = 0; r >= 0 && i < its->leans.n; i++)
            r = dz_bits_set(&due, graph->lean_list[its->leans.at + i]);
        for (uint32_t i = 0; r >= 0 && i < its->inputs.n; i++) {
            uint32_t input = graph->input_list[its->inputs.at + i];
            r = dz_bits_set(inputs, input);
            if (r >= 0 && dz_input_is_of_source(&graph->inputs[input]))
                r = dz_bits_set(sources, graph->inputs[input].path);
        }
    }
    dz_bits_free(&due);
}

static unsigned count_of(const struct dz_bits *bits)
{
    unsigned n = 0;
    for (uint32_t i = 0; (i = dz_bits_next(bits, i)) != UINT32_MAX; i++)
        n++;
    return n;
}

static void print_proof(const struct dz_verdict *verdict, const char *nodeid)
{
    uint32_t record = dz_verdict_record(verdict, nodeid);
    if (record == DZ_NONE || verdict->selection.records[record] != DZ_REASON_NONE ||
        verdict->graph.records[record].node == DZ_NONE)
        return;
    struct dz_bits inputs = {0}, sources = {0};
    count(&verdict->graph, verdict->graph.records[record].node, &inputs, &sources);
    printf("%s: proved by baseline %s\n"
           "  none of the %u inputs that it had when it last ran has changed; they lie in %u "
           "sources, and "
           "outside of sources\n",
           nodeid, verdict->name, count_of(&inputs), count_of(&sources));
    dz_bits_free(&inputs);
    dz_bits_free(&sources);
}

static int why_not(const struct dz_verdicts *verdicts, const char *nodeid)
{
    if (!is_known(verdicts, nodeid))
        return DZ_EXIT_UNKNOWN;
    if (!dz_verdicts_prove(verdicts, nodeid)) {
        fprintf(stderr, "dagz: '%s' would run: `dagz why` tells what reaches it\n", nodeid);
        return DZ_EXIT_UNKNOWN;
    }
    for (unsigned i = 0; i < verdicts->n; i++)
        print_proof(&verdicts->list[i], nodeid);
    return DZ_EXIT_FOUND;
}

/* ---- the commands ---- */

static int ask(int argc, char **argv, const char *usage,
               int (*answer)(const struct dz_verdicts *verdicts, const char *nodeid))
{
    struct dz_verdicts verdicts;
    struct dz_err err = {0};
    if (argc != 2 || argv[1][0] == '-') {
        fprintf(stderr, "usage: dagz %s\n", usage);
        return DZ_EXIT_USAGE;
    }
    int r = dz_verdicts_find(&verdicts, argv[0], &err);
    int code = r < 0 ? fail(err.text) : answer(&verdicts, argv[1]);
    dz_verdicts_free(&verdicts);
    return code;
}

int dz_command_why(int argc, char **argv)
{
    return ask(argc, argv, "why NODEID", why);
}

int dz_command_why_not(int argc, char **argv)
{
    return ask(argc, argv, "why-not NODEID", why_not);
}
