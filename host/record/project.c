#include "project.h"

#include "../base/mem.h"
#include "scope.h"
#include "sheets.h"

#include <errno.h>
#include <string.h>

enum { STEPS_MOST = 256 /* of imports that lead on to imports */ };

/* ---- files ---- */

uint32_t dz_project_file(struct dz_project *project, const char *path)
{
    const struct dz_strings *strings = &project->graph->strings;
    uint32_t number = dz_strings_add(&project->paths, path, strlen(path));
    if (number && number <= project->n_files)
        return number;
    if (!number || project->failed ||
        !dz_has_room(&project->files, project->n_files, &project->cap_files,
                     sizeof *project->files)) {
        project->failed = 1;
        return 0;
    }
    uint32_t string = dz_strings_find(strings, path, strlen(path));
    project->files[project->n_files++] =
        (struct dz_project_file){.is_known = string && dz_bits_has(&project->known, string)};
    return number;
}

const char *dz_project_path(const struct dz_project *project, uint32_t file)
{
    return dz_strings_text(&project->paths, file);
}

const struct dz_sheet *dz_project_sheet(struct dz_project *project, uint32_t number)
{
    struct dz_project_file *file = number ? &project->files[number - 1] : NULL;
    if (file && !file->is_read) {
        const struct dz_project_sources *sources = project->sources;
        int unknown = 0;
        file->sheet = sources->now(sources->of, dz_project_path(project, number), &unknown);
        file->is_read = 1;
        project->unknown |= unknown;
    }
    return file ? file->sheet : NULL;
}

static void add_found(struct dz_project *project, struct dz_found_files *found, uint32_t file)
{
    for (uint32_t i = 0; i < found->n; i++)
        if (found->list[i] == file)
            return;
    if (!file || !dz_project_sheet(project, file))
        return;
    if (found->n == DZ_FOUND_MOST)
        project->unknown = 1;
    else
        found->list[found->n++] = file;
}

/* ---- modules by where they lie ---- */

/* a/b and c.d: a/b/c/d, without an ending. */
static void put_below(struct dz_buf *to, const char *folder, size_t size, const char *dotted)
{
    dz_buf_fmt(to, "%.*s%s", (int)size, folder, size && *dotted ? "/" : "");
    for (; *dotted; dotted++)
        dz_buf_put(to, *dotted == '.' ? "/" : dotted, 1);
}

/* The file of a module: as a folder it would come first. */
static void find_at(struct dz_project *project, const struct dz_buf *base,
                    struct dz_found_files *found)
{
    static const char *const ends[] = {"/__init__.py", ".py"};
    for (int i = 0; i < 2 && base->len; i++) {
        dz_autobuf struct dz_buf path = {0};
        dz_buf_fmt(&path, "%.*s%s", (int)base->len, base->data, ends[i]);
        if (dz_buf_ok(&path))
            add_found(project, found, dz_project_file(project, path.data));
        project->failed |= !dz_buf_ok(&path);
    }
}

static void find_below(struct dz_project *project, const char *folder, size_t size,
                       const char *dotted, struct dz_found_files *found)
{
    dz_autobuf struct dz_buf base = {0};
    put_below(&base, folder, size, dotted);
    project->failed |= !dz_buf_ok(&base);
    if (dz_buf_ok(&base))
        find_at(project, &base, found);
}

/* The folder that relative imports of a file are relative to: so many levels up. Its size. */
static size_t folder_of(const char *path, uint32_t level)
{
    size_t size = strlen(path);
    for (; level && size; level--)
        while (size && path[--size] != '/')
            ;
    return size;
}

/* A module of the package that this file is. */
static void find_in_package(struct dz_project *project, uint32_t file, const char *name,
                            struct dz_found_files *found)
{
    const char *path = dz_project_path(project, file), *slash = strrchr(path, '/');
    if (strcmp(slash ? slash + 1 : path, "__init__.py") == 0)
        find_below(project, path, slash ? (size_t)(slash - path) : 0, name, found);
}

/* ---- modules by their names ---- */

/* Without "/__init__.py" and ".py". */
static size_t module_size(const char *path)
{
    static const char init[] = "/__init__.py";
    size_t size = strlen(path), n = sizeof init - 1;
    return size > n && strcmp(path + size - n, init) == 0 ? size - n : size - strlen(".py");
}

static int is_package(const struct dz_project *project, const char *path, size_t size)
{
    dz_autobuf struct dz_buf init = {0};
    dz_buf_fmt(&init, "%.*s%s__init__.py", (int)size, path, size ? "/" : "");
    uint32_t string =
        dz_buf_ok(&init) ? dz_strings_find(&project->graph->strings, init.data, init.len) : 0;
    return string && dz_bits_has(&project->known, string);
}

static int add_stem(struct dz_project *project, uint32_t look, const char *path)
{
    size_t size = module_size(path), at = size;
    while (at && path[at - 1] != '/')
        at--;
    uint32_t stem = dz_strings_add(&project->stems, path + at, size - at);
    if (!stem)
        return -ENOMEM;
    project->others[look] = project->first[stem];
    project->first[stem] = look + 1;
    return 0;
}

static int list_looks(struct dz_project *project)
{
    const struct dz_graph *graph = project->graph;
    project->first = dz_alloc(((size_t)graph->n_looks + 2) * sizeof *project->first);
    project->others = dz_alloc(((size_t)graph->n_looks + 1) * sizeof *project->others);
    int r = project->first && project->others ? 0 : -ENOMEM;
    for (uint32_t i = 0; r == 0 && i < graph->n_looks; i++) {
        const char *path = dz_strings_text(&graph->strings, graph->looks[i].path);
        if (!dz_sheets_are_of(path))
            continue;
        r = dz_bits_set(&project->known, graph->looks[i].path);
        r = r < 0 ? r : add_stem(project, i, path);
    }
    return r;
}

/* Those whose path ends so: first where the folder in front of it is no package itself, else any. */
static void find_known(struct dz_project *project, const char *end, size_t size, int any,
                       struct dz_found_files *found)
{
    const struct dz_graph *graph = project->graph;
    size_t at = size;
    while (at && end[at - 1] != '/')
        at--;
    uint32_t stem = dz_strings_find(&project->stems, end + at, size - at);
    for (uint32_t i = stem ? project->first[stem] : 0; i; i = project->others[i - 1]) {
        const char *path = dz_strings_text(&graph->strings, graph->looks[i - 1].path);
        size_t whole = module_size(path);
        if (whole < size || strncmp(path + whole - size, end, size) != 0)
            continue;
        size_t before = whole - size;
        if (before && path[before - 1] != '/')
            continue;
        if (any || !is_package(project, path, before ? before - 1 : 0))
            add_found(project, found, dz_project_file(project, path));
    }
}

static size_t above(const char *path, size_t size)
{
    while (size && path[--size] != '/')
        ;
    return size;
}

/* The first folder above that is no package, and as it may be a part of a namespace, those above it. */
static void add_roots_of(struct dz_project *project, const char *path)
{
    size_t size = above(path, strlen(path));
    while (size && is_package(project, path, size))
        size = above(path, size);
    for (uint32_t before = UINT32_MAX; before != project->roots.n; size = above(path, size)) {
        before = project->roots.n;
        project->failed |= !dz_strings_add(&project->roots, path, size);
        if (!size || *path == '/')
            return;
    }
}

static void list_roots(struct dz_project *project)
{
    const struct dz_graph *graph = project->graph;
    project->failed |= !dz_strings_add(&project->roots, "", 0);
    for (uint32_t i = 0; i < graph->n_looks; i++)
        if (dz_bits_has(&project->known, graph->looks[i].path))
            add_roots_of(project, dz_strings_text(&graph->strings, graph->looks[i].path));
}

/* One that nobody has imported yet. */
static void find_new(struct dz_project *project, const char *dotted, struct dz_found_files *found)
{
    if (!project->roots.n)
        list_roots(project);
    for (uint32_t i = 0; i < project->roots.n; i++) {
        const char *root = project->roots.at[i];
        find_below(project, root, strlen(root), dotted, found);
    }
}

void dz_project_find(struct dz_project *project, const char *dotted, struct dz_found_files *ret)
{
    dz_autobuf struct dz_buf end = {0};
    ret->n = 0;
    put_below(&end, "", 0, dotted);
    if (!dz_buf_ok(&end) || !end.len) {
        project->failed |= !dz_buf_ok(&end);
        return;
    }
    for (int any = 0; any < 2 && !ret->n; any++)
        find_known(project, end.data, end.len, any, ret);
    if (!ret->n)
        find_new(project, dotted, ret);
}

/* ---- what an import names ---- */

static void find_relative(struct dz_project *project, uint32_t file, uint32_t level,
                          const char *module, struct dz_found_files *ret)
{
    const char *path = dz_project_path(project, file);
    ret->n = 0;
    find_below(project, path, folder_of(path, level), module, ret);
}

static void find_module(struct dz_project *project, uint32_t file, const struct dz_sheet *sheet,
                        const struct dz_import *import, struct dz_found_files *ret)
{
    const char *module = dz_sheet_string(sheet, import->module);
    if (import->level)
        find_relative(project, file, import->level, module, ret);
    else if (import->flags & DZ_IMPORT_STANDARD)
        ret->n = 0;
    else
        dz_project_find(project, module, ret);
}

/* from MODULE import NAME, where NAME may be a module: whatever MODULE is. */
static void find_member(struct dz_project *project, uint32_t file, const struct dz_sheet *sheet,
                        const struct dz_import *import, struct dz_found_files *ret)
{
    const char *module = dz_sheet_string(sheet, import->module);
    dz_autobuf struct dz_buf whole = {0};
    ret->n = 0;
    if (import->name == DZ_NONE || import->flags & DZ_IMPORT_STANDARD)
        return;
    dz_buf_fmt(&whole, "%s%s%s", module, *module ? "." : "", dz_sheet_string(sheet, import->name));
    project->failed |= !dz_buf_ok(&whole);
    if (!dz_buf_ok(&whole))
        return;
    if (import->level)
        find_relative(project, file, import->level, whole.data, ret);
    else
        dz_project_find(project, whole.data, ret);
}

static void add_with_packages(struct dz_project *project, uint32_t file, struct dz_bits *to)
{
    for (;;) {
        if (dz_bits_has(to, file))
            return;
        project->failed |= dz_bits_set(to, file) < 0;
        const char *path = dz_project_path(project, file);
        size_t size = above(path, strlen(path));
        if (strcmp(path + size + (size > 0), "__init__.py") == 0)
            size = above(path, size);
        struct dz_found_files around = {.n = 0};
        dz_autobuf struct dz_buf init = {0};
        dz_buf_fmt(&init, "%.*s%s__init__.py", (int)size, path, size ? "/" : "");
        if (dz_buf_ok(&init))
            add_found(project, &around, dz_project_file(project, init.data));
        project->failed |= !dz_buf_ok(&init);
        if (!around.n)
            return;
        file = around.list[0];
    }
}

void dz_project_imported(struct dz_project *project, uint32_t file, const struct dz_sheet *sheet,
                         const struct dz_import *import, struct dz_bits *to)
{
    struct dz_found_files found;
    find_module(project, file, sheet, import, &found);
    for (uint32_t i = 0; i < found.n; i++)
        add_with_packages(project, found.list[i], to);
    find_member(project, file, sheet, import, &found);
    for (uint32_t i = 0; i < found.n; i++)
        add_with_packages(project, found.list[i], to);
}

/* ---- what names stand for ---- */

struct meaning {
    struct dz_project *project;
    dz_meant *meant;
    void *of;
    struct {
        uint32_t file, n;
        const char *name;
    } seen[STEPS_MOST]; /* names of modules, and how much is read of them */
    unsigned n_seen;
};

/* Modules import from one another in circles. */
static int is_seen(struct meaning *at, uint32_t file, const struct dz_names_chain *chain)
{
    for (unsigned i = 0; i < at->n_seen; i++)
        if (at->seen[i].file == file && at->seen[i].n == chain->n &&
            strcmp(at->seen[i].name, chain->names[0]) == 0)
            return 1;
    if (at->n_seen == STEPS_MOST) {
        at->project->unknown = 1;
        return 1;
    }
    at->seen[at->n_seen].file = file;
    at->seen[at->n_seen].n = chain->n;
    at->seen[at->n_seen++].name = chain->names[0];
    return 0;
}

static struct dz_names_chain rest_of(const struct dz_names_chain *chain, uint32_t n)
{
    struct dz_names_chain rest = {.n = chain->n > n ? chain->n - n : 0, .mode = chain->mode};
    memcpy(rest.names, chain->names + n, rest.n * sizeof *rest.names);
    return rest;
}

static void mean(struct meaning *at, uint32_t file, const char *name,
                 const struct dz_names_chain *rest)
{
    struct dz_meaning meaning = {.file = file, .name = name, .rest = *rest};
    at->meant(at->of, &meaning);
}

/* How a module's statements bind a name, and its functions that declare it global. */
static uint32_t modes_of(const struct dz_sheet *sheet, const char *name)
{
    uint32_t n, modes = 0, string = dz_scope_string(sheet, name);
    const uint32_t *binders = dz_scope_binders(sheet, string, &n);
    for (uint32_t i = 0; i < n; i++) {
        const struct dz_element *element = dz_sheet_at(sheet, binders[i]);
        const struct dz_bind *bind = dz_sheet_binds(sheet, element);
        int is_statement = element->kind == DZ_BINDING || element->kind == DZ_EFFECT;
        for (uint32_t k = 0; k < element->binds.n; k++)
            if (bind[k].name == string && (is_statement || bind[k].mode & DZ_BIND_GLOBAL))
                modes |= bind[k].mode;
    }
    return modes;
}

static int is_at_top(const struct dz_sheet *sheet, const struct dz_import *import)
{
    const struct dz_element *by = dz_sheet_at(sheet, import->element);
    return by->kind == DZ_BINDING || by->kind == DZ_EFFECT;
}

static int mean_in(struct meaning *at, uint32_t file, const struct dz_names_chain *chain);

/* A name that a module has, or that is a module below it. */
static void mean_of_module(struct meaning *at, uint32_t file, const struct dz_names_chain *chain)
{
    struct dz_found_files below = {.n = 0};
    if (!chain->n) {
        mean(at, file, NULL, chain);
        return;
    }
    const struct dz_sheet *sheet = dz_project_sheet(at->project, file);
    find_in_package(at->project, file, chain->names[0], &below);
    struct dz_names_chain rest = rest_of(chain, 1);
    for (uint32_t i = 0; i < below.n; i++)
        mean_of_module(at, below.list[i], &rest);
    /* What the module does not have yet, somebody may give it, or have missed. */
    if ((!below.n || (sheet && modes_of(sheet, chain->names[0]))) && !mean_in(at, file, chain))
        mean(at, file, chain->names[0], &rest);
}

static void mean_member(struct meaning *at, const struct dz_found_files *modules, const char *name,
                        const struct dz_names_chain *rest)
{
    struct dz_names_chain chain = {.n = 1, .mode = rest->mode};
    if (rest->n >= DZ_CHAIN_MOST)
        return;
    chain.names[0] = name;
    memcpy(chain.names + 1, rest->names, rest->n * sizeof *rest->names);
    chain.n += rest->n;
    for (uint32_t i = 0; i < modules->n; i++)
        mean_of_module(at, modules->list[i], &chain);
}

/* import a.b.c: a.b.c.d is d of the module, where a is none, a folder, nor a.b. */
static void mean_dotted(struct meaning *at, const char *first, const struct dz_names_chain *rest)
{
    dz_autobuf struct dz_buf dotted = {0};
    struct dz_found_files found;
    dz_buf_str(&dotted, first);
    for (uint32_t i = 0; i <= rest->n; i++) {
        dz_buf_put(&dotted, "", 1);
        at->project->failed |= !dz_buf_ok(&dotted);
        if (!dz_buf_ok(&dotted))
            return;
        dz_project_find(at->project, dotted.data, &found);
        struct dz_names_chain more = rest_of(rest, i);
        for (uint32_t k = 0; k < found.n; k++)
            mean_of_module(at, found.list[k], &more);
        if (found.n || i == rest->n)
            return;
        dotted.len--;
        dz_buf_fmt(&dotted, ".%s", rest->names[i]);
    }
}

static void mean_whole(struct meaning *at, const struct dz_sheet *sheet,
                       const struct dz_import *import, const struct dz_names_chain *rest)
{
    const char *module = dz_sheet_string(sheet, import->module);
    const char *bound = dz_sheet_string(sheet, import->bound);
    size_t first = strcspn(module, ".");
    int is_first = strlen(bound) == first && strncmp(module, bound, first) == 0;
    if (!(import->flags & DZ_IMPORT_STANDARD))
        mean_dotted(at, is_first ? bound : module, rest);
}

static void mean_import(struct meaning *at, uint32_t file, const struct dz_sheet *sheet,
                        const struct dz_import *import, const struct dz_names_chain *rest)
{
    struct dz_found_files found;
    if (import->flags & DZ_IMPORT_STAR)
        return;
    if (!(import->flags & DZ_IMPORT_FROM)) {
        mean_whole(at, sheet, import, rest);
        return;
    }
    find_module(at->project, file, sheet, import, &found);
    mean_member(at, &found, dz_sheet_string(sheet, import->name), rest);
    if (found.n)
        return;
    /* A folder of modules that is no package. */
    find_member(at->project, file, sheet, import, &found);
    for (uint32_t i = 0; i < found.n; i++)
        mean_of_module(at, found.list[i], rest);
}

static int mean_through_stars(struct meaning *at, uint32_t file, const struct dz_sheet *sheet,
                              const struct dz_names_chain *chain)
{
    uint32_t n, is_found = 0;
    const struct dz_import *imports = dz_sheet_imports(sheet, &n);
    for (uint32_t i = 0; i < n; i++) {
        struct dz_found_files found;
        if (!(imports[i].flags & DZ_IMPORT_STAR) || !is_at_top(sheet, &imports[i]))
            continue;
        find_module(at->project, file, sheet, &imports[i], &found);
        for (uint32_t k = 0; k < found.n; k++)
            is_found |= (uint32_t)mean_in(at, found.list[k], chain);
    }
    return (int)is_found;
}

/* Whether the module has such a name. */
static int mean_in(struct meaning *at, uint32_t file, const struct dz_names_chain *chain)
{
    uint32_t n, n_all;
    const struct dz_sheet *sheet = dz_project_sheet(at->project, file);
    if (!sheet || !chain->n || at->project->failed || is_seen(at, file, chain))
        return 0;
    uint32_t modes = modes_of(sheet, chain->names[0]);
    const struct dz_import *imports = dz_sheet_imports(sheet, &n_all);
    const uint32_t *found = dz_scope_imports(sheet, dz_scope_string(sheet, chain->names[0]), &n);
    struct dz_names_chain rest = rest_of(chain, 1);
    for (uint32_t i = 0; i < n; i++)
        if (is_at_top(sheet, &imports[found[i]]))
            mean_import(at, file, sheet, &imports[found[i]], &rest);
    if (modes & (DZ_BIND_VALUE | DZ_BIND_FUNCTION | DZ_BIND_CLASS | DZ_BIND_DELETE))
        mean(at, file, chain->names[0], &rest);
    return modes ? 1 : mean_through_stars(at, file, sheet, chain);
}

struct dz_names_chain dz_project_chain(const struct dz_sheet *sheet, uint32_t number, uint32_t mode)
{
    uint32_t parts[DZ_CHAIN_MOST], n = 0;
    struct dz_names_chain ret = {.mode = mode};
    uint32_t size = 0;
    for (uint32_t i = number; i != DZ_NONE; i = dz_sheet_chain(sheet, i)->parent)
        size++;
    /* Of one that is longer, the first. */
    for (; number != DZ_NONE; number = dz_sheet_chain(sheet, number)->parent)
        if (size-- <= DZ_CHAIN_MOST)
            parts[n++] = dz_sheet_chain(sheet, number)->name;
    for (uint32_t i = 0; i < n; i++)
        ret.names[i] = dz_sheet_string(sheet, parts[n - 1 - i]);
    ret.n = n;
    return ret;
}

void dz_project_mean(struct dz_project *project, uint32_t file, const struct dz_names_chain *chain,
                     dz_meant *meant, void *of)
{
    struct meaning at = {.project = project, .meant = meant, .of = of};
    mean_in(&at, file, chain);
}

void dz_project_mean_import(struct dz_project *project, uint32_t file,
                            const struct dz_import *import, const struct dz_names_chain *rest,
                            dz_meant *meant, void *of)
{
    struct meaning at = {.project = project, .meant = meant, .of = of};
    const struct dz_sheet *sheet = dz_project_sheet(project, file);
    if (sheet)
        mean_import(&at, file, sheet, import, rest);
}

/* ---- begin and end ---- */

int dz_project_init(struct dz_project *ret, const struct dz_graph *graph,
                    const struct dz_project_sources *sources)
{
    *ret = (struct dz_project){.graph = graph, .sources = sources};
    return list_looks(ret);
}

void dz_project_free(struct dz_project *project)
{
    for (uint32_t i = 0; i < project->n_files; i++)
        dz_sheet_free(project->files[i].sheet);
    dz_free(project->files);
    dz_strings_free(&project->paths);
    dz_bits_free(&project->known);
    dz_strings_free(&project->stems);
    dz_strings_free(&project->roots);
    dz_free(project->first);
    dz_free(project->others);
}
