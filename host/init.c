/* The kernel gives PID 1 two duties that python does not know: it has to reap what is orphaned, and
 * signals that it does not handle are not delivered to it at all. So python gets a process of its
 * own, and this one reaps, passes signals on, and leaves as python did. */
#include "init.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Readers of python's output wait for the last writer: that must not be us. */
static void close_all(void)
{
    if (syscall(SYS_close_range, 0, ~0U, 0) == 0)
        return;
    for (int fd = 0; fd < 3; fd++)
        close(fd);
}

static int status_as_exit(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void reap(pid_t child)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        if (pid == child)
            _exit(status_as_exit(status));
}

/* What the terminal sends, it has sent to the whole group, python included; but a hangup to the
 * session's leader alone, and that is us. */
static int came_to_all(const siginfo_t *info)
{
    return info->si_code == SI_KERNEL && info->si_signo != SIGHUP;
}

static void pass_on(pid_t child, const siginfo_t *info)
{
    if (came_to_all(info))
        return;
    if (info->si_code == SI_QUEUE)
        sigqueue(child, info->si_signo, info->si_value);
    else
        kill(child, info->si_signo);
}

__attribute__((noreturn)) static void serve(pid_t child, const sigset_t *all)
{
    close_all();
    for (;;) {
        siginfo_t info;
        if (sigwaitinfo(all, &info) < 0)
            continue;
        if (info.si_signo == SIGCHLD)
            reap(child);
        else
            pass_on(child, &info);
    }
}

void dz_init_fork(void)
{
    /* Blocked, not handled: a blocked signal reaches PID 1 whatever its disposition. */
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t child = fork();
    if (child > 0)
        serve(child, &all);
    sigprocmask(SIG_SETMASK, &before, NULL);
}
