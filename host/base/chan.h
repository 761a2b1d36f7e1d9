/* One end of a local socket that carries frames, and descriptors beside them.
 *
 * The host's ends do not block and are driven by its loop; the ends of front, zygote and worker block.
 * Descriptors arrive in the order they were sent, and belong to whoever takes them. */
#pragma once

#include "buf.h"
#include "wire.h"

#define DZ_CHAN_FDS 8

struct dz_chan {
    int fd;
    struct dz_buf in, out;
    size_t taken; /* of in: frames already handed out */
    size_t sent;  /* of out: bytes already written */
    int fds[DZ_CHAN_FDS], n_fds;
};

/* Two connected ends, close-on-exec. */
int dz_chan_pair(int ret_fds[2]);
/* Moves a descriptor high, out of the way of what users number by hand; close-on-exec. Returns the new
 * one, the old is closed; when there is no room above, the old one. */
int dz_fd_move_high(int fd);

void dz_chan_init(struct dz_chan *chan, int fd);
void dz_chan_close(struct dz_chan *chan);

/* Reads what is there: > 0 bytes, 0 at the end, -EAGAIN, or an error. */
long dz_chan_fill(struct dz_chan *chan);
/* The next whole frame: 1, 0 when there is none yet, -EBADMSG. Byte fields are valid until the next
 * fill or take. */
int dz_chan_take(struct dz_chan *chan, struct dz_msg *ret_msg);
/* The oldest descriptor that came, or -1. */
int dz_chan_take_fd(struct dz_chan *chan);

void dz_chan_put(struct dz_chan *chan, const struct dz_msg *msg);
/* Writes what is put, as far as it goes: 0 when all is out, -EAGAIN, or an error. */
int dz_chan_flush(struct dz_chan *chan);
/* Bytes put and not yet written. */
size_t dz_chan_waiting(const struct dz_chan *chan);
/* Sends one message with descriptors at once; what was put before goes first. */
int dz_chan_send_fds(struct dz_chan *chan, const struct dz_msg *msg, const int *fds, int n);
