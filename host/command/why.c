/* `dagz why NODEID` and `dagz why-not NODEID`: how what has changed reaches a test, and what proves that nothing does. */
#include "command.h"

#include <stdio.h>
#include <string.h>

#include "../base/mem.h"
#include "verdict.h"

static int is_known(const struct dz_verdicts *verdicts, const char *nodeid)
{
    for (unsigned i = 0; i < verdicts->n; i++)
        if (dz_nodeids_record(&verdicts->list[i].nodeids, nodeid) != DZ_NONE)
            return 1;
    fprintf(stderr, "dagz: no baseline knows '%s': it is new, and would run\n", nodeid);
    return 0;
}

/* ---- why ---- */

static void print_way(const struct dz_verdicts *verdicts, unsigned which, const char *nodeid)
{
    const struct dz_verdict *verdict = &verdicts->list[which];
    uint32_t record = dz_nodeids_record(&verdict->nodeids, nodeid);
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

/* What would select it, were it not declared otherwise. */
static void print_waived(const struct dz_verdicts *verdicts, const struct dz_verdict *verdict,
                         uint32_t node)
{
    struct dz_bits inputs = {0};
    const struct dz_bits *waived = &verdict->compared.waived;
    const struct dz_waivers *waivers = &verdicts->declared.waivers;
    dz_graph_inputs(&verdict->graph, node, &inputs);
    for (uint32_t i = 0; (i = dz_bits_next(waived, i)) != UINT32_MAX; i++) {
        const struct dz_strings *strings = &verdict->graph.strings;
        const char *path = dz_strings_text(strings, verdict->graph.inputs[i].path);
        int is_ignored = dz_waivers_behind(waivers, path) == DZ_WAIVED_IGNORED;
        dz_autobuf struct dz_buf text = {0};
        dz_verdict_put(verdict, i, &text);
        if (dz_bits_has(&inputs, i) && dz_buf_ok(&text))
            printf("  %s: %.*s has changed\n",
                   is_ignored ? "ignored by [tool.dagz] ignore" : "external, taken as constant",
                   (int)text.len, text.data);
    }
    dz_bits_free(&inputs);
}

static void print_proof(const struct dz_verdicts *verdicts, const struct dz_verdict *verdict,
                        const char *nodeid)
{
    uint32_t record = dz_nodeids_record(&verdict->nodeids, nodeid);
    unsigned reason = record == DZ_NONE ? DZ_REASON_UNKNOWN : verdict->selection.records[record];
    if ((reason != DZ_REASON_NONE && reason != DZ_REASON_PARAMETERS) ||
        verdict->graph.records[record].node == DZ_NONE)
        return;
    uint32_t node = verdict->graph.records[record].node;
    struct dz_graph_reach reach = dz_graph_reach(&verdict->graph, node);
    printf("%s: proved by baseline %s\n"
           "  none of the %u inputs that it had when it last ran has changed; they lie in %u "
           "sources, and outside of sources\n",
           nodeid, verdict->name, reach.inputs, reach.sources);
    if (reason == DZ_REASON_PARAMETERS)
        puts("  if its parameters are what they were: its file is collected anew, and it runs if "
             "they are not");
    print_waived(verdicts, verdict, node);
}

static void print_external(const struct dz_bytes external)
{
    for (const char *at = dz_waivers_first(external); at; at = dz_waivers_next(external, at))
        printf(at == external.at ? "  taken as constant, as declared external: %s" : ", %s", at);
    if (external.size)
        putchar('\n');
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
        print_proof(verdicts, &verdicts->list[i], nodeid);
    print_external(verdicts->declared.waivers.external);
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
    int code = r < 0 ? dz_verdicts_fail(&err) : answer(&verdicts, argv[1]);
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
