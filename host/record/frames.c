#include "frames.h"

#include "../base/mem.h"

#include <errno.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>
#include <zstd.h>

#define END_MAGIC "DAGZend\n"

enum {
    MOST_RAW = 1 << 28,   /* of a frame: more is no baseline of ours */
    MOST_RATIO = 1 << 16, /* twice as much as zstd can */
    LEVEL = 1,            /* names get smaller by a tenth with 3, in twice the time */
};

/* Nothing but numbers of fixed size; the check is of the file's head, the directory and the size. */
struct end {
    uint64_t check, size; /* the directory's */
    char magic[8];
};

/* ---- writing ---- */

struct dz_frames_writer {
    struct dz_buf *to;
    struct dz_buf raw, directory;
    struct dz_frame frame;
    size_t most, head_at, head_size;
    uint32_t n;
    int failed;
    ZSTD_CCtx *context;
};

struct dz_frames_writer *dz_frames_writer_new(struct dz_buf *to, const void *head, size_t size)
{
    struct dz_frames_writer *writer = dz_alloc(sizeof *writer);
    if (!writer)
        return NULL;
    *writer = (struct dz_frames_writer){
        .to = to, .head_at = to->len, .head_size = size, .context = ZSTD_createCCtx()};
    writer->failed = !writer->context;
    dz_buf_put(to, head, size);
    return writer;
}

static void compress(struct dz_frames_writer *writer)
{
    struct dz_frame *frame = &writer->frame;
    size_t bound = ZSTD_compressBound(writer->raw.len);
    char *room = writer->raw.len <= MOST_RAW ? dz_buf_room(writer->to, bound) : NULL;
    size_t size = room && !writer->failed
                      ? ZSTD_compressCCtx(writer->context, room, bound, writer->raw.data,
                                          writer->raw.len, LEVEL)
                      : 0;
    if (!size || ZSTD_isError(size) || writer->raw.failed) {
        writer->failed = 1;
        return;
    }
    frame->size = (uint32_t)size;
    frame->raw = (uint32_t)writer->raw.len;
    frame->check = XXH3_64bits(room, size);
    writer->to->len += size;
}

static void enter(struct dz_frames_writer *writer)
{
    const struct dz_frame *frame = &writer->frame;
    dz_varint_put(&writer->directory, frame->section);
    dz_varint_put(&writer->directory, frame->n);
    dz_varint_put(&writer->directory, frame->size);
    dz_varint_put(&writer->directory, frame->raw);
    dz_buf_put(&writer->directory, &frame->check, sizeof frame->check);
    writer->n++;
}

static void close_frame(struct dz_frames_writer *writer)
{
    struct dz_frame *frame = &writer->frame;
    if (!frame->n)
        return;
    compress(writer);
    enter(writer);
    frame->first += frame->n;
    frame->n = 0;
    writer->raw.len = 0;
}

struct dz_buf *dz_frames_section(struct dz_frames_writer *writer, uint32_t section, size_t most)
{
    close_frame(writer);
    writer->frame = (struct dz_frame){.section = section};
    writer->most = most;
    return &writer->raw;
}

void dz_frames_next(struct dz_frames_writer *writer)
{
    writer->frame.n++;
    if (writer->raw.len >= writer->most)
        close_frame(writer);
}

int dz_frames_is_first(const struct dz_frames_writer *writer)
{
    return writer->frame.n == 0;
}

static uint64_t check_of(const void *head, size_t head_size, const void *directory, size_t size)
{
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    XXH3_64bits_update(&state, head, head_size);
    XXH3_64bits_update(&state, directory, size);
    return XXH3_64bits_digest(&state);
}

int dz_frames_finish(struct dz_frames_writer *writer)
{
    struct dz_buf *to = writer->to;
    close_frame(writer);
    int failed = writer->failed || !dz_buf_ok(&writer->directory) || !dz_buf_ok(to);
    if (!failed) {
        struct end end = {.size = writer->directory.len, .magic = END_MAGIC};
        end.check = check_of(to->data + writer->head_at, writer->head_size, writer->directory.data,
                             writer->directory.len);
        dz_buf_put(to, writer->directory.data, writer->directory.len);
        dz_buf_put(to, &end, sizeof end);
    }
    ZSTD_freeCCtx(writer->context);
    dz_buf_free(&writer->raw);
    dz_buf_free(&writer->directory);
    dz_free(writer);
    return failed || !dz_buf_ok(to) ? -ENOMEM : 0;
}

/* ---- reading ---- */

static int take_frame(struct dz_cursor *from, struct dz_frame *ret)
{
    uint64_t section = dz_varint_take(from), n = dz_varint_take(from), size = dz_varint_take(from),
             raw = dz_varint_take(from);
    const uint8_t *check = dz_cursor_take(from, sizeof ret->check);
    if (!check || section > UINT32_MAX || !n || n > UINT32_MAX || size > UINT32_MAX ||
        raw > MOST_RAW || n > raw || raw / MOST_RATIO > size)
        return 0;
    *ret = (struct dz_frame){.section = (uint32_t)section,
                             .n = (uint32_t)n,
                             .size = (uint32_t)size,
                             .raw = (uint32_t)raw};
    memcpy(&ret->check, check, sizeof ret->check);
    return 1;
}

/* Frames lie one behind the other, as do the items in them. */
static int place_frame(struct dz_frame *frame, const struct dz_frame *last, uint64_t at)
{
    frame->at = at;
    if (!last || last->section < frame->section)
        return 1;
    uint64_t first = (uint64_t)last->first + last->n;
    frame->first = (uint32_t)first;
    return last->section == frame->section && first + frame->n < UINT32_MAX;
}

static int read_directory(struct dz_frames *frames, struct dz_cursor *from, uint64_t at,
                          uint64_t end)
{
    uint32_t cap = 0;
    while (from->at < from->end) {
        struct dz_frame frame;
        if (!take_frame(from, &frame) ||
            !place_frame(&frame, frames->n ? &frames->frames[frames->n - 1] : NULL, at) ||
            (at += frame.size) > end)
            return -EBADMSG;
        if (!dz_has_room(&frames->frames, frames->n, &cap, sizeof frame))
            return -ENOMEM;
        frames->frames[frames->n++] = frame;
    }
    return at == end ? 0 : -EBADMSG;
}

static int open_frames(struct dz_frames *frames, size_t size, size_t head_size)
{
    struct end end;
    if (size < head_size + sizeof end)
        return -EBADMSG;
    uint64_t body_end = size - sizeof end;
    memcpy(&end, frames->bytes + body_end, sizeof end);
    if (memcmp(end.magic, END_MAGIC, sizeof end.magic) != 0 || end.size > body_end - head_size)
        return -EBADMSG;
    body_end -= end.size;
    struct dz_cursor directory = {frames->bytes + body_end, frames->bytes + body_end + end.size, 0};
    if (check_of(frames->bytes, head_size, directory.at, end.size) != end.check)
        return -EBADMSG;
    return read_directory(frames, &directory, head_size, body_end);
}

int dz_frames_open(struct dz_frames *ret, const void *bytes, size_t size, size_t head_size,
                   struct dz_err *err)
{
    *ret = (struct dz_frames){.bytes = bytes, .context = ZSTD_createDCtx()};
    int r = ret->context ? open_frames(ret, size, head_size) : -ENOMEM;
    if (r == 0)
        return 0;
    dz_frames_close(ret);
    return r == -ENOMEM ? dz_fail(err, r, "cannot read a baseline")
                        : dz_fail(err, r, "a baseline of %zu bytes is damaged", size);
}

void dz_frames_close(struct dz_frames *frames)
{
    ZSTD_freeDCtx(frames->context);
    dz_free(frames->frames);
    *frames = (struct dz_frames){0};
}

/* The first frame behind this item of the section. */
static uint32_t frame_behind(const struct dz_frames *frames, uint32_t section, uint32_t item)
{
    uint32_t from = 0, to = frames->n;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        const struct dz_frame *frame = &frames->frames[middle];
        if (frame->section < section || (frame->section == section && frame->first <= item))
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

uint32_t dz_frames_n_items(const struct dz_frames *frames, uint32_t section)
{
    uint32_t behind = frame_behind(frames, section, UINT32_MAX);
    const struct dz_frame *last = behind ? &frames->frames[behind - 1] : NULL;
    return last && last->section == section ? last->first + last->n : 0;
}

uint32_t dz_frames_find(const struct dz_frames *frames, uint32_t section, uint32_t item)
{
    return frame_behind(frames, section, item) - 1;
}

int dz_frames_load(struct dz_frames *frames, const struct dz_frame *frame, struct dz_buf *to,
                   struct dz_err *err)
{
    const uint8_t *from = frames->bytes + frame->at;
    to->len = 0;
    if (XXH3_64bits(from, frame->size) != frame->check)
        return dz_fail(err, -EBADMSG, "a baseline is damaged");
    char *room = dz_buf_room(to, frame->raw);
    if (!room)
        return dz_fail(err, -ENOMEM, "cannot read a baseline");
    size_t size = ZSTD_decompressDCtx(frames->context, room, frame->raw, from, frame->size);
    if (ZSTD_isError(size) || size != frame->raw)
        return dz_fail(err, -EBADMSG, "a baseline is damaged");
    to->len = size;
    return 0;
}
