#include "held.h"

#include "code.h"

#include <string.h>
#include <structmember.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* Of more only the first are looked at, and how many there are. */
enum { MEMBERS_MOST = 1000 };

/* ---- what kind of object ---- */

/* A string among names; borrowed, NULL where there is none. */
static PyObject *text_in(PyObject *names, const char *name, PyObject **interned)
{
    if (!*interned && !(*interned = PyUnicode_InternFromString(name))) {
        PyErr_Clear();
        return NULL;
    }
    PyObject *value = names ? PyDict_GetItemWithError(names, *interned) : NULL;
    return value && PyUnicode_CheckExact(value) ? value : NULL;
}

const char *dz_project_file(PyObject *module)
{
    static PyObject *interned;
    PyObject *file = module && dz_is_module(module)
                         ? text_in(PyModule_GetDict(module), "__file__", &interned)
                         : NULL;
    const char *path = file ? PyUnicode_AsUTF8(file) : NULL;
    if (!path)
        PyErr_Clear();
    return path && dz_code_is_project(path) ? path : NULL;
}

static PyObject *name_of_module(PyTypeObject *type)
{
    static PyObject *interned;
    return type->tp_flags & Py_TPFLAGS_HEAPTYPE ? text_in(type->tp_dict, "__module__", &interned)
                                                : NULL;
}

const char *dz_project_file_of(PyTypeObject *type)
{
    PyObject *name = name_of_module(type);
    return name ? dz_project_file(PyDict_GetItemWithError(PyImport_GetModuleDict(), name)) : NULL;
}

static int is_of_project(PyTypeObject *type)
{
    return dz_project_file_of(type) != NULL;
}

/* Written in Python, and made to hold things: weak dicts, UserDict, ChainMap ... */
static int is_container_of_library(PyTypeObject *type)
{
    PyObject *name = name_of_module(type);
    return strcmp(type->tp_name, "types.SimpleNamespace") == 0 ||
           (name && (PyUnicode_CompareWithASCIIString(name, "collections") == 0 ||
                     PyUnicode_CompareWithASCIIString(name, "weakref") == 0));
}

static int is_enum(PyTypeObject *type)
{
    return strcmp(Py_TYPE(type)->tp_name, "EnumType") == 0 ||
           strcmp(Py_TYPE(type)->tp_name, "EnumMeta") == 0;
}

static int is_deque(PyObject *object)
{
    return strcmp(Py_TYPE(object)->tp_name, "collections.deque") == 0;
}

static int is_of_threads(PyObject *object)
{
    return strcmp(Py_TYPE(object)->tp_name, "_thread._local") == 0;
}

/* A plain one cannot change, and is seen through by whoever meets it. */
static int is_named_tuple(PyObject *object)
{
    return PyTuple_Check(object) && !PyTuple_CheckExact(object);
}

static int names_itself(PyCodeObject *code)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(code->co_names); i++)
        if (PyTuple_GET_ITEM(code->co_names, i) == code->co_name)
            return 1;
    return 0;
}

static int can_change(PyObject *tuple)
{
    for (Py_ssize_t i = 0; tuple && i < PyTuple_GET_SIZE(tuple); i++)
        if (PyTuple_GET_ITEM(tuple, i)->ob_type->tp_flags & Py_TPFLAGS_HAVE_GC)
            return 1;
    return 0;
}

/* Most have nothing, and are never to be looked at again. */
static int holds_values(PyObject *object)
{
    PyFunctionObject *function = (PyFunctionObject *)object;
    PyCodeObject *code = (PyCodeObject *)function->func_code;
    uint32_t number = dz_code_number(code);
    return number && !dz_code_is_package(number) &&
           (function->func_dict || function->func_closure || function->func_kwdefaults ||
            can_change(function->func_defaults) || names_itself(code));
}

unsigned dz_holding(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    if (dz_is_module(object) || PyUnicode_CheckExact(object) || PyLong_CheckExact(object))
        return 0;
    if (PyFunction_Check(object))
        return holds_values(object) ? DZ_HOLDS_VALUES : 0;
    if (PyType_Check(object))
        return is_of_project((PyTypeObject *)object) ? DZ_HOLDS_MEMBERS : 0;
    if (PyContextVar_CheckExact(object) || PyMethod_Check(object))
        return DZ_HOLDS_ONE;
    unsigned holding = 0;
    if (PyDict_Check(object) || PyList_Check(object) || PySet_Check(object) || is_deque(object) ||
        PyByteArray_Check(object) || is_named_tuple(object))
        holding |= DZ_HOLDS_ITEMS;
    /* Members of an enumeration are many, and nobody sets them anew. */
    if (type->tp_flags & Py_TPFLAGS_HAVE_GC && !is_enum(type) &&
        (is_of_project(type) || is_container_of_library(type) || is_of_threads(object)))
        holding |= DZ_HOLDS_ATTRIBUTES;
    return holding;
}

/* ---- items ---- */

static void each_of_dict(PyObject *dict, dz_member *member, void *arg)
{
    PyObject *key, *value;
    Py_ssize_t at = 0;
    for (int n = 0; n < MEMBERS_MOST && PyDict_Next(dict, &at, &key, &value); n++)
        member(arg, key, value);
}

static void each_of_row(PyObject *const *row, Py_ssize_t n, dz_member *member, void *arg)
{
    for (Py_ssize_t i = 0; i < n && i < MEMBERS_MOST; i++)
        if (row[i])
            member(arg, NULL, row[i]);
}

static void each_of_set(PySetObject *set, dz_member *member, void *arg)
{
    int n = 0;
    for (Py_ssize_t i = 0; i <= set->mask && n < MEMBERS_MOST; i++)
        if (set->table[i].key && set->table[i].hash != -1) {
            member(arg, NULL, set->table[i].key);
            n++;
        }
}

static void each_of_deque(PyObject *deque, dz_member *member, void *arg)
{
    Py_ssize_t n = Py_TYPE(deque)->tp_as_sequence->sq_length(deque);
    for (Py_ssize_t i = 0; i < n && i < MEMBERS_MOST; i++) {
        dz_autopy PyObject *item = Py_TYPE(deque)->tp_as_sequence->sq_item(deque, i);
        if (item)
            member(arg, NULL, item);
        PyErr_Clear();
    }
}

static void each_item(PyObject *object, dz_member *member, void *arg)
{
    if (PyDict_Check(object))
        each_of_dict(object, member, arg);
    else if (PyList_Check(object))
        each_of_row(((PyListObject *)object)->ob_item, Py_SIZE(object), member, arg);
    else if (PyTuple_Check(object))
        each_of_row(((PyTupleObject *)object)->ob_item, Py_SIZE(object), member, arg);
    else if (PySet_Check(object))
        each_of_set((PySetObject *)object, member, arg);
    else if (is_deque(object))
        each_of_deque(object, member, arg);
}

static void mix_member(void *arg, PyObject *name, PyObject *value)
{
    uint64_t *print = arg;
    *print = dz_mix(dz_mix(*print, (uintptr_t)name), (uintptr_t)value);
}

static uint64_t print_of_items(PyObject *object);

uint64_t dz_names_print(PyObject *dict)
{
#if DZ_DICT_HAS_VERSION
    return dz_dict_version(dict);
#else
    return print_of_items(dict);
#endif
}

Py_ssize_t dz_held_size(PyObject *object, unsigned holding)
{
    if (!(holding & DZ_HOLDS_ITEMS))
        return 0;
    if (PyDict_Check(object))
        return PyDict_GET_SIZE(object);
    if (PySet_Check(object))
        return PySet_GET_SIZE(object);
    return is_deque(object) ? Py_TYPE(object)->tp_as_sequence->sq_length(object) : Py_SIZE(object);
}

/* All of its table, in which most places are empty: that is sooner than asking which. Negative where only the first are
 * to be looked at. */
static int print_of_set(PySetObject *set, uint64_t *ret)
{
    enum { PLACES_MOST = 8 * MEMBERS_MOST };
    if (set->mask >= PLACES_MOST)
        return -1;
    *ret = dz_mix(XXH3_64bits(set->table, ((size_t)set->mask + 1) * sizeof *set->table),
                  (uint64_t)set->used);
    return 0;
}

static uint64_t print_of_items(PyObject *object)
{
    if (PyList_Check(object)) {
        Py_ssize_t n = Py_SIZE(object);
        size_t first = n < MEMBERS_MOST ? (size_t)n : MEMBERS_MOST;
        return dz_mix(XXH3_64bits(((PyListObject *)object)->ob_item, first * sizeof(PyObject *)),
                      (uint64_t)n);
    }
    if (PyByteArray_Check(object))
        return XXH3_64bits(PyByteArray_AS_STRING(object), (size_t)PyByteArray_GET_SIZE(object));
    if (PyDict_Check(object) && DZ_DICT_KEEPS_VERSION(object))
        return dz_names_print(object);
    uint64_t print;
    if (PySet_Check(object) && print_of_set((PySetObject *)object, &print) == 0)
        return print;
    print = (uint64_t)dz_held_size(object, DZ_HOLDS_ITEMS);
    each_item(object, mix_member, &print);
    return print;
}

/* ---- attributes ---- */

/* Of a class that derives from it, this could call its __init__. */
static PyObject *new_dict_of_thread(PyObject *object)
{
    return is_of_threads(object) ? PyObject_GetAttrString(object, "__dict__") : NULL;
}

/* Borrowed, as each count would copy a page in a forked process. One may be made of what lies in the instance itself: the
 * same is in both then. Until 3.11 that might start a collection, and that runs code. */
static PyObject *dict_of(PyObject *object)
{
    int collects = PY_VERSION_HEX < 0x030C0000 && PyGC_Disable();
    PyObject **dict = _PyObject_GetDictPtr(object);
    if (collects)
        PyGC_Enable();
    return dict ? *dict : NULL;
}

static void each_slot(PyObject *object, dz_member *member, void *arg)
{
    for (PyTypeObject *type = Py_TYPE(object); type; type = type->tp_base) {
        if (!(type->tp_flags & Py_TPFLAGS_HEAPTYPE) || !type->tp_members)
            continue;
        for (PyMemberDef *slot = type->tp_members; slot->name; slot++) {
            PyObject *value =
                slot->type == T_OBJECT_EX ? *(PyObject **)((char *)object + slot->offset) : NULL;
            dz_autopy PyObject *name = value ? PyUnicode_InternFromString(slot->name) : NULL;
            if (value)
                member(arg, name, value);
        }
    }
}

static void each_attribute(PyObject *object, dz_member *member, void *arg)
{
    dz_autopy PyObject *of_thread = new_dict_of_thread(object);
    PyObject *dict = of_thread ? of_thread : dict_of(object);
    PyErr_Clear();
    if (dict)
        each_of_dict(dict, member, arg);
    each_slot(object, member, arg);
}

static uint64_t print_of_attributes(PyObject *object)
{
    uint64_t print = 0;
    PyObject *dict = Py_TYPE(object)->tp_dictoffset ? dict_of(object) : NULL;
    if (!dict || !DZ_DICT_KEEPS_VERSION(dict))
        each_attribute(object, mix_member, &print);
    else {
        print = dz_names_print(dict);
        each_slot(object, mix_member, &print);
    }
    return print;
}

int dz_is_of_property(PyTypeObject *type, PyObject *name)
{
    PyObject *found = _PyType_Lookup(type, name);
    for (PyTypeObject *of = found ? Py_TYPE(found) : NULL; of; of = of->tp_base) {
        PyObject *module = strcmp(of->tp_name, "cached_property") == 0 ? name_of_module(of) : NULL;
        if (module && PyUnicode_CompareWithASCIIString(module, "functools") == 0)
            return 1;
    }
    return 0;
}

/* ---- functions, and what holds one thing ---- */

static void each_value(PyFunctionObject *function, dz_member *member, void *arg)
{
    if (function->func_dict)
        each_of_dict(function->func_dict, member, arg);
    if (function->func_kwdefaults)
        each_of_dict(function->func_kwdefaults, member, arg);
    PyObject *defaults = function->func_defaults, *closure = function->func_closure;
    /* Else it is as if there were none: whoever asks for its dict makes an empty one, and nothing has changed. */
    if (can_change(defaults))
        each_of_row(((PyTupleObject *)defaults)->ob_item, PyTuple_GET_SIZE(defaults), member, arg);
    for (Py_ssize_t i = 0; closure && i < PyTuple_GET_SIZE(closure); i++) {
        PyObject *cell = PyTuple_GET_ITEM(closure, i);
        if (PyCell_Check(cell) && PyCell_GET(cell))
            member(arg, NULL, PyCell_GET(cell));
    }
}

static uint64_t print_of_values(PyFunctionObject *function)
{
    PyObject *closure = function->func_closure;
    uint64_t print = (uintptr_t)function->func_defaults;
    if (function->func_dict)
        print = dz_mix(print, dz_names_print(function->func_dict));
    if (function->func_kwdefaults)
        print = dz_mix(print, dz_names_print(function->func_kwdefaults));
    for (Py_ssize_t i = 0; closure && i < PyTuple_GET_SIZE(closure); i++) {
        PyObject *cell = PyTuple_GET_ITEM(closure, i);
        print = dz_mix(print, PyCell_Check(cell) ? (uintptr_t)PyCell_GET(cell) : 0);
    }
    return print;
}

static void the_one(PyObject *object, dz_member *member, void *arg)
{
    dz_autopy PyObject *set = NULL;
    if (PyMethod_Check(object))
        member(arg, NULL, PyMethod_GET_SELF(object));
    else if (PyContextVar_Get(object, NULL, &set) < 0)
        PyErr_Clear();
    if (set)
        member(arg, NULL, set);
}

/* ---- all ---- */

void dz_held_each(PyObject *object, unsigned holding, dz_member *member, void *arg)
{
    if (holding & DZ_HOLDS_ITEMS)
        each_item(object, member, arg);
    if (holding & DZ_HOLDS_ATTRIBUTES)
        each_attribute(object, member, arg);
    if (holding & DZ_HOLDS_MEMBERS)
        each_of_dict(((PyTypeObject *)object)->tp_dict, member, arg);
    if (holding & DZ_HOLDS_VALUES)
        each_value((PyFunctionObject *)object, member, arg);
    if (holding & DZ_HOLDS_ONE)
        the_one(object, member, arg);
}

static uint64_t print_of_members(PyTypeObject *class)
{
#if DZ_DICT_HAS_VERSION
    return dz_names_print(class->tp_dict);
#else
    /* Changed by whatever changes the class, and by nothing else. */
    if (class->tp_version_tag || PyUnstable_Type_AssignVersionTag(class))
        return class->tp_version_tag;
    return dz_names_print(class->tp_dict);
#endif
}

static uint64_t print_of_one(PyObject *object)
{
    uint64_t print = 0;
    the_one(object, mix_member, &print);
    return print;
}

uint64_t dz_held_print(PyObject *object, unsigned holding)
{
    if (holding == DZ_HOLDS_MEMBERS)
        return print_of_members((PyTypeObject *)object);
    if (holding == DZ_HOLDS_VALUES)
        return print_of_values((PyFunctionObject *)object);
    if (holding == DZ_HOLDS_ONE)
        return print_of_one(object);
    uint64_t print = holding & DZ_HOLDS_ITEMS ? print_of_items(object) : 0;
    return holding & DZ_HOLDS_ATTRIBUTES ? dz_mix(print, print_of_attributes(object)) : print;
}

const void *dz_held_place(PyObject *object, unsigned holding)
{
    if (holding == DZ_HOLDS_MEMBERS)
        return ((PyTypeObject *)object)->tp_dict;
    return holding == DZ_HOLDS_ITEMS && PyList_Check(object) ? ((PyListObject *)object)->ob_item
                                                             : NULL;
}

int dz_is_number(PyObject *value)
{
    return PyLong_CheckExact(value) || PyFloat_CheckExact(value);
}

/* -1 and -2 have one hash. */
static uint64_t print_of_whole(PyObject *value)
{
    int overflow;
    long small = PyLong_AsLongAndOverflow(value, &overflow);
    return overflow ? (uint64_t)PyObject_Hash(value) : (uint64_t)small;
}

uint64_t dz_value_print(PyObject *value)
{
    uint64_t type = (uintptr_t)Py_TYPE(value);
    if (PyLong_CheckExact(value))
        return dz_mix(type, print_of_whole(value));
    if (PyUnicode_CheckExact(value) || PyFloat_CheckExact(value) || PyBytes_CheckExact(value))
        return dz_mix(type, (uint64_t)PyObject_Hash(value));
    return (uintptr_t)value;
}
