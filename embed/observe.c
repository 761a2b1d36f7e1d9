#include "observe.h"

#include "fixtures.h"
#include "span.h"

#include "../host/base/wire.h"

/* span(type, name): a new one; 0 where nothing is observed. */
static PyObject *span(PyObject *self, PyObject *args)
{
    (void)self;
    int type;
    PyObject *name;
    if (!PyArg_ParseTuple(args, "iU", &type, &name))
        return NULL;
    dz_autopy PyObject *text = PyUnicode_AsEncodedString(name, "utf-8", "surrogatepass");
    if (!text)
        return NULL;
    return PyLong_FromUnsignedLong(dz_span_new((enum dz_span_type)type, PyBytes_AS_STRING(text),
                                               (size_t)PyBytes_GET_SIZE(text)));
}

static int number(PyObject *value, uint32_t *ret)
{
    unsigned long got = PyLong_AsUnsignedLong(value);
    *ret = (uint32_t)got;
    return PyErr_Occurred() ? -1 : 0;
}

#define DZ_OF_SPAN(name, call)                           \
    static PyObject *name(PyObject *self, PyObject *arg) \
    {                                                    \
        (void)self;                                      \
        uint32_t span;                                   \
        if (number(arg, &span) < 0)                      \
            return NULL;                                 \
        call(span);                                      \
        Py_RETURN_NONE;                                  \
    }
DZ_OF_SPAN(span_enter, dz_span_enter)
DZ_OF_SPAN(span_leave, dz_span_leave)
DZ_OF_SPAN(span_close, dz_span_close)
DZ_OF_SPAN(span_lean, dz_span_lean)

/* span_base(span): the base before. */
static PyObject *span_base(PyObject *self, PyObject *arg)
{
    (void)self;
    uint32_t span;
    return number(arg, &span) < 0 ? NULL : PyLong_FromUnsignedLong(dz_span_base(span));
}

/* begin_test(item, nodeid, collection's span, names of its fixtures: a list, or None) */
static PyObject *begin_test(PyObject *self, PyObject *args)
{
    (void)self;
    PyObject *item, *nodeid, *fixtures;
    unsigned collection;
    if (!PyArg_ParseTuple(args, "OUIO", &item, &nodeid, &collection, &fixtures))
        return NULL;
    dz_autopy PyObject *text = PyUnicode_AsEncodedString(nodeid, "utf-8", "surrogatepass");
    if (!text)
        return NULL;
    dz_span_base(
        dz_span_new(DZ_SPAN_TEST, PyBytes_AS_STRING(text), (size_t)PyBytes_GET_SIZE(text)));
    dz_span_lean_on_load();
    dz_span_lean(collection);
    dz_fixtures_begin_test(item, fixtures);
    Py_RETURN_NONE;
}

/* unprovable(why): the test that runs. */
static PyObject *unprovable(PyObject *self, PyObject *arg)
{
    (void)self;
    Py_ssize_t size = 0;
    const char *why = PyUnicode_AsUTF8AndSize(arg, &size);
    if (!why)
        return NULL;
    dz_span_fact(DZ_FACT_BLIND, why, (size_t)size, 0);
    Py_RETURN_NONE;
}

/* phase(when): this phase of the test is over, as in enum dz_when. */
static PyObject *phase(PyObject *self, PyObject *arg)
{
    (void)self;
    uint32_t when;
    if (number(arg, &when) < 0)
        return NULL;
    if (when == DZ_SETUP)
        dz_span_call_begins();
    else if (when == DZ_CALL)
        dz_span_call_ends();
    Py_RETURN_NONE;
}

static PyObject *watch_fixtures(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    if (dz_fixtures_watch() < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *span_end(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    dz_span_end();
    Py_RETURN_NONE;
}

/* take_remark(): a text for the block, or None. */
static PyObject *take_remark(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    const char *text = dz_span_take_remark();
    if (!text)
        Py_RETURN_NONE;
    return PyUnicode_FromString(text);
}

/* span_root(rootdir): sources below it are the project's. */
static PyObject *span_root(PyObject *self, PyObject *arg)
{
    (void)self;
    const char *rootdir = PyUnicode_AsUTF8(arg);
    if (!rootdir)
        return NULL;
    dz_span_root(rootdir);
    Py_RETURN_NONE;
}

/* keep_log(folder): the front's own, complete; whether it could be kept. */
static PyObject *keep_log(PyObject *self, PyObject *arg)
{
    (void)self;
    return PyBytes_Check(arg) ? PyBool_FromLong(dz_span_keep(PyBytes_AS_STRING(arg)) == 0) : NULL;
}

static PyObject *observe_reports(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    dz_span_report();
    Py_RETURN_NONE;
}

/* worker_log(folder, serial) */
static PyObject *worker_log(PyObject *self, PyObject *args)
{
    (void)self;
    const char *folder;
    unsigned serial;
    if (!PyArg_ParseTuple(args, "yI", &folder, &serial))
        return NULL;
    return PyBool_FromLong(dz_span_be_worker(folder, serial) == 0);
}

static PyObject *stop_observing(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    dz_span_stop();
    Py_RETURN_NONE;
}

static PyObject *take_doubt(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    return PyBool_FromLong(dz_span_take_doubt());
}

static PyMethodDef functions[] = {
    {"span", span, METH_VARARGS, NULL},
    {"span_base", span_base, METH_O, NULL},
    {"begin_test", begin_test, METH_VARARGS, NULL},
    {"unprovable", unprovable, METH_O, NULL},
    {"phase", phase, METH_O, NULL},
    {"watch_fixtures", watch_fixtures, METH_NOARGS, NULL},
    {"span_end", span_end, METH_NOARGS, NULL},
    {"span_enter", span_enter, METH_O, NULL},
    {"span_leave", span_leave, METH_O, NULL},
    {"span_close", span_close, METH_O, NULL},
    {"span_lean", span_lean, METH_O, NULL},
    {"take_doubt", take_doubt, METH_NOARGS, NULL},
    {"take_remark", take_remark, METH_NOARGS, NULL},
    {"span_root", span_root, METH_O, NULL},
    {"keep_log", keep_log, METH_O, NULL},
    {"observe_reports", observe_reports, METH_NOARGS, NULL},
    {"worker_log", worker_log, METH_VARARGS, NULL},
    {"stop_observing", stop_observing, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static int add_types(PyObject *module)
{
    static const char *const names[DZ_SPAN_TYPES] = {"LOAD",  "COLLECT", "IMPORT", "FIXTURE",
                                                     "CACHE", "TEST",    "CALL",   "FORK"};
    for (int i = 0; i < DZ_SPAN_TYPES; i++)
        if (PyModule_AddIntConstant(module, names[i], i) < 0)
            return -1;
    return 0;
}

int dz_observe_add_functions(PyObject *module)
{
    return add_types(module) < 0 ? -1 : PyModule_AddFunctions(module, functions);
}
