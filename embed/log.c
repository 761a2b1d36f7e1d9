#include "log.h"

#include "../host/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Room is taken from the file system before it is written to: on a full disk a write into a mapped hole would be
 * SIGBUS in the middle of the user's test. Small pieces, as each worker of many has one to spare. */
enum { PIECE = 64 << 10, NAME_MOST = 64, PATH_MOST = 4096 };

static struct {
    pthread_mutex_t lock;
    struct dz_buf memory; /* before there is a file; then the frame that is being made */
    char *at;             /* the mapping */
    size_t len, size;
    int over;
    char name[NAME_MOST], path[PATH_MOST];
} log = {.lock = PTHREAD_MUTEX_INITIALIZER};

void dz_log_begin(void)
{
    if (log.at)
        munmap(log.at, log.size);
    log.at = NULL;
    log.len = log.size = 0;
    log.memory.len = 0;
    log.memory.failed = 0;
    log.name[0] = log.path[0] = 0;
    log.over = 0;
}

static int map(int fd, size_t size)
{
    char *at = log.at ? mremap(log.at, log.size, size, MREMAP_MAYMOVE)
                      : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        return -errno;
    log.at = at;
    log.size = size;
    return 0;
}

/* No descriptor is kept: a test may close all of them, and what then has its number is not ours to grow. By the
 * system call, as open itself is watched. */
static int grow(size_t least)
{
    /* Doubled up to a megabyte at a time: a quiet worker's log is small, a loud one's grows seldom. */
    size_t more = log.size < PIECE ? PIECE : log.size < (1 << 20) ? log.size : 1 << 20;
    while (log.size + more < least)
        more += PIECE;
    int new = log.at ? 0 : O_CREAT | O_EXCL;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, log.path, O_RDWR | O_CLOEXEC | new, 0666);
    if (fd < 0)
        return -errno;
    int error;
    do
        error = posix_fallocate(fd, (off_t)log.size, (off_t)more);
    while (error == EINTR);
    int r = error ? -error : map(fd, log.size + more);
    syscall(SYS_close, fd);
    return r;
}

/* The type is what a reader goes by: it comes when all else of the frame is there. */
static void append(const char *frame, size_t size)
{
    if (log.len + size > log.size && grow(log.len + size) < 0) {
        log.over = 1;
        return;
    }
    uint32_t type;
    memcpy(&type, frame + 4, sizeof type);
    char *at = log.at + log.len;
    memcpy(at + 8, frame + 8, size - 8);
    memcpy(at, frame, 4);
    __atomic_signal_fence(__ATOMIC_RELEASE);
    memcpy(at + 4, &type, sizeof type);
    log.len += size;
}

static void append_all(const char *at, size_t size)
{
    struct dz_msg msg;
    for (long n; size && !log.over && (n = dz_wire_take(at, size, &msg)) > 0;) {
        append(at, (size_t)n);
        at += n;
        size -= (size_t)n;
    }
}

int dz_log_open(const char *folder, const char *name, const struct dz_msg *first)
{
    dz_autobuf struct dz_buf header = {0};
    dz_wire_put(&header, first);
    pthread_mutex_lock(&log.lock);
    int n = snprintf(log.path, sizeof log.path, "%s/%s", folder, name);
    int fits = n > 0 && (size_t)n < sizeof log.path && strlen(name) < sizeof log.name;
    int r = fits ? grow(PIECE) : -ENAMETOOLONG;
    if (r < 0)
        log.over = 1;
    else {
        strcpy(log.name, name);
        append_all(header.data, dz_buf_ok(&header) ? header.len : 0);
        append_all(log.memory.data, log.memory.len);
    }
    log.memory.len = 0;
    pthread_mutex_unlock(&log.lock);
    return r;
}

void dz_log_put(const struct dz_msg *msg)
{
    pthread_mutex_lock(&log.lock);
    if (!log.over) {
        dz_wire_put(&log.memory, msg);
        if (!dz_buf_ok(&log.memory))
            log.over = 1;
        else if (log.at) {
            append(log.memory.data, log.memory.len);
            log.memory.len = 0;
        }
    }
    pthread_mutex_unlock(&log.lock);
}

const char *dz_log_name(void)
{
    return log.name;
}

int dz_log_is_over(void)
{
    return log.over;
}

void dz_log_give_up(void)
{
    log.over = 1;
}

int dz_log_has_room(void *list, uint32_t n, uint32_t *cap, size_t item)
{
    if (dz_has_room(list, n, cap, item))
        return 1;
    dz_log_give_up();
    return 0;
}

void dz_log_lock(void)
{
    pthread_mutex_lock(&log.lock);
}

void dz_log_unlock(void)
{
    pthread_mutex_unlock(&log.lock);
}

int dz_log_leave_to_parent(void)
{
    if (!log.at)
        return 0;
    munmap(log.at, log.size);
    log.at = NULL;
    log.len = log.size = 0;
    log.over = 0;
    return 1;
}
