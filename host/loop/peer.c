#include "peer.h"

#include "../base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

static void on_ready(uv_poll_t *poll, int status, int events);

static void watch(struct dz_peer *peer)
{
    int events = peer->paused ? 0 : UV_READABLE;
    if (dz_chan_waiting(&peer->chan))
        events |= UV_WRITABLE;
    if (events)
        uv_poll_start(peer->poll, events, on_ready);
    else
        uv_poll_stop(peer->poll);
}

static void fail(struct dz_peer *peer, int reason)
{
    dz_peer_close(peer);
    peer->calls->gone(peer, reason);
}

/* Hands out every whole message. 0 while the peer is there. */
static int hand_out(struct dz_peer *peer)
{
    struct dz_msg msg;
    for (int r; (r = dz_chan_take(&peer->chan, &msg)) != 0;) {
        if (r > 0)
            r = peer->calls->message(peer, &msg);
        if (!dz_peer_is_open(peer))
            return -1;
        if (r < 0) {
            fail(peer, r);
            return -1;
        }
    }
    if (peer->calls->drained)
        peer->calls->drained(peer);
    return dz_peer_is_open(peer) ? 0 : -1;
}

static int read_some(struct dz_peer *peer)
{
    long n = dz_chan_fill(&peer->chan);
    if (n == -EAGAIN || n == -EINTR)
        return 0;
    if (n <= 0) {
        fail(peer, (int)n);
        return -1;
    }
    return hand_out(peer);
}

/* libuv tells an error and no more where the other end has left without reading all that we had sent it. What
 * it said before that is still there. */
static void read_the_rest(struct dz_peer *peer)
{
    long n;
    while ((n = dz_chan_fill(&peer->chan)) > 0 || n == -EINTR)
        if (hand_out(peer) < 0)
            return;
    fail(peer, (int)n);
}

/* What was to be said is lost: nothing more is. The other end, if it is still there, reads the end of its stream
 * and leaves; it is seen as gone when its last words have been read. */
static void give_up(struct dz_peer *peer)
{
    peer->broken = 1;
    dz_buf_free(&peer->chan.out);
    peer->chan.sent = 0;
    shutdown(peer->chan.fd, SHUT_WR);
}

static void write_some(struct dz_peer *peer)
{
    int r = dz_chan_flush(&peer->chan);
    if (r < 0 && r != -EAGAIN && r != -EINTR)
        give_up(peer);
    watch(peer);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct dz_peer *peer = poll->data;
    if (status < 0) {
        read_the_rest(peer);
        return;
    }
    if ((events & UV_READABLE) && read_some(peer) < 0)
        return;
    if (events & UV_WRITABLE)
        write_some(peer);
}

int dz_peer_open(struct dz_peer *peer, uv_loop_t *loop, int fd, const struct dz_peer_calls *calls,
                 void *owner)
{
    *peer = (struct dz_peer){.calls = calls, .owner = owner};
    dz_chan_init(&peer->chan, -1);
    if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
        return -errno;
    peer->poll = dz_alloc(sizeof *peer->poll);
    if (!peer->poll)
        return -ENOMEM;
    int r = uv_poll_init(loop, peer->poll, fd);
    if (r < 0) {
        dz_free(peer->poll);
        peer->poll = NULL;
        return r;
    }
    dz_chan_init(&peer->chan, fd);
    peer->poll->data = peer;
    watch(peer);
    return 0;
}

int dz_peer_is_open(const struct dz_peer *peer)
{
    return peer->poll != NULL;
}

void dz_peer_tell(struct dz_peer *peer, const struct dz_msg *msg)
{
    if (!dz_peer_is_open(peer) || peer->broken)
        return;
    dz_chan_put(&peer->chan, msg);
    write_some(peer);
}

int dz_peer_tell_fds(struct dz_peer *peer, const struct dz_msg *msg, const int *fds, int n)
{
    if (!dz_peer_is_open(peer) || peer->broken)
        return -EPIPE;
    int r = dz_chan_send_fds(&peer->chan, msg, fds, n);
    if (!dz_buf_ok(&peer->chan.out))
        give_up(peer);
    watch(peer);
    return r;
}

void dz_peer_pause(struct dz_peer *peer, int paused)
{
    if (!dz_peer_is_open(peer) || peer->paused == paused)
        return;
    peer->paused = paused;
    watch(peer);
}

static void on_closed(uv_handle_t *handle)
{
    dz_free(handle);
}

void dz_peer_close(struct dz_peer *peer)
{
    if (!peer->poll)
        return;
    uv_poll_stop(peer->poll);
    uv_close((uv_handle_t *)peer->poll, on_closed);
    peer->poll = NULL;
    dz_chan_close(&peer->chan);
}
