#include "observations.h"

#include "../base/mem.h"
#include "../base/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* A log's numbers in the job's: own ones from the base on, below it its parent's. */
struct numbers {
    uint32_t base, n, cap;
    uint32_t *ours; /* by number - base - 1; 0 or NONE: not told */
};

/* What is needed of a log while others are read that refer to it. */
struct told {
    uint32_t parent; /* log, or NONE */
    struct numbers strings, codes, spans;
};

struct table {
    uint32_t *slots; /* index + 1 */
    uint32_t mask, n;
};

struct reading {
    struct told *told;
    struct table strings, codes;
    int sources_only;
    uint32_t strings_cap, codes_cap, spans_cap, sources_cap, logs_cap;
};

/* ---- growing ---- */

static int widen(struct table *table)
{
    uint32_t size = table->slots ? 2 * (table->mask + 1) : 256;
    uint32_t *slots = dz_alloc(size * sizeof *slots);
    if (!slots)
        return 0;
    dz_free(table->slots);
    table->slots = slots;
    table->mask = size - 1;
    return 1;
}

/* ---- equal ones once ---- */

static uint64_t hash_of_string(const char *text, size_t size)
{
    return XXH3_64bits(text, size);
}

static uint32_t *slot_of_string(struct dz_observations *all, const char *text, size_t size)
{
    struct table *table = &all->reading->strings;
    for (uint32_t at = (uint32_t)hash_of_string(text, size) & table->mask;;
         at = (at + 1) & table->mask) {
        uint32_t *slot = &table->slots[at];
        if (!*slot || (strlen(all->strings[*slot - 1]) == size &&
                       memcmp(all->strings[*slot - 1], text, size) == 0))
            return slot;
    }
}

static int widen_strings(struct dz_observations *all)
{
    if (!widen(&all->reading->strings))
        return 0;
    for (uint32_t i = 0; i < all->n_strings; i++)
        *slot_of_string(all, all->strings[i], strlen(all->strings[i])) = i + 1;
    return 1;
}

/* Its number from 1 on; 0 when there is no memory. */
static uint32_t string_of(struct dz_observations *all, struct dz_bytes bytes)
{
    struct reading *reading = all->reading;
    /* A NUL cannot be in a name: what stands behind one is not looked at. */
    size_t size = strnlen(bytes.at, bytes.size);
    if (2 * (all->n_strings + 1) > reading->strings.mask && !widen_strings(all))
        return 0;
    uint32_t *slot = slot_of_string(all, bytes.at, size);
    if (*slot)
        return *slot;
    char *text = dz_memdup(bytes.at, size);
    if (!text ||
        !dz_has_room(&all->strings, all->n_strings, &reading->strings_cap, sizeof *all->strings)) {
        dz_free(text);
        return 0;
    }
    all->strings[all->n_strings++] = text;
    *slot = all->n_strings;
    return *slot;
}

static uint32_t *slot_of_code(struct dz_observations *all, const struct dz_observed_code *code)
{
    struct table *table = &all->reading->codes;
    for (uint32_t at = (uint32_t)XXH3_64bits(code, sizeof *code) & table->mask;;
         at = (at + 1) & table->mask) {
        uint32_t *slot = &table->slots[at];
        if (!*slot || memcmp(&all->codes[*slot - 1], code, sizeof *code) == 0)
            return slot;
    }
}

static int widen_codes(struct dz_observations *all)
{
    if (!widen(&all->reading->codes))
        return 0;
    for (uint32_t i = 0; i < all->n_codes; i++)
        *slot_of_code(all, &all->codes[i]) = i + 1;
    return 1;
}

static uint32_t code_of(struct dz_observations *all, struct dz_observed_code code)
{
    struct reading *reading = all->reading;
    if (2 * (all->n_codes + 1) > reading->codes.mask && !widen_codes(all))
        return 0;
    uint32_t *slot = slot_of_code(all, &code);
    if (*slot)
        return *slot;
    if (!dz_has_room(&all->codes, all->n_codes, &reading->codes_cap, sizeof *all->codes))
        return 0;
    all->codes[all->n_codes++] = code;
    *slot = all->n_codes;
    return *slot;
}

/* ---- a log's numbers ---- */

static int tell_number(struct numbers *numbers, uint32_t number, uint32_t ours)
{
    /* They come one after another: another one is not what we write. */
    if (number != numbers->base + numbers->n + 1)
        return -EBADMSG;
    if (!dz_has_room(&numbers->ours, numbers->n, &numbers->cap, sizeof *numbers->ours))
        return -ENOMEM;
    numbers->ours[numbers->n++] = ours;
    return 0;
}

enum which { STRINGS, CODES, SPANS };

static const struct numbers *numbers_of(const struct told *told, enum which which)
{
    return which == STRINGS ? &told->strings : which == CODES ? &told->codes : &told->spans;
}

/* 0 where this log has told no such number. */
static uint32_t look_up(const struct dz_observations *all, uint32_t log, enum which which,
                        uint32_t number)
{
    while (log != DZ_OBSERVED_NONE) {
        const struct told *told = &all->reading->told[log];
        const struct numbers *numbers = numbers_of(told, which);
        if (number > numbers->base)
            return number - numbers->base <= numbers->n ? numbers->ours[number - numbers->base - 1]
                                                        : 0;
        log = told->parent;
    }
    return 0;
}

/* ---- frames ---- */

struct place {
    struct dz_observations *all;
    uint32_t log;
};

static uint32_t string_at(const struct place *place, uint32_t number)
{
    return look_up(place->all, place->log, STRINGS, number);
}

static struct dz_observed_span *span_at(const struct place *place, uint32_t number)
{
    uint32_t ours = look_up(place->all, place->log, SPANS, number);
    return ours ? &place->all->spans[ours - 1] : NULL;
}

static uint32_t log_named(const struct dz_observations *all, struct dz_bytes name)
{
    for (uint32_t i = 0; i < all->n_logs; i++)
        if (all->logs[i].name && strlen(all->logs[i].name) == name.size &&
            memcmp(all->logs[i].name, name.at, name.size) == 0)
            return i;
    return DZ_OBSERVED_NONE;
}

static int take_header(const struct place *place, const struct dz_msg_log *log)
{
    struct dz_observed_log *ours = &place->all->logs[place->log];
    struct told *told = &place->all->reading->told[place->log];
    if (log->version != DZ_LOG_VERSION || log->origin > DZ_LOG_CHILD || ours->probe)
        return -EBADMSG;
    ours->pid = log->pid;
    ours->origin = (enum dz_log_origin)log->origin;
    ours->parent = dz_memdup(log->parent.at, log->parent.size);
    ours->probe = dz_memdup(log->probe.at, log->probe.size);
    ours->rootdir = dz_memdup(log->rootdir.at, log->rootdir.size);
    ours->python = dz_memdup(log->python.at, log->python.size);
    uint32_t parent = log->parent.size ? log_named(place->all, log->parent) : DZ_OBSERVED_NONE;
    if (parent == place->log || (log->parent.size && parent == DZ_OBSERVED_NONE))
        return -EBADMSG;
    told->parent = parent;
    told->strings.base = log->strings;
    told->codes.base = log->codes;
    told->spans.base = log->spans;
    return ours->parent && ours->probe && ours->rootdir && ours->python ? 0 : -ENOMEM;
}

static int take_string(const struct place *place, const struct dz_msg_log_string *string)
{
    uint32_t ours = string_of(place->all, string->text);
    struct told *told = &place->all->reading->told[place->log];
    return ours ? tell_number(&told->strings, string->id, ours) : -ENOMEM;
}

static int take_code(const struct place *place, const struct dz_msg_log_code *code)
{
    struct told *told = &place->all->reading->told[place->log];
    uint32_t file = string_at(place, code->file);
    if (!file || code->kind > DZ_CODE_PACKAGE)
        return -EBADMSG;
    uint32_t ours = code_of(place->all, (struct dz_observed_code){file, code->line,
                                                                  string_at(place, code->name),
                                                                  (enum dz_code_kind)code->kind});
    return ours ? tell_number(&told->codes, code->id, ours) : -ENOMEM;
}

static int take_source(const struct place *place, const struct dz_msg_log_source *source)
{
    struct dz_observations *all = place->all;
    struct dz_observed_source ours = {.file = string_at(place, source->file),
                                      .size = source->size,
                                      .known = source->hash.size == sizeof ours.hash};
    if (!ours.file || (source->hash.size && !ours.known))
        return -EBADMSG;
    if (ours.known)
        memcpy(ours.hash, source->hash.at, sizeof ours.hash);
    if (!dz_has_room(&all->sources, all->n_sources, &all->reading->sources_cap,
                     sizeof *all->sources))
        return -ENOMEM;
    all->sources[all->n_sources++] = ours;
    return 0;
}

static int take_span(const struct place *place, const struct dz_msg_log_span *span)
{
    struct dz_observations *all = place->all;
    uint32_t name = string_at(place, span->name);
    if (!name || span->type >= DZ_SPAN_TYPES)
        return -EBADMSG;
    if (!dz_has_room(&all->spans, all->n_spans, &all->reading->spans_cap, sizeof *all->spans))
        return -ENOMEM;
    uint32_t parent = span->parent ? look_up(all, place->log, SPANS, span->parent) : 0;
    if (parent && span->type == DZ_SPAN_FORK)
        all->spans[parent - 1].n_children++;
    all->spans[all->n_spans++] = (struct dz_observed_span){
        .type = (enum dz_span_type)span->type,
        .name = name,
        .parent = parent ? parent - 1 : DZ_OBSERVED_NONE,
        .log = place->log,
        .start_us = span->start_us,
    };
    return tell_number(&all->reading->told[place->log].spans, span->span, all->n_spans);
}

/* -1 at the end, -EBADMSG where it is no number. */
static int64_t take_distance(const char **at, const char *end)
{
    uint64_t distance = 0;
    for (unsigned shift = 0; *at < end && shift < 35; shift += 7) {
        unsigned char digit = (unsigned char)*(*at)++;
        distance |= (uint64_t)(digit & 0x7f) << shift;
        if (!(digit & 0x80))
            return distance <= UINT32_MAX ? (int64_t)distance : -EBADMSG;
    }
    return -EBADMSG;
}

static int take_ran(const struct place *place, const struct dz_msg_log_ran *ran)
{
    struct dz_observed_span *span = span_at(place, ran->span);
    const char *at = ran->codes.at, *end = at + ran->codes.size;
    uint32_t number = 0;
    while (span && at < end) {
        int64_t distance = take_distance(&at, end);
        if (distance < 0 || distance > UINT32_MAX - number)
            return -EBADMSG;
        number += (uint32_t)distance;
        uint32_t ours = look_up(place->all, place->log, CODES, number);
        if (!ours)
            return -EBADMSG;
        if (dz_bits_set(&span->codes, ours - 1) < 0)
            return -ENOMEM;
    }
    return span ? 0 : -EBADMSG;
}

/* Room for a power of two, from four on, as most have few. */
static int add_fact(struct dz_observed_span *span, struct dz_observed_fact fact)
{
    uint32_t n = span->n_facts;
    if (n == 0 || (n >= 4 && (n & (n - 1)) == 0)) {
        void *facts = dz_realloc(span->facts, (n ? 2 * n : 4) * sizeof *span->facts);
        if (!facts)
            return -ENOMEM;
        span->facts = facts;
    }
    span->facts[span->n_facts++] = fact;
    return 0;
}

static int add_lean(struct dz_observed_span *span, uint32_t on, uint32_t why)
{
    for (uint32_t i = 0; i < span->n_facts; i++)
        if (span->facts[i].fact == DZ_FACT_LEAN && span->facts[i].value == on) {
            span->facts[i].string |= why;
            return 0;
        }
    return add_fact(span, (struct dz_observed_fact){DZ_FACT_LEAN, why, on});
}

static int take_fact(const struct place *place, const struct dz_msg_log_fact *told)
{
    struct dz_observed_span *span = span_at(place, told->span);
    struct dz_observed_fact fact = {(enum dz_fact)told->fact, 0, told->value};
    if (!span || told->fact >= DZ_FACTS)
        return -EBADMSG;
    if (told->string && !(fact.string = string_at(place, told->string)))
        return -EBADMSG;
    if (fact.fact == DZ_FACT_WROTE &&
        (!fact.string || !strstr(place->all->strings[fact.string - 1], "::")))
        return -EBADMSG;
    if (fact.fact == DZ_FACT_FORKED)
        span->n_forks++;
    if (fact.fact == DZ_FACT_LEAN) {
        uint32_t ours = told->value <= UINT32_MAX
                            ? look_up(place->all, place->log, SPANS, (uint32_t)told->value)
                            : 0;
        if (!ours)
            return -EBADMSG;
        fact.string = DZ_LEAN_NEEDS;
        fact.value = ours - 1;
    }
    return add_fact(span, fact);
}

static int take_end(const struct place *place, const struct dz_msg_log_end *end)
{
    struct dz_observed_span *span = span_at(place, end->span);
    if (!span)
        return -EBADMSG;
    /* A child that was forked in the middle of a span of its parent's leaves that too: it is not over by that. */
    if (span->log != place->log)
        return 0;
    span->complete = 1;
    span->stop_us = end->stop_us;
    return 0;
}

static int is_of_no_source(const struct dz_msg *msg)
{
    return msg->type == DZ_MSG_log_ran || msg->type == DZ_MSG_log_code ||
           (msg->type == DZ_MSG_log_fact && msg->log_fact.fact != DZ_FACT_WRITTEN);
}

static int take(const struct place *place, const struct dz_msg *msg)
{
    struct dz_observed_log *log = &place->all->logs[place->log];
    if (!log->probe && msg->type != DZ_MSG_log)
        return -EBADMSG;
    /* An execve that failed goes on after what was to be the last word. */
    log->closed = 0;
    if (place->all->reading->sources_only && is_of_no_source(msg))
        return 0;
    switch (msg->type) {
    case DZ_MSG_log:
        return take_header(place, &msg->log);
    case DZ_MSG_log_string:
        return take_string(place, &msg->log_string);
    case DZ_MSG_log_code:
        return take_code(place, &msg->log_code);
    case DZ_MSG_log_source:
        return take_source(place, &msg->log_source);
    case DZ_MSG_log_span:
        return take_span(place, &msg->log_span);
    case DZ_MSG_log_ran:
        return take_ran(place, &msg->log_ran);
    case DZ_MSG_log_fact:
        return take_fact(place, &msg->log_fact);
    case DZ_MSG_log_end:
        return take_end(place, &msg->log_end);
    case DZ_MSG_log_close:
        log->closed = 1;
        return 0;
    default:
        return -EBADMSG;
    }
}

/* What was taken for the log, but not written to yet, is zeros. */
static int is_rest(const char *at, size_t size)
{
    static const char zeros[DZ_FRAME_HEADER];
    return size < sizeof zeros || memcmp(at + 4, zeros, 4) == 0;
}

static int take_all(const struct place *place, const char *at, size_t size)
{
    while (size && !is_rest(at, size)) {
        struct dz_msg msg;
        long n = dz_wire_take(at, size, &msg);
        int r = n > 0 ? take(place, &msg) : -EBADMSG;
        if (r == -ENOMEM)
            return r;
        if (r < 0) {
            place->all->logs[place->log].fault = "a record in it is damaged";
            place->all->logs[place->log].closed = 0;
            return 0;
        }
        at += n;
        size -= (size_t)n;
    }
    return 0;
}

int dz_observations_add(struct dz_observations *all, const char *name, const char *bytes,
                        size_t size, struct dz_err *err)
{
    if (!all->reading)
        all->reading = dz_alloc(sizeof *all->reading);
    struct reading *reading = all->reading;
    uint32_t cap = reading ? reading->logs_cap : 0;
    char *copy = dz_strdup(name);
    if (!reading || !copy ||
        !dz_has_room(&reading->told, all->n_logs, &cap, sizeof *reading->told) ||
        !dz_has_room(&all->logs, all->n_logs, &reading->logs_cap, sizeof *all->logs)) {
        dz_free(copy);
        return dz_fail(err, -ENOMEM, "cannot read what was observed");
    }
    reading->told[all->n_logs] = (struct told){.parent = DZ_OBSERVED_NONE};
    all->logs[all->n_logs] = (struct dz_observed_log){.name = copy};
    struct place place = {all, all->n_logs++};
    int r = take_all(&place, bytes, size);
    return r < 0 ? dz_fail(err, r, "cannot read what was observed") : 0;
}

int dz_observations_begin_sources(struct dz_observations *ret, struct dz_err *err)
{
    *ret = (struct dz_observations){.reading = dz_alloc(sizeof *ret->reading)};
    if (!ret->reading)
        return dz_fail(err, -ENOMEM, "cannot read what was observed");
    ret->reading->sources_only = 1;
    return 0;
}

/* ---- joining ---- */

/* A span that the module of a file was imported in. */
struct import {
    uint32_t file, log, span;
};

static int by_file_and_log(const void *one, const void *other)
{
    const struct import *a = one, *b = other;
    if (a->file != b->file)
        return a->file < b->file ? -1 : 1;
    return a->log < b->log ? -1 : a->log > b->log;
}

static int list_imports(const struct dz_observations *all, struct import **ret, uint32_t *ret_n)
{
    uint32_t cap = 0;
    for (uint32_t i = 0; i < all->n_spans; i++) {
        const struct dz_observed_span *span = &all->spans[i];
        for (uint32_t k = 0; k < span->n_facts; k++) {
            if (span->facts[k].fact != DZ_FACT_SOURCE)
                continue;
            if (!dz_has_room(ret, *ret_n, &cap, sizeof **ret))
                return -ENOMEM;
            (*ret)[(*ret_n)++] = (struct import){span->facts[k].string, span->log, i};
        }
    }
    if (*ret_n)
        qsort(*ret, *ret_n, sizeof **ret, by_file_and_log);
    return 0;
}

/* How many are of a lesser file, or of this one and a lesser log. */
static uint32_t first_import(const struct import *imports, uint32_t n, const struct import *asked)
{
    uint32_t from = 0;
    while (n) {
        uint32_t half = n / 2;
        if (by_file_and_log(&imports[from + half], asked) < 0) {
            from += half + 1;
            n -= half + 1;
        } else
            n = half;
    }
    return from;
}

/* By its own process or those that this was forked from: what another has imported is not what it has. */
static int lean_on_imports_of(struct dz_observations *all, uint32_t number, uint32_t file,
                              const struct import *imports, uint32_t n)
{
    struct dz_observed_span *span = &all->spans[number];
    for (uint32_t log = span->log; log != DZ_OBSERVED_NONE; log = all->reading->told[log].parent) {
        struct import asked = {.file = file, .log = log};
        for (uint32_t i = first_import(imports, n, &asked);
             i < n && by_file_and_log(&imports[i], &asked) == 0; i++)
            if (imports[i].span != number && add_lean(span, imports[i].span, DZ_LEAN_NEEDS) < 0)
                return -ENOMEM;
    }
    return 0;
}

static int lean_on_imports(struct dz_observations *all)
{
    struct import *imports = NULL;
    uint32_t n = 0;
    int r = list_imports(all, &imports, &n);
    for (uint32_t i = 0; i < all->n_spans; i++) {
        const struct dz_bits *codes = &all->spans[i].codes;
        uint32_t last = 0;
        for (uint32_t code = 0; r == 0 && (code = dz_bits_next(codes, code)) != UINT32_MAX;
             code++) {
            uint32_t file = all->codes[code].file;
            /* Those of a file mostly stand together. */
            if (file != last)
                r = lean_on_imports_of(all, i, file, imports, n);
            last = file;
        }
    }
    dz_free(imports);
    return r;
}

static int lean_on_children(struct dz_observations *all)
{
    int r = 0;
    for (uint32_t i = 0; i < all->n_spans && r == 0; i++) {
        struct dz_observed_span *span = &all->spans[i];
        if (span->type != DZ_SPAN_FORK)
            continue;
        /* All that is in a child's log is in spans of it; the first of them is its own. */
        uint32_t parent = span->parent;
        if (parent != DZ_OBSERVED_NONE)
            r = add_lean(&all->spans[parent], i, DZ_LEAN_NEEDS);
        span->complete = all->logs[span->log].closed && !all->logs[span->log].fault;
    }
    return r;
}

int dz_observations_join(struct dz_observations *all, struct dz_err *err)
{
    if (lean_on_imports(all) < 0 || lean_on_children(all) < 0)
        return dz_fail(err, -ENOMEM, "cannot join what was observed");
    return 0;
}

int dz_observations_lean(struct dz_observations *all, uint32_t number, struct dz_bits *on)
{
    struct dz_observed_span *span = &all->spans[number];
    int r = 0;
    for (uint32_t i = 0; i < span->n_facts; i++)
        if (span->facts[i].fact == DZ_FACT_LEAN &&
            dz_bits_has(on, (uint32_t)span->facts[i].value)) {
            span->facts[i].string |= DZ_LEAN_READS;
            dz_bits_drop(on, (uint32_t)span->facts[i].value);
        }
    for (uint32_t i = 0; r == 0 && (i = dz_bits_next(on, i)) != UINT32_MAX; i++)
        r = add_fact(span, (struct dz_observed_fact){DZ_FACT_LEAN, DZ_LEAN_READS, i});
    return r;
}

/* ---- asking ---- */

uint32_t dz_observations_parent(const struct dz_observations *all, uint32_t log)
{
    return all->reading->told[log].parent;
}

/* The front's is the first, and workers are its forks; a child may run another. */
const char *dz_observations_python(const struct dz_observations *all)
{
    for (uint32_t i = 0; i < all->n_logs; i++)
        if (all->logs[i].python && all->logs[i].origin != DZ_LOG_CHILD)
            return all->logs[i].python;
    return "";
}

uint32_t dz_observations_test(const struct dz_observations *all, const char *nodeid)
{
    uint32_t found = DZ_OBSERVED_NONE;
    for (uint32_t i = 0; i < all->n_spans; i++) {
        const struct dz_observed_span *span = &all->spans[i];
        if (span->type != DZ_SPAN_TEST || strcmp(all->strings[span->name - 1], nodeid) != 0)
            continue;
        const struct dz_observed_span *best = found == DZ_OBSERVED_NONE ? NULL : &all->spans[found];
        if (!best || span->complete > best->complete ||
            (span->complete == best->complete && span->start_us >= best->start_us))
            found = i;
    }
    return found;
}

int dz_observations_closure(const struct dz_observations *all, uint32_t span, struct dz_bits *ret)
{
    uint32_t *due = dz_alloc((all->n_spans + 1) * sizeof *due);
    uint32_t n = 0;
    if (!due || dz_bits_set(ret, span) < 0) {
        dz_free(due);
        return -ENOMEM;
    }
    for (due[n++] = span; n;) {
        const struct dz_observed_span *at = &all->spans[due[--n]];
        for (uint32_t i = 0; i < at->n_facts; i++) {
            uint32_t next = (uint32_t)at->facts[i].value;
            if (at->facts[i].fact != DZ_FACT_LEAN || dz_bits_has(ret, next))
                continue;
            if (dz_bits_set(ret, next) < 0) {
                dz_free(due);
                return -ENOMEM;
            }
            due[n++] = next;
        }
    }
    dz_free(due);
    return 0;
}

const char *dz_observations_doubt(const struct dz_observations *all, uint32_t number, unsigned n)
{
    const struct dz_observed_span *span = &all->spans[number];
    const char *doubts[] = {
        /* What it gave was whole when it was used: how it would have ended decided nothing. */
        span->complete || span->type == DZ_SPAN_FIXTURE ? NULL
        : span->type == DZ_SPAN_FORK ? "a forked child ended without closing its log"
                                     : "the span has no end: its process was killed, or could "
                                       "write no more",
        span->n_forks > span->n_children ? "a forked child has left no log" : NULL,
        all->logs[span->log].fault,
    };
    for (size_t i = 0; i < sizeof doubts / sizeof *doubts; i++)
        if (doubts[i] && !n--)
            return doubts[i];
    return NULL;
}

static void free_numbers(struct told *told)
{
    dz_free(told->strings.ours);
    dz_free(told->codes.ours);
    dz_free(told->spans.ours);
}

void dz_observations_free(struct dz_observations *all)
{
    for (uint32_t i = 0; i < all->n_strings; i++)
        dz_free(all->strings[i]);
    for (uint32_t i = 0; i < all->n_spans; i++) {
        dz_bits_free(&all->spans[i].codes);
        dz_free(all->spans[i].facts);
    }
    for (uint32_t i = 0; i < all->n_logs; i++) {
        free_numbers(&all->reading->told[i]);
        dz_free(all->logs[i].name);
        dz_free(all->logs[i].parent);
        dz_free(all->logs[i].probe);
        dz_free(all->logs[i].rootdir);
        dz_free(all->logs[i].python);
    }
    if (all->reading) {
        dz_free(all->reading->told);
        dz_free(all->reading->strings.slots);
        dz_free(all->reading->codes.slots);
    }
    dz_free(all->reading);
    dz_free(all->strings);
    dz_free(all->codes);
    dz_free(all->spans);
    dz_free(all->sources);
    dz_free(all->logs);
    *all = (struct dz_observations){0};
}
