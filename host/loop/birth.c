/* The host's own children: the front, one that replays, workers that are spawned. The zygote's are its own. */
#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

__attribute__((noreturn)) static void become(struct dz_job *job, enum dz_role role, int socket)
{
    /* Should the host be killed, nobody is left to report to, or to end a hook that hangs. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct dz_heritage heritage = {.role = role,
                                   .socket = socket,
                                   .executable = job->python->self,
                                   .python = job->python->executable};
    struct dz_err err = {0};
    int status = dz_python_enter(job->python, &heritage, job->argc, job->argv, &err);
    if (status < 0) {
        fprintf(stderr, "dagz: %s\n", err.text);
        status = DZ_EXIT_NO_PYTHON;
    }
    /* As python leaves: buffers of C's own streams, and what libraries have for exit(). */
    exit(status);
}

/* The host's are the lowest that were free: behind a gap as long as this there is none. */
enum { MOST_MISSING = 1024 };

/* Of the host's descriptors none is to be there; those that the user's shell has passed on stay. The host's own
 * are all close-on-exec, and the user's are none of them. */
void dz_birth_close_ours(int but)
{
    /* libuv has a hand in each fork: it closes two descriptors, by the numbers that they had, and opens them anew. Told
     * that they are closed, it only opens. */
    uv_library_shutdown();
    for (int fd = 3, missing = 0; missing < MOST_MISSING; fd++) {
        int flags = fcntl(fd, F_GETFD);
        missing = flags < 0 ? missing + 1 : 0;
        if (flags >= 0 && (flags & FD_CLOEXEC) && fd != but)
            close(fd);
    }
}

int dz_birth(struct dz_job *job, enum dz_role role, pid_t *ret_pid, struct dz_err *err)
{
    int fds[2];
    int r = dz_chan_pair(fds);
    if (r < 0)
        return dz_fail(err, r, "cannot make a socket for a process of pytest's");
    fflush(NULL);
    *ret_pid = fork();
    if (*ret_pid < 0) {
        r = -errno;
        close(fds[0]);
        close(fds[1]);
        return dz_fail(err, r, "cannot fork a process of pytest's");
    }
    if (*ret_pid == 0) {
        dz_birth_close_ours(fds[1]);
        sigprocmask(SIG_SETMASK, &job->users_mask, NULL);
        signal(SIGABRT, SIG_DFL);
        become(job, role, fds[1]);
    }
    close(fds[1]);
    return fds[0];
}
