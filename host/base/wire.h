/* Messages between the processes of a job, and their form on the wire.
 *
 * A frame is a header (size of the body, type, check of both and the body) and a body of wire.def's
 * fields. Whatever comes from another process is input: a frame that is not exactly right is refused,
 * and its sender is evicted by whoever reads. */
#pragma once

#include "buf.h"

#include <stddef.h>
#include <stdint.h>

struct dz_bytes {
    const char *at;
    uint32_t size;
};

enum dz_peer_role { DZ_PEER_FRONT = 1, DZ_PEER_ZYGOTE, DZ_PEER_WORKER, DZ_PEER_REPLAY };
enum dz_when { DZ_SETUP, DZ_CALL, DZ_TEARDOWN, DZ_OTHER };
enum dz_reported { DZ_PASSED, DZ_FAILED, DZ_SKIPPED };
enum dz_cut_answer {
    DZ_CUT_SHEET,
    DZ_CUT_CHANGED, /* the file has not, or no longer, the content that was asked for */
    DZ_CUT_GONE,    /* it cannot be read */
    DZ_CUT_FAILED,  /* it has no sheet for another reason: memory, nested too deeply */
};
enum dz_start { DZ_START_FORK, DZ_START_SPAWN };
/* Exit statuses of processes that have no other way to say it. */
enum dz_leave {
    DZ_LEAVE_DONE = 0,
    DZ_LEAVE_UNFIT = 78,   /* the shim is not this python's, or not this dagz-python's */
    DZ_LEAVE_ASTRAY = 94,  /* forked by a test, and returned into pytest */
    DZ_LEAVE_CUT_OFF = 95, /* its link to the host is broken */
};
/* Why a job's run ended, as pytest shall see it. */
enum dz_end_reason {
    DZ_END_DONE,
    DZ_END_EXIT,
    DZ_END_INTERRUPT,
    DZ_END_SHOULDSTOP,
    DZ_END_SHOULDFAIL,
    DZ_END_INTERNAL
};

#define DZ_U8(name) uint8_t name;
#define DZ_U32(name) uint32_t name;
#define DZ_U64(name) uint64_t name;
#define DZ_F64(name) double name;
#define DZ_BYTES(name) struct dz_bytes name;
#define DZ_MSG(name, fields) \
    struct dz_msg_##name {   \
        fields               \
    };
#include "wire.def"

enum dz_msg_type {
    DZ_MSG_NONE,
#define DZ_MSG(name, fields) DZ_MSG_##name,
#include "wire.def"
    DZ_MSG_COUNT,
};

struct dz_msg {
    enum dz_msg_type type;
    union {
#define DZ_MSG(name, fields) struct dz_msg_##name name;
#include "wire.def"
    };
};

#define DZ_FRAME_HEADER 12
#define DZ_FRAME_MOST (1u << 30)

/* Appends one frame. A failure shows in the buffer (dz_buf_ok). */
void dz_wire_put(struct dz_buf *buf, const struct dz_msg *msg);

/* Takes the frame at the start of these bytes: > 0 its whole size, 0 when more bytes are needed,
 * -EBADMSG when this can never become one. Byte fields are borrowed from at. */
long dz_wire_take(const char *at, size_t size, struct dz_msg *ret_msg);

/* Of all rows: who has others speaks another language. */
uint64_t dz_wire_version(void);

const char *dz_msg_name(enum dz_msg_type type);
/* How many fields its row has. */
unsigned dz_msg_fields(enum dz_msg_type type);

static inline struct dz_bytes dz_bytes(const void *at, size_t size)
{
    return (struct dz_bytes){at, (uint32_t)size};
}
