/* Why no table of hooks patched into libpython: it would have to be found anew in every extension that is opened later,
 * and RELRO would be in the way. Names are what the dynamic linker itself goes by; whatever was preloaded by the user
 * comes after us, and is called as ever.
 *
 * What a name does is looked up when it is first called, as most programs call few of them. */

/* Each of libc's names for a call is to be a name of ours. */
#undef _FORTIFY_SOURCE
#undef _FILE_OFFSET_BITS

#include "symbols.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

const struct dz_watcher *dz_watcher;

#define SEEN __attribute__((visibility("default")))

/* Two threads may find the same at once. */
static void *find(void **slot, const char *name)
{
    void *next = __atomic_load_n(slot, __ATOMIC_RELAXED);
    if (next)
        return next;
    int error = errno;
    next = dlsym(RTLD_NEXT, name);
    /* Names that libc keeps for old programs only. */
    if (!next)
        next = dlvsym(RTLD_NEXT, name, "GLIBC_2.2.5");
    __atomic_store_n(slot, next, __ATOMIC_RELAXED);
    errno = error;
    return next;
}

#define NEXT(name)               \
    static void *slot_of_##name; \
    __typeof__(&name) next = (__typeof__(&name))find(&slot_of_##name, #name)

static const struct dz_watcher *watcher(void)
{
    return __atomic_load_n(&dz_watcher, __ATOMIC_ACQUIRE);
}

/* ---- telling ---- */

static void tell(enum dz_fact fact, int folder, const char *path, int failed, unsigned value)
{
    const struct dz_watcher *to = watcher();
    int error = errno;
    /* Of a bad address not even the path can be read. */
    if (to && !(failed && error == EFAULT))
        to->path(fact, folder, path, failed ? error : 0, value);
    errno = error;
}

static int is_made(int flags)
{
    return (flags & O_CREAT) != 0;
}

/* Whether an open with O_CREAT makes the file, or finds it: asked beforehand where it matters what was in it. */
static int will_be_new(int folder, const char *path, int flags)
{
    if (!watcher() || !is_made(flags) || flags & O_TRUNC)
        return 0;
    if (flags & O_EXCL)
        return 1;
    int error = errno;
    int is_absent = syscall(SYS_faccessat, folder, path, F_OK) < 0 && errno == ENOENT;
    errno = error;
    return is_absent;
}

static void tell_open(int folder, const char *path, int flags, int failed, int is_new)
{
    if (flags & (O_PATH | O_DIRECTORY)) {
        tell(DZ_FACT_STAT, folder, path, failed, DZ_STAT_FOLLOWED);
        return;
    }
    int writes = (flags & O_ACCMODE) != O_RDONLY, over = flags & O_TRUNC;
    if (!over && !is_new)
        tell(DZ_FACT_CONTENT, folder, path, failed, 0);
    if (writes || over || is_new)
        tell(DZ_FACT_WRITTEN, folder, path, failed,
             over     ? DZ_WRITTEN_OVER
             : is_new ? DZ_WRITTEN_NEW
                      : DZ_WRITTEN_INTO);
}

static int flags_of(const char *mode)
{
    int flags = *mode == 'w'   ? O_WRONLY | O_CREAT | O_TRUNC
                : *mode == 'a' ? O_WRONLY | O_CREAT | O_APPEND
                               : O_RDONLY;
    for (; *mode && *mode != ','; mode++)
        if (*mode == '+')
            flags = (flags & ~O_ACCMODE) | O_RDWR;
        else if (*mode == 'x')
            flags |= O_EXCL;
    return flags;
}

static unsigned how_followed(int flags)
{
    return flags & AT_SYMLINK_NOFOLLOW ? DZ_STAT_ITSELF : DZ_STAT_FOLLOWED;
}

/* ---- opening ---- */

#define MODE_OF(flags)                                      \
    mode_t mode = 0;                                        \
    if ((flags) & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) { \
        va_list list;                                       \
        va_start(list, flags);                              \
        mode = (mode_t)va_arg(list, int);                   \
        va_end(list);                                       \
    }

#define OPEN(name)                                        \
    SEEN int name(const char *path, int flags, ...)       \
    {                                                     \
        NEXT(name);                                       \
        MODE_OF(flags);                                   \
        int is_new = will_be_new(AT_FDCWD, path, flags);  \
        int fd = next(path, flags, mode);                 \
        tell_open(AT_FDCWD, path, flags, fd < 0, is_new); \
        return fd;                                        \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                            \
    SEEN int name(int folder, const char *path, int flags, ...) \
    {                                                           \
        NEXT(name);                                             \
        MODE_OF(flags);                                         \
        int is_new = will_be_new(folder, path, flags);          \
        int fd = next(folder, path, flags, mode);               \
        tell_open(folder, path, flags, fd < 0, is_new);         \
        return fd;                                              \
    }
OPENAT(openat)
OPENAT(openat64)

/* What a call becomes where its caller was compiled with checks: never with O_CREAT. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int folder, const char *path, int flags);
int __openat64_2(int folder, const char *path, int flags);

#define OPEN_2(name)                                 \
    SEEN int name(const char *path, int flags)       \
    {                                                \
        NEXT(name);                                  \
        int fd = next(path, flags);                  \
        tell_open(AT_FDCWD, path, flags, fd < 0, 0); \
        return fd;                                   \
    }
OPEN_2(__open_2)
OPEN_2(__open64_2)

#define OPENAT_2(name)                                     \
    SEEN int name(int folder, const char *path, int flags) \
    {                                                      \
        NEXT(name);                                        \
        int fd = next(folder, path, flags);                \
        tell_open(folder, path, flags, fd < 0, 0);         \
        return fd;                                         \
    }
OPENAT_2(__openat_2)
OPENAT_2(__openat64_2)

#define CREAT(name)                                                         \
    SEEN int name(const char *path, mode_t mode)                            \
    {                                                                       \
        NEXT(name);                                                         \
        int fd = next(path, mode);                                          \
        tell_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, fd < 0, 0); \
        return fd;                                                          \
    }
CREAT(creat)
CREAT(creat64)

#define FOPEN(name)                                                              \
    SEEN FILE *name(const char *path, const char *mode)                          \
    {                                                                            \
        NEXT(name);                                                              \
        int flags = flags_of(mode), is_new = will_be_new(AT_FDCWD, path, flags); \
        FILE *file = next(path, mode);                                           \
        tell_open(AT_FDCWD, path, flags, !file, is_new);                         \
        return file;                                                             \
    }
FOPEN(fopen)
FOPEN(fopen64)

/* Without a path the file stays the same. */
#define FREOPEN(name)                                                                    \
    SEEN FILE *name(const char *path, const char *mode, FILE *file)                      \
    {                                                                                    \
        NEXT(name);                                                                      \
        int flags = flags_of(mode), is_new = path && will_be_new(AT_FDCWD, path, flags); \
        file = next(path, mode, file);                                                   \
        if (path)                                                                        \
            tell_open(AT_FDCWD, path, flags, !file, is_new);                             \
        return file;                                                                     \
    }
FREOPEN(freopen)
FREOPEN(freopen64)

/* ---- looking ---- */

#define STAT(name, type, how)                           \
    SEEN int name(const char *path, struct type *info)  \
    {                                                   \
        NEXT(name);                                     \
        int r = next(path, info);                       \
        tell(DZ_FACT_STAT, AT_FDCWD, path, r < 0, how); \
        return r;                                       \
    }
STAT(stat, stat, DZ_STAT_FOLLOWED)
STAT(stat64, stat64, DZ_STAT_FOLLOWED)
STAT(lstat, stat, DZ_STAT_ITSELF)
STAT(lstat64, stat64, DZ_STAT_ITSELF)

/* As programs built before glibc 2.33 call them. */
int __xstat(int version, const char *path, struct stat *info);
int __xstat64(int version, const char *path, struct stat64 *info);
int __lxstat(int version, const char *path, struct stat *info);
int __lxstat64(int version, const char *path, struct stat64 *info);
int __fxstatat(int version, int folder, const char *path, struct stat *info, int flags);
int __fxstatat64(int version, int folder, const char *path, struct stat64 *info, int flags);

#define XSTAT(name, type, how)                                      \
    SEEN int name(int version, const char *path, struct type *info) \
    {                                                               \
        NEXT(name);                                                 \
        int r = next(version, path, info);                          \
        tell(DZ_FACT_STAT, AT_FDCWD, path, r < 0, how);             \
        return r;                                                   \
    }
XSTAT(__xstat, stat, DZ_STAT_FOLLOWED)
XSTAT(__xstat64, stat64, DZ_STAT_FOLLOWED)
XSTAT(__lxstat, stat, DZ_STAT_ITSELF)
XSTAT(__lxstat64, stat64, DZ_STAT_ITSELF)

#define FSTATAT(name, type)                                                   \
    SEEN int name(int folder, const char *path, struct type *info, int flags) \
    {                                                                         \
        NEXT(name);                                                           \
        int r = next(folder, path, info, flags);                              \
        tell(DZ_FACT_STAT, folder, path, r < 0, how_followed(flags));         \
        return r;                                                             \
    }
FSTATAT(fstatat, stat)
FSTATAT(fstatat64, stat64)

#define FXSTATAT(name, type)                                                               \
    SEEN int name(int version, int folder, const char *path, struct type *info, int flags) \
    {                                                                                      \
        NEXT(name);                                                                        \
        int r = next(version, folder, path, info, flags);                                  \
        tell(DZ_FACT_STAT, folder, path, r < 0, how_followed(flags));                      \
        return r;                                                                          \
    }
FXSTATAT(__fxstatat, stat)
FXSTATAT(__fxstatat64, stat64)

SEEN int statx(int folder, const char *path, int flags, unsigned mask, struct statx *info)
{
    NEXT(statx);
    int r = next(folder, path, flags, mask, info);
    tell(DZ_FACT_STAT, folder, path, r < 0, how_followed(flags));
    return r;
}

#define ACCESS(name)                                                 \
    SEEN int name(const char *path, int mode)                        \
    {                                                                \
        NEXT(name);                                                  \
        int r = next(path, mode);                                    \
        tell(DZ_FACT_STAT, AT_FDCWD, path, r < 0, DZ_STAT_FOLLOWED); \
        return r;                                                    \
    }
ACCESS(access)
ACCESS(euidaccess)
ACCESS(eaccess)

SEEN int faccessat(int folder, const char *path, int mode, int flags)
{
    NEXT(faccessat);
    int r = next(folder, path, mode, flags);
    tell(DZ_FACT_STAT, folder, path, r < 0, how_followed(flags));
    return r;
}

SEEN DIR *opendir(const char *path)
{
    NEXT(opendir);
    DIR *list = next(path);
    tell(DZ_FACT_NAMES, AT_FDCWD, path, !list, 0);
    return list;
}

/* The descriptor was opened as a folder. */
SEEN DIR *fdopendir(int fd)
{
    NEXT(fdopendir);
    DIR *list = next(fd);
    if (list)
        tell(DZ_FACT_NAMES, fd, "", 0, 0);
    return list;
}

#define SCANDIR(name, type)                                                                  \
    SEEN int name(const char *path, struct type ***list, int (*choose)(const struct type *), \
                  int (*compare)(const struct type **, const struct type **))                \
    {                                                                                        \
        NEXT(name);                                                                          \
        int r = next(path, list, choose, compare);                                           \
        tell(DZ_FACT_NAMES, AT_FDCWD, path, r < 0, 0);                                       \
        return r;                                                                            \
    }
SCANDIR(scandir, dirent)
SCANDIR(scandir64, dirent64)

/* ---- links ---- */

ssize_t __readlink_chk(const char *path, char *buffer, size_t size, size_t room);
ssize_t __readlinkat_chk(int folder, const char *path, char *buffer, size_t size, size_t room);
char *__realpath_chk(const char *path, char *resolved, size_t room);

SEEN ssize_t readlink(const char *path, char *buffer, size_t size)
{
    NEXT(readlink);
    ssize_t r = next(path, buffer, size);
    tell(DZ_FACT_LINK, AT_FDCWD, path, r < 0, DZ_RESOLVED_ONCE);
    return r;
}

SEEN ssize_t __readlink_chk(const char *path, char *buffer, size_t size, size_t room)
{
    NEXT(__readlink_chk);
    ssize_t r = next(path, buffer, size, room);
    tell(DZ_FACT_LINK, AT_FDCWD, path, r < 0, DZ_RESOLVED_ONCE);
    return r;
}

SEEN ssize_t readlinkat(int folder, const char *path, char *buffer, size_t size)
{
    NEXT(readlinkat);
    ssize_t r = next(folder, path, buffer, size);
    tell(DZ_FACT_LINK, folder, path, r < 0, DZ_RESOLVED_ONCE);
    return r;
}

SEEN ssize_t __readlinkat_chk(int folder, const char *path, char *buffer, size_t size, size_t room)
{
    NEXT(__readlinkat_chk);
    ssize_t r = next(folder, path, buffer, size, room);
    tell(DZ_FACT_LINK, folder, path, r < 0, DZ_RESOLVED_ONCE);
    return r;
}

SEEN char *realpath(const char *path, char *resolved)
{
    NEXT(realpath);
    resolved = next(path, resolved);
    tell(DZ_FACT_LINK, AT_FDCWD, path, !resolved, DZ_RESOLVED_ALL);
    return resolved;
}

SEEN char *__realpath_chk(const char *path, char *resolved, size_t room)
{
    NEXT(__realpath_chk);
    resolved = next(path, resolved, room);
    tell(DZ_FACT_LINK, AT_FDCWD, path, !resolved, DZ_RESOLVED_ALL);
    return resolved;
}

SEEN char *canonicalize_file_name(const char *path)
{
    NEXT(canonicalize_file_name);
    char *resolved = next(path);
    tell(DZ_FACT_LINK, AT_FDCWD, path, !resolved, DZ_RESOLVED_ALL);
    return resolved;
}

/* ---- changing ---- */

/* It was there, and is not any more, or is otherwise. */
static void tell_changed(int folder, const char *path, int failed)
{
    tell(DZ_FACT_STAT, folder, path, failed, DZ_STAT_ITSELF);
    if (!failed)
        tell(DZ_FACT_WRITTEN, folder, path, 0, DZ_WRITTEN_OVER);
}

/* What is read by the new name later is what was by the old one. */
static void tell_moved(int from, const char *old, int to, const char *new, int failed, unsigned how)
{
    tell(DZ_FACT_CONTENT, from, old, failed, 0);
    if (failed)
        return;
    if (how == DZ_WRITTEN_OVER)
        tell(DZ_FACT_WRITTEN, from, old, 0, DZ_WRITTEN_OVER);
    tell(DZ_FACT_WRITTEN, to, new, 0, how);
}

static void tell_made(int folder, const char *path, int failed)
{
    tell(DZ_FACT_WRITTEN, folder, path, failed, DZ_WRITTEN_NEW);
}

#define CHANGE(name, fact, parameters, arguments, ...) \
    SEEN int name parameters                           \
    {                                                  \
        NEXT(name);                                    \
        int r = next arguments;                        \
        fact(__VA_ARGS__);                             \
        return r;                                      \
    }
CHANGE(unlink, tell_changed, (const char *path), (path), AT_FDCWD, path, r < 0)
CHANGE(unlinkat, tell_changed, (int folder, const char *path, int flags), (folder, path, flags),
       folder, path, r < 0)
CHANGE(remove, tell_changed, (const char *path), (path), AT_FDCWD, path, r < 0)
CHANGE(rmdir, tell_changed, (const char *path), (path), AT_FDCWD, path, r < 0)
CHANGE(truncate, tell_changed, (const char *path, off_t size), (path, size), AT_FDCWD, path, r < 0)
CHANGE(truncate64, tell_changed, (const char *path, off64_t size), (path, size), AT_FDCWD, path,
       r < 0)
CHANGE(chmod, tell_changed, (const char *path, mode_t mode), (path, mode), AT_FDCWD, path, r < 0)
CHANGE(fchmodat, tell_changed, (int folder, const char *path, mode_t mode, int flags),
       (folder, path, mode, flags), folder, path, r < 0)
CHANGE(rename, tell_moved, (const char *old, const char *new), (old, new), AT_FDCWD, old, AT_FDCWD,
       new, r < 0, DZ_WRITTEN_OVER)
CHANGE(renameat, tell_moved, (int from, const char *old, int to, const char *new),
       (from, old, to, new), from, old, to, new, r < 0, DZ_WRITTEN_OVER)
CHANGE(renameat2, tell_moved, (int from, const char *old, int to, const char *new, unsigned flags),
       (from, old, to, new, flags), from, old, to, new, r < 0, DZ_WRITTEN_OVER)
CHANGE(link, tell_moved, (const char *old, const char *new), (old, new), AT_FDCWD, old, AT_FDCWD,
       new, r < 0, DZ_WRITTEN_NEW)
CHANGE(linkat, tell_moved, (int from, const char *old, int to, const char *new, int flags),
       (from, old, to, new, flags), from, old, to, new, r < 0, DZ_WRITTEN_NEW)
CHANGE(symlink, tell_made, (const char *target, const char *path), (target, path), AT_FDCWD, path,
       r < 0)
CHANGE(symlinkat, tell_made, (const char *target, int folder, const char *path),
       (target, folder, path), folder, path, r < 0)
CHANGE(mkdir, tell_made, (const char *path, mode_t mode), (path, mode), AT_FDCWD, path, r < 0)
CHANGE(mkdirat, tell_made, (int folder, const char *path, mode_t mode), (folder, path, mode),
       folder, path, r < 0)
CHANGE(mkfifo, tell_made, (const char *path, mode_t mode), (path, mode), AT_FDCWD, path, r < 0)
CHANGE(mkfifoat, tell_made, (int folder, const char *path, mode_t mode), (folder, path, mode),
       folder, path, r < 0)
CHANGE(mknod, tell_made, (const char *path, mode_t mode, dev_t device), (path, mode, device),
       AT_FDCWD, path, r < 0)
CHANGE(mknodat, tell_made, (int folder, const char *path, mode_t mode, dev_t device),
       (folder, path, mode, device), folder, path, r < 0)

/* ---- the current folder ---- */

static void tell_new_folder(void)
{
    const struct dz_watcher *to = watcher();
    if (to)
        to->moved();
}

SEEN int chdir(const char *path)
{
    NEXT(chdir);
    int error = errno;
    /* A relative path is one of where we are still. */
    int is_there = watcher() && syscall(SYS_faccessat, AT_FDCWD, path, F_OK) == 0;
    errno = error;
    if (is_there)
        tell(DZ_FACT_STAT, AT_FDCWD, path, 0, DZ_STAT_FOLLOWED);
    int r = next(path);
    if (r < 0)
        tell(DZ_FACT_STAT, AT_FDCWD, path, 1, DZ_STAT_FOLLOWED);
    else
        tell_new_folder();
    return r;
}

SEEN int fchdir(int fd)
{
    NEXT(fchdir);
    int r = next(fd);
    if (r == 0)
        tell_new_folder();
    return r;
}

/* ---- the environment ---- */

#define GETENV(name)                             \
    SEEN char *name(const char *variable)        \
    {                                            \
        NEXT(name);                              \
        char *value = next(variable);            \
        const struct dz_watcher *to = watcher(); \
        if (to) {                                \
            int error = errno;                   \
            to->variable(variable);              \
            errno = error;                       \
        }                                        \
        return value;                            \
    }
GETENV(getenv)
GETENV(secure_getenv)

/* ---- leaving ---- */

static void tell_end(int becomes_other)
{
    const struct dz_watcher *to = watcher();
    int error = errno;
    if (to)
        to->leaving(becomes_other);
    errno = error;
}

#define LEAVE(name)              \
    SEEN void name(int status)   \
    {                            \
        NEXT(name);              \
        tell_end(0);             \
        next(status);            \
        __builtin_unreachable(); \
    }
LEAVE(_exit)
LEAVE(_Exit)
LEAVE(quick_exit)

/* Searching a path tries many files that are not there. */
static void tell_exec(const char *path)
{
    int error = errno;
    if (watcher() && syscall(SYS_faccessat, AT_FDCWD, path, X_OK) == 0)
        tell_end(1);
    errno = error;
}

SEEN int execve(const char *path, char *const *argv, char *const *environment)
{
    NEXT(execve);
    tell_exec(path);
    return next(path, argv, environment);
}

SEEN int execv(const char *path, char *const *argv)
{
    NEXT(execv);
    tell_exec(path);
    return next(path, argv);
}

SEEN int execvp(const char *name, char *const *argv)
{
    NEXT(execvp);
    tell_end(1);
    return next(name, argv);
}

SEEN int execvpe(const char *name, char *const *argv, char *const *environment)
{
    NEXT(execvpe);
    tell_end(1);
    return next(name, argv, environment);
}

SEEN int fexecve(int fd, char *const *argv, char *const *environment)
{
    NEXT(fexecve);
    tell_end(1);
    return next(fd, argv, environment);
}
