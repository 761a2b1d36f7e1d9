#include "rows.h"

#include <string.h>

/* A module that has not got this, or hides it, is let be. */
static void watch(PyObject *module, const struct dz_row *row)
{
    dz_autopy PyObject *owner =
        row->type ? PyObject_GetAttrString(module, row->type) : Py_NewRef(module);
    if (owner)
        dz_stand_in(owner, row->function, row->around);
    PyErr_Clear();
}

int dz_rows_loaded(const struct dz_row *rows, size_t n, const char *name)
{
    dz_autopy PyObject *module = NULL;
    for (const struct dz_row *row = rows; row < rows + n; row++) {
        if (strcmp(row->module, name) != 0)
            continue;
        if (!module) {
            dz_autopy PyObject *key = PyUnicode_FromString(name);
            module = key ? PyImport_GetModule(key) : NULL;
        }
        if (module)
            watch(module, row);
    }
    return PyErr_Occurred() ? -1 : 0;
}

int dz_rows_watch(const struct dz_row *rows, size_t n)
{
    const char *last = "";
    for (const struct dz_row *row = rows; row < rows + n; row++) {
        if (strcmp(row->module, last) != 0 && dz_rows_loaded(rows, n, row->module) < 0)
            return -1;
        last = row->module;
    }
    return 0;
}
