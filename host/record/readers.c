#include "readers.h"

#include "../base/mem.h"
#include "mentions.h"

#include <errno.h>

struct readers {
    struct dz_observations *all;
    struct dz_elements *elements;
    struct dz_lefts lefts;
    struct dz_homes homes;
    struct dz_mentions *codes;
    struct dz_bits met;     /* spans, each due once */
    struct dz_bits writers; /* spans that the one in question is to lean on */
    uint32_t *due, n_due;
};

static int add_mentions(struct readers *readers, struct dz_mentions *to, uint32_t code)
{
    struct dz_mentions *mentions = &readers->codes[code];
    int r = mentions->is_known ? 0
                               : dz_mentions_of(mentions, &readers->lefts, &readers->homes,
                                                readers->all, readers->elements, code);
    return r < 0 ? r : dz_mentions_add(to, mentions);
}

static int is_shared(const struct dz_observed_span *span)
{
    return span->type == DZ_SPAN_FIXTURE || span->type == DZ_SPAN_CACHE;
}

static int add_codes(struct readers *readers, const struct dz_observed_span *span,
                     struct dz_mentions *to)
{
    int r = 0;
    for (uint32_t code = 0; r == 0 && (code = dz_bits_next(&span->codes, code)) != UINT32_MAX;
         code++)
        r = add_mentions(readers, to, code);
    return r;
}

/* Fixtures and caches that it uses, and that have not been looked at. */
static int add_shared(struct readers *readers, const struct dz_observed_span *span)
{
    for (uint32_t i = 0; i < span->n_facts; i++) {
        uint32_t on = (uint32_t)span->facts[i].value;
        if (span->facts[i].fact != DZ_FACT_LEAN || !is_shared(&readers->all->spans[on]) ||
            dz_bits_has(&readers->met, on))
            continue;
        if (dz_bits_set(&readers->met, on) < 0)
            return -ENOMEM;
        readers->due[readers->n_due++] = on;
    }
    return 0;
}

/* Its own code's, and that of the fixtures and caches that it uses: their values are at its hand. */
static int gather(struct readers *readers, uint32_t span, struct dz_mentions *to)
{
    dz_bits_clear(&readers->met);
    int r = dz_bits_set(&readers->met, span);
    readers->due[0] = span;
    readers->n_due = 1;
    while (r == 0 && readers->n_due) {
        const struct dz_observed_span *at = &readers->all->spans[readers->due[--readers->n_due]];
        r = add_codes(readers, at, to);
        if (r == 0)
            r = add_shared(readers, at);
    }
    return r;
}

/* Whether the writer's process is the reader's, or one that it was forked from. */
static int is_in_line(const struct dz_observations *all, uint32_t log, uint32_t writers)
{
    while (log != writers && log != DZ_OBSERVED_NONE)
        log = dz_observations_parent(all, log);
    return log == writers;
}

static int is_before(const struct dz_observations *all, uint32_t writer, uint32_t reader)
{
    const struct dz_observed_span *wrote = &all->spans[writer], *reads = &all->spans[reader];
    return wrote->log == reads->log
               ? wrote->stop_us && wrote->stop_us <= reads->start_us
               : wrote->start_us <= reads->start_us && is_in_line(all, reads->log, wrote->log);
}

/* From the last one on: who has read what it wrote to leans on those before it, and they are not leant on again. Where
 * each test writes to what it reads, all of them by all would be more than memory holds. */
static int find_writers_of(struct readers *readers, uint32_t span, struct dz_left *left)
{
    const struct dz_observations *all = readers->all;
    uint32_t last = DZ_OBSERVED_NONE;
    int r = 0;
    for (uint32_t k = left->n_writers; r == 0 && k-- > 0;) {
        struct dz_left_writer *writer = &left->writers[k];
        if (writer->span == span)
            writer->reads = 1;
        else if (is_before(all, writer->span, span) &&
                 (last == DZ_OBSERVED_NONE || !is_before(all, writer->span, last))) {
            r = dz_bits_set(&readers->writers, writer->span);
            last = writer->reads ? writer->span : last;
        }
    }
    return r;
}

/* Who reads all need not have mentioned it. */
static uint32_t next_mentioned(const struct readers *readers, const struct dz_mentions *mentions,
                               uint32_t from)
{
    if (!mentions->reads_all)
        return dz_bits_next(&mentions->names, from);
    return from < readers->lefts.n ? from : UINT32_MAX;
}

static int lean_on_writers(struct readers *readers, uint32_t span,
                           const struct dz_mentions *mentions)
{
    int r = 0;
    dz_bits_clear(&readers->writers);
    for (uint32_t i = 0; r == 0 && (i = next_mentioned(readers, mentions, i)) != UINT32_MAX; i++)
        if (dz_mentions_read(mentions, &readers->lefts, i))
            r = find_writers_of(readers, span, &readers->lefts.list[i]);
    return r < 0 ? r : dz_observations_lean(readers->all, span, &readers->writers);
}

static int find_readers(struct readers *readers)
{
    struct dz_mentions mentions = {0};
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < readers->all->n_spans; i++) {
        enum dz_span_type type = readers->all->spans[i].type;
        if (type == DZ_SPAN_LOAD || type == DZ_SPAN_CALL)
            continue;
        r = gather(readers, i, &mentions);
        if (r == 0)
            r = lean_on_writers(readers, i, &mentions);
        dz_mentions_clear(&mentions);
    }
    dz_mentions_free(&mentions);
    return r;
}

static void free_all(struct readers *readers)
{
    for (uint32_t i = 0; readers->codes && i < readers->all->n_codes; i++)
        dz_mentions_free(&readers->codes[i]);
    dz_free(readers->codes);
    dz_free(readers->due);
    dz_bits_free(&readers->met);
    dz_bits_free(&readers->writers);
    dz_homes_free(&readers->homes);
    dz_lefts_free(&readers->lefts);
}

int dz_readers_join(struct dz_observations *all, struct dz_elements *elements, struct dz_err *err)
{
    struct readers readers = {.all = all, .elements = elements};
    int r = dz_lefts_find(&readers.lefts, all);
    if (r == 0 && readers.lefts.n)
        r = dz_homes_find(&readers.homes, &readers.lefts, all);
    if (r == 0 && readers.lefts.n) {
        readers.codes = dz_alloc((all->n_codes + 1) * sizeof *readers.codes);
        readers.due = dz_alloc((all->n_spans + 1) * sizeof *readers.due);
        r = readers.codes && readers.due ? find_readers(&readers) : -ENOMEM;
    }
    free_all(&readers);
    return r < 0 ? dz_fail(err, r, "cannot find who reads what tests have left changed") : 0;
}
