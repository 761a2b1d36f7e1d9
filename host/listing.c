#include "listing.h"

#include "base/buf.h"
#include "base/mem.h"
#include "look.h"
#include "path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* Of a tree that was moved as a whole. */
enum { DEEPEST = 64, MOST_FILES = 20000 };

/* ---- reading ---- */

static char letter_of(mode_t mode)
{
    return S_ISREG(mode)    ? 'f'
           : S_ISDIR(mode)  ? 'd'
           : S_ISLNK(mode)  ? 'l'
           : S_ISFIFO(mode) ? 'p'
           : S_ISSOCK(mode) ? 's'
           : S_ISCHR(mode)  ? 'c'
                            : 'b';
}

static int kind_of(DIR *folder, const struct dirent *found)
{
    struct stat status;
    if (found->d_type != DT_UNKNOWN)
        return letter_of((mode_t)DTTOIF(found->d_type));
    if (fstatat(dirfd(folder), found->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    return letter_of(status.st_mode);
}

static int is_left_behind(const char *name)
{
    static const char *const names[] = {".", "..", "__pycache__", ".pytest_cache", ".dagz"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return 1;
    return 0;
}

static int add(struct dz_listing *listing, const char *name, char kind)
{
    char *copy = dz_strdup(name);
    if (!copy || !dz_has_room(&listing->all, listing->n, &listing->cap, sizeof *listing->all)) {
        dz_free(copy);
        return -ENOMEM;
    }
    listing->all[listing->n++] = (struct dz_listed){copy, kind};
    return 0;
}

static int by_name(const void *one, const void *other)
{
    return strcmp(((const struct dz_listed *)one)->name, ((const struct dz_listed *)other)->name);
}

static int read_all(DIR *folder, struct dz_listing *listing)
{
    for (;;) {
        errno = 0;
        const struct dirent *found = readdir(folder);
        if (!found)
            return -errno;
        int kind = is_left_behind(found->d_name) ? 0 : kind_of(folder, found);
        /* Gone between the two looks. */
        if (kind == 0 || kind == -ENOENT)
            continue;
        int r = kind < 0 ? kind : add(listing, found->d_name, (char)kind);
        if (r < 0)
            return r;
    }
}

int dz_listing_read(const char *path, struct dz_listing *ret)
{
    *ret = (struct dz_listing){0};
    DIR *folder = opendir(path);
    if (!folder)
        return -errno;
    int r = read_all(folder, ret);
    closedir(folder);
    if (r < 0)
        dz_listing_free(ret);
    else if (ret->n)
        qsort(ret->all, ret->n, sizeof *ret->all, by_name);
    return r;
}

void dz_listing_free(struct dz_listing *listing)
{
    for (unsigned i = 0; i < listing->n; i++)
        dz_free(listing->all[i].name);
    dz_free(listing->all);
    *listing = (struct dz_listing){0};
}

/* ---- fingerprints ---- */

static int print(const struct dz_buf *bytes, struct dz_fingerprint *ret)
{
    XXH128_canonical_t form;
    if (!dz_buf_ok(bytes))
        return -ENOMEM;
    XXH128_canonicalFromHash(&form, XXH3_128bits(bytes->data, bytes->len));
    memcpy(ret->bytes, form.digest, sizeof ret->bytes);
    return 0;
}

static void put_name(struct dz_buf *to, const struct dz_listed *listed)
{
    dz_buf_put(to, &listed->kind, 1);
    dz_buf_put(to, listed->name, strlen(listed->name) + 1);
}

int dz_listing_print(const struct dz_listing *listing, struct dz_fingerprint *ret)
{
    dz_autobuf struct dz_buf bytes = {0};
    dz_buf_str(&bytes, "names");
    for (unsigned i = 0; i < listing->n; i++)
        put_name(&bytes, &listing->all[i]);
    return print(&bytes, ret);
}

int dz_listed_may_be_tests(const struct dz_listed *listed)
{
    static const char *const endings[] = {".py", ".txt", ".rst"};
    size_t size = strlen(listed->name);
    if (listed->kind == 'd' || listed->kind == 'l')
        return 1;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t length = strlen(endings[i]);
        if (size > length && strcmp(listed->name + size - length, endings[i]) == 0)
            return 1;
    }
    return 0;
}

int dz_listing_print_tests(const struct dz_listing *listing, struct dz_fingerprint *ret)
{
    dz_autobuf struct dz_buf bytes = {0};
    dz_buf_str(&bytes, "tests");
    for (unsigned i = 0; i < listing->n; i++)
        if (dz_listed_may_be_tests(&listing->all[i]))
            put_name(&bytes, &listing->all[i]);
    return print(&bytes, ret);
}

void dz_listing_put(const struct dz_listing *listing, unsigned of, struct dz_buf *to)
{
    for (unsigned i = 0; i < listing->n; i++)
        if (of != DZ_NAMES_OF_TESTS || dz_listed_may_be_tests(&listing->all[i]))
            dz_buf_fmt(to, "/%c%s", listing->all[i].kind, listing->all[i].name);
    if (!to->len)
        dz_buf_str(to, "/");
}

/* ---- places ---- */

/* .py, .pyc, .so, .abi3.so, .cpython-312-x86_64-linux-gnu.so and its kin: of this python and of no other. */
static int is_ending(const char *text, int minor)
{
    char own[32];
    size_t size = strlen(text);
    snprintf(own, sizeof own, ".cpython-3%d", minor);
    if (strcmp(text, ".py") == 0 || strcmp(text, ".pyc") == 0 || strcmp(text, ".so") == 0)
        return 1;
    if (size < 3 || strcmp(text + size - 3, ".so") != 0)
        return 0;
    return strcmp(text, ".abi3.so") == 0 ||
           (strncmp(text, own, strlen(own)) == 0 && strchr("-td", text[strlen(own)]) != NULL);
}

/* The first that is not before name. */
static unsigned lower_bound(const struct dz_listing *listing, const char *name)
{
    unsigned low = 0, high = listing->n;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (strcmp(listing->all[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Links are followed, as a finder does. */
static char kind_at(const char *folder, const struct dz_listed *listed)
{
    struct stat status;
    if (listed->kind != 'l')
        return listed->kind;
    dz_auto char *path = dz_path_fmt("%s/%s", folder, listed->name);
    return path && stat(path, &status) == 0 ? letter_of(status.st_mode) : 'l';
}

static void put_files(struct dz_buf *to, const struct dz_listing *listing, const char *folder,
                      const char *name, int minor)
{
    size_t size = strlen(name);
    for (unsigned i = lower_bound(listing, name); i < listing->n; i++) {
        const struct dz_listed *listed = &listing->all[i];
        if (strncmp(listed->name, name, size) != 0)
            break;
        if (is_ending(listed->name + size, minor) && kind_at(folder, listed) == 'f')
            dz_buf_put(to, listed->name + size, strlen(listed->name + size) + 1);
    }
}

static int put_folder(struct dz_buf *to, const char *path, int minor)
{
    struct dz_listing inside;
    int r = dz_listing_read(path, &inside);
    dz_buf_put(to, "/", 2);
    /* As for a finder: what it may not list is empty. */
    if (r == -ENOENT || r == -ENOTDIR || r == -EACCES)
        return 0;
    if (r < 0)
        return r;
    put_files(to, &inside, path, "__init__", minor);
    dz_listing_free(&inside);
    return 0;
}

int dz_listing_print_place(const struct dz_listing *listing, const char *folder, const char *name,
                           int minor, struct dz_fingerprint *ret)
{
    dz_autobuf struct dz_buf bytes = {0};
    put_files(&bytes, listing, folder, name, minor);
    unsigned at = lower_bound(listing, name);
    int is_there = at < listing->n && strcmp(listing->all[at].name, name) == 0;
    if (is_there && kind_at(folder, &listing->all[at]) == 'd') {
        dz_auto char *path = dz_path_fmt("%s/%s", folder, name);
        int r = path ? put_folder(&bytes, path, minor) : -ENOMEM;
        if (r < 0)
            return r;
    }
    *ret = dz_absent;
    return !dz_buf_ok(&bytes) ? -ENOMEM : bytes.len ? print(&bytes, ret) : 0;
}

/* ---- all below ---- */

static int put_all(struct dz_buf *to, const char *folder, unsigned depth, unsigned *left);

static int put_link(struct dz_buf *to, const char *path)
{
    char target[PATH_MAX];
    ssize_t size = readlink(path, target, sizeof target);
    if (size < 0)
        return -errno;
    dz_buf_put(to, target, (size_t)size);
    dz_buf_put(to, "", 1);
    return 0;
}

static int put_content(struct dz_buf *to, const char *path)
{
    struct dz_look look;
    int r = dz_look_take(path, &look);
    if (r == 0)
        dz_buf_put(to, &look.content, sizeof look.content);
    return r;
}

static int put_listed(struct dz_buf *to, const char *folder, const struct dz_listed *listed,
                      unsigned depth, unsigned *left)
{
    dz_auto char *path = dz_path_fmt("%s/%s", folder, listed->name);
    if (!path)
        return -ENOMEM;
    if ((*left)-- == 0)
        return -E2BIG;
    put_name(to, listed);
    return listed->kind == 'd'   ? put_all(to, path, depth + 1, left)
           : listed->kind == 'l' ? put_link(to, path)
           : listed->kind == 'f' ? put_content(to, path)
                                 : 0;
}

static int put_all(struct dz_buf *to, const char *folder, unsigned depth, unsigned *left)
{
    struct dz_listing listing;
    int r = depth < DEEPEST ? dz_listing_read(folder, &listing) : -E2BIG;
    if (r < 0)
        return r;
    for (unsigned i = 0; r == 0 && i < listing.n; i++)
        r = put_listed(to, folder, &listing.all[i], depth, left);
    /* Where it ends. */
    dz_buf_put(to, "", 1);
    dz_listing_free(&listing);
    return r;
}

int dz_listing_print_all(const char *folder, struct dz_fingerprint *ret)
{
    dz_autobuf struct dz_buf bytes = {0};
    unsigned left = MOST_FILES;
    dz_buf_str(&bytes, "all");
    int r = put_all(&bytes, folder, 0, &left);
    return r < 0 ? r : print(&bytes, ret);
}
