#include "child.h"

#include "caller.h"
#include "watch.h"

#include "../span.h"

#include "../../host/base/buf.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static int ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), least = strlen(end);
    return size >= least && strcmp(text + size - least, end) == 0;
}

static int starts_programs(const char *file)
{
    return *file == '<' || (dz_caller_is_library(file) &&
                            (ends_with(file, "/subprocess.py") || ends_with(file, "/os.py")));
}

/* What the standard library asks programs for itself is what machine this is, and that is taken as given. */
static int asks_for_machine(void)
{
    const char *file = dz_caller(starts_programs);
    return dz_caller_is_library(file) &&
           (ends_with(file, "/platform.py") || ends_with(file, "/ctypes/util.py") ||
            ends_with(file, "/uuid.py"));
}

static void tell(const struct dz_buf *first, const struct dz_buf *others, uint64_t pid)
{
    dz_autobuf struct dz_buf command = {0};
    dz_buf_put(&command, first->data, first->len);
    if (others->len)
        dz_buf_fmt(&command, " #%016llx",
                   (unsigned long long)XXH3_64bits(others->data, others->len));
    if (!dz_watch_begin())
        return;
    if (dz_buf_ok(&command) && command.len)
        dz_span_fact(DZ_FACT_CHILD, command.data, command.len, pid);
    if (!asks_for_machine())
        dz_span_fact(DZ_FACT_BLIND, "child", 5, 0);
    dz_watch_unhush();
}

/* Each with a NUL behind it, so that no two commands are one. */
static void add_word(struct dz_buf *words, PyObject *word)
{
    dz_autopy PyObject *path = PyOS_FSPath(word);
    dz_autopy PyObject *bytes = NULL;
    if (path && PyUnicode_FSConverter(path, &bytes))
        dz_buf_put(words, PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes) + 1);
    PyErr_Clear();
}

static void tell_words(PyObject *words, uint64_t pid)
{
    dz_autobuf struct dz_buf first = {0}, others = {0};
    dz_autopy PyObject *list = PySequence_Fast(words, "");
    for (Py_ssize_t i = 0; list && i < PySequence_Fast_GET_SIZE(list); i++)
        add_word(i ? &others : &first, PySequence_Fast_GET_ITEM(list, i));
    PyErr_Clear();
    if (first.len)
        first.len--;
    tell(&first, &others, pid);
}

static uint64_t pid_of(PyObject *result)
{
    long pid = PyLong_Check(result) ? PyLong_AsLong(result) : 0;
    PyErr_Clear();
    return pid > 0 ? (uint64_t)pid : 0;
}

/* The words may be gone through only once: they are told as the call has left them. */
PyObject *dz_child_fork_exec(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names)
{
    dz_watch_expect_fork(1);
    /* The child of a vfork is this thread until it is another program. */
    dz_watch_hush();
    PyObject *result = PyObject_Vectorcall(inner, args, nargsf, names);
    dz_watch_unhush();
    dz_watch_expect_fork(0);
    if (result && PyVectorcall_NARGS(nargsf) && dz_span_is_on())
        tell_words(args[0], pid_of(result));
    return result;
}

PyObject *dz_child_spawn(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names)
{
    PyObject *result = PyObject_Vectorcall(inner, args, nargsf, names);
    if (result && PyVectorcall_NARGS(nargsf) >= 2 && dz_span_is_on())
        tell_words(args[1], pid_of(result));
    return result;
}

void dz_child_system(PyObject *command)
{
    dz_autobuf struct dz_buf first = {0}, others = {0};
    dz_autopy PyObject *bytes = NULL;
    if (PyUnicode_FSConverter(command, &bytes)) {
        const char *text = PyBytes_AS_STRING(bytes);
        size_t size = strcspn(text, " \t\n");
        dz_buf_put(&first, text, size);
        text += size + strspn(text + size, " \t\n");
        dz_buf_put(&others, text, strlen(text));
    }
    PyErr_Clear();
    tell(&first, &others, 0);
}
