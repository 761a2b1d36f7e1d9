#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int dz_file_read(const char *path, struct dz_buf *to)
{
    /* A pipe or a device in the place of a file must not hold us up. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    int r = 0;
    for (;;) {
        char *room = dz_buf_room(to, 1 << 16);
        ssize_t n = room ? read(fd, room, to->cap - to->len) : 0;
        if (n < 0 && errno == EINTR)
            continue;
        r = !room ? -ENOMEM : n < 0 ? -errno : 0;
        if (n <= 0)
            break;
        to->len += (size_t)n;
    }
    close(fd);
    return r;
}

int dz_file_write_all(int fd, const char *at, size_t size)
{
    while (size) {
        ssize_t n = write(fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        at += n;
        size -= (size_t)n;
    }
    return 0;
}

int dz_file_open_for_all(int fd)
{
    mode_t mask = umask(077);
    umask(mask);
    return fchmod(fd, 0666 & ~mask) < 0 ? -errno : 0;
}
