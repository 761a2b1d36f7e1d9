#include "zygote.h"

#include "fork.h"
#include "leave.h"
#include "link.h"
#include "settle.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

struct zygote {
    int deaths; /* signalfd of SIGCHLD */
    sigset_t users_mask;
};

static void put(const struct dz_msg *msg)
{
    dz_chan_put(&dz_link.chan, msg);
}

/* ---- in the worker ---- */

static void become_worker(struct zygote *zygote, int socket)
{
    close(zygote->deaths);
    dz_link_take(dz_fd_move_high(socket));
    dz_settle();
    sigprocmask(SIG_SETMASK, &zygote->users_mask, NULL);
}

/* ---- in the zygote ---- */

static int serve_fork(struct zygote *zygote, const struct dz_msg_fork_worker *order)
{
    int socket = dz_chan_take_fd(&dz_link.chan);
    pid_t pid = socket < 0 ? -1 : dz_fork();
    if (pid == 0) {
        become_worker(zygote, socket);
        return 1;
    }
    int error = pid < 0 ? errno : 0;
    if (socket >= 0)
        close(socket);
    put(&(struct dz_msg){.type = DZ_MSG_forked,
                         .forked = {order->serial, pid < 0 ? 0 : (uint32_t)pid, (uint32_t)error}});
    return 0;
}

static void tell_deaths(void)
{
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0;)
        if (WIFSTOPPED(status))
            put(&(struct dz_msg){.type = DZ_MSG_stopped,
                                 .stopped = {(uint32_t)pid, (uint32_t)WSTOPSIG(status)}});
        else
            put(&(struct dz_msg){.type = DZ_MSG_died, .died = {(uint32_t)pid, (uint32_t)status}});
}

/* Children that this process has now, orphans among them (it is a subreaper). */
static void kill_children(void)
{
    char path[64], text[16384];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    for (char *at = text, *end; *at; at = end) {
        long pid = strtol(at, &end, 10);
        if (end == at)
            break;
        /* A worker leads a group; what it started is in there, or comes to us when it is gone. */
        if (getpgid((pid_t)pid) == pid)
            kill(-(pid_t)pid, SIGKILL);
        kill((pid_t)pid, SIGKILL);
    }
}

__attribute__((noreturn)) static void leave_with_all(void)
{
    do {
        kill_children();
        usleep(1000);
        while (waitpid(-1, NULL, WNOHANG) > 0)
            continue;
    } while (waitpid(-1, NULL, WNOHANG) == 0 || errno != ECHILD);
    dz_leave(DZ_LEAVE_DONE);
}

/* 1 in a new worker. */
static int serve_orders(struct zygote *zygote, unsigned *ret_slot, unsigned *ret_serial)
{
    if (dz_chan_fill(&dz_link.chan) <= 0)
        leave_with_all();
    struct dz_msg msg;
    for (int r; (r = dz_chan_take(&dz_link.chan, &msg)) != 0;) {
        if (r < 0 || msg.type != DZ_MSG_fork_worker)
            leave_with_all();
        *ret_slot = msg.fork_worker.slot;
        *ret_serial = msg.fork_worker.serial;
        if (serve_fork(zygote, &msg.fork_worker))
            return 1;
    }
    return 0;
}

static int serve_deaths(struct zygote *zygote)
{
    struct signalfd_siginfo info;
    while (read(zygote->deaths, &info, sizeof info) > 0)
        continue;
    tell_deaths();
    return 0;
}

void dz_zygote_run(unsigned *ret_slot, unsigned *ret_serial)
{
    struct zygote zygote;
    sigset_t all, deaths;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &zygote.users_mask);
    sigemptyset(&deaths);
    sigaddset(&deaths, SIGCHLD);
    zygote.deaths = dz_fd_move_high(signalfd(-1, &deaths, SFD_CLOEXEC | SFD_NONBLOCK));
    /* Should the host die, what tests have left comes to us, and we end it. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    put(&(struct dz_msg){.type = DZ_MSG_hello, .hello = {DZ_PEER_ZYGOTE, (uint32_t)getpid(), 0}});
    for (;;) {
        if (dz_chan_flush(&dz_link.chan) < 0)
            leave_with_all();
        struct pollfd wait[] = {{dz_link.chan.fd, POLLIN, 0}, {zygote.deaths, POLLIN, 0}};
        if (poll(wait, 2, -1) < 0)
            continue;
        if (wait[1].revents)
            serve_deaths(&zygote);
        if (wait[0].revents && serve_orders(&zygote, ret_slot, ret_serial))
            return;
    }
}
