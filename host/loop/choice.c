/* What need not run is found by a process beside the host, before anything is collected: it reads what earlier jobs have
 * kept, and sources that users have written. Whatever becomes of it the host has an answer, as what cannot be told runs.
 *
 * It writes into a file of memory, which is read when it has ended: the answer may be longer than any pipe, and half of one
 * is none. */
#include "job.h"

#include "../base/file.h"
#include "../base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* A baseline of a million tests is read in a few seconds; the disk may be a network away. */
enum { PATIENCE_S = 30 };

struct dz_choice dz_choice_asked(const struct dz_job *job)
{
    const struct dz_buf *ignore = &job->asked.ignore, *external = &job->asked.external;
    return (struct dz_choice){
        .python = job->python,
        .rootdir = job->asked.rootdir,
        .state = job->run.state,
        .base = job->asked.base,
        .profile = job->asked.profile,
        .key = job->asked.key,
        .audit = job->asked.audit,
        .waivers = {dz_bytes(ignore->data, ignore->len), dz_bytes(external->data, external->len)}};
}

/* ---- the process ---- */

__attribute__((noreturn)) static void become(struct dz_job *job, int answer)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "dagz-choice");
    dz_birth_close_ours(answer);
    sigprocmask(SIG_SETMASK, &job->users_mask, NULL);
    signal(SIGABRT, SIG_DFL);
    /* Ctrl-C is for the host to hear. */
    signal(SIGINT, SIG_IGN);
    struct dz_choice choice = dz_choice_asked(job);
    dz_autobuf struct dz_buf frame = {0};
    dz_choice_make(&choice, &frame);
    int r = dz_buf_ok(&frame) ? dz_file_write_all(answer, frame.data, frame.len) : -ENOMEM;
    _exit(r < 0);
}

/* ---- its answer ---- */

static int ends_with_nul(struct dz_bytes names)
{
    return !names.size || !names.at[names.size - 1];
}

static uint32_t count_names(struct dz_bytes names)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < names.size; i++)
        n += !names.at[i];
    return n;
}

static int makes_sense(const struct dz_msg_chosen *chosen)
{
    return ends_with_nul(chosen->files) && ends_with_nul(chosen->tests) &&
           ends_with_nul(chosen->audited) && ends_with_nul(chosen->unprovable) &&
           chosen->counts.size == 4 * (size_t)count_names(chosen->files) &&
           chosen->parameters.size == 16 * (size_t)count_names(chosen->tests) &&
           chosen->audited_parameters.size == 16 * (size_t)count_names(chosen->audited);
}

static int read_answer(int fd, struct dz_buf *frame, struct dz_msg *ret)
{
    struct stat info;
    if (fstat(fd, &info) < 0)
        return -errno;
    size_t size = (size_t)info.st_size;
    char *room = size && size <= DZ_FRAME_MOST ? dz_buf_room(frame, size) : NULL;
    if (!room)
        return size ? -ENOMEM : -EBADMSG;
    for (size_t at = 0; at < size;) {
        ssize_t n = pread(fd, room + at, size - at, (off_t)at);
        if (n <= 0)
            return n < 0 ? -errno : -EBADMSG;
        at += (size_t)n;
    }
    frame->len += size;
    int whole = dz_wire_take(frame->data, size, ret) == (long)size;
    return whole && ret->type == DZ_MSG_chosen && makes_sense(&ret->chosen) ? 0 : -EBADMSG;
}

static void give_up(struct dz_job *job, const char *why)
{
    dz_buf_free(&job->choice.frame);
    dz_choice_give_up(&job->choice.frame, why);
}

static void say_how(struct dz_job *job, int status)
{
    char why[160];
    if (job->choice.is_late)
        snprintf(why, sizeof why, "everything runs: what is proved was not found in %d s",
                 PATIENCE_S);
    else if (WIFSIGNALED(status))
        snprintf(why, sizeof why,
                 "everything runs: the process that looks for what is proved was killed by SIG%s",
                 sigabbrev_np(WTERMSIG(status)));
    else
        snprintf(why, sizeof why,
                 "everything runs: the process that looks for what is proved left with exit status "
                 "%d",
                 WEXITSTATUS(status));
    give_up(job, why);
}

static void hear(struct dz_job *job, int status)
{
    struct dz_msg msg;
    if (status != 0)
        say_how(job, status);
    else if (read_answer(job->choice.answer, &job->choice.frame, &msg) < 0)
        give_up(job, "everything runs: what is proved could not be read");
}

/* ---- telling it ---- */

const struct dz_msg_chosen *dz_choice_of(const struct dz_job *job, struct dz_msg *room)
{
    const struct dz_buf *frame = &job->choice.frame;
    if (!frame->len || dz_wire_take(frame->data, frame->len, room) <= 0)
        *room = (struct dz_msg){.type = DZ_MSG_chosen};
    return &room->chosen;
}

void dz_choice_tell(struct dz_job *job, struct dz_peer *peer)
{
    struct dz_msg msg;
    dz_choice_of(job, &msg);
    if (job->asked.all)
        msg.chosen.files = msg.chosen.counts = msg.chosen.tests = msg.chosen.parameters =
            dz_bytes("", 0);
    msg.chosen.folder = dz_run_folder(&job->run);
    dz_peer_tell(peer, &msg);
}

static void answer(struct dz_job *job)
{
    if (!job->front_ended)
        dz_choice_tell(job, &job->front);
}

/* ---- its life ---- */

static int start(struct dz_job *job)
{
    job->choice.answer = memfd_create("dagz-choice", MFD_CLOEXEC);
    if (job->choice.answer < 0)
        return -errno;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        become(job, job->choice.answer);
    int r = pid < 0 ? -errno : 0;
    if (pid < 0)
        close(job->choice.answer);
    else
        job->choice.pid = pid;
    job->choice.began_us = dz_now_us();
    return r;
}

void dz_choice_begin(struct dz_job *job)
{
    struct dz_err err;
    if (!job->run.state)
        give_up(job, "");
    else if (!dz_choice_is_due(job->run.state))
        give_up(job, "no baseline yet: this run makes one");
    else if (start(job) == 0)
        return;
    else {
        dz_fail(&err, -errno, "everything runs: what is proved cannot be looked for");
        give_up(job, err.text);
    }
    answer(job);
}

int dz_choice_is_over(const struct dz_job *job)
{
    return !job->choice.pid;
}

int dz_choice_heard_death(struct dz_job *job, pid_t pid, int status)
{
    if (!pid || pid != job->choice.pid)
        return 0;
    if (WIFSTOPPED(status))
        return 1;
    hear(job, status);
    close(job->choice.answer);
    job->choice.pid = 0;
    answer(job);
    return 1;
}

void dz_choice_tick(struct dz_job *job, uint64_t now_us)
{
    if (!job->choice.pid || job->choice.is_late ||
        now_us - job->choice.began_us < (uint64_t)PATIENCE_S * 1000000)
        return;
    job->choice.is_late = 1;
    kill(job->choice.pid, SIGKILL);
}

void dz_choice_end(struct dz_job *job)
{
    if (job->choice.pid)
        kill(job->choice.pid, SIGKILL);
}
