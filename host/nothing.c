/* It is looked for by a process beside the host, as the choice is: it reads what earlier jobs have kept, where others may
 * have written. Whatever it does not come to the end of is no answer, and pytest is asked.
 *
 * That process also says what is to be said, as its last act: one write, so that there is never half of it. */
#include "nothing.h"

#include "base/file.h"
#include "base/mem.h"
#include "choice.h"
#include "idle.h"
#include "invocation.h"
#include "path.h"
#include "record/junit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_S = 30, MOST_QUIET = 2, WIDTH = 80, LEAST_WIDTH = 40 };

struct nothing {
    const struct dz_python *python;
    uint64_t began_us;
    struct dz_invocation record;
    char *rootdir, *state, *base, *profile, *junit;
    struct dz_waivers waivers;
    struct dz_now *now;
    struct dz_buf frame;
    struct dz_msg_chosen chosen;
    uint64_t n; /* tests that are proved */
};

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* ---- the record ---- */

/* In the state that DAGZ_DIR names, else in that of the nearest folder above that has one of this command. */
static char *find_record(const char *name)
{
    const char *given = getenv("DAGZ_DIR");
    if (given && *given)
        return dz_path_fmt("%s/invocations/%s", given, name);
    char *folder = dz_path_real(".");
    while (folder) {
        char *path = dz_path_fmt("%s/.dagz/invocations/%s", folder, name);
        char *above = folder[1] ? dz_path_folder(folder) : NULL;
        dz_free(folder);
        if (path && dz_path_exists(path)) {
            dz_free(above);
            return path;
        }
        dz_free(path);
        folder = above;
    }
    return NULL;
}

/* STATE of STATE/invocations/NAME. */
static char *state_of(const char *path)
{
    dz_auto char *folder = dz_path_folder(path);
    return folder ? dz_path_folder(folder) : NULL;
}

static char *text_of(struct dz_bytes text)
{
    return dz_memdup(text.at, text.size);
}

static int take_texts(struct nothing *nothing, const char *path)
{
    const struct dz_msg_resolved *resolved = &nothing->record.resolved;
    nothing->state = state_of(path);
    nothing->rootdir = text_of(resolved->rootdir);
    nothing->base = text_of(resolved->base);
    nothing->profile = text_of(resolved->profile);
    nothing->junit = text_of(nothing->record.command.junit);
    return nothing->state && nothing->rootdir && nothing->base && nothing->profile &&
           nothing->junit;
}

/* The state is where a job of that rootdir would have it. */
static int is_at_home(const struct nothing *nothing)
{
    const struct dz_bytes dir = nothing->record.resolved.state_dir;
    dz_auto char *own = dir.size ? text_of(dir) : dz_path_fmt("%s/.dagz", nothing->rootdir);
    return own && *nothing->rootdir == '/' && dz_path_is_same(own, nothing->state);
}

static int is_as_it_was(struct nothing *nothing)
{
    struct dz_err err;
    struct dz_compared compared = {0};
    nothing->now = dz_now_new(nothing->python, nothing->rootdir, nothing->state, &err);
    /* What settings are read from has an absolute path in there, which `ignore` is not of. */
    if (nothing->now)
        dz_now_waive(nothing->now, &(struct dz_waivers){.ignore = nothing->waivers.ignore});
    int is = nothing->now &&
             dz_now_compare(nothing->now, &nothing->record.inputs, &compared, &err) == 0 &&
             dz_bits_next(&compared.changed, 0) == UINT32_MAX;
    dz_compared_free(&compared);
    return is;
}

static int find_command(struct nothing *nothing, const char *path)
{
    struct dz_err err;
    const struct dz_msg_resolved *resolved = &nothing->record.resolved;
    return dz_invocation_read(&nothing->record, path, &err) == 0 && !resolved->all &&
           !(resolved->audit > 0) &&
           dz_waivers_make(&nothing->waivers, resolved->ignore, resolved->external) == 0 &&
           take_texts(nothing, path) && is_at_home(nothing) && is_as_it_was(nothing);
}

/* ---- the choice ---- */

static int ask(struct nothing *nothing)
{
    struct dz_msg msg;
    struct dz_choice choice = {.python = nothing->python,
                               .rootdir = nothing->rootdir,
                               .state = nothing->state,
                               .base = nothing->base,
                               .profile = nothing->profile,
                               .waivers = nothing->waivers,
                               .now = nothing->now};
    memcpy(choice.key.bytes, nothing->record.resolved.key.at, sizeof choice.key.bytes);
    dz_choice_make(&choice, &nothing->frame);
    if (!dz_buf_ok(&nothing->frame) ||
        dz_wire_take(nothing->frame.data, nothing->frame.len, &msg) <= 0)
        return 0;
    nothing->chosen = msg.chosen;
    return msg.chosen.known;
}

static const char *next_name(struct dz_bytes names, const char *name)
{
    name += strlen(name) + 1;
    return name < names.at + names.size ? name : NULL;
}

static const char *first_name(struct dz_bytes names)
{
    return names.size && !names.at[names.size - 1] ? names.at : NULL;
}

/* By number of the file among those of the choice: how many of its tests are proved. */
static uint32_t count_of(const struct dz_msg_chosen *chosen, uint32_t number)
{
    uint32_t ret = 0;
    if ((number + 1) * sizeof ret <= chosen->counts.size)
        memcpy(&ret, chosen->counts.at + number * sizeof ret, sizeof ret);
    return ret;
}

static int list_files(const struct dz_msg_chosen *chosen, struct dz_strings *ret)
{
    for (const char *name = first_name(chosen->files); name; name = next_name(chosen->files, name))
        if (!dz_strings_add(ret, name, strlen(name)))
            return 0;
    return 1;
}

/* In each file that pytest would look into, nothing is to run. */
static int is_proved(struct nothing *nothing)
{
    const struct dz_bytes files = nothing->record.command.files;
    struct dz_strings proved = {0};
    int is = list_files(&nothing->chosen, &proved);
    for (const char *name = first_name(files); is && name; name = next_name(files, name)) {
        uint32_t number = dz_strings_find(&proved, name, strlen(name));
        is = number != 0;
        nothing->n += is ? count_of(&nothing->chosen, number - 1) : 0;
    }
    dz_strings_free(&proved);
    /* With no test at all it is pytest that knows what to say. */
    return is && nothing->n;
}

/* ---- what is said ---- */

static int is_set(const char *name, const char *value)
{
    const char *is = getenv(name);
    return is && *is && (!value || strcmp(is, value) == 0);
}

/* As pytest decides it (_pytest._io.terminalwriter.should_do_markup). */
static int has_colour(unsigned asked)
{
    if (asked)
        return asked == 1;
    if (is_set("PY_COLORS", "1") || is_set("PY_COLORS", "0"))
        return is_set("PY_COLORS", "1");
    if (is_set("NO_COLOR", NULL) || is_set("FORCE_COLOR", NULL))
        return !is_set("NO_COLOR", NULL);
    return isatty(STDOUT_FILENO) && !is_set("TERM", "dumb");
}

/* As python's shutil and pytest have it. */
static unsigned width_of_terminal(void)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    long width = columns ? strtol(columns, NULL, 10) : 0;
    if (width <= 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        width = size.ws_col;
    return width < LEAST_WIDTH || width > 10000 ? WIDTH : (unsigned)width;
}

static void put_line(struct dz_buf *to, char fill, const char *title)
{
    char sides[10001];
    size_t size = strlen(title), width = width_of_terminal();
    size_t n = width > size + 4 ? (width - size - 2) / 2 : 1;
    memset(sides, fill, n);
    dz_buf_fmt(to, "%.*s %s %.*s", (int)n, sides, title, (int)n, sides);
    if (2 * n + size + 3 <= width)
        dz_buf_put(to, &fill, 1);
}

static void put_block(const struct nothing *nothing, double seconds, struct dz_buf *to)
{
    const struct dz_msg_chosen *chosen = &nothing->chosen;
    put_line(to, '=', "DAGZ");
    dz_buf_fmt(to, "\nnothing to run, pytest was not started: %.2f s wall\n", seconds);
    dz_buf_fmt(to, "0 selected, %llu proved unaffected (%.*s)\n", (unsigned long long)nothing->n,
               (int)chosen->baselines.size, chosen->baselines.at);
    if (chosen->text.size)
        dz_buf_fmt(to, "  %.*s\n", (int)chosen->text.size, chosen->text.at);
}

static void put_last(const struct nothing *nothing, double seconds, struct dz_buf *to)
{
    const struct dz_msg_command *command = &nothing->record.command;
    char text[80];
    int colour = has_colour(command->color);
    snprintf(text, sizeof text, "%llu proved unaffected in %.2fs", (unsigned long long)nothing->n,
             seconds);
    if (command->quiet >= MOST_QUIET)
        return;
    dz_buf_str(to, colour ? "\033[32m" : "");
    if (command->quiet)
        dz_buf_str(to, text);
    else
        put_line(to, '=', text);
    dz_buf_str(to, colour ? "\033[0m\n" : "\n");
}

/* ---- junit ---- */

static int make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        int r = mkdir(path, 0777) < 0 && errno != EEXIST ? -errno : 0;
        *slash = '/';
        if (r < 0)
            return r;
    }
    return 0;
}

static int write_junit(struct nothing *nothing)
{
    char host[256] = "", when[64], zone[8];
    struct dz_err err;
    time_t now = time(NULL);
    struct tm local;
    gethostname(host, sizeof host - 1);
    localtime_r(&now, &local);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &local);
    strftime(zone, sizeof zone, "%z", &local);
    snprintf(when + strlen(when), sizeof when - strlen(when), ".000000%.3s:%.2s", zone, zone + 3);
    return make_folders(nothing->junit) == 0 &&
           dz_junit_write_none(nothing->junit, now_us() - nothing->began_us, when, host, &err) == 0;
}

/* ---- the process ---- */

static int say(struct nothing *nothing)
{
    dz_autobuf struct dz_buf text = {0};
    if (*nothing->junit && !write_junit(nothing))
        return 0;
    /* For `dagz last`. Where it cannot be written, nothing is lost but that. */
    dz_idle_keep(nothing->state, &nothing->chosen, (uint32_t)nothing->n);
    double seconds = (double)(now_us() - nothing->began_us) / 1e6;
    /* Under -q nothing stands before it, and pytest leaves a line. */
    dz_buf_str(&text, nothing->record.command.quiet ? "\n" : "");
    if (*nothing->junit && !nothing->record.command.quiet) {
        dz_auto char *title = dz_path_fmt("generated xml file: %s", nothing->junit);
        put_line(&text, '-', title ? title : "");
        dz_buf_str(&text, "\n");
    }
    put_block(nothing, seconds, &text);
    put_last(nothing, seconds, &text);
    return dz_buf_ok(&text) && dz_file_write_all(STDOUT_FILENO, text.data, text.len) == 0;
}

static void free_all(struct nothing *nothing)
{
    dz_now_free(nothing->now);
    dz_invocation_free(&nothing->record);
    dz_buf_free(&nothing->frame);
    dz_free(nothing->rootdir);
    dz_free(nothing->state);
    dz_free(nothing->base);
    dz_free(nothing->profile);
    dz_free(nothing->junit);
}

static int look(const struct dz_python *python, uint64_t began_us, const char *path)
{
    struct nothing nothing = {.python = python, .began_us = began_us};
    int done =
        find_command(&nothing, path) && ask(&nothing) && is_proved(&nothing) && say(&nothing);
    free_all(&nothing);
    return done;
}

/* ---- and who waits for it ---- */

static int wait_for(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return 0;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int dz_nothing_is_to_run(const struct dz_python *python, int argc, char **argv)
{
    uint64_t began_us = now_us();
    dz_auto char *name = dz_invocation_name(python, argc, argv);
    dz_auto char *path = name ? find_record(name) : NULL;
    if (!path || !dz_path_exists(path))
        return 0;
    fflush(NULL);
    /* Ignored, as some parents leave it, it would keep us from learning how it ends. */
    signal(SIGCHLD, SIG_DFL);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_NAME, "dagz-nothing");
        alarm(PATIENCE_S);
        _exit(!look(python, began_us, path));
    }
    return pid > 0 && wait_for(pid);
}
