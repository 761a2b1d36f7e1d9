#include "logs.h"

#include "../base/buf.h"
#include "../base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_log(struct dz_observations *all, const char *folder, const char *name,
                    struct dz_err *err)
{
    dz_autobuf struct dz_buf path = {0};
    dz_buf_fmt(&path, "%s/%s", folder, name);
    int fd = dz_buf_ok(&path) ? open(path.data, O_RDONLY | O_CLOEXEC) : -1;
    struct stat info;
    if (fd < 0 || fstat(fd, &info) < 0) {
        int error = errno;
        if (fd >= 0)
            close(fd);
        return dz_fail(err, -error, "cannot read '%s/%s'", folder, name);
    }
    size_t size = (size_t)info.st_size;
    void *at = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    int error = errno;
    close(fd);
    if (at == MAP_FAILED)
        return dz_fail(err, -error, "cannot read '%s/%s'", folder, name);
    int r = dz_observations_add(all, name, at ? at : "", size, err);
    if (size)
        munmap(at, size);
    return r;
}

/* Those that others refer to first: the front's, workers', then children's by the time they were made (as their
 * parents are older). */
static int rank_of(const char *name)
{
    return strcmp(name, "front") == 0         ? 0
           : strncmp(name, "worker-", 7) == 0 ? 1
           : strncmp(name, "child-", 6) == 0  ? 2
                                              : -1;
}

static unsigned long long age_of(const char *name)
{
    const char *time = strrchr(name, '-');
    return time ? strtoull(time + 1, NULL, 16) : 0;
}

static int by_rank(const void *one, const void *other)
{
    const char *a = *(char *const *)one, *b = *(char *const *)other;
    if (rank_of(a) != rank_of(b))
        return rank_of(a) - rank_of(b);
    if (rank_of(a) == 2 && age_of(a) != age_of(b))
        return age_of(a) < age_of(b) ? -1 : 1;
    return strcmp(a, b);
}

static int list_logs(const char *path, char ***ret, uint32_t *ret_n)
{
    uint32_t cap = 0;
    DIR *folder = opendir(path);
    int r = folder ? 0 : -errno;
    for (struct dirent *found; r == 0 && (found = readdir(folder));) {
        if (rank_of(found->d_name) < 0)
            continue;
        char *name = dz_strdup(found->d_name);
        if (!name || !dz_has_room(ret, *ret_n, &cap, sizeof **ret)) {
            dz_free(name);
            r = -ENOMEM;
        } else
            (*ret)[(*ret_n)++] = name;
    }
    if (folder)
        closedir(folder);
    if (*ret_n)
        qsort(*ret, *ret_n, sizeof **ret, by_rank);
    return r;
}

static int read_all(struct dz_observations *ret, const char *folder, struct dz_err *err)
{
    char **names = NULL;
    uint32_t n = 0;
    int r = list_logs(folder, &names, &n);
    if (r < 0)
        dz_fail(err, r, "cannot list '%s'", folder);
    else if (!n)
        r = dz_fail(err, -ENOENT, "no process has written what it observed to '%s'", folder);
    for (uint32_t i = 0; i < n; i++) {
        if (r == 0)
            r = read_log(ret, folder, names[i], err);
        dz_free(names[i]);
    }
    dz_free(names);
    return r;
}

int dz_logs_read(struct dz_observations *ret, const char *folder, struct dz_err *err)
{
    *ret = (struct dz_observations){0};
    int r = read_all(ret, folder, err);
    return r < 0 ? r : dz_observations_join(ret, err);
}

int dz_logs_read_sources(struct dz_observations *ret, const char *folder, struct dz_err *err)
{
    int r = dz_observations_begin_sources(ret, err);
    return r < 0 ? r : read_all(ret, folder, err);
}
