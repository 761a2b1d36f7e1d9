/* What stands in an object that can change. Nothing here runs code of Python's, or keeps an object alive. */
#pragma once

#include "../pycompat.h"

#include <stdint.h>

enum dz_holding {
    DZ_HOLDS_ITEMS =
        1 << 0, /* a dict, list, set, deque, bytearray or named tuple, or what derives from one */
    DZ_HOLDS_MEMBERS = 1 << 1, /* a class of the project */
    DZ_HOLDS_ATTRIBUTES =
        1
        << 2, /* an instance of one, of a library's container, or what a thread has for itself: its dict and its slots */
    DZ_HOLDS_VALUES =
        1 << 3,            /* a function of the project: attributes, defaults, what it encloses */
    DZ_HOLDS_ONE = 1 << 4, /* what a context variable is set to, the object of a bound method */
};

/* Flags; 0 where it holds nothing that could be seen. */
unsigned dz_holding(PyObject *object);

/* Of the addresses of what it holds, up to a thousand: another one when something was put in, out or in another's place. */
uint64_t dz_held_print(PyObject *object, unsigned holding);

/* Where what it holds lies, for a container or a class; NULL where that is not known, or in itself. */
const void *dz_held_place(PyObject *object, unsigned holding);

/* How many items there are; 0 for what has none. */
Py_ssize_t dz_held_size(PyObject *object, unsigned holding);

/* Each of them, up to a thousand. name: of an attribute, or a dict's key, which may be anything; else NULL. Both
 * borrowed. */
typedef void dz_member(void *arg, PyObject *name, PyObject *value);
void dz_held_each(PyObject *object, unsigned holding, dz_member *member, void *arg);

/* Of a dict that only statements of a module or class write to. */
uint64_t dz_names_print(PyObject *dict);

/* Whether instances of this class keep the value of a functools.cached_property by this name: probe/property.c tells of
 * these. */
int dz_is_of_property(PyTypeObject *type, PyObject *name);

/* The file of a module, or of the one that a class is of, where that is a source of the project's; NULL. Borrowed. */
const char *dz_project_file(PyObject *module);
const char *dz_project_file_of(PyTypeObject *type);

/* As PyModule_Check, which goes through all bases of what is none. */
static inline int dz_is_module(PyObject *object)
{
    enum { OTHERS = 0xFFul << 24 }; /* Py_TPFLAGS_LONG_SUBCLASS to Py_TPFLAGS_TYPE_SUBCLASS */
    return PyModule_CheckExact(object) ||
           (!(Py_TYPE(object)->tp_flags & OTHERS) && PyModule_Check(object));
}

/* Equal for equal numbers and strings; else where it lies. */
uint64_t dz_value_print(PyObject *value);
int dz_is_number(PyObject *value);

static inline uint64_t dz_mix(uint64_t print, uint64_t more)
{
    print = (print ^ more) * 0x9E3779B97F4A7C15ull;
    return print ^ print >> 29;
}
