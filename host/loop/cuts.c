/* Sheets of what the job has met are made by a process beside it, twice: when the zygote is there, of what the collection
 * has imported, as the front's log is whole by then; it gives way to who runs tests. Spawned workers import by themselves,
 * and there is no such log. Again when the run has ended, of what is left, while pytest's process writes its reports. A
 * suite whose sources are all known costs a look at them; a new one is cut by as many processes as there are cores, and
 * mostly before its tests are through.
 *
 * A process of its own, as it reads what users' tests have written: whatever becomes of it, the job's results stand.
 * Not during the collection, though a core is free then: sources would have to be told one by one, and all that is to
 * be won is won once for each content. */
#include "job.h"

#include "../base/file.h"
#include "../sources.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LEAST_URGENT = 19, MOST_SAID = 2000 };

__attribute__((noreturn)) static void become(struct dz_job *job, int said)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "dagz-sheets");
    dz_birth_close_ours(said);
    sigprocmask(SIG_SETMASK, &job->users_mask, NULL);
    signal(SIGABRT, SIG_DFL);
    /* Ctrl-C is for the host to hear. */
    signal(SIGINT, SIG_IGN);
    if (!job->over)
        setpriority(PRIO_PROCESS, 0, LEAST_URGENT);
    dz_autobuf struct dz_buf text = {0};
    dz_sources_cut(job->python, job->run.state, job->run.folder, &text);
    if (job->over && job->suite.complete)
        dz_learning_do(job, &text);
    int r = dz_buf_ok(&text) ? dz_file_write_all(said, text.data, text.len) : -ENOMEM;
    _exit(r < 0);
}

/* Where none can be started, the next job makes what is missing. */
static void start(struct dz_job *job)
{
    int fds[2];
    if (!job->run.state || !job->run.folder || pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
        return;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        become(job, fds[1]);
    close(fds[1]);
    job->cuts.said = fds[0];
    job->cuts.pid = pid > 0 ? pid : 0;
    if (pid < 0)
        close(fds[0]);
}

void dz_cuts_begin(struct dz_job *job)
{
    if (!job->cuts.pid)
        start(job);
}

/* What the first is still at, the second takes over: it is as urgent as what the user waits for. */
void dz_cuts_finish(struct dz_job *job)
{
    if (job->interrupts > 1)
        return;
    job->cuts.is_due = job->cuts.pid != 0;
    if (job->cuts.is_due)
        kill(job->cuts.pid, SIGKILL);
    else
        start(job);
}

int dz_cuts_are_over(const struct dz_job *job)
{
    return !job->cuts.pid;
}

/* Tests that have passed before a first Ctrl-C have passed; who presses it once more, or while there is nothing else to
 * wait for, has no time. */
void dz_cuts_interrupted(struct dz_job *job)
{
    if (!job->over && !job->interrupts)
        return;
    job->cuts.is_due = 0;
    if (job->cuts.pid)
        kill(job->cuts.pid, SIGKILL);
}

/* The second says again what the first has said. */
static void hear(struct dz_job *job, int status)
{
    job->cuts.text.len = 0;
    char *room = dz_buf_room(&job->cuts.text, MOST_SAID);
    ssize_t n = room ? read(job->cuts.said, room, MOST_SAID) : -1;
    if (n > 0)
        job->cuts.text.len += (size_t)n;
    else if (WIFSIGNALED(status) && !job->interrupts)
        dz_buf_fmt(&job->cuts.text,
                   "what ran is not known: the process that makes sheets was killed by SIG%s",
                   sigabbrev_np(WTERMSIG(status)));
}

int dz_cuts_heard_death(struct dz_job *job, pid_t pid, int status)
{
    if (!pid || pid != job->cuts.pid)
        return 0;
    if (WIFSTOPPED(status))
        return 1;
    if (!job->cuts.is_due)
        hear(job, status);
    close(job->cuts.said);
    job->cuts.pid = 0;
    if (job->cuts.is_due)
        start(job);
    job->cuts.is_due = 0;
    if (job->cuts.is_waited_for && !job->cuts.pid) {
        job->cuts.is_waited_for = 0;
        dz_front_end(job);
    }
    return 1;
}

void dz_cuts_tell(struct dz_job *job)
{
    if (job->cuts.text.len && dz_buf_ok(&job->cuts.text))
        fprintf(stderr, "dagz: %.*s\n", (int)job->cuts.text.len, job->cuts.text.data);
    dz_buf_free(&job->cuts.text);
}
