#include "span.h"

#include "facts.h"
#include "fork.h"
#include "log.h"
#include "names.h"
#include "probe/cache.h"
#include "probe/code.h"
#include "probe/frame.h"
#include "probe/import.h"
#include "probe/probe.h"
#include "probe/state.h"
#include "probe/watch.h"

#include "../host/base/bits.h"
#include "../host/base/buf.h"
#include "../host/base/mem.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct span {
    uint32_t id;
    int aside;        /* none of the ones below has brought it about */
    int apart;        /* what runs in it is its own only, whoever's thread it is */
    pthread_t thread; /* of an aside: what other threads do meanwhile is the lower ones' still */
    int holds;        /* the evaluator */
    struct dz_bits ran;
    struct dz_facts facts;
};

static struct {
    const struct dz_probe *probe; /* NULL: nothing is observed */
    pthread_mutex_t lock;         /* of facts */
    struct span base, *nested;
    uint32_t n_nested, nested_cap;
    uint32_t n_spans, n_forks;
    uint32_t last_test; /* or forked child */
    uint32_t reports;   /* of the front's reporters, before the last fork */
    uint64_t call_began_us;
    int doubtful;   /* something was not seen, since that was last asked */
    int at_once;    /* in a child: write as it is seen */
    int distrusted; /* the evaluator is held for the base too */
    int monitored; /* by a callback that the probe does not see, as long as another tool is there */
    int expects_fork;
    struct {
        uint32_t strings, codes, spans;
    } inherited; /* in a forked process: how many are in its parent's log */
    char *rootdir, *folder;
    const char *remarks[8];
    uint32_t n_remarks;
    int told_over;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static struct span *innermost(void)
{
    return state.n_nested ? &state.nested[state.n_nested - 1] : &state.base;
}

static int is_frame_probe(void)
{
    return state.probe == &dz_probe_frame;
}

static int is_aside(const struct span *span)
{
    return span->aside && pthread_equal(span->thread, pthread_self());
}

/* ---- remarks ---- */

static void remark(const char *text)
{
    if (text && state.n_remarks < sizeof state.remarks / sizeof *state.remarks)
        state.remarks[state.n_remarks++] = text;
}

static void remark_lost_log(void)
{
    if (state.told_over || !dz_log_is_over())
        return;
    state.told_over = 1;
    remark("a process could not write more of what it observed into the job's folder: its tests "
           "from there on are not "
           "observed");
}

const char *dz_span_take_remark(void)
{
    return state.n_remarks ? state.remarks[--state.n_remarks] : NULL;
}

/* ---- writing ---- */

static void put_distance(struct dz_buf *buf, uint32_t distance)
{
    char *digits = dz_buf_room(buf, 5);
    if (!digits)
        return;
    size_t n = 0;
    for (; distance >= 0x80; distance >>= 7)
        digits[n++] = (char)(distance | 0x80);
    digits[n++] = (char)distance;
    buf->len += n;
}

static void write_ran(struct span *span)
{
    static struct dz_buf codes;
    uint32_t last = 0;
    codes.len = 0;
    for (uint32_t code = 0; (code = dz_bits_next(&span->ran, code)) != UINT32_MAX; code++) {
        put_distance(&codes, code - last);
        last = code;
    }
    struct dz_msg msg = {.type = DZ_MSG_log_ran, .log_ran = {.span = span->id}};
    msg.log_ran.codes = dz_bytes(codes.data, codes.len);
    if (!dz_buf_ok(&codes))
        dz_log_give_up();
    else if (codes.len)
        dz_log_put(&msg);
    dz_bits_clear(&span->ran);
}

static void write_fact(uint32_t span, const struct dz_known *known)
{
    dz_log_put(&(struct dz_msg){.type = DZ_MSG_log_fact,
                                .log_fact = {span, known->fact, known->string, known->value}});
}

/* With the lock held: a fact that comes from another thread is in it, or comes into the next. */
static void write_span(struct span *span)
{
    if (state.at_once)
        return;
    write_ran(span);
    for (uint32_t i = 0; i < span->facts.n; i++)
        write_fact(span->id, &span->facts.list[i]);
    dz_facts_clear(&span->facts);
}

/* ---- seeing ---- */

/* What cannot be kept must not look as if it had not been. */
static void set(struct dz_bits *ran, uint32_t number)
{
    if (dz_bits_set(ran, number) < 0)
        dz_log_give_up();
}

static void ran_at_once(uint32_t number)
{
    struct span *span = innermost();
    if (dz_bits_has(&span->ran, number))
        return;
    set(&span->ran, number);
    static struct dz_buf code;
    code.len = 0;
    put_distance(&code, number);
    struct dz_msg msg = {.type = DZ_MSG_log_ran, .log_ran = {.span = span->id}};
    msg.log_ran.codes = dz_bytes(code.data, code.len);
    if (dz_buf_ok(&code))
        dz_log_put(&msg);
    else
        dz_log_give_up();
}

static void met(uint32_t number)
{
    if (state.at_once) {
        ran_at_once(number);
        return;
    }
    /* Lower spans have brought it about; and whose thread this is, nobody asks. */
    for (uint32_t i = state.n_nested; i > 0; i--) {
        set(&state.nested[i - 1].ran, number);
        if (state.nested[i - 1].apart || is_aside(&state.nested[i - 1]))
            return;
    }
    set(&state.base.ran, number);
}

static void add_fact(struct span *span, const struct dz_known *known)
{
    int new = dz_facts_add(&span->facts, known->fact, known->string, known->value);
    if (new < 0)
        dz_log_give_up();
    if (new > 0 && state.at_once && span->id)
        write_fact(span->id, known);
}

/* What is not seen of this span makes whoever leans on what it leaves as doubtful. */
static void note_doubt(enum dz_fact fact)
{
    if (fact == DZ_FACT_BLIND || fact == DZ_FACT_CHILD)
        state.doubtful = 1;
}

int dz_span_take_doubt(void)
{
    int was = state.doubtful;
    state.doubtful = 0;
    return was;
}

void dz_span_fact(enum dz_fact fact, const char *text, size_t size, uint64_t value)
{
    if (!state.probe)
        return;
    struct dz_known known = {value, size ? dz_name(text, size) : 0, (uint8_t)fact};
    pthread_mutex_lock(&state.lock);
    note_doubt(fact);
    add_fact(innermost(), &known);
    for (uint32_t i = state.n_nested; i > 0; i--)
        if (state.nested[i - 1].aside && !is_aside(&state.nested[i - 1]))
            add_fact(i > 1 ? &state.nested[i - 2] : &state.base, &known);
    pthread_mutex_unlock(&state.lock);
}

void dz_span_fact_of_base(enum dz_fact fact, const char *text, size_t size, uint64_t value)
{
    struct dz_known known = {value, dz_name(text, size), (uint8_t)fact};
    pthread_mutex_lock(&state.lock);
    add_fact(&state.base, &known);
    pthread_mutex_unlock(&state.lock);
}

const struct dz_bits *dz_span_ran(void)
{
    return &innermost()->ran;
}

void dz_span_lean(uint32_t span)
{
    if (span && span != dz_span_current())
        dz_span_fact(DZ_FACT_LEAN, NULL, 0, span);
}

uint32_t dz_span_current(void)
{
    return innermost()->id;
}

int dz_span_is_test(void)
{
    return state.base.id && state.base.id == state.last_test;
}

uint32_t dz_span_of_base(void)
{
    return state.base.id;
}

void dz_span_blind(const char *why)
{
    if (!state.probe)
        return;
    struct dz_known known = {0, dz_name(why, strlen(why)), DZ_FACT_BLIND};
    pthread_mutex_lock(&state.lock);
    note_doubt(DZ_FACT_BLIND);
    for (uint32_t i = 0; i < state.n_nested; i++)
        add_fact(&state.nested[i], &known);
    if (is_frame_probe() || state.distrusted || state.at_once)
        add_fact(&state.base, &known);
    pthread_mutex_unlock(&state.lock);
}

static void meet_thread(PyThreadState *thread)
{
    PyFrameObject *frame = PyThreadState_GetFrame(thread);
    while (frame) {
        PyCodeObject *code = PyFrame_GetCode(frame);
        uint32_t number = dz_code_number(code);
        if (number)
            set(&state.base.ran, number);
        Py_DECREF(code);
        PyFrameObject *back = PyFrame_GetBack(frame);
        Py_DECREF(frame);
        frame = back;
    }
}

/* Functions on other threads' stacks neither start nor resume, and run on. What has just ended may be about to raise. */
static void meet_other_threads(void)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyThreadState *own = PyThreadState_Get();
    PyThreadState *thread = PyInterpreterState_ThreadHead(PyThreadState_GetInterpreter(own));
    for (; thread; thread = PyThreadState_Next(thread))
        if (thread != own)
            meet_thread(thread);
    PyErr_Restore(type, value, traceback);
}

/* ---- the base ---- */

void (*dz_span_at_begin)(void);

static void tell_begin(void)
{
    if (dz_span_at_begin)
        dz_span_at_begin();
}

static void begin_base(void)
{
    tell_begin();
    dz_frame_next_epoch();
    state.probe->begin();
    meet_other_threads();
}

static void add_seen(const struct dz_bits *seen)
{
    int r = 0;
    uint32_t i = state.n_nested;
    while (i > 0 && !state.nested[i - 1].aside && !state.nested[i - 1].apart)
        r |= dz_bits_or(&state.nested[--i].ran, seen);
    r |= dz_bits_or(i ? &state.nested[i - 1].ran : &state.base.ran, seen);
    if (r < 0)
        dz_log_give_up();
}

/* Adds what the probe has seen to the spans that are open; in a child it is written. */
static void sweep(void)
{
    static struct dz_bits seen;
    if (!state.probe->forgets)
        return;
    dz_bits_clear(&seen);
    state.probe->take(&seen);
    if (state.at_once)
        for (uint32_t i = 0; (i = dz_bits_next(&seen, i)) != UINT32_MAX; i++)
            ran_at_once(i);
    else
        add_seen(&seen);
}

/* A trace or profile function is on in some thread. */
static int is_traced(void)
{
    PyThreadState *thread = PyInterpreterState_ThreadHead(PyInterpreterState_Main());
    for (; thread; thread = PyThreadState_Next(thread))
        if (thread->c_tracefunc || (thread->c_profilefunc && !state.probe->bears_profiles))
            return 1;
    return 0;
}

static void rest(int is_resting)
{
    if (state.probe->rest)
        state.probe->rest(is_resting);
}

/* A trace function may have been taken off. */
static void trust_again(void)
{
    if (!state.distrusted || is_traced() || (state.probe->is_unfit && state.probe->is_unfit()))
        return;
    state.distrusted = 0;
    rest(0);
    dz_frame_release();
}

/* A forked child has one base, and leaves nothing. */
static void tell_state(void)
{
    if (state.at_once)
        return;
    if (state.base.id != DZ_SPAN_OF_LOAD) {
        dz_state_tell(&state.base.ran);
        return;
    }
    dz_state_settle();
    if (state.probe->leave_out)
        state.probe->leave_out(&state.base.ran);
}

static void end_base(void)
{
    if (state.probe->forgets)
        sweep();
    else
        state.probe->take(&state.base.ran);
    tell_state();
    pthread_mutex_lock(&state.lock);
    write_span(&state.base);
    pthread_mutex_unlock(&state.lock);
}

/* Not by the evaluator: the events of calls that it stands in for are not those of calls that are inlined. */
static void tell_monitored(void)
{
    static const char what[] = "callback of sys.monitoring";
    dz_span_fact(DZ_FACT_BLIND, what, strlen(what), 0);
}

static int is_monitored(void)
{
    state.monitored = state.monitored && state.probe->has_company && state.probe->has_company();
    return state.monitored;
}

static void begin_next_base(void)
{
    tell_begin();
    if (!state.probe->forgets)
        state.probe->begin();
    dz_frame_next_epoch();
    meet_other_threads();
    if (is_monitored())
        tell_monitored();
}

static uint32_t write_new(enum dz_span_type type, uint32_t parent, uint64_t began_us, uint32_t name)
{
    dz_log_put(
        &(struct dz_msg){.type = DZ_MSG_log_span,
                         .log_span = {++state.n_spans, parent, (uint8_t)type, began_us, name}});
    if (type == DZ_SPAN_TEST || type == DZ_SPAN_FORK)
        state.last_test = state.n_spans;
    return state.n_spans;
}

uint32_t dz_span_new(enum dz_span_type type, const char *name, size_t size)
{
    if (!state.probe)
        return 0;
    uint32_t parent = type == DZ_SPAN_TEST || type == DZ_SPAN_COLLECT ? 0 : dz_span_current();
    return write_new(type, parent, now_us(), dz_name(name, size));
}

uint32_t dz_span_base(uint32_t span)
{
    uint32_t before = state.base.id;
    if (!state.probe || span == before)
        return before;
    if (state.base.id) {
        end_base();
        trust_again();
        begin_next_base();
    }
    state.base.id = span;
    return before;
}

static void write_end(uint32_t span)
{
    dz_log_put(&(struct dz_msg){.type = DZ_MSG_log_end, .log_end = {span, now_us()}});
}

void dz_span_end(void)
{
    uint32_t span = state.base.id;
    if (!span)
        return;
    dz_span_base(0);
    write_end(span);
    remark_lost_log();
}

void dz_span_distrust(const char *why)
{
    if (!state.probe || state.distrusted)
        return;
    state.distrusted = 1;
    rest(1);
    if (state.at_once)
        return;
    dz_frame_hold();
    dz_frame_next_epoch();
    remark(why);
}

void dz_span_call_begins(void)
{
    state.call_began_us = now_us();
}

void dz_span_call_ends(void)
{
    if (state.probe && state.base.id)
        write_end(write_new(DZ_SPAN_CALL, state.base.id, state.call_began_us, dz_name("call", 4)));
}

void dz_span_profiled(void)
{
    if (state.probe && !state.probe->bears_profiles)
        dz_span_distrust("a profile function was on: the frame evaluator watched meanwhile");
}

void dz_span_monitored(void)
{
    if (!state.probe || is_frame_probe())
        return;
    state.monitored = 1;
    tell_monitored();
}

/* ---- nested spans ---- */

static struct span *push(void)
{
    if (state.n_nested == state.nested_cap) {
        uint32_t cap = state.nested_cap ? 2 * state.nested_cap : 16;
        struct span *nested = dz_realloc(state.nested, cap * sizeof *nested);
        if (!nested)
            return NULL;
        memset(nested + state.nested_cap, 0, (cap - state.nested_cap) * sizeof *nested);
        state.nested = nested;
        state.nested_cap = cap;
    }
    return &state.nested[state.n_nested++];
}

/* The evaluator sees all that some probes do not, and of an aside also which thread it was. */
static void hold(struct span *nested)
{
    nested->holds = nested->aside || !state.probe->nests;
    if (nested->holds)
        dz_frame_hold();
    dz_frame_next_epoch();
}

enum how { WITHIN, ASIDE, APART };

static void enter(uint32_t span, enum how how)
{
    tell_begin();
    sweep();
    pthread_mutex_lock(&state.lock);
    struct span *nested = push();
    if (nested) {
        nested->id = span;
        nested->aside = how == ASIDE;
        nested->apart = how == APART;
        nested->thread = pthread_self();
    }
    pthread_mutex_unlock(&state.lock);
    if (!nested) {
        dz_log_give_up();
        return;
    }
    hold(nested);
}

void dz_span_enter(uint32_t span)
{
    if (!state.probe || !span)
        return;
    dz_span_lean(span);
    dz_span_enter_quietly(span);
}

void dz_span_enter_quietly(uint32_t span)
{
    if (state.probe && span)
        enter(span, WITHIN);
}

/* Nothing that runs in it is the base's. */
static void enter_alone(uint32_t span, enum how how)
{
    if (!state.probe->forgets)
        state.probe->take(&state.base.ran);
    enter(span, how);
}

/* A test's threads may go on meanwhile, and are the test's. */
void dz_span_enter_import(uint32_t span)
{
    if (!state.probe || !span)
        return;
    dz_span_lean(span);
    if (dz_span_is_test())
        enter(span, WITHIN);
    else
        enter_alone(span, APART);
}

void dz_span_enter_aside(uint32_t span)
{
    if (state.probe && span)
        enter_alone(span, ASIDE);
}

/* Mostly the innermost; where threads have theirs, any. */
static struct span *find_nested(uint32_t span)
{
    for (uint32_t i = state.n_nested; i > 0; i--)
        if (state.nested[i - 1].id == span)
            return &state.nested[i - 1];
    return NULL;
}

static void leave(uint32_t span)
{
    struct span *nested = state.probe && span ? find_nested(span) : NULL;
    if (!nested)
        return;
    sweep();
    int is_alone = nested->aside || nested->apart, holds = nested->holds;
    pthread_mutex_lock(&state.lock);
    write_span(nested);
    struct span left = *nested;
    struct span *last = &state.nested[--state.n_nested];
    memmove(nested, nested + 1, (size_t)(last - nested) * sizeof *nested);
    /* Its sets, empty now, serve the next. */
    *last = left;
    dz_bits_clear(&last->ran);
    dz_facts_clear(&last->facts);
    pthread_mutex_unlock(&state.lock);
    if (holds)
        dz_frame_release();
    dz_frame_next_epoch();
    if (is_alone && !state.probe->forgets)
        state.probe->begin();
}

/* What the user's code has raised in it is not to be in the way of what we call. */
void dz_span_leave(uint32_t span)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    leave(span);
    PyErr_Restore(type, value, traceback);
}

void dz_span_close(uint32_t span)
{
    if (state.probe && span)
        write_end(span);
}

/* ---- forks ---- */

static struct dz_msg header(enum dz_log_origin origin, const char *parent, const uint32_t *open,
                            uint32_t n_open)
{
    struct dz_msg msg = {
        .type = DZ_MSG_log,
        .log = {.version = DZ_LOG_VERSION, .pid = (uint32_t)getpid(), .origin = (uint8_t)origin}};
    if (*parent) {
        msg.log.strings = state.inherited.strings;
        msg.log.codes = state.inherited.codes;
        msg.log.spans = state.inherited.spans;
    }
    msg.log.parent = dz_bytes(parent, strlen(parent));
    msg.log.open = dz_bytes(open, n_open * sizeof *open);
    msg.log.rootdir = dz_bytes(state.rootdir, strlen(state.rootdir));
    msg.log.probe = dz_bytes(state.probe->name, strlen(state.probe->name));
    msg.log.python = dz_bytes(DZ_PYTHON_VERSION, strlen(DZ_PYTHON_VERSION));
    return msg;
}

static void empty(struct span *span)
{
    span->id = 0;
    dz_bits_clear(&span->ran);
    dz_facts_clear(&span->facts);
}

/* What a forked process has of its parent's spans it forgets. */
static void forget(void)
{
    empty(&state.base);
    for (uint32_t i = 0; i < state.n_nested; i++)
        empty(&state.nested[i]);
    state.n_nested = 0;
    state.n_remarks = 0;
    dz_frame_reset();
}

static void lock_all(void)
{
    pthread_mutex_lock(&state.lock);
    dz_names_lock();
    dz_log_lock();
}

static void unlock_all(void)
{
    dz_log_unlock();
    dz_names_unlock();
    pthread_mutex_unlock(&state.lock);
}

/* Also where something else than Python has forked: the log is mapped, and would be written to by two. */
static void begin_child(void)
{
    if (dz_log_leave_to_parent()) {
        state.inherited.strings = dz_names();
        state.inherited.codes = dz_codes();
        state.inherited.spans = state.n_spans;
    }
    unlock_all();
}

/* A child that a test has forked. */
static void become_child(void)
{
    uint32_t open[64], n_open = 0;
    char parent[64], name[48];
    open[n_open++] = state.base.id;
    for (uint32_t i = 0; i < state.n_nested && n_open < 64; i++)
        open[n_open++] = state.nested[i].id;
    snprintf(parent, sizeof parent, "%s", dz_log_name());
    snprintf(name, sizeof name, "child-%d-%llx", getpid(), (unsigned long long)now_us());
    uint32_t innermost = dz_span_current();
    forget();
    if (!*parent)
        dz_log_begin();
    struct dz_msg first = header(DZ_LOG_CHILD, parent, open, n_open);
    if (state.folder)
        dz_log_open(state.folder, name, &first);
    state.at_once = 1;
    if (state.probe->forgets)
        state.probe->begin();
    dz_frame_hold();
    dz_frame_next_epoch();
    state.base.id = write_new(DZ_SPAN_FORK, innermost, now_us(), dz_name("fork", 4));
    dz_watch_resume();
}

static PyObject *after_in_child(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    if (state.probe && !state.expects_fork)
        become_child();
    Py_RETURN_NONE;
}

static PyObject *after_in_parent(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    if (!state.expects_fork)
        dz_span_fact(DZ_FACT_FORKED, NULL, 0, ++state.n_forks);
    Py_RETURN_NONE;
}

static PyMethodDef in_child = {"after_in_child", after_in_child, METH_NOARGS, NULL};
static PyMethodDef in_parent = {"after_in_parent", after_in_parent, METH_NOARGS, NULL};

/* Ours first: what others have registered runs in the child, and is to be seen. */
static int watch_forks(void)
{
    pthread_atfork(lock_all, unlock_all, begin_child);
    return dz_register_at_fork(NULL, &in_parent, &in_child);
}

void dz_span_expect_fork(int expected)
{
    state.expects_fork = expected;
}

/* ---- the process ---- */

static int keep_string(char **slot, const char *text)
{
    char *copy = dz_strdup(text);
    if (!copy)
        return -1;
    dz_free(*slot);
    *slot = copy;
    return 0;
}

void dz_span_root(const char *rootdir)
{
    if (keep_string(&state.rootdir, rootdir) == 0)
        dz_code_set_root(rootdir);
}

int dz_span_start(void)
{
    if (keep_string(&state.rootdir, "") < 0)
        return -1;
    if (dz_code_start() < 0) {
        remark("code objects have no place left for what we note of them: nothing is observed");
        return 0;
    }
    dz_frame_met = met;
    dz_log_begin();
    const char *why;
    const struct dz_probe *probe = dz_probe_choose(&why);
    remark(why);
    if (probe == &dz_probe_none)
        return 0;
    state.probe = probe;
    begin_base();
    state.base.id = dz_span_new(DZ_SPAN_LOAD, "load", 4);
    return watch_forks() < 0 || dz_import_watch() < 0 || dz_cache_watch() < 0 ? -1 : 0;
}

void dz_span_stop(void)
{
    if (!state.probe)
        return;
    dz_watch_stop();
    forget();
    state.probe->stop();
    state.probe = NULL;
    dz_log_begin();
}

int dz_span_is_on(void)
{
    return state.probe != NULL;
}

#if DZ_EVALUATOR_MISSES_INIT

/* All is written but what the evaluator has not seen. Whoever leaves by C's exit may not have the interpreter's lock; when
 * the interpreter has ended, that cannot be told any more. */
static int finish_child(void)
{
    if (!state.at_once || !state.probe->forgets)
        return 1;
    if (!Py_IsInitialized() || Py_IsFinalizing())
        return 0;
    PyGILState_STATE lock = PyGILState_Ensure();
    sweep();
    PyGILState_Release(lock);
    return 1;
}

#else

static int finish_child(void)
{
    return 1;
}

#endif

void dz_span_finish(void)
{
    if (state.probe && finish_child())
        dz_log_put(&(struct dz_msg){.type = DZ_MSG_log_close});
}

int dz_span_keep(const char *folder)
{
    if (!state.probe)
        return 0;
    if (*dz_log_name()) {
        state.reports = state.base.id;
        dz_span_end();
        return 0;
    }
    dz_span_base(0);
    write_end(DZ_SPAN_OF_LOAD);
    if (keep_string(&state.folder, folder) < 0)
        return -1;
    struct dz_msg first = header(DZ_LOG_FRONT, "", NULL, 0);
    int r = dz_log_open(folder, "front", &first);
    dz_span_finish();
    remark_lost_log();
    return r;
}

void dz_span_report(void)
{
    if (!state.probe)
        return;
    dz_span_base(dz_span_new(DZ_SPAN_LOAD, "reports", 7));
    dz_span_lean(state.reports);
}

void dz_span_lean_on_load(void)
{
    dz_span_lean(DZ_SPAN_OF_LOAD);
    dz_span_lean(state.reports);
}

/* What was the parent's is in the parent's log. */
static void begin_anew(void)
{
    forget();
    if (is_frame_probe() || state.distrusted)
        dz_frame_hold();
    trust_again();
    begin_base();
}

int dz_span_be_worker(const char *folder, unsigned serial)
{
    if (!state.probe)
        return 0;
    char name[32], parent[64];
    snprintf(name, sizeof name, "worker-%u", serial);
    snprintf(parent, sizeof parent, "%s", dz_log_name());
    if (keep_string(&state.folder, folder) < 0)
        return -1;
    struct dz_msg first = header(DZ_LOG_WORKER, parent, NULL, 0);
    if (*parent)
        begin_anew();
    else {
        /* Spawned: the load was its own. */
        dz_span_base(0);
        write_end(DZ_SPAN_OF_LOAD);
    }
    dz_watch_resume();
    return dz_log_open(folder, name, &first);
}
