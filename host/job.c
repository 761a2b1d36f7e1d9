#include "job.h"

#include "base/mem.h"
#include "invocation.h"
#include "loop/job.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    TICK_MS = 50,
    LIVE_US = 500000,
    STATUS_US = 30000000,
    MOST_ZYGOTES = 3,
    STATUS_UNKNOWN = 3 << 8, /* of a front: as pytest leaves on an internal error */
};

uint64_t dz_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* ---- the end of the run ---- */

/* What tests have left becomes ours by that, to be ended gently. */
static void dismiss_zygote(struct dz_job *job)
{
    if (dz_peer_is_open(&job->zygote) && job->zygote_pid > 1)
        kill(job->zygote_pid, SIGKILL);
    dz_peer_close(&job->zygote);
}

static void end_run(struct dz_job *job)
{
    if (job->over)
        return;
    job->over = 1;
    job->run_ended_us = dz_now_us();
    job->showing_rest = 1;
    uint64_t pss = job->settings_known ? dz_census_pss(getpid()) : 0;
    if (pss > job->census.peak_pss)
        job->census.peak_pss = pss;
    dz_suite_show_rest(job);
    dz_strays_name(job);
    /* Before the zygote goes, and what its workers have used with it. */
    job->cpu_us = dz_census_cpu_us(getpid()) - job->inherited_us;
    dismiss_zygote(job);
    if (!job->audit.is_on)
        dz_front_end(job);
    dz_cuts_finish(job);
    job->cuts.is_waited_for = job->audit.is_on && !dz_cuts_are_over(job);
    if (job->audit.is_on && dz_cuts_are_over(job))
        dz_front_end(job);
}

static void renew_zygote(struct dz_job *job)
{
    const char *why = "dagz: the process that forks workers died again and again";
    if (job->zygotes++ < MOST_ZYGOTES)
        dz_front_ask_for_zygote(job);
    else
        dz_suite_abort(job, why);
}

void dz_job_check(struct dz_job *job)
{
    if (!job->suite.complete || job->over || !dz_vassal_is_empty(job))
        return;
    /* Tests are left, nobody to run them and nobody to fork who would: the front makes another zygote. */
    if (job->zygote_lost && !dz_suite_is_done(job))
        renew_zygote(job);
    if (dz_suite_is_done(job))
        end_run(job);
}

void dz_job_interrupted(struct dz_job *job, int signal, int by_terminal)
{
    job->interrupted_us = dz_now_us();
    dz_cuts_interrupted(job);
    if (job->interrupts++ == 0) {
        dz_suite_close(job, DZ_END_INTERRUPT, 0, dz_bytes("", 0));
        dz_vassal_interrupt(job);
        /* The terminal has told the front as well as us; a signal to our pid has not. While tests run, one other
         * than Ctrl-C is ours alone: the front then ends as by Ctrl-C, when it is told the end. */
        if (!by_terminal && !job->front_ended &&
            (!job->suite.complete || job->over || signal == SIGINT))
            kill(job->front_pid, SIGINT);
    } else {
        dz_vassal_kill_all(job);
        if (!by_terminal && !job->front_ended)
            kill(job->front_pid, job->interrupts > 2 ? SIGKILL : SIGINT);
    }
    dz_job_check(job);
}

/* The front's exit code is known, and nobody of ours works any more. */
static int is_over(const struct dz_job *job)
{
    return job->front_ended && dz_cuts_are_over(job) && dz_choice_is_over(job);
}

/* ---- signals ---- */

static int is_gone(pid_t pid)
{
    return kill(pid, 0) < 0 && errno == ESRCH;
}

/* No child is told: somebody else may have taken its status. One that is there is asked for again with the next tick. */
static void look_for_lost(struct dz_job *job)
{
    if (!dz_cuts_are_over(job) && is_gone(job->cuts.pid))
        dz_cuts_heard_death(job, job->cuts.pid, 0);
    if (!dz_choice_is_over(job) && is_gone(job->choice.pid))
        dz_choice_heard_death(job, job->choice.pid, DZ_LEAVE_CUT_OFF << 8);
    if (job->front_ended || !is_gone(job->front_pid))
        return;
    fprintf(stderr, "\ndagz: how the process with pytest's reporters ended cannot be learnt\n");
    dz_front_died(job, STATUS_UNKNOWN);
}

static void reap(struct dz_job *job)
{
    int status;
    job->unreaped = 0;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) != 0;) {
        if (pid < 0 && errno == EINTR)
            continue;
        if (pid < 0) {
            job->unreaped = 1;
            look_for_lost(job);
            return;
        }
        if (pid == job->front_pid && WIFSTOPPED(status))
            continue;
        if (pid == job->front_pid)
            dz_front_died(job, status);
        else if (!dz_cuts_heard_death(job, pid, status) && !dz_choice_heard_death(job, pid, status))
            dz_vassal_heard_death(job, pid, status);
    }
}

static void tell_running(struct dz_job *job)
{
    dz_autobuf struct dz_buf text = {0};
    dz_block_running(job, &text, "\ndagz:   ");
    dz_front_note(job, "dagz: %u of %u tests through; running now:%s%.*s", job->suite.n_through,
                  job->suite.n, text.len ? "\ndagz:   " : " none", (int)text.len,
                  text.data ? text.data : "");
}

static void on_signal(struct dz_job *job, const struct signalfd_siginfo *info)
{
    int by_terminal = info->ssi_code == SI_KERNEL;
    switch (info->ssi_signo) {
    case SIGCHLD:
        reap(job);
        return;
    case SIGUSR1:
        tell_running(job);
        return;
    default:
        /* The front that tells us of its own Ctrl-C has come first, or comes second: one key is one. */
        if (by_terminal && job->interrupts && dz_now_us() - job->interrupted_us < 200000)
            return;
        dz_job_interrupted(job, (int)info->ssi_signo, by_terminal);
    }
}

static void on_signals(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    struct dz_job *job = poll->data;
    struct signalfd_siginfo info;
    while (read(job->signals_fd, &info, sizeof info) == sizeof info)
        on_signal(job, &info);
    if (is_over(job))
        uv_stop(&job->loop);
}

static void block_signals(struct dz_job *job, sigset_t *ret_set)
{
    static const int ours[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1};
    sigemptyset(ret_set);
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        sigaddset(ret_set, ours[i]);
    sigprocmask(SIG_BLOCK, ret_set, &job->users_mask);
}

/* ---- time ---- */

static void show_progress(struct dz_job *job, uint64_t now)
{
    if (!job->suite.complete || job->over)
        return;
    uint64_t every = job->settings.terminal ? LIVE_US : STATUS_US;
    if (!job->told_us)
        job->told_us = now;
    if (now - job->told_us < every)
        return;
    job->told_us = now;
    if (!job->settings.terminal) {
        tell_running(job);
        return;
    }
    dz_autobuf struct dz_buf text = {0};
    dz_block_running(job, &text, ", ");
    dz_buf_put(&text, "", 1);
    dz_front_live(job, text.data ? text.data : "");
}

static void on_tick(uv_timer_t *timer)
{
    struct dz_job *job = timer->data;
    uint64_t now = dz_now_us();
    if (job->unreaped)
        reap(job);
    dz_vassal_tick(job);
    dz_choice_tick(job, now);
    if (job->suite.complete && !job->over)
        dz_census_look(&job->census, getpid(), now);
    show_progress(job, now);
    if (is_over(job))
        uv_stop(&job->loop);
}

/* ---- after all ---- */

static void remember(struct dz_job *job)
{
    if (!job->suite.durations || !job->run.state)
        return;
    for (uint32_t i = 0; i < job->suite.n; i++)
        if (job->suite.tests[i].state == DZ_THROUGH && !job->suite.tests[i].failed)
            dz_durations_set_test(job->suite.durations, job->suite.tests[i].nodeid,
                                  job->suite.tests[i].duration_us);
    struct dz_err err = {0};
    if (dz_durations_save(job->suite.durations, job->run.durations, &err) < 0)
        fprintf(stderr, "dagz: this run's durations are not kept: %s\n", err.text);
}

/* A job that did not end well says nothing of how the next one of its command would. */
static void settle(struct dz_job *job)
{
    if (job->run.state && job->command.name)
        dz_invocation_settle(job->run.state, job->command.name,
                             job->front_status == 0 && !job->interrupts && !job->replaying);
}

static int exit_code(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void free_job(struct dz_job *job)
{
    for (uint32_t i = 0; i < job->n_slots && job->workers; i++)
        dz_free(job->workers[i].given);
    dz_free(job->workers);
    dz_suite_free(&job->suite);
    dz_run_close(&job->run);
    dz_buf_free(&job->count.leaks);
    dz_buf_free(&job->count.late);
    dz_remarks_free(&job->remarks);
    dz_free(job->reason_text);
    dz_free(job->junit);
    dz_free(job->asked.rootdir);
    dz_free(job->asked.base);
    dz_free(job->asked.profile);
    dz_buf_free(&job->asked.ignore);
    dz_buf_free(&job->asked.external);
    dz_buf_free(&job->choice.frame);
    dz_buf_free(&job->told);
    dz_free(job->command.name);
    dz_buf_free(&job->command.resolved);
    dz_buf_free(&job->command.frame);
    dz_bits_free(&job->spoilt);
}

/* ---- beginning ---- */

/* As the kernel takes it for what is written: that is coarse, and behind the other one. */
static int64_t file_time_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max > 65536 ? 65536 : limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* libuv gives up by abort() where the kernel refuses it what it cannot do without. The children follow the host. */
static void on_abort(int signal)
{
    static const char why[] =
        "\ndagz: the job's host cannot go on: it has no descriptors or no memory left for its "
        "event loop\n";
    (void)signal;
    ssize_t n = write(STDERR_FILENO, why, sizeof why - 1);
    (void)n;
    _exit(DZ_EXIT_INTERNAL);
}

static int open_loop(struct dz_job *job, int front_fd, const sigset_t *signals, struct dz_err *err)
{
    signal(SIGABRT, on_abort);
    int r = uv_loop_init(&job->loop);
    if (r < 0)
        return dz_fail(err, r, "cannot make an event loop");
    job->signals_fd = signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (job->signals_fd < 0)
        return dz_fail(err, -errno, "cannot watch signals");
    uv_poll_init(&job->loop, &job->signals, job->signals_fd);
    job->signals.data = job;
    uv_poll_start(&job->signals, UV_READABLE, on_signals);
    uv_timer_init(&job->loop, &job->tick);
    job->tick.data = job;
    uv_timer_start(&job->tick, on_tick, TICK_MS, TICK_MS);
    uv_timer_init(&job->loop, &job->nap);
    job->nap.data = job;
    return dz_front_open(job, front_fd, err);
}

int dz_job_run(const struct dz_python *python, int argc, char **argv)
{
    struct dz_job job = {.python = python, .argc = argc, .argv = argv, .began_us = dz_now_us()};
    struct dz_err err = {0};
    sigset_t signals;
    job.began_ns = file_time_ns();
    job.run.lock = job.run.results = -1;
    dz_chan_init(&job.front.chan, -1);
    dz_chan_init(&job.zygote.chan, -1);
    job.inherited_us = dz_census_cpu_us(getpid());
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    /* Ignored, as some parents leave it, it would keep us from learning how our children end. */
    signal(SIGCHLD, SIG_DFL);
    block_signals(&job, &signals);
    int fd = dz_front_start(&job, DZ_ROLE_FRONT, &err);
    if (fd >= 0) {
        raise_descriptor_limit();
        dz_mem_use_mimalloc();
        int r = open_loop(&job, fd, &signals, &err);
        fd = r < 0 ? r : fd;
    }
    if (fd < 0) {
        fprintf(stderr, "dagz: %s\n", err.text);
        return DZ_EXIT_NO_PYTHON;
    }
    uv_run(&job.loop, UV_RUN_DEFAULT);
    dz_strays_end();
    dz_cuts_tell(&job);
    remember(&job);
    settle(&job);
    int code = exit_code(job.front_status);
    free_job(&job);
    dz_mem_use_libc();
    return code;
}
