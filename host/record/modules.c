#include "modules.h"

#include "../base/buf.h"
#include "../base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *name_at(const struct dz_modules *modules, uint32_t i)
{
    return modules->all->strings[modules->list[i].name - 1];
}

/* ---- finding ---- */

struct named {
    const char *text;
    struct dz_module_file is;
};

static int by_name(const void *one, const void *other)
{
    const struct named *a = one, *b = other;
    int order = strcmp(a->text, b->text);
    return order ? order : a->is.file < b->is.file ? -1 : a->is.file > b->is.file;
}

static int add(struct dz_modules *modules, uint32_t name, uint32_t file)
{
    if (!dz_has_room(&modules->list, modules->n, &modules->cap, sizeof *modules->list))
        return -ENOMEM;
    modules->list[modules->n++] = (struct dz_module_file){name, file};
    return 0;
}

/* By their names, each once: every process that has imported one tells it. */
static int put_in_order(struct dz_modules *modules)
{
    dz_auto struct named *named = dz_alloc((modules->n + 1) * sizeof *named);
    uint32_t n = 0;
    if (!named)
        return -ENOMEM;
    for (uint32_t i = 0; i < modules->n; i++)
        named[i] = (struct named){name_at(modules, i), modules->list[i]};
    if (modules->n)
        qsort(named, modules->n, sizeof *named, by_name);
    for (uint32_t i = 0; i < modules->n; i++)
        if (!i || by_name(&named[i - 1], &named[i]) != 0)
            modules->list[n++] = named[i].is;
    modules->n = n;
    return 0;
}

/* The first by their names of those that are the same. */
static int list_paths(struct dz_modules *modules)
{
    for (uint32_t i = 0; i < modules->n; i++) {
        uint32_t file = modules->list[i].file, before = modules->paths.n;
        const char *path = modules->all->strings[file - 1];
        uint32_t number = dz_strings_add(&modules->paths, path, strlen(path));
        if (!number ||
            !dz_has_room(&modules->files, before, &modules->files_cap, sizeof *modules->files))
            return -ENOMEM;
        if (number > before)
            modules->files[number - 1] = file;
    }
    return 0;
}

int dz_modules_find(struct dz_modules *ret, const struct dz_observations *all,
                    const struct dz_outputs *outputs)
{
    *ret = (struct dz_modules){.all = all};
    for (uint32_t i = 0; i < all->n_spans; i++) {
        const struct dz_observed_span *span = &all->spans[i];
        for (uint32_t k = 0; span->type == DZ_SPAN_IMPORT && k < span->n_facts; k++)
            if (span->facts[k].fact == DZ_FACT_SOURCE && span->facts[k].string &&
                !dz_outputs_is_made(outputs, span->facts[k].string) &&
                add(ret, span->name, span->facts[k].string) < 0)
                return -ENOMEM;
    }
    if (put_in_order(ret) < 0)
        return -ENOMEM;
    ret->of_files = dz_alloc((all->n_strings + 1) * sizeof *ret->of_files);
    for (uint32_t i = ret->n; ret->of_files && i; i--)
        ret->of_files[ret->list[i - 1].file] = i;
    return ret->of_files ? list_paths(ret) : -ENOMEM;
}

void dz_modules_free(struct dz_modules *modules)
{
    dz_free(modules->list);
    dz_free(modules->files);
    dz_free(modules->of_files);
    dz_strings_free(&modules->paths);
    *modules = (struct dz_modules){0};
}

/* ---- asking ---- */

static int compare(const char *name, const char *text, size_t size)
{
    int order = strncmp(name, text, size);
    return order ? order : name[size] != 0;
}

/* How many have lesser names. */
static uint32_t first_of(const struct dz_modules *modules, const char *text, size_t size)
{
    uint32_t from = 0, n = modules->n;
    while (n) {
        uint32_t half = n / 2;
        if (compare(name_at(modules, from + half), text, size) < 0) {
            from += half + 1;
            n -= half + 1;
        } else
            n = half;
    }
    return from;
}

const struct dz_module_file *dz_modules_named(const struct dz_modules *modules, const char *name,
                                              size_t size, uint32_t *ret_n)
{
    uint32_t first = first_of(modules, name, size), end = first;
    while (end < modules->n && compare(name_at(modules, end), name, size) == 0)
        end++;
    *ret_n = end - first;
    return end > first ? &modules->list[first] : NULL;
}

static uint32_t find_below(const struct dz_modules *modules, const char *folder, size_t folder_size,
                           const char *dotted)
{
    static const char *const ends[] = {".py", "/__init__.py"};
    for (int e = 0; e < 2; e++) {
        dz_autobuf struct dz_buf path = {0};
        dz_buf_fmt(&path, "%.*s/%s%s", (int)folder_size, folder, dotted, ends[e]);
        if (!dz_buf_ok(&path))
            return 0;
        for (size_t i = folder_size + 1; i <= folder_size + strlen(dotted); i++)
            path.data[i] = path.data[i] == '.' ? '/' : path.data[i];
        uint32_t number = dz_strings_find(&modules->paths, path.data, path.len);
        if (number)
            return modules->files[number - 1];
    }
    return 0;
}

static uint32_t find_package(const struct dz_modules *modules, const char *folder,
                             size_t folder_size)
{
    dz_autobuf struct dz_buf path = {0};
    dz_buf_fmt(&path, "%.*s/__init__.py", (int)folder_size, folder);
    uint32_t number = dz_buf_ok(&path) ? dz_strings_find(&modules->paths, path.data, path.len) : 0;
    return number ? modules->files[number - 1] : 0;
}

/* The package of a file's module, this many levels up: how much of the name is its; 0: none. */
static size_t package_of(const char *name, const char *path, uint32_t level)
{
    const char *slash = strrchr(path, '/');
    size_t size = strlen(name);
    if (slash && strcmp(slash, "/__init__.py") == 0)
        level--;
    for (; level && size; level--)
        while (size && name[--size] != '.')
            ;
    return size;
}

/* A package may have modules in other folders than its own, by its __path__. */
static uint32_t find_elsewhere(const struct dz_modules *modules, uint32_t file, uint32_t level,
                               const char *dotted)
{
    const char *path = modules->all->strings[file - 1];
    uint32_t at = level ? modules->of_files[file] : 0, n;
    size_t size = at ? package_of(name_at(modules, at - 1), path, level) : 0;
    dz_autobuf struct dz_buf whole = {0};
    if (!size)
        return 0;
    dz_buf_fmt(&whole, "%.*s%s%s", (int)size, name_at(modules, at - 1), *dotted ? "." : "", dotted);
    const struct dz_module_file *found =
        dz_buf_ok(&whole) ? dz_modules_named(modules, whole.data, whole.len, &n) : NULL;
    return found ? found->file : 0;
}

/* So many levels up. Its size, 0 where there is none. */
static size_t folder_above(const char *path, uint32_t level)
{
    size_t size = strlen(path);
    for (; level && size; level--)
        while (size && path[--size] != '/')
            ;
    return size;
}

uint32_t dz_modules_relative(const struct dz_modules *modules, uint32_t file, uint32_t level,
                             const char *dotted)
{
    const char *path = modules->all->strings[file - 1];
    size_t size = folder_above(path, level);
    uint32_t found =
        *dotted ? find_below(modules, path, size, dotted) : find_package(modules, path, size);
    return found ? found : find_elsewhere(modules, file, level, dotted);
}

int dz_modules_has_root(const struct dz_modules *modules, const char *name, size_t size)
{
    uint32_t at = first_of(modules, name, size);
    if (at < modules->n && compare(name_at(modules, at), name, size) == 0)
        return 1;
    /* A package may have come from elsewhere, or be none of python's: a.b is there, and a is not. */
    for (; at < modules->n && strncmp(name_at(modules, at), name, size) == 0; at++)
        if (name_at(modules, at)[size] == '.')
            return 1;
    return 0;
}
