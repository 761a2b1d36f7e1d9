/* A function of ours in the place of one of CPython's types' own: in a slot, or where a method, a getter or a slot's
 * wrapper in the type's dict leads to. It calls what was there. */
#pragma once

#include "../pycompat.h"

struct dz_slot {
    PyTypeObject *type;
    enum {
        DZ_SLOT_TYPE,    /* of the type object itself, at offset */
        DZ_SLOT_NUMBER,  /* of tp_as_number */
        DZ_SLOT_ASYNC,   /* of tp_as_async */
        DZ_SLOT_METHOD,  /* a built-in method of that name */
        DZ_SLOT_GETTER,  /* an attribute of that name */
        DZ_SLOT_WRAPPER, /* the method that leads to a slot */
    } kind;
    size_t offset;
    const char *name;
    void *ours;
    void **inner; /* what was there before */
};

/* All of them, or, with a negative answer, none. */
int dz_slots_take(const struct dz_slot *slots, size_t n);
void dz_slots_give_back(const struct dz_slot *slots, size_t n);
