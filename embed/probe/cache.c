#include "cache.h"

#include "../span.h"
#include "code.h"
#include "kept.h"

#include <stddef.h>
#include <string.h>

/* One span for a wrapper, not one for each key: to find the key of a hit costs 311 instructions, the wrapper 60
 * (lru_cache makes the key itself, and does not tell). So who has asked for one value depends on all that were made
 * so far in this process. A suite in which that selects too much would change our mind.
 *
 * Which wrappers. The interpreter's own (re, fnmatch, typing, urllib.parse, tokenize, ipaddress ...) are pure functions of
 * their arguments, and these are of its own types nearly always: nothing of the project is in what they keep. Where an
 * argument is of another type, and in importlib.metadata, which reads folders, they are as any other; but typing only
 * puts types together. Those of packages always are: what they call or read may be the project's. */

enum {
    /* A wrapper's fills in one base span that are watched one by one. Behind them the whole base span is leant on: a
     * cache that is filled by the thousand must not have all its fills run under the evaluator. */
    FILLS_MOST = 256,
    /* Spans made in one base span. A wrapper for each of many instances would flood the log; behind these, the base
     * span stands for the wrapper's own. */
    SPANS_MOST = 256,
    WORDS_MOST = 64,
};

/* Stands in the wrapper for the function that it wraps. */
struct filler {
    PyObject_HEAD vectorcallfunc call;
    PyObject *inner;
    PyObject *wrapper;   /* borrowed: it has us */
    struct dz_kept kept; /* what the cache holds */
    uint32_t base;       /* the base span of the last fills */
    uint32_t fills;      /* in that */
    uint8_t is_library, is_pure;
    uint8_t is_open;
};

static struct {
    PyTypeObject *type;
    ternaryfunc call;
    size_t func, misses, maxsize; /* places in the wrapper's struct, in words */
    uint32_t base, n_spans;
} cache;

static Py_ssize_t *word(PyObject *wrapper, size_t place)
{
    return &((Py_ssize_t *)wrapper)[place];
}

static PyObject **function_of(PyObject *wrapper)
{
    return (PyObject **)word(wrapper, cache.func);
}

/* ---- a miss ---- */

static uint32_t new_span(PyObject *wrapper)
{
    uint32_t base = dz_span_of_base();
    if (cache.base != base) {
        cache.base = base;
        cache.n_spans = 0;
    }
    if (base && ++cache.n_spans > SPANS_MOST)
        return base;
    char name[512];
    dz_autopy PyObject *module = NULL, *qualname = NULL;
    int n = PyOS_snprintf(name, sizeof name, "%s.%s",
                          dz_attribute_text(wrapper, "__module__", &module, "?"),
                          dz_attribute_text(wrapper, "__qualname__", &qualname, "?"));
    return dz_span_new(DZ_SPAN_CACHE, name, n < (int)sizeof name ? (size_t)n : sizeof name - 1);
}

/* Counted before the function is called: the first since it was made, or emptied. */
static int is_first(struct filler *filler)
{
    return *word(filler->wrapper, cache.misses) == 1;
}

static void renew(struct filler *filler)
{
    if (dz_kept_is_ours(&filler->kept) && !is_first(filler))
        return;
    dz_kept_renew(&filler->kept, new_span(filler->wrapper), !is_first(filler));
    filler->base = filler->fills = 0;
}

static int is_plain(PyObject *value)
{
    if (PyTuple_CheckExact(value)) {
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(value); i++)
            if (!is_plain(PyTuple_GET_ITEM(value, i)))
                return 0;
        return 1;
    }
    return value == Py_None || PyUnicode_CheckExact(value) || PyLong_CheckExact(value) ||
           PyBool_Check(value) || PyBytes_CheckExact(value) || PyFloat_CheckExact(value) ||
           PyType_CheckExact(value);
}

static int are_plain(PyObject *const *args, Py_ssize_t n)
{
    for (Py_ssize_t i = 0; i < n; i++)
        if (!is_plain(args[i]))
            return 0;
    return 1;
}

/* Whether this fill is to be watched by itself. */
static int is_counted(struct filler *filler)
{
    uint32_t base = dz_span_of_base();
    if (filler->base != base) {
        filler->base = base;
        filler->fills = 0;
    }
    if (!base || filler->kept.span == base)
        return filler->kept.span != base;
    if (++filler->fills == FILLS_MOST + 1)
        dz_kept_lean(&filler->kept, base);
    return filler->fills <= FILLS_MOST;
}

static PyObject *fill(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names)
{
    struct filler *filler = (struct filler *)self;
    Py_ssize_t n = PyVectorcall_NARGS(nargsf) + (names ? PyTuple_GET_SIZE(names) : 0);
    /* While it is open, what fills it is a part of it: recursion, and other threads. */
    int is_seen = dz_span_is_on() && !filler->is_open && *word(filler->wrapper, cache.maxsize) &&
                  !filler->is_pure && !(filler->is_library && are_plain(args, n));
    if (is_seen)
        renew(filler);
    if (!is_seen || !is_counted(filler))
        return PyObject_Vectorcall(filler->inner, args, nargsf, names);

    filler->is_open = 1;
    dz_kept_enter(&filler->kept);
    PyObject *value = PyObject_Vectorcall(filler->inner, args, nargsf, names);
    dz_kept_leave(&filler->kept);
    filler->is_open = 0;
    return value;
}

/* ---- the stand-in ---- */

static int traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(((struct filler *)self)->inner);
    return 0;
}

static int clear(PyObject *self)
{
    Py_CLEAR(((struct filler *)self)->inner);
    return 0;
}

static void dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    clear(self);
    PyObject_GC_Del(self);
}

static PyObject *describe(PyObject *self)
{
    return PyObject_Repr(((struct filler *)self)->inner);
}

static PyObject *ask_inner(PyObject *self, PyObject *name)
{
    return PyObject_GetAttr(((struct filler *)self)->inner, name);
}

static PyTypeObject filler_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "_dagz.filler",
    .tp_basicsize = sizeof(struct filler),
    .tp_dealloc = dealloc,
    .tp_vectorcall_offset = offsetof(struct filler, call),
    .tp_call = PyVectorcall_Call,
    .tp_getattro = ask_inner,
    .tp_repr = describe,
    .tp_traverse = traverse,
    .tp_clear = clear,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_HAVE_GC,
};

static int is_of_typing(PyObject *function)
{
    dz_autopy PyObject *keep = NULL;
    return PyFunction_Check(function) &&
           strcmp(dz_attribute_text(function, "__module__", &keep, "?"), "typing") == 0;
}

static int is_library(PyObject *function)
{
    dz_autopy PyObject *keep = NULL;
    return PyFunction_Check(function) &&
           !dz_code_number((PyCodeObject *)PyFunction_GET_CODE(function)) &&
           strncmp(dz_attribute_text(function, "__module__", &keep, "?"), "importlib.metadata",
                   18) != 0;
}

static void adopt(PyObject *wrapper)
{
    PyObject *inner = *function_of(wrapper);
    struct filler *filler = PyObject_GC_New(struct filler, &filler_type);
    if (!filler) {
        PyErr_Clear();
        return;
    }
    memset((char *)filler + sizeof(PyObject), 0, sizeof *filler - sizeof(PyObject));
    filler->call = fill;
    filler->inner = inner;
    filler->wrapper = wrapper;
    filler->is_library = (uint8_t)is_library(inner);
    filler->is_pure = (uint8_t)is_of_typing(inner);
    *function_of(wrapper) = (PyObject *)filler;
    PyObject_GC_Track(filler);
}

/* ---- a hit ---- */

/* Told afterwards: by then it is known whether the cache was emptied before. */
static PyObject *call(PyObject *wrapper, PyObject *args, PyObject *names)
{
    if (!Py_IS_TYPE(*function_of(wrapper), &filler_type))
        adopt(wrapper);
    PyObject *value = cache.call(wrapper, args, names);
    struct filler *filler = (struct filler *)*function_of(wrapper);
    if (Py_IS_TYPE((PyObject *)filler, &filler_type))
        dz_kept_use(&filler->kept);
    return value;
}

/* ---- the start ---- */

/* Where in the struct the function stands, and the count of misses, is found by what they do. */
static int find_places(PyObject *wrapper, PyObject *function)
{
    Py_ssize_t before[WORDS_MOST], after[WORDS_MOST];
    size_t n = (size_t)Py_TYPE(wrapper)->tp_basicsize / sizeof *before;
    if (n > WORDS_MOST)
        return -1;
    memcpy(before, wrapper, n * sizeof *before);
    for (int i = 0; i < 5; i++) {
        dz_autopy PyObject *value = PyObject_CallFunction(wrapper, "i", i < 3 ? i : 1);
        if (!value)
            return -1;
    }
    memcpy(after, wrapper, n * sizeof *after);
    int found = 0;
    for (size_t i = sizeof(PyObject) / sizeof *before; i < n; i++) {
        if (before[i] == (Py_ssize_t)function)
            cache.func = i, found += 1;
        if (before[i] == 0 && after[i] == 3)
            cache.misses = i, found += 10;
        if (before[i] == 12345)
            cache.maxsize = i, found += 100;
    }
    return found == 111 ? 0 : -1;
}

static int calibrate(void)
{
    dz_autopy PyObject *functools = PyImport_ImportModule("_functools");
    dz_autopy PyObject *type =
        functools ? PyObject_GetAttrString(functools, "_lru_cache_wrapper") : NULL;
    dz_autopy PyObject *function = PyDict_GetItemString(PyEval_GetBuiltins(), "abs");
    Py_XINCREF(function);
    dz_autopy PyObject *wrapper =
        type && function
            ? PyObject_CallFunction(type, "OiOO", function, 12345, Py_False, &PyTuple_Type)
            : NULL;
    if (!wrapper)
        return -1;
    cache.type = (PyTypeObject *)type;
    if (find_places(wrapper, function) == 0)
        return 0;
    if (!PyErr_Occurred())
        PyErr_SetString(PyExc_RuntimeError, "functools.lru_cache is not made as it should be");
    return -1;
}

/* wrapper.__call__ has its own way to the type's call. */
static void take_descriptor(void)
{
    PyObject *descriptor = PyDict_GetItemString(cache.type->tp_dict, "__call__");
    if (descriptor && Py_IS_TYPE(descriptor, &PyWrapperDescr_Type))
        ((PyWrapperDescrObject *)descriptor)->d_wrapped = (void *)call;
}

int dz_cache_watch(void)
{
    if (PyType_Ready(&filler_type) < 0 || calibrate() < 0)
        return -1;
    cache.call = cache.type->tp_call;
    cache.type->tp_call = call;
    take_descriptor();
    dz_kept_start();
    return 0;
}
