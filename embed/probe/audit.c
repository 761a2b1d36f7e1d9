#include "audit.h"

#include <string.h>

static unsigned long binds;

/* socket.bind(self, address): an address with a port, and that is not "any". */
static int names_port(PyObject *args)
{
    PyObject *address =
        PyTuple_Check(args) && PyTuple_GET_SIZE(args) == 2 ? PyTuple_GET_ITEM(args, 1) : NULL;
    if (!address || !PyTuple_Check(address) || PyTuple_GET_SIZE(address) < 2)
        return 0;
    PyObject *port = PyTuple_GET_ITEM(address, 1);
    return PyLong_Check(port) && PyObject_IsTrue(port) == 1;
}

static int hook(const char *event, PyObject *args, void *unused)
{
    (void)unused;
    if (event[0] == 's' && strcmp(event, "socket.bind") == 0 && names_port(args))
        binds++;
    return 0;
}

int dz_audit_watch(void)
{
    static int watching;
    if (watching)
        return 0;
    if (PySys_AddAuditHook(hook, NULL) < 0)
        return -1;
    watching = 1;
    return 0;
}

unsigned long dz_audit_binds(void)
{
    return binds;
}
