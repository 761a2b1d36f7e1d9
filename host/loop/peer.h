/* A peer: another process of the job, seen from the loop. Bytes from it are input; one that lies is let go. */
#pragma once

#include "../base/chan.h"

#include <uv.h>

struct dz_peer;

struct dz_peer_calls {
    /* One message. 0, or negative when it makes no sense from this peer: then gone is called. */
    int (*message)(struct dz_peer *peer, const struct dz_msg *msg);
    /* Nothing more will come: the end of its stream (0), -EBADMSG for rubbish, or another error. */
    void (*gone)(struct dz_peer *peer, int reason);
    /* All that had come is handed out; may be NULL. */
    void (*drained)(struct dz_peer *peer);
};

struct dz_peer {
    struct dz_chan chan;
    uv_poll_t *poll; /* the handle outlives a closed peer until the loop lets go of it */
    const struct dz_peer_calls *calls;
    void *owner;
    int paused;
    int broken; /* something could not be written: what follows would make no sense to it */
};

/* Watches this socket, which now belongs to the peer. Negative when it cannot. */
int dz_peer_open(struct dz_peer *peer, uv_loop_t *loop, int fd, const struct dz_peer_calls *calls,
                 void *owner);
int dz_peer_is_open(const struct dz_peer *peer);
/* Puts a message and writes as much as goes now; the rest goes when the peer reads. */
void dz_peer_tell(struct dz_peer *peer, const struct dz_msg *msg);
/* As tell, with descriptors; negative when they could not be passed. */
int dz_peer_tell_fds(struct dz_peer *peer, const struct dz_msg *msg, const int *fds, int n);
/* While paused nothing is read from it: its messages gather, and cost one wake-up. */
void dz_peer_pause(struct dz_peer *peer, int paused);
void dz_peer_close(struct dz_peer *peer);
