/* The front, seen from the host: it tells the suite, it is told results, and it may die. Then another one, in role
 * replay, is told all that is known, so that terminal and junit come out all the same. */
#include "job.h"

#include "../base/cores.h"
#include "../base/mem.h"
#include "../invocation.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int heard(struct dz_peer *peer, const struct dz_msg *msg);
static void gone(struct dz_peer *peer, int reason);
static const struct dz_peer_calls front_calls = {heard, gone, NULL};

static const char no_memory[] = "dagz: the job's host has no memory left";

/* ---- birth ---- */

int dz_front_start(struct dz_job *job, enum dz_role role, struct dz_err *err)
{
    int fd = dz_birth(job, role, &job->front_pid, err);
    if (fd >= 0)
        job->front_ended = 0;
    return fd;
}

int dz_front_open(struct dz_job *job, int fd, struct dz_err *err)
{
    int r = dz_peer_open(&job->front, &job->loop, fd, &front_calls, job);
    return r < 0 ? dz_fail(err, r, "cannot watch pytest's process") : 0;
}

/* ---- the suite ---- */

static int keep_asked(struct dz_job *job, const struct dz_msg_resolved *told)
{
    job->asked.rootdir = dz_memdup(told->rootdir.at, told->rootdir.size);
    job->asked.base = dz_memdup(told->base.at, told->base.size);
    job->asked.profile = dz_memdup(told->profile.at, told->profile.size);
    memcpy(job->asked.key.bytes, told->key.at, sizeof job->asked.key.bytes);
    job->asked.all = told->all != 0;
    job->asked.audit = told->audit;
    dz_buf_put(&job->asked.ignore, told->ignore.at, told->ignore.size);
    dz_buf_put(&job->asked.external, told->external.at, told->external.size);
    return job->asked.rootdir && job->asked.base && job->asked.profile &&
                   dz_buf_ok(&job->asked.ignore) && dz_buf_ok(&job->asked.external)
               ? 0
               : -ENOMEM;
}

static int take_resolved(struct dz_job *job, const struct dz_msg_resolved *told)
{
    struct dz_err err = {0};
    struct dz_waivers waivers;
    if (job->asked.rootdir || told->key.size != sizeof job->asked.key.bytes ||
        dz_waivers_make(&waivers, told->ignore, told->external) < 0)
        return -EBADMSG;
    if (keep_asked(job, told) < 0)
        dz_fail(&err, -ENOMEM, "cannot keep where it is");
    else
        dz_run_open(&job->run, told->rootdir, told->state_dir, &err);
    if (err.code)
        dz_front_note(job, "dagz: nothing is kept of this job: %s", err.text);
    job->command.name = dz_invocation_name(job->python, job->argc, job->argv);
    dz_wire_put(&job->command.resolved,
                &(struct dz_msg){.type = DZ_MSG_resolved, .resolved = *told});
    dz_choice_begin(job);
    return 0;
}

/* For who learns, when the run has ended. */
static int take_found(struct dz_job *job, const struct dz_msg *msg)
{
    if (job->suite.complete)
        return -EBADMSG;
    if (msg->type == DZ_MSG_left_out)
        job->n_left_out = msg->left_out.tests;
    dz_wire_put(&job->told, msg);
    return 0;
}

static int take_command(struct dz_job *job, const struct dz_msg *msg)
{
    if (job->suite.complete || job->command.frame.len)
        return -EBADMSG;
    dz_wire_put(&job->command.frame, msg);
    return 0;
}

static int take_settings(struct dz_job *job, const struct dz_msg_settings *told)
{
    if (told->fork > DZ_FORK_TEST || told->start > DZ_START_SPAWN || job->settings_known)
        return -EBADMSG;
    job->settings = *told;
    job->settings.junit = dz_bytes("", 0);
    job->junit = dz_memdup(told->junit.at, told->junit.size);
    job->settings_known = 1;
    job->spawns = told->start == DZ_START_SPAWN;
    struct dz_err err = {0};
    job->suite.durations = dz_durations_new(job->run.durations, &err);
    if (err.code)
        dz_front_note(job, "dagz: past durations are not known: %s", err.text);
    return 0;
}

/* Each worker costs the host four descriptors; it keeps some for itself. */
static uint32_t most_by_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 1;
    rlim_t spare = limit.rlim_cur > 24 ? (limit.rlim_cur - 20) / 4 : 1;
    return spare > 4096 ? 4096 : (uint32_t)spare;
}

static uint32_t slots_wanted(const struct dz_job *job)
{
    uint32_t wanted = job->settings.workers ? job->settings.workers : dz_cores();
    uint32_t most = most_by_descriptors();
    if (wanted > job->suite.n)
        wanted = job->suite.n;
    return wanted > most ? most : wanted ? wanted : 1;
}

void dz_front_ask_for_zygote(struct dz_job *job)
{
    int fds[2];
    int r = dz_chan_pair(fds);
    if (r == 0) {
        struct dz_msg order = {.type = DZ_MSG_make_zygote,
                               .make_zygote = {.workers = job->n_slots}};
        order.make_zygote.job = dz_bytes(job->run.id, strlen(job->run.id));
        order.make_zygote.folder = dz_run_folder(&job->run);
        r = dz_peer_tell_fds(&job->front, &order, &fds[1], 1);
        close(fds[1]);
        if (r < 0 || (r = dz_vassal_open_zygote(job, fds[0])) < 0)
            close(fds[0]);
    }
    if (r < 0) {
        struct dz_err err;
        dz_fail(&err, r, "dagz: no process to fork workers can be started");
        dz_suite_abort(job, err.text);
    }
}

static int prepare(struct dz_job *job, struct dz_bytes digest, struct dz_err *err)
{
    int r = dz_suite_plan(job, err);
    if (r < 0)
        return r;
    job->n_useful = job->settings.workers ? job->n_slots : dz_plan_useful_slots(job->suite.plan);
    job->suite.digest = dz_memdup(digest.at, digest.size);
    if (!job->suite.digest)
        return dz_fail(err, -ENOMEM, "cannot keep what tells the suite from others");
    return dz_vassal_start(job, err);
}

/* All is proved, or deselected. */
static int end_at_once(struct dz_job *job)
{
    job->suite.complete = 1;
    job->run_began_us = dz_now_us();
    dz_job_check(job);
    return 0;
}

/* For `dagz last` and `dagz config`, beside the results, which tell tests by number. What is proved is told by how much it
 * is. */
static void keep_suite(struct dz_job *job)
{
    struct dz_err err = {0};
    struct dz_msg chosen,
        left = {.type = DZ_MSG_left_out, .left_out = {.tests = job->n_left_out + job->audit.n}};
    dz_autobuf struct dz_buf frames = {0};
    dz_choice_of(job, &chosen);
    chosen.chosen.files = chosen.chosen.counts = chosen.chosen.tests = chosen.chosen.parameters =
        dz_bytes("", 0);
    dz_buf_put(&frames, job->command.resolved.data, job->command.resolved.len);
    dz_wire_put(&frames, &chosen);
    dz_wire_put(&frames, &left);
    for (uint32_t i = 0; i < job->suite.n; i++) {
        const char *nodeid = job->suite.tests[i].nodeid;
        struct dz_msg test = {.type = DZ_MSG_test,
                              .test = {.nodeid = dz_bytes(nodeid, strlen(nodeid))}};
        dz_wire_put(&frames, &test);
    }
    if (dz_run_keep_suite(&job->run, &frames, &err) < 0)
        dz_front_note(job, "dagz: %s; the job goes on", err.text);
}

static int begin(struct dz_job *job, struct dz_bytes digest)
{
    if (!job->settings_known || job->suite.complete)
        return -EBADMSG;
    struct dz_err err = {0};
    dz_audit_begin(job);
    keep_suite(job);
    if (!job->suite.n)
        return end_at_once(job);
    job->n_slots = slots_wanted(job);
    job->run_began_us = dz_now_us();
    if (prepare(job, digest, &err) < 0) {
        dz_wrap(&err, err.code, "dagz");
        dz_suite_abort(job, err.text);
    } else if (job->spawns)
        dz_vassal_order_forks(job);
    else
        dz_front_ask_for_zygote(job);
    dz_job_check(job);
    return 0;
}

static void replay_if_due(struct dz_job *job);

static int heard(struct dz_peer *peer, const struct dz_msg *msg)
{
    struct dz_job *job = peer->owner;
    switch (msg->type) {
    case DZ_MSG_resolved:
        return job->replaying ? 0 : take_resolved(job, &msg->resolved);
    case DZ_MSG_collected:
    case DZ_MSG_deselected:
    case DZ_MSG_left_out:
        return take_found(job, msg);
    case DZ_MSG_command:
        return job->replaying ? 0 : take_command(job, msg);
    case DZ_MSG_settings:
        return job->replaying ? 0 : take_settings(job, &msg->settings);
    case DZ_MSG_fixture:
    case DZ_MSG_test:
        return dz_suite_message(job, msg);
    case DZ_MSG_ready:
        if (!job->replaying)
            return begin(job, msg->ready.digest);
        job->replay_ready = 1;
        replay_if_due(job);
        return 0;
    case DZ_MSG_remark:
        dz_remarks_add(&job->remarks, msg->remark.text);
        return 0;
    case DZ_MSG_enough:
        if (msg->enough.interrupted && !job->interrupts)
            dz_job_interrupted(job, SIGINT, 1);
        else if (!msg->enough.interrupted)
            dz_suite_close(job, DZ_END_DONE, 0, dz_bytes("", 0));
        dz_job_check(job);
        return 0;
    case DZ_MSG_leaving:
        job->front_done = job->front_told;
        return 0;
    default:
        return -EBADMSG;
    }
}

static void gone(struct dz_peer *peer, int reason)
{
    struct dz_job *job = peer->owner;
    if (reason == -EBADMSG)
        kill(job->front_pid, SIGKILL);
    else if (reason < 0)
        fprintf(stderr, "\ndagz: the connection to the process with pytest's reporters broke: %s\n",
                strerror(-reason));
    /* How it ended comes by SIGCHLD. */
}

/* ---- results ---- */

static void tell_result(struct dz_job *job, uint32_t number)
{
    struct dz_test *test = &job->suite.tests[number];
    struct dz_msg msg = {.type = DZ_MSG_result, .result = {.test = number}};
    msg.result.frames = dz_bytes(test->frames.data, test->frames.len);
    test->shown = 1;
    dz_peer_tell(&job->front, &msg);
}

static void keep_result(struct dz_job *job, uint32_t number)
{
    struct dz_test *test = &job->suite.tests[number];
    struct dz_msg msg = {.type = DZ_MSG_result, .result = {.test = number}};
    msg.result.frames = dz_bytes(test->frames.data, test->frames.len);
    struct dz_err err = {0};
    if (dz_run_keep(&job->run, &msg, &err) < 0)
        dz_front_note(job, "dagz: %s; the job goes on", err.text);
}

static void show_in_order(struct dz_job *job)
{
    struct dz_suite *suite = &job->suite;
    for (; suite->next_shown < suite->n && suite->tests[suite->next_shown].state == DZ_THROUGH;
         suite->next_shown++)
        if (!suite->tests[suite->next_shown].shown)
            tell_result(job, suite->next_shown);
}

void dz_front_show(struct dz_job *job, uint32_t number)
{
    if (!job->suite.tests[number].kept)
        keep_result(job, number);
    job->suite.tests[number].kept = 1;
    if (job->replaying)
        return;
    if (job->settings.terminal || job->showing_rest)
        tell_result(job, number);
    else
        show_in_order(job);
}

int dz_front_pass(struct dz_job *job, const struct dz_msg *msg)
{
    if (job->replaying)
        return 0;
    dz_autobuf struct dz_buf frames = {0};
    dz_wire_put(&frames, msg);
    if (!dz_buf_ok(&frames))
        dz_suite_abort(job, no_memory);
    struct dz_msg result = {.type = DZ_MSG_result, .result = {.test = DZ_PLAN_NONE}};
    result.result.frames = dz_bytes(frames.data, frames.len);
    dz_peer_tell(&job->front, &result);
    return 0;
}

void dz_front_note(struct dz_job *job, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    size_t size = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    struct dz_msg msg = {.type = DZ_MSG_note, .note = {.text = dz_bytes(text, size)}};
    if (dz_peer_is_open(&job->front))
        dz_peer_tell(&job->front, &msg);
    else
        fprintf(stderr, "%s\n", text);
}

void dz_front_live(struct dz_job *job, const char *text)
{
    struct dz_msg msg = {.type = DZ_MSG_live, .live = {.text = dz_bytes(text, strlen(text))}};
    if (!job->replaying)
        dz_peer_tell(&job->front, &msg);
}

static void tell_end(struct dz_job *job)
{
    job->front_told = 1;
    dz_autobuf struct dz_buf block = {0};
    dz_block_write(job, &block);
    struct dz_msg msg = {.type = DZ_MSG_end,
                         .end = {.reason = job->reason, .code = job->exit_code}};
    const char *text = job->reason_text                 ? job->reason_text
                       : job->reason == DZ_END_INTERNAL ? no_memory
                                                        : "";
    msg.end.text = dz_bytes(text, strlen(text));
    msg.end.block = dz_bytes(block.data, block.len);
    dz_peer_tell(&job->front, &msg);
}

void dz_front_end(struct dz_job *job)
{
    if (job->replaying)
        replay_if_due(job);
    else if (!job->front_told)
        tell_end(job);
}

/* ---- death ---- */

static void replay(struct dz_job *job)
{
    for (uint32_t i = 0; i < job->suite.n; i++) {
        struct dz_test *test = &job->suite.tests[i];
        struct dz_msg msg = {.type = DZ_MSG_test,
                             .test = {.module = test->module, .klass = test->klass}};
        msg.test.nodeid = dz_bytes(test->nodeid, strlen(test->nodeid));
        msg.test.location = dz_bytes(test->location, test->location_size);
        dz_peer_tell(&job->front, &msg);
    }
    job->showing_rest = 1;
    for (uint32_t i = 0; i < job->suite.n; i++)
        if (job->suite.tests[i].state == DZ_THROUGH)
            tell_result(job, i);
    tell_end(job);
}

/* All at once: when it is ready to hear, and no worker has anything to add. */
static void replay_if_due(struct dz_job *job)
{
    if (job->replay_ready && job->over)
        replay(job);
}

static void say_how(char *text, size_t size, int status)
{
    if (WIFSIGNALED(status))
        snprintf(text, size, "was killed by SIG%s (%s)", sigabbrev_np(WTERMSIG(status)),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(text, size, "left with exit status %d", WEXITSTATUS(status));
}

static void start_replay(struct dz_job *job, const char *how)
{
    fprintf(
        stderr,
        "\ndagz: the process with pytest's reporters %s; what was known is shown by another one:\n",
        how);
    struct dz_err err = {0};
    job->replaying = 1;
    job->front_done = 0;
    if (!job->front_told) {
        char text[160];
        snprintf(text, sizeof text,
                 "dagz: the process with pytest's reporters %s: %u of %u tests were run", how,
                 job->suite.n_through, job->suite.n);
        dz_suite_close(job, DZ_END_SHOULDSTOP, 0, dz_bytes(text, strlen(text)));
    }
    dz_vassal_kill_all(job);
    int fd = dz_front_start(job, DZ_ROLE_REPLAY, &err);
    if (fd < 0 || dz_front_open(job, fd, &err) < 0) {
        fprintf(stderr, "dagz: %s\n", err.text);
        job->front_ended = 1;
        dz_plain_write(job, stderr);
        job->front_status = W_EXITCODE(3, 0);
    }
}

static int died_badly(const struct dz_job *job, int status)
{
    /* One that has heard the end leaves by itself, with pytest's exit code; so does one that is pressed to. */
    return job->interrupts < 2 &&
           (WIFSIGNALED(status) || (job->suite.complete && !job->front_done));
}

static void give_up(struct dz_job *job, const char *how)
{
    fprintf(stderr,
            "\ndagz: the process that showed it %s too; this is what the job's host knows:\n", how);
    dz_plain_write(job, stderr);
    job->front_status = W_EXITCODE(3, 0);
}

void dz_front_died(struct dz_job *job, int status)
{
    char how[64];
    dz_peer_close(&job->front);
    dz_choice_end(job);
    say_how(how, sizeof how, status);
    job->front_status = status;
    job->front_ended = 1;
    if (!died_badly(job, status))
        return;
    if (!job->suite.complete)
        fprintf(stderr, "\ndagz: pytest's process %s while it collected: no test was run\n", how);
    else if (job->replaying)
        give_up(job, how);
    else
        start_replay(job, how);
}
