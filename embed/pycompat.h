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
