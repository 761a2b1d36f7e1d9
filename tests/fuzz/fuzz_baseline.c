/* Any bytes may lie where a baseline is kept, and a cache of it is filled by others: they are refused, or all that they
 * say can be used without looking again. */
#include "host/record/baseline.h"
#include "host/record/frames.h"
#include "host/record/select.h"
#include "tests/made_graph.h"

#include <errno.h>
#include <stdint.h>

enum { HEAD_SIZE = 28, SECTIONS = 12 };

static const struct dz_fingerprint key;

static void must(int holds)
{
    if (!holds)
        abort();
}

static void select_some(const struct dz_graph *graph)
{
    struct dz_bits changed = {0};
    struct dz_selection selection;
    for (uint32_t i = 0; i < graph->n_inputs; i += 3)
        must(dz_bits_set(&changed, i) == 0);
    must(dz_select(&selection, graph, &changed) == 0);
    must(selection.n_selected <= graph->n_records);
    dz_selection_free(&selection);
    dz_bits_free(&changed);
}

/* What is accepted can be written, and is then read. */
static void write_again(const struct dz_graph *graph)
{
    dz_autobuf struct dz_buf bytes = {0};
    struct dz_graph again;
    struct dz_err err;
    must(dz_baseline_write(graph, &key, &bytes) == 0);
    struct dz_baseline *baseline = dz_baseline_open(bytes.data, bytes.len, &err);
    must(baseline && dz_baseline_read(baseline, &again, &err) == 0);
    must(again.n_inputs == graph->n_inputs && again.n_nodes == graph->n_nodes &&
         again.n_lean_list == graph->n_lean_list && again.n_records == graph->n_records);
    dz_graph_free(&again);
    dz_baseline_close(baseline);
}

static void use(const struct dz_graph *graph)
{
    static unsigned n;
    struct dz_graph composed;
    select_some(graph);
    /* As long as all the rest: zstd begins with a megabyte. */
    if (n++ % 8 == 0)
        write_again(graph);
    must(dz_baseline_compose(&composed, graph, graph) == 0);
    must(composed.n_nodes <= graph->n_nodes && composed.n_records >= graph->n_records);
    dz_graph_free(&composed);
}

/* A search that reads what it comes by finds the same, or what is damaged. */
static void search(struct dz_baseline *baseline, const struct dz_graph *graph)
{
    struct dz_bits changed = {0};
    struct dz_selection all, some;
    struct dz_graph glance;
    struct dz_err err = {0};
    if (dz_baseline_glance(baseline, &glance, &err) < 0) {
        must(!graph && err.code == -EBADMSG);
        return;
    }
    for (uint32_t i = 0; i < glance.n_inputs; i += 3)
        must(dz_bits_set(&changed, i) == 0);
    if (dz_baseline_select(&some, baseline, &glance, &changed, &err) == 0) {
        must(dz_baseline_name(baseline, &glance, some.records, &err) == 0 || !graph);
        if (graph) {
            must(dz_select(&all, graph, &changed) == 0);
            must(memcmp(all.records, some.records, graph->n_records) == 0);
            must(memcmp(all.nodes, some.nodes, graph->n_nodes * sizeof *all.nodes) == 0);
            dz_selection_free(&all);
        }
        dz_selection_free(&some);
    } else
        must(!graph && err.code == -EBADMSG);
    dz_bits_free(&changed);
    dz_graph_free(&glance);
}

static void take(const void *bytes, size_t size)
{
    struct dz_err err = {0};
    struct dz_graph graph;
    struct dz_baseline *baseline = dz_baseline_open(bytes, size, &err);
    if (!baseline) {
        must(err.code == -EBADMSG || err.code == -ESTALE);
        return;
    }
    if (dz_baseline_read(baseline, &graph, &err) == 0) {
        search(baseline, &graph);
        use(&graph);
        dz_graph_free(&graph);
    } else {
        must(err.code == -EBADMSG && err.text[0]);
        search(baseline, NULL);
    }
    dz_baseline_close(baseline);
}

static struct dz_frames_writer *begin(struct dz_buf *to)
{
    char head[HEAD_SIZE] = "DAGZbas\n\1";
    struct dz_frames_writer *writer = dz_frames_writer_new(to, head, sizeof head);
    must(writer != NULL);
    return writer;
}

static void put_frame(struct dz_frames_writer *writer, uint32_t section, const void *at,
                      size_t size, uint32_t n)
{
    dz_buf_put(dz_frames_section(writer, section, SIZE_MAX), at, size);
    for (uint32_t i = 0; i < n; i++)
        dz_frames_next(writer);
}

/* Right frames around any bytes: the first ones say how many items a section has, and of how many bytes. */
static void take_as_sections(const uint8_t *data, size_t size)
{
    if (size < 2 * SECTIONS)
        return;
    const uint8_t *at = data + 2 * SECTIONS, *end = data + size;
    dz_autobuf struct dz_buf bytes = {0};
    struct dz_frames_writer *writer = begin(&bytes);
    for (uint32_t i = 0; i < SECTIONS; i++) {
        size_t own = data[2 * i] < end - at ? data[2 * i] : (size_t)(end - at);
        if (own)
            put_frame(writer, i + 1, at, own, data[2 * i + 1]);
        at += own;
    }
    must(dz_frames_finish(writer) == 0);
    take(bytes.data, bytes.len);
}

/* The next three bytes: where, and by what. */
static void spoil(struct dz_buf *raw, const uint8_t **data, const uint8_t *end)
{
    if (end - *data < 3 || !raw->len)
        return;
    size_t at = ((*data)[0] | (size_t)(*data)[1] << 8) % raw->len;
    raw->data[at] = (char)(raw->data[at] ^ (*data)[2]);
    *data += 3;
}

/* One of few tests, made once. */
static const struct dz_buf *right_one(uint32_t number)
{
    static const struct made_size some = {
        .inputs = 6, .nodes = 6, .files = 2, .records_of_a_file = 3, .unprovable = 5, .leans = 2};
    static struct dz_buf all[16];
    struct dz_graph graph;
    if (!all[number].len) {
        made_graph(&graph, &some, number);
        must(dz_baseline_write(&graph, &key, &all[number]) == 0);
        dz_graph_free(&graph);
    }
    return &all[number];
}

/* The same, spoilt under its checksums: in one section, or in two. */
static void take_as_spoilt(const uint8_t *data, size_t size)
{
    if (size < 6)
        return;
    const uint8_t *at = data + 3, *end = data + size;
    const struct dz_buf *right = right_one(data[0] % 16);
    struct dz_frames frames;
    struct dz_err err;
    dz_autobuf struct dz_buf wrong = {0}, raw = {0};
    must(dz_frames_open(&frames, right->data, right->len, HEAD_SIZE, &err) == 0);
    struct dz_frames_writer *writer = begin(&wrong);
    for (uint32_t i = 0; i < frames.n; i++) {
        const struct dz_frame *frame = &frames.frames[i];
        must(dz_frames_load(&frames, frame, &raw, &err) == 0);
        if (frame->section == data[1] % SECTIONS + 1u || frame->section == data[2] % SECTIONS + 1u)
            spoil(&raw, &at, end);
        put_frame(writer, frame->section, raw.data, raw.len, frame->n);
    }
    must(dz_frames_finish(writer) == 0);
    dz_frames_close(&frames);
    take(wrong.data, wrong.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    take(data, size);
    if (size && data[size - 1] % 2)
        take_as_sections(data, size);
    else
        take_as_spoilt(data, size);
    return 0;
}
