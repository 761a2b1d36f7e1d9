/* The scheduler: the tests' lives, from the front's list to its display.
 *
 *   state     given to a worker   it starts        it is through     its process dies
 *   DUE       GIVEN               (lie)            (lie)             -
 *   GIVEN     -                   RUNNING          (lie)             DUE
 *   RUNNING   -                   (lie)            THROUGH           THROUGH, failed
 *   THROUGH   (bug)               (lie)            (lie)             -
 *
 * A lie is refused, and whoever told it is let go. What a test's process reported is kept as it came, and
 * handed to the front when the test is through: at once on a terminal, else in the order of the suite. */
#include "job.h"

#include "../base/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    /* Beyond the running test a worker holds one; more only as far as they are short, so that a round trip
     * is not the price of an empty test. What it holds cannot be stolen. */
    WINDOW_US = 20000,
    WINDOW_MOST = 64,
    /* With less than this it must be heard at once: a nap of the vassal's would keep it waiting. */
    SUPPLY = 4,
    SUPPLY_US = 8000,
    MOST_BARREN = 3,
};

static void *grow(void *list, uint32_t n, uint32_t *cap, size_t size)
{
    if (n < *cap)
        return list;
    uint32_t more = *cap ? *cap * 2 : 64;
    void *bigger = dz_realloc(list, more * size);
    if (bigger)
        *cap = more;
    return bigger;
}

/* ---- what the front tells of the suite ---- */

static int add_fixture(struct dz_suite *suite, const struct dz_msg_fixture *told)
{
    char **fixtures =
        grow(suite->fixtures, suite->n_fixtures, &suite->cap_fixtures, sizeof *fixtures);
    if (!fixtures)
        return -ENOMEM;
    suite->fixtures = fixtures;
    fixtures[suite->n_fixtures] = dz_memdup(told->key.at, told->key.size);
    return fixtures[suite->n_fixtures] ? (suite->n_fixtures++, 0) : -ENOMEM;
}

static int add_uses(struct dz_suite *suite, struct dz_test *test, struct dz_bytes uses)
{
    test->first_use = suite->n_uses;
    test->uses = uses.size / 4;
    for (uint32_t i = 0; i < test->uses; i++) {
        uint32_t *list = grow(suite->use_list, suite->n_uses, &suite->cap_uses, sizeof *list);
        if (!list)
            return -ENOMEM;
        suite->use_list = list;
        memcpy(&list[suite->n_uses++], uses.at + 4 * i, 4);
    }
    return 0;
}

static int add_test(struct dz_suite *suite, const struct dz_msg_test *told)
{
    struct dz_test *tests = grow(suite->tests, suite->n, &suite->cap, sizeof *tests);
    if (!tests)
        return -ENOMEM;
    suite->tests = tests;
    struct dz_test *test = &tests[suite->n++];
    *test = (struct dz_test){
        .module = told->module, .klass = told->klass, .location_size = told->location.size};
    test->nodeid = dz_memdup(told->nodeid.at, told->nodeid.size);
    test->location = dz_memdup(told->location.at, told->location.size);
    if (!test->nodeid || !test->location)
        return -ENOMEM;
    return add_uses(suite, test, told->uses);
}

int dz_suite_message(struct dz_job *job, const struct dz_msg *msg)
{
    if (job->suite.complete)
        return -EBADMSG;
    return msg->type == DZ_MSG_fixture ? add_fixture(&job->suite, &msg->fixture)
                                       : add_test(&job->suite, &msg->test);
}

void dz_suite_free(struct dz_suite *suite)
{
    for (uint32_t i = 0; i < suite->n; i++) {
        dz_free(suite->tests[i].nodeid);
        dz_free(suite->tests[i].location);
        dz_buf_free(&suite->tests[i].frames);
    }
    for (uint32_t i = 0; i < suite->n_fixtures; i++)
        dz_free(suite->fixtures[i]);
    dz_free(suite->tests);
    dz_free(suite->fixtures);
    dz_free(suite->use_list);
    dz_free(suite->digest);
    dz_plan_free(suite->plan);
    dz_durations_free(suite->durations);
}

/* ---- planning ---- */

static void know_tests(const struct dz_suite *suite, struct dz_plan_test *tests)
{
    for (uint32_t i = 0; i < suite->n; i++) {
        const struct dz_test *test = &suite->tests[i];
        tests[i] = (struct dz_plan_test){
            .estimate_us =
                suite->durations ? dz_durations_test_us(suite->durations, test->nodeid) : 0,
            .module = test->module,
            .klass = test->klass,
            .first_use = test->first_use,
            .uses = test->uses};
    }
}

static void know_fixtures(const struct dz_suite *suite, struct dz_plan_fixture *fixtures)
{
    for (uint32_t i = 0; i < suite->n_fixtures; i++) {
        uint64_t setup_us = 0;
        int pinned = 0;
        if (suite->durations)
            dz_durations_fixture(suite->durations, suite->fixtures[i], &setup_us, &pinned);
        fixtures[i] = (struct dz_plan_fixture){setup_us, pinned};
    }
}

int dz_suite_plan(struct dz_job *job, struct dz_err *err)
{
    struct dz_suite *suite = &job->suite;
    suite->complete = 1;
    dz_auto struct dz_plan_test *tests = dz_alloc(suite->n * sizeof *tests);
    dz_auto struct dz_plan_fixture *fixtures = dz_alloc(suite->n_fixtures * sizeof *fixtures);
    if (!tests || !fixtures)
        return dz_fail(err, -ENOMEM, "cannot plan %u tests", suite->n);
    know_tests(suite, tests);
    know_fixtures(suite, fixtures);
    struct dz_plan_input input = {.tests = tests,
                                  .n_tests = suite->n,
                                  .fixtures = fixtures,
                                  .n_fixtures = suite->n_fixtures,
                                  .uses = suite->use_list,
                                  .n_uses = suite->n_uses,
                                  .slots = job->n_slots,
                                  .fork = (enum dz_plan_fork)job->settings.fork,
                                  .keep_order = job->settings.keep_order};
    suite->plan = dz_plan_new(&input, err);
    return suite->plan ? 0 : dz_wrap(err, -ENOMEM, "cannot plan %u tests", suite->n);
}

/* ---- giving out ---- */

static int commit(struct dz_worker *worker, uint32_t test)
{
    uint32_t *given = grow(worker->given, worker->n_given, &worker->cap_given, sizeof *given);
    if (!given)
        return -ENOMEM;
    worker->given = given;
    given[worker->n_given++] = test;
    worker->job->suite.tests[test].state = DZ_GIVEN;
    worker->job->suite.tests[test].slot = worker->slot;
    return 0;
}

static uint64_t held_us(const struct dz_worker *worker)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < worker->n_given; i++)
        sum += dz_plan_estimate_us(worker->job->suite.plan, worker->given[i]);
    return sum;
}

static int holds(const struct dz_worker *worker, uint64_t held, uint64_t window_us, uint32_t window)
{
    uint32_t least = worker->running == DZ_PLAN_NONE ? 2 : 1;
    return worker->n_given >= least && (held >= window_us || worker->n_given >= window);
}

/* Filled up only when it is half empty: one message for many short tests. */
static int holds_enough(const struct dz_worker *worker, uint64_t held)
{
    return holds(worker, held, WINDOW_US / 2, WINDOW_MOST / 2);
}

static void give(struct dz_worker *worker, uint32_t from)
{
    struct dz_msg msg = {.type = DZ_MSG_give, .give = {.last = worker->told_last}};
    if (worker->n_given > from)
        msg.give.tests =
            dz_bytes(worker->given + from, (worker->n_given - from) * sizeof(uint32_t));
    dz_peer_tell(&worker->peer, &msg);
}

void dz_suite_feed(struct dz_job *job, struct dz_worker *worker)
{
    if (worker->told_last || worker->state == DZ_SLOT_DYING || !dz_peer_is_open(&worker->peer))
        return;
    uint32_t from = worker->n_given;
    uint64_t held = held_us(worker);
    if (holds_enough(worker, held))
        return;
    while (!holds(worker, held, WINDOW_US, WINDOW_MOST) && !worker->told_last) {
        uint32_t test =
            job->suite.closed ? DZ_PLAN_NONE : dz_plan_next(job->suite.plan, worker->slot);
        if (test == DZ_PLAN_NONE)
            worker->told_last = 1;
        else if (commit(worker, test) < 0) {
            dz_plan_give_back(job->suite.plan, test);
            worker->told_last = 1;
        } else
            held += dz_plan_estimate_us(job->suite.plan, test);
    }
    if (worker->state == DZ_SLOT_WAITING)
        worker->idle_us = dz_now_us();
    worker->state = worker->told_last ? DZ_SLOT_LEAVING : DZ_SLOT_BUSY;
    if (worker->n_given > from || worker->told_last)
        give(worker, from);
}

int dz_suite_is_supplied(const struct dz_worker *worker)
{
    if (worker->told_last)
        return worker->n_given > 0;
    if (worker->n_given < SUPPLY)
        return 0;
    /* The last one only lets the one before it start. */
    uint32_t last = worker->given[worker->n_given - 1];
    return held_us(worker) - dz_plan_estimate_us(worker->job->suite.plan, last) >= SUPPLY_US;
}

static void give_back(struct dz_job *job, struct dz_worker *worker)
{
    for (uint32_t i = worker->n_given; i-- > 0;) {
        job->suite.tests[worker->given[i]].state = DZ_DUE;
        dz_plan_give_back(job->suite.plan, worker->given[i]);
    }
    worker->n_given = 0;
}

/* ---- what workers say ---- */

static void drop_outcomes(struct dz_test *test);

static void keep(struct dz_test *test, const struct dz_msg *msg)
{
    dz_wire_put(&test->frames, msg);
}

/* How many results are shown is the front's affair; how many have failed decides here what is given out. */
static void count_failure(struct dz_job *job, struct dz_test *test)
{
    job->suite.n_failed += !test->failed;
    test->failed = 1;
    /* A test that fails and cannot be torn down counts twice, as pytest counts. */
    if (job->settings.maxfail && ++job->suite.n_failures >= job->settings.maxfail)
        dz_suite_close(job, DZ_END_DONE, 0, dz_bytes("", 0));
}

/* Of one that is audited, when it is settled. */
static void note_failure(struct dz_job *job, struct dz_test *test)
{
    if (test->audit == DZ_AUDIT_DUE)
        test->failed = 1;
    else
        count_failure(job, test);
}

static int start(struct dz_worker *worker, uint32_t number)
{
    if (worker->running != DZ_PLAN_NONE || !worker->n_given || worker->given[0] != number)
        return -EBADMSG;
    memmove(worker->given, worker->given + 1, --worker->n_given * sizeof *worker->given);
    struct dz_test *test = &worker->job->suite.tests[number];
    test->state = DZ_RUNNING;
    test->started_us = dz_now_us();
    test->serial = worker->serial;
    worker->running = number;
    worker->barren = 0;
    return 0;
}

static void through(struct dz_job *job, uint32_t number, uint64_t duration_us)
{
    struct dz_test *test = &job->suite.tests[number];
    if (!dz_buf_ok(&test->frames)) {
        /* A part of what was reported of it is lost: it has no outcome. */
        const char *why = "dagz: the job's host has no memory left for results";
        test->state = DZ_DUE;
        dz_suite_abort(job, why);
        return;
    }
    int is_uncounted = test->audit == DZ_AUDIT_DUE && test->failed;
    test->state = DZ_THROUGH;
    dz_audit_settle(job, test);
    if (is_uncounted) {
        test->failed = 0;
        count_failure(job, test);
    }
    test->duration_us = duration_us;
    job->suite.n_through++;
    job->count.tests_us += duration_us;
    dz_plan_finished(job->suite.plan, number, duration_us);
    dz_front_show(job, number);
}

static void recycle(struct dz_worker *worker)
{
    if (worker->told_last)
        return;
    worker->told_last = 1;
    give(worker, worker->n_given);
}

/* What an audit has found something else of: whether that was chance. */
static int run_again(struct dz_job *job, uint32_t number)
{
    if (!dz_audit_is_to_run_again(job, &job->suite.tests[number]))
        return 0;
    dz_plan_give_back(job->suite.plan, number);
    dz_vassal_order_forks(job);
    return 1;
}

static int finish(struct dz_job *job, struct dz_worker *worker, const struct dz_msg_finished *told)
{
    worker->idle_us = dz_now_us();
    /* Not since it started: that is when we heard of it, maybe only now, with all that has come since. */
    uint64_t most = worker->idle_us - worker->born_us;
    worker->running = DZ_PLAN_NONE;
    worker->last = told->test;
    if (job->suite.tests[told->test].state != DZ_RUNNING)
        return 0;
    struct dz_test *test = &job->suite.tests[told->test];
    test->proves = told->proves != 0;
    if ((test->failed || !test->proves) && run_again(job, told->test)) {
        recycle(worker);
        return 0;
    }
    /* A patched or lying clock does not count. */
    through(job, told->test, told->duration_us < most ? told->duration_us : most);
    dz_vassal_order_forks(job);
    if (job->settings.max_rss && told->rss > job->settings.max_rss && !worker->told_last) {
        job->count.recycled++;
        recycle(worker);
    }
    return 0;
}

static void note_leak(struct dz_job *job, const struct dz_msg_leaky *told)
{
    job->suite.tests[told->test].leaky = 1;
    job->count.leaky++;
    if (job->count.leaky <= 5)
        dz_buf_fmt(&job->count.leaks, "  leaky: %s left %.*s\n",
                   job->suite.tests[told->test].nodeid,
                   (int)(told->names.size < 200 ? told->names.size : 200), told->names.at);
}

static int hear_fixture(struct dz_job *job, const struct dz_msg_fixture_ran *told)
{
    struct dz_suite *suite = &job->suite;
    if (told->fixture >= suite->n_fixtures)
        return -EBADMSG;
    dz_plan_fixture_ran(suite->plan, told->fixture, told->setup_us, told->pinned);
    if (suite->durations)
        dz_durations_set_fixture(suite->durations, suite->fixtures[told->fixture], told->setup_us,
                                 told->pinned);
    /* What could not be parted may be from now on. */
    dz_vassal_order_forks(job);
    return 0;
}

/* Which of its tests is to blame is not known: all of them run again. */
static int spoil(struct dz_job *job, const struct dz_worker *worker)
{
    return dz_bits_set(&job->spoilt, worker->serial);
}

static int hear_broken(struct dz_job *job, struct dz_worker *worker, const struct dz_msg *msg)
{
    uint32_t number = worker->running;
    struct dz_msg death = {.type = DZ_MSG_death,
                           .death = {.test = number, .text = msg->broken.text}};
    if (run_again(job, number)) {
        worker->running = DZ_PLAN_NONE;
        worker->verdict = DZ_ENDED;
        return 0;
    }
    death.death.out = msg->broken.out;
    death.death.err = msg->broken.err;
    drop_outcomes(&job->suite.tests[number]);
    keep(&job->suite.tests[number], &death);
    note_failure(job, &job->suite.tests[number]);
    worker->running = DZ_PLAN_NONE;
    worker->verdict = DZ_ENDED;
    job->count.crashed++;
    through(job, number, dz_now_us() - job->suite.tests[number].started_us);
    return 0;
}

/* Messages that name a test must name the one that runs. */
static int names_running(const struct dz_worker *worker, uint32_t test)
{
    return worker->running != DZ_PLAN_NONE && worker->running == test;
}

int dz_suite_heard(struct dz_job *job, struct dz_worker *worker, const struct dz_msg *msg)
{
    int r = 0;
    switch (msg->type) {
    case DZ_MSG_started:
        r = start(worker, msg->started.test);
        break;
    case DZ_MSG_report:
        if (!names_running(worker, msg->report.test))
            return -EBADMSG;
        keep(&job->suite.tests[worker->running], msg);
        if (msg->report.outcome == DZ_FAILED)
            note_failure(job, &job->suite.tests[worker->running]);
        return 0;
    case DZ_MSG_event:
        if (msg->event.test == DZ_PLAN_NONE)
            /* Said on leaving: it belongs to no test, and goes straight on. */
            return dz_front_pass(job, msg);
        if (!names_running(worker, msg->event.test))
            return -EBADMSG;
        keep(&job->suite.tests[worker->running], msg);
        return 0;
    case DZ_MSG_leaky:
        if (!names_running(worker, msg->leaky.test))
            return -EBADMSG;
        note_leak(job, &msg->leaky);
        return 0;
    case DZ_MSG_remark:
        dz_remarks_add(&job->remarks, msg->remark.text);
        return 0;
    case DZ_MSG_fixture_ran:
        return hear_fixture(job, &msg->fixture_ran);
    case DZ_MSG_finished:
        if (!names_running(worker, msg->finished.test))
            return -EBADMSG;
        r = finish(job, worker, &msg->finished);
        break;
    case DZ_MSG_stop:
        if (msg->stop.reason <= DZ_END_DONE || msg->stop.reason > DZ_END_INTERNAL)
            return -EBADMSG;
        if (!worker->interrupted)
            dz_suite_close(job, msg->stop.reason, msg->stop.code, msg->stop.text);
        else if (worker->running != DZ_PLAN_NONE)
            /* We have cut it short: it has no outcome, and is due. */
            job->suite.tests[worker->running].state = DZ_DUE;
        return 0;
    case DZ_MSG_spoilt:
        return spoil(job, worker);
    case DZ_MSG_broken:
        if (!names_running(worker, msg->broken.test))
            return -EBADMSG;
        return hear_broken(job, worker, msg);
    case DZ_MSG_leaving:
        if (worker->running != DZ_PLAN_NONE)
            return -EBADMSG;
        /* Of its own accord, too: what ended its loop ends the job, if not, another one goes on. */
        worker->told_last = 1;
        give_back(job, worker);
        return 0;
    default:
        return -EBADMSG;
    }
    if (r == 0)
        dz_suite_feed(job, worker);
    return r;
}

/* ---- deaths ---- */

int dz_suite_has_left(const struct dz_worker *worker)
{
    return worker->told_last && worker->running == DZ_PLAN_NONE && !worker->n_given;
}

void dz_suite_note_late_death(struct dz_job *job, const struct dz_worker *worker)
{
    dz_autobuf struct dz_buf cause = {0}, stacks = {0};
    dz_autopsy_cause(job, worker, &cause);
    dz_autopsy_read(worker->files[0], &stacks);
    job->count.died_leaving++;
    if (spoil(job, worker) < 0)
        job->told.failed = 1; /* then nothing is learned */
    dz_buf_fmt(&job->count.late, "  gw%u, after its last test (%s): %.*s\n", worker->slot,
               worker->last == DZ_PLAN_NONE ? "none" : job->suite.tests[worker->last].nodeid,
               (int)cause.len, cause.data);
    if (stacks.len)
        dz_buf_put(&job->count.late, stacks.data, stacks.len);
    if (job->reason == DZ_END_DONE)
        job->exit_code = 1;
}

/* Its processes die before they say a word: that is no test's doing, and would go on for ever. */
void dz_suite_note_stillbirth(struct dz_job *job, const struct dz_worker *worker)
{
    if (++job->stillborn < MOST_BARREN)
        return;
    dz_autobuf struct dz_buf text = {0};
    dz_buf_str(&text, "workers die before they can take a test; the last one: ");
    dz_autopsy_cause(job, worker, &text);
    dz_buf_put(&text, "", 1);
    dz_suite_abort(job, text.data ? text.data : "workers die before they can take a test");
}

/* The call's outcome, if there was one, gives way to the death: one outcome for each test. */
static void drop_outcomes(struct dz_test *test)
{
    struct dz_buf kept = {0};
    struct dz_msg msg;
    long size;
    for (size_t at = 0; at < test->frames.len; at += (size_t)size) {
        size = dz_wire_take(test->frames.data + at, test->frames.len - at, &msg);
        if (size <= 0)
            break;
        int setup_passed = msg.type == DZ_MSG_report && msg.report.when == DZ_SETUP &&
                           msg.report.outcome == DZ_PASSED;
        if (setup_passed || msg.type == DZ_MSG_event)
            dz_wire_put(&kept, &msg);
    }
    dz_buf_free(&test->frames);
    test->frames = kept;
}

static void count_death(struct dz_job *job, const struct dz_worker *worker)
{
    if (worker->verdict == DZ_TIMED_OUT)
        job->count.timed_out++;
    else if (worker->verdict != DZ_ENDED)
        job->count.crashed++;
}

static void blame(struct dz_job *job, struct dz_worker *worker, uint32_t number)
{
    struct dz_test *test = &job->suite.tests[number];
    if (run_again(job, number))
        return;
    dz_autobuf struct dz_buf text = {0}, stacks = {0}, out = {0}, err = {0};
    dz_autopsy_cause(job, worker, &text);
    dz_autopsy_read(worker->files[0], &stacks);
    dz_autopsy_read(worker->files[1], &out);
    dz_autopsy_read(worker->files[2], &err);
    if (stacks.len) {
        dz_buf_str(&text, "\n\n");
        dz_buf_put(&text, stacks.data, stacks.len);
    } else if (worker->verdict == DZ_TIMED_OUT)
        dz_buf_str(&text, "; where it hung is not known: its threads did not answer (they block "
                          "signals, or wait in the "
                          "kernel)");
    drop_outcomes(test);
    struct dz_msg death = {.type = DZ_MSG_death, .death = {.test = number}};
    death.death.text = dz_bytes(text.data, text.len);
    death.death.out = dz_bytes(out.data, out.len);
    death.death.err = dz_bytes(err.data, err.len);
    keep(test, &death);
    count_death(job, worker);
    note_failure(job, test);
    through(job, number, test->started_us ? dz_now_us() - test->started_us : 0);
}

void dz_suite_bury(struct dz_job *job, struct dz_worker *worker)
{
    uint32_t guilty = worker->running;
    if (guilty == DZ_PLAN_NONE && worker->n_given && ++worker->barren >= MOST_BARREN) {
        /* Its processes die before they begin: somebody has to answer for that, or it goes on for ever. */
        guilty = worker->given[0];
        memmove(worker->given, worker->given + 1, --worker->n_given * sizeof *worker->given);
        worker->barren = 0;
    }
    give_back(job, worker);
    worker->running = DZ_PLAN_NONE;
    if (guilty == DZ_PLAN_NONE)
        return;
    /* The job's end cuts short what runs; what did not come through is not a failure of its own. */
    if (worker->verdict == DZ_ENDED) {
        job->suite.tests[guilty].state = DZ_DUE;
        return;
    }
    blame(job, worker, guilty);
}

/* ---- the end ---- */

void dz_suite_close(struct dz_job *job, enum dz_end_reason reason, uint32_t code,
                    struct dz_bytes text)
{
    if (!job->suite.closed && job->suite.plan)
        dz_plan_close(job->suite.plan);
    job->suite.closed = 1;
    if (job->reason != DZ_END_DONE || reason == DZ_END_DONE)
        return;
    job->reason = reason;
    job->exit_code = code;
    job->reason_text = dz_memdup(text.at, text.size);
}

void dz_suite_abort(struct dz_job *job, const char *why)
{
    dz_suite_close(job, DZ_END_INTERNAL, 0, dz_bytes(why, strlen(why)));
}

void dz_suite_show_rest(struct dz_job *job)
{
    for (uint32_t i = 0; i < job->suite.n; i++)
        if (job->suite.tests[i].state == DZ_THROUGH && !job->suite.tests[i].shown)
            dz_front_show(job, i);
}

int dz_suite_is_done(const struct dz_job *job)
{
    const struct dz_suite *suite = &job->suite;
    return suite->complete && (suite->closed || suite->n_through == suite->n);
}
