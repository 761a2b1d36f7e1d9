#include "audit.h"

#include <string.h>

#include "base/mem.h"
#include "path.h"
#include "record/nodeids.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { MOST_NAMED = 5 };

struct graph {
    const char *name; /* its file's, or NULL */
    struct dz_graph read;
    struct dz_nodeids nodeids; /* of what is read */
};

struct telling {
    const struct dz_audit_record *record;
    struct graph newer, older[DZ_BASELINES_MOST];
    unsigned n_older;
};

/* ---- what is compared ---- */

static void free_one(struct graph *graph)
{
    dz_nodeids_free(&graph->nodeids);
    dz_graph_free(&graph->read);
    *graph = (struct graph){0};
}

/* One that is damaged or of another key has proved nothing. */
static int read_one(struct graph *graph, const char *path, const struct dz_fingerprint *key)
{
    struct dz_err err;
    struct dz_baseline_file *file = dz_baselines_open(path, &err);
    int is = file && memcmp(dz_baseline_key(dz_baselines_in(file)), key, sizeof *key) == 0 &&
             dz_baseline_read(dz_baselines_in(file), &graph->read, &err) == 0;
    dz_baselines_close(file);
    graph->name = dz_path_name(path);
    return is && dz_nodeids_list(&graph->nodeids, &graph->read) == 0;
}

static void read_older(struct telling *telling)
{
    const struct dz_baselines *older = telling->record->older;
    for (unsigned i = 0; i < older->n; i++) {
        struct graph *graph = &telling->older[telling->n_older];
        if (read_one(graph, older->found[i], telling->record->key))
            telling->n_older++;
        else
            free_one(graph);
    }
}

static const struct dz_node *node_of(const struct graph *graph, const char *nodeid)
{
    uint32_t node = dz_nodeids_node(&graph->nodeids, nodeid);
    return node == DZ_NONE ? NULL : &graph->read.nodes[node];
}

/* ---- what comes of it ---- */

/* A listing and a place hold what is waived besides what is not. */
static XXH64_hash_t hash_of_input(const struct dz_graph *graph, const struct dz_input *input)
{
    int is_mixed = input->kind == DZ_INPUT_NAMES || input->kind == DZ_INPUT_PLACE;
    const char *path = dz_strings_text(&graph->strings, input->path);
    const char *name = is_mixed ? "" : dz_strings_text(&graph->strings, input->name);
    struct {
        XXH64_hash_t path, name;
        uint32_t kind, of, k, none;
        struct dz_fingerprint fingerprint;
    } all = {XXH3_64bits(path, strlen(path)),
             XXH3_64bits(name, strlen(name)),
             input->kind,
             input->of,
             input->k,
             0,
             is_mixed ? dz_absent : input->fingerprint};
    return XXH3_64bits(&all, sizeof all);
}

/* Of all inputs that are not waived, in whatever order. */
static XXH64_hash_t hash_of_others(const struct telling *telling, const struct graph *graph,
                                   const struct dz_node *node)
{
    XXH64_hash_t sum = 0;
    struct dz_bits inputs = {0};
    dz_graph_inputs(&graph->read, (uint32_t)(node - graph->read.nodes), &inputs);
    for (uint32_t i = 0; (i = dz_bits_next(&inputs, i)) != UINT32_MAX; i++) {
        const struct dz_input *input = &graph->read.inputs[i];
        const char *path = dz_strings_text(&graph->read.strings, input->path);
        if (!input->path || !dz_waivers_of(&telling->record->waivers, path))
            sum += hash_of_input(&graph->read, input);
    }
    dz_bits_free(&inputs);
    return sum;
}

static int is_same(const struct telling *telling, const struct graph *older,
                   const struct dz_node *then, const struct dz_node *now)
{
    const struct dz_waivers *waivers = &telling->record->waivers;
    if (memcmp(&then->id, &now->id, sizeof now->id) == 0)
        return 1;
    return (waivers->ignore.size || waivers->external.size) &&
           hash_of_others(telling, older, then) == hash_of_others(telling, &telling->newer, now);
}

/* Of several proofs one is enough. What nobody has observed is no other. */
static int depends_on_something_else(const struct telling *telling, const char *nodeid)
{
    const struct dz_node *now = node_of(&telling->newer, nodeid);
    int is_known = 0;
    for (unsigned i = 0; now && i < telling->n_older; i++) {
        const struct dz_node *then = node_of(&telling->older[i], nodeid);
        if (then && is_same(telling, &telling->older[i], then, now))
            return 0;
        is_known |= then != NULL;
    }
    return is_known;
}

/* What was declared may be what it was missed by. */
static void tell_waived(const struct telling *telling, const struct graph *older,
                        const struct dz_node *node, struct dz_buf *text)
{
    unsigned n = 0;
    struct dz_bits inputs = {0};
    dz_graph_inputs(&older->read, (uint32_t)(node - older->read.nodes), &inputs);
    for (uint32_t i = 0; (i = dz_bits_next(&inputs, i)) != UINT32_MAX; i++) {
        uint32_t path = older->read.inputs[i].path;
        n += path &&
             dz_waivers_of(&telling->record->waivers, dz_strings_text(&older->read.strings, path));
    }
    dz_bits_free(&inputs);
    if (n)
        dz_buf_fmt(text, "  of these %u %s passed over, as [tool.dagz] declares\n", n,
                   n == 1 ? "is" : "are");
}

static void tell_proof(const struct telling *telling, const char *nodeid, struct dz_buf *text)
{
    for (unsigned i = 0; i < telling->n_older; i++) {
        const struct graph *older = &telling->older[i];
        const struct dz_node *node = node_of(older, nodeid);
        if (!node)
            continue;
        struct dz_graph_reach reach =
            dz_graph_reach(&older->read, (uint32_t)(node - older->read.nodes));
        dz_buf_fmt(
            text,
            "  proof of %s: by baseline %s none of the %u inputs that it had when it last ran "
            "has changed; they lie in %u sources, and outside of sources\n",
            nodeid, older->name, reach.inputs, reach.sources);
        tell_waived(telling, older, node, text);
    }
}

static const char *next(struct dz_bytes names, const char *name)
{
    const char *after = name ? name + strlen(name) + 1 : names.at;
    return names.size && after < names.at + names.size ? after : NULL;
}

static void tell_others(const struct telling *telling, struct dz_buf *text)
{
    dz_autobuf struct dz_buf named = {0};
    unsigned n = 0;
    for (const char *name = NULL; (name = next(telling->record->held, name));)
        if (depends_on_something_else(telling, name) && n++ < MOST_NAMED)
            dz_buf_fmt(&named, "  other dependencies: %s\n", name);
    if (!n)
        return;
    dz_buf_fmt(text, "  audit: %u came to the same, and depended on something else than before\n",
               n);
    dz_buf_put(text, named.data, named.len);
}

/* As it is when it is kept: only there equal nodes are one, and have one id. */
static int take_newer(struct graph *graph, const struct dz_graph *newer)
{
    const struct dz_graph none = {0};
    return dz_baseline_compose(&graph->read, &none, newer) == 0 &&
           dz_nodeids_list(&graph->nodeids, &graph->read) == 0;
}

void dz_audit_tell(const struct dz_audit_record *record, struct dz_buf *text)
{
    struct telling telling = {.record = record};
    read_older(&telling);
    if (take_newer(&telling.newer, record->newer)) {
        for (const char *name = NULL; (name = next(record->missed, name));)
            tell_proof(&telling, name, text);
        tell_others(&telling, text);
    }
    free_one(&telling.newer);
    for (unsigned i = 0; i < telling.n_older; i++)
        free_one(&telling.older[i]);
}
