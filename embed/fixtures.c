#include "fixtures.h"

#include "probe/value.h"
#include "span.h"
#include "stand_in.h"

#include <stdio.h>
#include <string.h>

/* FixtureDef, or the address of a package of tests: number of the span of its present set-up. 0: it lives no longer than its
 * test. */
static PyObject *spans;

static PyObject *call(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names)
{
    return PyObject_Vectorcall(inner, args, nargsf, names);
}

static int text_of(PyObject *fixturedef, const char *name, char *ret, size_t size)
{
    dz_autopy PyObject *value = PyObject_GetAttrString(fixturedef, name);
    dz_autopy PyObject *text = value ? PyObject_Str(value) : NULL;
    const char *utf8 = text ? PyUnicode_AsUTF8(text) : NULL;
    if (!utf8)
        PyErr_Clear();
    snprintf(ret, size, "%s", utf8 ? utf8 : "");
    return utf8 ? 0 : -1;
}

static uint32_t new_span(PyObject *fixturedef)
{
    char scope[32], base[1024], name[256], full[1400];
    if (text_of(fixturedef, "scope", scope, sizeof scope) < 0 || strcmp(scope, "function") == 0)
        return 0;
    text_of(fixturedef, "baseid", base, sizeof base);
    text_of(fixturedef, "argname", name, sizeof name);
    int n = snprintf(full, sizeof full, "%s::%s", base, name);
    return dz_span_new(DZ_SPAN_FIXTURE, full, (size_t)n);
}

static uint32_t remember(PyObject *of, uint32_t span)
{
    dz_autopy PyObject *number = PyLong_FromUnsignedLong(span);
    if (!number || PyDict_SetItem(spans, of, number) < 0)
        PyErr_Clear();
    return span;
}

/* 0 where it has not been set up. */
static uint32_t known_span(PyObject *fixturedef)
{
    PyObject *known = PyDict_GetItemWithError(spans, fixturedef);
    if (known)
        return (uint32_t)PyLong_AsUnsignedLong(known);
    PyErr_Clear();
    return 0;
}

/* ---- packages ---- */

static uint32_t new_span_of_package(PyObject *package)
{
    char nodeid[1024], full[1100];
    text_of(package, "nodeid", nodeid, sizeof nodeid);
    int n = snprintf(full, sizeof full, "%s::", nodeid);
    return dz_span_new(DZ_SPAN_FIXTURE, full, (size_t)n);
}

/* What a package's __init__.py is to do before its first test (setup_module) is done once, for all of them: as a fixture of
 * theirs, though to pytest it is none. Nodes live as long as the session; their own hash is a function of pytest's. */
static PyObject *set_up_package(PyObject *inner, PyObject *const *args, size_t nargsf,
                                PyObject *names)
{
    dz_autopy PyObject *address =
        dz_span_is_on() && PyVectorcall_NARGS(nargsf) ? PyLong_FromVoidPtr(args[0]) : NULL;
    if (!address) {
        PyErr_Clear();
        return call(inner, args, nargsf, names);
    }
    dz_span_close(known_span(address));
    uint32_t span = remember(address, new_span_of_package(args[0]));
    dz_span_enter(span);
    PyObject *value = call(inner, args, nargsf, names);
    dz_span_leave(span);
    return value;
}

static void lean_on_packages(PyObject *item)
{
    dz_autopy PyObject *node = Py_NewRef(item);
    while (spans && node && node != Py_None) {
        dz_autopy PyObject *address = PyLong_FromVoidPtr(node);
        if (address)
            dz_span_lean(known_span(address));
        PyObject *parent = PyObject_GetAttrString(node, "parent");
        Py_SETREF(node, parent);
    }
    /* Whatever stands in for an item may have no parent. */
    PyErr_Clear();
}

/* ---- what is asked for by name ---- */

/* What has been told of the test that runs: a set, or NULL. */
static PyObject *told;

static void tell(PyObject *names)
{
    Py_ssize_t size = 0;
    const char *utf8 = PyUnicode_AsUTF8AndSize(names, &size);
    /* That there are none is told, too. */
    if (utf8)
        dz_span_fact(DZ_FACT_FIXTURE, utf8, (size_t)size, 0);
    else
        PyErr_Clear();
}

static void tell_all(PyObject *names)
{
    dz_autopy PyObject *blank = PyUnicode_FromString(" ");
    dz_autopy PyObject *text = blank ? PyUnicode_Join(blank, names) : NULL;
    if (text)
        tell(text);
    else
        PyErr_Clear();
}

void dz_fixtures_begin_test(PyObject *item, PyObject *names)
{
    Py_CLEAR(told);
    if (!dz_span_is_on())
        return;
    lean_on_packages(item);
    if (!PyList_Check(names))
        return;
    told = PyFrozenSet_New(names);
    if (!told)
        PyErr_Clear();
    tell_all(names);
}

/* A fixture is what it is by what it has found at the place of the test that it was set up for. */
static uint32_t enter(PyObject *fixturedef)
{
    int is_known = PyDict_Contains(spans, fixturedef);
    uint32_t span =
        is_known > 0 ? known_span(fixturedef) : remember(fixturedef, new_span(fixturedef));
    dz_span_enter_quietly(span);
    dz_autopy PyObject *names =
        is_known > 0 || !span ? NULL : PyObject_GetAttrString(fixturedef, "argnames");
    if (names)
        tell_all(names);
    else
        PyErr_Clear();
    return span;
}

/* ---- what is being executed ---- */

/* FixtureDef.execute looks first whether what is there will do. If it does not, for a parameter has changed, its own or
 * one of a fixture that it uses, it is torn down, and set up anew within the same call. */
struct execution {
    PyObject *fixturedef;
    uint32_t span;
    int is_over;    /* what the span stands for has been torn down since */
    PyObject *used; /* the fixtures that it has asked for, a list */
    struct execution *outer;
};

static struct execution *innermost;

static void end(uint32_t span)
{
    dz_span_leave(span);
    dz_span_close(span);
}

/* What is set up from here on is another one. */
static void renew(struct execution *execution)
{
    end(execution->span);
    execution->is_over = 0;
    execution->span = enter(execution->fixturedef);
    for (Py_ssize_t i = 0; execution->used && i < PyList_GET_SIZE(execution->used); i++)
        dz_span_lean(known_span(PyList_GET_ITEM(execution->used, i)));
}

static void note_use(struct execution *execution, PyObject *fixturedef)
{
    if (!execution->used)
        execution->used = PyList_New(0);
    if (!execution->used || PyList_Append(execution->used, fixturedef) < 0)
        PyErr_Clear();
}

static PyObject *execute(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names)
{
    if (!dz_span_is_on() || !PyVectorcall_NARGS(nargsf))
        return call(inner, args, nargsf, names);
    struct execution here = {args[0], enter(args[0]), .outer = innermost};
    innermost = &here;
    PyObject *value = call(inner, args, nargsf, names);
    innermost = here.outer;
    if (here.is_over)
        end(here.span);
    else {
        dz_span_leave(here.span);
        /* Not before: whoever asked does not use what was there if it would not do. */
        dz_span_lean(here.span);
    }
    Py_XDECREF(here.used);
    return value;
}

/* ---- the end ---- */

static int is_executed(PyObject *fixturedef)
{
    int is = 0;
    for (struct execution *at = innermost; at; at = at->outer)
        if (at->fixturedef == fixturedef)
            is = at->is_over = 1;
    return is;
}

/* What is set up next under this name is another one. */
static void forget(PyObject *fixturedef, uint32_t span)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    if (PyDict_DelItem(spans, fixturedef) < 0)
        PyErr_Clear();
    if (!is_executed(fixturedef))
        dz_span_close(span);
    else if (innermost->fixturedef == fixturedef)
        renew(innermost);
    PyErr_Restore(type, value, traceback);
}

static PyObject *finish(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names)
{
    uint32_t span = dz_span_is_on() && PyVectorcall_NARGS(nargsf) ? known_span(args[0]) : 0;
    dz_span_enter_aside(span);
    PyObject *value = call(inner, args, nargsf, names);
    dz_span_leave(span);
    dz_value_gone(span);
    if (span)
        forget(args[0], span);
    return value;
}

/* ---- a use ---- */

/* Asked for where nobody could know: request.getfixturevalue(). */
static void note_name(PyObject *name)
{
    int is_told;
    if (innermost && innermost->span) {
        dz_autopy PyObject *names = PyObject_GetAttrString(innermost->fixturedef, "argnames");
        is_told = names ? PySequence_Contains(names, name) : -1;
    } else
        is_told = told ? PySet_Contains(told, name) : 0;
    if (is_told < 0)
        PyErr_Clear();
    if (is_told <= 0 && PyUnicode_Check(name))
        tell(name);
}

static PyObject *get_active(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names)
{
    if (dz_span_is_on() && PyVectorcall_NARGS(nargsf) > 1)
        note_name(args[1]);
    PyObject *fixturedef = call(inner, args, nargsf, names);
    if (!fixturedef || !dz_span_is_on())
        return fixturedef;
    if (innermost && innermost->is_over)
        renew(innermost);
    uint32_t span = known_span(fixturedef);
    if (span) {
        dz_span_lean(span);
        dz_value_used(span, fixturedef);
    }
    if (innermost)
        note_use(innermost, fixturedef);
    return fixturedef;
}

int dz_fixtures_watch(void)
{
    if (!dz_span_is_on())
        return 0;
    dz_autopy PyObject *module = PyImport_ImportModule("_pytest.fixtures");
    dz_autopy PyObject *python = PyImport_ImportModule("_pytest.python");
    dz_autopy PyObject *package = python ? PyObject_GetAttrString(python, "Package") : NULL;
    dz_autopy PyObject *definition = module ? PyObject_GetAttrString(module, "FixtureDef") : NULL;
    dz_autopy PyObject *request = module ? PyObject_GetAttrString(module, "FixtureRequest") : NULL;
    spans = PyDict_New();
    return definition && request && package && spans &&
                   dz_stand_in(package, "setup", set_up_package) == 0 &&
                   dz_stand_in(definition, "execute", execute) == 0 &&
                   dz_stand_in(definition, "finish", finish) == 0 &&
                   dz_stand_in(request, "_get_active_fixturedef", get_active) == 0
               ? 0
               : -1;
}
