#include "fork.h"

#include "leave.h"
#include "link.h"
#include "span.h"
#include "zygote.h"

#include <errno.h>
#include <unistd.h>

pid_t dz_fork(void)
{
    dz_span_expect_fork(1);
    PyOS_BeforeFork();
    pid_t pid = fork();
    int error = errno;
    if (pid == 0)
        PyOS_AfterFork_Child();
    else
        PyOS_AfterFork_Parent();
    dz_span_expect_fork(0);
    errno = error;
    return pid;
}

int dz_fork_zygote(int socket, PyObject *prepare, unsigned *ret_slot, unsigned *ret_serial)
{
    pid_t pid = dz_fork();
    if (pid < 0) {
        PyErr_SetFromErrno(PyExc_OSError);
        close(socket);
        return -1;
    }
    if (pid > 0) {
        close(socket);
        return 0;
    }
    dz_link_take(socket);
    dz_autopy PyObject *done = PyObject_CallNoArgs(prepare);
    if (!done) {
        PyErr_Print();
        dz_leave(DZ_LEAVE_CUT_OFF);
    }
    dz_zygote_run(ret_slot, ret_serial);
    return 1;
}

static int add_hook(PyObject *keywords, const char *name, PyMethodDef *method)
{
    dz_autopy PyObject *function = method ? PyCFunction_New(method, NULL) : NULL;
    return !method ? 0 : function ? PyDict_SetItemString(keywords, name, function) : -1;
}

int dz_register_at_fork(PyMethodDef *before, PyMethodDef *in_parent, PyMethodDef *in_child)
{
    dz_autopy PyObject *os = PyImport_ImportModule("os");
    dz_autopy PyObject *function = os ? PyObject_GetAttrString(os, "register_at_fork") : NULL;
    dz_autopy PyObject *none = PyTuple_New(0);
    dz_autopy PyObject *keywords = PyDict_New();
    if (!function || !none || !keywords || add_hook(keywords, "before", before) < 0 ||
        add_hook(keywords, "after_in_parent", in_parent) < 0 ||
        add_hook(keywords, "after_in_child", in_child) < 0)
        return -1;
    dz_autopy PyObject *done = PyObject_Call(function, none, keywords);
    return done ? 0 : -1;
}
