#include "distributions.h"

#include "../base/buf.h"
#include "../base/file.h"
#include "../base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    char *file; /* absolute */
    const char *distribution;
};

struct dz_distributions {
    char **folders, **names;
    uint32_t n_folders, n_names, folders_cap, names_cap;
    struct entry *entries;
    uint32_t n, cap;
    int sorted;
};

struct dz_distributions *dz_distributions_new(void)
{
    return dz_alloc(sizeof(struct dz_distributions));
}

void dz_distributions_free(struct dz_distributions *all)
{
    if (!all)
        return;
    for (uint32_t i = 0; i < all->n_folders; i++)
        dz_free(all->folders[i]);
    for (uint32_t i = 0; i < all->n_names; i++)
        dz_free(all->names[i]);
    for (uint32_t i = 0; i < all->n; i++)
        dz_free(all->entries[i].file);
    dz_free(all->folders);
    dz_free(all->names);
    dz_free(all->entries);
    dz_free(all);
}

static int keep(char ***list, uint32_t *n, uint32_t *cap, char *text)
{
    if (!text || !dz_has_room(list, *n, cap, sizeof **list)) {
        dz_free(text);
        return -ENOMEM;
    }
    (*list)[(*n)++] = text;
    return 0;
}

/* ---- RECORD: lines of comma-separated values, the path first, quoted where it holds a comma or a quote ---- */

static const char *take_path(const char *line, const char *end, struct dz_buf *path)
{
    path->len = 0;
    int quoted = line < end && *line == '"';
    for (const char *at = line + quoted; at < end; at++) {
        if (quoted && *at == '"' && at + 1 < end && at[1] == '"')
            at++;
        else if (*at == (quoted ? '"' : ','))
            return at;
        dz_buf_put(path, at, 1);
    }
    return end;
}

static int add_files(struct dz_distributions *all, const char *folder, const char *record,
                     size_t size, const char *name)
{
    dz_autobuf struct dz_buf path = {0};
    for (const char *line = record, *end; line < record + size; line = end + 1) {
        end = memchr(line, '\n', (size_t)(record + size - line));
        if (!end)
            end = record + size;
        take_path(line, end, &path);
        if (!path.len)
            continue;
        dz_autobuf struct dz_buf file = {0};
        dz_buf_fmt(&file, "%s/%.*s", folder, (int)path.len, path.data);
        if (!dz_buf_ok(&path) || !dz_buf_ok(&file) ||
            !dz_has_room(&all->entries, all->n, &all->cap, sizeof *all->entries))
            return -ENOMEM;
        all->entries[all->n++] = (struct entry){file.data, name};
        file = (struct dz_buf){0};
    }
    return 0;
}

/* NAME-VERSION.dist-info */
static char *name_of(const char *folder)
{
    size_t size = strlen(folder) - strlen(".dist-info");
    const char *dash = memchr(folder, '-', size);
    dz_autobuf struct dz_buf name = {0};
    if (dash)
        dz_buf_fmt(&name, "%.*s==%.*s", (int)(dash - folder), folder,
                   (int)(folder + size - dash - 1), dash + 1);
    else
        dz_buf_fmt(&name, "%.*s", (int)size, folder);
    char *text = dz_buf_ok(&name) ? name.data : NULL;
    if (text)
        name = (struct dz_buf){0};
    return text;
}

static int add_distribution(struct dz_distributions *all, const char *folder, const char *info)
{
    dz_autobuf struct dz_buf path = {0}, record = {0};
    dz_buf_fmt(&path, "%s/%s/RECORD", folder, info);
    if (!dz_buf_ok(&path))
        return -ENOMEM;
    if (dz_file_read(path.data, &record) < 0)
        return dz_buf_ok(&record) ? 0 : -ENOMEM;
    int r = keep(&all->names, &all->n_names, &all->names_cap, name_of(info));
    return r < 0 ? r
                 : add_files(all, folder, record.data, record.len, all->names[all->n_names - 1]);
}

static int ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), tail = strlen(end);
    return size > tail && strcmp(text + size - tail, end) == 0;
}

static int add_folder(struct dz_distributions *all, const char *path, size_t size)
{
    int r = keep(&all->folders, &all->n_folders, &all->folders_cap, dz_memdup(path, size));
    DIR *folder = r < 0 ? NULL : opendir(all->folders[all->n_folders - 1]);
    for (struct dirent *found; r == 0 && folder && (found = readdir(folder));)
        if (ends_with(found->d_name, ".dist-info"))
            r = add_distribution(all, all->folders[all->n_folders - 1], found->d_name);
    if (folder)
        closedir(folder);
    all->sorted = 0;
    return r;
}

/* ---- asking ---- */

static int by_file(const void *one, const void *other)
{
    return strcmp(((const struct entry *)one)->file, ((const struct entry *)other)->file);
}

static size_t folder_size(const char *path)
{
    static const char *const names[] = {"/site-packages/", "/dist-packages/"};
    for (int i = 0; i < 2; i++) {
        const char *at = strstr(path, names[i]);
        if (at)
            return (size_t)(at - path) + strlen(names[i]) - 1;
    }
    return 0;
}

static int is_known(const struct dz_distributions *all, const char *path, size_t size)
{
    for (uint32_t i = 0; i < all->n_folders; i++)
        if (strlen(all->folders[i]) == size && memcmp(all->folders[i], path, size) == 0)
            return 1;
    return 0;
}

static void sort(struct dz_distributions *all)
{
    if (!all->sorted && all->n)
        qsort(all->entries, all->n, sizeof *all->entries, by_file);
    all->sorted = 1;
}

const char *dz_distributions_of(struct dz_distributions *all, const char *path)
{
    size_t size = folder_size(path);
    if (!size || (!is_known(all, path, size) && add_folder(all, path, size) < 0))
        return NULL;
    sort(all);
    struct entry asked = {.file = (char *)path};
    struct entry *found =
        all->n ? bsearch(&asked, all->entries, all->n, sizeof *all->entries, by_file) : NULL;
    return found ? found->distribution : NULL;
}

/* Files of a package stand together, behind all whose names are less. */
static uint32_t first_from(const struct dz_distributions *all, const char *path)
{
    uint32_t from = 0, n = all->n;
    while (n) {
        uint32_t half = n / 2;
        if (strcmp(all->entries[from + half].file, path) < 0) {
            from += half + 1;
            n -= half + 1;
        } else
            n = half;
    }
    return from;
}

/* pkg/, pkg.py, pkg.cpython-312-x86_64-linux-gnu.so */
const char *dz_distributions_named(struct dz_distributions *all, const char *module, size_t size)
{
    sort(all);
    for (uint32_t i = 0; i < all->n_folders; i++) {
        dz_autobuf struct dz_buf path = {0};
        dz_buf_fmt(&path, "%s/%.*s", all->folders[i], (int)size, module);
        if (!dz_buf_ok(&path))
            return NULL;
        for (uint32_t k = first_from(all, path.data);
             k < all->n && strncmp(all->entries[k].file, path.data, path.len) == 0; k++)
            if (strchr("/.", all->entries[k].file[path.len]))
                return all->entries[k].distribution;
    }
    return NULL;
}
