#include "job_graph.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "record/logs.h"
#include "record/readers.h"

enum { MOST_NAMES = 1 << 16 /* bytes: of a listing that is longer only the fingerprint is kept */ };

struct making {
    const struct dz_job_graph *of;
    struct dz_observations all;
    struct dz_elements *elements;
    struct dz_distributions *distributions;
    struct dz_now *now;
    struct dz_strings sources; /* paths of what was loaded */
    uint32_t *first;           /* by number of the path - 1: index + 1 of a source */
    uint32_t *next;            /* by source: index + 1 of another one of this path */
};

/* ---- what was read ---- */

/* The job has dated it anew, nothing had changed it before that since it began, and what it held then it holds now. */
static int is_only_touched(const struct making *making, const char *path,
                           const struct dz_look *look)
{
    dz_autobuf struct dz_buf absolute = {0};
    dz_buf_fmt(&absolute, "%s%s%s", *path == '/' ? "" : making->of->rootdir,
               *path == '/' ? "" : "/", path);
    dz_buf_put(&absolute, "", 1);
    for (uint32_t i = 0; i < making->all.n_spans && dz_buf_ok(&absolute); i++)
        for (uint32_t k = 0; k < making->all.spans[i].n_facts; k++) {
            const struct dz_observed_fact *fact = &making->all.spans[i].facts[k];
            if (fact->fact == DZ_FACT_TOUCHED &&
                fact->value == dz_touched_value(look->content.bytes) &&
                strcmp(making->all.strings[fact->string - 1], absolute.data) == 0)
                return 1;
        }
    return 0;
}

/* Whether what is in a file may not be what was seen. */
static int is_later(struct making *making, const char *path)
{
    int64_t began_ns = making->of->began_ns;
    struct dz_look look = {0};
    return dz_now_look(making->now, path, &look) == 0 &&
           (look.mtime_ns >= began_ns || look.ctime_ns >= began_ns) &&
           !is_only_touched(making, path, &look);
}

static int is_resized(struct making *making, const char *path)
{
    struct dz_look look = {0};
    return dz_now_is_resized(making->now, path, making->of->began_ns) &&
           (dz_now_look(making->now, path, &look) < 0 || !is_only_touched(making, path, &look));
}

static int is_of_what_is_there(const struct dz_input *input)
{
    return input->kind == DZ_INPUT_CONTENT || input->kind == DZ_INPUT_STAT ||
           input->kind == DZ_INPUT_LINK || input->kind == DZ_INPUT_NAMES;
}

/* So that it can be told later which names have come or gone. */
static void keep_names(struct making *making, struct dz_strings *strings, struct dz_input *input)
{
    dz_autobuf struct dz_buf names = {0};
    const char *path = dz_strings_text(strings, input->path);
    if (dz_now_list(making->now, path, input->of, &names) == 0 && dz_buf_ok(&names) &&
        names.len <= MOST_NAMES)
        input->name = dz_strings_add(strings, names.data, names.len);
}

static int fingerprint(void *context, struct dz_strings *strings, struct dz_input *input)
{
    struct making *making = context;
    struct dz_fingerprint *ret = &input->fingerprint;
    int is_stale = 0;
    /* Nothing was there for who looked: what is there now came later. */
    if (input->kind == DZ_INPUT_PLACE && input->of == DZ_PLACE_EMPTY)
        return *ret = dz_absent, 0;
    const char *path = dz_strings_text(strings, input->path);
    if (input->kind == DZ_INPUT_CONTENT)
        is_stale = is_later(making, path);
    else if (input->kind == DZ_INPUT_STAT)
        is_stale = is_resized(making, path);
    int r = dz_now_fingerprint(making->now, strings, input, ret);
    if (r == 0 && input->kind == DZ_INPUT_NAMES)
        keep_names(making, strings, input);
    int is_gone = r == 0 && memcmp(ret, &dz_absent, sizeof *ret) == 0;
    return is_stale || (is_gone && is_of_what_is_there(input)) ? -ESTALE : r;
}

/* ---- looks ---- */

/* Each process has told it of each source. */
static int list_sources(struct making *making)
{
    const struct dz_observations *all = &making->all;
    making->next = dz_alloc((all->n_sources + 1) * sizeof *making->next);
    making->first = dz_alloc((all->n_sources + 1) * sizeof *making->first);
    if (!making->next || !making->first)
        return -ENOMEM;
    for (uint32_t i = 0; i < all->n_sources; i++) {
        const char *path = all->strings[all->sources[i].file - 1];
        uint32_t number = dz_strings_add(&making->sources, path, strlen(path));
        if (!number)
            return -ENOMEM;
        making->next[i] = making->first[number - 1];
        making->first[number - 1] = i + 1;
    }
    return 0;
}

/* A source's inputs are of what was loaded: whether that is what is there now. */
static int is_loaded(const struct making *making, const char *absolute, const struct dz_look *look)
{
    uint32_t number = dz_strings_find(&making->sources, absolute, strlen(absolute));
    for (uint32_t i = number ? making->first[number - 1] : 0; i; i = making->next[i - 1]) {
        const struct dz_observed_source *source = &making->all.sources[i - 1];
        if (!source->known || memcmp(source->hash, look->content.bytes, sizeof source->hash) != 0)
            return 0;
    }
    return 1;
}

static int add_look(struct making *making, struct dz_graph *graph, uint32_t path)
{
    dz_autobuf struct dz_buf absolute = {0};
    const char *text = dz_strings_text(&graph->strings, path);
    struct dz_look look = {.path = path};
    if (dz_now_look(making->now, text, &look) < 0)
        return 0;
    dz_buf_fmt(&absolute, "%s%s%s", *text == '/' ? "" : making->of->rootdir,
               *text == '/' ? "" : "/", text);
    look.is_exact = dz_buf_ok(&absolute) && is_loaded(making, absolute.data, &look);
    if (!dz_has_room(&graph->looks, graph->n_looks, &graph->cap_looks, sizeof *graph->looks))
        return -ENOMEM;
    graph->looks[graph->n_looks++] = look;
    return 0;
}

/* Of each path whose content counts, once. */
static int add_looks(struct making *making, struct dz_graph *graph)
{
    struct dz_bits met = {0};
    int r = list_sources(making);
    for (uint32_t i = 0; r == 0 && i < graph->n_inputs; i++) {
        const struct dz_input *input = &graph->inputs[i];
        if ((!dz_input_is_of_source(input) && input->kind != DZ_INPUT_CONTENT) ||
            dz_bits_has(&met, input->path))
            continue;
        r = dz_bits_set(&met, input->path) < 0 ? -ENOMEM : add_look(making, graph, input->path);
    }
    dz_bits_free(&met);
    return r;
}

/* ---- all ---- */

/* A job that has observed nothing has no logs; its tests are known all the same. */
static int read_logs(struct making *making, struct dz_err *err)
{
    int r = dz_logs_read(&making->all, making->of->folder, err);
    if (r == -ENOENT) {
        making->all = (struct dz_observations){0};
        r = 0;
    }
    making->elements = r == 0 ? dz_elements_new(&making->all, making->of->state) : NULL;
    making->distributions = dz_distributions_new();
    if (r == 0 && (!making->elements || !making->distributions))
        return dz_fail(err, -ENOMEM, "cannot join what was observed");
    return r == 0 && making->all.n_spans ? dz_readers_join(&making->all, making->elements, err) : r;
}

static int build(struct making *making, struct dz_graph *ret, struct dz_err *err)
{
    const struct dz_job_graph *of = making->of;
    struct dz_build build = {.all = &making->all,
                             .elements = making->elements,
                             .distributions = making->distributions,
                             .rootdir = of->rootdir,
                             .tests = of->tests,
                             .n_tests = of->n_tests,
                             .files = of->files,
                             .n_files = of->n_files,
                             .day = (uint32_t)(of->began_ns / 1000000000 / 86400),
                             .fingerprint = fingerprint,
                             .context = making,
                             .waivers = of->waivers,
                             .load = of->load};
    int r = dz_build(ret, &build, err);
    if (r == 0 && add_looks(making, ret) < 0) {
        dz_graph_free(ret);
        r = dz_fail(err, -ENOMEM, "cannot keep what was looked at");
    }
    return r;
}

int dz_job_graph_make(struct dz_graph *ret, const struct dz_job_graph *of, struct dz_err *err)
{
    struct making making = {.of = of};
    *ret = (struct dz_graph){0};
    making.now = dz_now_new(of->python, of->rootdir, of->state, err);
    int r = making.now ? read_logs(&making, err) : err->code;
    if (r == 0)
        r = build(&making, ret, err);
    dz_now_free(making.now);
    dz_strings_free(&making.sources);
    dz_free(making.first);
    dz_free(making.next);
    dz_elements_free(making.elements);
    dz_distributions_free(making.distributions);
    dz_observations_free(&making.all);
    return r;
}
