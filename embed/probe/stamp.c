#include "stamp.h"

#include "check.h"
#include "code.h"

#include "../log.h"

#include "../../host/base/mem.h"

#if PY_VERSION_HEX >= 0x030C0000

/* sys.monitoring has so many numbers for tools. */
enum { N_TOOLS = 6 };

/* From one version to the next; below it the interpreter keeps flags. */
enum { STEP = PY_VERSION_HEX >= 0x030D0000 ? 256 : 1 };

struct known {
    PyCodeObject *code; /* borrowed: its end is heard of */
    uint32_t number;
};

static struct {
    struct known *known; /* of interest, and alive */
    uint32_t n, cap;
    PyCodeObject **fresh; /* not looked at yet; NULL: has died */
    uint32_t n_fresh, fresh_cap;
    Py_ssize_t place; /* of the extra slot that tells where in known a code is, plus 1 */
    int watcher;
    /* Of sys.monitoring, as they were: tests may put their own there. */
    PyObject *use_tool_id, *get_tool, *free_tool_id, *set_events;
    PyObject *rare_event, *no_events, *canary;
    /* Code that is not older has run. Not the newest, where somebody else has tools, too. */
    uint64_t version;
    struct dz_bits dead;     /* have run and died */
    struct dz_bits left_out; /* packages */
    int loads; /* in the load, which reaches all tests: a package that has run needs no looking at */
} stamp = {.watcher = -1};

static uint64_t stamp_of(PyCodeObject *code)
{
    return (uint64_t)code->_co_instrumentation_version;
}

/* ---- which codes there are ---- */

static void created(PyCodeObject *code)
{
    if (dz_log_has_room(&stamp.fresh, stamp.n_fresh, &stamp.fresh_cap, sizeof *stamp.fresh))
        stamp.fresh[stamp.n_fresh++] = code;
}

static void drop(uint32_t place)
{
    struct known *last = &stamp.known[--stamp.n];
    if (place != stamp.n) {
        stamp.known[place] = *last;
        dz_code_set_extra((PyObject *)last->code, stamp.place, (void *)(uintptr_t)(place + 1));
    }
}

/* Those that die young are the last that came. */
static void forget_fresh(PyCodeObject *code)
{
    for (uint32_t i = stamp.n_fresh; i > 0; i--)
        if (stamp.fresh[i - 1] == code) {
            stamp.fresh[i - 1] = NULL;
            break;
        }
    while (stamp.n_fresh && !stamp.fresh[stamp.n_fresh - 1])
        stamp.n_fresh--;
}

static void add(struct dz_bits *bits, uint32_t number)
{
    if (dz_bits_set(bits, number) < 0)
        dz_log_give_up();
}

/* What was left out is never set back. */
static void note_death(PyCodeObject *code)
{
    uint32_t package = dz_code_package(code);
    uint32_t number = package ? package : dz_code_is_library(code) ? 0 : dz_code_number(code);
    if (!number || dz_bits_has(&stamp.left_out, number))
        return;
    add(&stamp.dead, number);
    if (stamp.loads && dz_code_is_package(number))
        add(&stamp.left_out, number);
}

static void destroyed(PyCodeObject *code)
{
    uint32_t place = (uint32_t)(uintptr_t)dz_code_extra(code, stamp.place);
    if (stamp_of(code) >= stamp.version)
        note_death(code);
    if (place)
        drop(place - 1);
    else
        forget_fresh(code);
}

static int watch(PyCodeEvent event, PyCodeObject *code)
{
    if (event == PY_CODE_EVENT_CREATE)
        created(code);
    else
        destroyed(code);
    return 0;
}

/* Most of all code is the library's, or a package's that has been imported: nothing is put into those. */
static int is_of_interest(PyCodeObject *code)
{
    return !dz_code_is_library(code) && !dz_code_extra(code, stamp.place) &&
           !dz_bits_has(&stamp.left_out, dz_code_package(code));
}

static void settle(PyCodeObject *code)
{
    uint32_t number = is_of_interest(code) ? dz_code_number(code) : 0;
    if (!number || !dz_log_has_room(&stamp.known, stamp.n, &stamp.cap, sizeof *stamp.known))
        return;
    if (dz_code_set_extra((PyObject *)code, stamp.place, (void *)(uintptr_t)(stamp.n + 1)) < 0) {
        PyErr_Clear();
        dz_log_give_up();
        return;
    }
    stamp.known[stamp.n++] = (struct known){code, number};
}

static void leave_out(uint32_t place)
{
    dz_code_set_extra((PyObject *)stamp.known[place].code, stamp.place, NULL);
    drop(place);
}

/* Numbers are given late: a module's codes get their right file name only after they are made. */
static void settle_fresh(void)
{
    for (uint32_t i = 0; i < stamp.n_fresh; i++)
        if (stamp.fresh[i])
            settle(stamp.fresh[i]);
    stamp.n_fresh = 0;
}

/* What start-up has loaded, and what that has imported: sitecustomize may be the project's. */
static void settle_all(PyCodeObject *code)
{
    settle(code);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(code->co_consts); i++)
        if (PyCode_Check(PyTuple_GET_ITEM(code->co_consts, i)))
            settle_all((PyCodeObject *)PyTuple_GET_ITEM(code->co_consts, i));
}

static int settle_function(PyObject *object, void *unused)
{
    (void)unused;
    if (PyFunction_Check(object))
        settle_all((PyCodeObject *)PyFunction_GET_CODE(object));
    return 1;
}

/* ---- begin and take ---- */

/* By one: the first version of all is that of code which was never instrumented. */
static void set_back(PyCodeObject *code)
{
    code->_co_instrumentation_version =
        (__typeof__(code->_co_instrumentation_version))(stamp.version - STEP);
}

/* The first number for tools that nobody has; negative: none. coverage.py looks for one from 1 upwards. */
static int take_tool(void)
{
    for (int tool = N_TOOLS - 1; tool >= 0; tool--) {
        dz_autopy PyObject *taken = PyObject_CallFunction(stamp.use_tool_id, "is", tool, "dagz");
        if (taken)
            return tool;
        PyErr_Clear();
    }
    return -1;
}

static void free_tool(int tool)
{
    dz_autopy PyObject *freed = PyObject_CallFunction(stamp.free_tool_id, "i", tool);
    if (!freed)
        PyErr_Clear();
}

static int set_events(int tool, PyObject *events)
{
    dz_autopy PyObject *done = PyObject_CallFunction(stamp.set_events, "iO", tool, events);
    if (!done)
        PyErr_Clear();
    return done ? 0 : -1;
}

/* An event that is on and off again makes two versions. A number is held for no longer: tests that use sys.monitoring find
 * theirs free, and may free what they find. */
static int renew_version(void)
{
    int tool = take_tool();
    if (tool < 0)
        return -1;
    int r =
        set_events(tool, stamp.rare_event) < 0 || set_events(tool, stamp.no_events) < 0 ? -1 : 0;
    free_tool(tool);
    return r;
}

/* While a trace function runs, 3.13 stamps nothing: an older version is right too, and is looked for again. */
static void find_version(void)
{
    PyCodeObject *canary = (PyCodeObject *)PyFunction_GET_CODE(stamp.canary);
    canary->_co_instrumentation_version = 0;
    dz_autopy PyObject *called = PyObject_CallNoArgs(stamp.canary);
    if (!called)
        PyErr_Clear();
    if (stamp_of(canary))
        stamp.version = stamp_of(canary);
}

/* Where no number is free, all is right, and only slower. */
static int begin_version(void)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    int r = renew_version();
    find_version();
    PyErr_Restore(type, value, traceback);
    return stamp.version ? r : -1;
}

static int is_taken(int tool)
{
    dz_autopy PyObject *name = PyObject_CallFunction(stamp.get_tool, "i", tool);
    if (!name)
        PyErr_Clear();
    return name && name != Py_None;
}

static int has_company(void)
{
    for (int tool = 0; tool < N_TOOLS; tool++)
        if (is_taken(tool))
            return 1;
    return 0;
}

static int is_left_out(uint32_t number)
{
    if (stamp.loads && dz_code_is_package(number))
        add(&stamp.left_out, number);
    return dz_bits_has(&stamp.left_out, number);
}

/* Each place is looked at once, whatever is dropped: the last one, which comes in its stead, was before. */
static uint64_t sweep_known(struct dz_bits *ran)
{
    uint64_t version = stamp.version, newest = version;
    const struct known *known = stamp.known;
    for (uint32_t i = stamp.n; i > 0; i--) {
        if (i > 16)
            __builtin_prefetch(&known[i - 17].code->_co_instrumentation_version);
        uint64_t at = stamp_of(known[i - 1].code);
        if (at < version)
            continue;
        newest = at > newest ? at : newest;
        set_back(known[i - 1].code);
        add(ran, known[i - 1].number);
        if (is_left_out(known[i - 1].number))
            leave_out(i - 1);
    }
    return newest;
}

static void take(struct dz_bits *ran)
{
    settle_fresh();
    if (dz_bits_or(ran, &stamp.dead) < 0)
        dz_log_give_up();
    dz_bits_clear(&stamp.dead);
    if (sweep_known(ran) != stamp.version)
        begin_version();
}

static void begin(void)
{
    static struct dz_bits of_no_interest;
    take(&of_no_interest);
    dz_bits_clear(&of_no_interest);
}

/* Most of it was left out as it was seen. */
static void end_load(const struct dz_bits *ran)
{
    (void)ran;
    stamp.loads = 0;
    for (uint32_t i = stamp.n; i > 0; i--)
        if (is_left_out(stamp.known[i - 1].number))
            leave_out(i - 1);
}

/* ---- the start ---- */

static int find_functions(PyObject *monitoring)
{
    stamp.use_tool_id = PyObject_GetAttrString(monitoring, "use_tool_id");
    stamp.get_tool = PyObject_GetAttrString(monitoring, "get_tool");
    stamp.free_tool_id = PyObject_GetAttrString(monitoring, "free_tool_id");
    stamp.set_events = PyObject_GetAttrString(monitoring, "set_events");
    return stamp.use_tool_id && stamp.get_tool && stamp.free_tool_id && stamp.set_events ? 0 : -1;
}

static int find_monitoring(void)
{
    PyObject *monitoring = PySys_GetObject("monitoring");
    dz_autopy PyObject *events = monitoring ? PyObject_GetAttrString(monitoring, "events") : NULL;
    stamp.rare_event = events ? PyObject_GetAttrString(events, "PY_THROW") : NULL;
    stamp.no_events = PyLong_FromLong(0);
    return stamp.rare_event && stamp.no_events ? find_functions(monitoring) : -1;
}

static int make_canary(void)
{
    dz_autopy PyObject *code = dz_probe_compile("def canary(): pass\n", "<dagz>");
    dz_autopy PyObject *functions = code ? dz_probe_functions(code) : NULL;
    PyObject *canary = functions ? PyDict_GetItemString(functions, "canary") : NULL;
    stamp.canary = Py_XNewRef(canary);
    return canary ? 0 : -1;
}

static void stop(void)
{
    if (stamp.watcher >= 0 && PyCode_ClearWatcher(stamp.watcher) < 0)
        PyErr_Clear();
    stamp.watcher = -1;
    stamp.n = stamp.n_fresh = 0;
}

static int start(void)
{
    stamp.place = dz_request_extra_index(NULL);
    stamp.watcher = PyCode_AddWatcher(watch);
    if (stamp.place < 0 || stamp.watcher < 0 || make_canary() < 0 || find_monitoring() < 0 ||
        begin_version() < 0) {
        PyErr_Clear();
        stop();
        return -1;
    }
    stamp.loads = 1;
    PyUnstable_GC_VisitObjects(settle_function, NULL);
    return 0;
}

static int check(const char **ret_why)
{
    struct dz_bits ran = {0};
    int r = start();
    if (r == 0)
        r = dz_check(&dz_probe_stamp, &ran);
    if (r < 0) {
        stop();
        *ret_why =
            "the interpreter's stamps do not tell what has run, or no tool of sys.monitoring "
            "is free: code is watched by the frame evaluator, which costs more";
    }
    dz_bits_free(&ran);
    return r;
}

/* It has been started by its check. */
static int started(void)
{
    return stamp.watcher >= 0 ? 0 : -1;
}

const struct dz_probe dz_probe_stamp = {
    .name = "stamp",
    .check = check,
    .start = started,
    .begin = begin,
    .take = take,
    .stop = stop,
    .leave_out = end_load,
    .has_company = has_company,
    .forgets = 1,
    .nests = 1,
};

#endif
