#include "importers.h"

#include "../span.h"

/* Entries: numbers of spans. What was found in the load reaches all tests anyway. */
static PyObject *spans;

static uint32_t new_span(PyObject *entry)
{
    char name[1024];
    const char *text = PyUnicode_Check(entry) ? PyUnicode_AsUTF8(entry) : NULL;
    int n = PyOS_snprintf(name, sizeof name, "sys.path_importer_cache %s", text ? text : "?");
    PyErr_Clear();
    return dz_span_new(DZ_SPAN_CACHE, name, n < (int)sizeof name ? (size_t)n : sizeof name - 1);
}

static void remember(PyObject *entry, uint32_t span)
{
    dz_autopy PyObject *number = PyLong_FromUnsignedLong(span);
    if (!spans)
        spans = PyDict_New();
    if (spans && number)
        PyDict_SetItem(spans, entry, number);
    PyErr_Clear();
}

PyObject *dz_importers_find(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names)
{
    if (!dz_span_is_on() || dz_span_of_base() == DZ_SPAN_OF_LOAD || !PyVectorcall_NARGS(nargsf))
        return PyObject_Vectorcall(inner, args, nargsf, names);
    uint32_t span = new_span(args[0]);
    remember(args[0], span);
    dz_span_enter(span);
    PyObject *importer = PyObject_Vectorcall(inner, args, nargsf, names);
    dz_span_leave(span);
    dz_span_close(span);
    return importer;
}

PyObject *dz_importers_use(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names)
{
    PyObject *importer = PyObject_Vectorcall(inner, args, nargsf, names);
    if (!importer || !spans || !PyVectorcall_NARGS(nargsf))
        return importer;
    PyObject *span = PyDict_GetItemWithError(spans, args[0]);
    if (span)
        dz_span_lean((uint32_t)PyLong_AsUnsignedLong(span));
    PyErr_Clear();
    return importer;
}
