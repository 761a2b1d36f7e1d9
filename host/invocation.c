/* The form of a record: "DAGZinv\n", the language of the wire (64 bits), XXH3-64 of the rest, the frames `resolved` and
 * `command` as the front has told them, and a baseline that has inputs and looks only. No form of its own: what reads it is
 * what is fuzzed already.
 *
 * Paths in it are absolute, and the working directory is in its name: in a tree that was moved pytest may find other settings
 * above it, so it is asked once more there. */
#include "invocation.h"

#include "base/bits.h"
#include "base/file.h"
#include "base/mem.h"
#include "listing.h"
#include "now.h"
#include "path.h"
#include "record/baseline.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define MAGIC "DAGZinv\n"

enum { HEAD_SIZE = 24, MOST_RECORDS = 32, KEPT_S = 90 * 86400, DAY_S = 86400 };

/* ---- the name ---- */

/* What decides before pytest looks at anything else. What plugins and conftests read is seen, and among the inputs. */
static int is_of_command(const char *entry)
{
    static const char *const beginnings[] = {"PYTHON",
                                             "PYTEST_",
                                             "DAGZ",
                                             "LC_",
                                             "LD_",
                                             "LANG=",
                                             "TZ=",
                                             "LANGUAGE=",
                                             "VIRTUAL_ENV=",
                                             "HOME=",
                                             "PY_IGNORE_IMPORTMISMATCH="};
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (strncmp(entry, beginnings[i], strlen(beginnings[i])) == 0)
            return 1;
    return 0;
}

/* In whatever order. */
static XXH64_hash_t hash_variables(void)
{
    XXH64_hash_t sum = 0;
    for (char **entry = environ; entry && *entry; entry++)
        if (is_of_command(*entry))
            sum += XXH3_64bits(*entry, strlen(*entry));
    return sum;
}

static void put_text(struct dz_buf *to, const char *text)
{
    dz_buf_put(to, text, strlen(text) + 1);
}

char *dz_invocation_name(const struct dz_python *python, int argc, char **argv)
{
    dz_autobuf struct dz_buf text = {0};
    dz_auto char *folder = dz_path_absolute(".");
    XXH64_hash_t variables = hash_variables();
    put_text(&text, folder ? folder : "");
    put_text(&text, python->executable);
    put_text(&text, python->self);
    dz_buf_put(&text, &variables, sizeof variables);
    for (int i = 1; i < argc; i++)
        put_text(&text, argv[i]);
    if (!folder || !dz_buf_ok(&text))
        return NULL;
    XXH128_hash_t hash = XXH3_128bits(text.data, text.len);
    return dz_path_fmt("%016llx%016llx", (unsigned long long)hash.high64,
                       (unsigned long long)hash.low64);
}

/* ---- what the command depends on ---- */

struct writing {
    const struct dz_invoking *of;
    struct dz_msg_command command;
    struct dz_now *now;
    struct dz_graph graph;
    struct dz_bits looked;
    struct dz_strings seen; /* folders that pytest has met */
};

static int is_later(const struct writing *writing, int64_t at_ns)
{
    return at_ns > writing->of->began_ns;
}

static uint32_t add_string(struct writing *writing, const char *text)
{
    return dz_strings_add(&writing->graph.strings, text, strlen(text));
}

static int append_input(struct writing *writing, const struct dz_input *input)
{
    struct dz_graph *graph = &writing->graph;
    if (!dz_has_room(&graph->inputs, graph->n_inputs, &graph->cap_inputs, sizeof *graph->inputs))
        return -ENOMEM;
    graph->inputs[graph->n_inputs++] = *input;
    return 1;
}

/* Of a path whose content counts, once. 0 where it may not be what was read. */
static int append_look(struct writing *writing, uint32_t path, int is_exact)
{
    struct dz_graph *graph = &writing->graph;
    struct dz_look look = {.path = path, .is_exact = (uint16_t)is_exact};
    if (dz_bits_has(&writing->looked, path))
        return 1;
    if (dz_now_look(writing->now, dz_strings_text(&graph->strings, path), &look) < 0)
        return 1;
    if (is_later(writing, look.mtime_ns) || is_later(writing, look.ctime_ns))
        return 0;
    if (dz_bits_set(&writing->looked, path) < 0 ||
        !dz_has_room(&graph->looks, graph->n_looks, &graph->cap_looks, sizeof *graph->looks))
        return -ENOMEM;
    graph->looks[graph->n_looks++] = look;
    return 1;
}

/* ---- what the load has met ---- */

static int copy_input(struct writing *writing, uint32_t number)
{
    const struct dz_graph *from = writing->of->graph;
    struct dz_input input = from->inputs[number];
    const char *path = dz_strings_text(&from->strings, input.path);
    const char *name = dz_strings_text(&from->strings, input.name);
    if (input.kind == DZ_INPUT_UNPROVABLE)
        return 0;
    if ((input.path && !(input.path = add_string(writing, path))) ||
        (input.name && !(input.name = add_string(writing, name))))
        return -ENOMEM;
    return append_input(writing, &input);
}

/* Of what the load has read. Where there is none, the content cannot be told apart. */
static int copy_looks(struct writing *writing)
{
    const struct dz_graph *from = writing->of->graph;
    struct dz_graph *graph = &writing->graph;
    for (uint32_t i = 0; i < from->n_looks; i++) {
        struct dz_look look = from->looks[i];
        const char *path = dz_strings_text(&from->strings, look.path);
        look.path = dz_strings_find(&graph->strings, path, strlen(path));
        if (!look.path)
            continue;
        if (dz_bits_set(&writing->looked, look.path) < 0 ||
            !dz_has_room(&graph->looks, graph->n_looks, &graph->cap_looks, sizeof *graph->looks))
            return -ENOMEM;
        graph->looks[graph->n_looks++] = look;
    }
    return 1;
}

static int take_load(struct writing *writing)
{
    struct dz_bits inputs = {0};
    const struct dz_invoking *of = writing->of;
    int r = dz_graph_inputs(of->graph, of->load, &inputs) < 0 ? -ENOMEM : 1;
    for (uint32_t i = 0; r > 0 && (i = dz_bits_next(&inputs, i)) != UINT32_MAX; i++)
        r = copy_input(writing, i);
    dz_bits_free(&inputs);
    return r > 0 ? copy_looks(writing) : r;
}

/* ---- what the front has told of ---- */

/* 0 where it cannot be had. */
static int add_input(struct writing *writing, enum dz_input_kind kind, uint32_t of,
                     const char *path, const char *name)
{
    struct dz_input input = {.kind = kind, .of = of};
    if ((*path && !(input.path = add_string(writing, path))) ||
        (*name && !(input.name = add_string(writing, name))))
        return -ENOMEM;
    if (dz_now_fingerprint(writing->now, &writing->graph.strings, &input, &input.fingerprint) < 0)
        return 0;
    return append_input(writing, &input);
}

static int is_absent(const struct writing *writing)
{
    const struct dz_graph *graph = &writing->graph;
    return memcmp(&graph->inputs[graph->n_inputs - 1].fingerprint, &dz_absent, sizeof dz_absent) ==
           0;
}

static int add_content(struct writing *writing, const char *path)
{
    int r = add_input(writing, DZ_INPUT_CONTENT, 0, path, "");
    if (r <= 0)
        return r;
    uint32_t text = writing->graph.inputs[writing->graph.n_inputs - 1].path;
    return is_absent(writing) ? 0 : append_look(writing, text, 0);
}

static int add_absent(struct writing *writing, const char *path)
{
    int r = add_input(writing, DZ_INPUT_ABSENT, 0, path, "");
    return r > 0 && !is_absent(writing) ? 0 : r;
}

static int add_listing(struct writing *writing, const char *path)
{
    return add_input(writing, DZ_INPUT_NAMES, DZ_NAMES_ALL, path, "");
}

static int add_place(struct writing *writing, const char *path)
{
    return add_input(writing, DZ_INPUT_PLACE, 0, path, "");
}

/* What came while the job ran, pytest may not have seen. A folder changes with what is in it: it counts as seen where pytest
 * has met it. */
static int is_seen(const struct writing *writing, const char *folder,
                   const struct dz_listed *listed)
{
    struct stat status;
    dz_auto char *path = dz_path_fmt("%s/%s", folder, listed->name);
    if (!path || lstat(path, &status) < 0)
        return 0;
    int64_t ns = (int64_t)status.st_ctim.tv_sec * 1000000000 + status.st_ctim.tv_nsec;
    return !is_later(writing, ns) ||
           (!S_ISREG(status.st_mode) && dz_strings_find(&writing->seen, path, strlen(path)));
}

static int add_folder(struct writing *writing, const char *path)
{
    struct dz_listing listing;
    int any = writing->command.any, r = 1;
    if (dz_listing_read(path, &listing) < 0)
        return 0;
    for (unsigned i = 0; r && i < listing.n; i++)
        r = (!any && !dz_listed_may_be_tests(&listing.all[i])) ||
            is_seen(writing, path, &listing.all[i]);
    dz_listing_free(&listing);
    return r ? add_input(writing, DZ_INPUT_NAMES, any ? DZ_NAMES_ALL : DZ_NAMES_OF_TESTS, path, "")
             : 0;
}

static int note_seen(struct writing *writing, const char *path)
{
    return dz_strings_add(&writing->seen, path, strlen(path)) ? 1 : -ENOMEM;
}

typedef int each(struct writing *writing, const char *path);

static int for_each(struct writing *writing, struct dz_bytes names, each *each)
{
    int r = names.size && names.at[names.size - 1] ? 0 : 1;
    for (uint32_t at = 0; r > 0 && at < names.size; at += (uint32_t)strlen(names.at + at) + 1)
        r = *(names.at + at) == '/' ? each(writing, names.at + at) : 0;
    return r;
}

/* The python itself, and us. A library of which only the loader knows where it lies is among the front's. */
static int take_python(struct writing *writing)
{
    const struct dz_python *python = writing->of->python;
    const char *const files[] = {python->binary, python->library, python->shim, python->self};
    int r = 1;
    for (size_t i = 0; r > 0 && i < sizeof files / sizeof *files; i++)
        if (files[i] && *files[i] == '/')
            r = add_content(writing, files[i]);
    return r > 0 ? add_input(writing, DZ_INPUT_DISTRIBUTION, 0, "", "*") : r;
}

static int take_told(struct writing *writing)
{
    const struct dz_msg_command *command = &writing->command;
    int r = for_each(writing, command->passed, note_seen);
    if (r > 0)
        r = for_each(writing, command->folders, note_seen);
    if (r > 0)
        r = for_each(writing, command->folders, add_folder);
    if (r > 0)
        r = for_each(writing, command->contents, add_content);
    if (r > 0)
        r = for_each(writing, command->absent, add_absent);
    if (r > 0)
        r = for_each(writing, command->listings, add_listing);
    return r > 0 ? for_each(writing, command->places, add_place) : r;
}

/* ---- writing ---- */

static int gather(struct writing *writing)
{
    struct dz_err err;
    const struct dz_invoking *of = writing->of;
    writing->now = dz_now_new(of->python, of->rootdir, of->state, &err);
    int r = writing->now ? take_load(writing) : -ENOMEM;
    if (r > 0)
        r = take_python(writing);
    return r > 0 ? take_told(writing) : r;
}

static int put_all(const struct writing *writing, const struct dz_fingerprint *key,
                   struct dz_buf *to)
{
    const struct dz_invoking *of = writing->of;
    uint64_t version = dz_wire_version(), check = 0;
    dz_buf_str(to, MAGIC);
    dz_buf_put(to, &version, sizeof version);
    dz_buf_put(to, &check, sizeof check);
    dz_buf_put(to, of->resolved.at, of->resolved.size);
    dz_buf_put(to, of->command.at, of->command.size);
    dz_autobuf struct dz_buf inputs = {0};
    if (dz_baseline_write(&writing->graph, key, &inputs) < 0)
        return -ENOMEM;
    dz_buf_put(to, inputs.data, inputs.len);
    if (!dz_buf_ok(to))
        return -ENOMEM;
    check = XXH3_64bits(to->data + HEAD_SIZE, to->len - HEAD_SIZE);
    memcpy(to->data + 16, &check, sizeof check);
    return 1;
}

static int put_file(const struct writing *writing, const struct dz_fingerprint *key)
{
    const struct dz_invoking *of = writing->of;
    dz_autobuf struct dz_buf bytes = {0};
    int r = put_all(writing, key, &bytes);
    dz_auto char *folder = dz_path_fmt("%s/invocations", of->state);
    dz_auto char *path = dz_path_fmt("%s/invocations/%s.new", of->state, of->name);
    if (r < 0 || !folder || !path)
        return -ENOMEM;
    if (mkdir(folder, 0777) < 0 && errno != EEXIST)
        return -errno;
    r = dz_file_put(path, bytes.data, bytes.len);
    return r < 0 ? r : 1;
}

int dz_invocation_write(const struct dz_invoking *of)
{
    struct writing writing = {.of = of};
    struct dz_msg msg, resolved;
    if (of->load == DZ_NONE || !of->command.size ||
        dz_wire_take(of->command.at, of->command.size, &msg) != (long)of->command.size ||
        dz_wire_take(of->resolved.at, of->resolved.size, &resolved) != (long)of->resolved.size)
        return 0;
    writing.command = msg.command;
    struct dz_fingerprint key;
    memcpy(key.bytes, resolved.resolved.key.at, sizeof key.bytes);
    int r = gather(&writing);
    if (r > 0)
        r = put_file(&writing, &key);
    dz_now_free(writing.now);
    dz_graph_free(&writing.graph);
    dz_bits_free(&writing.looked);
    dz_strings_free(&writing.seen);
    return r;
}

/* ---- settling ---- */

static int64_t written_ns(const char *path)
{
    struct stat status;
    return stat(path, &status) < 0
               ? INT64_MAX
               : (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
}

static char *find_oldest(const char *folder_path, unsigned *ret_n)
{
    DIR *folder = opendir(folder_path);
    char *oldest = NULL;
    int64_t when = INT64_MAX;
    *ret_n = 0;
    for (struct dirent *found; folder && (found = readdir(folder));) {
        char *path =
            *found->d_name == '.' ? NULL : dz_path_fmt("%s/%s", folder_path, found->d_name);
        int64_t written = path ? written_ns(path) : INT64_MAX;
        *ret_n += path != NULL;
        int is_older = written < when;
        dz_free(is_older ? oldest : path);
        oldest = is_older ? path : oldest;
        when = is_older ? written : when;
    }
    if (folder)
        closedir(folder);
    return oldest;
}

/* Commands that are tried once are not to fill the disk. */
static void drop_oldest(const char *state)
{
    unsigned n;
    dz_auto char *folder = dz_path_fmt("%s/invocations", state);
    dz_auto char *oldest = folder ? find_oldest(folder, &n) : NULL;
    if (oldest && n > MOST_RECORDS)
        unlink(oldest);
}

void dz_invocation_settle(const char *state, const char *name, int well)
{
    dz_auto char *made = dz_path_fmt("%s/invocations/%s.new", state, name);
    dz_auto char *path = dz_path_fmt("%s/invocations/%s", state, name);
    if (!made || !path)
        return;
    if (well && rename(made, path) == 0) {
        drop_oldest(state);
        return;
    }
    unlink(made);
    if (!well)
        unlink(path);
}

/* ---- reading ---- */

static int check_head(const struct dz_buf *bytes, struct dz_err *err)
{
    uint64_t version, check;
    if (bytes->len < HEAD_SIZE || memcmp(bytes->data, MAGIC, 8) != 0)
        return dz_fail(err, -EBADMSG, "this is no record of a command");
    memcpy(&version, bytes->data + 8, sizeof version);
    memcpy(&check, bytes->data + 16, sizeof check);
    if (version != dz_wire_version())
        return dz_fail(err, -ESTALE, "a record of another DAGZ's");
    if (check != XXH3_64bits(bytes->data + HEAD_SIZE, bytes->len - HEAD_SIZE))
        return dz_fail(err, -EBADMSG, "a record is damaged");
    return 0;
}

static long take_frame(const struct dz_buf *bytes, size_t at, enum dz_msg_type type,
                       struct dz_msg *ret)
{
    long size = dz_wire_take(bytes->data + at, bytes->len - at, ret);
    return size > 0 && ret->type == type ? size : -EBADMSG;
}

static int read_inputs(struct dz_invocation *ret, size_t at, struct dz_err *err)
{
    struct dz_baseline *baseline = dz_baseline_open(ret->bytes.data + at, ret->bytes.len - at, err);
    int r = baseline ? dz_baseline_read(baseline, &ret->inputs, err) : err->code;
    dz_baseline_close(baseline);
    return r;
}

static int read_all(struct dz_invocation *ret, struct dz_err *err)
{
    struct dz_msg resolved, command;
    long first = take_frame(&ret->bytes, HEAD_SIZE, DZ_MSG_resolved, &resolved);
    long second =
        first < 0 ? first
                  : take_frame(&ret->bytes, HEAD_SIZE + (size_t)first, DZ_MSG_command, &command);
    if (second < 0 || resolved.resolved.key.size != sizeof(struct dz_fingerprint))
        return dz_fail(err, -EBADMSG, "a record is damaged");
    ret->resolved = resolved.resolved;
    ret->command = command.command;
    return read_inputs(ret, HEAD_SIZE + (size_t)first + (size_t)second, err);
}

/* Where that cannot be noted, as in a state that is read-only, nobody cleans either. */
static void set_times(const char *path, const struct timespec times[2])
{
    if (utimensat(AT_FDCWD, path, times, 0) < 0)
        return;
}

/* Even where the file system notes no reads. */
static void note_use(const char *path)
{
    const struct timespec times[] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_OMIT}};
    set_times(path, times);
}

int dz_invocation_read(struct dz_invocation *ret, const char *path, struct dz_err *err)
{
    *ret = (struct dz_invocation){0};
    int r = dz_file_read(path, &ret->bytes);
    if (r < 0)
        return dz_fail(err, r, "cannot read '%s'", path);
    r = check_head(&ret->bytes, err);
    if (r == 0)
        r = read_all(ret, err);
    if (r < 0)
        dz_invocation_free(ret);
    else
        note_use(path);
    return r;
}

void dz_invocation_free(struct dz_invocation *invocation)
{
    dz_graph_free(&invocation->inputs);
    dz_buf_free(&invocation->bytes);
    *invocation = (struct dz_invocation){0};
}

/* ---- cleaning ---- */

static int is_new(const char *path)
{
    const char *dot = strrchr(dz_path_name(path), '.');
    return dot && strcmp(dot, ".new") == 0;
}

/* One that cannot be read now may be so later; what is read and is none of ours never is. That we look is no use of it. */
static int is_of_no_use(const char *path, const struct stat *status)
{
    struct dz_err err;
    dz_autobuf struct dz_buf bytes = {0};
    const struct timespec times[] = {status->st_atim, {.tv_nsec = UTIME_OMIT}};
    int r = dz_file_read(path, &bytes) == 0 ? check_head(&bytes, &err) : 0;
    set_times(path, times);
    return r == -EBADMSG || r == -ESTALE;
}

static int is_stale(const char *path, const struct stat *status, int all, int64_t now_s)
{
    int64_t used = status->st_atime > status->st_mtime ? status->st_atime : status->st_mtime;
    if (is_new(path))
        return now_s - status->st_mtime > DAY_S;
    return all || now_s - used > KEPT_S || is_of_no_use(path, status);
}

int dz_invocation_clean(const char *state, int all, int64_t now_s, unsigned *ret_n,
                        uint64_t *ret_bytes, struct dz_err *err)
{
    int r = 0;
    *ret_n = 0;
    *ret_bytes = 0;
    dz_auto char *name = dz_path_fmt("%s/invocations", state);
    DIR *folder = name ? opendir(name) : NULL;
    if (!folder)
        return name && errno == ENOENT ? 0 : dz_fail(err, -errno, "cannot clean '%s'", state);
    for (struct dirent *found; r == 0 && (found = readdir(folder));) {
        struct stat status;
        dz_auto char *path = dz_path_fmt("%s/%s", name, found->d_name);
        if (!path || lstat(path, &status) < 0 || !S_ISREG(status.st_mode) ||
            !is_stale(path, &status, all, now_s))
            continue;
        if (unlink(path) < 0 && errno != ENOENT)
            r = dz_fail(err, -errno, "cannot remove '%s'", path);
        ++*ret_n;
        *ret_bytes += (uint64_t)status.st_blocks * 512;
    }
    closedir(folder);
    return r;
}
