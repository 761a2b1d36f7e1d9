#include "run.h"

#include "../base/file.h"
#include "../base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static char *join(const char *folder, const char *name)
{
    struct dz_buf path = {0};
    dz_buf_fmt(&path, "%s/%s", folder, name);
    dz_buf_put(&path, "", 1);
    if (!dz_buf_ok(&path))
        dz_buf_free(&path);
    return path.data;
}

/* `*` keeps the state out of version control without a word in the project's own files. */
static int make_ignore(const char *state, struct dz_err *err)
{
    dz_auto char *path = join(state, ".gitignore");
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666) : -1;
    if (fd < 0)
        return errno == EEXIST ? 0 : dz_fail(err, -errno, "cannot write '%s/.gitignore'", state);
    ssize_t n = write(fd, "*\n", 2);
    int error = errno;
    close(fd);
    return n == 2 ? 0 : dz_fail(err, n < 0 ? -error : -ENOSPC, "cannot write '%s'", path);
}

static void remove_folder(const char *path)
{
    DIR *folder = opendir(path);
    for (struct dirent *found; folder && (found = readdir(folder));) {
        dz_auto char *file = join(path, found->d_name);
        if (file && found->d_name[0] != '.')
            unlink(file);
    }
    if (folder)
        closedir(folder);
    rmdir(path);
}

static int is_running(const char *folder)
{
    dz_auto char *path = join(folder, "lock");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return 0;
    int taken = flock(fd, LOCK_EX | LOCK_NB) < 0;
    close(fd);
    return taken;
}

enum { MOST_JOBS = 1000000000 };

/* The highest number there is; folders of jobs that have ended go. */
static long sweep(const char *runs)
{
    long highest = 0;
    DIR *folder = opendir(runs);
    for (struct dirent *found; folder && (found = readdir(folder));) {
        char *end;
        long number = found->d_name[0] == 'j' ? strtol(found->d_name + 1, &end, 10) : 0;
        /* Ours are counted up from 1: what no job can have come to is somebody else's. */
        if (number <= 0 || number > MOST_JOBS || *end)
            continue;
        if (number > highest)
            highest = number;
        dz_auto char *path = join(runs, found->d_name);
        if (path && !is_running(path))
            remove_folder(path);
    }
    if (folder)
        closedir(folder);
    return highest;
}

/* Two jobs may start at once: whoever makes the folder has the number. */
static int make_run(struct dz_run *run, const char *runs, struct dz_err *err)
{
    for (long number = sweep(runs) + 1;; number++) {
        snprintf(run->id, sizeof run->id, "j%ld", number);
        dz_free(run->folder);
        run->folder = join(runs, run->id);
        if (!run->folder)
            return dz_fail(err, -ENOMEM, "cannot name the job's folder");
        if (mkdir(run->folder, 0777) == 0)
            return 0;
        if (errno != EEXIST)
            return dz_fail(err, -errno, "cannot make the folder '%s'", run->folder);
    }
}

static int open_in(const char *folder, const char *name, struct dz_err *err)
{
    dz_auto char *path = join(folder, name);
    int fd = path ? open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;
    return fd >= 0 ? fd : dz_fail(err, -errno, "cannot write '%s/%s'", folder, name);
}

static int open_files(struct dz_run *run, struct dz_err *err)
{
    run->lock = open_in(run->folder, "lock", err);
    if (run->lock < 0)
        return run->lock;
    flock(run->lock, LOCK_EX | LOCK_NB);
    run->results = open_in(run->folder, "results", err);
    return run->results < 0 ? run->results : 0;
}

static int open_state(struct dz_run *run, const char *state, struct dz_err *err)
{
    int r = dz_file_make_folder(state, err);
    if (r < 0 || (r = make_ignore(state, err)) < 0)
        return r;
    run->state = dz_strdup(state);
    run->durations = join(state, "durations");
    dz_auto char *runs = join(state, "run");
    if (!run->state || !run->durations || !runs)
        return dz_fail(err, -ENOMEM, "cannot name the state's files");
    if ((r = dz_file_make_folder(runs, err)) < 0 || (r = make_run(run, runs, err)) < 0)
        return r;
    return open_files(run, err);
}

int dz_run_open(struct dz_run *run, struct dz_bytes rootdir, struct dz_bytes dir,
                struct dz_err *err)
{
    *run = (struct dz_run){.lock = -1, .results = -1};
    snprintf(run->id, sizeof run->id, "j%d", getpid());
    dz_auto char *root = dz_memdup(rootdir.at, rootdir.size);
    dz_auto char *state = dir.size ? dz_memdup(dir.at, dir.size)
                          : root   ? join(root, ".dagz")
                                   : NULL;
    if (!state)
        return dz_fail(err, -ENOMEM, "cannot name the state's folder");
    int r = open_state(run, state, err);
    if (r < 0) {
        run->lost = 1;
        dz_free(run->state);
        run->state = NULL;
    }
    return r;
}

struct dz_bytes dz_run_folder(const struct dz_run *run)
{
    const char *folder = run->state && run->folder ? run->folder : "";
    return dz_bytes(folder, strlen(folder));
}

int dz_run_keep(struct dz_run *run, const struct dz_msg *msg, struct dz_err *err)
{
    if (run->lost || run->results < 0)
        return 0;
    dz_autobuf struct dz_buf frame = {0};
    dz_wire_put(&frame, msg);
    int r = dz_buf_ok(&frame) ? dz_file_write_all(run->results, frame.data, frame.len) : -ENOMEM;
    if (r == 0)
        return 0;
    run->lost = 1;
    return dz_fail(err, r, "cannot keep results in '%s' any more", run->folder);
}

int dz_run_keep_suite(struct dz_run *run, const struct dz_buf *frames, struct dz_err *err)
{
    if (run->lost || run->results < 0)
        return 0;
    dz_auto char *path = join(run->folder, "suite");
    int r = path && dz_buf_ok(frames) ? dz_file_put(path, frames->data, frames->len) : -ENOMEM;
    return r < 0 ? dz_fail(err, r, "cannot keep what there is to run in '%s'", run->folder) : 0;
}

int dz_run_is_gone(const struct dz_run *run)
{
    struct stat info;
    return run->results >= 0 && fstat(run->results, &info) == 0 && info.st_nlink == 0;
}

void dz_run_close(struct dz_run *run)
{
    if (run->results >= 0)
        close(run->results);
    if (run->lock >= 0)
        close(run->lock);
    dz_free(run->state);
    dz_free(run->folder);
    dz_free(run->durations);
    *run = (struct dz_run){.lock = -1, .results = -1};
}
