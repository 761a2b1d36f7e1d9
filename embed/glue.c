#include "glue.h"

#include "link.h"
#include "module.h"
#include "span.h"

#include "probe/watch.h"

#include <marshal.h>
#include <string.h>

static const struct dz_glue_module *find(const char *name)
{
    for (const struct dz_glue_module *module = dz_glue_modules; module->name; module++)
        if (strcmp(module->name, name) == 0)
            return module;
    return NULL;
}

/* Executes it as a module of that name, once. A new reference. */
static PyObject *load(const char *name)
{
    dz_autopy PyObject *key = PyUnicode_FromString(name);
    PyObject *loaded = key ? PyImport_GetModule(key) : NULL;
    if (loaded || PyErr_Occurred())
        return loaded;
    const struct dz_glue_module *module = find(name);
    if (!module)
        return PyErr_Format(PyExc_ModuleNotFoundError, "there is no %s in the shim", name);
    dz_autopy PyObject *code =
        PyMarshal_ReadObjectFromString((const char *)module->code, module->size);
    return code ? PyImport_ExecCodeModule(name, code) : NULL;
}

static PyObject *load_function(PyObject *self, PyObject *arg)
{
    (void)self;
    const char *name = PyUnicode_AsUTF8(arg);
    return name ? load(name) : NULL;
}

static PyMethodDef load_method = {"load", load_function, METH_O, NULL};

/* `_dagz`, held by the finder until pytest comes. */
static PyObject *new_module(const struct dz_heritage *heritage)
{
    dz_autopy PyObject *module = dz_module_new(heritage->role, heritage->executable);
    dz_autopy PyObject *function = PyCFunction_New(&load_method, NULL);
    if (!module || !function || PyObject_SetAttrString(module, "load", function) < 0)
        return NULL;
    return Py_NewRef(module);
}

int dz_glue_arm(const struct dz_heritage *heritage)
{
    if (heritage->role != DZ_ROLE_PYTHON)
        dz_link_take(dz_fd_move_high(heritage->socket));
    int observes = heritage->role == DZ_ROLE_FRONT || heritage->role == DZ_ROLE_WORKER;
    if (observes && dz_span_start() < 0)
        return -1;
    if (dz_span_is_on() && dz_watch_start(heritage->watcher) < 0)
        return -1;
    dz_autopy PyObject *module = new_module(heritage);
    const struct dz_glue_module *source = find("_dagz.arm");
    dz_autopy PyObject *code =
        source ? PyMarshal_ReadObjectFromString((const char *)source->code, source->size) : NULL;
    dz_autopy PyObject *globals = PyDict_New();
    if (!module || !code || !globals ||
        PyDict_SetItemString(globals, "__builtins__", PyEval_GetBuiltins()) < 0 ||
        PyDict_SetItemString(globals, "_dagz", module) < 0)
        return -1;
    dz_autopy PyObject *done = PyEval_EvalCode(code, globals, globals);
    return done ? 0 : -1;
}
