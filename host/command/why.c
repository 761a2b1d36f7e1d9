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

static void print_proof(const struct dz_verdict *verdict, const char *nodeid)
{
    uint32_t record = dz_verdict_record(verdict, nodeid);
    if (record == DZ_NONE || verdict->selection.records[record] != DZ_REASON_NONE ||
        verdict->graph.records[record].node == DZ_NONE)
        return;
    struct dz_graph_reach reach =
        dz_graph_reach(&verdict->graph, verdict->graph.records[record].node);
    printf("%s: proved by baseline %s\n"
           "  none of the %u inputs that it had when it last ran has changed; they lie in %u "
           "sources, and "
           "outside of sources\n",
           nodeid, verdict->name, reach.inputs, reach.sources);
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
