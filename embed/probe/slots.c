#include "slots.h"

/* Borrowed, NULL where there is none of that kind. */
static PyObject *find(const struct dz_slot *slot, PyTypeObject *kind)
{
    PyObject *found =
        slot->type->tp_dict ? PyDict_GetItemString(slot->type->tp_dict, slot->name) : NULL;
    return found && Py_IS_TYPE(found, kind) ? found : NULL;
}

static void **in_struct(void *at, size_t offset)
{
    return at ? (void **)((char *)at + offset) : NULL;
}

static void **place_of(const struct dz_slot *slot)
{
    PyObject *found;
    switch (slot->kind) {
    case DZ_SLOT_TYPE:
        return in_struct(slot->type, slot->offset);
    case DZ_SLOT_NUMBER:
        return in_struct(slot->type->tp_as_number, slot->offset);
    case DZ_SLOT_ASYNC:
        return in_struct(slot->type->tp_as_async, slot->offset);
    case DZ_SLOT_METHOD:
        found = find(slot, &PyMethodDescr_Type);
        return found ? (void **)&((PyMethodDescrObject *)found)->d_method->ml_meth : NULL;
    case DZ_SLOT_GETTER:
        found = find(slot, &PyGetSetDescr_Type);
        return found ? (void **)&((PyGetSetDescrObject *)found)->d_getset->get : NULL;
    case DZ_SLOT_WRAPPER:
        found = find(slot, &PyWrapperDescr_Type);
        return found ? &((PyWrapperDescrObject *)found)->d_wrapped : NULL;
    }
    return NULL;
}

int dz_slots_take(const struct dz_slot *slots, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!place_of(&slots[i]))
            return -1;
    for (size_t i = 0; i < n; i++) {
        void **place = place_of(&slots[i]);
        *slots[i].inner = *place;
        *place = slots[i].ours;
    }
    return 0;
}

void dz_slots_give_back(const struct dz_slot *slots, size_t n)
{
    for (size_t i = n; i > 0; i--)
        *place_of(&slots[i - 1]) = *slots[i - 1].inner;
}
