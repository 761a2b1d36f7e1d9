#include "buf.h"

#include "mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

char *dz_buf_room(struct dz_buf *buf, size_t size)
{
    if (buf->failed)
        return NULL;
    if (!buf->data || buf->cap - buf->len < size) {
        size_t cap = buf->cap ? buf->cap : 256;
        while (cap - buf->len < size)
            cap *= 2;
        char *data = dz_realloc(buf->data, cap);
        if (!data) {
            buf->failed = 1;
            return NULL;
        }
        buf->data = data;
        buf->cap = cap;
    }
    return buf->data + buf->len;
}

void dz_buf_put(struct dz_buf *buf, const void *bytes, size_t size)
{
    char *room = dz_buf_room(buf, size);
    if (!room)
        return;
    if (size)
        memcpy(room, bytes, size);
    buf->len += size;
}

void dz_buf_str(struct dz_buf *buf, const char *text)
{
    dz_buf_put(buf, text, strlen(text));
}

void dz_buf_fmt(struct dz_buf *buf, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *room = n < 0 ? NULL : dz_buf_room(buf, (size_t)n + 1);
    if (room) {
        vsnprintf(room, (size_t)n + 1, fmt, again);
        buf->len += (size_t)n;
    }
    va_end(again);
}

void dz_buf_drop(struct dz_buf *buf, size_t size)
{
    memmove(buf->data, buf->data + size, buf->len - size);
    buf->len -= size;
}

void dz_buf_free(struct dz_buf *buf)
{
    dz_free(buf->data);
    *buf = (struct dz_buf){0};
}
