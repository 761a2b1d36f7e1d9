/* `dagz select [--trace] [--json]`: what a job would run now, and why, without running it. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "../base/mem.h"
#include "text.h"
#include "verdict.h"

struct asked {
    struct dz_verdicts verdicts;
    int traces, as_json;
    json_t *selected, *unprovable, *files, *ignored, *constant;
    unsigned n_skipped, n_if;
};

/* ---- one test ---- */

static json_t *chain_of(const struct asked *asked, unsigned which, uint32_t record)
{
    json_t *chain = json_array();
    for (unsigned n = 0;; n++) {
        dz_autobuf struct dz_buf text = {0};
        if (!dz_verdict_step(&asked->verdicts, which, record, n, &text))
            return chain;
        dz_buf_put(&text, "", 1);
        if (dz_buf_ok(&text))
            json_array_append_new(chain, dz_text(text.data));
    }
}

static void count_unprovable(struct asked *asked, const json_t *chain)
{
    const char *last = json_string_value(json_array_get(chain, json_array_size(chain) - 1));
    const char *why = last && strncmp(last, "unprovable: ", 12) == 0 ? last + 12 : "unknown";
    json_int_t n = json_integer_value(json_object_get(asked->unprovable, why));
    json_object_set_new(asked->unprovable, why, json_integer(n + 1));
}

static void add_selected(struct asked *asked, unsigned which, uint32_t record)
{
    const struct dz_verdict *verdict = &asked->verdicts.list[which];
    unsigned reason = verdict->selection.records[record];
    const char *nodeid =
        dz_strings_text(&verdict->graph.strings, verdict->graph.records[record].nodeid);
    int needs_chain = asked->traces || asked->as_json || reason == DZ_REASON_UNPROVABLE;
    json_t *chain = needs_chain ? chain_of(asked, which, record) : json_array();
    if (reason == DZ_REASON_UNPROVABLE)
        count_unprovable(asked, chain);
    json_array_append_new(asked->selected,
                          json_pack("{s:o, s:s, s:o}", "nodeid", dz_text(nodeid), "reason",
                                    dz_reason_text(reason), "chain", chain));
}

/* ---- all ---- */

/* What the first baseline selects and no other proves, and what only another one knows. */
static void list_tests(struct asked *asked)
{
    const struct dz_verdicts *verdicts = &asked->verdicts;
    for (unsigned which = 0; which < verdicts->n; which++) {
        const struct dz_verdict *verdict = &verdicts->list[which];
        for (uint32_t i = 0; i < verdict->graph.n_records; i++) {
            const struct dz_record *record = &verdict->graph.records[i];
            const char *nodeid = dz_strings_text(&verdict->graph.strings, record->nodeid);
            if (record->outcome == DZ_OUTCOME_DESELECTED ||
                (which && dz_nodeids_record(&verdicts->list[0].nodeids, nodeid) != DZ_NONE))
                continue;
            enum dz_proved_how how = dz_verdicts_prove(verdicts, nodeid);
            asked->n_skipped += how != DZ_PROVED_NOT;
            asked->n_if += how == DZ_PROVED_IF;
            if (how == DZ_PROVED_NOT)
                add_selected(asked, which, i);
        }
    }
}

/* Tests that nobody knows may be in them. */
static void list_files(struct asked *asked)
{
    const struct dz_verdict *verdict = &asked->verdicts.list[0];
    for (uint32_t i = 0; i < verdict->graph.n_files; i++)
        if (verdict->selection.files[i])
            json_array_append_new(
                asked->files,
                dz_text(dz_strings_text(&verdict->graph.strings, verdict->graph.files[i].path)));
}

static json_t *list_waived(const struct asked *asked, enum dz_waived as)
{
    struct dz_strings inputs = {0};
    json_t *list = json_array();
    dz_verdicts_waived(&asked->verdicts, as, &inputs);
    for (uint32_t i = 0; i < inputs.n; i++)
        json_array_append_new(list, dz_text(dz_strings_text(&inputs, i + 1)));
    dz_strings_free(&inputs);
    return list;
}

static json_t *list_external(const struct asked *asked)
{
    const struct dz_bytes external = asked->verdicts.declared.waivers.external;
    json_t *list = json_array();
    for (const char *at = dz_waivers_first(external); at; at = dz_waivers_next(external, at))
        json_array_append_new(list, dz_text(at));
    return list;
}

/* What was passed over, by whom. */
static void print_waived(const struct asked *asked, const json_t *waived, const char *what)
{
    size_t i;
    json_t *input;
    if (json_array_size(waived))
        fprintf(stderr, "%zu input%s %s\n", json_array_size(waived),
                json_array_size(waived) == 1 ? "" : "s", what);
    json_array_foreach(waived, i, input)
    {
        if (asked->traces)
            fprintf(stderr, "  %s\n", json_string_value(input));
    }
}

static void print_declared(const struct asked *asked)
{
    const struct dz_bytes external = asked->verdicts.declared.waivers.external;
    print_waived(asked, asked->ignored, "changed and ignored by [tool.dagz] ignore");
    print_waived(asked, asked->constant, "changed and taken as constant by [tool.dagz] external");
    for (const char *at = dz_waivers_first(external); at; at = dz_waivers_next(external, at))
        fprintf(stderr, at == external.at ? "external, taken as constant: %s" : ", %s", at);
    if (external.size)
        fputc('\n', stderr);
}

static void print(const struct asked *asked)
{
    size_t i, k;
    json_t *test, *step;
    json_array_foreach(asked->selected, i, test)
    {
        printf("%s\n", json_string_value(json_object_get(test, "nodeid")));
        if (!asked->traces)
            continue;
        printf("  %s\n", json_string_value(json_object_get(test, "reason")));
        json_array_foreach(json_object_get(test, "chain"), k, step)
        {
            printf("  <- %s\n", json_string_value(step));
        }
    }
    fprintf(stderr, "%zu selected, %u proved unaffected", json_array_size(asked->selected),
            asked->n_skipped);
    if (asked->n_if)
        fprintf(stderr, ", %u of these if their parameters are what they were", asked->n_if);
    if (json_array_size(asked->files))
        fprintf(stderr, "; %zu test files are collected anew, and may have other tests",
                json_array_size(asked->files));
    fputc('\n', stderr);
    print_declared(asked);
}

static void print_json(struct asked *asked)
{
    json_t *all =
        json_pack("{s:O, s:i, s:i, s:O, s:O, s:O, s:O, s:o}", "selected", asked->selected,
                  "skipped", (int)asked->n_skipped, "skipped_if_same_parameters", (int)asked->n_if,
                  "unprovable", asked->unprovable, "collected", asked->files, "ignored",
                  asked->ignored, "constant", asked->constant, "external", list_external(asked));
    json_dumpf(all, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(all);
}

static void show(struct asked *asked)
{
    asked->selected = json_array();
    asked->unprovable = json_object();
    asked->files = json_array();
    asked->ignored = list_waived(asked, DZ_WAIVED_IGNORED);
    asked->constant = list_waived(asked, DZ_WAIVED_EXTERNAL);
    list_tests(asked);
    list_files(asked);
    if (asked->as_json)
        print_json(asked);
    else
        print(asked);
    json_decref(asked->selected);
    json_decref(asked->unprovable);
    json_decref(asked->files);
    json_decref(asked->ignored);
    json_decref(asked->constant);
}

int dz_command_select(int argc, char **argv)
{
    struct asked asked = {0};
    struct dz_err err = {0};
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--trace") == 0)
            asked.traces = 1;
        else if (strcmp(argv[i], "--json") == 0)
            asked.as_json = 1;
        else {
            fputs("usage: dagz select [--trace] [--json]\n", stderr);
            return DZ_EXIT_USAGE;
        }
    int r = dz_verdicts_find(&asked.verdicts, argv[0], &err);
    if (r == 0)
        show(&asked);
    dz_verdicts_free(&asked.verdicts);
    return r < 0 ? dz_verdicts_fail(&err) : DZ_EXIT_FOUND;
}
