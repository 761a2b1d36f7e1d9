/* Where they are looked for is what python's `site` would make of sys.path. Asking python would cost a start of it. */
#include "installed.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "choose.h"
#include "path.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

struct distribution {
    char *path;    /* of its .dist-info or .egg-info */
    char *name;    /* as names are compared */
    char *version; /* "" where its name does not tell */
};

struct dz_installed {
    char **folders;
    unsigned n_folders, folders_cap;
    struct distribution *all;
    unsigned n, cap;
};

/* ---- names ---- */

/* PEP 503 */
static char *normal(const char *name, size_t size)
{
    dz_autobuf struct dz_buf text = {0};
    for (size_t i = 0; i < size; i++) {
        int is_between = strchr("-_.", name[i]) != NULL;
        char letter = is_between ? '-' : (char)tolower((unsigned char)name[i]);
        if (!is_between || !text.len || text.data[text.len - 1] != '-')
            dz_buf_put(&text, &letter, 1);
    }
    dz_buf_put(&text, "", 1);
    return dz_buf_ok(&text) ? dz_strdup(text.data) : NULL;
}

static size_t size_of_stem(const char *name)
{
    static const char *const endings[] = {".dist-info", ".egg-info"};
    size_t size = strlen(name);
    for (int i = 0; i < 2; i++)
        if (size > strlen(endings[i]) && strcmp(name + size - strlen(endings[i]), endings[i]) == 0)
            return size - strlen(endings[i]);
    return 0;
}

/* NAME-VERSION.dist-info, NAME.egg-info, NAME-VERSION-py3.12.egg-info */
static int add_distribution(struct dz_installed *installed, const char *folder, const char *info)
{
    size_t size = size_of_stem(info);
    const char *dash = memchr(info, '-', size);
    size_t name_size = dash ? (size_t)(dash - info) : size;
    struct distribution one = {.path = dz_path_fmt("%s/%s", folder, info),
                               .name = normal(info, name_size),
                               .version = dash ? dz_memdup(dash + 1, size - name_size - 1)
                                               : dz_strdup("")};
    int is_there = one.path && one.name && one.version &&
                   dz_has_room(&installed->all, installed->n, &installed->cap, sizeof one);
    if (is_there)
        installed->all[installed->n++] = one;
    else {
        dz_free(one.path);
        dz_free(one.name);
        dz_free(one.version);
    }
    return is_there ? 0 : -ENOMEM;
}

/* ---- folders ---- */

static int is_known(const struct dz_installed *installed, const char *folder)
{
    for (unsigned i = 0; i < installed->n_folders; i++)
        if (strcmp(installed->folders[i], folder) == 0 ||
            dz_path_is_same(installed->folders[i], folder))
            return 1;
    return 0;
}

static int add_folder(struct dz_installed *installed, const char *folder, int follows);

/* Lines that are folders go to sys.path. */
static int follow(struct dz_installed *installed, const char *folder, const char *name)
{
    dz_autobuf struct dz_buf text = {0};
    dz_auto char *path = dz_path_fmt("%s/%s", folder, name);
    int r = path ? dz_file_read(path, &text) : -ENOMEM;
    dz_buf_put(&text, "", 1);
    if (r == -ENOMEM || !dz_buf_ok(&text))
        return -ENOMEM;
    char *rest = NULL;
    for (char *line = r < 0 ? NULL : strtok_r(text.data, "\r\n", &rest); line && r == 0;
         line = strtok_r(NULL, "\r\n", &rest)) {
        if (*line == '#' || strncmp(line, "import ", 7) == 0 || strncmp(line, "import\t", 7) == 0)
            continue;
        dz_auto char *more = *line == '/' ? dz_strdup(line) : dz_path_fmt("%s/%s", folder, line);
        r = more ? add_folder(installed, more, 0) : -ENOMEM;
    }
    return r == -ENOMEM ? r : 0;
}

static int take(struct dz_installed *installed, const char *folder, const char *name, int follows)
{
    size_t size = strlen(name);
    if (size_of_stem(name))
        return add_distribution(installed, folder, name);
    if (follows && size > 4 && strcmp(name + size - 4, ".pth") == 0)
        return follow(installed, folder, name);
    return 0;
}

/* One that is not there has none. */
static int add_folder(struct dz_installed *installed, const char *path, int follows)
{
    if (is_known(installed, path))
        return 0;
    DIR *folder = opendir(path);
    if (!folder)
        return 0;
    char *copy = dz_strdup(path);
    int r = copy && dz_has_room(&installed->folders, installed->n_folders, &installed->folders_cap,
                                sizeof *installed->folders)
                ? 0
                : -ENOMEM;
    if (r == 0)
        installed->folders[installed->n_folders++] = copy;
    else
        dz_free(copy);
    for (struct dirent *found; r == 0 && (found = readdir(folder));)
        r = take(installed, path, found->d_name, follows);
    closedir(folder);
    return r;
}

__attribute__((format(printf, 2, 3))) static int add(struct dz_installed *installed,
                                                     const char *fmt, ...)
{
    va_list args;
    char path[4096];
    va_start(args, fmt);
    int size = vsnprintf(path, sizeof path, fmt, args);
    va_end(args);
    return size < (int)sizeof path ? add_folder(installed, path, 1) : 0;
}

/* PREFIX of PREFIX/bin/python */
static char *prefix_of(const char *program)
{
    dz_auto char *bin = dz_path_folder(program);
    return bin ? dz_path_folder(bin) : NULL;
}

static int add_prefix(struct dz_installed *installed, const char *prefix, const char *version)
{
    static const char *const folders[] = {"lib", "lib64"};
    int r = 0;
    for (int i = 0; i < 2 && r == 0; i++) {
        r = add(installed, "%s/%s/python%s/site-packages", prefix, folders[i], version);
        if (r == 0)
            r = add(installed, "%s/%s/python%s/dist-packages", prefix, folders[i], version);
    }
    return r < 0 ? r : add(installed, "%s/lib/python3/dist-packages", prefix);
}

/* Debian puts what pip installs for all elsewhere than its own; a user's own may be off, and then is none of ours. */
static int add_system(struct dz_installed *installed, const struct dz_python *python)
{
    dz_auto char *prefix = prefix_of(python->binary);
    const char *base = getenv("PYTHONUSERBASE"), *home = getenv("HOME");
    int r = prefix ? add_prefix(installed, prefix, python->version) : -ENOMEM;
    if (r == 0 && strcmp(prefix, "/usr") == 0)
        r = add_prefix(installed, "/usr/local", python->version);
    if (r == 0 && base && *base)
        r = add(installed, "%s/lib/python%s/site-packages", base, python->version);
    else if (r == 0 && home)
        r = add(installed, "%s/.local/lib/python%s/site-packages", home, python->version);
    return r;
}

static int add_all(struct dz_installed *installed, const struct dz_python *python,
                   const char *rootdir)
{
    const char *more = getenv("PYTHONPATH");
    char *part;
    int r = add_folder(installed, rootdir, 0);
    for (unsigned n = 0; r == 0 && more && *more && (part = dz_path_part(more, n)); n++) {
        r = add_folder(installed, part, 0);
        dz_free(part);
    }
    dz_auto char *prefix = prefix_of(python->executable);
    if (r == 0)
        r = prefix ? add_prefix(installed, prefix, python->version) : -ENOMEM;
    return r < 0 || dz_choose_is_apart(python->executable) ? r : add_system(installed, python);
}

/* Not by path: an environment may be moved. */
static int by_name(const void *one, const void *other)
{
    const struct distribution *a = one, *b = other;
    int order = strcmp(a->name, b->name);
    return order ? order : strcmp(a->version, b->version);
}

struct dz_installed *dz_installed_new(const struct dz_python *python, const char *rootdir)
{
    struct dz_installed *installed = dz_alloc(sizeof *installed);
    if (installed && add_all(installed, python, rootdir) < 0) {
        dz_installed_free(installed);
        return NULL;
    }
    if (installed && installed->n)
        qsort(installed->all, installed->n, sizeof *installed->all, by_name);
    return installed;
}

void dz_installed_free(struct dz_installed *installed)
{
    if (!installed)
        return;
    for (unsigned i = 0; i < installed->n_folders; i++)
        dz_free(installed->folders[i]);
    for (unsigned i = 0; i < installed->n; i++) {
        dz_free(installed->all[i].path);
        dz_free(installed->all[i].name);
        dz_free(installed->all[i].version);
    }
    dz_free(installed->folders);
    dz_free(installed->all);
    dz_free(installed);
}

/* ---- fingerprints ---- */

/* Of RECORD, what says which files there are and what is in them: not scripts, which have the environment's path in them,
 * nor what was compiled, or not, when it was installed. */
static void put_record(struct dz_buf *to, const struct dz_buf *record)
{
    const char *end = record->data + record->len;
    for (const char *line = record->data, *next; line < end; line = next) {
        const char *feed = memchr(line, '\n', (size_t)(end - line));
        next = feed ? feed + 1 : end;
        size_t size = (size_t)(next - line);
        if (!memmem(line, size, ".pyc,", 5) && !(*line == '.' && memmem(line, size, "/bin/", 5)))
            dz_buf_put(to, line, size);
    }
}

static int put_file(struct dz_buf *to, const char *folder, const char *name)
{
    dz_auto char *path = dz_path_fmt("%s%s", folder, name);
    dz_autobuf struct dz_buf text = {0};
    int r = path ? dz_file_read(path, &text) : -ENOMEM;
    if (r == 0)
        put_record(to, &text);
    return r;
}

/* What the first of these has. A distribution of one file is that file. */
static int put_distribution(struct dz_buf *to, const struct distribution *one)
{
    static const char *const names[] = {"/RECORD", "/METADATA", "/PKG-INFO", ""};
    int r = -ENOENT;
    dz_buf_put(to, one->name, strlen(one->name) + 1);
    dz_buf_put(to, one->version, strlen(one->version) + 1);
    for (int i = 0; i < 4 && (r == -ENOENT || r == -ENOTDIR); i++)
        r = put_file(to, one->path, names[i]);
    return r == -EISDIR ? 0 : r;
}

static int put_offers(struct dz_buf *to, const struct distribution *one)
{
    dz_buf_put(to, one->name, strlen(one->name) + 1);
    dz_buf_put(to, one->version, strlen(one->version) + 1);
    int r = put_file(to, one->path, "/entry_points.txt");
    return r == -ENOENT || r == -ENOTDIR ? 0 : r;
}

static int is_asked(const struct distribution *one, const char *name, const char *version)
{
    return strcmp(one->name, name) == 0 && (!version || strcmp(one->version, version) == 0);
}

static int put_asked(struct dz_buf *to, const struct dz_installed *installed, const char *asked)
{
    const char *equals = strstr(asked, "==");
    dz_auto char *name = normal(asked, equals ? (size_t)(equals - asked) : strlen(asked));
    int r = name ? 0 : -ENOMEM, is_all = strcmp(asked, "*") == 0;
    for (unsigned i = 0; r == 0 && i < installed->n; i++) {
        const struct distribution *one = &installed->all[i];
        if (is_all)
            r = put_offers(to, one);
        else if (is_asked(one, name, equals ? equals + 2 : NULL))
            r = put_distribution(to, one);
    }
    return r;
}

int dz_installed_print(const struct dz_installed *installed, const char *name,
                       struct dz_fingerprint *ret)
{
    dz_autobuf struct dz_buf bytes = {0};
    XXH128_canonical_t form;
    int r = put_asked(&bytes, installed, name);
    if (r < 0 || !dz_buf_ok(&bytes))
        return r < 0 ? r : -ENOMEM;
    XXH128_canonicalFromHash(&form, XXH3_128bits(bytes.data, bytes.len));
    memcpy(ret->bytes, form.digest, sizeof ret->bytes);
    /* One with a version was found once; where it is not, it may lie where we do not look. */
    if (!bytes.len && strstr(name, "=="))
        return -ENOENT;
    if (!bytes.len)
        *ret = dz_absent;
    return 0;
}
