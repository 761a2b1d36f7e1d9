/* A junit file as plain as can be, for when no pytest is left to write one. */
#pragma once

#include "../base/err.h"
#include "../base/wire.h"

struct dz_junit_case {
    const char *nodeid;
    uint64_t duration_us;
    enum dz_reported outcome;
    struct dz_bytes text; /* of a failure */
};

/* The failure among what its process reported (report, event, death), or what became of the process. */
struct dz_junit_case dz_junit_told(const char *nodeid, struct dz_bytes frames);
/* Of a session that has run nothing, as pytest writes it. when: in ISO 8601. */
int dz_junit_write_none(const char *path, uint64_t duration_us, const char *when, const char *host,
                        struct dz_err *err);
/* Named as pytest names them: the path with dots as class, what follows the last :: as name. */
int dz_junit_write(const char *path, const struct dz_junit_case *cases, size_t n,
                   struct dz_err *err);
