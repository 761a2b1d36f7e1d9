#include "file.h"

#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static int open_nameless(const char *path)
{
    const char *slash = strrchr(path, '/');
    dz_auto char *folder = slash ? dz_memdup(path, (size_t)(slash - path) + 1) : dz_strdup(".");
    int fd = folder ? open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666) : -1;
    return !folder ? -ENOMEM : fd < 0 ? -errno : fd;
}

static int give_name(int fd, const char *path)
{
    char nameless[32];
    snprintf(nameless, sizeof nameless, "/proc/self/fd/%d", fd);
    int r = linkat(AT_FDCWD, nameless, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
    if (r < 0 && errno == EEXIST && unlink(path) == 0)
        r = linkat(AT_FDCWD, nameless, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
    return r < 0 ? -errno : 0;
}

static int put_nameless(const char *path, const char *at, size_t size)
{
    int fd = open_nameless(path);
    if (fd < 0)
        return fd;
    int r = dz_file_write_all(fd, at, size);
    if (r == 0)
        r = give_name(fd, path);
    close(fd);
    return r;
}

int dz_file_begin(const char *path, struct dz_buf *ret_name)
{
    dz_buf_fmt(ret_name, "%s.XXXXXX", path);
    if (!dz_buf_ok(ret_name))
        return -ENOMEM;
    int fd = mkostemp(ret_name->data, O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int r = dz_file_open_for_all(fd);
    return r < 0 ? dz_file_end(fd, r, ret_name->data, path) : fd;
}

static int name_or_remove(int fd, int r, const char *name, const char *path)
{
    if (close(fd) < 0 && r >= 0)
        r = -errno;
    if (r >= 0 && rename(name, path) < 0)
        r = -errno;
    if (r < 0)
        unlink(name);
    return r;
}

int dz_file_end(int fd, int r, const char *name, const char *path)
{
    if (r >= 0 && fsync(fd) < 0)
        r = -errno;
    return name_or_remove(fd, r, name, path);
}

static int put_aside(const char *path, const char *at, size_t size)
{
    dz_autobuf struct dz_buf name = {0};
    int fd = dz_file_begin(path, &name);
    return fd < 0 ? fd : name_or_remove(fd, dz_file_write_all(fd, at, size), name.data, path);
}

int dz_file_put(const char *path, const char *at, size_t size)
{
    return put_nameless(path, at, size) == 0 ? 0 : put_aside(path, at, size);
}

int dz_file_make_folder(const char *path, struct dz_err *err)
{
    if (!path)
        return dz_fail(err, -ENOMEM, "cannot name a folder");
    if (mkdir(path, 0777) < 0 && errno != EEXIST)
        return dz_fail(err, -errno, "cannot make the folder '%s'", path);
    return 0;
}
