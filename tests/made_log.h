/* Logs as a process of a job writes them (host/base/log.def), a call for each frame. */
#pragma once

#include "../host/base/buf.h"
#include "../host/base/log.h"
#include "../host/base/wire.h"

#include <string.h>

static inline struct dz_bytes bytes_of(const char *text)
{
    return dz_bytes(text, strlen(text));
}

/* How many of each its parent had told when it was forked. */
struct told {
    uint32_t strings, codes, spans;
};

static inline void put_head(struct dz_buf *log, enum dz_log_origin origin, const char *parent,
                            struct told told, uint32_t open)
{
    struct dz_msg msg = {.type = DZ_MSG_log,
                         .log = {.version = DZ_LOG_VERSION,
                                 .pid = 7,
                                 .origin = (uint8_t)origin,
                                 .parent = bytes_of(parent),
                                 .open = dz_bytes(&open, open ? sizeof open : 0),
                                 .strings = told.strings,
                                 .codes = told.codes,
                                 .spans = told.spans,
                                 .rootdir = bytes_of("/p"),
                                 .probe = bytes_of("frame"),
                                 .python = bytes_of("3.12")}};
    dz_wire_put(log, &msg);
}

static inline void put_string(struct dz_buf *log, uint32_t id, const char *text)
{
    dz_wire_put(log,
                &(struct dz_msg){.type = DZ_MSG_log_string, .log_string = {id, bytes_of(text)}});
}

static inline void put_code(struct dz_buf *log, uint32_t id, uint8_t kind, uint32_t file,
                            uint32_t line, uint32_t name)
{
    dz_wire_put(
        log, &(struct dz_msg){.type = DZ_MSG_log_code, .log_code = {id, kind, file, line, name}});
}

static inline void put_source(struct dz_buf *log, uint32_t file, const char *hash, size_t size)
{
    dz_wire_put(log, &(struct dz_msg){.type = DZ_MSG_log_source,
                                      .log_source = {file, 100, dz_bytes(hash, size)}});
}

static inline void put_span(struct dz_buf *log, uint32_t id, uint32_t parent, uint8_t type,
                            uint32_t name)
{
    dz_wire_put(log, &(struct dz_msg){.type = DZ_MSG_log_span,
                                      .log_span = {id, parent, type, 1000 * id, name}});
}

static inline void put_ran_bytes(struct dz_buf *log, uint32_t span, const void *codes, size_t size)
{
    dz_wire_put(log,
                &(struct dz_msg){.type = DZ_MSG_log_ran, .log_ran = {span, dz_bytes(codes, size)}});
}

static inline void put_fact(struct dz_buf *log, uint32_t span, uint8_t fact, uint32_t string,
                            uint64_t value)
{
    dz_wire_put(log,
                &(struct dz_msg){.type = DZ_MSG_log_fact, .log_fact = {span, fact, string, value}});
}

static inline void put_end(struct dz_buf *log, uint32_t span)
{
    dz_wire_put(log,
                &(struct dz_msg){.type = DZ_MSG_log_end, .log_end = {span, 1000 * span + 500}});
}

static inline void put_close(struct dz_buf *log)
{
    dz_wire_put(log, &(struct dz_msg){.type = DZ_MSG_log_close});
}
