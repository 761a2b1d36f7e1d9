#include "again.h"

#include "../span.h"
#include "code.h"

/* Not done: to lean on whoever asked first, as caches do. It would need a look at each isinstance, which is asked by the
 * thousand, and no function of Python's tells of an encoding that is found. */

static struct {
    PyObject *hooked; /* a list of weak references: classes with a hook of the project's */
    PyObject *reset;  /* _abc._reset_caches */
    int has_search;
} state;

/* ---- at the begin of a span ---- */

static void reset_class(PyObject *class)
{
    PyObject *mro = ((PyTypeObject *)class)->tp_mro;
    for (Py_ssize_t i = 0; mro && i < PyTuple_GET_SIZE(mro); i++) {
        PyObject *base = PyTuple_GET_ITEM(mro, i);
        if (Py_IS_TYPE(base, &PyType_Type))
            continue;
        dz_autopy PyObject *none = PyObject_CallOneArg(state.reset, base);
        (void)none;
        PyErr_Clear(); /* of another metaclass */
    }
}

static void reset_classes(void)
{
    Py_ssize_t n = state.hooked ? PyList_GET_SIZE(state.hooked) : 0;
    while (n-- > 0) {
        dz_autopy PyObject *class = PyObject_CallNoArgs(PyList_GET_ITEM(state.hooked, n));
        if (class && class != Py_None)
            reset_class(class);
        else
            PyList_SetSlice(state.hooked, n, n + 1, NULL);
    }
}

/* Whoever is taken out takes all that was found with it. */
static void reset_codecs(void)
{
    if (state.has_search && PyCodec_Register((PyObject *)&PyBaseObject_Type) == 0)
        PyCodec_Unregister((PyObject *)&PyBaseObject_Type);
}

static void ask_again(void)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    reset_classes();
    reset_codecs();
    PyErr_Restore(type, value, traceback);
}

/* ---- whose code has a part in it ---- */

/* The interpreter's own hooks and packages' are pure, as far as the project goes; typing_extensions has one for each
 * protocol. One that was built in is none of the project's. */
static int is_projects(PyObject *hook)
{
    dz_autopy PyObject *function = PyObject_GetAttrString(hook, "__func__");
    PyErr_Clear();
    if (!function)
        function = Py_NewRef(hook);
    if (PyFunction_Check(function)) {
        uint32_t number = dz_code_number((PyCodeObject *)PyFunction_GET_CODE(function));
        return number && !dz_code_is_package(number);
    }
    return !Py_IS_TYPE(function, &PyClassMethodDescr_Type) &&
           !Py_IS_TYPE(function, &PyWrapperDescr_Type) &&
           !Py_IS_TYPE(function, &PyMethodDescr_Type) && !PyCFunction_Check(function);
}

static int has_projects(PyTypeObject *type, const char *name)
{
    dz_autopy PyObject *text = PyUnicode_InternFromString(name);
    PyObject *hook = text ? _PyType_Lookup(type, text) : NULL;
    return hook && is_projects(hook);
}

static int prepare(void)
{
    if (!state.hooked) {
        dz_autopy PyObject *module = PyImport_ImportModule("_abc");
        state.reset = module ? PyObject_GetAttrString(module, "_reset_caches") : NULL;
        state.hooked = state.reset ? PyList_New(0) : NULL;
    }
    return state.hooked ? 0 : -1;
}

static void remember(PyObject *class)
{
    dz_autopy PyObject *reference = prepare() == 0 ? PyWeakref_NewRef(class, NULL) : NULL;
    if (reference && PyList_Append(state.hooked, reference) == 0)
        dz_span_at_begin = ask_again;
    PyErr_Clear();
}

PyObject *dz_again_abstract(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names)
{
    PyObject *none = PyObject_Vectorcall(inner, args, nargsf, names);
    PyObject *class = none && PyVectorcall_NARGS(nargsf) && PyType_Check(args[0]) ? args[0] : NULL;
    if (class && dz_span_is_on() &&
        (has_projects((PyTypeObject *)class, "__subclasshook__") ||
         has_projects(Py_TYPE(class), "__subclasscheck__") ||
         has_projects(Py_TYPE(class), "__instancecheck__")))
        remember(class);
    return none;
}

PyObject *dz_again_codec(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names)
{
    PyObject *none = PyObject_Vectorcall(inner, args, nargsf, names);
    if (none && PyVectorcall_NARGS(nargsf) && dz_span_is_on() && is_projects(args[0])) {
        state.has_search = 1;
        dz_span_at_begin = ask_again;
    }
    return none;
}
