#include "look.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* The clock of file systems goes by the kernel's ticks: 10 ms where they are longest (CONFIG_HZ=100). */
enum { TICK_NS = 20 * 1000 * 1000, MOST_TRIES = 3, PIECE = 1 << 16 };

static int64_t nanoseconds(const struct timespec *time)
{
    return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

static int is_same(const struct dz_look *look, const struct stat *status)
{
    return look->mode == (uint16_t)status->st_mode && look->size == (uint64_t)status->st_size &&
           look->inode == status->st_ino && look->mtime_ns == nanoseconds(&status->st_mtim) &&
           look->ctime_ns == nanoseconds(&status->st_ctim);
}

int dz_look_holds(const struct dz_look *look, const struct stat *now)
{
    return S_ISREG(now->st_mode) && is_same(look, now) &&
           look->mtime_ns < look->looked_ns - TICK_NS && look->ctime_ns < look->looked_ns - TICK_NS;
}

static int hash(int fd, struct dz_fingerprint *ret)
{
    XXH3_state_t state;
    XXH128_canonical_t form;
    dz_auto char *piece = dz_alloc(PIECE);
    if (!piece)
        return -ENOMEM;
    XXH3_INITSTATE(&state);
    XXH3_128bits_reset(&state);
    for (;;) {
        ssize_t n = read(fd, piece, PIECE);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        XXH3_128bits_update(&state, piece, (size_t)n);
    }
    XXH128_canonicalFromHash(&form, XXH3_128bits_digest(&state));
    memcpy(ret->bytes, form.digest, sizeof ret->bytes);
    return 0;
}

static void take_status(struct dz_look *look, const struct stat *status)
{
    look->mode = (uint16_t)status->st_mode;
    look->size = (uint64_t)status->st_size;
    look->inode = status->st_ino;
    look->mtime_ns = nanoseconds(&status->st_mtim);
    look->ctime_ns = nanoseconds(&status->st_ctim);
}

/* 1 where it was changed meanwhile. */
static int look(int fd, struct dz_look *ret)
{
    struct timespec now;
    struct stat status;
    clock_gettime(CLOCK_REALTIME, &now);
    if (fstat(fd, &status) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode))
        return S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
    take_status(ret, &status);
    ret->looked_ns = nanoseconds(&now);
    int r = hash(fd, &ret->content);
    if (r == 0 && fstat(fd, &status) < 0)
        r = -errno;
    return r < 0 ? r : !is_same(ret, &status);
}

int dz_look_take(const char *path, struct dz_look *ret)
{
    int r = 1;
    for (int i = 0; r > 0 && i < MOST_TRIES; i++) {
        /* A pipe or a device in the place of a file must not hold us up. */
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
            return errno == ENXIO ? -EINVAL : -errno;
        r = look(fd, ret);
        close(fd);
    }
    return r > 0 ? -EBUSY : r;
}
