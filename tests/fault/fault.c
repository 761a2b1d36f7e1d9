/* Preloaded into the host: one call of one libc function fails there.
 *
 *   FAULT=socketpair:3:EMFILE    the third call fails so; FAULT=calloc:3+:ENOMEM that one and all later ones
 *   FAULT=send:2:short           only a part is done, as the kernel may
 *   FAULT_TALLY=FILE             how often each function was called, and where the last one that failed was
 *                                called from (an address of the executable, for addr2line)
 *
 * Only the process that was started counts and fails: what it forks or executes does not even see the
 * variables. Allocations are those by host/base/mem.c: of the C library's, which libuv uses too, as long as
 * mimalloc has not been opened; then of mimalloc, for which this object stands in. */
/* Each of the library's names for a call is to be a name of ours. */
#undef _FORTIFY_SOURCE
#undef _FILE_OFFSET_BITS

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FUNCTIONS(F)                                                                              \
    F(socketpair)                                                                                 \
    F(fork)                                                                                       \
    F(signalfd)                                                                                   \
    F(epoll_create1) F(epoll_ctl) F(epoll_wait) F(eventfd) F(pipe2) F(recvmsg) F(sendmsg) F(send) \
        F(open) F(fopen) F(fstat) F(mkdir) F(write) F(read) F(pread) F(fsync) F(rename)           \
            F(mkostemp) F(fchmod) F(unlink) F(flock) F(fcntl) F(waitpid) F(kill) F(prctl)         \
                F(getrlimit) F(setrlimit) F(sched_getaffinity) F(opendir) F(readdir) F(readlink)  \
                    F(realpath) F(mmap) F(dlopen) F(setenv) F(execv) F(calloc)

enum function {
#define F(name) CALL_##name,
    FUNCTIONS(F)
#undef F
        STRUCK,
    N_ROWS,
};

struct row {
    char name[24];
    uint64_t value;
};

static const char *const names[] = {
#define F(name) #name,
    FUNCTIONS(F)
#undef F
        "struck",
};

static const struct {
    const char *name;
    int code;
} errors[] = {
    {"EMFILE", EMFILE}, {"ENFILE", ENFILE}, {"ENOMEM", ENOMEM},  {"EAGAIN", EAGAIN},
    {"EINTR", EINTR},   {"ENOSPC", ENOSPC}, {"EIO", EIO},        {"EPERM", EPERM},
    {"EACCES", EACCES}, {"EINVAL", EINVAL}, {"ENOENT", ENOENT},  {"ECONNRESET", ECONNRESET},
    {"EPIPE", EPIPE},   {"EROFS", EROFS},   {"ENOLCK", ENOLCK},  {"ECHILD", ECHILD},
    {"ESRCH", ESRCH},   {"ENOSYS", ENOSYS}, {"ENOBUFS", ENOBUFS}};

static struct {
    pid_t process;
    int function; /* that is to fail, or -1 */
    uint64_t at;
    int lasting, part, error;
    struct row *rows;
    const char *executable;
    int has_mimalloc;
} fault;

static void *next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

/* ---- setting up ---- */

static void read_fault(const char *text)
{
    char function[24], error[24];
    unsigned long at;
    int end = 0;
    fault.function = -1;
    if (!text || sscanf(text, "%23[^:]:%lu%n", function, &at, &end) != 2)
        return;
    fault.at = at;
    fault.lasting = text[end] == '+';
    if (sscanf(text + end + fault.lasting, ":%23s", error) != 1)
        return;
    fault.part = strcmp(error, "short") == 0;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (strcmp(error, errors[i].name) == 0)
            fault.error = errors[i].code;
    for (int i = 0; i < STRUCK; i++)
        if (strcmp(names[i], function) == 0)
            fault.function = i;
    if (fault.function < 0 || (!fault.part && !fault.error)) {
        fprintf(stderr, "fault: '%s' is none\n", text);
        _exit(99);
    }
}

/* Mapped, so that it is there however the process ends. */
static void open_tally(const char *path)
{
    static struct row unseen[N_ROWS];
    size_t size = sizeof unseen;
    fault.rows = unseen;
    int fd = path ? open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
    if (fd >= 0 && ftruncate(fd, (off_t)size) == 0)
        fault.rows = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    for (int i = 0; i < N_ROWS; i++)
        snprintf(fault.rows[i].name, sizeof fault.rows[i].name, "%s", names[i]);
}

__attribute__((constructor)) static void set_up(void)
{
    read_fault(getenv("FAULT"));
    open_tally(getenv("FAULT_TALLY"));
    unsetenv("FAULT");
    unsetenv("FAULT_TALLY");
    unsetenv("LD_PRELOAD");
    /* What is mapped first is the executable: addresses of it are told from its start. */
    FILE *maps = fopen("/proc/self/maps", "re");
    unsigned long start = 0;
    if (maps && fscanf(maps, "%lx", &start) == 1)
        fault.executable = (const char *)start;
    if (maps)
        fclose(maps);
    /* From here on calls count. */
    fault.process = getpid();
}

static int strikes(enum function function, const void *from)
{
    if (getpid() != fault.process)
        return 0;
    uint64_t n = ++fault.rows[function].value;
    if (fault.function != (int)function || n < fault.at || (n > fault.at && !fault.lasting))
        return 0;
    fault.rows[STRUCK].value = (uint64_t)((const char *)from - fault.executable);
    errno = fault.error;
    return 1;
}

#define HERE __builtin_return_address(0)
#define REAL(name) ((__typeof__(name) *)next(#name))

/* ---- calls that fail whole ---- */

#define WHOLE(type, function, name, failed, parameters, arguments)       \
    type name parameters                                                 \
    {                                                                    \
        static __typeof__(name) *real;                                   \
        if (!real)                                                       \
            real = REAL(name);                                           \
        return strikes(CALL_##function, HERE) ? failed : real arguments; \
    }

WHOLE(int, socketpair, socketpair, -1, (int domain, int type, int protocol, int fds[2]),
      (domain, type, protocol, fds))
WHOLE(pid_t, fork, fork, -1, (void), ())
WHOLE(int, signalfd, signalfd, -1, (int fd, const sigset_t *mask, int flags), (fd, mask, flags))
WHOLE(int, epoll_create1, epoll_create1, -1, (int flags), (flags))
WHOLE(int, epoll_ctl, epoll_ctl, -1, (int epfd, int op, int fd, struct epoll_event *event),
      (epfd, op, fd, event))
WHOLE(int, epoll_wait, epoll_wait, -1, (int epfd, struct epoll_event *events, int n, int timeout),
      (epfd, events, n, timeout))
WHOLE(int, epoll_wait, epoll_pwait, -1,
      (int epfd, struct epoll_event *events, int n, int timeout, const sigset_t *mask),
      (epfd, events, n, timeout, mask))
WHOLE(int, eventfd, eventfd, -1, (unsigned count, int flags), (count, flags))
WHOLE(int, pipe2, pipe2, -1, (int fds[2], int flags), (fds, flags))
WHOLE(FILE *, fopen, fopen, NULL, (const char *path, const char *mode), (path, mode))
WHOLE(FILE *, fopen, fopen64, NULL, (const char *path, const char *mode), (path, mode))
WHOLE(int, fstat, fstat, -1, (int fd, struct stat *status), (fd, status))
WHOLE(int, fstat, fstat64, -1, (int fd, struct stat64 *status), (fd, status))
WHOLE(int, mkdir, mkdir, -1, (const char *path, mode_t mode), (path, mode))
WHOLE(int, fsync, fsync, -1, (int fd), (fd))
WHOLE(int, rename, rename, -1, (const char *from, const char *to), (from, to))
WHOLE(int, mkostemp, mkostemp, -1, (char *path, int flags), (path, flags))
WHOLE(int, mkostemp, mkostemp64, -1, (char *path, int flags), (path, flags))
WHOLE(int, fchmod, fchmod, -1, (int fd, mode_t mode), (fd, mode))
WHOLE(int, unlink, unlink, -1, (const char *path), (path))
WHOLE(int, flock, flock, -1, (int fd, int operation), (fd, operation))
WHOLE(pid_t, waitpid, waitpid, -1, (pid_t pid, int *status, int options), (pid, status, options))
WHOLE(int, kill, kill, -1, (pid_t pid, int signal), (pid, signal))
WHOLE(int, getrlimit, getrlimit, -1, (__rlimit_resource_t what, struct rlimit *limit),
      (what, limit))
WHOLE(int, getrlimit, getrlimit64, -1, (__rlimit_resource_t what, struct rlimit64 *limit),
      (what, limit))
WHOLE(int, setrlimit, setrlimit, -1, (__rlimit_resource_t what, const struct rlimit *limit),
      (what, limit))
WHOLE(int, setrlimit, setrlimit64, -1, (__rlimit_resource_t what, const struct rlimit64 *limit),
      (what, limit))
WHOLE(int, sched_getaffinity, sched_getaffinity, -1, (pid_t pid, size_t size, cpu_set_t *set),
      (pid, size, set))
WHOLE(DIR *, opendir, opendir, NULL, (const char *path), (path))
WHOLE(struct dirent *, readdir, readdir, NULL, (DIR * folder), (folder))
WHOLE(struct dirent64 *, readdir, readdir64, NULL, (DIR * folder), (folder))
WHOLE(ssize_t, readlink, readlink, -1, (const char *path, char *text, size_t size),
      (path, text, size))
WHOLE(char *, realpath, realpath, NULL, (const char *path, char *resolved), (path, resolved))
WHOLE(int, setenv, setenv, -1, (const char *name, const char *value, int overwrite),
      (name, value, overwrite))
WHOLE(int, execv, execv, -1, (const char *path, char *const argv[]), (path, argv))
WHOLE(void *, mmap, mmap, MAP_FAILED,
      (void *at, size_t size, int prot, int flags, int fd, off_t offset),
      (at, size, prot, flags, fd, offset))
WHOLE(void *, mmap, mmap64, MAP_FAILED,
      (void *at, size_t size, int prot, int flags, int fd, off64_t offset),
      (at, size, prot, flags, fd, offset))

/* ---- with a variable argument ---- */

#define OPEN(name)                                                              \
    int name(const char *path, int flags, ...)                                  \
    {                                                                           \
        va_list rest;                                                           \
        va_start(rest, flags);                                                  \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest);                                                           \
        return strikes(CALL_open, HERE) ? -1 : REAL(name)(path, flags, mode);   \
    }
OPEN(open)
OPEN(open64)

#define FCNTL(name)                                                                \
    int name(int fd, int command, ...)                                             \
    {                                                                              \
        va_list rest;                                                              \
        va_start(rest, command);                                                   \
        void *argument = va_arg(rest, void *);                                     \
        va_end(rest);                                                              \
        return strikes(CALL_fcntl, HERE) ? -1 : REAL(name)(fd, command, argument); \
    }
FCNTL(fcntl)
FCNTL(fcntl64)

int prctl(int option, ...)
{
    unsigned long given[4];
    va_list rest;
    va_start(rest, option);
    for (int i = 0; i < 4; i++)
        given[i] = va_arg(rest, unsigned long);
    va_end(rest);
    return strikes(CALL_prctl, HERE) ? -1
                                     : REAL(prctl)(option, given[0], given[1], given[2], given[3]);
}

/* ---- calls that may do a part ---- */

static int partly(enum function function, const void *from, size_t *size)
{
    if (!strikes(function, from))
        return 0;
    if (!fault.part)
        return 1;
    *size = *size > 1 ? *size / 2 : *size;
    return 0;
}

/* The terminal's descriptors stay whole, or nobody could say what failed. */
ssize_t write(int fd, const void *bytes, size_t size)
{
    if (fd <= STDERR_FILENO)
        return REAL(write)(fd, bytes, size);
    return partly(CALL_write, HERE, &size) ? -1 : REAL(write)(fd, bytes, size);
}

ssize_t read(int fd, void *bytes, size_t size)
{
    return partly(CALL_read, HERE, &size) ? -1 : REAL(read)(fd, bytes, size);
}

ssize_t pread64(int fd, void *bytes, size_t size, off64_t from)
{
    return partly(CALL_pread, HERE, &size) ? -1 : REAL(pread64)(fd, bytes, size, from);
}

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    return partly(CALL_send, HERE, &size) ? -1 : REAL(send)(fd, bytes, size, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *head, int flags)
{
    struct iovec part = *head->msg_iov;
    struct msghdr cut = *head;
    cut.msg_iov = &part;
    cut.msg_iovlen = 1;
    if (partly(CALL_sendmsg, HERE, &part.iov_len))
        return -1;
    return REAL(sendmsg)(fd, part.iov_len == head->msg_iov->iov_len ? head : &cut, flags);
}

ssize_t recvmsg(int fd, struct msghdr *head, int flags)
{
    if (strikes(CALL_recvmsg, HERE)) {
        if (!fault.part)
            return -1;
        /* A stream may end anywhere: a few bytes now, the rest with the next call. */
        head->msg_iov->iov_len = 7;
    }
    return REAL(recvmsg)(fd, head, flags);
}

/* ---- memory ---- */

extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static int memory_fails(const void *from)
{
    return fault.rows && strikes(CALL_calloc, from);
}

/* Until mimalloc is there, the executable's own; libuv's of that time are none of a job's beginning. */
static int is_host_by_libc(const void *from)
{
    return !fault.has_mimalloc && fault.executable &&
           (uintptr_t)from - (uintptr_t)fault.executable < 1 << 24;
}

void *calloc(size_t n, size_t size)
{
    return is_host_by_libc(HERE) && memory_fails(HERE) ? NULL : __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
    return is_host_by_libc(HERE) && memory_fails(HERE) ? NULL : __libc_realloc(old, size);
}

/* By name, so that a sanitizer's are found. */
void *mi_calloc(size_t n, size_t size);
void *mi_realloc(void *old, size_t size);
void mi_free(void *old);

void *mi_calloc(size_t n, size_t size)
{
    return memory_fails(HERE) ? NULL : calloc(n, size);
}

void *mi_realloc(void *old, size_t size)
{
    return memory_fails(HERE) ? NULL : realloc(old, size);
}

void mi_free(void *old)
{
    free(old);
}

void *dlopen(const char *name, int flags)
{
    if (strikes(CALL_dlopen, HERE))
        return NULL;
    Dl_info self;
    if (!name || !strstr(name, "libmimalloc") || getpid() != fault.process ||
        !dladdr((void *)mi_calloc, &self))
        return REAL(dlopen)(name, flags);
    fault.has_mimalloc = 1;
    return REAL(dlopen)(self.dli_fname, flags);
}
