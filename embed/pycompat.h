/* The one door to what differs between versions of CPython (3.10 to 3.14). */
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#if PY_VERSION_HEX < 0x030A0000
#error "CPython 3.10 or later is needed"
#endif

static inline void dz_decrefp(PyObject **slot)
{
    Py_XDECREF(*slot);
}
/* Owned, released at the end of the scope. */
#define dz_autopy __attribute__((cleanup(dz_decrefp)))

/* PyLong_AsInt is public from 3.13 on. -1 with an exception set where it does not fit. */
static inline int dz_int(PyObject *value)
{
    int overflow;
    long number = PyLong_AsLongAndOverflow(value, &overflow);
    if (overflow || number != (int)number) {
        PyErr_SetString(PyExc_OverflowError, "number does not fit an int");
        return -1;
    }
    return (int)number;
}

/* Says it in sys.executable and in the configuration that sub-interpreters are made from. */
static inline int dz_set_executable(const char *path)
{
    dz_autopy PyObject *executable = PyUnicode_DecodeFSDefault(path);
    if (!executable)
        return -1;
#if PY_VERSION_HEX >= 0x030E0000
    return PyConfig_Set("executable", executable);
#else
    /* Exported by all of 3.10 to 3.13, but declared for CPython's own parts only. */
    extern const PyConfig *_Py_GetConfig(void);
    PyConfig *config = (PyConfig *)_Py_GetConfig();
    PyStatus status = PyConfig_SetBytesString(config, &config->executable, path);
    if (PyStatus_Exception(status)) {
        PyErr_NoMemory();
        return -1;
    }
    return PySys_SetObject("executable", executable);
#endif
}
