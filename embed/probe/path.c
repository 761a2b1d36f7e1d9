#include "path.h"

#include "caller.h"
#include "code.h"
#include "watch.h"

#include "../span.h"

#include "../../host/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MOST = 4096 };

struct text {
    char at[MOST];
    size_t size;
};

/* Not on the stack: a thread's may be small. */
static struct {
    pthread_mutex_t lock;
    struct text cwd, path, given;
    int knows_cwd;
    struct text *own; /* folders of the interpreter */
    unsigned n_own;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

static __thread const char *source __attribute__((tls_model("initial-exec")));

const char *dz_path_importing(const char *text)
{
    const char *before = source;
    source = text;
    return before;
}

/* ---- where it lies ---- */

static int append(struct text *text, const char *at, size_t size)
{
    if (text->size + size >= MOST)
        return -1;
    memcpy(text->at + text->size, at, size);
    text->size += size;
    text->at[text->size] = 0;
    return 0;
}

/* By a system call, as readlink is watched. */
static int is_link(const char *path)
{
    char target[1];
    return syscall(SYS_readlink, path, target, sizeof target) >= 0;
}

/* Back over a link leads elsewhere: such a `..` stays. */
static int append_back(struct text *path)
{
    char *last = memrchr(path->at, '/', path->size);
    if (!last)
        return 0;
    if (strcmp(last, "/..") == 0 || is_link(path->at))
        return append(path, "/..", 3);
    path->size = (size_t)(last - path->at);
    *last = 0;
    return 0;
}

static int append_parts(struct text *path, const char *parts)
{
    while (*parts) {
        size_t size = strcspn(parts, "/");
        int r = 0;
        if (size == 2 && parts[0] == '.' && parts[1] == '.')
            r = append_back(path);
        else if (size && !(size == 1 && *parts == '.'))
            r = append(path, "/", 1) < 0 ? -1 : append(path, parts, size);
        if (r < 0)
            return r;
        parts += size;
        parts += *parts == '/';
    }
    return 0;
}

static int find_cwd(void)
{
    /* Where libc's names are not seen, nothing tells of a move. */
    if (state.knows_cwd && dz_watch_has_symbols())
        return 0;
    long size = syscall(SYS_getcwd, state.cwd.at, MOST);
    state.knows_cwd = size > 1 && state.cwd.at[0] == '/';
    if (!state.knows_cwd)
        return -1;
    state.cwd.size = (size_t)size - 1;
    if (state.cwd.size == 1)
        state.cwd.at[state.cwd.size = 0] = 0;
    return 0;
}

/* What the kernel calls it: no link is left in there. */
static int find_folder(int folder)
{
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    long size = syscall(SYS_readlink, link, state.path.at, MOST - 1);
    if (size <= 0 || state.path.at[0] != '/')
        return -1;
    state.path.size = size == 1 ? 0 : (size_t)size;
    state.path.at[state.path.size] = 0;
    return 0;
}

/* Into state.path. */
static int find_path(int folder, const char *path)
{
    state.path.size = 0;
    if (*path == '/')
        return append_parts(&state.path, path);
    if (folder != AT_FDCWD)
        return find_folder(folder) < 0 ? -1 : append_parts(&state.path, path);
    if (find_cwd() < 0 || append(&state.path, state.cwd.at, state.cwd.size) < 0)
        return -1;
    return append_parts(&state.path, path);
}

/* ---- whether it counts ---- */

static int is_at_or_below(const struct text *path, const char *folder, size_t size)
{
    return path->size >= size && memcmp(path->at, folder, size) == 0 &&
           (path->at[size] == '/' || path->at[size] == 0);
}

static int is_kernels(const struct text *path)
{
    return is_at_or_below(path, "/proc", 5) || is_at_or_below(path, "/sys", 4) ||
           is_at_or_below(path, "/dev", 4);
}

static int has_part(const struct text *path, const char *part, size_t size)
{
    for (const char *at = path->at; (at = strstr(at, part)); at += size)
        if (at[size] == '/' || at[size] == 0)
            return 1;
    return 0;
}

/* `<string>`, `<frozen os>`: what stands for a file name where there is none. */
static int is_no_name(const struct text *path)
{
    const char *last = memrchr(path->at, '/', path->size);
    return last && last[1] == '<' && path->at[path->size - 1] == '>';
}

/* A project may lie inside of a prefix, and the other way round. */
static int is_interpreters(const struct text *path)
{
    const char *root = dz_code_root();
    size_t size = strlen(root);
    int is_below_root = size && is_at_or_below(path, root, size);
    for (unsigned i = 0; i < state.n_own; i++) {
        const struct text *own = &state.own[i];
        int has_root = is_below_root && strncmp(root, own->at, own->size) == 0 &&
                       (root[own->size] == '/' || root[own->size] == 0);
        if (!has_root && is_at_or_below(path, own->at, own->size))
            return 1;
    }
    return 0;
}

static int is_ours(const struct text *path)
{
    size_t size = strlen(dz_code_root());
    return size && is_at_or_below(path, dz_code_root(), size) &&
           strncmp(path->at + size, "/.dagz", 6) == 0 &&
           (path->at[size + 6] == '/' || path->at[size + 6] == 0);
}

static int counts(const struct text *path)
{
    if (!path->size || is_kernels(path) || is_interpreters(path) || is_no_name(path))
        return 0;
    if (has_part(path, "/site-packages", 14) || has_part(path, "/dist-packages", 14))
        return 0;
    return !has_part(path, "/__pycache__", 12) && !is_ours(path);
}

/* While pytest starts and collects, what it looks at itself is what its collection is made of: its settings and the
 * files it found are told otherwise. What was not there it would have used; but not what it remembers from one run to
 * the next. */
static int is_pytests_look(enum dz_fact fact)
{
    if (fact == DZ_FACT_WRITTEN || dz_span_is_test() || !dz_caller_is_pytest())
        return 0;
    return fact != DZ_FACT_ABSENT || has_part(&state.path, "/.pytest_cache", 14) ||
           dz_caller_is_pytests_cache();
}

/* ---- what was learnt ---- */

/* DZ_FACTS: nothing. */
static enum dz_fact learn(enum dz_fact fact, int error)
{
    switch (error) {
    case 0:
        return fact;
    case ENOENT:
    case ENOTDIR:
        return DZ_FACT_ABSENT;
    case EACCES:
    case EPERM:
    case EROFS:
    case EISDIR:
    case EEXIST:
    case ENOTEMPTY:
    case ETXTBSY:
    case ENXIO:
    case EINVAL: /* readlink of what is no link */
    case ELOOP:
        return DZ_FACT_STAT;
    default:
        return DZ_FACTS;
    }
}

/* What an error says of a path depends on where a link there leads, but for these: they are about the link. */
static unsigned stat_of(int error)
{
    return error == EEXIST || error == ENOTEMPTY || error == EINVAL || error == ELOOP
               ? DZ_STAT_ITSELF
               : DZ_STAT_FOLLOWED;
}

static void tell(enum dz_fact fact, unsigned value)
{
    dz_span_fact(fact, state.path.at, state.path.size, value);
}

static void see(enum dz_fact fact, int folder, const char *path, int error, unsigned value)
{
    enum dz_fact learnt = learn(fact, error);
    if (learnt == DZ_FACTS || find_path(folder, path) < 0 || !counts(&state.path))
        return;
    if ((source && strcmp(source, state.path.at) == 0) || is_pytests_look(learnt))
        return;
    tell(learnt, learnt == fact ? value : learnt == DZ_FACT_STAT ? stat_of(error) : 0);
}

void dz_path_seen(enum dz_fact fact, int folder, const char *path, int error, unsigned value)
{
    if (!path || !dz_watch_begin())
        return;
    pthread_mutex_lock(&state.lock);
    see(fact, folder, path, error, value);
    pthread_mutex_unlock(&state.lock);
    dz_watch_unhush();
}

void dz_path_moved(void)
{
    __atomic_store_n(&state.knows_cwd, 0, __ATOMIC_RELAXED);
}

void dz_path_lock(void)
{
    pthread_mutex_lock(&state.lock);
}

void dz_path_unlock(void)
{
    pthread_mutex_unlock(&state.lock);
}

/* ---- the start ---- */

static int is_systems(const char *prefix)
{
    return strcmp(prefix, "") == 0 || strcmp(prefix, "/usr") == 0 ||
           strcmp(prefix, "/usr/local") == 0;
}

static int add_own(const char *folder)
{
    struct text *own = dz_realloc(state.own, (state.n_own + 1) * sizeof *own);
    if (!own)
        return -1;
    state.own = own;
    own += state.n_own;
    own->size = 0;
    own->at[0] = 0;
    if (append_parts(own, folder) == 0 && !is_systems(own->at))
        state.n_own++;
    return 0;
}

static int add_prefix(const char *name)
{
    PyObject *prefix = PySys_GetObject(name);
    const char *folder = prefix && PyUnicode_Check(prefix) ? PyUnicode_AsUTF8(prefix) : NULL;
    if (!folder)
        PyErr_Clear();
    return folder ? add_own(folder) : 0;
}

int dz_path_start(void)
{
    static const char *const names[] = {"prefix", "base_prefix", "exec_prefix", "base_exec_prefix"};
    int r = add_own(dz_code_library());
    for (unsigned i = 0; i < sizeof names / sizeof *names && r == 0; i++)
        r = add_prefix(names[i]);
    if (r < 0)
        PyErr_NoMemory();
    return r;
}
