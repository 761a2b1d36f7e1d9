#include "holdings.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../base/mem.h"
#include "../path.h"

/* ---- why it is used, or not ---- */

/* The n-th of what has @ between, of a baseline's name: branch, python, key, profile. */
static char *part_of(const char *name, int n)
{
    for (; n && name; n--) {
        name = strchr(name, '@');
        name += name != NULL;
    }
    return dz_memdup(name ? name : "", name ? strcspn(name, "@") : 0);
}

static int has_part(const char *name, const char *own, int n)
{
    dz_auto char *its = part_of(name, n), *ours = part_of(own, n);
    return its && ours && strcmp(its, ours) == 0;
}

/* own: the name of that which the job itself would write. */
static void put_reason(const char *name, const char *own, int is_used, struct dz_buf *to)
{
    dz_auto char *python = part_of(name, 1), *profile = part_of(name, 3);
    if (is_used)
        dz_buf_str(to, "a job starts from it");
    else if (!has_part(name, own, 1))
        dz_buf_fmt(to, "not used: of CPython %s", python ? python : "");
    else if (!has_part(name, own, 3))
        dz_buf_fmt(to, "not used: of profile %s", profile && *profile ? profile : "none");
    else if (!has_part(name, own, 2))
        dz_buf_str(to, "not used: of other settings");
    else
        dz_buf_str(to, "not used: of another branch");
}

/* ---- one ---- */

static void put_age(int64_t s, struct dz_buf *to)
{
    static const struct {
        int64_t s;
        const char *unit;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    s = s < 0 ? 0 : s;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (s >= 2 * units[i].s || units[i].s == 1) {
            dz_buf_fmt(to, ", %lld %s old", (long long)(s / units[i].s), units[i].unit);
            return;
        }
}

static void put_tests(const char *path, struct dz_buf *to)
{
    struct dz_err err = {0};
    struct dz_graph graph = {0};
    struct dz_baseline_file *file = dz_baselines_peek(path, &err);
    if (file && dz_baseline_glance(dz_baselines_in(file), &graph, &err) == 0)
        dz_buf_fmt(to, "%u test%s", graph.n_records, graph.n_records == 1 ? "" : "s");
    else
        dz_buf_fmt(to, "not usable (%s)", strerror(-err.code));
    dz_graph_free(&graph);
    dz_baselines_close(file);
}

static int is_among(const struct dz_baselines *baselines, const char *path)
{
    for (unsigned i = 0; i < baselines->n; i++)
        if (strcmp(baselines->found[i], path) == 0)
            return 1;
    return 0;
}

static int add(struct dz_holdings *holdings, const char *path, const struct dz_baselines *baselines,
               int64_t now_s)
{
    struct stat status;
    struct dz_buf text = {0};
    struct dz_holding *holding;
    if (stat(path, &status) < 0 || !S_ISREG(status.st_mode))
        return 0;
    if (!dz_has_room(&holdings->list, holdings->n, &holdings->cap, sizeof *holding))
        return -ENOMEM;
    holding = &holdings->list[holdings->n];
    *holding = (struct dz_holding){.name = dz_strdup(dz_path_name(path)),
                                   .is_used = is_among(baselines, path),
                                   .written_s = status.st_mtime};
    put_tests(path, &text);
    dz_buf_fmt(&text, ", %.1f MB", (double)status.st_size / 1e6);
    put_age(now_s - status.st_mtime, &text);
    dz_buf_str(&text, ": ");
    put_reason(dz_path_name(path), dz_path_name(baselines->own), holding->is_used, &text);
    dz_buf_put(&text, "", 1);
    holding->text = text.data;
    holdings->n++;
    return holding->name && dz_buf_ok(&text) ? 0 : -ENOMEM;
}

/* ---- all ---- */

static int by_use(const void *one, const void *other)
{
    const struct dz_holding *a = one, *b = other;
    if (a->is_used != b->is_used)
        return b->is_used - a->is_used;
    return a->written_s != b->written_s ? (a->written_s < b->written_s ? 1 : -1)
                                        : strcmp(a->name, b->name);
}

static int list_folder(struct dz_holdings *ret, const char *folder,
                       const struct dz_baselines *baselines, int64_t now_s)
{
    int r = 0;
    DIR *dir = opendir(folder);
    if (!dir)
        return errno == ENOENT ? 0 : -errno;
    for (struct dirent *found; r == 0 && (found = readdir(dir));) {
        dz_auto char *path = dz_path_fmt("%s/%s", folder, found->d_name);
        if (*found->d_name != '.')
            r = path ? add(ret, path, baselines, now_s) : -ENOMEM;
    }
    closedir(dir);
    return r;
}

int dz_holdings_list(struct dz_holdings *ret, const struct dz_baselines_wish *wish, int64_t now_s)
{
    struct dz_err err;
    struct dz_baselines baselines;
    *ret = (struct dz_holdings){0};
    int r = dz_baselines_choose(&baselines, wish, &err);
    dz_auto char *folder = dz_path_fmt("%s/baselines", wish->state);
    /* A base that is not there is no reason not to tell of the others. */
    if (r == 0 || r == -ENOENT)
        r = folder ? list_folder(ret, folder, &baselines, now_s) : -ENOMEM;
    dz_baselines_free(&baselines);
    if (ret->n)
        qsort(ret->list, ret->n, sizeof *ret->list, by_use);
    return r;
}

void dz_holdings_free(struct dz_holdings *holdings)
{
    for (unsigned i = 0; i < holdings->n; i++) {
        dz_free(holdings->list[i].name);
        dz_free(holdings->list[i].text);
    }
    dz_free(holdings->list);
    *holdings = (struct dz_holdings){0};
}

/* ---- sizes ---- */

struct size {
    uint64_t bytes;
    unsigned files;
};

enum { DEEPEST = 8 };

static void measure(const char *path, int depth, struct size *ret)
{
    struct stat status;
    if (lstat(path, &status) < 0)
        return;
    ret->bytes += (uint64_t)status.st_blocks * 512;
    ret->files += !S_ISDIR(status.st_mode);
    DIR *folder = S_ISDIR(status.st_mode) && depth < DEEPEST ? opendir(path) : NULL;
    for (struct dirent *found; folder && (found = readdir(folder));) {
        dz_auto char *below = dz_path_fmt("%s/%s", path, found->d_name);
        if (below && strcmp(found->d_name, ".") != 0 && strcmp(found->d_name, "..") != 0)
            measure(below, depth + 1, ret);
    }
    if (folder)
        closedir(folder);
}

uint64_t dz_holdings_sizes(const char *state, struct dz_buf *to)
{
    static const char *const parts[] = {"baselines", "sheets", "invocations", "run", "rewritten"};
    struct size all = {0};
    measure(state, 0, &all);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct size size = {0};
        dz_auto char *path = dz_path_fmt("%s/%s", state, parts[i]);
        if (path)
            measure(path, 1, &size);
        if (size.files)
            dz_buf_fmt(to, "%s%s %.1f MB in %u file%s", to->len ? ", " : "", parts[i],
                       (double)size.bytes / 1e6, size.files, size.files == 1 ? "" : "s");
    }
    return all.bytes;
}
