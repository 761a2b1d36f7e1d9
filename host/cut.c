/* The parent of role `cut`. One file is out at a time with each process: so it is known which one a process died of or
 * hangs at, and that file alone has no sheet. Sheets are not synced: they cost little to make again, and carry a check. */
#include "cut.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/chan.h"
#include "base/cores.h"
#include "base/file.h"
#include "base/mem.h"
#include "look.h"
#include "path.h"
#include "record/sheets.h"

enum {
    LONGEST_MS = 30000,     /* for one file: the largest sources there are take some seconds */
    FILES_PER_PROCESS = 25, /* a start costs about as much as these */
    MOST_PROCESSES = 64,
    MOST_BARREN = 3, /* processes in a row that die before they have answered anything */
};

struct cutter {
    pid_t pid; /* 0: none */
    struct dz_chan chan;
    struct dz_cut_file *file; /* what it is at, or NULL */
    int64_t deadline_ms;
};

struct cutting {
    const struct dz_python *python;
    const char *state;
    struct dz_cut_file *files;
    size_t n, next;
    struct cutter cutters[MOST_PROCESSES];
    unsigned n_cutters, barren;
    struct dz_err *err;
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- files ---- */

int dz_cut_hash(const char *path, uint8_t ret[16])
{
    struct dz_look look;
    int r = dz_look_take(path, &look);
    if (r == 0)
        memcpy(ret, look.content.bytes, sizeof look.content.bytes);
    return r;
}

static int is_kept(const struct cutting *cutting, const struct dz_cut_file *file)
{
    struct dz_err err;
    struct dz_sheet *sheet =
        dz_sheets_read(cutting->state, cutting->python->version, file->hash, &err);
    dz_sheet_free(sheet);
    return sheet != NULL;
}

/* Whether these bytes are the sheet of that content, for that python. */
static int is_sheet_of(const struct dz_bytes *bytes, const struct cutting *cutting,
                       const struct dz_cut_file *file)
{
    struct dz_err err;
    struct dz_sheet *sheet =
        dz_sheets_new(bytes->at, bytes->size, cutting->python->version, file->hash, &err);
    dz_sheet_free(sheet);
    return sheet != NULL;
}

static int make_folder(const char *path)
{
    return mkdir(path, 0777) < 0 && errno != EEXIST ? -errno : 0;
}

static int make_folders(const struct cutting *cutting)
{
    dz_auto char *sheets = dz_path_fmt("%s/sheets", cutting->state);
    dz_auto char *minor = dz_path_fmt("%s/sheets/%s", cutting->state, cutting->python->version);
    if (!sheets || !minor)
        return dz_fail(cutting->err, -ENOMEM, "no memory for sheets");
    int r = make_folder(sheets);
    if (r == 0)
        r = make_folder(minor);
    return r < 0 ? dz_fail(cutting->err, r, "cannot make '%s'", minor) : 0;
}

__attribute__((format(printf, 3, 4))) static void
settle(struct dz_cut_file *file, enum dz_cut_outcome outcome, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char text[1024];
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    file->outcome = outcome;
    dz_free(file->text);
    file->text = outcome == DZ_CUT_IS_THERE ? NULL : dz_strdup(text);
}

/* ---- processes ---- */

__attribute__((noreturn)) static void become(struct cutting *cutting, int socket)
{
    static char *argv[] = {"dagz-cut", "-I", "-S", "-B", "-W", "ignore", NULL};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, argv[0]);
    for (unsigned i = 0; i < cutting->n_cutters; i++)
        if (cutting->cutters[i].pid)
            close(cutting->cutters[i].chan.fd);
    struct dz_heritage heritage = {.role = DZ_ROLE_CUT,
                                   .socket = socket,
                                   .executable = cutting->python->self,
                                   .python = cutting->python->executable};
    struct dz_err err;
    int status = dz_python_enter(cutting->python, &heritage, (int)(sizeof argv / sizeof *argv) - 1,
                                 argv, &err);
    if (status < 0)
        fprintf(stderr, "dagz: %s\n", err.text);
    fflush(NULL);
    _exit(status < 0 ? 78 : status);
}

static int start(struct cutting *cutting, struct cutter *cutter)
{
    int fds[2];
    int r = dz_chan_pair(fds);
    if (r < 0)
        return dz_fail(cutting->err, r, "cannot make a socket for a process that cuts sources");
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        become(cutting, fds[1]);
    }
    r = -errno;
    close(fds[1]);
    if (pid < 0) {
        close(fds[0]);
        return dz_fail(cutting->err, r, "cannot fork a process that cuts sources");
    }
    dz_chan_init(&cutter->chan, fds[0]);
    cutter->pid = pid;
    return 0;
}

/* Its status, after its end. */
static int end(struct cutter *cutter, int signal)
{
    int status = 0;
    if (!cutter->pid)
        return 0;
    dz_chan_close(&cutter->chan);
    if (signal)
        kill(cutter->pid, signal);
    while (waitpid(cutter->pid, &status, 0) < 0 && errno == EINTR)
        ;
    *cutter = (struct cutter){.chan = {.fd = -1}};
    return status;
}

/* The file that it was at has no sheet; the next gets a new process. */
static int bury(struct cutting *cutting, struct cutter *cutter, const char *reason)
{
    struct dz_cut_file *file = cutter->file;
    int status = end(cutter, SIGKILL);
    if (reason)
        settle(file, DZ_CUT_IS_FAILED, "%s", reason);
    else if (WIFSIGNALED(status))
        settle(file, DZ_CUT_IS_FAILED, "the process that parsed it was ended by signal %d (%s)",
               WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        settle(file, DZ_CUT_IS_FAILED, "the process that parsed it left with exit code %d",
               WEXITSTATUS(status));
    if (++cutting->barren < MOST_BARREN)
        return 0;
    return dz_fail(cutting->err, -ECHILD, "cannot cut sources with '%s': '%s': %s",
                   cutting->python->executable, file->path, file->text ? file->text : "");
}

/* ---- the dialogue ---- */

static void take_sheet(struct cutting *cutting, struct dz_cut_file *file,
                       const struct dz_bytes *sheet)
{
    dz_auto char *path = dz_sheets_path(cutting->state, cutting->python->version, file->hash);
    if (!path)
        settle(file, DZ_CUT_IS_FAILED, "no memory");
    else if (!is_sheet_of(sheet, cutting, file))
        settle(file, DZ_CUT_IS_FAILED, "the process that parsed it gave a wrong sheet");
    else {
        int r = dz_file_put(path, sheet->at, sheet->size);
        if (r < 0)
            settle(file, DZ_CUT_IS_FAILED, "cannot write '%s': %s", path, strerror(-r));
        else
            settle(file, DZ_CUT_IS_THERE, "%s", "");
    }
}

static int take_answer(struct cutting *cutting, struct cutter *cutter, const struct dz_msg *msg)
{
    struct dz_cut_file *file = cutter->file;
    const struct dz_msg_sheet *answer = &msg->sheet;
    int size = answer->text.size < 900 ? (int)answer->text.size : 900;
    if (msg->type != DZ_MSG_sheet || answer->answer > DZ_CUT_FAILED)
        return bury(cutting, cutter, "the process that parsed it talks nonsense");
    if (answer->answer == DZ_CUT_SHEET)
        take_sheet(cutting, file, &answer->sheet);
    else
        settle(file,
               answer->answer == DZ_CUT_CHANGED ? DZ_CUT_IS_CHANGED
               : answer->answer == DZ_CUT_GONE  ? DZ_CUT_IS_GONE
                                                : DZ_CUT_IS_FAILED,
               "%.*s", (int)strnlen(answer->text.at, (size_t)size), answer->text.at);
    cutting->barren = 0;
    cutter->file = NULL;
    return 0;
}

static int hear(struct cutting *cutting, struct cutter *cutter)
{
    struct dz_msg msg;
    long n = dz_chan_fill(&cutter->chan);
    if (n == -EINTR || n == -EAGAIN)
        return 0;
    if (n <= 0)
        return bury(cutting, cutter, NULL);
    int r = dz_chan_take(&cutter->chan, &msg);
    if (r < 0)
        return bury(cutting, cutter, "the process that parsed it talks nonsense");
    return r ? take_answer(cutting, cutter, &msg) : 0;
}

static int give(struct cutting *cutting, struct cutter *cutter, struct dz_cut_file *file)
{
    int r = cutter->pid ? 0 : start(cutting, cutter);
    if (r < 0)
        return r;
    struct dz_msg order = {
        .type = DZ_MSG_cut,
        .cut = {dz_bytes(file->path, strlen(file->path)), dz_bytes(file->hash, sizeof file->hash)}};
    cutter->file = file;
    cutter->deadline_ms = now_ms() + LONGEST_MS;
    dz_chan_put(&cutter->chan, &order);
    /* Where it has died meanwhile, its end is heard next. */
    dz_chan_flush(&cutter->chan);
    return 0;
}

/* ---- all of them ---- */

static struct dz_cut_file *next_file(struct cutting *cutting)
{
    while (cutting->next < cutting->n) {
        struct dz_cut_file *file = &cutting->files[cutting->next++];
        if (file->outcome != DZ_CUT_IS_THERE)
            return file;
    }
    return NULL;
}

/* How many are at work. */
static int give_all(struct cutting *cutting)
{
    int busy = 0;
    for (unsigned i = 0; i < cutting->n_cutters; i++) {
        struct cutter *cutter = &cutting->cutters[i];
        struct dz_cut_file *file = cutter->file ? NULL : next_file(cutting);
        int r = file ? give(cutting, cutter, file) : 0;
        if (r < 0)
            return r;
        busy += cutter->file != NULL;
    }
    return busy;
}

static int wait_for_answers(struct cutting *cutting)
{
    struct pollfd fds[MOST_PROCESSES];
    int64_t now = now_ms(), left = LONGEST_MS;
    for (unsigned i = 0; i < cutting->n_cutters; i++) {
        const struct cutter *cutter = &cutting->cutters[i];
        fds[i] = (struct pollfd){cutter->file ? cutter->chan.fd : -1, POLLIN, 0};
        if (cutter->file && cutter->deadline_ms - now < left)
            left = cutter->deadline_ms - now;
    }
    if (poll(fds, cutting->n_cutters, left > 0 ? (int)left : 0) < 0 && errno != EINTR)
        return dz_fail(cutting->err, -errno, "cannot wait for processes that cut sources");
    now = now_ms();
    for (unsigned i = 0; i < cutting->n_cutters; i++) {
        struct cutter *cutter = &cutting->cutters[i];
        int r = 0;
        if (fds[i].revents)
            r = hear(cutting, cutter);
        else if (cutter->file && now >= cutter->deadline_ms)
            r = bury(cutting, cutter, "parsing it takes longer than half a minute");
        if (r < 0)
            return r;
    }
    return 0;
}

static size_t count_missing(struct cutting *cutting)
{
    size_t n = 0;
    for (size_t i = 0; i < cutting->n; i++) {
        struct dz_cut_file *file = &cutting->files[i];
        file->text = NULL;
        file->outcome = is_kept(cutting, file) ? DZ_CUT_IS_THERE : DZ_CUT_IS_FAILED;
        n += file->outcome != DZ_CUT_IS_THERE;
    }
    return n;
}

static unsigned processes_for(size_t missing)
{
    size_t n = (missing + FILES_PER_PROCESS - 1) / FILES_PER_PROCESS;
    unsigned cores = dz_cores();
    if (n > cores)
        n = cores;
    return n > MOST_PROCESSES ? MOST_PROCESSES : (unsigned)n;
}

static int run(struct cutting *cutting)
{
    for (;;) {
        int busy = give_all(cutting);
        if (busy <= 0)
            return busy;
        int r = wait_for_answers(cutting);
        if (r < 0)
            return r;
    }
}

int dz_cut(const struct dz_python *python, const char *state, struct dz_cut_file *files, size_t n,
           struct dz_err *err)
{
    struct cutting *cutting = dz_alloc(sizeof *cutting);
    if (!cutting)
        return dz_fail(err, -ENOMEM, "no memory to cut sources");
    *cutting =
        (struct cutting){.python = python, .state = state, .files = files, .n = n, .err = err};
    size_t missing = count_missing(cutting);
    cutting->n_cutters = processes_for(missing);
    int r = missing ? make_folders(cutting) : 0;
    if (r == 0)
        r = run(cutting);
    for (unsigned i = 0; i < cutting->n_cutters; i++)
        end(&cutting->cutters[i], cutting->cutters[i].file ? SIGKILL : 0);
    dz_free(cutting);
    return r;
}

void dz_cut_free(struct dz_cut_file *files, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        dz_free(files[i].text);
        files[i].text = NULL;
    }
}
