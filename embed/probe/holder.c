#include "holder.h"

#include "../log.h"

#include "../../host/base/mem.h"

struct holder {
    PyObject *object; /* borrowed */
    PyTypeObject *type;
    uint64_t print;
    uint32_t version; /* counts prints */
    uint32_t round;   /* in which it was looked at last */
    uint32_t list;    /* that it was in last */
    uint32_t users;
    uint32_t next; /* of its bucket, or of the free ones */
    unsigned holding;
};

static struct {
    struct holder *all; /* by number; the first is nobody's */
    uint32_t n, cap, free;
    uint32_t *buckets;
    uint32_t mask, n_used;
    uint32_t round, list;
} table;

void dz_holders_begin_round(void)
{
    table.round++;
}

/* ---- finding ---- */

static uint32_t *bucket_of(PyObject *object, unsigned holding)
{
    return &table.buckets[dz_mix(holding, (uintptr_t)object) & table.mask];
}

static void link_in(uint32_t number)
{
    struct holder *holder = &table.all[number];
    uint32_t *bucket = bucket_of(holder->object, holder->holding);
    holder->next = *bucket;
    *bucket = number;
}

static void take_out(uint32_t number)
{
    struct holder *holder = &table.all[number];
    uint32_t *at = bucket_of(holder->object, holder->holding);
    while (*at != number)
        at = &table.all[*at].next;
    *at = holder->next;
}

static int grow_buckets(void)
{
    uint32_t size = table.buckets ? 2 * (table.mask + 1) : 1024;
    uint32_t *buckets = dz_alloc(size * sizeof *buckets);
    if (!buckets) {
        dz_log_give_up();
        return 0;
    }
    dz_free(table.buckets);
    table.buckets = buckets;
    table.mask = size - 1;
    for (uint32_t i = 1; i < table.n; i++)
        if (table.all[i].users)
            link_in(i);
    return 1;
}

/* What lay there before, and has died, may be here still for who has not looked since. */
static uint32_t find(PyObject *object, unsigned holding)
{
    uint32_t at = table.buckets ? *bucket_of(object, holding) : 0;
    while (at && (table.all[at].object != object || table.all[at].holding != holding ||
                  table.all[at].type != Py_TYPE(object)))
        at = table.all[at].next;
    return at;
}

static uint32_t new_number(void)
{
    uint32_t number = table.free;
    if (number) {
        table.free = table.all[number].next;
        return number;
    }
    table.n += table.n == 0;
    return dz_log_has_room(&table.all, table.n, &table.cap, sizeof *table.all) ? table.n++ : 0;
}

static uint32_t add(PyObject *object, unsigned holding)
{
    if ((!table.buckets || table.n_used > table.mask) && !grow_buckets())
        return 0;
    uint32_t number = new_number();
    if (!number)
        return 0;
    table.all[number] = (struct holder){.object = object,
                                        .type = Py_TYPE(object),
                                        .print = dz_held_print(object, holding),
                                        .round = table.round,
                                        .holding = holding};
    link_in(number);
    table.n_used++;
    return number;
}

/* ---- looking ---- */

static uint32_t version_of(struct holder *holder)
{
    if (holder->round == table.round)
        return holder->version;
    holder->round = table.round;
    /* One whose class is another now is seen as another, and this one never stands again. */
    uint64_t print = Py_IS_TYPE(holder->object, holder->type)
                         ? dz_held_print(holder->object, holder->holding)
                         : ~holder->print;
    holder->version += print != holder->print;
    holder->print = print;
    return holder->version;
}

/* They lie all over memory, and little is done with each: what will be needed is asked for ahead. */
static void look_ahead(const struct dz_sight *sights, uint32_t i, uint32_t n)
{
    enum { FAR = 16, NEAR = 8 };
    if (i + FAR < n)
        __builtin_prefetch(&table.all[sights[i + FAR].holder]);
    if (i + NEAR < n)
        __builtin_prefetch(table.all[sights[i + NEAR].holder].object);
}

int dz_sights_stand(const struct dz_sight *sights, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        look_ahead(sights, i, n);
        if (version_of(&table.all[sights[i].holder]) != sights[i].version)
            return 0;
    }
    return 1;
}

/* ---- users ---- */

int dz_holder_see(PyObject *object, unsigned holding, struct dz_sight *ret)
{
    uint32_t number = find(object, holding);
    if (!number && !(number = add(object, holding)))
        return 0;
    table.all[number].users++;
    *ret = (struct dz_sight){number, version_of(&table.all[number])};
    return 1;
}

void dz_holder_let_go(const struct dz_sight *sight)
{
    struct holder *holder = &table.all[sight->holder];
    if (--holder->users)
        return;
    take_out(sight->holder);
    table.n_used--;
    holder->next = table.free;
    table.free = sight->holder;
}

PyObject *dz_holder_object(const struct dz_sight *sight)
{
    return table.all[sight->holder].object;
}

PyTypeObject *dz_holder_type(const struct dz_sight *sight)
{
    return table.all[sight->holder].type;
}

unsigned dz_holder_holding(const struct dz_sight *sight)
{
    return table.all[sight->holder].holding;
}

void dz_holders_begin_list(void)
{
    table.list++;
}

int dz_holder_is_first(const struct dz_sight *sight)
{
    struct holder *holder = &table.all[sight->holder];
    int is_first = holder->list != table.list;
    holder->list = table.list;
    return is_first;
}
