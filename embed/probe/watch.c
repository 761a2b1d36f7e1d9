#include "watch.h"

#include "audit.h"
#include "environ.h"
#include "lookup.h"
#include "path.h"

#include "../fork.h"
#include "../span.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static struct {
    const struct dz_watcher **symbols;
    int silent;  /* forked, and without a log of its own yet */
    int expects; /* a fork that Python knows of */
    pid_t pid;   /* whose log it is */
} state;

/* In memory that is there with the thread: an access of another kind may allocate, which a signal handler must not. */
static __thread int hushed __attribute__((tls_model("initial-exec")));

void dz_watch_hush(void)
{
    hushed++;
}

void dz_watch_unhush(void)
{
    hushed--;
}

int dz_watch_begin(void)
{
    if (hushed || state.silent || !dz_span_is_on())
        return 0;
    hushed++;
    return 1;
}

/* A child of vfork runs in our memory until it leaves: only its number tells it. */
void dz_watch_leaving(int becomes_other)
{
    if (state.pid != getpid() || !dz_watch_begin())
        return;
    if (becomes_other)
        dz_span_fact(DZ_FACT_BLIND, "child", 5, 0);
    dz_span_finish();
    dz_watch_unhush();
}

static const struct dz_watcher watcher = {
    .path = dz_path_seen,
    .moved = dz_path_moved,
    .variable = dz_environ_seen,
    .leaving = dz_watch_leaving,
};

int dz_watch_has_symbols(void)
{
    return state.symbols != NULL;
}

/* ---- forks ---- */

void dz_watch_expect_fork(int expected)
{
    state.expects = expected;
}

static void after_in_parent(void)
{
    dz_path_unlock();
    if (!state.expects && dz_watch_begin()) {
        dz_span_fact(DZ_FACT_BLIND, "fork in C", 9, 0);
        dz_watch_unhush();
    }
}

static void after_in_child(void)
{
    state.silent = 1;
    dz_path_unlock();
}

static PyObject *expect(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    state.expects = 1;
    Py_RETURN_NONE;
}

static PyObject *expect_no_more(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    state.expects = 0;
    Py_RETURN_NONE;
}

static PyMethodDef before = {"before", expect, METH_NOARGS, NULL};
static PyMethodDef after = {"after", expect_no_more, METH_NOARGS, NULL};

static int watch_forks(void)
{
    /* Locks are taken in this order: path, span, names, log; so this comes after the span's. */
    pthread_atfork(dz_path_lock, after_in_parent, after_in_child);
    return dz_register_at_fork(&before, &after, &after);
}

/* ---- start and end ---- */

static void exiting(void)
{
    dz_watch_leaving(0);
}

int dz_watch_start(const struct dz_watcher **symbols)
{
    if (dz_path_start() < 0 || dz_environ_start() < 0 || dz_lookup_start() < 0 ||
        dz_audit_watch() < 0 || watch_forks() < 0)
        return -1;
    state.pid = getpid();
    /* exit() does not come by _exit. */
    atexit(exiting);
    state.symbols = symbols;
    if (symbols)
        __atomic_store_n(symbols, &watcher, __ATOMIC_RELEASE);
    return 0;
}

void dz_watch_resume(void)
{
    state.pid = getpid();
    state.silent = 0;
    hushed = 0;
}

void dz_watch_stop(void)
{
    if (state.symbols)
        __atomic_store_n(state.symbols, NULL, __ATOMIC_RELEASE);
}
