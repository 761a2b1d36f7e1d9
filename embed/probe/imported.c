#include "imported.h"

#include "../span.h"
#include "../stand_in.h"
#include "caller.h"
#include "lookup.h"
#include "state.h"

/* By builtins.__import__, which import statements, C code and computed imports come by. Where it is not CPython's own,
 * the statement calls it: some 100 ns more for one that finds its module.
 *
 * Not done: to go by the names in the code that ran, which tells of no computed name, and not in which span the module
 * was imported in this process. Not seen: whoever takes a module out of sys.modules, or has got it from somebody. */

/* Names of modules of the project that were imported after the load, which reaches all tests: numbers of spans. */
static PyObject *spans;

static int lean(PyObject *name)
{
    PyObject *span = PyDict_GetItemWithError(spans, name);
    if (span)
        dz_span_lean((uint32_t)PyLong_AsUnsignedLong(span));
    return span != NULL;
}

static int use(PyObject *name)
{
    if (!PyUnicode_Check(name) || !lean(name))
        return 0;
    Py_ssize_t end = PyUnicode_GET_LENGTH(name);
    while ((end = PyUnicode_FindChar(name, '.', 0, end, -1)) > 0) {
        dz_autopy PyObject *package = PyUnicode_Substring(name, 0, end);
        if (package)
            lean(package);
    }
    return 1;
}

/* Of a package a name may be that of a module in it. */
static void use_all(PyObject *package, PyObject *names)
{
    for (Py_ssize_t i = 0; PyTuple_Check(names) && i < PyTuple_GET_SIZE(names); i++) {
        dz_autopy PyObject *name =
            PyUnicode_FromFormat("%U.%S", package, PyTuple_GET_ITEM(names, i));
        if (name)
            lean(name);
    }
}

void dz_imported_use(PyObject *name)
{
    dz_state_use(name);
    if (spans && PyDict_GET_SIZE(spans))
        use(name);
    PyErr_Clear();
}

void dz_imported_by(PyObject *name, uint32_t span)
{
    dz_autopy PyObject *number = PyLong_FromUnsignedLong(span);
    if (number && spans && dz_span_of_base() != DZ_SPAN_OF_LOAD)
        PyDict_SetItem(spans, name, number);
    PyErr_Clear();
}

/* Whether no sheet tells what is imported, and what is read of it: a computed name, or generated code, doctests among it. A
 * statement gives all five. How pytest imports plugins is known. */
static int is_untold(Py_ssize_t n)
{
    if (n < 5)
        return !dz_caller_is_pytest();
    PyFrameObject *frame = PyEval_GetFrame();
    PyCodeObject *code = frame ? PyFrame_GetCode(frame) : NULL;
    int is_generated = code && PyUnicode_GET_LENGTH(code->co_filename) > 0 &&
                       PyUnicode_READ_CHAR(code->co_filename, 0) == '<';
    Py_XDECREF(code);
    return is_generated;
}

/* By name, as who looks one up: of what it takes from there the names, else all, also of the package that it gets. */
static void tell_untold(PyObject *module, PyObject *name, PyObject *names)
{
    Py_ssize_t n = names && PyTuple_Check(names) ? PyTuple_GET_SIZE(names) : 0;
    for (Py_ssize_t i = 0; i < n; i++)
        dz_lookup_imported(name, PyTuple_GET_ITEM(names, i));
    if (n)
        return;
    dz_autopy PyObject *got = PyObject_GetAttrString(module, "__name__");
    dz_lookup_imported(name, NULL);
    if (got && PyUnicode_Check(got) && PyUnicode_Compare(got, name) != 0)
        dz_lookup_imported(got, NULL);
}

/* __import__(name, globals, locals, fromlist, level): a relative one tells its name in the module that it gives. */
static PyObject *import(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names)
{
    PyObject *module = PyObject_Vectorcall(inner, args, nargsf, names);
    Py_ssize_t n = PyVectorcall_NARGS(nargsf);
    if (!module || !n || !dz_span_is_on())
        return module;
    int is_relative = n > 4 && PyObject_IsTrue(args[4]) == 1;
    dz_autopy PyObject *name =
        is_relative ? PyObject_GetAttrString(module, "__name__") : Py_NewRef(args[0]);
    if (name)
        dz_state_use(name);
    if (name && PyDict_GET_SIZE(spans) && use(name) && n > 3)
        use_all(name, args[3]);
    if (name && PyUnicode_Check(name) && is_untold(n))
        tell_untold(module, name, n > 3 ? args[3] : NULL);
    PyErr_Clear();
    return module;
}

int dz_imported_watch(void)
{
    dz_autopy PyObject *builtins = PyImport_ImportModule("builtins");
    spans = PyDict_New();
    return spans && builtins ? dz_stand_in(builtins, "__import__", import) : -1;
}
