/* Module `_dagz`: what our Python code needs of this process. In no table of built-in modules; it is put into
 * sys.modules when pytest is imported, and only then. */
#include "module.h"

#include "fork.h"
#include "leave.h"
#include "link.h"
#include "observe.h"
#include "probe/audit.h"
#include "settle.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static PyObject *fork_zygote(PyObject *self, PyObject *prepare)
{
    (void)self;
    unsigned slot, serial;
    int socket = dz_chan_take_fd(&dz_link.chan);
    if (socket < 0) {
        PyErr_SetString(PyExc_RuntimeError, "no socket came with the order to fork");
        return NULL;
    }
    int r = dz_fork_zygote(socket, prepare, &slot, &serial);
    if (r < 0)
        return NULL;
    if (r == 0)
        Py_RETURN_NONE;
    return Py_BuildValue("II", slot, serial);
}

/* say_hello(serial, fds): a worker's first message, with the files that are to outlive it. */
static PyObject *say_hello(PyObject *self, PyObject *args)
{
    (void)self;
    unsigned serial;
    PyObject *list;
    if (!PyArg_ParseTuple(args, "IO!", &serial, &PyList_Type, &list))
        return NULL;
    int fds[DZ_CHAN_FDS], n = 0;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list) && n < DZ_CHAN_FDS; i++) {
        fds[n] = dz_int(PyList_GET_ITEM(list, i));
        if (fds[n++] == -1 && PyErr_Occurred())
            return NULL;
    }
    struct dz_msg hello = {.type = DZ_MSG_hello,
                           .hello = {DZ_PEER_WORKER, (uint32_t)getpid(), serial}};
    int r = dz_chan_send_fds(&dz_link.chan, &hello, fds, n);
    if (r < 0) {
        errno = -r;
        return PyErr_SetFromErrno(PyExc_ConnectionError);
    }
    Py_RETURN_NONE;
}

static PyObject *settle(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    dz_settle();
    Py_RETURN_NONE;
}

static PyObject *move_high(PyObject *self, PyObject *arg)
{
    (void)self;
    int fd = dz_int(arg);
    return fd == -1 && PyErr_Occurred() ? NULL : PyLong_FromLong(dz_fd_move_high(fd));
}

static PyObject *now_us(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return PyLong_FromUnsignedLongLong((uint64_t)now.tv_sec * 1000000 +
                                       (uint64_t)now.tv_nsec / 1000);
}

static PyObject *rss(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    unsigned long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file) {
        if (fscanf(file, "%lu %lu", &size, &resident) != 2)
            resident = 0;
        fclose(file);
    }
    return PyLong_FromUnsignedLong(resident * (unsigned long)sysconf(_SC_PAGESIZE));
}

static PyObject *has_children(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    siginfo_t info;
    return PyBool_FromLong(waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0);
}

static PyObject *had_stray(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    return PyBool_FromLong(dz_link_had_stray());
}

static PyObject *watch_binds(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    if (dz_audit_watch() < 0)
        return NULL;
    return PyLong_FromUnsignedLong(dz_audit_binds());
}

static PyObject *leave(PyObject *self, PyObject *arg)
{
    (void)self;
    int status = dz_int(arg);
    if (status == -1 && PyErr_Occurred())
        return NULL;
    dz_leave(status);
}

static PyMethodDef functions[] = {
    {"fork_zygote", fork_zygote, METH_O, NULL},
    {"say_hello", say_hello, METH_VARARGS, NULL},
    {"settle", settle, METH_NOARGS, NULL},
    {"move_high", move_high, METH_O, NULL},
    {"now_us", now_us, METH_NOARGS, NULL},
    {"rss", rss, METH_NOARGS, NULL},
    {"has_children", has_children, METH_NOARGS, NULL},
    {"had_stray", had_stray, METH_NOARGS, NULL},
    {"watch_binds", watch_binds, METH_NOARGS, NULL},
    {"leave", leave, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_dagz",
    .m_doc = "DAGZ's own side of this interpreter. PYTEST_DONT_REWRITE",
    .m_size = -1,
    .m_methods = functions,
};

PyObject *dz_module_new(enum dz_role role, const char *executable)
{
    static const char *const roles[] = {"python", "front", "worker", "replay", "cut"};
    dz_autopy PyObject *module = PyModule_Create(&definition);
    dz_autopy PyObject *path = PyList_New(0);
    dz_autopy PyObject *program = PyUnicode_DecodeFSDefault(executable);
    if (!module || !path || !program || dz_link_add_functions(module) < 0 ||
        dz_observe_add_functions(module) < 0 ||
        PyModule_AddObjectRef(module, "__path__", path) < 0 ||
        PyModule_AddObjectRef(module, "executable", program) < 0 ||
        PyModule_AddStringConstant(module, "role", roles[role]) < 0)
        return NULL;
    return Py_NewRef(module);
}
