#include "trial.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../base/file.h"
#include "../base/mem.h"
#include "../baselines.h"
#include "../path.h"
#include "state.h"

/* ---- folders ---- */

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *ftw)
{
    (void)status, (void)kind, (void)ftw;
    /* What cannot be removed is named by nobody: the folder stays, and the next one tries again. */
    remove(path);
    return 0;
}

static void remove_all(const char *folder)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* -1 where another one holds it. */
static int take_lock(const char *folder)
{
    dz_auto char *path = dz_path_fmt("%s/lock", folder);
    int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666) : -1;
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
        close(fd);
        return -1;
    }
    return fd;
}

/* One that was begun this very moment has no lock yet: young ones stay. */
static int is_left(const char *path)
{
    enum { YOUNG_S = 60 };
    struct stat status;
    if (lstat(path, &status) < 0 || !S_ISDIR(status.st_mode) ||
        time(NULL) - status.st_mtime < YOUNG_S)
        return 0;
    int lock = take_lock(path);
    if (lock < 0)
        return 0;
    close(lock);
    return 1;
}

static void sweep(const char *above)
{
    DIR *folder = opendir(above);
    for (struct dirent *found; folder && (found = readdir(folder));) {
        dz_auto char *path =
            *found->d_name == '.' ? NULL : dz_path_fmt("%s/%s", above, found->d_name);
        if (path && is_left(path))
            remove_all(path);
    }
    if (folder)
        closedir(folder);
}

/* Where no job has run yet there is none. */
static int find_state(struct dz_trials *trials, struct dz_err *err)
{
    struct dz_err none;
    trials->state = dz_state_find(&none);
    if (!trials->state) {
        dz_auto char *here = dz_path_real(".");
        trials->state = here ? dz_path_fmt("%s/.dagz", here) : NULL;
    }
    return trials->state ? 0 : dz_fail(err, -ENOMEM, "cannot name the state's folder");
}

static int try_own(struct dz_trials *trials, struct dz_err *err)
{
    dz_auto char *above = dz_path_fmt("%s/discover", trials->state);
    int r = dz_file_make_folder(trials->state, err);
    if (r < 0 || (r = dz_file_make_folder(above, err)) < 0)
        return r;
    sweep(above);
    dz_free(trials->folder);
    trials->folder = dz_path_fmt("%s/XXXXXX", above);
    if (!trials->folder)
        return dz_fail(err, -ENOMEM, "cannot name a folder");
    if (mkdtemp(trials->folder))
        return 0;
    r = dz_fail(err, -errno, "cannot make a folder in '%s'", above);
    dz_free(trials->folder);
    trials->folder = NULL;
    return r;
}

/* Another one that ends in this moment takes away what is empty. */
static int make_own(struct dz_trials *trials, struct dz_err *err)
{
    enum { TRIES = 100 };
    int r = -ENOENT;
    for (int i = 0; i < TRIES && r == -ENOENT; i++)
        r = try_own(trials, err);
    if (r == 0)
        trials->lock = take_lock(trials->folder);
    return r;
}

/* The user's, where there are some: they are of contents, and not cut again. */
static int find_sheets(struct dz_trials *trials, struct dz_err *err)
{
    trials->sheets = dz_path_fmt("%s/sheets", trials->state);
    if (trials->sheets && dz_path_exists(trials->sheets))
        return 0;
    dz_free(trials->sheets);
    trials->sheets = dz_path_fmt("%s/sheets", trials->folder);
    return dz_file_make_folder(trials->sheets, err);
}

/* ---- signals ---- */

static volatile sig_atomic_t running, interrupted;

/* The terminal has told the job as well. */
static void pass_on(int number, siginfo_t *info, void *context)
{
    (void)context;
    interrupted = 1;
    if (running > 1 && info->si_code != SI_KERNEL)
        kill(running, number);
}

static const int passed_on[] = {SIGINT, SIGTERM, SIGHUP};

static void take_signals(void)
{
    struct sigaction action = {.sa_sigaction = pass_on, .sa_flags = SA_SIGINFO};
    for (size_t i = 0; i < sizeof passed_on / sizeof *passed_on; i++)
        sigaction(passed_on[i], &action, NULL);
}

/* ---- beginning and end ---- */

/* Beside us under the name that it is called by: it is that name's meaning that it is no command. */
static char *find_program(const struct dz_python *python)
{
    dz_auto char *folder = dz_path_folder(python->self);
    char *beside = folder ? dz_path_fmt("%s/dagz-python", folder) : NULL;
    return beside && dz_path_exists(beside) ? beside : (dz_free(beside), dz_strdup(python->self));
}

int dz_trials_open(struct dz_trials *ret, const struct dz_python *python, struct dz_err *err)
{
    *ret = (struct dz_trials){.python = python, .lock = -1, .program = find_program(python)};
    if (!ret->program)
        return dz_fail(err, -ENOMEM, "cannot tell where dagz-python lies");
    int r = find_state(ret, err);
    if (r == 0)
        r = make_own(ret, err);
    if (r == 0)
        r = find_sheets(ret, err);
    if (r == 0)
        take_signals();
    return r;
}

/* Folders above go where nothing is in them: another one's, or a job's that has begun since, keeps them. */
void dz_trials_close(struct dz_trials *trials)
{
    dz_auto char *above = trials->state ? dz_path_fmt("%s/discover", trials->state) : NULL;
    if (trials->folder)
        remove_all(trials->folder);
    if (trials->lock >= 0)
        close(trials->lock);
    if (above)
        rmdir(above);
    if (trials->state && strcmp(dz_path_name(trials->state), ".dagz") == 0)
        rmdir(trials->state);
    dz_free(trials->state);
    dz_free(trials->folder);
    dz_free(trials->program);
    dz_free(trials->sheets);
    *trials = (struct dz_trials){.lock = -1};
}

/* ---- one job ---- */

static unsigned count(char *const *list)
{
    unsigned n = 0;
    while (list && list[n])
        n++;
    return n;
}

/* To be freed as one: the strings are lent. */
static char **list_words(const struct dz_trials *trials, char *const *options,
                         const char *const *ours, char *cache)
{
    unsigned n = 0;
    char **words = dz_alloc((count(options) + count((char *const *)ours) + 8) * sizeof *words);
    if (!words)
        return NULL;
    words[n++] = trials->program;
    words[n++] = "-m";
    words[n++] = "pytest";
    for (unsigned i = 0; options[i]; i++)
        words[n++] = options[i];
    for (unsigned i = 0; ours[i]; i++)
        words[n++] = (char *)ours[i];
    words[n++] = "-o";
    words[n++] = cache;
    return words;
}

static void become(const struct dz_trials *trials, const char *state, char **words, int output)
{
    int input = open("/dev/null", O_RDONLY);
    /* Should we be killed, it ends in order. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (input < 0 || dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0 ||
        setenv("DAGZ_DIR", state, 1) < 0 ||
        setenv("DAGZ_PYTHON", trials->python->executable, 1) < 0)
        _exit(DZ_TRIAL_NOT_STARTED);
    if (input > 2)
        close(input);
    execv(trials->program, words);
    _exit(DZ_TRIAL_NOT_STARTED);
}

static int wait_for(pid_t pid)
{
    int status;
    running = pid;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return 3;
    running = 0;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Without what the system says to a number that is only ours. */
static int refuse(struct dz_err *err, int code, const char *why)
{
    dz_fail(err, 0, "%s", why);
    return err->code = code;
}

static int execute(struct dz_trial *trial, const struct dz_trials *trials, char **words,
                   const char *said, struct dz_err *err)
{
    if (interrupted)
        return refuse(err, -EINTR, "interrupted");
    int output = said ? open(said, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;
    if (output < 0)
        return dz_fail(err, -errno, "cannot write into '%s'", trials->folder);
    pid_t pid = fork();
    if (pid == 0)
        become(trials, trial->state, words, output);
    int r = pid < 0 ? dz_fail(err, -errno, "cannot start a job") : 0;
    close(output);
    if (r == 0)
        trial->code = wait_for(pid);
    return r;
}

static const char nothing_observed[] = "nothing was observed, and nothing can be compared: is "
                                       "DAGZ_PROBE set, or the state's disk full?";

/* As it lies in the state: there is one of the branch, or none. */
static int read_graph(struct dz_trial *trial, const struct dz_trials *trials, struct dz_err *err)
{
    struct dz_baselines_wish wish = {
        .rootdir = ".", .state = trial->state, .python = trials->python->version};
    struct dz_baselines baselines;
    int r = dz_baselines_choose(&baselines, &wish, err);
    struct dz_baseline_file *file =
        r == 0 && baselines.n ? dz_baselines_open(baselines.found[0], err) : NULL;
    if (file)
        r = dz_baseline_read(dz_baselines_in(file), &trial->graph, err);
    else if (r == 0)
        r = refuse(err, -ENOENT, nothing_observed);
    dz_baselines_close(file);
    dz_baselines_free(&baselines);
    return r;
}

/* The front's log begins with it. */
static int read_rootdir(struct dz_trial *trial, const char *run, struct dz_err *err)
{
    struct dz_msg msg;
    dz_autobuf struct dz_buf log = {0};
    dz_auto char *path = dz_path_fmt("%s/front", run);
    int r = path ? dz_file_read(path, &log) : -ENOMEM;
    if (r < 0)
        return refuse(err, r, nothing_observed);
    if (dz_wire_take(log.data, log.len, &msg) <= 0 || msg.type != DZ_MSG_log)
        return dz_fail(err, -EBADMSG, "'%s' is no log", path);
    trial->rootdir = dz_memdup(msg.log.rootdir.at, msg.log.rootdir.size);
    return trial->rootdir ? 0 : dz_fail(err, -ENOMEM, "cannot read '%s'", path);
}

static int read_all(struct dz_trial *trial, const struct dz_trials *trials, struct dz_err *err)
{
    dz_auto char *run = dz_state_last_suite(trial->state, err);
    int r = run ? dz_told_read(&trial->told, run, err)
                : refuse(err, -ENOENT, "pytest has run no tests in a job");
    if (r == 0)
        r = read_rootdir(trial, run, err);
    if (r == 0)
        r = read_graph(trial, trials, err);
    if (r == 0)
        /* There is a log of each test, of 64 KB at least. */
        remove_all(run);
    return r;
}

/* 0: passed, 1: tests failed. What has ended otherwise has not run all. */
static int judge(const struct dz_trial *trial, struct dz_err *err)
{
    if (interrupted)
        return refuse(err, -EINTR, "interrupted");
    if (trial->code == 5)
        return refuse(err, -ENOENT, "no tests were collected");
    if (trial->code == DZ_TRIAL_NOT_STARTED)
        return refuse(err, -ENOEXEC, "dagz-python cannot be started");
    return trial->code > 1 ? refuse(err, -EIO, "pytest has not run the suite to its end") : 0;
}

static void show(const char *said)
{
    dz_autobuf struct dz_buf text = {0};
    if (dz_file_read(said, &text) == 0 && dz_buf_ok(&text) && text.len)
        fwrite(text.data, 1, text.len, stderr);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int make_state(const struct dz_trials *trials, const char *state, struct dz_err *err)
{
    dz_auto char *sheets = dz_path_fmt("%s/sheets", state);
    int r = dz_file_make_folder(state, err);
    if (r == 0 && (!sheets || symlink(trials->sheets, sheets) < 0))
        r = dz_fail(err, sheets ? -errno : -ENOMEM, "cannot make a link in '%s'", state);
    return r;
}

int dz_trial_run(struct dz_trial *ret, const struct dz_trials *trials, const char *name,
                 char *const *options, const char *const *ours, struct dz_err *err)
{
    double began = now();
    *ret = (struct dz_trial){.state = dz_path_fmt("%s/%s", trials->folder, name), .code = -1};
    dz_auto char *said = dz_path_fmt("%s/%s.txt", trials->folder, name);
    dz_auto char *cache = dz_path_fmt("cache_dir=%s/%s/cache", trials->folder, name);
    dz_auto char **words = cache ? list_words(trials, options, ours, cache) : NULL;
    if (!ret->state || !words || !said)
        return dz_fail(err, -ENOMEM, "cannot start a job");
    int r = make_state(trials, ret->state, err);
    if (r == 0)
        r = execute(ret, trials, words, said, err);
    if (r < 0)
        return r;
    r = judge(ret, err);
    if (r == 0)
        r = read_all(ret, trials, err);
    if (r < 0 && !interrupted)
        show(said);
    ret->seconds = now() - began;
    return r;
}

void dz_trial_free(struct dz_trial *trial)
{
    dz_told_free(&trial->told);
    dz_graph_free(&trial->graph);
    dz_free(trial->state);
    dz_free(trial->rootdir);
    *trial = (struct dz_trial){0};
}
