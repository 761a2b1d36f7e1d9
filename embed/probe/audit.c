#include "audit.h"

#include "../span.h"
#include "probe.h"

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

static void count_bind(PyObject *args)
{
    if (names_port(args))
        binds++;
}

/* exec(code), function.__new__(code), object.__setattr__(function, "__code__", code) */
static void meet_code(PyObject *args)
{
    Py_ssize_t n = PyTuple_Check(args) ? PyTuple_GET_SIZE(args) : 0;
    PyObject *code = n ? PyTuple_GET_ITEM(args, n - 1) : NULL;
    if (code && PyCode_Check(code))
        dz_probe_meet((PyCodeObject *)code);
}

/* What a trace function does is not seen by every probe, nor what it is told by each probe left as it was. */
static void distrust(PyObject *none)
{
    (void)none;
    dz_span_distrust(NULL);
}

static const struct {
    const char *event;
    void (*hear)(PyObject *args);
} heard[] = {
    {"exec", meet_code},         {"function.__new__", meet_code}, {"object.__setattr__", meet_code},
    {"socket.bind", count_bind}, {"sys.setprofile", distrust},    {"sys.settrace", distrust},
};
enum { N_HEARD = sizeof heard / sizeof *heard };

static int hook(const char *event, PyObject *args, void *unused)
{
    (void)unused;
    for (int i = 0; i < N_HEARD; i++)
        if (event[0] == heard[i].event[0] && strcmp(event, heard[i].event) == 0) {
            heard[i].hear(args);
            break;
        }
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
