/* A parent is recognised by its executable, or, where it is the python itself with our shim
 * preloaded, by the heritage in its environment. A parent that was given no environment either had
 * it from its own parent: the line is followed as far as it is dagz-pythons. Anyone else in between
 * ends it: who puts a program of his own there and clears the environment wants no python of ours.
 * Processes of other users cannot be read: no kin.
 *
 * The alternative, a variable put back into each child's environment, would be seen by users'
 * programs. */
#include "kin.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/heritage.h"
#include "base/mem.h"
#include "path.h"

enum { MOST_GENERATIONS = 64 };

static int read_file(struct dz_buf *ret, pid_t pid, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    char *room;
    ssize_t n = -1;
    while ((room = dz_buf_room(ret, 4096)) && (n = read(fd, room, 4096)) > 0)
        ret->len += (size_t)n;
    close(fd);
    dz_buf_put(ret, "", 1);
    return dz_buf_ok(ret) && n == 0 ? 0 : -1;
}

static char *variable(const struct dz_buf *environment, const char *name)
{
    size_t size = strlen(name);
    for (char *at = environment->data; at < environment->data + environment->len;
         at += strlen(at) + 1)
        if (strncmp(at, name, size) == 0 && at[size] == '=' && at[size + 1])
            return at + size + 1;
    return NULL;
}

static int is_dagz_python(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
    return dz_path_is_same(path, "/proc/self/exe");
}

static pid_t parent_of(pid_t pid)
{
    dz_autobuf struct dz_buf stat = {0};
    int parent = 0;
    /* The name, in parentheses, may hold anything. */
    const char *after = read_file(&stat, pid, "stat") == 0 ? strrchr(stat.data, ')') : NULL;
    return after && sscanf(after, ") %*c %d", &parent) == 1 ? parent : 0;
}

/* Sets *ret_path when this process was told its python. Returns whether it is kin. */
static int ask(pid_t pid, char **ret_path)
{
    int is_kin = is_dagz_python(pid);
    dz_autobuf struct dz_buf environment = {0};
    if (read_file(&environment, pid, "environ") < 0)
        return 0;
    char *packed = variable(&environment, DZ_HERITAGE_VARIABLE);
    struct dz_heritage heritage;
    if (packed && dz_heritage_unpack(&heritage, packed) == 0) {
        *ret_path = dz_strdup(heritage.python);
        return 1;
    }
    if (!is_kin)
        return 0;
    const char *told = variable(&environment, "DAGZ_PYTHON"),
               *active = variable(&environment, "VIRTUAL_ENV");
    if (told || active)
        *ret_path = told ? dz_strdup(told) : dz_path_fmt("%s/bin/python", active);
    return 1;
}

char *dz_kin_python(void)
{
    char *path = NULL;
    pid_t pid = getppid();
    for (int i = 0; i < MOST_GENERATIONS && pid > 0 && !path && ask(pid, &path); i++)
        pid = parent_of(pid);
    return path;
}
