#include "ask.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

extern char **environ;

static const char question[] =
    "import sys\n"
    "v = sys.version_info\n"
    "print(sys.implementation.name, '%d.%d%s' % (v[0], v[1], sys.abiflags), "
    "sys.executable, sep='\\n')\n";

static int start(pid_t *ret_pid, char *const *words, int output)
{
    posix_spawn_file_actions_t actions;
    int r = -posix_spawn_file_actions_init(&actions);
    if (r < 0)
        return r;
    r = -posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (r == 0)
        r = -posix_spawn_file_actions_adddup2(&actions, output, 1);
    if (r == 0)
        r = -posix_spawn(ret_pid, words[0], &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    return r;
}

static void read_all(struct dz_buf *ret, int fd)
{
    char *room;
    ssize_t n;
    while ((room = dz_buf_room(ret, 1024)) && (n = read(fd, room, 1024)) > 0)
        ret->len += (size_t)n;
    dz_buf_put(ret, "", 1);
}

int dz_ask_words(struct dz_buf *ret, char *const *words)
{
    int ends[2];
    pid_t pid;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    int r = start(&pid, words, ends[1]);
    close(ends[1]);
    if (r == 0) {
        read_all(ret, ends[0]);
        waitpid(pid, NULL, 0);
    }
    close(ends[0]);
    return r;
}

int dz_ask(struct dz_buf *ret, const char *path, const char *code)
{
    return dz_ask_words(ret, (char *[]){(char *)path, "-c", (char *)code, NULL});
}

static char *take_line(char **at)
{
    size_t size = strcspn(*at, "\n");
    char *line = dz_memdup(*at, size);
    *at += size + ((*at)[size] == '\n');
    return line;
}

int dz_ask_python(struct dz_answer *ret, const char *path, struct dz_err *err)
{
    *ret = (struct dz_answer){0};
    dz_autobuf struct dz_buf said = {0};
    int r = dz_ask(&said, path, question);
    if (r < 0)
        return dz_fail(err, r, "cannot run '%s'", path);
    if (!dz_buf_ok(&said))
        return dz_fail(err, -ENOMEM, "cannot run '%s'", path);
    char *at = said.data;
    *ret = (struct dz_answer){
        .implementation = take_line(&at), .version = take_line(&at), .executable = take_line(&at)};
    int is_whole = ret->implementation && ret->version && ret->executable;
    if (is_whole && *ret->executable)
        return 0;
    dz_answer_free(ret);
    if (!is_whole)
        return dz_fail(err, -ENOMEM, "cannot keep what '%s' says", path);
    return dz_fail(err, -ENOEXEC, "'%s' does not say which python it is", path);
}

void dz_answer_free(struct dz_answer *answer)
{
    dz_free(answer->implementation);
    dz_free(answer->version);
    dz_free(answer->executable);
    *answer = (struct dz_answer){0};
}
