/* Mapped rather than read: of a large one a selection needs a tenth. A baseline is replaced under its name and never
 * written to, so that what is mapped stays as it is.
 *
 * One lock for all of the folder, on the folder itself: nothing is left of it, and who dies has let go of it. It is held
 * while one job composes, as another that ends in that moment has to see what comes of it. File systems that know no
 * locks are written to without: then one of the two is forgotten, and what it has learnt is learnt again. */
#include "baselines.h"

#include "base/file.h"
#include "base/mem.h"
#include "branch.h"
#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <dirent.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { MOST_NAME = 100, KEY_DIGITS = 12, MOST_KEYS = 8, KEPT_S = 90 * 86400, DAY_S = 86400 };

/* ---- names ---- */

/* What may stand in a name stands for itself, so that it can be read; @ is ours, and a dot at the end what mkostemp puts
 * behind. */
static int is_plain(char byte, int dots)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=,";
    return (byte && strchr(plain, byte)) || (byte == '.' && dots);
}

/* Long ones are cut and keep a hash of the whole: a file system takes 255 bytes. */
static void put_part(struct dz_buf *to, const char *text, int dots)
{
    size_t from = to->len;
    for (size_t i = 0; text[i]; i++)
        if (is_plain(text[i], dots && i))
            dz_buf_put(to, &text[i], 1);
        else
            dz_buf_fmt(to, "%%%02x", (unsigned char)text[i]);
    if (!dz_buf_ok(to) || to->len - from <= MOST_NAME)
        return;
    to->len = from + MOST_NAME - 17;
    dz_buf_fmt(to, "~%016llx", (unsigned long long)XXH3_64bits(text, strlen(text)));
}

/* What tells one key from another in a name; that it is the key is told by what is in the file. */
static void name_key(char *ret, const struct dz_fingerprint *key)
{
    for (size_t i = 0; i < KEY_DIGITS / 2; i++)
        snprintf(ret + 2 * i, 3, "%02x", key->bytes[i]);
}

static void put_profile(struct dz_buf *to, const struct dz_baselines_wish *wish)
{
    if (!wish->profile)
        return;
    dz_buf_str(to, "@");
    put_part(to, wish->profile, 0);
}

/* NULL when there is no memory. */
static char *path_of(const struct dz_baselines_wish *wish, const char *branch, const char *key)
{
    struct dz_buf path = {0};
    dz_buf_fmt(&path, "%s/baselines/", wish->state);
    put_part(&path, branch, 1);
    dz_buf_str(&path, "@");
    put_part(&path, wish->python, 1);
    dz_buf_fmt(&path, "@%s", key);
    put_profile(&path, wish);
    dz_buf_put(&path, "", 1);
    if (!dz_buf_ok(&path))
        dz_buf_free(&path);
    return path.data;
}

/* What a name has between its branch and its profile, and behind it. */
struct pattern {
    struct dz_buf branch, python, profile;
};

/* branch, key: NULL where any will do. */
static int is_like(const char *name, const struct pattern *pattern, const char *branch,
                   const char *key)
{
    const char *at = strchr(name, '@');
    size_t size = at ? (size_t)(at - name) : 0;
    if (!at ||
        (branch && (size != pattern->branch.len || memcmp(name, pattern->branch.data, size) != 0)))
        return 0;
    if (strncmp(at, pattern->python.data, pattern->python.len) != 0)
        return 0;
    const char *found = at + pattern->python.len;
    return strspn(found, "0123456789abcdef") == KEY_DIGITS &&
           (!key || memcmp(found, key, KEY_DIGITS) == 0) &&
           strcmp(found + KEY_DIGITS, pattern->profile.data) == 0;
}

static void free_pattern(struct pattern *pattern)
{
    dz_buf_free(&pattern->branch);
    dz_buf_free(&pattern->python);
    dz_buf_free(&pattern->profile);
}

static int make_pattern(struct pattern *ret, const struct dz_baselines_wish *wish,
                        const char *branch)
{
    *ret = (struct pattern){0};
    if (branch)
        put_part(&ret->branch, branch, 1);
    dz_buf_str(&ret->python, "@");
    put_part(&ret->python, wish->python, 1);
    dz_buf_str(&ret->python, "@");
    dz_buf_put(&ret->python, "", 1);
    put_profile(&ret->profile, wish);
    dz_buf_put(&ret->profile, "", 1);
    if (!dz_buf_ok(&ret->branch) || !dz_buf_ok(&ret->python) || !dz_buf_ok(&ret->profile)) {
        free_pattern(ret);
        return -ENOMEM;
    }
    ret->python.len--;
    return 0;
}

/* ---- choosing ---- */

static int64_t written_ns(const char *path)
{
    struct stat status;
    if (stat(path, &status) < 0 || !S_ISREG(status.st_mode))
        return -1;
    return (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
}

/* Takes the path over. */
static void add(struct dz_baselines *ret, char *path)
{
    int is_there = ret->n < DZ_BASELINES_MOST && path && written_ns(path) >= 0;
    for (unsigned i = 0; i < ret->n; i++)
        is_there &= strcmp(ret->found[i], path ? path : "") != 0;
    if (!is_there) {
        dz_free(path);
        return;
    }
    ret->found[ret->n++] = path;
    if (ret->n == 2 && written_ns(path) > written_ns(ret->found[0])) {
        ret->found[1] = ret->found[0];
        ret->found[0] = path;
    }
}

/* Of a branch, or of any; of a key, or of any. NULL where there is none, or no memory. */
static char *find_newest(const struct dz_baselines_wish *wish, const char *branch, const char *key)
{
    struct pattern pattern;
    dz_auto char *path = dz_path_fmt("%s/baselines", wish->state);
    if (!path || make_pattern(&pattern, wish, branch) < 0)
        return NULL;
    DIR *folder = opendir(path);
    char *newest = NULL;
    for (struct dirent *found; folder && (found = readdir(folder));) {
        if (!is_like(found->d_name, &pattern, branch, key))
            continue;
        char *other = dz_path_fmt("%s/%s", path, found->d_name);
        int is_newer = other && (!newest || written_ns(other) > written_ns(newest));
        dz_free(is_newer ? newest : other);
        newest = is_newer ? other : newest;
    }
    if (folder)
        closedir(folder);
    free_pattern(&pattern);
    return newest;
}

struct choosing {
    struct dz_baselines *ret;
    const struct dz_baselines_wish *wish;
    char key[KEY_DIGITS + 1];
};

static int add_of(struct choosing *choosing, const char *branch)
{
    unsigned n = choosing->ret->n;
    add(choosing->ret, path_of(choosing->wish, branch, choosing->key));
    return choosing->ret->n > n;
}

static void add_main(struct choosing *choosing)
{
    dz_auto char *main = dz_branch_main(choosing->wish->rootdir);
    if (main)
        add_of(choosing, main);
    else if (!add_of(choosing, "main"))
        add_of(choosing, "master");
}

static int add_base(struct choosing *choosing, struct dz_err *err)
{
    const struct dz_baselines_wish *wish = choosing->wish;
    dz_auto char *path = path_of(wish, dz_branch_name(wish->base), choosing->key);
    int is_there = path && written_ns(path) >= 0;
    if (path)
        add(choosing->ret, dz_strdup(path));
    return is_there ? 0
                    : dz_fail(err, -ENOENT, "there is no baseline of '%s' and these settings",
                              wish->base);
}

static char *find_newest_of_main(const struct dz_baselines_wish *wish)
{
    dz_auto char *main = dz_branch_main(wish->rootdir);
    if (main)
        return find_newest(wish, main, NULL);
    char *newest = find_newest(wish, "main", NULL);
    return newest ? newest : find_newest(wish, "master", NULL);
}

/* Where it is not known: as of the last job of this branch, of main, or of any. */
static void choose_key(struct choosing *choosing, const char *branch)
{
    const struct dz_baselines_wish *wish = choosing->wish;
    if (wish->key) {
        name_key(choosing->key, wish->key);
        return;
    }
    dz_auto char *newest = find_newest(wish, branch, NULL);
    if (!newest)
        newest = find_newest_of_main(wish);
    if (!newest)
        newest = find_newest(wish, NULL, NULL);
    if (newest)
        /* Behind the branch and the python. */
        memcpy(choosing->key, strchr(strchr(dz_path_name(newest), '@') + 1, '@') + 1, KEY_DIGITS);
}

int dz_baselines_choose(struct dz_baselines *ret, const struct dz_baselines_wish *wish,
                        struct dz_err *err)
{
    int r = 0;
    struct choosing choosing = {.ret = ret, .wish = wish};
    dz_auto char *branch = dz_branch_of(wish->rootdir);
    *ret = (struct dz_baselines){0};
    if (branch) {
        choose_key(&choosing, branch);
        ret->own = path_of(wish, branch, choosing.key);
    }
    if (!ret->own)
        return dz_fail(err, -ENOMEM, "cannot choose a baseline");
    add(ret, dz_strdup(ret->own));
    if (wish->base)
        r = add_base(&choosing, err);
    else
        add_main(&choosing);
    if (!ret->n)
        add(ret, find_newest(wish, NULL, choosing.key));
    return r;
}

void dz_baselines_free(struct dz_baselines *baselines)
{
    dz_free(baselines->own);
    for (unsigned i = 0; i < baselines->n; i++)
        dz_free(baselines->found[i]);
    *baselines = (struct dz_baselines){0};
}

/* ---- one of them ---- */

struct dz_baseline_file {
    void *bytes;
    size_t size;
    struct dz_baseline *baseline;
};

/* Even where the file system notes no reads. It may be read-only: then nobody cleans it either. */
static void note_use(int fd)
{
    const struct timespec times[] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_OMIT}};
    if (futimens(fd, times) < 0)
        return;
}

static int map(struct dz_baseline_file *file, int fd)
{
    struct stat status;
    if (fstat(fd, &status) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode) || status.st_size <= 0)
        return -EBADMSG;
    void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return -errno;
    file->bytes = bytes;
    file->size = (size_t)status.st_size;
    return 0;
}

static int open_file(struct dz_baseline_file *file, const char *path, int is_use,
                     struct dz_err *err)
{
    int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
    /* Whose file it is not may not ask for that. */
    int fd = is_use ? -1 : open(path, flags | O_NOATIME);
    if (fd < 0)
        fd = open(path, flags);
    if (fd < 0)
        return dz_fail(err, -errno, "cannot read '%s'", path);
    int r = map(file, fd);
    if (r == 0 && is_use)
        note_use(fd);
    close(fd);
    if (r < 0)
        return dz_fail(err, r, "cannot read '%s'", path);
    file->baseline = dz_baseline_open(file->bytes, file->size, err);
    return file->baseline ? 0 : dz_wrap(err, err->code, "'%s' is not used", path);
}

static struct dz_baseline_file *open_one(const char *path, int is_use, struct dz_err *err)
{
    struct dz_baseline_file *file = dz_alloc(sizeof *file);
    if (!file) {
        dz_fail(err, -ENOMEM, "cannot read '%s'", path);
        return NULL;
    }
    if (open_file(file, path, is_use, err) == 0)
        return file;
    dz_baselines_close(file);
    return NULL;
}

struct dz_baseline_file *dz_baselines_open(const char *path, struct dz_err *err)
{
    return open_one(path, 1, err);
}

struct dz_baseline_file *dz_baselines_peek(const char *path, struct dz_err *err)
{
    return open_one(path, 0, err);
}

void dz_baselines_close(struct dz_baseline_file *file)
{
    if (!file)
        return;
    dz_baseline_close(file->baseline);
    if (file->bytes)
        munmap(file->bytes, file->size);
    dz_free(file);
}

struct dz_baseline *dz_baselines_in(struct dz_baseline_file *file)
{
    return file->baseline;
}

/* ---- keeping ---- */

/* The folder's descriptor, which holds the lock; negative errno. */
static int lock_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int r;
    while ((r = flock(fd, LOCK_EX)) < 0 && errno == EINTR)
        ;
    if (r == 0 || errno == ENOLCK || errno == EOPNOTSUPP || errno == EBADF || errno == EINVAL)
        return fd;
    r = -errno;
    close(fd);
    return r;
}

/* What is wrong with us, and not with the file: what it has must not be forgotten for that. */
static int is_ours(int code)
{
    return code == -ENOMEM || code == -EMFILE || code == -ENFILE || code == -EIO;
}

/* 1 where there is one of the key, and ret is it. One that cannot be used is as none: who reads it first has said so. */
static int read_one(const char *path, const struct dz_fingerprint *key, struct dz_graph *ret)
{
    struct dz_err err = {0};
    struct dz_baseline_file *file = dz_baselines_open(path, &err);
    int is = file && memcmp(dz_baseline_key(file->baseline), key, sizeof *key) == 0 &&
             dz_baseline_read(file->baseline, ret, &err) == 0;
    dz_baselines_close(file);
    return is ? 1 : is_ours(err.code) ? err.code : 0;
}

static int read_older(const struct dz_baselines *baselines, const struct dz_fingerprint *key,
                      struct dz_graph *ret)
{
    *ret = (struct dz_graph){0};
    int r = read_one(baselines->own, key, ret);
    for (unsigned i = 0; r == 0 && i < baselines->n; i++)
        r = read_one(baselines->found[i], key, ret);
    return r;
}

/* Test files of an older job that have gone since. */
static void drop_gone(struct dz_graph *older, const char *rootdir)
{
    for (uint32_t i = 0; i < older->n_files; i++) {
        dz_auto char *path =
            dz_path_fmt("%s/%s", rootdir, dz_strings_text(&older->strings, older->files[i].path));
        older->files[i].is_gone = path && access(path, F_OK) < 0 && errno == ENOENT;
    }
}

static int compose(const struct dz_baselines *baselines, const char *rootdir,
                   const struct dz_fingerprint *key, const struct dz_graph *learnt,
                   struct dz_buf *to)
{
    struct dz_graph older, both;
    int r = read_older(baselines, key, &older);
    if (r < 0)
        return r;
    drop_gone(&older, rootdir);
    r = dz_baseline_compose(&both, &older, learnt);
    dz_graph_free(&older);
    if (r < 0)
        return r;
    r = dz_baseline_write(&both, key, to);
    dz_graph_free(&both);
    return r;
}

static int put(const char *path, const struct dz_buf *bytes)
{
    dz_autobuf struct dz_buf name = {0};
    int fd = dz_file_begin(path, &name);
    return fd < 0
               ? fd
               : dz_file_end(fd, dz_file_write_all(fd, bytes->data, bytes->len), name.data, path);
}

/* By what a name has before the key, and behind it. */
static int is_of_same_set(const char *a, const char *b)
{
    const char *key = strchr(b, '@');
    key = key ? strchr(key + 1, '@') : NULL;
    size_t size = key ? (size_t)(key + 1 - b) : 0;
    return key && strlen(a) == strlen(b) && strlen(b) >= size + KEY_DIGITS &&
           memcmp(a, b, size) == 0 && strspn(a + size, "0123456789abcdef") >= KEY_DIGITS &&
           strcmp(a + size + KEY_DIGITS, b + size + KEY_DIGITS) == 0;
}

static int64_t used_ns(const char *path)
{
    struct stat status;
    if (stat(path, &status) < 0)
        return INT64_MIN;
    int64_t read_ns = (int64_t)status.st_atim.tv_sec * 1000000000 + status.st_atim.tv_nsec;
    int64_t written = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
    return read_ns > written ? read_ns : written;
}

/* The one of another key that was not used for longest, and how many there are; NULL where there is none. */
static char *find_oldest_beside(const char *own, const char *path, unsigned *ret_n)
{
    DIR *folder = opendir(path);
    char *oldest = NULL;
    *ret_n = 0;
    for (struct dirent *found; folder && (found = readdir(folder));) {
        if (!is_of_same_set(found->d_name, dz_path_name(own)) ||
            strcmp(found->d_name, dz_path_name(own)) == 0)
            continue;
        ++*ret_n;
        char *other = dz_path_fmt("%s/%s", path, found->d_name);
        int is_older = other && (!oldest || used_ns(other) < used_ns(oldest));
        dz_free(is_older ? oldest : other);
        oldest = is_older ? other : oldest;
    }
    if (folder)
        closedir(folder);
    return oldest;
}

/* Options that are tried once are not to fill the disk. */
static void drop_oldest(const char *own, const char *folder)
{
    for (;;) {
        unsigned n;
        dz_auto char *oldest = find_oldest_beside(own, folder, &n);
        if (!oldest || n < MOST_KEYS || unlink(oldest) < 0)
            return;
    }
}

int dz_baselines_keep(const struct dz_baselines *baselines, const char *rootdir,
                      const struct dz_fingerprint *key, const struct dz_graph *learnt,
                      struct dz_err *err)
{
    dz_autobuf struct dz_buf bytes = {0};
    dz_auto char *folder = dz_path_folder(baselines->own);
    if (!folder)
        return dz_fail(err, -ENOMEM, "cannot keep '%s'", baselines->own);
    if (mkdir(folder, 0777) < 0 && errno != EEXIST)
        return dz_fail(err, -errno, "cannot make '%s'", folder);
    int lock = lock_folder(folder);
    if (lock < 0)
        return dz_fail(err, lock, "cannot lock '%s'", folder);
    int r = compose(baselines, rootdir, key, learnt, &bytes);
    if (r == 0)
        r = put(baselines->own, &bytes);
    if (r == 0)
        drop_oldest(baselines->own, folder);
    close(lock);
    return r < 0 ? dz_fail(err, r, "cannot keep '%s'", baselines->own) : 0;
}

/* ---- cleaning ---- */

struct cleaning {
    int all;
    int64_t now_s;
    struct dz_baselines_freed *freed;
    struct dz_strings contents; /* of which a sheet is to be kept, in hexadecimal */
    struct dz_err *err;
};

/* What is done with a file of a folder. Negative with a sentence. */
typedef int visit(struct cleaning *cleaning, const char *path, const struct stat *status);

static int visit_all(struct cleaning *cleaning, const char *folder, visit *visit)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return errno == ENOENT ? 0 : dz_fail(cleaning->err, -errno, "cannot list '%s'", folder);
    int r = 0;
    for (struct dirent *found; r == 0 && (found = readdir(dir));) {
        struct stat status;
        dz_auto char *path = dz_path_fmt("%s/%s", folder, found->d_name);
        if (!path)
            r = dz_fail(cleaning->err, -ENOMEM, "cannot clean '%s'", folder);
        else if (found->d_name[0] != '.' && lstat(path, &status) == 0)
            r = visit(cleaning, path, &status);
    }
    closedir(dir);
    return r;
}

static int remove_file(struct cleaning *cleaning, const char *path, const struct stat *status,
                       unsigned *n)
{
    if (unlink(path) < 0)
        return errno == ENOENT ? 0 : dz_fail(cleaning->err, -errno, "cannot remove '%s'", path);
    ++*n;
    cleaning->freed->bytes += (uint64_t)status->st_blocks * 512;
    return 0;
}

static int64_t used_s(const struct stat *status)
{
    return status->st_atime > status->st_mtime ? status->st_atime : status->st_mtime;
}

/* What lies beside one for longer than a day was left there by who was killed. */
static int clean_baseline(struct cleaning *cleaning, const char *path, const struct stat *status)
{
    const char *end = strrchr(path, '.');
    int is_aside =
        end && strlen(end) == 7 && !strchr(end, '@') && strchr(dz_path_name(path), '@') < end;
    int64_t age = cleaning->now_s - used_s(status);
    if (!S_ISREG(status->st_mode) || age <= (is_aside ? DAY_S : cleaning->all ? INT64_MIN : KEPT_S))
        return 0;
    return remove_file(cleaning, path, status, &cleaning->freed->baselines);
}

static int note_content(struct cleaning *cleaning, const struct dz_fingerprint *content)
{
    char text[2 * sizeof content->bytes + 1];
    for (size_t i = 0; i < sizeof content->bytes; i++)
        snprintf(text + 2 * i, 3, "%02x", content->bytes[i]);
    return dz_strings_add(&cleaning->contents, text, strlen(text)) ? 0 : -ENOMEM;
}

/* One that cannot be used needs no sheets. */
static int note_contents(struct cleaning *cleaning, const char *path, const struct stat *status)
{
    struct dz_graph graph = {0};
    struct dz_err err = {0};
    struct dz_baseline_file *file = S_ISREG(status->st_mode) ? open_one(path, 0, &err) : NULL;
    int r = file ? dz_baseline_glance(file->baseline, &graph, &err) : err.code;
    for (uint32_t i = 0; r == 0 && i < graph.n_looks; i++)
        r = note_content(cleaning, &graph.looks[i].content);
    dz_graph_free(&graph);
    dz_baselines_close(file);
    if (r == 0 || r == -EBADMSG || r == -ESTALE || r == -ENOENT)
        return 0;
    return dz_fail(cleaning->err, r, "cannot read '%s'", path);
}

static int clean_sheet(struct cleaning *cleaning, const char *path, const struct stat *status)
{
    const char *name = dz_path_name(path);
    if (!S_ISREG(status->st_mode) || cleaning->now_s - status->st_mtime <= DAY_S ||
        dz_strings_find(&cleaning->contents, name, strlen(name)))
        return 0;
    return remove_file(cleaning, path, status, &cleaning->freed->sheets);
}

static int clean_sheets(struct cleaning *cleaning, const char *path, const struct stat *status)
{
    return S_ISDIR(status->st_mode) ? visit_all(cleaning, path, clean_sheet) : 0;
}

static int clean(struct cleaning *cleaning, const char *baselines, const char *sheets)
{
    int lock = lock_folder(baselines);
    if (lock < 0 && lock != -ENOENT)
        return dz_fail(cleaning->err, lock, "cannot lock '%s'", baselines);
    int r = visit_all(cleaning, baselines, clean_baseline);
    if (r == 0)
        r = visit_all(cleaning, baselines, note_contents);
    if (r == 0)
        r = visit_all(cleaning, sheets, clean_sheets);
    if (lock >= 0)
        close(lock);
    return r;
}

int dz_baselines_clean(const char *state, int all, int64_t now_s, struct dz_baselines_freed *ret,
                       struct dz_err *err)
{
    *ret = (struct dz_baselines_freed){0};
    struct cleaning cleaning = {.all = all, .now_s = now_s, .freed = ret, .err = err};
    dz_auto char *baselines = dz_path_fmt("%s/baselines", state);
    dz_auto char *sheets = dz_path_fmt("%s/sheets", state);
    int r = baselines && sheets ? clean(&cleaning, baselines, sheets)
                                : dz_fail(err, -ENOMEM, "cannot clean '%s'", state);
    dz_strings_free(&cleaning.contents);
    return r;
}
