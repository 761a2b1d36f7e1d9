#include "property.h"

#include "../log.h"
#include "../span.h"
#include "code.h"
#include "kept.h"
#include "pairs.h"

#include <string.h>

/* How a hit is seen. Other ways that were thought of:
 * - By name: whoever executes code that names the attribute. `value` or `name` is named everywhere, and what reads by a
 *   computed name, a template or a package's code is not found.
 * - To take the value out of the dict at a span's end and to put it back when it is asked for: `vars(instance)` and
 *   `instance.__dict__.pop("value", None)`, as caches of this kind are emptied, would see that.
 * - tp_getattro of the classes with such instances: each attribute of theirs would be slow to read, not this one alone.
 * The price of ours is that each hit, also in the span that filled it, goes by us: some 30 ns more.
 *
 * Not seen: a value that is read from the dict itself (vars, copy, pickle). The net changes of state see that it came to be.
 * The kin of other packages (Django's, pyramid's reify) compute anew when they are asked although the dict has a value, as
 * super() does, and a __get__ that somebody has put over this one may count its calls: there a slot of ours would be seen.
 * They, and `if not hasattr(self, "_x")`, are net changes of state.
 *
 * Which instance. Weak references would tell which outlive their span, and could be counted by the user. They are not
 * needed: an entry is kept by the instance's address, and when another instance lies there, its own filling, which comes
 * before each of its hits, takes the entry over. So an instance without weak references is as any other, and none is
 * kept alive. What else puts a value into the dict at an address of old makes a dependency too many.
 *
 * Which span. Most instances die in the test that made them, and a span of its own for each would cost more than all
 * else: a log's entry, the evaluator for as long as it lasts, on 3.13 two walks through all code. So of each property
 * the first few have one, and more where those were found by other spans. What the others were made in stands for them:
 * too much perhaps, nothing is missed. */

enum {
    WATCHED_MOST = 8,
    KEPT_MOST = 1 << 17, /* 4 MB; behind them all that were are one */
};

static struct {
    struct dz_pairs made;    /* by instance and attribute: the span that made it */
    struct dz_pairs watched; /* by descriptor: how many more are to have a span */
    struct dz_kept old;      /* those that have no entry any more */
    descrgetfunc get; /* looks __get__ up and calls it: the same for all types that Python makes */
} state;

/* ---- the name ---- */

/* Borrowed; NULL where it was put into a class later, and has not been told its name. */
static PyObject *name_told(PyObject *descriptor)
{
    static PyObject *key;
    if (!key)
        key = PyUnicode_InternFromString("attrname");
    dz_autopy PyObject *dict = PyObject_GenericGetDict(descriptor, NULL);
    PyObject *name = dict && key ? PyDict_GetItemWithError(dict, key) : NULL;
    PyErr_Clear();
    return name && PyUnicode_CheckExact(name) ? name : NULL;
}

/* Under which the class has it. */
static PyObject *find_name(PyTypeObject *class, PyObject *descriptor)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(class->tp_mro); i++) {
        PyObject *dict = ((PyTypeObject *)PyTuple_GET_ITEM(class->tp_mro, i))->tp_dict;
        PyObject *name, *value;
        for (Py_ssize_t at = 0; dict && PyDict_Next(dict, &at, &name, &value);)
            if (value == descriptor)
                return Py_NewRef(name);
    }
    return NULL;
}

/* NULL where it is no attribute of the instance. */
static PyObject *name_of(PyObject *descriptor, PyObject *instance)
{
    PyObject *name = name_told(descriptor);
    return name ? Py_NewRef(name) : find_name(Py_TYPE(instance), descriptor);
}

/* ---- a hit ---- */

static void use(PyObject *descriptor, PyObject *instance, PyObject *name)
{
    struct dz_pair *made = dz_pairs_find(&state.made, instance, name);
    if (!made) {
        dz_kept_use(&state.old);
        return;
    }
    uint32_t current = dz_span_current();
    if (made->value == current || (made->leant == current && current))
        return;
    made->leant = current;
    dz_span_lean(made->value);
    struct dz_pair *watched = dz_pairs_find(&state.watched, descriptor, NULL);
    if (watched)
        watched->value = 0;
}

/* ---- a miss ---- */

/* What was made before tests were there reaches all of them anyway. */
static int is_seen(void)
{
    return dz_span_is_on() && dz_span_current() != DZ_SPAN_OF_LOAD;
}

static PyObject *function_of(PyObject *descriptor)
{
    PyObject *function = PyObject_GetAttrString(descriptor, "func");
    PyErr_Clear();
    return function ? function : Py_NewRef(descriptor);
}

/* What the interpreter's own library makes of its own instances has nothing of the project in it. */
static int is_library(PyObject *descriptor, PyObject *instance)
{
    dz_autopy PyObject *function = function_of(descriptor), *module = NULL, *of_class = NULL;
    return PyFunction_Check(function) &&
           !dz_code_number((PyCodeObject *)PyFunction_GET_CODE(function)) &&
           strcmp(dz_attribute_text(function, "__module__", &module, "?"),
                  dz_attribute_text((PyObject *)Py_TYPE(instance), "__module__", &of_class, "")) ==
               0;
}

static uint32_t new_span(PyObject *descriptor)
{
    char name[512];
    dz_autopy PyObject *function = function_of(descriptor), *module = NULL, *qualname = NULL;
    int n = PyOS_snprintf(name, sizeof name, "%s.%s",
                          dz_attribute_text(function, "__module__", &module, "?"),
                          dz_attribute_text(function, "__qualname__", &qualname, "?"));
    return dz_span_new(DZ_SPAN_CACHE, name, n < (int)sizeof name ? (size_t)n : sizeof name - 1);
}

/* Between two base spans there is nothing that could stand for it. */
static int is_watched(PyObject *descriptor)
{
    struct dz_pair *watched = dz_pairs_at(&state.watched, descriptor, NULL);
    return !dz_span_current() || (watched && ++watched->value <= WATCHED_MOST);
}

static void forget_some(void)
{
    dz_kept_renew(&state.old, dz_span_new(DZ_SPAN_CACHE, "cached_property", 15), 1);
    dz_kept_enter(&state.old);
    for (size_t i = 0; i <= state.made.mask; i++)
        if (state.made.slots[i].key)
            dz_span_lean(state.made.slots[i].value);
    dz_kept_leave(&state.old);
    dz_pairs_clear(&state.made);
}

static void remember(PyObject *instance, PyObject *name, uint32_t span)
{
    if (state.made.n == KEPT_MOST)
        forget_some();
    struct dz_pair *made = dz_pairs_at(&state.made, instance, name);
    if (!made) {
        dz_log_give_up();
        return;
    }
    made->value = span;
    made->leant = dz_span_current();
}

static PyObject *make(PyObject *name, PyObject *inner, PyObject *const *args, size_t nargsf,
                      PyObject *names)
{
    if (!is_seen() || is_library(args[0], args[1]))
        return PyObject_Vectorcall(inner, args, nargsf, names);
    uint32_t span = is_watched(args[0]) ? new_span(args[0]) : 0;
    dz_span_enter(span);
    PyObject *value = PyObject_Vectorcall(inner, args, nargsf, names);
    dz_span_leave(span);
    dz_span_close(span);
    if (value)
        remember(args[1], name, span ? span : dz_span_current());
    return value;
}

/* ---- the descriptor ---- */

/* As if the class went by its own attributes first. */
static PyObject *get_of_class(PyTypeObject *class, PyObject *name, PyObject *inner,
                              PyObject *const *args, size_t nargsf, PyObject *names)
{
    PyObject *own = _PyType_Lookup(class, name);
    if (!own)
        return PyObject_Vectorcall(inner, args, nargsf, names);
    descrgetfunc get = Py_TYPE(own)->tp_descr_get;
    dz_autopy PyObject *kept = Py_NewRef(own);
    return get ? get(kept, NULL, (PyObject *)class) : Py_NewRef(kept);
}

/* The kept value; NULL with an exception set, or none. */
static PyObject *find(PyObject *instance, PyObject *name)
{
    dz_autopy PyObject *dict = PyObject_GenericGetDict(instance, NULL);
    PyObject *value = dict ? PyDict_GetItemWithError(dict, name) : NULL;
    if (!dict)
        PyErr_Clear();
    return Py_XNewRef(value);
}

static int set(PyObject *descriptor, PyObject *instance, PyObject *value);

/* By way of what is done where there is no __set__. */
static int set_plainly(PyObject *descriptor, PyObject *instance, PyObject *name, PyObject *value)
{
    PyTypeObject *type = Py_TYPE(descriptor);
    setattrofunc plain = PyType_Check(instance) ? PyType_Type.tp_setattro : PyObject_GenericSetAttr;
    type->tp_descr_set = NULL;
    int r = plain(instance, name, value);
    type->tp_descr_set = set;
    return r;
}

/* Into the instance's dict. What goes wrong is said by whoever says it otherwise; no code runs there, which would find
 * the descriptor without its __set__. */
static int set(PyObject *descriptor, PyObject *instance, PyObject *value)
{
    dz_autopy PyObject *name = name_of(descriptor, instance);
    if (!name) {
        PyErr_SetString(PyExc_AttributeError, "__set__");
        return -1;
    }
    dz_autopy PyObject *dict =
        PyType_Check(instance) ? NULL : PyObject_GenericGetDict(instance, NULL);
    int is_there = dict && !value ? PyDict_Contains(dict, name) : dict != NULL;
    PyErr_Clear();
    if (is_there <= 0)
        return set_plainly(descriptor, instance, name, value);
    if (!value)
        return PyDict_DelItem(dict, name);
    if (is_seen())
        remember(instance, name, dz_span_current());
    return PyDict_SetItem(dict, name, value);
}

/* The slot, without the way over a look-up of __get__ and its call: that is for what is not there yet. */
static PyObject *get(PyObject *descriptor, PyObject *instance, PyObject *owner)
{
    PyObject *name = instance && !PyType_Check(instance) ? name_told(descriptor) : NULL;
    PyObject *value = name ? find(instance, name) : NULL;
    if (!value)
        return PyErr_Occurred() ? NULL : state.get(descriptor, instance, owner);
    use(descriptor, instance, name);
    return value;
}

/* A type of descriptors, at the first look at one of it. Whoever has read the dict of such an instance directly asks
 * again. One with a __get__ of its own would see that it is asked more often: it is left as it is. */
static void adopt(PyTypeObject *type, PyTypeObject *owner)
{
    static PyObject *base, *name;
    if (type->tp_descr_set || !(type->tp_flags & Py_TPFLAGS_HEAPTYPE))
        return;
    if (!base) {
        dz_autopy PyObject *functools = PyImport_ImportModule("functools");
        base = functools ? PyObject_GetAttrString(functools, "cached_property") : NULL;
        name = PyUnicode_InternFromString("__get__");
    }
    PyErr_Clear();
    if (!base || !name || !PyType_Check(base) || !PyType_IsSubtype(type, (PyTypeObject *)base) ||
        _PyType_Lookup(type, name) != _PyType_Lookup((PyTypeObject *)base, name))
        return;
    state.get = type->tp_descr_get;
    type->tp_descr_get = get;
    type->tp_descr_set = set;
    PyType_Modified(owner);
}

PyObject *dz_property_get(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names)
{
    int is_of_class = PyVectorcall_NARGS(nargsf) < 2 || args[1] == Py_None;
    dz_autopy PyObject *name = is_of_class || !dz_span_is_on() ? NULL : name_of(args[0], args[1]);
    if (!name)
        return PyObject_Vectorcall(inner, args, nargsf, names);
    adopt(Py_TYPE(args[0]), Py_TYPE(args[1]));
    if (PyType_Check(args[1]))
        return get_of_class((PyTypeObject *)args[1], name, inner, args, nargsf, names);
    PyObject *value = find(args[1], name);
    if (value)
        use(args[0], args[1], name);
    return value || PyErr_Occurred() ? value : make(name, inner, args, nargsf, names);
}
