/* `dagz discover [--json] [--workers=N] [-- PYTEST OPTION...]`: which tests come to something else, or depend on something
 * else, in a fork of their own than beside the others (differences.h). */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "../base/mem.h"
#include "../job.h"
#include "../now.h"
#include "differences.h"
#include "input_text.h"
#include "text.h"

enum { DIFFERS_NOT, DIFFERS };
enum { MOST_NAMED = 3 };

static const char usage[] = "usage: dagz discover [--json] [--workers=N] [-- PYTEST OPTION...]\n";

struct discovery {
    struct dz_python python;
    struct dz_differences all;
    struct dz_now *now;
    int as_json;
};

/* ---- ways through a graph ---- */

/* All nodes that one leans on, the nearest first, and by which. */
struct walk {
    uint32_t *nodes, *by; /* in order; by node, + 1 */
    uint32_t n;
};

static int walk_from(struct walk *ret, const struct dz_graph *graph, uint32_t node)
{
    *ret = (struct walk){dz_alloc((graph->n_nodes + 1) * sizeof *ret->nodes),
                         dz_alloc((graph->n_nodes + 1) * sizeof *ret->by), 0};
    if (!ret->nodes || !ret->by || node == DZ_NONE)
        return 0;
    ret->nodes[ret->n++] = node;
    ret->by[node] = node + 1;
    for (uint32_t i = 0; i < ret->n; i++) {
        struct dz_range leans = graph->nodes[ret->nodes[i]].leans;
        for (uint32_t k = leans.at; k < leans.at + leans.n; k++)
            if (!ret->by[graph->lean_list[k]]) {
                ret->by[graph->lean_list[k]] = ret->nodes[i] + 1;
                ret->nodes[ret->n++] = graph->lean_list[k];
            }
    }
    return 1;
}

static void free_walk(struct walk *walk)
{
    dz_free(walk->nodes);
    dz_free(walk->by);
}

static const char *node_name(const struct dz_graph *graph, uint32_t node)
{
    return dz_strings_text(&graph->strings, graph->nodes[node].name);
}

/* Other tests that one leans on in the shared run: what they have left is there. */
static json_t *list_leans(const struct discovery *discovery, const char *nodeid)
{
    const struct dz_beyond *beyond = &discovery->all.rounds[0].beyond;
    const struct dz_graph *graph = beyond->than.graph;
    uint32_t node = dz_nodeids_node(&beyond->than, nodeid);
    json_t *list = json_array();
    struct walk walk;
    for (uint32_t i = 0, is = walk_from(&walk, graph, node) && 1; is && i < walk.n; i++) {
        const char *name = node_name(graph, walk.nodes[i]);
        int is_test = strncmp(name, "test ", 5) == 0 && strcmp(name + 5, nodeid) != 0;
        if (is_test)
            json_array_append_new(list, dz_text(name + 5));
    }
    free_walk(&walk);
    return list;
}

static int is_input_of(const struct dz_graph *graph, uint32_t node, uint32_t input)
{
    struct dz_range inputs = graph->nodes[node].inputs;
    for (uint32_t i = inputs.at; i < inputs.at + inputs.n; i++)
        if (graph->input_list[i] == input)
            return 1;
    return 0;
}

/* From the test, when it is alone, to who has the input. */
static json_t *list_chain(const struct dz_graph *graph, const struct walk *walk, uint32_t input)
{
    json_t *chain = json_array();
    uint32_t i = 0;
    while (i < walk->n && !is_input_of(graph, walk->nodes[i], input))
        i++;
    for (uint32_t node = i < walk->n ? walk->nodes[i] : DZ_NONE;
         node != DZ_NONE && node != walk->nodes[0]; node = walk->by[node] - 1)
        json_array_insert_new(chain, 0, dz_text(node_name(graph, node)));
    return chain;
}

/* ---- what is told ---- */

static json_t *describe_input(struct discovery *discovery, const struct dz_difference *finding,
                              const struct walk *walk, uint32_t number)
{
    struct dz_round *round = &discovery->all.rounds[0];
    const struct dz_graph *graph = &round->alone.graph;
    const struct dz_input *input = &graph->inputs[number];
    dz_autobuf struct dz_buf text = {0};
    dz_input_put_name(&graph->strings, input, &text);
    dz_input_put_lines(discovery->now, round->alone.state, discovery->python.version,
                       &graph->strings, input, &text);
    dz_buf_put(&text, "", 1);
    const char *holder = dz_beyond_holder(&round->beyond, number, finding->shared->nodeid);
    return json_pack("{s:o, s:o, s:o}", "input", dz_text(dz_buf_ok(&text) ? text.data : ""),
                     "had_by", holder ? dz_text(holder) : json_null(), "chain",
                     list_chain(graph, walk, number));
}

/* What says most comes first: elements of sources, as their kinds are numbered, a function before all; what lies elsewhere, and
 * that something is there, at last. */
static uint32_t rank_of(const struct dz_graph *graph, const struct dz_input *input)
{
    int is_elsewhere = *dz_strings_text(&graph->strings, input->path) == '/';
    int is_little = input->kind == DZ_INPUT_STAT || input->kind == DZ_INPUT_ABSENT;
    return input->kind + DZ_INPUT_KINDS * (uint32_t)(is_little + 2 * is_elsewhere);
}

static json_t *describe_hidden(struct discovery *discovery, const struct dz_difference *finding)
{
    const struct dz_beyond *beyond = &discovery->all.rounds[0].beyond;
    const struct dz_graph *graph = beyond->of.graph;
    struct walk walk;
    json_t *list = json_array();
    int is = walk_from(&walk, graph, dz_nodeids_node(&beyond->of, finding->shared->nodeid));
    for (uint32_t rank = 0; is && rank < 4 * DZ_INPUT_KINDS; rank++)
        for (uint32_t i = 0; (i = dz_bits_next(&finding->hidden, i)) != UINT32_MAX; i++)
            if (rank_of(graph, &graph->inputs[i]) == rank)
                json_array_append_new(list, describe_input(discovery, finding, &walk, i));
    free_walk(&walk);
    return list;
}

static json_t *describe(struct discovery *discovery, const struct dz_difference *finding)
{
    json_t *told =
        json_pack("{s:o, s:s, s:s}", "nodeid", dz_text(finding->shared->nodeid), "shared",
                  dz_told_outcome(finding->shared), "alone", dz_told_outcome(finding->alone));
    if (finding->is_flaky)
        return told;
    if (!finding->is_outcome) {
        json_object_set_new(told, "hidden", describe_hidden(discovery, finding));
        return told;
    }
    const char *text = finding->shared->text ? finding->shared->text : finding->alone->text;
    json_object_set_new(told, "leans_on", list_leans(discovery, finding->shared->nodeid));
    json_object_set_new(told, "text", text ? dz_text(text) : json_null());
    return told;
}

static json_t *describe_all(struct discovery *discovery)
{
    json_t *outcomes = json_array(), *hidden = json_array(), *flaky = json_array();
    for (uint32_t i = 0; i < discovery->all.n; i++) {
        const struct dz_difference *finding = &discovery->all.list[i];
        json_t *list = finding->is_flaky ? flaky : finding->is_outcome ? outcomes : hidden;
        json_array_append_new(list, describe(discovery, finding));
    }
    return json_pack("{s:i, s:i, s:i, s:o, s:o, s:o}", "tests", (int)discovery->all.n_compared,
                     "not_run", (int)discovery->all.n_passed_over, "outcome_only",
                     (int)discovery->all.n_outcome_only, "outcomes", outcomes, "hidden", hidden,
                     "flaky", flaky);
}

/* ---- for people ---- */

static const char *string(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static const char *verb(const json_t *test, const char *key)
{
    const char *outcome = string(test, key);
    return strcmp(outcome, "passed") == 0   ? "passes"
           : strcmp(outcome, "failed") == 0 ? "fails"
                                            : "is skipped";
}

static void print_leans(const json_t *leans)
{
    size_t n = json_array_size(leans);
    for (size_t i = 0; i < n && i < MOST_NAMED; i++)
        printf("%s%s", i ? ", " : ", where it leans on ",
               json_string_value(json_array_get(leans, i)));
    if (n > MOST_NAMED)
        printf(" and %zu more", n - MOST_NAMED);
    if (!n)
        printf("; why, nothing that was observed tells");
}

static void print_outcomes(const json_t *tests)
{
    size_t i;
    json_t *test;
    json_array_foreach(tests, i, test)
    {
        printf("%s: %s alone, %s in the shared run", string(test, "nodeid"), verb(test, "alone"),
               verb(test, "shared"));
        print_leans(json_object_get(test, "leans_on"));
        putchar('\n');
    }
}

static int has_same_inputs(const json_t *one, const json_t *other)
{
    const json_t *a = json_object_get(one, "hidden"), *b = json_object_get(other, "hidden");
    if (json_array_size(a) != json_array_size(b))
        return 0;
    for (size_t i = 0; i < json_array_size(a); i++)
        if (strcmp(string(json_array_get(a, i), "input"), string(json_array_get(b, i), "input")) !=
            0)
            return 0;
    return 1;
}

static void print_inputs(const json_t *inputs)
{
    size_t n = json_array_size(inputs);
    for (size_t i = 0; i < n && i < MOST_NAMED; i++)
        printf("%s%s", i ? "; " : ": alone it also depends on ",
               string(json_array_get(inputs, i), "input"));
    if (n > MOST_NAMED)
        printf(" and %zu more", n - MOST_NAMED);
    const char *holder = string(json_array_get(inputs, 0), "had_by");
    if (*holder)
        printf("; in the shared run %s had done that", holder);
}

/* What many have in common is told once. */
static void print_hidden(const json_t *tests)
{
    for (size_t i = 0; i < json_array_size(tests); i++) {
        const json_t *test = json_array_get(tests, i);
        size_t n = 0, k = 0;
        while (k < i && !has_same_inputs(test, json_array_get(tests, k)))
            k++;
        if (k < i)
            continue;
        for (k = i + 1; k < json_array_size(tests); k++)
            n += (size_t)has_same_inputs(test, json_array_get(tests, k));
        printf("%s", string(test, "nodeid"));
        if (n)
            printf(" and %zu more", n);
        print_inputs(json_object_get(test, "hidden"));
        putchar('\n');
    }
}

static void print_flaky(const json_t *tests)
{
    size_t i;
    json_t *test;
    json_array_foreach(tests, i, test)
    {
        printf("%s: flaky, as it differed and then did not\n", string(test, "nodeid"));
    }
}

static void print_advice(const struct discovery *discovery)
{
    if (discovery->all.n_outcomes)
        puts("-> what a test leaves changed, have a fixture undo (monkeypatch); what one needs, "
             "have a "
             "fixture of its own make");
    if (discovery->all.n_hidden)
        puts("-> a change of these is not seen to reach the test: mark it dagz_always, or have a "
             "fixture "
             "make anew what another test has made");
}

static void print_counts(const struct discovery *discovery)
{
    printf("%u tests beside each other and each in a fork of its own: ", discovery->all.n_compared);
    if (!discovery->all.n_outcomes && !discovery->all.n_hidden)
        printf("nothing differs");
    else
        printf("%u come to another outcome, %u have hidden dependencies", discovery->all.n_outcomes,
               discovery->all.n_hidden);
    if (discovery->all.n_flaky)
        printf(", %u flaky", discovery->all.n_flaky);
    if (discovery->all.n_outcome_only)
        printf(" (of %u that run in each job only outcomes are compared)",
               discovery->all.n_outcome_only);
    if (discovery->all.n_passed_over)
        printf("; %u others did not run in both", discovery->all.n_passed_over);
    putchar('\n');
}

static void print(const struct discovery *discovery, const json_t *all)
{
    print_outcomes(json_object_get(all, "outcomes"));
    print_hidden(json_object_get(all, "hidden"));
    print_flaky(json_object_get(all, "flaky"));
    print_advice(discovery);
    print_counts(discovery);
}

static int tell(struct discovery *discovery)
{
    json_t *all = describe_all(discovery);
    if (discovery->as_json) {
        json_dumpf(all, stdout, JSON_INDENT(2));
        putchar('\n');
    } else
        print(discovery, all);
    json_decref(all);
    return discovery->all.n_outcomes || discovery->all.n_hidden ? DIFFERS : DIFFERS_NOT;
}

/* ---- the command ---- */

/* As pytest's own, where it has ended by itself: 1 is ours. */
static int exit_code_of_none(const struct discovery *discovery, const struct dz_err *err)
{
    int code = -1;
    for (int i = 0; i < 2; i++) {
        const struct dz_round *round = &discovery->all.rounds[i];
        if (round->shared.code > 1)
            code = round->shared.code;
        if (round->alone.code > 1)
            code = round->alone.code;
    }
    return err->code == -EINTR ? 2 : code > 1 ? code : 3;
}

/* Lines of sources are told as they are now. */
static int look_around(struct discovery *discovery, struct dz_err *err)
{
    const struct dz_trial *trial = &discovery->all.rounds[0].alone;
    discovery->now = dz_now_new(&discovery->python, trial->rootdir, trial->state, err);
    return discovery->now ? 0 : err->code;
}

static int answer(struct discovery *discovery)
{
    struct dz_err err = {0};
    struct dz_trials trials;
    discovery->all.trials = &trials;
    int r = dz_trials_open(&trials, &discovery->python, &err);
    if (r == 0)
        r = dz_differences_find(&discovery->all, &err);
    if (r == 0)
        r = look_around(discovery, &err);
    int code = r == 0 ? tell(discovery) : exit_code_of_none(discovery, &err);
    if (r < 0)
        fprintf(stderr, "dagz: %s\n", err.text);
    dz_now_free(discovery->now);
    dz_differences_free(&discovery->all);
    dz_trials_close(&trials);
    return code;
}

static int is_count(const char *text)
{
    char *end;
    unsigned long n = *text >= '1' && *text <= '9' ? strtoul(text, &end, 10) : 0;
    return n && n <= 1024 && !*end;
}

static int take_options(struct discovery *ret, int argc, char **argv)
{
    int i = 1;
    for (; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--json") == 0)
            ret->as_json = 1;
        else if (strncmp(argv[i], "--workers=", 10) == 0 && is_count(argv[i] + 10))
            ret->all.workers = argv[i] + 10;
        else
            return 0;
    /* argv has a NULL at its end. */
    ret->all.options = argv + i + (i < argc);
    return 1;
}

int dz_command_discover(int argc, char **argv)
{
    struct dz_err err = {0};
    struct discovery discovery = {0};
    if (!take_options(&discovery, argc, argv)) {
        fputs(usage, stderr);
        return DZ_EXIT_USAGE;
    }
    int code = dz_python_find(&discovery.python, argv[0], &err);
    if (code < 0)
        fprintf(stderr, "dagz: %s\n", err.text);
    code = code < 0 ? DZ_EXIT_NO_PYTHON : answer(&discovery);
    dz_python_free(&discovery.python);
    return code;
}
