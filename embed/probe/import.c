#include "import.h"

#include "../span.h"
#include "../stand_in.h"
#include "code.h"

#include <string.h>

/* The file that a module's spec says it comes from, where that is the project's; NULL. Borrowed from keep. */
static const char *origin_of(PyObject *spec, PyObject **keep)
{
    *keep = PyObject_GetAttrString(spec, "origin");
    const char *origin = *keep && PyUnicode_Check(*keep) ? PyUnicode_AsUTF8(*keep) : NULL;
    if (PyErr_Occurred())
        PyErr_Clear();
    return origin && dz_code_is_project(origin) ? origin : NULL;
}

static uint32_t new_span(PyObject *spec)
{
    dz_autopy PyObject *keep = NULL;
    const char *origin = origin_of(spec, &keep);
    dz_autopy PyObject *name = origin ? PyObject_GetAttrString(spec, "name") : NULL;
    const char *text = name && PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : NULL;
    if (PyErr_Occurred())
        PyErr_Clear();
    return text ? dz_span_new(DZ_SPAN_IMPORT, text, strlen(text)) : 0;
}

/* An extension module's file is opened by the dynamic linker, which nobody sees. */
static void tell_source(PyObject *spec)
{
    dz_autopy PyObject *keep = NULL;
    const char *origin = origin_of(spec, &keep);
    size_t size = origin ? strlen(origin) : 0;
    if (!size)
        return;
    int is_source = size > 3 && strcmp(origin + size - 3, ".py") == 0;
    dz_span_fact(is_source ? DZ_FACT_SOURCE : DZ_FACT_CONTENT, origin, size, 0);
}

static PyObject *load(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names)
{
    uint32_t span = dz_span_is_on() && PyVectorcall_NARGS(nargsf) ? new_span(args[0]) : 0;
    if (span) {
        dz_span_enter(span);
        tell_source(args[0]);
    }
    PyObject *module = PyObject_Vectorcall(inner, args, nargsf, names);
    if (span) {
        dz_span_leave(span);
        dz_span_close(span);
    }
    return module;
}

int dz_import_watch(void)
{
    dz_autopy PyObject *bootstrap = PyImport_ImportModule("_frozen_importlib");
    /* The one that all import statements come by, and reload()'s. */
    return bootstrap && dz_stand_in(bootstrap, "_load_unlocked", load) == 0 &&
                   dz_stand_in(bootstrap, "_exec", load) == 0
               ? 0
               : -1;
}
