/* A file of frames, each of which is compressed and checked by itself, and a directory that says where each is: what is
 * asked for is read, and nothing else. baseline.c has the form.
 *
 * A section is a row of items, cut into frames: a frame holds so many items from the first on. */
#pragma once

#include "../base/buf.h"
#include "../base/err.h"
#include "../base/varint.h"

struct dz_frame {
    uint32_t section, first, n;
    uint32_t size, raw; /* in the file, and as it is read */
    uint64_t at, check; /* XXH3-64 of its bytes in the file */
};

/* ---- writing ---- */

struct dz_frames_writer;

/* The head is the file's beginning. NULL when there is no memory. */
struct dz_frames_writer *dz_frames_writer_new(struct dz_buf *to, const void *head, size_t size);
/* Sections are written in ascending order. What is put into the buffer is the next item's, until dz_frames_next. */
struct dz_buf *dz_frames_section(struct dz_frames_writer *writer, uint32_t section, size_t most);
/* The item is whole: the frame is closed where it has more than most bytes. */
void dz_frames_next(struct dz_frames_writer *writer);
/* Whether the item to come is a frame's first. */
int dz_frames_is_first(const struct dz_frames_writer *writer);
/* Writes the directory and frees the writer. Negative when something has failed. */
int dz_frames_finish(struct dz_frames_writer *writer);

/* ---- reading ---- */

struct dz_frames {
    const uint8_t *bytes;
    struct dz_frame *frames; /* by section, then by first */
    uint32_t n;
    void *context;
};

/* bytes are borrowed. Negative with a sentence. */
int dz_frames_open(struct dz_frames *ret, const void *bytes, size_t size, size_t head_size,
                   struct dz_err *err);
void dz_frames_close(struct dz_frames *frames);
uint32_t dz_frames_n_items(const struct dz_frames *frames, uint32_t section);
/* The number of the frame that holds this item of the section, which has it. */
uint32_t dz_frames_find(const struct dz_frames *frames, uint32_t section, uint32_t item);
/* Replaces what is in the buffer. Negative with a sentence. */
int dz_frames_load(struct dz_frames *frames, const struct dz_frame *frame, struct dz_buf *to,
                   struct dz_err *err);
