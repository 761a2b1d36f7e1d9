#include "inlined.h"

#if DZ_INLINES_CLASSES

#define Py_BUILD_CORE
#define NEED_OPCODE_METADATA
#include <internal/pycore_opcode_metadata.h>
#undef Py_BUILD_CORE

/* An instruction's first byte, as it is now: an instruction and a cache entry have two each. */
static unsigned char *byte_at(PyCodeObject *code, Py_ssize_t unit)
{
    return (unsigned char *)&code->co_code_adaptive[2 * unit];
}

/* Or a cache entry that looks like it. */
static int may_have_one(PyCodeObject *code)
{
    for (Py_ssize_t i = 0; i < Py_SIZE(code); i++)
        if (*byte_at(code, i) == CALL_ALLOC_AND_ENTER_INIT)
            return 1;
    return 0;
}

/* The plain bytes tell where instructions begin, also where a tool of sys.monitoring has put its own over them. */
static void undo(PyCodeObject *code, const unsigned char *plain, Py_ssize_t n)
{
    for (Py_ssize_t i = 0; i < n; i += 1 + _PyOpcode_Caches[plain[2 * i]])
        if (*byte_at(code, i) == CALL_ALLOC_AND_ENTER_INIT)
            *byte_at(code, i) = CALL;
}

void dz_inlined_undo(PyCodeObject *code)
{
    if (!may_have_one(code))
        return;
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    dz_autopy PyObject *plain = PyCode_GetCode(code);
    if (plain)
        undo(code, (const unsigned char *)PyBytes_AS_STRING(plain), PyBytes_GET_SIZE(plain) / 2);
    PyErr_Restore(type, value, traceback);
}

#endif
