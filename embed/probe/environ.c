#include "environ.h"

#include "caller.h"
#include "watch.h"

#include "../span.h"
#include "../stand_in.h"

#include "../../host/base/environ.h"
#include "../../host/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

struct variable {
    const char *name; /* its first bytes are */
    size_t size;
    uint64_t hash; /* of its value; 0: not there */
};

/* Never changed after the start: so any thread may look. */
static struct {
    struct variable *slots;
    size_t mask;
    uint64_t hash; /* of all */
} inherited;

/* This thread is in the middle of os.environ[name] = value, or of a walk through all. */
static __thread int aside __attribute__((tls_model("initial-exec")));

/* ---- what was there at the start ---- */

static struct variable *slot_of(const char *name, size_t size)
{
    for (size_t at = XXH3_64bits(name, size) & inherited.mask;; at = (at + 1) & inherited.mask) {
        struct variable *slot = &inherited.slots[at];
        if (!slot->name || (slot->size == size && memcmp(slot->name, name, size) == 0))
            return slot;
    }
}

/* The strings may be taken away or overwritten later: names are copied. */
static int remember(const char *entry)
{
    const char *equals = strchr(entry, '=');
    if (!equals || !dz_environ_is_told(entry, (size_t)(equals - entry)))
        return 0;
    size_t size = (size_t)(equals - entry);
    char *name = dz_memdup(entry, size);
    if (!name)
        return -1;
    struct variable *slot = slot_of(name, size);
    if (slot->name)
        dz_free(name); /* the first of two is the one that getenv gives */
    else
        *slot = (struct variable){name, size,
                                  dz_environ_hash(name, size, equals + 1, strlen(equals + 1))};
    return 0;
}

static int remember_all(void)
{
    size_t n = 0, slots = 64;
    for (char **entry = environ; entry && *entry; entry++)
        n++;
    while (slots < 2 * n)
        slots *= 2;
    inherited.slots = dz_alloc(slots * sizeof *inherited.slots);
    if (!inherited.slots)
        return -1;
    inherited.mask = slots - 1;
    inherited.hash = dz_environ_hash_all(environ);
    for (size_t i = 0; i < n; i++)
        if (remember(environ[i]) < 0)
            return -1;
    return 0;
}

/* ---- telling ---- */

static void tell(const char *name, size_t size, const char *value, size_t value_size)
{
    /* What pytest takes its settings from: they are in the key when they have been read. */
    if (!dz_environ_is_told(name, size) || (!dz_span_is_test() && dz_caller_is_pytest()))
        return;
    uint64_t hash = dz_environ_hash(name, size, value, value_size);
    const struct variable *was = slot_of(name, size);
    if ((was->name ? was->hash : 0) == hash)
        dz_span_fact(DZ_FACT_ENVIRONMENT, name, size, hash);
}

void dz_environ_seen(const char *name)
{
    if (!name || aside || !dz_watch_begin())
        return;
    size_t size = strlen(name);
    const char *value = NULL;
    /* As getenv itself does, which would come by here. */
    for (char **entry = environ; entry && *entry && !value; entry++)
        if (strncmp(*entry, name, size) == 0 && (*entry)[size] == '=')
            value = *entry + size + 1;
    tell(name, size, value, value ? strlen(value) : 0);
    dz_watch_unhush();
}

/* ---- os.environ ---- */

/* The dictionary of encoded names and values that it keeps. */
static PyObject *data;

/* Of names that are not as they were inherited: the span that has set or deleted each, which may be another test's. */
static PyObject *setters;

static void lean_on_setter(PyObject *name)
{
    PyObject *span = PyDict_GET_SIZE(setters) ? PyDict_GetItemWithError(setters, name) : NULL;
    if (span)
        dz_span_lean((uint32_t)PyLong_AsUnsignedLong(span));
}

static void lean_on_all(void)
{
    PyObject *name, *span;
    Py_ssize_t at = 0;
    while (PyDict_Next(setters, &at, &name, &span))
        dz_span_lean((uint32_t)PyLong_AsUnsignedLong(span));
}

static void note_set(PyObject *name)
{
    PyObject *value = PyDict_GetItemWithError(data, name);
    if (!PyBytes_Check(name) || (value && !PyBytes_Check(value)))
        return;
    const char *text = PyBytes_AS_STRING(name);
    size_t size = (size_t)PyBytes_GET_SIZE(name);
    const struct variable *was = slot_of(text, size);
    uint64_t hash = dz_environ_hash(text, size, value ? PyBytes_AS_STRING(value) : NULL,
                                    value ? (size_t)PyBytes_GET_SIZE(value) : 0);
    if (!dz_environ_is_told(text, size))
        return;
    if ((was->name ? was->hash : 0) == hash) {
        if (PyDict_GetItemWithError(setters, name))
            PyDict_DelItem(setters, name);
        return;
    }
    dz_autopy PyObject *span = PyLong_FromUnsignedLong(dz_span_current());
    if (span)
        PyDict_SetItem(setters, name, span);
}

static void see(PyObject *name)
{
    lean_on_setter(name);
    PyObject *value = PyDict_GetItemWithError(data, name);
    if (PyBytes_Check(name) && (!value || PyBytes_Check(value)))
        tell(PyBytes_AS_STRING(name), (size_t)PyBytes_GET_SIZE(name),
             value ? PyBytes_AS_STRING(value) : NULL, value ? (size_t)PyBytes_GET_SIZE(value) : 0);
    else
        PyErr_Clear();
}

/* encodekey: every look at a name comes by it. */
static PyObject *encode(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names)
{
    PyObject *name = PyObject_Vectorcall(inner, args, nargsf, names);
    if (name && !aside && dz_watch_begin()) {
        see(name);
        dz_watch_unhush();
    }
    return name;
}

PyObject *dz_environ_aside(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names)
{
    aside++;
    PyObject *result = PyObject_Vectorcall(inner, args, nargsf, names);
    aside--;
    return result;
}

/* os.environ[name] = value, del os.environ[name]: of tests and what they use, for whoever reads it later. */
static PyObject *set(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names)
{
    PyObject *result = dz_environ_aside(inner, args, nargsf, names);
    if (!result || PyVectorcall_NARGS(nargsf) < 2 || !dz_span_is_on())
        return result;
    aside++;
    dz_autopy PyObject *encode = PyObject_GetAttrString(args[0], "encodekey");
    dz_autopy PyObject *name = encode ? PyObject_CallOneArg(encode, args[1]) : NULL;
    aside--;
    if (name)
        note_set(name);
    PyErr_Clear();
    return result;
}

static PyObject *walk(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names)
{
    if (!aside && dz_watch_begin()) {
        dz_span_fact(DZ_FACT_ENVIRONMENT, "*", 1, inherited.hash);
        lean_on_all();
        dz_watch_unhush();
    }
    return dz_environ_aside(inner, args, nargsf, names);
}

static int watch(PyObject *os, const char *name)
{
    dz_autopy PyObject *mapping = PyObject_GetAttrString(os, name);
    return mapping ? dz_stand_in(mapping, "encodekey", encode) : -1;
}

static int watch_type(PyObject *os)
{
    dz_autopy PyObject *type = PyObject_GetAttrString(os, "_Environ");
    /* Whoever walks through asks for each name by itself then; a copy is told by this alone. */
    return type && dz_stand_in(type, "__setitem__", set) == 0 &&
                   dz_stand_in(type, "__delitem__", set) == 0 &&
                   dz_stand_in(type, "__iter__", walk) == 0 && dz_stand_in(type, "copy", walk) == 0
               ? 0
               : -1;
}

int dz_environ_start(void)
{
    if (remember_all() < 0) {
        PyErr_NoMemory();
        return -1;
    }
    dz_autopy PyObject *os = PyImport_ImportModule("os");
    dz_autopy PyObject *mapping = os ? PyObject_GetAttrString(os, "environ") : NULL;
    data = mapping ? PyObject_GetAttrString(mapping, "_data") : NULL;
    setters = PyDict_New();
    if (!setters || !data || !PyDict_Check(data))
        return -1;
    return watch(os, "environ") < 0 || watch(os, "environb") < 0 ? -1 : watch_type(os);
}
