#include "link.h"

#include "leave.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What stands in logs only is no function here. */
#define DZ_SPOKEN_ONLY

struct dz_link dz_link = {.chan = {.fd = -1}};

/* In a child that a test forked: it must not speak for its parent, nor keep the socket open after the
 * parent has died. Memory is left alone, fork may have happened anywhere. */
static void close_in_child(void)
{
    if (dz_link.chan.fd >= 0)
        close(dz_link.chan.fd);
    dz_link.chan.fd = -1;
}

/* A page of its own for each process that takes a link; without one strays leave all the same, unnoticed. */
static void share_with_children(void)
{
    if (dz_link.astray)
        munmap(dz_link.astray, sizeof *dz_link.astray);
    dz_link.astray = mmap(NULL, sizeof *dz_link.astray, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (dz_link.astray == MAP_FAILED)
        dz_link.astray = NULL;
}

void dz_link_take(int fd)
{
    static int guarded;
    if (!guarded) {
        guarded = 1;
        pthread_atfork(NULL, NULL, close_in_child);
    }
    dz_chan_close(&dz_link.chan);
    dz_chan_init(&dz_link.chan, fd);
    dz_link.owner = getpid();
    share_with_children();
}

int dz_link_had_stray(void)
{
    return dz_link.astray && __atomic_exchange_n(dz_link.astray, 0, __ATOMIC_ACQ_REL);
}

/* Whoever comes here in another process was forked by a test and has returned into pytest: it has no
 * business there. */
static void refuse_strays(void)
{
    if (!dz_link.owner || getpid() == dz_link.owner)
        return;
    if (dz_link.astray)
        __atomic_store_n(dz_link.astray, 1, __ATOMIC_RELEASE);
    dz_leave(DZ_LEAVE_ASTRAY);
}

static PyObject *broken(int r)
{
    errno = -r;
    return PyErr_SetFromErrno(PyExc_ConnectionError);
}

/* Numbers and bytes, from Python and to it. */

static int number_from(PyObject *value, uint64_t most, uint64_t *ret)
{
    *ret = PyLong_AsUnsignedLongLong(value);
    if (*ret == (uint64_t)-1 && PyErr_Occurred())
        return 0;
    if (*ret > most) {
        PyErr_SetString(PyExc_OverflowError, "number too large for its field");
        return 0;
    }
    return 1;
}

/* Text goes as UTF-8; lone surrogates are kept as they are. keep holds the bytes until they are put. */
static int bytes_from(PyObject *value, struct dz_bytes *ret, PyObject *keep)
{
    dz_autopy PyObject *encoded = NULL;
    if (PyUnicode_Check(value)) {
        encoded = PyUnicode_AsEncodedString(value, "utf-8", "surrogatepass");
        if (!encoded || PyList_Append(keep, encoded) < 0)
            return 0;
        value = encoded;
    }
    if (!PyBytes_Check(value)) {
        PyErr_Format(PyExc_TypeError, "bytes or str, not %.80s", Py_TYPE(value)->tp_name);
        return 0;
    }
    if (PyBytes_GET_SIZE(value) > (Py_ssize_t)DZ_FRAME_MOST) {
        PyErr_SetString(PyExc_OverflowError, "too many bytes for one message");
        return 0;
    }
    *ret = dz_bytes(PyBytes_AS_STRING(value), (size_t)PyBytes_GET_SIZE(value));
    return 1;
}

#define DZ_FROM(name, type, most)                  \
    {                                              \
        uint64_t value;                            \
        if (!number_from(args[i++], most, &value)) \
            return 0;                              \
        m->name = (type)value;                     \
    }
#define DZ_U8(name) DZ_FROM(name, uint8_t, UINT8_MAX)
#define DZ_U32(name) DZ_FROM(name, uint32_t, UINT32_MAX)
#define DZ_U64(name) DZ_FROM(name, uint64_t, UINT64_MAX)
#define DZ_F64(name)                       \
    m->name = PyFloat_AsDouble(args[i++]); \
    if (PyErr_Occurred())                  \
        return 0;
#define DZ_BYTES(name)                          \
    if (!bytes_from(args[i++], &m->name, keep)) \
        return 0;
#define DZ_MSG(name, fields)                                                               \
    static int from_##name(PyObject *const *args, struct dz_msg_##name *m, PyObject *keep) \
    {                                                                                      \
        int i = 0;                                                                         \
        (void)args, (void)m, (void)keep;                                                   \
        fields return i;                                                                   \
    }
#include "../host/base/wire.def"

#define DZ_MSG(name, fields)                                                                      \
    static PyObject *put_##name(PyObject *self, PyObject *const *args, Py_ssize_t n)              \
    {                                                                                             \
        (void)self;                                                                               \
        refuse_strays();                                                                          \
        if (n != (Py_ssize_t)dz_msg_fields(DZ_MSG_##name))                                        \
            return PyErr_Format(PyExc_TypeError, #name "() takes other arguments: see wire.def"); \
        dz_autopy PyObject *keep = PyList_New(0);                                                 \
        struct dz_msg msg = {.type = DZ_MSG_##name};                                              \
        if (!keep || (!from_##name(args, &msg.name, keep) && PyErr_Occurred()))                   \
            return NULL;                                                                          \
        dz_chan_put(&dz_link.chan, &msg);                                                         \
        if (!dz_buf_ok(&dz_link.chan.out))                                                        \
            return PyErr_NoMemory();                                                              \
        Py_RETURN_NONE;                                                                           \
    }
#include "../host/base/wire.def"

#define DZ_U8(name) PyTuple_SET_ITEM(tuple, i++, PyLong_FromUnsignedLong(m->name));
#define DZ_U32(name) PyTuple_SET_ITEM(tuple, i++, PyLong_FromUnsignedLong(m->name));
#define DZ_U64(name) PyTuple_SET_ITEM(tuple, i++, PyLong_FromUnsignedLongLong(m->name));
#define DZ_F64(name) PyTuple_SET_ITEM(tuple, i++, PyFloat_FromDouble(m->name));
#define DZ_BYTES(name) \
    PyTuple_SET_ITEM(tuple, i++, PyBytes_FromStringAndSize(m->name.at, m->name.size));
#define DZ_MSG(name, fields)                                              \
    static void to_##name(PyObject *tuple, const struct dz_msg_##name *m) \
    {                                                                     \
        Py_ssize_t i = 1;                                                 \
        (void)tuple, (void)m, (void)i;                                    \
        fields                                                            \
    }
#include "../host/base/wire.def"

static int has_null(PyObject *tuple)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); i++)
        if (!PyTuple_GET_ITEM(tuple, i))
            return 1;
    return 0;
}

PyObject *dz_link_message(const struct dz_msg *msg)
{
    PyObject *tuple = PyTuple_New(1 + dz_msg_fields(msg->type));
    if (!tuple)
        return NULL;
    PyTuple_SET_ITEM(tuple, 0, PyUnicode_InternFromString(dz_msg_name(msg->type)));
    switch (msg->type) {
#define DZ_MSG(name, fields)          \
    case DZ_MSG_##name:               \
        to_##name(tuple, &msg->name); \
        break;
#include "../host/base/wire.def"
    default:
        break;
    }
    if (has_null(tuple))
        Py_CLEAR(tuple);
    return tuple;
}

static PyObject *refuse(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    refuse_strays();
    Py_RETURN_NONE;
}

static PyObject *flush(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    refuse_strays();
    for (;;) {
        int r;
        Py_BEGIN_ALLOW_THREADS r = dz_chan_flush(&dz_link.chan);
        Py_END_ALLOW_THREADS if (r == 0) Py_RETURN_NONE;
        if (r != -EINTR)
            return broken(r);
        if (PyErr_CheckSignals() < 0)
            return NULL;
    }
}

static PyObject *receive(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    for (;;) {
        refuse_strays();
        struct dz_msg msg;
        int r = dz_chan_take(&dz_link.chan, &msg);
        if (r > 0)
            return dz_link_message(&msg);
        long n = r;
        if (r == 0) {
            Py_BEGIN_ALLOW_THREADS n = dz_chan_fill(&dz_link.chan);
            Py_END_ALLOW_THREADS
        }
        if (n == 0) {
            PyErr_SetString(PyExc_EOFError, "the host has closed the connection");
            return NULL;
        }
        if (n < 0 && n != -EINTR)
            return broken((int)n);
        if (PyErr_CheckSignals() < 0)
            return NULL;
    }
}

/* receive_now(): as receive, but None where nothing has come yet. */
static PyObject *receive_now(PyObject *self, PyObject *none)
{
    struct dz_msg msg;
    int r = dz_chan_take(&dz_link.chan, &msg);
    if (r > 0)
        return dz_link_message(&msg);
    struct pollfd wait = {dz_link.chan.fd, POLLIN, 0};
    if (r == 0 && poll(&wait, 1, 0) == 0)
        Py_RETURN_NONE;
    return receive(self, none);
}

/* descriptors(): those of ours: the link's, and the one that came with the last message. */
static PyObject *descriptors(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    int passed = dz_link.chan.n_fds ? dz_link.chan.fds[0] : -1;
    return Py_BuildValue("(ii)", dz_link.chan.fd, passed);
}

/* frames(bytes): the messages that lie one after another in a result. */
static PyObject *frames(PyObject *self, PyObject *bytes)
{
    (void)self;
    if (!PyBytes_Check(bytes)) {
        PyErr_SetString(PyExc_TypeError, "frames() takes bytes");
        return NULL;
    }
    const char *at = PyBytes_AS_STRING(bytes), *end = at + PyBytes_GET_SIZE(bytes);
    dz_autopy PyObject *list = PyList_New(0);
    while (list && at < end) {
        struct dz_msg msg;
        long size = dz_wire_take(at, (size_t)(end - at), &msg);
        if (size <= 0)
            return broken(-EBADMSG);
        dz_autopy PyObject *message = dz_link_message(&msg);
        if (!message || PyList_Append(list, message) < 0)
            return NULL;
        at += size;
    }
    return Py_XNewRef(list);
}

static PyMethodDef functions[] = {
#define DZ_MSG(name, fields) {#name, (PyCFunction)(void (*)(void))put_##name, METH_FASTCALL, NULL},
#include "../host/base/wire.def"
    {"refuse_strays", refuse, METH_NOARGS, NULL},
    {"flush", flush, METH_NOARGS, NULL},
    {"receive", receive, METH_NOARGS, NULL},
    {"receive_now", receive_now, METH_NOARGS, NULL},
    {"descriptors", descriptors, METH_NOARGS, NULL},
    {"frames", frames, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

int dz_link_add_functions(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}
