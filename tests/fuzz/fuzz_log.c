/* A log may hold any bytes: it is refused where it is wrong, and whatever was taken of it can be used without looking
 * again. What is cut off in its middle tells less than the whole, and nothing else. */
#include "host/base/mem.h"
#include "host/record/readers.h"
#include "tests/made_log.h"

#include <stdlib.h>
#include <string.h>

static void check(int right)
{
    if (!right)
        abort();
}

/* ---- what can be done with it ---- */

static void check_string(const struct dz_observations *all, uint32_t number)
{
    check(number <= all->n_strings);
    if (number)
        check(strlen(all->strings[number - 1]) < SIZE_MAX);
}

static void check_span(const struct dz_observations *all, uint32_t number)
{
    const struct dz_observed_span *span = &all->spans[number];
    struct dz_bits closure = {0};
    check(span->type < DZ_SPAN_TYPES && span->log < all->n_logs && span->name);
    check(span->parent == DZ_OBSERVED_NONE || span->parent < all->n_spans);
    check_string(all, span->name);
    for (uint32_t i = 0; (i = dz_bits_next(&span->codes, i)) != UINT32_MAX; i++)
        check(i < all->n_codes);
    for (uint32_t i = 0; i < span->n_facts; i++) {
        check(span->facts[i].fact < DZ_FACTS);
        if (span->facts[i].fact != DZ_FACT_LEAN)
            check_string(all, span->facts[i].string);
        check(span->facts[i].fact != DZ_FACT_LEAN || span->facts[i].value < all->n_spans);
    }
    for (unsigned n = 0; dz_observations_doubt(all, number, n); n++)
        check(n < 3);
    check(dz_observations_closure(all, number, &closure) == 0 && dz_bits_has(&closure, number));
    dz_bits_free(&closure);
    uint32_t test = dz_observations_test(all, all->strings[span->name - 1]);
    check(span->type != DZ_SPAN_TEST || all->spans[test].complete >= span->complete);
}

static void find_readers(struct dz_observations *all)
{
    struct dz_err err = {0};
    struct dz_elements *elements = dz_elements_new(all, "/nowhere");
    check(elements && dz_readers_join(all, elements, &err) == 0);
    dz_elements_free(elements);
}

static void use(struct dz_observations *all)
{
    find_readers(all);
    for (uint32_t i = 0; i < all->n_codes; i++) {
        check(all->codes[i].file && all->codes[i].kind <= DZ_CODE_PACKAGE);
        check_string(all, all->codes[i].file);
        check_string(all, all->codes[i].name);
    }
    for (uint32_t i = 0; i < all->n_sources; i++)
        check_string(all, all->sources[i].file);
    for (uint32_t i = 0; i < all->n_logs; i++)
        check(!all->logs[i].closed || !all->logs[i].fault);
    for (uint32_t i = 0; i < all->n_spans && i < 64; i++)
        check_span(all, i);
}

static void add(struct dz_observations *all, const char *name, const char *bytes, size_t size)
{
    struct dz_err err;
    check(dz_observations_add(all, name, size ? bytes : "", size, &err) == 0);
}

static void join(struct dz_observations *all)
{
    struct dz_err err;
    check(dz_observations_join(all, &err) == 0);
}

/* ---- cut off ---- */

static void check_less(const struct dz_observations *less, const struct dz_observations *all)
{
    check(less->n_spans <= all->n_spans && less->n_codes <= all->n_codes &&
          less->n_strings <= all->n_strings && less->n_sources <= all->n_sources);
    for (uint32_t i = 0; i < less->n_spans; i++) {
        const struct dz_observed_span *one = &less->spans[i], *other = &all->spans[i];
        check(one->type == other->type && one->name == other->name && one->parent == other->parent);
        check(one->complete <= other->complete && one->n_facts <= other->n_facts);
        if (one->n_facts)
            check(memcmp(one->facts, other->facts, one->n_facts * sizeof *one->facts) == 0);
        for (uint32_t c = 0; (c = dz_bits_next(&one->codes, c)) != UINT32_MAX; c++)
            check(dz_bits_has(&other->codes, c));
    }
}

/* ---- frames that are right, made of these bytes ---- */

enum { LOGS = 4 };
static const char *const names[LOGS] = {"front", "worker-0", "worker-1", "child-1-1"};
static const char *const texts[] = {"a", "b", "c.py", "d.py", "front", "worker-0", "", "e"};

struct source {
    const uint8_t *at, *end;
};

static uint32_t take(struct source *from)
{
    return from->at < from->end ? *from->at++ : 0;
}

/* Mostly the next one, as only then the log goes on; or any. */
static uint32_t take_id(struct source *from, uint32_t *last)
{
    uint32_t byte = take(from);
    return byte < 250 ? ++*last : byte == 255 ? UINT32_MAX : byte - 250;
}

static void put_any_head(struct dz_buf *log, struct source *from, struct told *numbers, int which)
{
    uint32_t parent = take(from);
    *numbers = (struct told){0};
    if (which && parent < 250)
        *numbers = (struct told){take(from), take(from), take(from)};
    put_head(log, (enum dz_log_origin)(parent % 4),
             which ? names[parent % (uint32_t)which] : texts[parent % 8], *numbers, take(from));
}

static void put_any_ran(struct dz_buf *log, struct source *from)
{
    uint32_t span = take(from), size = take(from) % 16;
    if ((size_t)(from->end - from->at) < size)
        size = (uint32_t)(from->end - from->at);
    put_ran_bytes(log, span, from->at, size);
    from->at += size;
}

static void put_any(struct dz_buf *log, struct source *from, struct told *numbers)
{
    uint32_t a, b;
    switch (take(from) % 8) {
    case 0:
        put_string(log, take_id(from, &numbers->strings), texts[take(from) % 8]);
        break;
    case 1:
        a = take_id(from, &numbers->codes);
        b = take(from);
        put_code(log, a, (uint8_t)(b % 7), take(from), b, take(from));
        break;
    case 2:
        a = take(from);
        put_source(log, a, "0123456789abcdef", take(from) % 4 ? 16 : 0);
        break;
    case 3:
        a = take_id(from, &numbers->spans);
        b = take(from);
        put_span(log, a, take(from), (uint8_t)(b % (DZ_SPAN_TYPES + 1)), take(from));
        break;
    case 4:
        put_any_ran(log, from);
        break;
    case 5:
        a = take(from);
        b = take(from) % (DZ_FACTS + 1);
        put_fact(log, a, (uint8_t)b, take(from), take(from));
        break;
    case 6:
        put_end(log, take(from));
        break;
    default:
        put_close(log);
    }
}

/* Each log is a count of frames and what they are made of. */
static void make(struct dz_buf *logs, struct source *from)
{
    for (int i = 0; i < LOGS; i++) {
        struct told numbers;
        uint32_t n = take(from) % 64;
        put_any_head(&logs[i], from, &numbers, i);
        while (n-- && from->at < from->end)
            put_any(&logs[i], from, &numbers);
    }
}

static void take_as_frames(struct source from)
{
    struct dz_buf logs[LOGS] = {0};
    struct dz_observations all = {0}, less = {0};
    uint32_t cut = take(&from) << 8 | take(&from);
    make(logs, &from);
    for (int i = 0; i < LOGS; i++) {
        check(dz_buf_ok(&logs[i]));
        add(&all, names[i], logs[i].data, logs[i].len);
        add(&less, names[i], logs[i].data, i < LOGS - 1 ? logs[i].len : cut % (logs[i].len + 1));
        dz_buf_free(&logs[i]);
    }
    check_less(&less, &all);
    join(&all);
    join(&less);
    use(&all);
    use(&less);
    dz_observations_free(&all);
    dz_observations_free(&less);
}

static void take_as_log(const char *bytes, size_t size)
{
    struct dz_observations all = {0};
    add(&all, "front", bytes, size);
    join(&all);
    use(&all);
    dz_observations_free(&all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    take_as_log((const char *)data, size);
    take_as_frames((struct source){data, data + size});
    return 0;
}
