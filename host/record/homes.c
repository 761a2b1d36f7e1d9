#include "homes.h"

#include "../base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- modules ---- */

static int add_home(struct dz_homes *homes, const char *module, size_t size, uint32_t file)
{
    uint32_t before = homes->modules.n;
    uint32_t number = dz_strings_add(&homes->modules, module, size);
    if (!number ||
        !dz_has_room(&homes->files_of, before, &homes->modules_cap, sizeof *homes->files_of) ||
        !dz_has_room(&homes->files, homes->n_files, &homes->files_cap, sizeof *homes->files))
        return -ENOMEM;
    uint32_t *first = &homes->files_of[number - 1];
    homes->files[homes->n_files++] = (struct dz_home){file, number > before ? 0 : *first};
    *first = homes->n_files;
    return 0;
}

/* As whatever module a file may be imported, by wherever the search for it begins. */
static int add_homes(struct dz_homes *homes, const char *path, uint32_t file)
{
    static const char *const ends[] = {".py", "/__init__.py"};
    size_t size = strlen(path);
    for (int i = 0; i < 2; i++) {
        size_t end = strlen(ends[i]);
        if (size <= end || strcmp(path + size - end, ends[i]) != 0)
            continue;
        for (size_t at = 1; at <= size - end; at++)
            if (path[at - 1] == '/' && add_home(homes, path + at, size - end - at, file) < 0)
                return -ENOMEM;
    }
    return 0;
}

uint32_t dz_homes_module(const struct dz_homes *homes, const char *path)
{
    return dz_strings_find(&homes->modules, path, strlen(path));
}

/* ---- files ---- */

static int by_file_and_name(const void *one, const void *other, void *of)
{
    const struct dz_left *list = of;
    const struct dz_left *a = &list[*(const uint32_t *)one], *b = &list[*(const uint32_t *)other];
    uint32_t left = a->file != b->file ? a->file : a->name;
    uint32_t right = a->file != b->file ? b->file : b->name;
    return left < right ? -1 : left > right;
}

static int take_files(struct dz_homes *homes, const struct dz_observations *all)
{
    for (uint32_t i = 0; i < homes->lefts->n; i++) {
        uint32_t file = homes->lefts->list[homes->order[i]].file;
        if (!file || homes->first[file])
            continue;
        homes->first[file] = i + 1;
        if (add_homes(homes, all->strings[file - 1], file) < 0)
            return -ENOMEM;
    }
    return 0;
}

int dz_homes_find(struct dz_homes *ret, const struct dz_lefts *lefts,
                  const struct dz_observations *all)
{
    *ret = (struct dz_homes){.lefts = lefts,
                             .order = dz_alloc((lefts->n + 1) * sizeof *ret->order),
                             .first = dz_alloc((all->n_strings + 1) * sizeof *ret->first)};
    if (!ret->order || !ret->first)
        return -ENOMEM;
    for (uint32_t i = 0; i < lefts->n; i++)
        ret->order[i] = i;
    if (lefts->n)
        qsort_r(ret->order, lefts->n, sizeof *ret->order, by_file_and_name, lefts->list);
    return take_files(ret, all);
}

static int is_in(const struct dz_homes *homes, uint32_t at, uint32_t file)
{
    return at < homes->lefts->n && homes->lefts->list[homes->order[at]].file == file;
}

/* Where those of a lesser name end. */
static uint32_t skip_to(const struct dz_homes *homes, uint32_t from, uint32_t file, uint32_t name)
{
    uint32_t n = homes->lefts->n - from;
    while (n) {
        uint32_t half = n / 2;
        const struct dz_left *there = &homes->lefts->list[homes->order[from + half]];
        if (there->file == file && there->name < name) {
            from += half + 1;
            n -= half + 1;
        } else
            n = half;
    }
    return from;
}

const uint32_t *dz_homes_of(const struct dz_homes *homes, uint32_t file, uint32_t name,
                            uint32_t *ret_n)
{
    uint32_t from = homes->first[file], end;
    *ret_n = 0;
    if (!from--)
        return NULL;
    if (name)
        from = skip_to(homes, from, file, name);
    for (end = from; is_in(homes, end, file); end++)
        if (name && homes->lefts->list[homes->order[end]].name != name)
            break;
    *ret_n = end - from;
    return homes->order + from;
}

void dz_homes_free(struct dz_homes *homes)
{
    dz_free(homes->order);
    dz_free(homes->first);
    dz_free(homes->files_of);
    dz_free(homes->files);
    dz_strings_free(&homes->modules);
    *homes = (struct dz_homes){0};
}
