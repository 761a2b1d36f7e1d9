#include "check.h"

#include "code.h"
#include "frame.h"

#include <string.h>

/* Their names begin with what is to be seen of them. */
static const char source[] =
    "def runs_inlined(): return 1\n"
    "def runs_calling(): return runs_inlined()\n"
    "def sleeps_never(): pass\n"
    "def sleeps_before(): pass\n"
    "def runs_resumed():\n"
    "    while True: yield runs_inlined()\n"
    "def runs_thrown_into():\n"
    "    while True:\n"
    "        try: yield\n"
    "        except KeyError: pass\n"
    "def sleeps_suspended(): yield\n"
    "async def runs_awaiting(): return runs_calling()\n"
    "def runs_as_key(_): return 0\n"
    "def runs_as_method(self): return 0\n"
    "def runs_as_init(self, value): self.value = value\n"
    "class Made: __init__ = runs_as_init\n"
    "def runs_making(): return Made(1)\n"
    "class Class: method = property(runs_as_method)\n"
    "def prepare():\n"
    "    global resumed, thrown_into, suspended, awaiting\n"
    "    resumed, thrown_into, suspended = runs_resumed(), runs_thrown_into(), sleeps_suspended()\n"
    "    next(resumed), next(thrown_into), next(suspended), sleeps_before()\n"
    "    awaiting = runs_awaiting()\n"
    "    for _ in range(100): runs_calling(), runs_making()\n"
    "def act():\n"
    "    next(resumed)\n"
    "    thrown_into.throw(KeyError)\n"
    "    sorted([1], key=runs_as_key)\n"
    "    Class().method\n"
    "    runs_making()\n"
    "    try: awaiting.send(None)\n"
    "    except StopIteration: pass\n";

/* Of it, for as many probes as are tried. */
static PyObject *compiled;

static int call(PyObject *functions, const char *name)
{
    PyObject *function = PyDict_GetItemString(functions, name);
    dz_autopy PyObject *done = function ? PyObject_CallNoArgs(function) : NULL;
    return done ? 0 : -1;
}

static int act(PyObject *functions, const struct dz_probe *probe, struct dz_bits *ran)
{
    if (call(functions, "prepare") < 0)
        return -1;
    dz_bits_clear(ran);
    dz_frame_next_epoch();
    probe->begin();
    if (call(functions, "act") < 0)
        return -1;
    probe->take(ran);
    return 0;
}

static int is_as_told(const char *name, PyObject *value, const struct dz_bits *ran)
{
    int runs = strncmp(name, "runs_", 5) == 0, sleeps = strncmp(name, "sleeps_", 7) == 0;
    if (!PyFunction_Check(value) || !(runs || sleeps))
        return 1;
    uint32_t number = dz_code_number((PyCodeObject *)PyFunction_GET_CODE(value));
    return number && dz_bits_has(ran, number) == runs;
}

static int are_as_told(PyObject *functions, const struct dz_bits *ran)
{
    Py_ssize_t at = 0;
    PyObject *key, *value;
    while (PyDict_Next(functions, &at, &key, &value)) {
        const char *name = PyUnicode_AsUTF8(key);
        if (!name || !is_as_told(name, value, ran))
            return 0;
    }
    return 1;
}

int dz_check(const struct dz_probe *probe, struct dz_bits *ran)
{
    if (!compiled)
        compiled = dz_probe_compile(source, "dagz/self-check");
    dz_autopy PyObject *functions = compiled ? dz_probe_functions(compiled) : NULL;
    int r = functions && act(functions, probe, ran) == 0 && are_as_told(functions, ran) ? 0 : -1;
    PyErr_Clear();
    /* Now, and not when garbage is collected in somebody's span. */
    if (functions)
        PyDict_Clear(functions);
    dz_bits_clear(ran);
    return r;
}

void dz_check_forget(void)
{
    Py_CLEAR(compiled);
}
