#include "wire.h"

#include <errno.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

struct header {
    uint32_t size, type, check;
};
_Static_assert(sizeof(struct header) == DZ_FRAME_HEADER, "headers are copied as they are");

static uint32_t check_of(uint32_t type, const char *body, size_t size)
{
    return (uint32_t)XXH3_64bits_withSeed(body, size, ((uint64_t)type << 32) | size);
}

/* One function to write and one to read, for each row of the table. */
#define DZ_U8(name) dz_buf_put(buf, &m->name, 1);
#define DZ_U32(name) dz_buf_put(buf, &m->name, 4);
#define DZ_U64(name) dz_buf_put(buf, &m->name, 8);
#define DZ_F64(name) dz_buf_put(buf, &m->name, 8);
#define DZ_BYTES(name)                 \
    dz_buf_put(buf, &m->name.size, 4); \
    dz_buf_put(buf, m->name.at, m->name.size);
#define DZ_MSG(name, fields)                                                  \
    static void put_##name(struct dz_buf *buf, const struct dz_msg_##name *m) \
    {                                                                         \
        (void)buf, (void)m;                                                   \
        fields                                                                \
    }
#include "wire.def"

static int get(const char **at, const char *end, void *to, size_t size)
{
    if ((size_t)(end - *at) < size)
        return 0;
    memcpy(to, *at, size);
    *at += size;
    return 1;
}

static int get_bytes(const char **at, const char *end, struct dz_bytes *to)
{
    if (!get(at, end, &to->size, 4) || (size_t)(end - *at) < to->size)
        return 0;
    to->at = *at;
    *at += to->size;
    return 1;
}

#define DZ_U8(name) &&get(&at, end, &m->name, 1)
#define DZ_U32(name) &&get(&at, end, &m->name, 4)
#define DZ_U64(name) &&get(&at, end, &m->name, 8)
#define DZ_F64(name) &&get(&at, end, &m->name, 8)
#define DZ_BYTES(name) &&get_bytes(&at, end, &m->name)
#define DZ_MSG(name, fields)                                                        \
    static int get_##name(const char *at, const char *end, struct dz_msg_##name *m) \
    {                                                                               \
        (void)m;                                                                    \
        return 1 fields && at == end;                                               \
    }
#include "wire.def"

static void put_body(struct dz_buf *buf, const struct dz_msg *msg)
{
    switch (msg->type) {
#define DZ_MSG(name, fields)         \
    case DZ_MSG_##name:              \
        put_##name(buf, &msg->name); \
        return;
#include "wire.def"
    case DZ_MSG_NONE:
    case DZ_MSG_COUNT:
        buf->failed = 1;
    }
}

static int get_body(const char *at, const char *end, struct dz_msg *msg)
{
    switch (msg->type) {
#define DZ_MSG(name, fields) \
    case DZ_MSG_##name:      \
        return get_##name(at, end, &msg->name);
#include "wire.def"
    case DZ_MSG_NONE:
    case DZ_MSG_COUNT:
        break;
    }
    return 0;
}

void dz_wire_put(struct dz_buf *buf, const struct dz_msg *msg)
{
    size_t start = buf->len;
    struct header header = {0};
    dz_buf_put(buf, &header, sizeof header);
    put_body(buf, msg);
    size_t size = buf->len - start - sizeof header;
    if (!dz_buf_ok(buf) || size > DZ_FRAME_MOST) {
        buf->failed = 1;
        return;
    }
    const char *body = buf->data + start + sizeof header;
    header = (struct header){(uint32_t)size, msg->type, check_of(msg->type, body, size)};
    memcpy(buf->data + start, &header, sizeof header);
}

long dz_wire_take(const char *at, size_t size, struct dz_msg *ret_msg)
{
    struct header header;
    if (size < sizeof header)
        return 0;
    memcpy(&header, at, sizeof header);
    if (header.size > DZ_FRAME_MOST || header.type <= DZ_MSG_NONE || header.type >= DZ_MSG_COUNT)
        return -EBADMSG;
    if (size - sizeof header < header.size)
        return 0;
    const char *body = at + sizeof header;
    if (check_of(header.type, body, header.size) != header.check)
        return -EBADMSG;
    ret_msg->type = (enum dz_msg_type)header.type;
    if (!get_body(body, body + header.size, ret_msg))
        return -EBADMSG;
    return (long)(sizeof header + header.size);
}

uint64_t dz_wire_version(void)
{
    static const char rows[] = DZ_VERSION
#define DZ_MSG(name, fields) " " #name " " #fields
#include "wire.def"
        ;
    return XXH3_64bits(rows, sizeof rows - 1);
}

const char *dz_msg_name(enum dz_msg_type type)
{
    static const char *const names[] = {
        "none",
#define DZ_MSG(name, fields) #name,
#include "wire.def"
    };
    return type < DZ_MSG_COUNT ? names[type] : "unknown";
}

unsigned dz_msg_fields(enum dz_msg_type type)
{
#define DZ_U8(name) +1
#define DZ_U32(name) +1
#define DZ_U64(name) +1
#define DZ_F64(name) +1
#define DZ_BYTES(name) +1
#define DZ_MSG(name, fields) 0 fields,
    static const unsigned char counts[] = {
        0,
#include "wire.def"
    };
    return counts[type];
}
