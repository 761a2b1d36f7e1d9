/* Each path is an entry, looked at once in each of the ways that somebody asks for. Sheets are not kept: a large project's
 * would be, together, larger than all else; only the last one is, as inputs come by path. */
#include "now.h"

#include "base/environ.h"
#include "base/mem.h"
#include "cut.h"
#include "installed.h"
#include "listing.h"
#include "look.h"
#include "path.h"
#include "record/reach.h"
#include "record/sheets.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum way { LOOKED = 1, STATUS = 2, LISTED = 4 };

struct entry {
    char *path; /* absolute */
    unsigned ways;
    struct dz_look look;
    int look_r;
    struct stat status; /* links followed */
    int status_r;
    struct dz_listing listing;
    int listing_r;
};

struct dz_now {
    const struct dz_python *python;
    const char *rootdir, *state;
    struct dz_waivers waivers;
    char *real_rootdir;
    struct dz_strings paths; /* as in keys; entries are by number - 1 */
    struct entry **entries;
    uint32_t n_entries, cap_entries;
    struct dz_installed *installed;
    struct dz_sheet *sheet; /* the last one's */
    const struct entry *sheet_of;
};

/* ---- begin and end ---- */

struct dz_now *dz_now_new(const struct dz_python *python, const char *rootdir, const char *state,
                          struct dz_err *err)
{
    struct dz_now *now = dz_alloc(sizeof *now);
    if (!now) {
        dz_fail(err, -ENOMEM, "no memory to look at the tree");
        return NULL;
    }
    *now = (struct dz_now){.python = python, .rootdir = rootdir, .state = state};
    now->real_rootdir = dz_path_real(rootdir);
    if (now->real_rootdir)
        return now;
    dz_fail(err, -errno, "cannot look at the tree of '%s'", rootdir);
    dz_now_free(now);
    return NULL;
}

void dz_now_free(struct dz_now *now)
{
    if (!now)
        return;
    for (uint32_t i = 0; i < now->n_entries; i++) {
        dz_listing_free(&now->entries[i]->listing);
        dz_free(now->entries[i]->path);
        dz_free(now->entries[i]);
    }
    dz_free(now->entries);
    dz_strings_free(&now->paths);
    dz_sheet_free(now->sheet);
    dz_installed_free(now->installed);
    dz_free(now->real_rootdir);
    dz_free(now);
}

void dz_now_waive(struct dz_now *now, const struct dz_waivers *waivers)
{
    now->waivers = *waivers;
}

/* ---- entries ---- */

static char *absolute(const struct dz_now *now, const char *path)
{
    if (*path == '/')
        return dz_strdup(path);
    const char *slash = strcmp(now->rootdir, "/") == 0 || !*path ? "" : "/";
    return dz_path_fmt("%s%s%s", now->rootdir, slash, path);
}

static struct entry *new_entry(const struct dz_now *now, const char *path)
{
    struct entry *entry = dz_alloc(sizeof *entry);
    if (entry)
        entry->path = absolute(now, path);
    if (entry && entry->path)
        return entry;
    dz_free(entry);
    return NULL;
}

/* NULL when there is no memory. */
static struct entry *entry_of(struct dz_now *now, const char *path)
{
    uint32_t number = dz_strings_add(&now->paths, path, strlen(path));
    if (number && number <= now->n_entries)
        return now->entries[number - 1];
    if (!number ||
        !dz_has_room(&now->entries, now->n_entries, &now->cap_entries, sizeof *now->entries))
        return NULL;
    struct entry *entry = new_entry(now, path);
    if (entry)
        now->entries[now->n_entries++] = entry;
    return entry;
}

static int status_of(struct entry *entry)
{
    if (!(entry->ways & STATUS)) {
        entry->status_r = stat(entry->path, &entry->status) < 0 ? -errno : 0;
        entry->ways |= STATUS;
    }
    return entry->status_r;
}

static int look_at(struct entry *entry)
{
    if (!(entry->ways & LOOKED)) {
        entry->look_r = dz_look_take(entry->path, &entry->look);
        entry->ways |= LOOKED;
    }
    return entry->look_r;
}

/* Takes an earlier look for a new one where it holds. */
static void trust(struct entry *entry, const struct dz_look *look)
{
    if (entry->ways & LOOKED || status_of(entry) < 0 || !dz_look_holds(look, &entry->status))
        return;
    entry->look = *look;
    entry->look_r = 0;
    entry->ways |= LOOKED;
}

static int list(struct entry *entry)
{
    if (!(entry->ways & LISTED)) {
        entry->listing_r = dz_listing_read(entry->path, &entry->listing);
        entry->ways |= LISTED;
    }
    return entry->listing_r;
}

int dz_now_list(struct dz_now *now, const char *path, uint32_t of, struct dz_buf *to)
{
    struct entry *entry = entry_of(now, path);
    int r = entry ? list(entry) : -ENOMEM;
    if (r == 0)
        dz_listing_put(&entry->listing, of, to);
    return r;
}

int dz_now_look(struct dz_now *now, const char *path, struct dz_look *ret)
{
    struct entry *entry = entry_of(now, path);
    int r = entry ? look_at(entry) : -ENOMEM;
    if (r < 0)
        return r;
    struct dz_look look = entry->look;
    look.path = ret->path;
    look.is_exact = ret->is_exact;
    *ret = look;
    return 0;
}

/* ---- fingerprints of what is no file's content ---- */

static int is_gone(int error)
{
    return error == -ENOENT || error == -ENOTDIR;
}

static struct dz_fingerprint print(const char *what, const void *bytes, size_t size)
{
    struct dz_fingerprint ret;
    XXH128_canonical_t form;
    uint64_t seed = XXH3_64bits(what, strlen(what));
    XXH128_canonicalFromHash(&form, XXH3_128bits_withSeed(bytes, size, seed));
    memcpy(ret.bytes, form.digest, sizeof ret.bytes);
    return ret;
}

/* What the world says to who asks is a fact too, where it says so again. */
static int print_error(int error, struct dz_fingerprint *ret)
{
    if (is_gone(error))
        *ret = dz_absent;
    else if (error == -EACCES || error == -ELOOP || error == -ENAMETOOLONG || error == -EINVAL)
        *ret = print("error", &error, sizeof error);
    else
        return error;
    return 0;
}

static int print_mode(mode_t mode, struct dz_fingerprint *ret)
{
    uint32_t number = mode;
    *ret = print("mode", &number, sizeof number);
    return 0;
}

/* Who looks at a file may do so for its size alone. Imports look at sources and at what was compiled of them all the time,
 * and what is in those is told otherwise. */
static int has_size(const char *path, const struct stat *status)
{
    const char *dot = strrchr(path, '.');
    int is_pythons = dot && (strcmp(dot, ".py") == 0 || strcmp(dot, ".pyc") == 0);
    return S_ISREG(status->st_mode) && !is_pythons;
}

static int print_status(const char *path, const struct stat *status, struct dz_fingerprint *ret)
{
    if (!has_size(path, status))
        return print_mode(status->st_mode, ret);
    uint64_t numbers[] = {status->st_mode, (uint64_t)status->st_size};
    *ret = print("file", numbers, sizeof numbers);
    return 0;
}

static int64_t ns_of(const struct timespec *time)
{
    return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

int dz_now_is_resized(struct dz_now *now, const char *path, int64_t since_ns)
{
    struct entry *entry = entry_of(now, path);
    if (!entry)
        return 1;
    if (status_of(entry) < 0 || !has_size(entry->path, &entry->status))
        return 0;
    return ns_of(&entry->status.st_mtim) >= since_ns || ns_of(&entry->status.st_ctim) >= since_ns;
}

static int print_stat(struct entry *entry, uint32_t of, struct dz_fingerprint *ret)
{
    struct stat status;
    if (of == DZ_STAT_ITSELF)
        return lstat(entry->path, &status) < 0 ? print_error(-errno, ret)
                                               : print_status(entry->path, &status, ret);
    int r = status_of(entry);
    return r < 0 ? print_error(r, ret) : print_status(entry->path, &entry->status, ret);
}

/* What lies in the tree does so in another copy of it, too. */
static int print_real(const struct dz_now *now, const char *path, struct dz_fingerprint *ret)
{
    dz_auto char *real = dz_path_real(path);
    size_t size = strlen(now->real_rootdir);
    if (!real)
        return errno == ENOMEM ? -ENOMEM : print_error(-errno, ret);
    int is_below =
        strncmp(real, now->real_rootdir, size) == 0 && (real[size] == '/' || real[size] == 0);
    *ret = is_below ? print("below", real + size, strlen(real + size))
                    : print("real", real, strlen(real));
    return 0;
}

static int print_link(const struct dz_now *now, const char *path, uint32_t of,
                      struct dz_fingerprint *ret)
{
    char target[PATH_MAX];
    if (of == DZ_RESOLVED_ALL)
        return print_real(now, path, ret);
    ssize_t size = readlink(path, target, sizeof target);
    if (size < 0)
        return print_error(-errno, ret);
    *ret = print("link", target, (size_t)size);
    return 0;
}

static int print_names(struct entry *entry, uint32_t of, struct dz_fingerprint *ret)
{
    int r = list(entry);
    if (r < 0)
        return print_error(r, ret);
    return of == DZ_NAMES_OF_TESTS ? dz_listing_print_tests(&entry->listing, ret)
                                   : dz_listing_print(&entry->listing, ret);
}

/* A link that leads nowhere is there for who looks at the link, and is not for all others. */
static int print_absent(struct entry *entry, struct dz_fingerprint *ret)
{
    struct stat status;
    int r = status_of(entry);
    if (is_gone(r) && lstat(entry->path, &status) == 0)
        *ret = print("there", "link", 4);
    else if (r < 0)
        return print_error(r, ret);
    else
        *ret = print("there", "", 0);
    return 0;
}

/* The folder of a path that is no folder's own, as in keys. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return !slash          ? dz_strdup("")
           : slash == path ? dz_strdup("/")
                           : dz_memdup(path, (size_t)(slash - path));
}

static int print_place(struct dz_now *now, const char *path, struct dz_fingerprint *ret)
{
    dz_auto char *folder = folder_of(path);
    struct entry *entry = folder ? entry_of(now, folder) : NULL;
    int r = entry ? list(entry) : -ENOMEM;
    /* Of what it may not list, a finder knows nothing. */
    if (is_gone(r) || r == -EACCES)
        return *ret = dz_absent, 0;
    return r < 0 ? r
                 : dz_listing_print_place(&entry->listing, entry->path, dz_path_name(path),
                                          now->python->minor, ret);
}

static int print_variable(const char *name, struct dz_fingerprint *ret)
{
    const char *value = getenv(name);
    uint64_t hash = strcmp(name, "*") == 0
                        ? dz_environ_hash_all(environ)
                        : dz_environ_hash(name, strlen(name), value, value ? strlen(value) : 0);
    *ret = dz_input_of_hash(hash);
    return 0;
}

static int print_distribution(struct dz_now *now, const char *name, struct dz_fingerprint *ret)
{
    if (!now->installed)
        now->installed = dz_installed_new(now->python, now->rootdir);
    return now->installed ? dz_installed_print(now->installed, name, ret) : -ENOMEM;
}

/* ---- contents ---- */

/* What cannot be read is not known: who has read it could. */
static int print_content(struct entry *entry, struct dz_fingerprint *ret)
{
    int r = look_at(entry);
    if (r == 0)
        *ret = entry->look.content;
    else if (is_gone(r))
        *ret = dz_absent;
    else if (r == -EISDIR)
        return dz_listing_print_all(entry->path, ret);
    /* A pipe, a device: it is of its kind. */
    else if (r == -EINVAL && status_of(entry) == 0)
        return print_mode(entry->status.st_mode, ret);
    return r == -EINVAL || is_gone(r) ? 0 : r;
}

/* ---- sources ---- */

static int make_sheet(struct dz_now *now, const struct entry *entry)
{
    struct dz_err err;
    struct dz_cut_file file = {.path = entry->path};
    memcpy(file.hash, entry->look.content.bytes, sizeof file.hash);
    int r = dz_cut(now->python, now->state, &file, 1, &err);
    int is_there = r == 0 && file.outcome == DZ_CUT_IS_THERE;
    dz_cut_free(&file, 1);
    return is_there ? 0 : -ENOENT;
}

static struct dz_sheet *read_sheet(const struct dz_now *now, const struct entry *entry)
{
    struct dz_err err;
    return dz_sheets_read(now->state, now->python->version, entry->look.content.bytes, &err);
}

/* Of its content now; NULL: none, also where python refuses it. Lent until another one is asked for. */
static const struct dz_sheet *sheet_of(struct dz_now *now, const struct entry *entry, int makes)
{
    if (now->sheet_of != entry) {
        dz_sheet_free(now->sheet);
        now->sheet = read_sheet(now, entry);
        if (!now->sheet && makes && make_sheet(now, entry) == 0)
            now->sheet = read_sheet(now, entry);
        now->sheet_of = entry;
    }
    return now->sheet && !dz_sheet_problem(now->sheet) ? now->sheet : NULL;
}

static int print_source(struct dz_now *now, struct entry *entry, const struct dz_input *input,
                        const char *name, int makes, struct dz_fingerprint *ret)
{
    int r = look_at(entry);
    if (is_gone(r))
        return *ret = dz_absent, 0;
    const struct dz_sheet *sheet = r < 0 ? NULL : sheet_of(now, entry, makes);
    if (sheet)
        *ret = dz_input_of_sheet(sheet, input, name);
    return sheet ? 0 : -ENOENT;
}

/* ---- any ---- */

static int print_of_path(struct dz_now *now, const struct dz_strings *strings,
                         const struct dz_input *input, struct dz_fingerprint *ret)
{
    const char *path = dz_strings_text(strings, input->path);
    if (input->kind == DZ_INPUT_PLACE)
        return print_place(now, path, ret);
    struct entry *entry = entry_of(now, path);
    if (!entry)
        return -ENOMEM;
    switch (input->kind) {
    case DZ_INPUT_CONTENT:
        return print_content(entry, ret);
    case DZ_INPUT_STAT:
        return print_stat(entry, input->of, ret);
    case DZ_INPUT_LINK:
        return print_link(now, entry->path, input->of, ret);
    case DZ_INPUT_NAMES:
        return print_names(entry, input->of, ret);
    case DZ_INPUT_ABSENT:
        return print_absent(entry, ret);
    default:
        return print_source(now, entry, input, dz_strings_text(strings, input->name), 1, ret);
    }
}

int dz_now_fingerprint(struct dz_now *now, const struct dz_strings *strings,
                       const struct dz_input *input, struct dz_fingerprint *ret)
{
    int r = 0;
    const char *name = dz_strings_text(strings, input->name);
    if (input->kind == DZ_INPUT_ENVIRONMENT)
        r = print_variable(name, ret);
    else if (input->kind == DZ_INPUT_DISTRIBUTION)
        r = print_distribution(now, name, ret);
    else if (input->kind == DZ_INPUT_UNPROVABLE)
        *ret = dz_absent;
    else
        r = input->kind < DZ_INPUT_KINDS ? print_of_path(now, strings, input, ret) : -ENOENT;
    return r < 0 ? -ENOENT : 0;
}

/* ---- comparing ---- */

struct comparing {
    struct dz_now *now;
    const struct dz_graph *graph;
    struct dz_compared *ret;
    const struct dz_look **looks; /* by string */
    uint32_t *doubtful;           /* inputs of sources that need a sheet, by path */
    uint32_t n_doubtful;
    struct dz_bits sources; /* paths whose content is another one: strings of the graph */
};

static const char *path_of(const struct comparing *at, const struct dz_input *input)
{
    return dz_strings_text(&at->graph->strings, input->path);
}

static int take_looks(struct comparing *at)
{
    const struct dz_graph *graph = at->graph;
    at->looks = dz_alloc(((size_t)graph->strings.n + 1) * sizeof *at->looks);
    if (!at->looks)
        return -ENOMEM;
    for (uint32_t i = 0; i < graph->n_looks; i++) {
        const struct dz_look *look = &graph->looks[i];
        struct entry *entry = entry_of(at->now, dz_strings_text(&graph->strings, look->path));
        if (!entry)
            return -ENOMEM;
        trust(entry, look);
        at->looks[look->path] = look;
    }
    return 0;
}

static int has_same_content(const struct dz_look *look, const struct entry *entry)
{
    return look && memcmp(&look->content, &entry->look.content, sizeof look->content) == 0;
}

/* ---- what is waived ---- */

static int is_waived_in(const struct comparing *at, const char *folder, const char *name,
                        size_t size)
{
    int is_top = !*folder || strcmp(folder, "/") == 0;
    dz_auto char *path = dz_path_fmt("%s%s%.*s", folder, is_top ? "" : "/", (int)size, name);
    return path && dz_waivers_of(&at->now->waivers, path);
}

/* Those of a listing (listing.h) that count. */
static void put_others(const struct comparing *at, const char *folder, const char *names,
                       struct dz_buf *to)
{
    size_t size;
    for (names++; *names; names += size + (names[size] == '/')) {
        size = strcspn(names, "/");
        if (!is_waived_in(at, folder, names + 1, size - 1))
            dz_buf_put(to, names, size + 1);
    }
}

/* Where none but such names have come or gone. */
static int are_other_names_the_same(const struct comparing *at, const struct dz_input *input)
{
    dz_autobuf struct dz_buf names = {0}, before = {0}, after = {0};
    const char *was = dz_strings_text(&at->graph->strings, input->name);
    if (*was != '/' || dz_now_list(at->now, path_of(at, input), input->of, &names) < 0)
        return 0;
    dz_buf_put(&names, "", 1);
    if (!dz_buf_ok(&names))
        return 0;
    put_others(at, path_of(at, input), was, &before);
    put_others(at, path_of(at, input), names.data, &after);
    return dz_buf_ok(&before) && dz_buf_ok(&after) && before.len == after.len &&
           (!before.len || memcmp(before.data, after.data, before.len) == 0);
}

/* Names are lent. */
static int print_other_place(const struct comparing *at, const struct entry *folder,
                             const char *key, const char *name, struct dz_fingerprint *ret)
{
    const struct dz_listing *all = &folder->listing;
    struct dz_listing others = {.all = dz_alloc((all->n + 1) * sizeof *others.all)};
    for (unsigned i = 0; others.all && i < all->n; i++)
        if (!is_waived_in(at, key, all->all[i].name, strlen(all->all[i].name)))
            others.all[others.n++] = all->all[i];
    int r = others.all
                ? dz_listing_print_place(&others, folder->path, name, at->now->python->minor, ret)
                : -ENOMEM;
    dz_free(others.all);
    return r;
}

/* Where what has come is of such a name. A place has no ending: a glob that it fits says nothing of a module's file. */
static int is_place_waived(const struct comparing *at, const struct dz_input *input)
{
    struct dz_fingerprint print;
    const char *path = path_of(at, input);
    dz_auto char *key = folder_of(path);
    struct entry *folder = key ? entry_of(at->now, key) : NULL;
    if (!folder)
        return 0;
    return dz_waivers_of(&at->now->waivers, key) ||
           (list(folder) == 0 &&
            print_other_place(at, folder, key, dz_path_name(path), &print) == 0 &&
            memcmp(&print, &input->fingerprint, sizeof print) == 0);
}

static int is_waived(const struct comparing *at, uint32_t number)
{
    const struct dz_input *input = &at->graph->inputs[number];
    const struct dz_waivers *waivers = &at->now->waivers;
    if (!input->path || !(waivers->ignore.size || waivers->external.size))
        return 0;
    if (input->kind == DZ_INPUT_PLACE)
        return is_place_waived(at, input);
    return dz_waivers_of(waivers, path_of(at, input)) ||
           (input->kind == DZ_INPUT_NAMES && are_other_names_the_same(at, input));
}

/* ---- inputs ---- */

static int note_change(struct comparing *at, uint32_t number)
{
    return dz_bits_set(is_waived(at, number) ? &at->ret->waived : &at->ret->changed, number);
}

static int compare(struct comparing *at, uint32_t number, int r, const struct dz_fingerprint *print)
{
    const struct dz_fingerprint *was = &at->graph->inputs[number].fingerprint;
    return r == 0 && memcmp(print, was, sizeof *was) == 0 ? 0 : note_change(at, number);
}

/* Of what is gone there is nothing; where there was nothing, that is as it was. */
static int judge_source(struct comparing *at, uint32_t number)
{
    const struct dz_input *input = &at->graph->inputs[number];
    struct entry *entry = entry_of(at->now, path_of(at, input));
    const struct dz_look *look = at->looks[input->path];
    if (!entry)
        return -ENOMEM;
    int r = look_at(entry);
    if (r < 0)
        return compare(at, number, is_gone(r) ? 0 : r, &dz_absent);
    int is_same = has_same_content(look, entry);
    if (is_same && look->is_exact)
        return 0;
    /* No sheet is made for it. */
    if (is_waived(at, number))
        return is_same ? 0 : dz_bits_set(&at->ret->waived, number);
    at->doubtful[at->n_doubtful++] = number;
    return 0;
}

static int judge(struct comparing *at, uint32_t number)
{
    const struct dz_input *input = &at->graph->inputs[number];
    struct dz_fingerprint print = dz_absent;
    if (input->kind == DZ_INPUT_UNPROVABLE)
        return 0;
    if (dz_input_is_of_source(input))
        return judge_source(at, number);
    int r = dz_now_fingerprint(at->now, &at->graph->strings, input, &print);
    return compare(at, number, r, &print);
}

static int by_path(const void *one, const void *other, void *of)
{
    const struct dz_input *inputs = of;
    uint32_t i = *(const uint32_t *)one, j = *(const uint32_t *)other;
    uint32_t left = inputs[i].path, right = inputs[j].path;
    return left != right ? (left < right ? -1 : 1) : i < j ? -1 : i > j;
}

/* All at once: a start of python is what costs most. What cannot be cut is found out when its sheet is not there. */
static int cut_all(struct comparing *at, struct dz_bits *paths, struct dz_err *err)
{
    const struct dz_strings *strings = &at->graph->strings;
    struct dz_cut_file *files = NULL;
    uint32_t n = 0, cap = 0;
    for (uint32_t path = 0; (path = dz_bits_next(paths, path)) != UINT32_MAX; path++) {
        struct entry *entry = entry_of(at->now, dz_strings_text(strings, path));
        if (!entry || !dz_has_room(&files, n, &cap, sizeof *files)) {
            dz_free(files);
            return dz_fail(err, -ENOMEM, "no memory to cut sources");
        }
        if (look_at(entry) < 0)
            continue;
        files[n] = (struct dz_cut_file){.path = entry->path};
        memcpy(files[n++].hash, entry->look.content.bytes, sizeof files->hash);
    }
    int r = n ? dz_cut(at->now->python, at->now->state, files, n, err) : 0;
    dz_cut_free(files, n);
    dz_free(files);
    return r;
}

/* Whose content is another one than it was, whether any input is of it or not. */
static int find_changed_sources(struct comparing *at)
{
    const struct dz_graph *graph = at->graph;
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < graph->n_looks; i++) {
        const char *path = dz_strings_text(&graph->strings, graph->looks[i].path);
        struct entry *entry = dz_sheets_are_of(path) ? entry_of(at->now, path) : NULL;
        if (!entry && dz_sheets_are_of(path))
            return -ENOMEM;
        if (entry && look_at(entry) == 0 && !has_same_content(&graph->looks[i], entry) &&
            !dz_waivers_of(&at->now->waivers, path))
            r = dz_bits_set(&at->sources, graph->looks[i].path);
    }
    return r;
}

static int cut_doubtful(struct comparing *at, struct dz_err *err)
{
    struct dz_bits paths = {0};
    int r = dz_bits_or(&paths, &at->sources);
    for (uint32_t i = 0; r == 0 && i < at->n_doubtful; i++)
        r = dz_bits_set(&paths, at->graph->inputs[at->doubtful[i]].path);
    r = r < 0 ? dz_fail(err, r, "no memory to cut sources") : cut_all(at, &paths, err);
    dz_bits_free(&paths);
    return r;
}

static int judge_doubtful(struct comparing *at)
{
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < at->n_doubtful; i++) {
        uint32_t number = at->doubtful[i];
        const struct dz_input *input = &at->graph->inputs[number];
        const char *name = dz_strings_text(&at->graph->strings, input->name);
        struct entry *entry = entry_of(at->now, path_of(at, input));
        struct dz_fingerprint print = dz_absent;
        int known = print_source(at->now, entry, input, name, 0, &print);
        r = compare(at, number, known, &print);
    }
    return r;
}

/* ---- what statements that are new may write ---- */

static struct dz_sheet *sheet_now(void *of, const char *path, int *ret_unknown)
{
    struct dz_now *now = of;
    struct entry *entry = entry_of(now, path);
    int r = entry ? look_at(entry) : -ENOMEM;
    /* What cannot be opened cannot be imported either. */
    if (is_gone(r) || r == -EISDIR || r == -EACCES || r == -ELOOP || r == -ENAMETOOLONG)
        return NULL;
    struct dz_sheet *sheet = r == 0 ? read_sheet(now, entry) : NULL;
    if (!sheet && r == 0 && make_sheet(now, entry) == 0)
        sheet = read_sheet(now, entry);
    *ret_unknown = !sheet;
    if (!sheet || !dz_sheet_problem(sheet))
        return sheet;
    dz_sheet_free(sheet);
    return NULL;
}

static struct dz_sheet *sheet_before(void *of, const struct dz_look *look)
{
    const struct dz_now *now = of;
    struct dz_err err;
    return dz_sheets_read(now->state, now->python->version, look->content.bytes, &err);
}

static int judge_effects(struct comparing *at)
{
    struct dz_project_sources sources = {at->now, sheet_now, sheet_before};
    return dz_reach(at->graph, &at->sources, &sources, &at->ret->changed);
}

/* ---- all ---- */

static int compare_all(struct comparing *at, struct dz_err *err)
{
    const struct dz_graph *graph = at->graph;
    at->doubtful = dz_alloc(((size_t)graph->n_inputs + 1) * sizeof *at->doubtful);
    int r = at->doubtful ? take_looks(at) : -ENOMEM;
    for (uint32_t i = 0; r == 0 && i < graph->n_inputs; i++)
        r = judge(at, i);
    if (r == 0)
        r = find_changed_sources(at);
    if (r < 0)
        return dz_fail(err, r, "no memory to compare the tree with its baseline");
    if (at->n_doubtful)
        qsort_r(at->doubtful, at->n_doubtful, sizeof *at->doubtful, by_path, graph->inputs);
    r = cut_doubtful(at, err);
    if (r == 0 && (judge_doubtful(at) < 0 || judge_effects(at) < 0))
        r = dz_fail(err, -ENOMEM, "no memory to compare the tree with its baseline");
    return r;
}

int dz_now_compare(struct dz_now *now, const struct dz_graph *graph, struct dz_compared *ret,
                   struct dz_err *err)
{
    struct comparing at = {.now = now, .graph = graph, .ret = ret};
    int r = compare_all(&at, err);
    dz_free(at.looks);
    dz_free(at.doubtful);
    dz_bits_free(&at.sources);
    return r;
}

void dz_compared_free(struct dz_compared *compared)
{
    dz_bits_free(&compared->changed);
    dz_bits_free(&compared->waived);
}
