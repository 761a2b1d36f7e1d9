/* Numbers in as few bytes as they need: seven bits in each, the lowest first, the eighth set where more follow. */
#pragma once

#include "buf.h"

#include <stdint.h>

enum { DZ_VARINT_MOST = 10 };

static inline void dz_varint_put(struct dz_buf *to, uint64_t number)
{
    char *at = to->cap - to->len >= DZ_VARINT_MOST && !to->failed ? to->data + to->len
                                                                  : dz_buf_room(to, DZ_VARINT_MOST);
    if (!at)
        return;
    size_t n = 0;
    for (; number >= 0x80; number >>= 7)
        at[n++] = (char)(number | 0x80);
    at[n++] = (char)number;
    to->len += n;
}

/* Of either sign, as a small number where it is near to 0. */
static inline void dz_varint_put_signed(struct dz_buf *to, int64_t number)
{
    dz_varint_put(to, ((uint64_t)number << 1) ^ (number < 0 ? UINT64_MAX : 0));
}

/* Bytes that are read from the front. What is not there, or is no number, is 0 and makes it bad. */
struct dz_cursor {
    const uint8_t *at, *end;
    int bad;
};

static inline uint64_t dz_varint_take(struct dz_cursor *from)
{
    uint64_t number = 0;
    for (unsigned shift = 0; from->at < from->end && shift < 64; shift += 7) {
        uint8_t byte = *from->at++;
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return number;
    }
    from->bad = 1;
    return 0;
}

static inline int64_t dz_varint_take_signed(struct dz_cursor *from)
{
    uint64_t number = dz_varint_take(from);
    return (int64_t)((number >> 1) ^ (number & 1 ? UINT64_MAX : 0));
}

/* NULL where there are not so many left. */
static inline const uint8_t *dz_cursor_take(struct dz_cursor *from, size_t size)
{
    const uint8_t *at = from->at;
    if ((size_t)(from->end - at) < size) {
        from->bad = 1;
        return NULL;
    }
    from->at += size;
    return at;
}
