/* The form of a baseline:
 *
 *     head       "DAGZbas\n", version (32 bits), key (16 bytes)
 *     frames     one behind the other: zstd's, each a stretch of one section
 *     directory  of each frame: section, how many items, size in the file, size when it is read (varints), XXH3-64 of its
 *                bytes in the file
 *     trailer    XXH3-64 of head and directory, size of the directory (64 bits each), "DAGZend\n"
 *
 * All numbers are little endian, those of items varints (base/varint.h), mostly the difference from the item before; a
 * frame's first differs from 0. Sections, in this order; their items are numbered from 0 on, those of strings from 1:
 *
 *     strings    of inputs, looks and files: how many bytes are those of the one before, the others, a NUL
 *     inputs     kind, of, path, name, k; prints has the fingerprints, 16 bytes each
 *     looks      as struct dz_look has them; contents has their hashes
 *     files      path, node
 *     proofs     of records: file, node, outcome, and of the parameters 0 where nobody knows them, 1 where there are none, 3
 *                with 16 bytes; one more where they are found
 *     names      of nodes, where they are no strings: their numbers go on from these
 *     records    day, duration, nodeid: the number of its string, or 0 where it is none so far and is the next, and the text,
 *                as strings are
 *     nodes      name
 *     users      of an input: the nodes that have it
 *     parents    of a node: the nodes that lean on it
 *
 * So what a node has and leans on is there once, turned round: a search from what has changed reads the frames that it comes
 * by, and who wants all of it turns it back. A node's id is what it has and leans on, and is not there either.
 *
 * A file of its own rather than SQLite's: it is read in a few milliseconds, a tenth as large, and replaced as a whole, since
 * composing renumbers nearly all of it. It lies in a cache that others can write: each number is checked when it is read,
 * by nobody later. It is relearnt by one full run, so no older version is understood. */
#include "baseline.h"

#include "../base/mem.h"
#include "frames.h"
#include "lists.h"

#include <errno.h>
#include <string.h>

#define MAGIC "DAGZbas\n"

enum { VERSION = 3, HEAD_SIZE = 28 };

enum section {
    STRINGS = 1,
    INPUTS,
    PRINTS,
    LOOKS,
    CONTENTS,
    FILES,
    PROOFS,
    NAMES,
    RECORDS,
    NODES,
    USERS,
    PARENTS
};

#define ABOVE_ALL ((uint64_t)UINT32_MAX + 1)

enum {
    WHOLE = 1 << 20,     /* bytes in a frame of what is read from its beginning to its end */
    LOOKED_UP = 1 << 15, /* of what is read here and there */
};

/* ---- writing ---- */

struct writing {
    const struct dz_graph *graph;
    struct dz_frames_writer *frames;
    struct dz_buf *raw;    /* the item's bytes go there */
    uint32_t *numbers;     /* by number of string: the one it has in the file, 0: none so far */
    uint32_t *order;       /* the strings by that number */
    uint32_t n;            /* how many have one */
    const char *last_text; /* of this frame */
};

static void section(struct writing *writing, enum section section, size_t most)
{
    writing->raw = dz_frames_section(writing->frames, section, most);
}

static int is_first(const struct writing *writing)
{
    return dz_frames_is_first(writing->frames);
}

static void next(struct writing *writing)
{
    dz_frames_next(writing->frames);
}

static void put(struct writing *writing, uint64_t number)
{
    dz_varint_put(writing->raw, number);
}

static void put_change(struct writing *writing, uint64_t was, uint64_t is)
{
    dz_varint_put_signed(writing->raw, (int64_t)(is - was));
}

static void put_text(struct writing *writing, const char *text)
{
    const char *last = is_first(writing) ? "" : writing->last_text;
    size_t same = 0;
    while (text[same] && text[same] == last[same])
        same++;
    put(writing, same);
    dz_buf_put(writing->raw, text + same, strlen(text + same) + 1);
    writing->last_text = text;
}

static void number_string(struct writing *writing, uint32_t string)
{
    if (!string || writing->numbers[string])
        return;
    writing->order[writing->n++] = string;
    writing->numbers[string] = writing->n;
}

static void put_strings(struct writing *writing, enum section which, uint32_t from)
{
    section(writing, which, WHOLE);
    for (uint32_t i = from; i < writing->n; i++) {
        put_text(writing, dz_strings_text(&writing->graph->strings, writing->order[i]));
        next(writing);
    }
}

static void put_shared_strings(struct writing *writing)
{
    const struct dz_graph *graph = writing->graph;
    for (uint32_t i = 0; i < graph->n_inputs; i++) {
        number_string(writing, graph->inputs[i].path);
        number_string(writing, graph->inputs[i].name);
    }
    for (uint32_t i = 0; i < graph->n_looks; i++)
        number_string(writing, graph->looks[i].path);
    for (uint32_t i = 0; i < graph->n_files; i++)
        number_string(writing, graph->files[i].path);
    put_strings(writing, STRINGS, 0);
}

static void put_names(struct writing *writing)
{
    const struct dz_graph *graph = writing->graph;
    uint32_t from = writing->n;
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        number_string(writing, graph->nodes[i].name);
    put_strings(writing, NAMES, from);
}

static void put_inputs(struct writing *writing)
{
    uint32_t last_path = 0, last_name = 0;
    section(writing, INPUTS, WHOLE);
    for (uint32_t i = 0; i < writing->graph->n_inputs; i++) {
        const struct dz_input *input = &writing->graph->inputs[i];
        uint32_t path = writing->numbers[input->path], name = writing->numbers[input->name];
        if (is_first(writing))
            last_path = last_name = 0;
        put(writing, input->kind);
        put(writing, input->of);
        put_change(writing, last_path, path);
        put_change(writing, last_name, name);
        put(writing, input->k);
        last_path = path;
        last_name = name ? name : last_name;
        next(writing);
    }
}

static void put_print(struct writing *writing, const struct dz_fingerprint *print)
{
    dz_buf_put(writing->raw, print->bytes, sizeof print->bytes);
    next(writing);
}

static void put_prints(struct writing *writing)
{
    section(writing, PRINTS, WHOLE);
    for (uint32_t i = 0; i < writing->graph->n_inputs; i++)
        put_print(writing, &writing->graph->inputs[i].fingerprint);
}

static void put_looks(struct writing *writing)
{
    struct dz_look last = {0};
    section(writing, LOOKS, WHOLE);
    for (uint32_t i = 0; i < writing->graph->n_looks; i++) {
        struct dz_look look = writing->graph->looks[i];
        look.path = writing->numbers[look.path];
        if (is_first(writing))
            last = (struct dz_look){0};
        put_change(writing, last.path, look.path);
        put_change(writing, last.mode, look.mode);
        put(writing, look.is_exact);
        put(writing, look.size);
        put_change(writing, last.inode, look.inode);
        put_change(writing, (uint64_t)last.mtime_ns, (uint64_t)look.mtime_ns);
        put_change(writing, (uint64_t)look.mtime_ns, (uint64_t)look.ctime_ns);
        put_change(writing, (uint64_t)last.looked_ns, (uint64_t)look.looked_ns);
        last = look;
        next(writing);
    }
    section(writing, CONTENTS, WHOLE);
    for (uint32_t i = 0; i < writing->graph->n_looks; i++)
        put_print(writing, &writing->graph->looks[i].content);
}

/* A node is written as one more than its number: none is 0. */
static void put_files(struct writing *writing)
{
    struct dz_test_file last = {0};
    section(writing, FILES, WHOLE);
    for (uint32_t i = 0; i < writing->graph->n_files; i++) {
        struct dz_test_file file = {.path = writing->numbers[writing->graph->files[i].path],
                                    .node = writing->graph->files[i].node + 1};
        if (is_first(writing))
            last = (struct dz_test_file){0};
        put_change(writing, last.path, file.path);
        put_change(writing, last.node, file.node);
        last = file;
        next(writing);
    }
}

/* What stands for parameters: one more where they are found. */
enum { NONE = 1, SOME = 3 };

static void put_parameters(struct writing *writing, const struct dz_record *record)
{
    int is_none = memcmp(&record->parameters, &dz_no_parameters, sizeof dz_no_parameters) == 0;
    int has = dz_record_has_parameters(record);
    put(writing, has ? (is_none ? NONE : SOME) + (record->is_found != 0) : 0);
    if (has && !is_none)
        dz_buf_put(writing->raw, record->parameters.bytes, sizeof record->parameters.bytes);
}

static void put_proofs(struct writing *writing)
{
    uint32_t last_file = 0, last_node = 0;
    section(writing, PROOFS, WHOLE);
    for (uint32_t i = 0; i < writing->graph->n_records; i++) {
        const struct dz_record *record = &writing->graph->records[i];
        if (is_first(writing))
            last_file = last_node = 0;
        put_change(writing, last_file, record->file);
        put_change(writing, last_node, record->node + 1);
        put(writing, record->outcome);
        put_parameters(writing, record);
        last_file = record->file;
        last_node = record->node + 1;
        next(writing);
    }
}

static void put_records(struct writing *writing)
{
    uint32_t last_day = 0;
    section(writing, RECORDS, LOOKED_UP);
    for (uint32_t i = 0; i < writing->graph->n_records; i++) {
        const struct dz_record *record = &writing->graph->records[i];
        put_change(writing, is_first(writing) ? 0 : last_day, record->day);
        put(writing, record->duration_us);
        put(writing, writing->numbers[record->nodeid]);
        number_string(writing, record->nodeid);
        put_text(writing, dz_strings_text(&writing->graph->strings, record->nodeid));
        last_day = record->day;
        next(writing);
    }
}

static void put_nodes(struct writing *writing)
{
    uint32_t last_name = 0;
    section(writing, NODES, WHOLE);
    for (uint32_t i = 0; i < writing->graph->n_nodes; i++) {
        uint32_t name = writing->numbers[writing->graph->nodes[i].name];
        put_change(writing, is_first(writing) ? 0 : last_name, name);
        last_name = name;
        next(writing);
    }
}

/* A list's first number differs from the number of who has it, where all are above that, or from 0. */
static void put_lists(struct writing *writing, enum section which, const struct dz_lists *lists,
                      int above)
{
    section(writing, which, LOOKED_UP);
    for (uint32_t i = 0; i < lists->n; i++) {
        uint32_t last = above ? i : 0;
        put(writing, lists->at[i + 1] - lists->at[i]);
        for (uint32_t k = lists->at[i]; k < lists->at[i + 1]; k++) {
            put(writing, lists->items[k] - last);
            last = lists->items[k];
        }
        next(writing);
    }
}

/* What the nodes have, or lean on, turned round. */
static int put_turned(struct writing *writing, enum section which, size_t offset, uint32_t n,
                      const uint32_t *items)
{
    const struct dz_graph *graph = writing->graph;
    const struct dz_range *first =
        graph->n_nodes ? (const void *)((char *)graph->nodes + offset) : NULL;
    struct dz_lists lists;
    if (dz_lists_turn(&lists, n, first, sizeof *graph->nodes, graph->n_nodes, items) < 0)
        return -ENOMEM;
    put_lists(writing, which, &lists, which == PARENTS);
    dz_lists_free(&lists);
    return 0;
}

static int put_all(struct writing *writing)
{
    put_shared_strings(writing);
    put_inputs(writing);
    put_prints(writing);
    put_looks(writing);
    put_files(writing);
    put_proofs(writing);
    put_names(writing);
    put_records(writing);
    put_nodes(writing);
    const struct dz_graph *graph = writing->graph;
    int r = put_turned(writing, USERS, offsetof(struct dz_node, inputs), graph->n_inputs,
                       graph->input_list);
    return r < 0 ? r
                 : put_turned(writing, PARENTS, offsetof(struct dz_node, leans), graph->n_nodes,
                              graph->lean_list);
}

static struct dz_frames_writer *put_head(const struct dz_fingerprint *key, struct dz_buf *to)
{
    char head[HEAD_SIZE] = MAGIC;
    uint32_t version = VERSION;
    memcpy(head + 8, &version, sizeof version);
    memcpy(head + 12, key->bytes, sizeof key->bytes);
    return dz_frames_writer_new(to, head, sizeof head);
}

int dz_baseline_write(const struct dz_graph *graph, const struct dz_fingerprint *key,
                      struct dz_buf *to)
{
    size_t size = ((size_t)graph->strings.n + 1) * sizeof(uint32_t);
    struct writing writing = {.graph = graph, .numbers = dz_alloc(size), .order = dz_alloc(size)};
    int r = -ENOMEM;
    if (writing.numbers && writing.order)
        writing.frames = put_head(key, to);
    if (writing.frames) {
        r = put_all(&writing);
        int finished = dz_frames_finish(writing.frames);
        r = r < 0 ? r : finished;
    }
    dz_free(writing.numbers);
    dz_free(writing.order);
    return r;
}

/* ---- opening ---- */

/* A frame of lists. */
struct decoded {
    struct dz_range *ranges;
    uint32_t *items;
};

struct dz_baseline {
    struct dz_frames frames;
    struct dz_fingerprint key;
    struct decoded *decoded; /* by number of frame: what was looked up */
    uint32_t n_strings, n_names, n_inputs, n_looks, n_files, n_records, n_nodes;
};

static int read_head(struct dz_baseline *baseline, const char *bytes, size_t size,
                     struct dz_err *err)
{
    uint32_t version;
    if (size < HEAD_SIZE || memcmp(bytes, MAGIC, strlen(MAGIC)) != 0)
        return dz_fail(err, -EBADMSG, "this is no baseline");
    memcpy(&version, bytes + 8, sizeof version);
    memcpy(baseline->key.bytes, bytes + 12, sizeof baseline->key.bytes);
    if (version != VERSION)
        return dz_fail(err, -ESTALE, "a baseline of version %u, where %d is in use", version,
                       VERSION);
    return dz_frames_open(&baseline->frames, bytes, size, HEAD_SIZE, err);
}

static int count(struct dz_baseline *baseline, struct dz_err *err)
{
    const struct dz_frames *frames = &baseline->frames;
    baseline->n_strings = dz_frames_n_items(frames, STRINGS);
    baseline->n_names = dz_frames_n_items(frames, NAMES);
    baseline->n_inputs = dz_frames_n_items(frames, INPUTS);
    baseline->n_looks = dz_frames_n_items(frames, LOOKS);
    baseline->n_files = dz_frames_n_items(frames, FILES);
    baseline->n_records = dz_frames_n_items(frames, RECORDS);
    baseline->n_nodes = dz_frames_n_items(frames, NODES);
    if (baseline->n_inputs == dz_frames_n_items(frames, PRINTS) &&
        baseline->n_inputs == dz_frames_n_items(frames, USERS) &&
        baseline->n_looks == dz_frames_n_items(frames, CONTENTS) &&
        baseline->n_records == dz_frames_n_items(frames, PROOFS) &&
        baseline->n_nodes == dz_frames_n_items(frames, PARENTS) &&
        baseline->n_names <= UINT32_MAX / 2 && baseline->n_strings <= UINT32_MAX / 2)
        return 0;
    return dz_fail(err, -EBADMSG, "a baseline is damaged");
}

struct dz_baseline *dz_baseline_open(const void *bytes, size_t size, struct dz_err *err)
{
    struct dz_baseline *baseline = dz_alloc(sizeof *baseline);
    if (!baseline) {
        dz_fail(err, -ENOMEM, "cannot read a baseline");
        return NULL;
    }
    if (read_head(baseline, bytes, size, err) == 0 && count(baseline, err) == 0)
        return baseline;
    dz_baseline_close(baseline);
    return NULL;
}

void dz_baseline_close(struct dz_baseline *baseline)
{
    if (!baseline)
        return;
    for (uint32_t i = 0; baseline->decoded && i < baseline->frames.n; i++) {
        dz_free(baseline->decoded[i].ranges);
        dz_free(baseline->decoded[i].items);
    }
    dz_free(baseline->decoded);
    dz_frames_close(&baseline->frames);
    dz_free(baseline);
}

const struct dz_fingerprint *dz_baseline_key(const struct dz_baseline *baseline)
{
    return &baseline->key;
}

/* ---- reading ---- */

struct reading {
    struct dz_baseline *baseline;
    struct dz_graph *graph;
    struct dz_buf raw, text; /* a frame, and a string of it */
    struct dz_cursor from;
    uint32_t last_name;
    struct dz_range *ranges; /* the lists of users or parents, from this number on */
    uint32_t first;
    uint32_t *items;
    uint32_t n_items, cap_items;
};

/* The item of this number, the first of its frame or not. Negative errno. */
typedef int take_item(struct reading *reading, uint32_t number, int is_first);

static uint64_t take(struct reading *reading)
{
    return dz_varint_take(&reading->from);
}

/* The number that differs from this one: below the limit, or it is bad. */
static uint32_t take_change(struct reading *reading, uint32_t was, uint64_t limit)
{
    uint64_t is = was + (uint64_t)dz_varint_take_signed(&reading->from);
    if (is < limit)
        return (uint32_t)is;
    reading->from.bad = 1;
    return 0;
}

static uint32_t take_below(struct reading *reading, uint64_t limit)
{
    uint64_t number = take(reading);
    if (number < limit)
        return (uint32_t)number;
    reading->from.bad = 1;
    return 0;
}

static int read_frame(struct reading *reading, const struct dz_frame *frame, take_item *take_item,
                      struct dz_err *err)
{
    int r = dz_frames_load(&reading->baseline->frames, frame, &reading->raw, err);
    if (r < 0)
        return r;
    const uint8_t *at = (const uint8_t *)reading->raw.data;
    reading->from = (struct dz_cursor){at, at + reading->raw.len, 0};
    for (uint32_t i = 0; i < frame->n; i++) {
        r = take_item(reading, frame->first + i, i == 0);
        if (r == -ENOMEM)
            return dz_fail(err, r, "cannot read a baseline");
        if (r < 0 || reading->from.bad)
            return dz_fail(err, -EBADMSG, "a baseline is damaged");
    }
    return reading->from.at == reading->from.end ? 0
                                                 : dz_fail(err, -EBADMSG, "a baseline is damaged");
}

static int read_section(struct reading *reading, enum section section, take_item *take_item,
                        struct dz_err *err)
{
    const struct dz_frames *frames = &reading->baseline->frames;
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < frames->n; i++)
        if (frames->frames[i].section == section)
            r = read_frame(reading, &frames->frames[i], take_item, err);
    return r;
}

/* Into reading->text, without its NUL. */
static int take_text(struct reading *reading, int is_first)
{
    struct dz_buf *text = &reading->text;
    struct dz_cursor *from = &reading->from;
    uint64_t same = take(reading);
    const uint8_t *end = memchr(from->at, 0, (size_t)(from->end - from->at));
    if (is_first)
        text->len = 0;
    if (!end || same > text->len)
        return -EBADMSG;
    text->len = same;
    dz_buf_put(text, from->at, (size_t)(end - from->at));
    from->at = end + 1;
    return dz_buf_ok(text) ? 0 : -ENOMEM;
}

/* Strings and names: each is there once. */
static int take_string(struct reading *reading, uint32_t number, int is_first)
{
    int r = take_text(reading, is_first);
    (void)number;
    if (r < 0)
        return r;
    return dz_strings_append(&reading->graph->strings, reading->text.data, reading->text.len)
               ? 0
               : -ENOMEM;
}

static int take_input(struct reading *reading, uint32_t number, int is_first)
{
    struct dz_input *input = &reading->graph->inputs[number];
    uint64_t limit = (uint64_t)reading->baseline->n_strings + 1;
    if (is_first)
        reading->last_name = 0;
    input->kind = take_below(reading, DZ_INPUT_KINDS);
    input->of = take_below(reading, input->kind == DZ_INPUT_ELEMENT ? DZ_ELEMENT_KINDS : UINT8_MAX);
    input->path = take_change(reading, is_first ? 0 : input[-1].path, limit);
    input->name = take_change(reading, reading->last_name, limit);
    input->k = take_below(reading, ABOVE_ALL);
    if (input->name)
        reading->last_name = input->name;
    return 0;
}

static void take_print(struct reading *reading, struct dz_fingerprint *ret)
{
    const uint8_t *bytes = dz_cursor_take(&reading->from, sizeof ret->bytes);
    if (bytes)
        memcpy(ret->bytes, bytes, sizeof ret->bytes);
}

static int take_fingerprint(struct reading *reading, uint32_t number, int is_first)
{
    (void)is_first;
    take_print(reading, &reading->graph->inputs[number].fingerprint);
    return 0;
}

static int64_t take_time(struct reading *reading, int64_t was)
{
    return (int64_t)((uint64_t)was + (uint64_t)dz_varint_take_signed(&reading->from));
}

static int take_look(struct reading *reading, uint32_t number, int is_first)
{
    static const struct dz_look none;
    struct dz_look *look = &reading->graph->looks[number];
    const struct dz_look *last = is_first ? &none : look - 1;
    look->path = take_change(reading, last->path, (uint64_t)reading->baseline->n_strings + 1);
    look->mode = (uint16_t)take_change(reading, last->mode, UINT16_MAX + 1);
    look->is_exact = (uint16_t)take_below(reading, 2);
    look->size = take(reading);
    look->inode = (uint64_t)take_time(reading, (int64_t)last->inode);
    look->mtime_ns = take_time(reading, last->mtime_ns);
    look->ctime_ns = take_time(reading, look->mtime_ns);
    look->looked_ns = take_time(reading, last->looked_ns);
    return look->path ? 0 : -EBADMSG;
}

static int take_content(struct reading *reading, uint32_t number, int is_first)
{
    (void)is_first;
    take_print(reading, &reading->graph->looks[number].content);
    return 0;
}

/* Written as one more than its number: none is 0. */
static uint32_t take_node_or_none(struct reading *reading, int is_first, uint32_t was)
{
    uint64_t limit = (uint64_t)reading->baseline->n_nodes + 1;
    return take_change(reading, is_first ? 0 : was + 1, limit) - 1;
}

static int take_file(struct reading *reading, uint32_t number, int is_first)
{
    struct dz_test_file *file = &reading->graph->files[number];
    uint64_t limit = (uint64_t)reading->baseline->n_strings + 1;
    file->path = take_change(reading, is_first ? 0 : file[-1].path, limit);
    file->node = take_node_or_none(reading, is_first, is_first ? 0 : file[-1].node);
    return file->path ? 0 : -EBADMSG;
}

static int take_parameters(struct reading *reading, struct dz_record *record)
{
    uint32_t has = take_below(reading, SOME + 2);
    record->is_found = has == NONE + 1 || has == SOME + 1;
    if (has >= SOME)
        take_print(reading, &record->parameters);
    else if (has)
        record->parameters = dz_no_parameters;
    return !has || dz_record_has_parameters(record) ? 0 : -EBADMSG;
}

static int take_proof(struct reading *reading, uint32_t number, int is_first)
{
    struct dz_record *record = &reading->graph->records[number];
    record->file = take_change(reading, is_first ? 0 : record[-1].file, reading->baseline->n_files);
    record->node = take_node_or_none(reading, is_first, is_first ? 0 : record[-1].node);
    record->outcome = take_below(reading, DZ_OUTCOMES);
    return take_parameters(reading, record);
}

/* All but the nodeid, whose text is left in reading->text. */
static int take_rest(struct reading *reading, uint32_t number, int is_first, uint64_t *ret_string)
{
    struct dz_record *record = &reading->graph->records[number];
    record->day = take_change(reading, is_first ? 0 : record[-1].day, ABOVE_ALL);
    record->duration_us = take_below(reading, ABOVE_ALL);
    *ret_string = take(reading);
    return take_text(reading, is_first);
}

/* Where all strings are read, equal ones have one number. */
static int take_record(struct reading *reading, uint32_t number, int is_first)
{
    struct dz_strings *strings = &reading->graph->strings;
    uint64_t string;
    int r = take_rest(reading, number, is_first, &string);
    if (r < 0)
        return r;
    size_t size = reading->text.len;
    if (string > strings->n)
        return -EBADMSG;
    if (!string)
        string = dz_strings_append(strings, reading->text.data, size);
    else if (strncmp(strings->at[string - 1], reading->text.data, size) != 0 ||
             strings->at[string - 1][size])
        return -EBADMSG;
    reading->graph->records[number].nodeid = (uint32_t)string;
    return string ? 0 : -ENOMEM;
}

static int take_name_of_record(struct reading *reading, uint32_t number, int is_first)
{
    uint64_t string;
    int r = take_rest(reading, number, is_first, &string);
    if (r < 0)
        return r;
    uint32_t got = dz_strings_add(&reading->graph->strings, reading->text.data, reading->text.len);
    reading->graph->records[number].nodeid = got;
    return got ? 0 : -ENOMEM;
}

static int take_node(struct reading *reading, uint32_t number, int is_first)
{
    struct dz_node *node = &reading->graph->nodes[number];
    uint64_t limit = (uint64_t)reading->baseline->n_strings + reading->baseline->n_names + 1;
    node->name = take_change(reading, is_first ? 0 : node[-1].name, limit);
    return 0;
}

/* Ascending numbers of nodes, above this one. */
static int take_list(struct reading *reading, uint32_t number, uint64_t above)
{
    uint32_t n = take_below(reading, (uint64_t)reading->baseline->n_nodes + 1);
    reading->ranges[number - reading->first] = (struct dz_range){reading->n_items, n};
    for (uint32_t i = 0; i < n; i++) {
        uint64_t more = take(reading);
        if (more >= reading->baseline->n_nodes - above || (!more && i) || reading->from.bad)
            return -EBADMSG;
        if (!dz_has_room(&reading->items, reading->n_items, &reading->cap_items, sizeof(uint32_t)))
            return -ENOMEM;
        reading->items[reading->n_items++] = (uint32_t)(above += more);
    }
    return 0;
}

static int turn_back(struct reading *reading, uint32_t n, size_t offset, uint32_t **ret_items,
                     uint32_t *ret_n)
{
    struct dz_graph *graph = reading->graph;
    struct dz_lists lists;
    if (dz_lists_turn(&lists, graph->n_nodes, reading->ranges, sizeof *reading->ranges, n,
                      reading->items) < 0)
        return -ENOMEM;
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        struct dz_range range = {lists.at[i], lists.at[i + 1] - lists.at[i]};
        memcpy((char *)&graph->nodes[i] + offset, &range, sizeof range);
    }
    *ret_items = lists.items;
    *ret_n = lists.at[lists.n];
    lists.items = NULL;
    dz_lists_free(&lists);
    return 0;
}

static int take_users(struct reading *reading, uint32_t number, int is_first)
{
    (void)is_first;
    return take_list(reading, number, 0);
}

/* The first is above the node by more than nothing. */
static int take_parents(struct reading *reading, uint32_t number, int is_first)
{
    (void)is_first;
    int r = take_list(reading, number, number);
    struct dz_range list = reading->ranges[number - reading->first];
    return r == 0 && list.n && reading->items[list.at] == number ? -EBADMSG : r;
}

static int read_lists(struct reading *reading, enum section section, uint32_t n, size_t offset,
                      uint32_t **ret_items, uint32_t *ret_n, struct dz_err *err)
{
    dz_free(reading->ranges);
    reading->n_items = 0;
    reading->ranges = dz_alloc(n * sizeof *reading->ranges);
    if (!reading->ranges)
        return dz_fail(err, -ENOMEM, "cannot read a baseline");
    int r = read_section(reading, section, section == USERS ? take_users : take_parents, err);
    if (r == 0 && turn_back(reading, n, offset, ret_items, ret_n) < 0)
        r = dz_fail(err, -ENOMEM, "cannot read a baseline");
    return r;
}

static int make_room(struct reading *reading)
{
    const struct dz_baseline *baseline = reading->baseline;
    struct dz_graph *graph = reading->graph;
    graph->n_inputs = graph->cap_inputs = baseline->n_inputs;
    graph->n_looks = graph->cap_looks = baseline->n_looks;
    graph->n_files = graph->cap_files = baseline->n_files;
    graph->n_records = graph->cap_records = baseline->n_records;
    graph->n_nodes = baseline->n_nodes;
    graph->inputs = dz_alloc(graph->n_inputs * sizeof *graph->inputs);
    graph->looks = dz_alloc(graph->n_looks * sizeof *graph->looks);
    graph->files = dz_alloc(graph->n_files * sizeof *graph->files);
    graph->records = dz_alloc(graph->n_records * sizeof *graph->records);
    return graph->inputs && graph->looks && graph->files && graph->records ? 0 : -ENOMEM;
}

/* In the order of numbers of strings. */
static const struct plain {
    enum section section;
    take_item *take;
} glanced[] =
    {
        {STRINGS, take_string}, {INPUTS, take_input},     {PRINTS, take_fingerprint},
        {LOOKS, take_look},     {CONTENTS, take_content}, {FILES, take_file},
        {PROOFS, take_proof},
},
  others[] = {
      {NAMES, take_string},
      {RECORDS, take_record},
      {NODES, take_node},
};

static int read_plain(struct reading *reading, const struct plain *plain, size_t n,
                      struct dz_err *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < n; i++)
        r = read_section(reading, plain[i].section, plain[i].take, err);
    return r;
}

static int index_strings(struct dz_graph *graph, struct dz_err *err)
{
    int r = dz_strings_index(&graph->strings);
    return r == -EEXIST ? dz_fail(err, -EBADMSG, "a baseline is damaged")
           : r < 0      ? dz_fail(err, r, "cannot read a baseline")
                        : 0;
}

static int read_glance(struct reading *reading, struct dz_err *err)
{
    return make_room(reading) < 0
               ? dz_fail(err, -ENOMEM, "cannot read a baseline")
               : read_plain(reading, glanced, sizeof glanced / sizeof *glanced, err);
}

static int read_all(struct reading *reading, struct dz_err *err)
{
    struct dz_graph *graph = reading->graph;
    int r = read_glance(reading, err);
    if (r == 0 && !(graph->nodes = dz_alloc(graph->n_nodes * sizeof *graph->nodes)))
        r = dz_fail(err, -ENOMEM, "cannot read a baseline");
    if (r == 0)
        r = read_plain(reading, others, sizeof others / sizeof *others, err);
    if (r == 0)
        r = index_strings(graph, err);
    if (r == 0)
        r = read_lists(reading, USERS, graph->n_inputs, offsetof(struct dz_node, inputs),
                       &graph->input_list, &graph->n_input_list, err);
    if (r == 0)
        r = read_lists(reading, PARENTS, graph->n_nodes, offsetof(struct dz_node, leans),
                       &graph->lean_list, &graph->n_lean_list, err);
    graph->cap_nodes = graph->n_nodes;
    graph->cap_input_list = graph->n_input_list;
    graph->cap_lean_list = graph->n_lean_list;
    return r;
}

static void end_reading(struct reading *reading)
{
    dz_buf_free(&reading->raw);
    dz_buf_free(&reading->text);
    dz_free(reading->ranges);
    dz_free(reading->items);
}

int dz_baseline_read(struct dz_baseline *baseline, struct dz_graph *ret, struct dz_err *err)
{
    struct reading reading = {.baseline = baseline, .graph = ret};
    *ret = (struct dz_graph){0};
    int r = read_all(&reading, err);
    end_reading(&reading);
    if (r == 0 && dz_graph_identify(ret) < 0)
        r = dz_fail(err, -ENOMEM, "cannot read a baseline");
    if (r < 0)
        dz_graph_free(ret);
    return r;
}

/* ---- reading here and there ---- */

int dz_baseline_glance(struct dz_baseline *baseline, struct dz_graph *ret, struct dz_err *err)
{
    struct reading reading = {.baseline = baseline, .graph = ret};
    *ret = (struct dz_graph){0};
    int r = read_glance(&reading, err);
    end_reading(&reading);
    if (r == 0)
        r = index_strings(ret, err);
    if (r < 0)
        dz_graph_free(ret);
    return r;
}

static int is_any(const uint8_t *wanted, const struct dz_frame *frame)
{
    for (uint32_t i = frame->first; i < frame->first + frame->n; i++)
        if (wanted[i])
            return 1;
    return 0;
}

int dz_baseline_name(struct dz_baseline *baseline, struct dz_graph *glance, const uint8_t *wanted,
                     struct dz_err *err)
{
    struct reading reading = {.baseline = baseline, .graph = glance};
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < baseline->frames.n; i++) {
        const struct dz_frame *frame = &baseline->frames.frames[i];
        if (frame->section == RECORDS && is_any(wanted, frame))
            r = read_frame(&reading, frame, take_name_of_record, err);
    }
    end_reading(&reading);
    return r;
}

static int decode(struct dz_baseline *baseline, uint32_t number, struct decoded *ret,
                  struct dz_err *err)
{
    const struct dz_frame *frame = &baseline->frames.frames[number];
    struct reading reading = {.baseline = baseline, .first = frame->first};
    reading.ranges = dz_alloc(frame->n * sizeof *reading.ranges);
    int r = reading.ranges ? read_frame(&reading, frame,
                                        frame->section == USERS ? take_users : take_parents, err)
                           : dz_fail(err, -ENOMEM, "cannot read a baseline");
    if (r == 0) {
        *ret = (struct decoded){reading.ranges, reading.items};
        reading.ranges = NULL;
        reading.items = NULL;
    }
    end_reading(&reading);
    return r;
}

static int look_up(struct dz_baseline *baseline, enum section section, uint32_t item,
                   const uint32_t **ret, uint32_t *ret_n, struct dz_err *err)
{
    uint32_t number = dz_frames_find(&baseline->frames, section, item);
    if (!baseline->decoded)
        baseline->decoded = dz_alloc(baseline->frames.n * sizeof *baseline->decoded);
    if (!baseline->decoded)
        return dz_fail(err, -ENOMEM, "cannot read a baseline");
    struct decoded *decoded = &baseline->decoded[number];
    int r = decoded->ranges ? 0 : decode(baseline, number, decoded, err);
    if (r < 0)
        return r;
    struct dz_range range = decoded->ranges[item - baseline->frames.frames[number].first];
    *ret = range.n ? decoded->items + range.at : NULL;
    *ret_n = range.n;
    return 0;
}

int dz_baseline_users(struct dz_baseline *baseline, uint32_t input, const uint32_t **ret,
                      uint32_t *ret_n, struct dz_err *err)
{
    return look_up(baseline, USERS, input, ret, ret_n, err);
}

int dz_baseline_parents(struct dz_baseline *baseline, uint32_t node, const uint32_t **ret,
                        uint32_t *ret_n, struct dz_err *err)
{
    return look_up(baseline, PARENTS, node, ret, ret_n, err);
}
