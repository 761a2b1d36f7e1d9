#include "audit.h"

#include "content.h"

#include "child.h"
#include "code.h"
#include "lookup.h"
#include "path.h"
#include "probe.h"
#include "watch.h"

#include "../span.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static unsigned long binds;

/* Borrowed; NULL where there are fewer. */
static PyObject *argument(PyObject *args, Py_ssize_t index)
{
    return PyTuple_Check(args) && PyTuple_GET_SIZE(args) > index ? PyTuple_GET_ITEM(args, index)
                                                                 : NULL;
}

/* ---- what is told of at all times ---- */

/* socket.bind(self, address): an address with a port, and that is not "any". */
static void bind(PyObject *args)
{
    PyObject *address = argument(args, 1);
    if (!address || !PyTuple_Check(address) || PyTuple_GET_SIZE(address) < 2)
        return;
    PyObject *port = PyTuple_GET_ITEM(address, 1);
    if (PyLong_Check(port) && PyObject_IsTrue(port) == 1)
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

static void interpreter(PyObject *args)
{
    (void)args;
    if (!dz_watch_begin())
        return;
    dz_span_fact(DZ_FACT_BLIND, "sub-interpreter", 15, 0);
    dz_watch_unhush();
}

/* A module's source is read, its statements run from here on. 3.13 tells of no new interpreter, but each executes what
 * it starts with. */
static void execute(PyObject *args)
{
    if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
        interpreter(args);
        return;
    }
    dz_path_importing(NULL);
    meet_code(args);
}

/* What a trace function does is not seen by every probe, nor what it is told by each probe left as it was. */
static void traced(PyObject *none)
{
    (void)none;
    dz_span_distrust("a trace function was on: the frame evaluator watched meanwhile");
}

static void profiled(PyObject *none)
{
    (void)none;
    dz_span_profiled();
}

static int is_of_project(PyObject *function)
{
    PyCodeObject *code = (PyCodeObject *)PyFunction_GET_CODE(function);
    const char *file = PyUnicode_AsUTF8(code->co_filename);
    PyErr_Clear();
    return !file || dz_code_is_project(file);
}

/* sys.monitoring.register_callback(function), which may be the project's. What C has made is not; of what else can be
 * called, a partial or an instance, nobody knows where it leads. */
static void monitor(PyObject *args)
{
    PyObject *function = argument(args, 0);
    if (!function || function == Py_None || PyCFunction_Check(function))
        return;
    if (PyMethod_Check(function))
        function = PyMethod_GET_FUNCTION(function);
    if (!PyFunction_Check(function) || is_of_project(function))
        dz_span_monitored();
}

/* pickle.find_class(module, name) */
static void unpickle(PyObject *args)
{
    PyObject *module = argument(args, 0), *name = argument(args, 1);
    if (module && name && dz_span_is_on())
        dz_lookup_unpickled(module, name);
}

/* os.system(command) */
static void run_command(PyObject *args)
{
    PyObject *command = argument(args, 0);
    if (command && dz_span_is_on())
        dz_child_system(command);
}

/* ---- paths ---- */

/* Whatever a path was given as; a descriptor is none. Of events that come before the deed: it may fail. */
static void look_at(PyObject *path, enum dz_fact fact, unsigned value)
{
    dz_autopy PyObject *bytes = NULL;
    if (path && path != Py_None && !PyLong_Check(path) && dz_span_is_on() &&
        PyUnicode_FSConverter(path, &bytes)) {
        const char *text = PyBytes_AS_STRING(bytes);
        int is_there = syscall(SYS_faccessat, AT_FDCWD, text, F_OK) == 0;
        int error = is_there || fact == DZ_FACT_WRITTEN ? 0 : errno;
        dz_path_seen(fact, AT_FDCWD, text, error, value);
    }
    PyErr_Clear();
}

/* ctypes.dlopen(name): the dynamic linker's own look is seen by nobody. Without a slash it is a system's. */
static void open_library(PyObject *args)
{
    PyObject *name = argument(args, 0);
    if (name && PyUnicode_Check(name) && PyUnicode_FindChar(name, '/', 0, PY_SSIZE_T_MAX, 1) >= 0)
        look_at(name, DZ_FACT_CONTENT, 0);
    PyErr_Clear();
}

/* The rest only where libc's names are not seen: by them more is, and how it ended. What has no event then goes unseen:
 * os.stat and all that is built on it, os.access, os.readlink, and what C code does. */

/* open(path, mode, flags) */
static void open_file(PyObject *args)
{
    PyObject *flags = argument(args, 2);
    long bits = flags && PyLong_Check(flags) ? PyLong_AsLong(flags) : O_RDONLY;
    if (!(bits & O_TRUNC))
        look_at(argument(args, 0), DZ_FACT_CONTENT, 0);
    if ((bits & O_ACCMODE) != O_RDONLY || bits & (O_CREAT | O_TRUNC))
        look_at(argument(args, 0), DZ_FACT_WRITTEN,
                bits & O_TRUNC ? DZ_WRITTEN_OVER : DZ_WRITTEN_INTO);
}

/* os.listdir(path), os.scandir(path) */
static void list(PyObject *args)
{
    look_at(argument(args, 0), DZ_FACT_NAMES, 0);
}

/* sqlite3.connect(database), which tells nobody how it opens it. */
static void connect(PyObject *args)
{
    look_at(argument(args, 0), DZ_FACT_CONTENT, 0);
    look_at(argument(args, 0), DZ_FACT_WRITTEN, DZ_WRITTEN_INTO);
}

static void change(PyObject *args)
{
    look_at(argument(args, 0), DZ_FACT_STAT, DZ_STAT_ITSELF);
    look_at(argument(args, 0), DZ_FACT_WRITTEN, DZ_WRITTEN_OVER);
}

/* os.rename(old, new), os.link(old, new), os.symlink(target, new) */
static void move(PyObject *args)
{
    look_at(argument(args, 0), DZ_FACT_CONTENT, 0);
    change(args);
    look_at(argument(args, 1), DZ_FACT_WRITTEN, DZ_WRITTEN_OVER);
}

/* When the first process of the job began to watch. */
static int64_t began_ns;

/* os.utime(path, times, ns, dir_fd): that a file is dated anew says nothing of its content. */
static void touch(PyObject *args)
{
    uint32_t value;
    dz_autopy PyObject *bytes = NULL;
    PyObject *path = argument(args, 0);
    if (path && !PyLong_Check(path) && PyUnicode_FSConverter(path, &bytes) &&
        dz_content_since(PyBytes_AS_STRING(bytes), began_ns, &value))
        look_at(path, DZ_FACT_TOUCHED, value);
    PyErr_Clear();
}

static void become_other(PyObject *args)
{
    (void)args;
    dz_watch_leaving(1);
}

/* ---- the table ---- */

enum when { ALWAYS, WITHOUT_SYMBOLS };

/* In alphabetical order: they are looked for by their first letter. */
static const struct row {
    const char *event;
    void (*tell)(PyObject *args);
    enum when when;
} rows[] = {
    {"cpython.PyInterpreterState_New", interpreter, ALWAYS},
    {"ctypes.dlopen", open_library, ALWAYS},
    {"exec", execute, ALWAYS},
    {"function.__new__", meet_code, ALWAYS},
    {"object.__setattr__", meet_code, ALWAYS},
    {"open", open_file, WITHOUT_SYMBOLS},
    {"os.chmod", change, WITHOUT_SYMBOLS},
    {"os.exec", become_other, WITHOUT_SYMBOLS},
    {"os.link", move, WITHOUT_SYMBOLS},
    {"os.listdir", list, WITHOUT_SYMBOLS},
    {"os.mkdir", change, WITHOUT_SYMBOLS},
    {"os.remove", change, WITHOUT_SYMBOLS},
    {"os.rename", move, WITHOUT_SYMBOLS},
    {"os.rmdir", change, WITHOUT_SYMBOLS},
    {"os.scandir", list, WITHOUT_SYMBOLS},
    {"os.symlink", move, WITHOUT_SYMBOLS},
    {"os.system", run_command, ALWAYS},
    {"os.truncate", change, WITHOUT_SYMBOLS},
    {"os.utime", touch, ALWAYS},
    {"pickle.find_class", unpickle, ALWAYS},
    {"socket.bind", bind, ALWAYS},
    {"sqlite3.connect", connect, WITHOUT_SYMBOLS},
    {"sys.monitoring.register_callback", monitor, ALWAYS},
    {"sys.setprofile", profiled, ALWAYS},
    {"sys.settrace", traced, ALWAYS},
};
enum { N_ROWS = sizeof rows / sizeof *rows };

/* By a letter, the first row that begins with it, + 1. */
static unsigned char starts['z' + 1];

static void find_starts(void)
{
    for (unsigned i = N_ROWS; i > 0; i--)
        starts[(unsigned char)rows[i - 1].event[0]] = (unsigned char)i;
}

/* As strcmp, which is called by way of a table and looks at more than the first letters that differ. */
static inline int compare(const char *one, const char *other)
{
    for (; *one == *other && *one; one++)
        other++;
    return *one - *other;
}

static const struct row *find(const char *event)
{
    unsigned char letter = (unsigned char)event[0];
    unsigned at = letter < sizeof starts ? starts[letter] : 0;
    for (; at && at <= N_ROWS; at++) {
        int order = compare(rows[at - 1].event, event);
        if (order >= 0)
            return order ? NULL : &rows[at - 1];
    }
    return NULL;
}

/* Events that nobody wants (id(), __code__, every import) come often. */
static int hook(const char *event, PyObject *args, void *unused)
{
    (void)unused;
    const struct row *row = find(event);
    if (row && (row->when == ALWAYS || !dz_watch_has_symbols()))
        row->tell(args);
    return 0;
}

int dz_audit_watch(void)
{
    static int watching;
    if (watching)
        return 0;
    find_starts();
    began_ns = dz_content_clock();
    if (PySys_AddAuditHook(hook, NULL) < 0)
        return -1;
    watching = 1;
    return 0;
}

unsigned long dz_audit_binds(void)
{
    return binds;
}
