#include "chan.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_SIZE = 64 * 1024, HIGHEST = 1 << 16 };

int dz_chan_pair(int ret_fds[2])
{
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ret_fds) < 0 ? -errno : 0;
}

int dz_fd_move_high(int fd)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return fd;
    int top = limit.rlim_cur > HIGHEST ? HIGHEST : (int)limit.rlim_cur;
    for (int from = top - 32; from < top; from++) {
        int high = from > fd ? fcntl(fd, F_DUPFD_CLOEXEC, from) : -1;
        if (high >= 0) {
            close(fd);
            return high;
        }
    }
    return fd;
}

void dz_chan_init(struct dz_chan *chan, int fd)
{
    *chan = (struct dz_chan){.fd = fd};
}

void dz_chan_close(struct dz_chan *chan)
{
    if (chan->fd >= 0)
        close(chan->fd);
    for (int fd; (fd = dz_chan_take_fd(chan)) >= 0;)
        close(fd);
    dz_buf_free(&chan->in);
    dz_buf_free(&chan->out);
    dz_chan_init(chan, -1);
}

static void keep_fds(struct dz_chan *chan, struct msghdr *head)
{
    for (struct cmsghdr *part = CMSG_FIRSTHDR(head); part; part = CMSG_NXTHDR(head, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
            if (chan->n_fds < DZ_CHAN_FDS)
                chan->fds[chan->n_fds++] = fd;
            else
                close(fd);
        }
    }
}

static void forget_taken(struct dz_chan *chan)
{
    dz_buf_drop(&chan->in, chan->taken);
    chan->taken = 0;
}

long dz_chan_fill(struct dz_chan *chan)
{
    if (chan->taken)
        forget_taken(chan);
    char *room = dz_buf_room(&chan->in, READ_SIZE);
    if (!room)
        return -ENOMEM;
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(sizeof(int) * DZ_CHAN_FDS)];
    } control;
    struct iovec part = {room, chan->in.cap - chan->in.len};
    struct msghdr head = {.msg_iov = &part,
                          .msg_iovlen = 1,
                          .msg_control = &control,
                          .msg_controllen = sizeof control};
    ssize_t n = recvmsg(chan->fd, &head, MSG_CMSG_CLOEXEC);
    if (n < 0)
        return -errno;
    keep_fds(chan, &head);
    chan->in.len += (size_t)n;
    return n;
}

int dz_chan_take(struct dz_chan *chan, struct dz_msg *ret_msg)
{
    if (chan->taken == chan->in.len)
        return 0;
    long size = dz_wire_take(chan->in.data + chan->taken, chan->in.len - chan->taken, ret_msg);
    if (size <= 0)
        return (int)size;
    chan->taken += (size_t)size;
    return 1;
}

int dz_chan_take_fd(struct dz_chan *chan)
{
    if (!chan->n_fds)
        return -1;
    int fd = chan->fds[0];
    memmove(chan->fds, chan->fds + 1, sizeof(int) * (size_t)--chan->n_fds);
    return fd;
}

void dz_chan_put(struct dz_chan *chan, const struct dz_msg *msg)
{
    dz_wire_put(&chan->out, msg);
}

size_t dz_chan_waiting(const struct dz_chan *chan)
{
    return chan->out.len - chan->sent;
}

int dz_chan_flush(struct dz_chan *chan)
{
    if (!dz_buf_ok(&chan->out))
        return -ENOMEM;
    while (dz_chan_waiting(chan)) {
        ssize_t n =
            send(chan->fd, chan->out.data + chan->sent, dz_chan_waiting(chan), MSG_NOSIGNAL);
        if (n < 0)
            return -errno;
        chan->sent += (size_t)n;
    }
    chan->out.len = chan->sent = 0;
    return 0;
}

static int send_with_fds(struct dz_chan *chan, const int *fds, int n)
{
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(sizeof(int) * DZ_CHAN_FDS)];
    } control;
    memset(&control, 0, sizeof control);
    struct iovec part = {chan->out.data, chan->out.len};
    struct msghdr head = {.msg_iov = &part, .msg_iovlen = 1};
    if (n) {
        head.msg_control = &control;
        head.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)n);
        struct cmsghdr *rights = CMSG_FIRSTHDR(&head);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)n);
        memcpy(CMSG_DATA(rights), fds, sizeof(int) * (size_t)n);
    }
    ssize_t sent = sendmsg(chan->fd, &head, MSG_NOSIGNAL);
    if (sent < 0) {
        int error = errno;
        /* Without its descriptors the message is worth nothing. */
        chan->out.len = chan->sent = 0;
        return -error;
    }
    chan->sent = (size_t)sent;
    return 0;
}

int dz_chan_send_fds(struct dz_chan *chan, const struct dz_msg *msg, const int *fds, int n)
{
    int r = dz_chan_flush(chan);
    if (r < 0)
        return r;
    dz_wire_put(&chan->out, msg);
    if (!dz_buf_ok(&chan->out))
        return -ENOMEM;
    r = send_with_fds(chan, fds, n);
    if (r < 0)
        return r;
    /* The descriptors have gone with the first part; the rest follows when there is room. */
    r = dz_chan_flush(chan);
    return r == -EAGAIN ? 0 : r;
}
