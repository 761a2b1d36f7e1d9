/* What the processes of one job have observed, read from the logs in its folder (host/base/log.def).
 *
 * Logs are input: written by processes that run users' tests, and cut off where one was killed. What is whole is
 * taken; a span is complete only when its end is there, and what a log does not tell rightly makes its spans
 * incomplete, never wrong.
 *
 * All numbers here are of the whole job: strings, codes and spans of all logs in one row each, equal ones once. */
#pragma once

#include "../base/bits.h"
#include "../base/err.h"
#include "../base/log.h"

struct dz_observed_code {
    uint32_t file, line, name; /* strings; a package's file has no line and no name */
    enum dz_code_kind kind;
};

/* Why a span leans on another one: bits of a LEAN's string. */
enum dz_lean {
    DZ_LEAN_NEEDS =
        1 << 0, /* it was told so, or its code's module was imported there, or it has forked it */
    DZ_LEAN_READS = 1 << 1, /* what that has left changed */
};

struct dz_observed_fact {
    enum dz_fact fact;
    uint32_t string; /* 0: none; of LEAN: dz_lean */
    uint64_t value;  /* of LEAN: a span */
};

struct dz_observed_span {
    enum dz_span_type type;
    uint32_t name;
    uint32_t parent; /* the span it began in, or NONE */
    uint32_t log;
    uint64_t start_us, stop_us;
    int complete;
    struct dz_bits codes;
    struct dz_observed_fact *facts;
    uint32_t n_facts;
    /* Forked children that began in it: as told by the forks seen, and by what they have begun to tell. */
    uint32_t n_forks, n_children;
};

struct dz_observed_source {
    uint32_t file;
    uint64_t size;
    unsigned char hash[16];
    int known; /* 0: it could not be read when its code was met */
};

struct dz_observed_log {
    char *name, *parent;
    char *probe, *rootdir, *python;
    uint32_t pid;
    enum dz_log_origin origin;
    int closed;        /* its process has said its last word */
    const char *fault; /* a sentence where it could not be read to its end */
};

#define DZ_OBSERVED_NONE UINT32_MAX

struct dz_observations {
    struct dz_observed_log *logs;
    uint32_t n_logs;
    char **strings; /* from 1 on */
    uint32_t n_strings;
    struct dz_observed_code *codes;
    uint32_t n_codes;
    struct dz_observed_span *spans;
    uint32_t n_spans;
    struct dz_observed_source *sources;
    uint32_t n_sources;
    struct reading *reading;
};

/* What is added from here on tells of its sources, and of all facts only what was written; of no span what ran. Which
 * sources there are costs a third of the whole. Negative with a sentence when there is no memory. */
int dz_observations_begin_sources(struct dz_observations *ret, struct dz_err *err);
/* Adds a log, from its bytes: a parent's before its children's. 0, or negative with a sentence when there is no memory. */
int dz_observations_add(struct dz_observations *all, const char *name, const char *bytes,
                        size_t size, struct dz_err *err);
/* After the last log: who leans on whom besides what was told: code on its module's import, a fork's parent on it. */
int dz_observations_join(struct dz_observations *all, struct dz_err *err);
/* Why this span may have depended on more than what is told: the n-th sentence, from 0 on; NULL behind the last. */
const char *dz_observations_doubt(const struct dz_observations *all, uint32_t span, unsigned n);
/* One span reads what others have left changed; these are used up. Negative when there is no memory. */
int dz_observations_lean(struct dz_observations *all, uint32_t span, struct dz_bits *on);
/* The log of the process that this log's was forked from, or NONE. */
uint32_t dz_observations_parent(const struct dz_observations *all, uint32_t log);
void dz_observations_free(struct dz_observations *all);

/* The version of the python that the job ran with, 3.12; "" where no log tells. */
const char *dz_observations_python(const struct dz_observations *all);

/* The last complete span of this test, or the last incomplete one, or NONE. */
uint32_t dz_observations_test(const struct dz_observations *all, const char *nodeid);
/* This span and all that it leans on, directly or not. */
int dz_observations_closure(const struct dz_observations *all, uint32_t span, struct dz_bits *ret);
