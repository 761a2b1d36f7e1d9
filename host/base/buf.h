/* A growing run of bytes. A failed growth sticks: later puts do nothing and dz_buf_ok says 0, so a
 * writer checks once, at its end. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct dz_buf {
    char *data;
    size_t len, cap;
    int failed;
};

void dz_buf_put(struct dz_buf *buf, const void *bytes, size_t size);
void dz_buf_str(struct dz_buf *buf, const char *text);
__attribute__((format(printf, 2, 3))) void dz_buf_fmt(struct dz_buf *buf, const char *fmt, ...);
/* Room for size more bytes behind len, or NULL; the caller fills and raises len. */
char *dz_buf_room(struct dz_buf *buf, size_t size);
/* Drops the first size bytes. */
void dz_buf_drop(struct dz_buf *buf, size_t size);
void dz_buf_free(struct dz_buf *buf);

static inline int dz_buf_ok(const struct dz_buf *buf)
{
    return !buf->failed;
}
#define dz_autobuf __attribute__((cleanup(dz_buf_free)))
