#include "value.h"

#include "../log.h"
#include "../span.h"
#include "snapshot.h"

#include "../../host/base/mem.h"

struct value {
    uint32_t made_in;
    PyObject *fixturedef; /* borrowed */
    PyObject *object;     /* borrowed: looked into only as long as the fixture has it */
    struct dz_snapshot snapshot;
    uint32_t changed_in; /* the last one; it leans on those before, as it has used the value */
    uint32_t used_in;    /* the last base span */
    uint32_t *made_of;   /* spans */
    uint32_t n_made_of, made_of_cap;
};

static struct {
    struct value *values;
    uint32_t n, cap;
} state;

static struct value *find(uint32_t made_in)
{
    for (uint32_t i = 0; i < state.n; i++)
        if (state.values[i].made_in == made_in)
            return &state.values[i];
    return NULL;
}

static struct value *find_or_add(uint32_t made_in)
{
    struct value *value = find(made_in);
    if (value || !dz_log_has_room(&state.values, state.n, &state.cap, sizeof *state.values))
        return value;
    value = &state.values[state.n++];
    *value = (struct value){.made_in = made_in};
    return value;
}

/* Borrowed; NULL where it has none. cached_result: (value, key, exception or None). */
static PyObject *value_of(PyObject *fixturedef)
{
    dz_autopy PyObject *cached = PyObject_GetAttrString(fixturedef, "cached_result");
    PyErr_Clear();
    return cached && PyTuple_Check(cached) && PyTuple_GET_SIZE(cached) == 3
               ? PyTuple_GET_ITEM(cached, 0)
               : NULL;
}

static void set_object(struct value *value, PyObject *object)
{
    if (value->object == object)
        return;
    dz_snapshot_free(&value->snapshot);
    value->object = object;
    dz_holders_begin_round();
    dz_snapshot_renew_value(&value->snapshot, object);
}

static void note_user(struct value *user, uint32_t made_in)
{
    for (uint32_t i = 0; i < user->n_made_of; i++)
        if (user->made_of[i] == made_in)
            return;
    if (dz_log_has_room(&user->made_of, user->n_made_of, &user->made_of_cap, sizeof *user->made_of))
        user->made_of[user->n_made_of++] = made_in;
}

static void use(struct value *value)
{
    uint32_t base = dz_span_of_base();
    if (value->used_in == base)
        return;
    value->used_in = base;
    dz_span_lean(value->changed_in);
    for (uint32_t i = 0; i < value->n_made_of; i++) {
        struct value *inner = find(value->made_of[i]);
        if (inner)
            use(inner);
    }
}

/* Made of it is what is being made now. */
static void note_current_user(uint32_t made_in)
{
    uint32_t current = dz_span_current();
    struct value *user =
        current != dz_span_of_base() && current != made_in ? find_or_add(current) : NULL;
    if (user)
        note_user(user, made_in);
}

void dz_value_used(uint32_t made_in, PyObject *fixturedef)
{
    note_current_user(made_in);
    PyObject *object = value_of(fixturedef);
    struct value *value = object ? find_or_add(made_in) : NULL;
    if (!value)
        return;
    value->fixturedef = fixturedef;
    set_object(value, object);
    use(value);
}

void dz_value_gone(uint32_t made_in)
{
    struct value *value = find(made_in);
    if (!value)
        return;
    dz_snapshot_free(&value->snapshot);
    dz_free(value->made_of);
    *value = state.values[--state.n];
}

void dz_values_tell(void)
{
    uint32_t base = dz_span_of_base();
    dz_holders_begin_round();
    for (uint32_t i = 0; i < state.n; i++) {
        struct value *value = &state.values[i];
        if (value->used_in == base && value->object &&
            value->object == value_of(value->fixturedef) &&
            dz_snapshot_renew_value(&value->snapshot, value->object))
            value->changed_in = base;
    }
}
