/* The vassal: this node's workers, from the order to fork them to their burial.
 *
 *   state      what happens                          then
 *   EMPTY      the plan wants this slot              FORKING
 *   FORKING    hello                                 WAITING, and fed: BUSY, or LEAVING
 *              the fork failed, or death             buried: EMPTY
 *   BUSY       told its last                         LEAVING
 *              limit, stop, rubbish, hang-up         killed: DYING
 *   LEAVING    the end of its stream                 DYING
 *   DYING      its status is known, or 2 s are over  buried: EMPTY
 *
 * Deaths are told by the zygote, whose children workers are; without one they are the host's own. */
#include "job.h"

#include "../base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    STATUS_US = 2000000,  /* how long a dead worker's status may be on its way */
    WORTH_US = 50000,     /* of work left for each worker, for one more to be forked */
    HANGUP_US = 300000,   /* from a hang-up to the end of who is still there */
    QUIET_US = 100000,    /* stacks are whole when their file has not grown for so long */
    STACKS_US = 2000000,  /* from the question for stacks to the end, should no answer come */
    YIELD_US = 2000000,   /* an interrupted test may take so long to give in */
    LEAVING_US = 8000000, /* and its fixtures to be torn down: CI kills what takes ten seconds */
    NAP_MS = 2,           /* how long a worker with work enough may talk unheard */
};

static int heard(struct dz_peer *peer, const struct dz_msg *msg);
static void hung_up(struct dz_peer *peer, int reason);
static void drained(struct dz_peer *peer);
static const struct dz_peer_calls worker_calls = {heard, hung_up, drained};

static void forget_files(struct dz_worker *worker)
{
    for (int i = 0; i < 3; i++) {
        if (worker->files[i] >= 0)
            close(worker->files[i]);
        worker->files[i] = -1;
    }
}

static void clear(struct dz_worker *worker)
{
    dz_peer_close(&worker->peer);
    forget_files(worker);
    worker->state = DZ_SLOT_EMPTY;
    worker->pid = 0;
    worker->told_last = worker->status_known = worker->hung_up = worker->interrupted = 0;
    worker->verdict = DZ_NO_VERDICT;
    worker->asked_us = worker->killed_us = worker->interrupted_us = worker->grown_us = 0;
    worker->stacks = 0;
    worker->running = worker->last = DZ_PLAN_NONE;
    worker->n_given = 0;
}

int dz_vassal_start(struct dz_job *job, struct dz_err *err)
{
    job->workers = dz_alloc(job->n_slots * sizeof *job->workers);
    if (!job->workers)
        return dz_fail(err, -ENOMEM, "cannot keep %u workers", job->n_slots);
    for (uint32_t i = 0; i < job->n_slots; i++) {
        struct dz_worker *worker = &job->workers[i];
        *worker = (struct dz_worker){.job = job,
                                     .slot = i,
                                     .files = {-1, -1, -1},
                                     .running = DZ_PLAN_NONE,
                                     .last = DZ_PLAN_NONE};
        dz_chan_init(&worker->peer.chan, -1);
    }
    return 0;
}

/* ---- births ---- */

/* Through the zygote: the worker's end of a new socket goes with the order. */
static int order_fork(struct dz_job *job, struct dz_worker *worker, struct dz_err *err)
{
    int fds[2];
    int r = dz_chan_pair(fds);
    if (r < 0)
        return dz_fail(err, r, "cannot make a worker's socket");
    struct dz_msg order = {.type = DZ_MSG_fork_worker,
                           .fork_worker = {worker->slot, worker->serial}};
    r = dz_peer_tell_fds(&job->zygote, &order, &fds[1], 1);
    close(fds[1]);
    if (r == 0)
        return fds[0];
    close(fds[0]);
    return dz_fail(err, r, "cannot ask for a worker");
}

static void introduce(struct dz_job *job, struct dz_worker *worker)
{
    struct dz_msg msg = {
        .type = DZ_MSG_be_worker,
        .be_worker = {.slot = worker->slot, .serial = worker->serial, .workers = job->n_slots}};
    msg.be_worker.job = dz_bytes(job->run.id, strlen(job->run.id));
    msg.be_worker.folder = dz_run_folder(&job->run);
    msg.be_worker.digest = dz_bytes(job->suite.digest, strlen(job->suite.digest));
    dz_choice_tell(job, &worker->peer);
    dz_peer_tell(&worker->peer, &msg);
}

static int give_birth(struct dz_job *job, struct dz_worker *worker, struct dz_err *err)
{
    worker->serial = job->n_serials++;
    int fd = job->spawns ? dz_birth(job, DZ_ROLE_WORKER, &worker->pid, err)
                         : order_fork(job, worker, err);
    if (fd < 0)
        return fd;
    worker->state = DZ_SLOT_FORKING;
    int r = dz_peer_open(&worker->peer, &job->loop, fd, &worker_calls, worker);
    if (r < 0) {
        /* Its process reads the end of its stream, and leaves. */
        close(fd);
        clear(worker);
        return dz_fail(err, r, "cannot watch a worker");
    }
    if (job->spawns)
        introduce(job, worker);
    return 0;
}

/* Fewer workers than wanted do the same work, and the next event asks again; without any there is none. */
static void miss(struct dz_job *job, struct dz_err *err)
{
    if (err->code == -EPIPE || err->code == -ECONNRESET)
        return; /* the zygote is gone, which is about to be heard */
    if (!dz_vassal_is_empty(job)) {
        if (err->code != -EAGAIN && !job->missed++)
            dz_front_note(job, "dagz: fewer workers than wanted: %s", err->text);
        return;
    }
    dz_wrap(err, err->code, "dagz: no worker can be started");
    dz_suite_abort(job, err->text);
    dz_job_check(job);
}

/* Those that the plan began with; more when what has been learnt since leaves work enough for them. */
static int is_worth_a_process(const struct dz_job *job, uint32_t slot)
{
    return slot < job->n_useful ||
           dz_plan_total_left_us(job->suite.plan) > (uint64_t)WORTH_US * (slot + 1);
}

void dz_vassal_order_forks(struct dz_job *job)
{
    if (job->suite.closed || (!job->spawns && !dz_peer_is_open(&job->zygote)))
        return;
    struct dz_err err = {0};
    for (uint32_t i = 0; i < job->n_slots; i++)
        if (job->workers[i].state == DZ_SLOT_EMPTY && is_worth_a_process(job, i) &&
            dz_plan_wants(job->suite.plan, i))
            give_birth(job, &job->workers[i], &err);
    if (err.code < 0)
        miss(job, &err);
}

/* ---- deaths ---- */

/* It was through with its tests, and did not come to its end. */
static int died_leaving(const struct dz_worker *worker)
{
    return dz_suite_has_left(worker) && worker->status_known && worker->status != 0 &&
           worker->verdict != DZ_ENDED && !worker->interrupted;
}

static void bury(struct dz_worker *worker)
{
    struct dz_job *job = worker->job;
    if (worker->state == DZ_SLOT_FORKING && worker->verdict != DZ_ENDED)
        dz_suite_note_stillbirth(job, worker);
    if (died_leaving(worker))
        dz_suite_note_late_death(job, worker);
    dz_suite_bury(job, worker);
    clear(worker);
    dz_vassal_order_forks(job);
    dz_job_check(job);
}

static void bury_if_known(struct dz_worker *worker)
{
    if (worker->hung_up && worker->status_known)
        bury(worker);
}

static void kill_group(struct dz_worker *worker, int signal)
{
    if (worker->pid <= 0)
        return;
    kill(-worker->pid, signal);
    kill(worker->pid, signal);
}

void dz_vassal_kill(struct dz_worker *worker, enum dz_verdict verdict)
{
    if (worker->state == DZ_SLOT_EMPTY)
        return;
    if (worker->verdict == DZ_NO_VERDICT && !worker->status_known)
        worker->verdict = verdict;
    if (!worker->killed_us)
        worker->killed_us = dz_now_us();
    kill_group(worker, SIGKILL);
}

static struct dz_worker *by_pid(struct dz_job *job, pid_t pid)
{
    for (uint32_t i = 0; i < job->n_slots && job->workers; i++)
        if (job->workers[i].state != DZ_SLOT_EMPTY && job->workers[i].pid == pid)
            return &job->workers[i];
    return NULL;
}

static struct dz_worker *by_serial(struct dz_job *job, uint32_t serial)
{
    for (uint32_t i = 0; i < job->n_slots; i++)
        if (job->workers[i].state != DZ_SLOT_EMPTY && job->workers[i].serial == serial)
            return &job->workers[i];
    return NULL;
}

static void heard_stop(struct dz_worker *worker, int signal)
{
    worker->stop_signal = signal;
    dz_vassal_kill(worker, DZ_STOPPED);
}

void dz_vassal_heard_death(struct dz_job *job, pid_t pid, int status)
{
    struct dz_worker *worker = by_pid(job, pid);
    if (!worker)
        return;
    if (WIFSTOPPED(status)) {
        heard_stop(worker, WSTOPSIG(status));
        return;
    }
    worker->status = status;
    worker->status_known = 1;
    bury_if_known(worker);
}

/* We cannot hear them any more, though they may be well: the job ends, and no test answers for it. */
static void lose_hearing(struct dz_job *job, int reason)
{
    struct dz_err err;
    if (reason >= 0 || reason == -EBADMSG || reason == -ECONNRESET)
        return;
    dz_fail(&err, reason, "dagz: the connection to the tests' processes broke");
    dz_suite_abort(job, err.text);
    dz_vassal_kill_all(job);
}

static void hung_up(struct dz_peer *peer, int reason)
{
    struct dz_worker *worker = peer->owner;
    worker->hung_up = 1;
    lose_hearing(worker->job, reason);
    if (reason == -EBADMSG)
        dz_vassal_kill(worker, DZ_LIED);
    else if (!worker->killed_us)
        /* Its status is on its way, or it is still there and has hung up on us: watch_dying looks. */
        worker->killed_us = dz_now_us();
    bury_if_known(worker);
}

/* ---- what is heard ---- */

static int hello(struct dz_worker *worker, const struct dz_msg_hello *told)
{
    if (worker->state != DZ_SLOT_FORKING || told->role != DZ_PEER_WORKER ||
        told->serial != worker->serial)
        return -EBADMSG;
    /* What is to be killed one day is not for a worker to say, unless nobody else can. */
    if (!worker->pid && told->pid > 1)
        worker->pid = (pid_t)told->pid;
    for (int i = 0; i < 3; i++)
        worker->files[i] = dz_chan_take_fd(&worker->peer.chan);
    worker->state = DZ_SLOT_WAITING;
    worker->job->stillborn = 0;
    worker->born_us = dz_now_us();
    dz_suite_feed(worker->job, worker);
    return 0;
}

static int heard(struct dz_peer *peer, const struct dz_msg *msg)
{
    struct dz_worker *worker = peer->owner;
    if (msg->type == DZ_MSG_hello)
        return hello(worker, &msg->hello);
    if (worker->state == DZ_SLOT_FORKING)
        return -EBADMSG;
    return dz_suite_heard(worker->job, worker, msg);
}

static void end_nap(uv_timer_t *nap)
{
    struct dz_job *job = nap->data;
    for (uint32_t i = 0; i < job->n_slots; i++)
        dz_peer_pause(&job->workers[i].peer, 0);
}

/* A wake-up for each short test would cost more than the test: what it says gathers for a while. */
static void drained(struct dz_peer *peer)
{
    struct dz_worker *worker = peer->owner;
    if (!dz_suite_is_supplied(worker))
        return;
    dz_peer_pause(peer, 1);
    if (!uv_is_active((uv_handle_t *)&worker->job->nap))
        uv_timer_start(&worker->job->nap, end_nap, NAP_MS, 0);
}

static void forked(struct dz_job *job, const struct dz_msg_forked *told)
{
    struct dz_worker *worker = by_serial(job, told->serial);
    if (!worker)
        return;
    if (told->pid > 1) {
        worker->pid = (pid_t)told->pid;
        return;
    }
    dz_front_note(job, "dagz: cannot fork a worker: %s", strerror((int)told->error));
    clear(worker);
    if (dz_vassal_is_empty(job))
        dz_suite_abort(job, "dagz: no worker can be forked");
    dz_job_check(job);
}

static int zygote_heard(struct dz_peer *peer, const struct dz_msg *msg)
{
    struct dz_job *job = peer->owner;
    switch (msg->type) {
    case DZ_MSG_hello:
        if (!job->zygote_pid)
            dz_cuts_begin(job);
        job->zygote_pid = (pid_t)msg->hello.pid;
        dz_vassal_order_forks(job);
        return 0;
    case DZ_MSG_forked:
        forked(job, &msg->forked);
        return 0;
    case DZ_MSG_died:
        dz_vassal_heard_death(job, (pid_t)msg->died.pid, (int)msg->died.status);
        return 0;
    case DZ_MSG_stopped:
        dz_vassal_heard_death(job, (pid_t)msg->stopped.pid, W_STOPCODE((int)msg->stopped.signal));
        return 0;
    default:
        return -EBADMSG;
    }
}

/* Its workers are the host's children now and run on; the front is asked for another when one is needed. */
static void zygote_gone(struct dz_peer *peer, int reason)
{
    struct dz_job *job = peer->owner;
    job->zygote_lost = 1;
    if (job->over)
        return;
    lose_hearing(job, reason);
    for (uint32_t i = 0; i < job->n_slots; i++)
        if (job->workers[i].state == DZ_SLOT_FORKING && !job->workers[i].pid) {
            dz_suite_bury(job, &job->workers[i]);
            clear(&job->workers[i]);
        }
    dz_job_check(job);
}

static const struct dz_peer_calls zygote_calls = {zygote_heard, zygote_gone, NULL};

int dz_vassal_open_zygote(struct dz_job *job, int fd)
{
    job->zygote_lost = 0;
    return dz_peer_open(&job->zygote, &job->loop, fd, &zygote_calls, job);
}

/* ---- time ---- */

/* Since when it does what has a limit: runs a test, or leaves, with what fixtures there are to tear down. */
static uint64_t began_us(const struct dz_job *job, const struct dz_worker *worker)
{
    if (worker->running != DZ_PLAN_NONE)
        return job->suite.tests[worker->running].started_us;
    return dz_suite_has_left(worker) ? worker->idle_us : 0;
}

/* Its threads' stacks are in their file, or will not come: it may block the signal. */
static int has_answered(struct dz_worker *worker, uint64_t now)
{
    off_t size = worker->files[0] < 0 ? 0 : lseek(worker->files[0], 0, SEEK_END);
    if (size != worker->stacks) {
        worker->stacks = size;
        worker->grown_us = now;
    }
    return now - worker->asked_us > STACKS_US ||
           (worker->grown_us && now - worker->grown_us > QUIET_US);
}

static void watch_limit(struct dz_job *job, struct dz_worker *worker, uint64_t now)
{
    uint64_t limit = job->settings.timeout_us, began = began_us(job, worker);
    if (!limit || !began || worker->killed_us)
        return;
    if (worker->asked_us) {
        if (has_answered(worker, now))
            dz_vassal_kill(worker, DZ_TIMED_OUT);
    } else if (now - began > limit && worker->pid > 0) {
        worker->asked_us = now;
        kill(worker->pid, SIGRTMAX - 1);
    }
}

static void watch_interrupted(struct dz_worker *worker, uint64_t now)
{
    uint64_t most = worker->running != DZ_PLAN_NONE ? YIELD_US : LEAVING_US;
    if (worker->interrupted && !worker->killed_us && now - worker->interrupted_us > most)
        dz_vassal_kill(worker, DZ_ENDED);
}

/* Hung up, and no word of its death: it is still there. */
static void watch_dying(struct dz_worker *worker, uint64_t now)
{
    if (!worker->hung_up || worker->status_known)
        return;
    if (now - worker->killed_us > STATUS_US) {
        bury(worker);
    } else if (now - worker->killed_us > HANGUP_US) {
        if (worker->verdict == DZ_NO_VERDICT && worker->pid > 0 && kill(worker->pid, 0) == 0)
            worker->verdict = DZ_HUNG_UP;
        kill_group(worker, SIGKILL);
    }
}

void dz_vassal_tick(struct dz_job *job)
{
    uint64_t now = dz_now_us();
    for (uint32_t i = 0; i < job->n_slots && job->workers; i++) {
        struct dz_worker *worker = &job->workers[i];
        if (worker->state == DZ_SLOT_EMPTY)
            continue;
        watch_limit(job, worker, now);
        watch_interrupted(worker, now);
        watch_dying(worker, now);
    }
}

void dz_vassal_interrupt(struct dz_job *job)
{
    for (uint32_t i = 0; i < job->n_slots && job->workers; i++) {
        struct dz_worker *worker = &job->workers[i];
        if (worker->state == DZ_SLOT_EMPTY || worker->interrupted)
            continue;
        worker->interrupted = 1;
        worker->interrupted_us = dz_now_us();
        /* One that leaves does so: its fixtures are being torn down. One without a pid will be told its last. */
        if (worker->pid > 0 && !dz_suite_has_left(worker))
            kill(worker->pid, SIGINT);
    }
}

void dz_vassal_kill_all(struct dz_job *job)
{
    for (uint32_t i = 0; i < job->n_slots && job->workers; i++)
        dz_vassal_kill(&job->workers[i], DZ_ENDED);
}

int dz_vassal_is_empty(const struct dz_job *job)
{
    for (uint32_t i = 0; i < job->n_slots && job->workers; i++)
        if (job->workers[i].state != DZ_SLOT_EMPTY)
            return 0;
    return 1;
}
