/* What a dead worker died of, in words, and what it has left: read from its status, our verdict and its files. */
#include "job.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { TAIL_MOST = 1 << 20 /* of a dead worker's output, what is shown */ };

void dz_autopsy_read(int fd, struct dz_buf *text)
{
    off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    if (size <= 0)
        return;
    off_t from = size > TAIL_MOST ? size - TAIL_MOST : 0;
    char *room = dz_buf_room(text, (size_t)(size - from));
    ssize_t n = room ? pread(fd, room, (size_t)(size - from), from) : 0;
    if (n > 0)
        text->len += (size_t)n;
}

static void name_signal(struct dz_buf *text, int signal)
{
    const char *name = sigabbrev_np(signal);
    dz_buf_fmt(text, "SIG%s (%s)", name ? name : "?", strsignal(signal));
}

static void tell_hang_up(struct dz_buf *text)
{
    dz_buf_str(text, "dagz: the test's process closed its connection to the job's host (by exec, "
                     "or by closing or "
                     "overwriting all descriptors), and was ended");
}

void dz_autopsy_cause(const struct dz_job *job, const struct dz_worker *worker, struct dz_buf *text)
{
    switch (worker->verdict) {
    case DZ_TIMED_OUT:
        dz_buf_fmt(text,
                   "dagz: it took longer than the %g s that --dagz-timeout allows, and was ended",
                   (double)job->settings.timeout_us / 1e6);
        return;
    case DZ_STOPPED:
        dz_buf_str(text, "dagz: the test's process was stopped by ");
        name_signal(text, worker->stop_signal);
        dz_buf_str(text, ", and was ended");
        return;
    case DZ_LIED:
        dz_buf_str(text, "dagz: the test's process wrote into descriptors that are not its own "
                         "(its connection to the "
                         "job's host brought rubbish), and was ended");
        return;
    case DZ_HUNG_UP:
        tell_hang_up(text);
        return;
    case DZ_ENDED:
        dz_buf_str(text, "dagz: the test was ended with the job");
        return;
    case DZ_NO_VERDICT:
        break;
    }
    if (!worker->status_known)
        dz_buf_str(text, "dagz: the test's process is gone, and how it ended could not be learnt");
    else if (WIFEXITED(worker->status) && WEXITSTATUS(worker->status) == DZ_LEAVE_CUT_OFF)
        tell_hang_up(text);
    else if (WIFSIGNALED(worker->status)) {
        dz_buf_str(text, "dagz: the test's process was killed by ");
        name_signal(text, WTERMSIG(worker->status));
        if (WTERMSIG(worker->status) == SIGKILL)
            dz_buf_str(text, ": by hand, by a limit, or because memory ran out");
    } else
        dz_buf_fmt(
            text,
            "dagz: the test's process left with exit status %d (os._exit, or a library's exit)",
            WEXITSTATUS(worker->status));
}
