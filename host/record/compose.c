/* Two graphs made one. What stays is chosen first, files and records; then the nodes that these need, and the inputs and
 * strings that those need, are taken over, older's before newer's. A node is the same as another where it has the same
 * inputs and leans on the same nodes, compared by what they are rather than by a hash.
 *
 * What stays of a test is one side's record with that side's node, and never a mixture: nothing that one job has observed
 * gets into what another has proved. */
#include "baseline.h"

#include "../base/mem.h"
#include "lists.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* Of one text: what was taken over of it. */
enum {
    IS_PATH = 1 << 0,     /* of an input or a file */
    LACKS_OLDER = 1 << 1, /* an input of this path is not among older's */
    LACKS_NEWER = 1 << 2,
};

enum { IN_OLDER = 1 << 0, IN_NEWER = 1 << 1 };

struct side {
    const struct dz_graph *graph;
    uint8_t is_in;
    uint32_t *strings, *inputs, *nodes; /* by number: the number in the result */
    uint8_t *needs_input, *needs_node;
    uint32_t *peers;       /* of files: the other side's, or DZ_NONE */
    struct dz_lists tests; /* of files: their records */
};

/* Open addressing: number + 1, and a part of its hash. */
struct slot {
    uint32_t number, hash;
};

struct table {
    struct slot *slots;
    uint32_t mask;
};

struct composing {
    struct dz_graph *ret;
    struct side older, newer;
    /* Of the result's files and records: whose their node is. */
    const struct side **of_file, **of_record;
    uint32_t *older_tests; /* by older's string: the record of that nodeid + 1 */
    uint8_t *is_out;       /* older's records and files: they are in the result, or never will be */
    uint8_t *is_file_out;
    uint8_t *input_is_in;  /* of the result's inputs: IN_ … */
    uint8_t *texts;        /* of the result's strings */
    uint32_t *older_looks; /* by the result's string: older's look + 1 */
    struct table inputs, nodes;
};

/* ---- taking over ---- */

/* Older's strings keep their numbers, those that nobody needs any more among them: they are not written. */
static uint32_t string_of(struct composing *all, struct side *side, uint32_t string)
{
    if (!string || side->strings[string])
        return string ? side->strings[string] : 0;
    const char *text = dz_strings_text(&side->graph->strings, string);
    return side->strings[string] = dz_strings_add(&all->ret->strings, text, strlen(text));
}

static int table_make(struct table *table, uint64_t n)
{
    uint64_t size = 16;
    while (size < 2 * n)
        size *= 2;
    table->slots = size <= UINT32_MAX ? dz_alloc(size * sizeof *table->slots) : NULL;
    table->mask = (uint32_t)size - 1;
    return table->slots ? 0 : -ENOMEM;
}

typedef int is_same(const struct dz_graph *graph, uint32_t there, const void *what);

/* The slot of what is the same, or the free one for it. */
static struct slot *table_find(const struct table *table, uint64_t hash, is_same *same,
                               const struct dz_graph *graph, const void *what)
{
    for (uint32_t at = (uint32_t)hash & table->mask;; at = (at + 1) & table->mask) {
        struct slot *slot = &table->slots[at];
        if (!slot->number)
            slot->hash = (uint32_t)(hash >> 32);
        if (!slot->number ||
            (slot->hash == (uint32_t)(hash >> 32) && same(graph, slot->number - 1, what)))
            return slot;
    }
}

static int is_same_input(const struct dz_graph *graph, uint32_t there, const void *what)
{
    return memcmp(&graph->inputs[there], what, sizeof *graph->inputs) == 0;
}

static int take_input(struct composing *all, struct side *side, uint32_t number)
{
    struct dz_graph *ret = all->ret;
    struct dz_input input = side->graph->inputs[number];
    uint32_t path = input.path, name = input.name;
    input.path = string_of(all, side, path);
    input.name = string_of(all, side, name);
    if ((path && !input.path) || (name && !input.name))
        return -ENOMEM;
    uint64_t hash = XXH3_64bits(&input, sizeof input);
    struct slot *slot = table_find(&all->inputs, hash, is_same_input, ret, &input);
    if (!slot->number) {
        ret->inputs[ret->n_inputs++] = input;
        slot->number = ret->n_inputs;
    }
    side->inputs[number] = slot->number - 1;
    all->input_is_in[slot->number - 1] |= side->is_in;
    return 0;
}

/* ---- nodes ---- */

static int ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Ascending, each once. What was so mostly is so. */
static uint32_t set_in_order(uint32_t *items, uint32_t n)
{
    uint32_t i = 1, kept = 1;
    while (i < n && items[i - 1] < items[i])
        i++;
    if (i >= n)
        return n;
    qsort(items, n, sizeof *items, ascending);
    for (i = 1; i < n; i++)
        if (items[i] != items[kept - 1])
            items[kept++] = items[i];
    return kept;
}

static int list_is(const uint32_t *list, struct dz_range a, struct dz_range b)
{
    return a.n == b.n && (!a.n || memcmp(list + a.at, list + b.at, a.n * sizeof *list) == 0);
}

static int is_same_node(const struct dz_graph *graph, uint32_t there, const void *what)
{
    const struct dz_node *a = &graph->nodes[there], *b = what;
    return list_is(graph->input_list, a->inputs, b->inputs) &&
           list_is(graph->lean_list, a->leans, b->leans);
}

/* The list goes to the end of the result's, where there is room. */
static struct dz_range take_list(const uint32_t *from, struct dz_range range,
                                 const uint32_t *numbers, uint32_t *to, uint32_t n_to)
{
    for (uint32_t i = 0; i < range.n; i++)
        to[n_to + i] = numbers[from[range.at + i]];
    return (struct dz_range){n_to, set_in_order(to + n_to, range.n)};
}

static uint64_t hash_of_node(const struct dz_graph *graph, const struct dz_node *node)
{
    uint64_t inputs = node->inputs.n ? XXH3_64bits(graph->input_list + node->inputs.at,
                                                   node->inputs.n * sizeof(uint32_t))
                                     : 0;
    return node->leans.n ? XXH3_64bits_withSeed(graph->lean_list + node->leans.at,
                                                node->leans.n * sizeof(uint32_t), inputs)
                         : inputs;
}

static int take_node(struct composing *all, struct side *side, uint32_t number)
{
    struct dz_graph *ret = all->ret;
    const struct dz_graph *from = side->graph;
    struct dz_node node = from->nodes[number];
    node.inputs =
        take_list(from->input_list, node.inputs, side->inputs, ret->input_list, ret->n_input_list);
    node.leans =
        take_list(from->lean_list, node.leans, side->nodes, ret->lean_list, ret->n_lean_list);
    struct slot *slot = table_find(&all->nodes, hash_of_node(ret, &node), is_same_node, ret, &node);
    side->nodes[number] = slot->number - 1;
    if (slot->number)
        return 0;
    node.name = string_of(all, side, from->nodes[number].name);
    if (from->nodes[number].name && !node.name)
        return -ENOMEM;
    side->nodes[number] = ret->n_nodes;
    ret->n_input_list += node.inputs.n;
    ret->n_lean_list += node.leans.n;
    ret->nodes[ret->n_nodes++] = node;
    slot->number = ret->n_nodes;
    return 0;
}

/* ---- what is needed ---- */

static void need_all_below(struct side *side)
{
    const struct dz_graph *graph = side->graph;
    for (uint32_t i = graph->n_nodes; i--;) {
        struct dz_range inputs = graph->nodes[i].inputs, leans = graph->nodes[i].leans;
        if (!side->needs_node[i])
            continue;
        for (uint32_t k = inputs.at; k < inputs.at + inputs.n; k++)
            side->needs_input[graph->input_list[k]] = 1;
        for (uint32_t k = leans.at; k < leans.at + leans.n; k++)
            side->needs_node[graph->lean_list[k]] = 1;
    }
}

struct needs {
    uint64_t inputs, nodes, input_list, lean_list;
};

static void count_needs(const struct side *side, struct needs *needs)
{
    for (uint32_t i = 0; i < side->graph->n_inputs; i++)
        needs->inputs += side->needs_input[i];
    for (uint32_t i = 0; i < side->graph->n_nodes; i++) {
        if (!side->needs_node[i])
            continue;
        needs->nodes++;
        needs->input_list += side->graph->nodes[i].inputs.n;
        needs->lean_list += side->graph->nodes[i].leans.n;
    }
}

/* More than may be needed in the end, as what both have is counted twice. */
static int make_room(struct composing *all)
{
    struct dz_graph *ret = all->ret;
    struct needs needs = {0};
    count_needs(&all->older, &needs);
    count_needs(&all->newer, &needs);
    if (needs.inputs > UINT32_MAX || needs.nodes > UINT32_MAX || needs.input_list > UINT32_MAX ||
        needs.lean_list > UINT32_MAX)
        return -ENOMEM;
    ret->cap_inputs = (uint32_t)needs.inputs;
    ret->cap_nodes = (uint32_t)needs.nodes;
    ret->cap_input_list = (uint32_t)needs.input_list;
    ret->cap_lean_list = (uint32_t)needs.lean_list;
    ret->inputs = dz_alloc(needs.inputs * sizeof *ret->inputs);
    ret->nodes = dz_alloc(needs.nodes * sizeof *ret->nodes);
    ret->input_list = dz_alloc(needs.input_list * sizeof *ret->input_list);
    ret->lean_list = dz_alloc(needs.lean_list * sizeof *ret->lean_list);
    all->input_is_in = dz_alloc(needs.inputs);
    return ret->inputs && ret->nodes && ret->input_list && ret->lean_list && all->input_is_in &&
                   table_make(&all->inputs, needs.inputs) == 0 &&
                   table_make(&all->nodes, needs.nodes) == 0
               ? 0
               : -ENOMEM;
}

static int take_inputs(struct composing *all, struct side *side)
{
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < side->graph->n_inputs; i++)
        if (side->needs_input[i])
            r = take_input(all, side, i);
    return r;
}

static int take_nodes(struct composing *all, struct side *side)
{
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < side->graph->n_nodes; i++)
        if (side->needs_node[i])
            r = take_node(all, side, i);
    return r;
}

static int take_needed(struct composing *all)
{
    need_all_below(&all->older);
    need_all_below(&all->newer);
    int r = make_room(all);
    if (r == 0 && (r = take_inputs(all, &all->older)) == 0)
        r = take_inputs(all, &all->newer);
    if (r == 0 && (r = take_nodes(all, &all->older)) == 0)
        r = take_nodes(all, &all->newer);
    return r;
}

/* ---- records and files: chosen with the node that they have on their side ---- */

static void need(struct side *side, uint32_t node)
{
    if (node != DZ_NONE)
        side->needs_node[node] = 1;
}

static int keep_record(struct composing *all, struct side *side, struct dz_record record)
{
    struct dz_graph *ret = all->ret;
    record.nodeid = string_of(all, side, record.nodeid);
    record.file = ret->n_files - 1;
    if (!record.nodeid)
        return -ENOMEM;
    ret->records[ret->n_records] = record;
    all->of_record[ret->n_records++] = side;
    need(side, record.node);
    return 0;
}

static int keep_older(struct composing *all, uint32_t number)
{
    if (all->is_out[number])
        return 0;
    all->is_out[number] = 1;
    return keep_record(all, &all->older, all->older.graph->records[number]);
}

static int has_parameters(const struct dz_record *a, const struct dz_record *b)
{
    return memcmp(&a->parameters, &b->parameters, sizeof a->parameters) == 0;
}

/* Whether the result's node of the file says that a record's parameters are those it ran with. newer: the one of this test,
 * which has what was collected last; older: its number on the other side, or DZ_NONE. */
static uint32_t is_found(const struct composing *all, const struct dz_record *record,
                         const struct dz_record *newer, uint32_t older)
{
    const struct dz_record *was = older == DZ_NONE ? NULL : &all->older.graph->records[older];
    if (all->newer.graph->files[newer->file].node == DZ_NONE)
        return was && was->is_found && has_parameters(record, was);
    return dz_record_has_parameters(record) && has_parameters(record, newer);
}

/* As it was is what was left out; what is due is that in whatever it had. What has failed and has nothing to tell has
 * failed by what nobody knows. */
static int keep_newer(struct composing *all, uint32_t number, uint32_t older)
{
    struct dz_record record = all->newer.graph->records[number];
    int is_told = record.node != DZ_NONE || older == DZ_NONE;
    if (is_told || (record.outcome != DZ_OUTCOME_PROVED && record.outcome != DZ_OUTCOME_DUE)) {
        record.is_found = is_found(all, &record, &record, older);
        return keep_record(all, &all->newer, record);
    }
    struct dz_record was = all->older.graph->records[older];
    was.is_found = is_found(all, &was, &record, older);
    if (record.outcome == DZ_OUTCOME_DUE)
        was.outcome = DZ_OUTCOME_DUE;
    return keep_record(all, &all->older, was);
}

/* The record that older has of this one's test, or DZ_NONE: a nodeid of another file is another test's. */
static uint32_t older_of(const struct composing *all, uint32_t number)
{
    const struct dz_graph *older = all->older.graph, *newer = all->newer.graph;
    const struct dz_record *record = &newer->records[number];
    uint32_t string = all->newer.strings[record->nodeid];
    uint32_t was = (string <= older->strings.n ? all->older_tests[string] : 0) - 1;
    return was != DZ_NONE && all->older.peers[older->records[was].file] == record->file ? was
                                                                                        : DZ_NONE;
}

/* Where a list begins for this file; nothing where there is none. */
static struct dz_range tests_of(const struct side *side, uint32_t file)
{
    const uint32_t *at = side->tests.at;
    return file == DZ_NONE ? (struct dz_range){0}
                           : (struct dz_range){at[file], at[file + 1] - at[file]};
}

/* Those of older from here on, up to one that newer has, too. */
static int keep_run_of_older(struct composing *all, struct dz_range tests, uint32_t from)
{
    int r = 0;
    for (uint32_t i = from; r == 0 && i < tests.at + tests.n; i++) {
        uint32_t number = all->older.tests.items[i];
        if (all->is_out[number])
            break;
        r = keep_older(all, number);
    }
    return r;
}

/* Where in older's tests of the file, which are ascending, this one stands. */
static uint32_t place_of(const struct composing *all, struct dz_range tests, uint32_t older)
{
    uint32_t from = tests.at, to = tests.at + tests.n;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (all->older.tests.items[middle] < older)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* Of a file that newer has collected in part: in newer's order, and between these, older's behind the one that they were
 * behind. */
static int keep_both(struct composing *all, struct dz_range newer, struct dz_range older)
{
    for (uint32_t i = newer.at; i < newer.at + newer.n; i++) {
        uint32_t was = older_of(all, all->newer.tests.items[i]);
        if (was != DZ_NONE)
            all->is_out[was] = 1;
    }
    int r = keep_run_of_older(all, older, older.at);
    for (uint32_t i = newer.at; r == 0 && i < newer.at + newer.n; i++) {
        uint32_t number = all->newer.tests.items[i], was = older_of(all, number);
        r = keep_newer(all, number, was);
        if (r == 0 && was != DZ_NONE)
            r = keep_run_of_older(all, older, place_of(all, older, was) + 1);
    }
    return r;
}

static int keep_all_newer(struct composing *all, struct dz_range tests)
{
    int r = 0;
    for (uint32_t i = tests.at; r == 0 && i < tests.at + tests.n; i++) {
        uint32_t number = all->newer.tests.items[i];
        int asks = all->newer.graph->records[number].node == DZ_NONE;
        r = keep_newer(all, number, asks ? older_of(all, number) : DZ_NONE);
    }
    return r;
}

static int keep_path(struct composing *all, struct side *side, uint32_t number)
{
    struct dz_graph *ret = all->ret;
    const struct dz_test_file *file = &side->graph->files[number];
    uint32_t path = string_of(all, side, file->path);
    if (!path)
        return -ENOMEM;
    all->of_file[ret->n_files] = side;
    ret->files[ret->n_files++] = (struct dz_test_file){.path = path, .node = file->node};
    need(side, file->node);
    return 0;
}

static int keep_newer_file(struct composing *all, uint32_t number)
{
    uint32_t peer = all->newer.peers[number];
    int r = keep_path(all, &all->newer, number);
    if (r < 0)
        return r;
    if (all->newer.graph->files[number].node != DZ_NONE || peer == DZ_NONE)
        return keep_all_newer(all, tests_of(&all->newer, number));
    return keep_both(all, tests_of(&all->newer, number), tests_of(&all->older, peer));
}

static int keep_older_file(struct composing *all, uint32_t number)
{
    struct dz_range tests = tests_of(&all->older, number);
    all->is_file_out[number] = 1;
    if (all->older.graph->files[number].is_gone)
        return 0;
    int r = keep_path(all, &all->older, number);
    for (uint32_t i = tests.at; r == 0 && i < tests.at + tests.n; i++)
        r = keep_older(all, all->older.tests.items[i]);
    return r;
}

/* Those of older from here on, up to one that newer has, too. */
static int keep_run_of_older_files(struct composing *all, uint32_t from)
{
    int r = 0;
    for (uint32_t i = from; r == 0 && i < all->older.graph->n_files; i++) {
        if (all->older.peers[i] != DZ_NONE || all->is_file_out[i])
            break;
        r = keep_older_file(all, i);
    }
    return r;
}

static int keep_files(struct composing *all)
{
    int r = keep_run_of_older_files(all, 0);
    for (uint32_t i = 0; r == 0 && i < all->newer.graph->n_files; i++) {
        uint32_t peer = all->newer.peers[i];
        r = keep_newer_file(all, i);
        if (r == 0 && peer != DZ_NONE)
            r = keep_run_of_older_files(all, peer + 1);
    }
    return r;
}

/* Now that the nodes are there. */
static void number_nodes(struct composing *all)
{
    struct dz_graph *ret = all->ret;
    for (uint32_t i = 0; i < ret->n_records; i++)
        if (ret->records[i].node != DZ_NONE)
            ret->records[i].node = all->of_record[i]->nodes[ret->records[i].node];
    for (uint32_t i = 0; i < ret->n_files; i++)
        if (ret->files[i].node != DZ_NONE)
            ret->files[i].node = all->of_file[i]->nodes[ret->files[i].node];
}

/* ---- looks ---- */

static int note_texts(struct composing *all)
{
    const struct dz_graph *ret = all->ret;
    all->texts = dz_alloc((size_t)ret->strings.n + 1);
    all->older_looks = dz_alloc(((size_t)ret->strings.n + 1) * sizeof *all->older_looks);
    if (!all->texts || !all->older_looks)
        return -ENOMEM;
    for (uint32_t i = 0; i < ret->n_inputs; i++) {
        uint8_t is_in = all->input_is_in[i];
        all->texts[ret->inputs[i].path] |=
            (uint8_t)(IS_PATH | (is_in & IN_OLDER ? 0 : LACKS_OLDER) |
                      (is_in & IN_NEWER ? 0 : LACKS_NEWER));
    }
    for (uint32_t i = 0; i < ret->n_files; i++)
        all->texts[ret->files[i].path] |= IS_PATH;
    return 0;
}

/* The result's string, if somebody needs a look at that path. */
static uint32_t path_of_look(const struct composing *all, const struct side *side,
                             const struct dz_look *look)
{
    const char *path = dz_strings_text(&side->graph->strings, look->path);
    uint32_t string = dz_strings_find(&all->ret->strings, path, strlen(path));
    return all->texts[string] & IS_PATH ? string : 0;
}

/* Older's inputs of the path that newer has not are as its look says, if that says so of an equal content. */
static int is_exact(const struct composing *all, uint32_t path, const struct dz_look *look)
{
    const struct dz_look *was =
        all->older_looks[path] ? &all->older.graph->looks[all->older_looks[path] - 1] : NULL;
    int stays =
        was && was->is_exact && memcmp(&was->content, &look->content, sizeof look->content) == 0;
    return look->is_exact && (stays || !(all->texts[path] & LACKS_NEWER));
}

static void keep_look(struct composing *all, const struct dz_look *look, uint32_t path, int exact)
{
    struct dz_graph *ret = all->ret;
    ret->looks[ret->n_looks] = *look;
    ret->looks[ret->n_looks].path = path;
    ret->looks[ret->n_looks++].is_exact = exact != 0;
}

static int keep_looks(struct composing *all)
{
    const struct dz_graph *older = all->older.graph, *newer = all->newer.graph;
    uint64_t n = (uint64_t)older->n_looks + newer->n_looks;
    all->ret->looks = n <= UINT32_MAX ? dz_alloc(n * sizeof *all->ret->looks) : NULL;
    all->ret->cap_looks = (uint32_t)n;
    if (!all->ret->looks)
        return -ENOMEM;
    for (uint32_t i = 0; i < older->n_looks; i++)
        all->older_looks[path_of_look(all, &all->older, &older->looks[i])] = i + 1;
    for (uint32_t i = 0; i < newer->n_looks; i++) {
        uint32_t path = path_of_look(all, &all->newer, &newer->looks[i]);
        if (!path)
            continue;
        keep_look(all, &newer->looks[i], path, is_exact(all, path, &newer->looks[i]));
        all->older_looks[path] = 0;
    }
    for (uint32_t i = 0; i < older->n_looks; i++) {
        uint32_t path = path_of_look(all, &all->older, &older->looks[i]);
        if (path && all->older_looks[path] == i + 1)
            keep_look(all, &older->looks[i], path,
                      older->looks[i].is_exact && !(all->texts[path] & LACKS_OLDER));
    }
    return 0;
}

/* ---- all ---- */

static int list_tests(struct side *side)
{
    const struct dz_graph *graph = side->graph;
    struct dz_range *ranges = dz_alloc(graph->n_records * sizeof *ranges);
    uint32_t *files = dz_alloc(graph->n_records * sizeof *files);
    for (uint32_t i = 0; ranges && files && i < graph->n_records; i++) {
        ranges[i] = (struct dz_range){i, 1};
        files[i] = graph->records[i].file;
    }
    int r = ranges && files ? dz_lists_turn(&side->tests, graph->n_files, ranges, sizeof *ranges,
                                            graph->n_records, files)
                            : -ENOMEM;
    dz_free(ranges);
    dz_free(files);
    return r;
}

static int open_side(struct side *side, const struct dz_graph *graph, uint8_t is_in)
{
    *side = (struct side){
        .graph = graph,
        .is_in = is_in,
        .strings = dz_alloc(((size_t)graph->strings.n + 1) * sizeof *side->strings),
        .inputs = dz_alloc(graph->n_inputs * sizeof *side->inputs),
        .nodes = dz_alloc(graph->n_nodes * sizeof *side->nodes),
        .needs_input = dz_alloc(graph->n_inputs),
        .needs_node = dz_alloc(graph->n_nodes),
        .peers = dz_alloc(graph->n_files * sizeof *side->peers),
    };
    if (!side->strings || !side->inputs || !side->nodes || !side->needs_input ||
        !side->needs_node || !side->peers)
        return -ENOMEM;
    memset(side->peers, 0xff, graph->n_files * sizeof *side->peers);
    return list_tests(side);
}

static void close_side(struct side *side)
{
    dz_free(side->strings);
    dz_free(side->inputs);
    dz_free(side->nodes);
    dz_free(side->needs_input);
    dz_free(side->needs_node);
    dz_free(side->peers);
    dz_lists_free(&side->tests);
}

static int pair_files(struct composing *all)
{
    const struct dz_graph *older = all->older.graph, *newer = all->newer.graph;
    uint32_t *files = dz_alloc(((size_t)older->strings.n + 1) * sizeof *files);
    if (!files)
        return -ENOMEM;
    for (uint32_t i = 0; i < older->n_files; i++)
        files[older->files[i].path] = i + 1;
    for (uint32_t i = 0; i < newer->n_files; i++) {
        uint32_t file = files[all->newer.strings[newer->files[i].path]];
        if (!file)
            continue;
        all->newer.peers[i] = file - 1;
        all->older.peers[file - 1] = i;
    }
    dz_free(files);
    return 0;
}

static int begin_strings(struct composing *all)
{
    if (dz_strings_copy(&all->ret->strings, &all->older.graph->strings) < 0)
        return -ENOMEM;
    for (uint32_t i = 0; i <= all->older.graph->strings.n; i++)
        all->older.strings[i] = i;
    dz_strings_match(&all->ret->strings, &all->newer.graph->strings, all->newer.strings);
    return 0;
}

static int make_lists(struct composing *all)
{
    const struct dz_graph *older = all->older.graph, *newer = all->newer.graph;
    struct dz_graph *ret = all->ret;
    uint64_t n_files = (uint64_t)older->n_files + newer->n_files;
    uint64_t n_records = (uint64_t)older->n_records + newer->n_records;
    if (n_files > UINT32_MAX || n_records > UINT32_MAX)
        return -ENOMEM;
    ret->cap_files = (uint32_t)n_files;
    ret->cap_records = (uint32_t)n_records;
    ret->files = dz_alloc(n_files * sizeof *ret->files);
    ret->records = dz_alloc(n_records * sizeof *ret->records);
    all->of_file = dz_alloc(n_files * sizeof *all->of_file);
    all->of_record = dz_alloc(n_records * sizeof *all->of_record);
    all->older_tests = dz_alloc(((size_t)older->strings.n + 1) * sizeof *all->older_tests);
    all->is_out = dz_alloc(older->n_records);
    all->is_file_out = dz_alloc(older->n_files);
    if (!ret->files || !ret->records || !all->of_file || !all->of_record || !all->older_tests ||
        !all->is_out || !all->is_file_out)
        return -ENOMEM;
    for (uint32_t i = 0; i < older->n_records; i++)
        all->older_tests[older->records[i].nodeid] = i + 1;
    return 0;
}

static int compose(struct composing *all, const struct dz_graph *older,
                   const struct dz_graph *newer)
{
    int r = open_side(&all->older, older, IN_OLDER);
    if (r == 0)
        r = open_side(&all->newer, newer, IN_NEWER);
    if (r == 0)
        r = begin_strings(all);
    if (r == 0)
        r = pair_files(all);
    if (r == 0)
        r = make_lists(all);
    if (r == 0)
        r = keep_files(all);
    if (r == 0)
        r = take_needed(all);
    if (r == 0)
        r = note_texts(all);
    if (r < 0)
        return r;
    number_nodes(all);
    return keep_looks(all);
}

int dz_baseline_compose(struct dz_graph *ret, const struct dz_graph *older,
                        const struct dz_graph *newer)
{
    *ret = (struct dz_graph){0};
    struct composing all = {.ret = ret};
    int r = compose(&all, older, newer);
    close_side(&all.older);
    close_side(&all.newer);
    dz_free(all.of_file);
    dz_free(all.of_record);
    dz_free(all.older_tests);
    dz_free(all.is_out);
    dz_free(all.is_file_out);
    dz_free(all.input_is_in);
    dz_free(all.texts);
    dz_free(all.older_looks);
    dz_free(all.inputs.slots);
    dz_free(all.nodes.slots);
    if (r == 0)
        r = dz_graph_identify(ret);
    if (r < 0)
        dz_graph_free(ret);
    return r;
}
