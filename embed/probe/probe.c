#include "probe.h"

#include "check.h"
#include "code.h"
#include "frame.h"
#include "prologue.h"

#include <stdlib.h>
#include <string.h>

/* ---- none, and the evaluator as a base probe ---- */

static int nothing_to_check(const char **ret_why)
{
    (void)ret_why;
    return 0;
}

static int nothing_to_start(void)
{
    return 0;
}

static void nothing(void)
{
}

static void nothing_to_take(struct dz_bits *ran)
{
    (void)ran;
}

const struct dz_probe dz_probe_none = {
    .name = "none",
    .check = nothing_to_check,
    .start = nothing_to_start,
    .begin = nothing,
    .take = nothing_to_take,
    .stop = nothing,
};

#if DZ_EVALUATOR_MISSES_INIT

/* The stamp sees the rest for it. */
static int check_frame(const char **ret_why)
{
    int r = dz_probe_stamp.check(ret_why);
    return r < 0 ? r : dz_frame_check(ret_why);
}

static void begin_frame(void)
{
    dz_probe_stamp.begin();
}

static void take_frame(struct dz_bits *ran)
{
    dz_probe_stamp.take(ran);
}

static void stop_frame(void)
{
    dz_frame_release();
    dz_probe_stamp.stop();
}

#else
#define check_frame dz_frame_check
#define begin_frame nothing
#define take_frame nothing_to_take
#define stop_frame dz_frame_release
#endif

static int hold(void)
{
    dz_frame_hold();
    return 0;
}

/* What it meets goes into the spans by itself. */
const struct dz_probe dz_probe_frame = {
    .name = "frame",
    .check = check_frame,
    .start = hold,
    .begin = begin_frame,
    .take = take_frame,
    .stop = stop_frame,
    .forgets = 1,
    .bears_profiles = 1,
};

/* ---- choosing ---- */

/* The cheapest first. */
static const struct dz_probe *const probes[] = {
#if PY_VERSION_HEX >= 0x030C0000
    &dz_probe_stamp,
#elif PY_VERSION_HEX >= 0x030B0000
    &dz_probe_prologue,
#endif
    &dz_probe_frame,
    &dz_probe_none,
};
enum { N_PROBES = sizeof probes / sizeof *probes };

static int is_asked_for(const struct dz_probe *probe, const char *asked)
{
    return !asked || !*asked || strcmp(asked, probe->name) == 0;
}

/* Some of the nested spans are watched by the evaluator, whatever the base is watched by. */
static int can_nest(const struct dz_probe *probe, const char **ret_why)
{
    return probe == &dz_probe_none || probe == &dz_probe_frame || dz_frame_check(ret_why) == 0;
}

/* Its structs have more in them here and there: what a probe goes by has been looked at in no such build. */
static int is_debug_build(void)
{
    return PySys_GetObject("gettotalrefcount") != NULL;
}

static const struct dz_probe *choose(const char **ret_why)
{
    const char *asked = getenv("DAGZ_PROBE");
    int is_known = 0;
    *ret_why = NULL;
    if ((!asked || !*asked) && is_debug_build()) {
        *ret_why =
            "this python is a debug build: nothing is observed unless DAGZ_PROBE says by what";
        return &dz_probe_none;
    }
    for (int i = 0; i < N_PROBES; i++) {
        const struct dz_probe *probe = probes[i];
        is_known |= is_asked_for(probe, asked);
        if (probe == &dz_probe_none)
            break;
        if (is_known && probe->check(ret_why) == 0 && can_nest(probe, ret_why) &&
            probe->start() == 0)
            return probe;
        PyErr_Clear();
    }
    if (!is_known)
        *ret_why = "DAGZ_PROBE names no probe of this interpreter: none, frame, "
                   "prologue (3.11) or stamp (3.12 and later)";
    else if (!asked || strcmp(asked, dz_probe_none.name) != 0)
        *ret_why = "no probe sees in this interpreter what it should: nothing is observed";
    return &dz_probe_none;
}

const struct dz_probe *dz_probe_choose(const char **ret_why)
{
    const struct dz_probe *probe = choose(ret_why);
    dz_check_forget();
    return probe;
}

void dz_probe_meet(PyCodeObject *code)
{
    dz_code_meet(code);
#if PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030C0000
    dz_prologue_meet(code);
#endif
}

PyObject *dz_probe_compile(const char *source, const char *file)
{
    PyObject *code = Py_CompileString(source, file, Py_file_input);
    if (code)
        dz_probe_meet((PyCodeObject *)code);
    return code;
}

PyObject *dz_probe_functions(PyObject *code)
{
    dz_autopy PyObject *globals = PyDict_New();
    if (!globals || PyDict_SetItemString(globals, "__builtins__", PyEval_GetBuiltins()) < 0)
        return NULL;
    dz_autopy PyObject *done = PyEval_EvalCode(code, globals, globals);
    return done ? Py_NewRef(globals) : NULL;
}
