#include "holder.h"

#include "../log.h"

#include "../../host/base/mem.h"

/* A cache line; first what looking needs. */
struct holder {
    PyObject *object; /* borrowed */
    PyTypeObject *type;
    uint64_t print;
    const void *place; /* dz_held_place, as it was then; never to be looked into */
    uint32_t version;  /* counts prints */
    uint8_t holding, is_heir;
    uint32_t list; /* that it was in last */
    uint32_t owner, users;
    uint32_t next; /* of its bucket, or of the free ones */
};

struct memory {
    struct dz_finding finding;
    uint32_t list, version; /* in which, or of which, it was found */
};

static struct {
    struct holder *all; /* by number; the first is nobody's */
    struct memory *memories;
    uint32_t n, cap, memories_cap, free;
    uint32_t *buckets;
    uint32_t mask, n_used;
    uint32_t list;
    struct dz_bits looked_at; /* in this round */
    uint64_t changes;
} table;

void dz_holders_begin_round(void)
{
    dz_bits_clear(&table.looked_at);
}

const struct dz_bits *dz_holders_looked_at(void)
{
    return &table.looked_at;
}

uint64_t dz_holders_changes(void)
{
    return table.changes;
}

/* Where there is no memory, it will be looked at once more. */
static void note_look(uint32_t number)
{
    dz_bits_set(&table.looked_at, number);
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
    return dz_log_has_room(&table.all, table.n, &table.cap, sizeof *table.all) &&
                   dz_log_has_room(&table.memories, table.n, &table.memories_cap,
                                   sizeof *table.memories)
               ? table.n++
               : 0;
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
                                        .place = dz_held_place(object, holding),
                                        .holding = (uint8_t)holding};
    table.memories[number] = (struct memory){0};
    note_look(number);
    link_in(number);
    table.n_used++;
    return number;
}

/* ---- looking ---- */

/* One whose class is another now is seen as another, and this one never stands again. */
static uint64_t print_of(const struct holder *holder)
{
    return Py_IS_TYPE(holder->object, holder->type) ? dz_held_print(holder->object, holder->holding)
                                                    : ~holder->print;
}

static void look_at(uint32_t number)
{
    struct holder *holder = &table.all[number];
    uint64_t print = print_of(holder);
    int has_changed = print != holder->print;
    holder->version += (uint32_t)has_changed;
    table.changes += (uint32_t)has_changed;
    holder->print = print;
    holder->place = dz_held_place(holder->object, holder->holding);
    note_look(number);
}

static uint32_t version_of(uint32_t number)
{
    if (!dz_bits_has(&table.looked_at, number))
        look_at(number);
    return table.all[number].version;
}

/* They lie all over memory, and little is done with each. */
static void ask_for(const struct dz_sight *sight)
{
    const struct holder *holder = &table.all[sight->holder];
    __builtin_prefetch(holder->object);
    __builtin_prefetch(holder->place);
}

int dz_sights_stand(const struct dz_sight *sights, uint32_t n)
{
    enum { AHEAD = 8 };
    for (uint32_t i = 0; i < n && i < AHEAD; i++)
        ask_for(&sights[i]);
    for (uint32_t i = 0; i < n; i++) {
        if (i + AHEAD < n)
            ask_for(&sights[i + AHEAD]);
        if (version_of(sights[i].holder) != sights[i].version)
            return 0;
    }
    return 1;
}

void dz_sights_cut(struct dz_sight **sights, uint32_t n, uint32_t *cap)
{
    struct dz_sight *cut = n && n < *cap ? dz_realloc(*sights, n * sizeof **sights) : NULL;
    if (!cut)
        return;
    *sights = cut;
    *cap = n;
}

/* ---- users ---- */

int dz_holder_see(PyObject *object, unsigned holding, struct dz_sight *ret)
{
    uint32_t number = find(object, holding);
    if (!number && !(number = add(object, holding)))
        return 0;
    table.all[number].users++;
    *ret = (struct dz_sight){number, version_of(number)};
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

void dz_holder_remember(const struct dz_sight *sight, const struct dz_finding *finding)
{
    if (sight->holder)
        table.memories[sight->holder] = (struct memory){*finding, table.list, sight->version};
}

int dz_holder_recall(const struct dz_sight *sight, int depth, struct dz_finding *ret)
{
    const struct memory *memory = sight->holder ? &table.memories[sight->holder] : NULL;
    if (!memory || memory->finding.depth != depth || memory->version != sight->version ||
        (memory->list != table.list && !memory->finding.is_lasting))
        return 0;
    *ret = memory->finding;
    return 1;
}

/* ---- owners ---- */

int dz_holder_own(const struct dz_sight *sight, uint32_t owner)
{
    struct holder *holder = &table.all[sight->holder];
    if (!holder->owner)
        holder->owner = owner;
    return holder->owner == owner;
}

void dz_holder_disown(const struct dz_sight *sight, uint32_t owner)
{
    struct holder *holder = &table.all[sight->holder];
    if (holder->owner == owner)
        holder->owner = 0;
}

/* ---- heirs ---- */

static int is_heir(const struct holder *holder, PyTypeObject *class)
{
    PyTypeObject *type = holder->holding & DZ_HOLDS_MEMBERS      ? (PyTypeObject *)holder->object
                         : holder->holding & DZ_HOLDS_ATTRIBUTES ? holder->type
                                                                 : NULL;
    return type && (PyObject *)class != holder->object && PyType_IsSubtype(type, class);
}

uint32_t dz_holders_find_heirs(PyTypeObject *class)
{
    uint32_t n = 0;
    for (uint32_t i = 1; i < table.n; i++) {
        struct holder *holder = &table.all[i];
        /* Of others it is not known that they are there. */
        holder->is_heir =
            holder->users && dz_bits_has(&table.looked_at, i) && is_heir(holder, class);
        n += holder->is_heir;
    }
    return n;
}

int dz_holder_is_heir(const struct dz_sight *sight)
{
    return table.all[sight->holder].is_heir;
}
