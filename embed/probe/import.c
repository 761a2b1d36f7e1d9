#include "import.h"

#include "../span.h"
#include "../stand_in.h"
#include "code.h"
#include "imported.h"
#include "lookup.h"
#include "path.h"
#include "state.h"

#include <string.h>

/* The file that a module's spec says it comes from, where that is the project's; NULL. Borrowed from keep. */
static const char *origin_of(PyObject *spec, PyObject **keep)
{
    const char *origin = dz_attribute_text(spec, "origin", keep, NULL);
    return origin && dz_code_is_project(origin) ? origin : NULL;
}

static uint32_t new_span(PyObject *spec)
{
    dz_autopy PyObject *keep = NULL, *name = NULL;
    const char *text = origin_of(spec, &keep) ? dz_attribute_text(spec, "name", &name, NULL) : NULL;
    uint32_t span = text ? dz_span_new(DZ_SPAN_IMPORT, text, strlen(text)) : 0;
    if (span)
        dz_imported_by(name, span);
    return span;
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

/* The spec that this thread loads, until its loader has been called. */
static __thread PyObject *loading __attribute__((tls_model("initial-exec")));

/* Another module's statements may import this one, so what is theirs is put back. */
static PyObject *load_spec(PyObject *spec, PyObject *inner, PyObject *const *args, size_t nargsf,
                           PyObject *names)
{
    uint32_t span = new_span(spec);
    dz_autopy PyObject *keep = NULL;
    PyObject *was_loading = loading;
    const char *was_importing = dz_path_importing(origin_of(spec, &keep));
    struct dz_import *import = span ? dz_state_importing(spec) : NULL;
    loading = spec;
    if (span) {
        dz_span_enter_import(span);
        tell_source(spec);
    }
    dz_lookup_tell_places(spec);
    PyObject *module = PyObject_Vectorcall(inner, args, nargsf, names);
    if (span) {
        if (import)
            dz_state_imported(import, dz_span_ran());
        dz_span_leave(span);
        dz_span_close(span);
    }
    dz_path_importing(was_importing);
    loading = was_loading;
    return module;
}

/* Failed ones may have been loaded in part. */
static void tell_loaded(PyObject *spec)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    dz_autopy PyObject *name = PyObject_GetAttrString(spec, "name");
    const char *text = name && PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : NULL;
    if (text)
        dz_lookup_loaded(text);
    PyErr_Clear();
    PyErr_Restore(type, value, traceback);
}

static PyObject *load(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names)
{
    if (!dz_span_is_on() || !PyVectorcall_NARGS(nargsf))
        return PyObject_Vectorcall(inner, args, nargsf, names);
    PyObject *module = load_spec(args[0], inner, args, nargsf, names);
    tell_loaded(args[0]);
    return module;
}

PyObject *dz_import_exec_module(PyObject *inner, PyObject *const *args, size_t nargsf,
                                PyObject *names)
{
    dz_autopy PyObject *spec = dz_span_is_on() && PyVectorcall_NARGS(nargsf) >= 2
                                   ? PyObject_GetAttrString(args[1], "__spec__")
                                   : NULL;
    PyErr_Clear();
    if (spec && spec != Py_None && spec != loading)
        return load_spec(spec, inner, args, nargsf, names);
    loading = NULL;
    return PyObject_Vectorcall(inner, args, nargsf, names);
}

int dz_import_watch(void)
{
    dz_autopy PyObject *bootstrap = PyImport_ImportModule("_frozen_importlib");
    /* The one that all import statements come by, and reload()'s. */
    return bootstrap && dz_stand_in(bootstrap, "_load_unlocked", load) == 0 &&
                   dz_stand_in(bootstrap, "_exec", load) == 0 && dz_imported_watch() == 0
               ? 0
               : -1;
}
