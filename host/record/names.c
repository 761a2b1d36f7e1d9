#include "names.h"

#include "../base/buf.h"
#include "../base/mem.h"
#include "outside.h"
#include "touch.h"
#include "scope.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
    IS_READ = DZ_READ_VALUE | DZ_READ_CALLED | DZ_READ_ITEM | DZ_READ_ANNOTATION,
    LOOKS_INSIDE = DZ_NAMES_INSPECTION | DZ_NAMES_ANNOTATIONS | DZ_NAMES_POSITION,
    CHAIN_MOST = 32,
    STEPS_MOST = 64, /* of imports that lead on to imports */
};

enum { REACHES_NOT = 1, REACHES };

/* Where names are read: an element of a file, and the vertex that reads. */
struct reader {
    struct dz_names *names;
    uint32_t from; /* vertex */
    uint32_t file;
    const struct dz_sheet *sheet;
    int looks_inside;
    unsigned steps;
};

static const char *file_text(const struct dz_names *names, uint32_t file)
{
    return names->all->strings[file - 1];
}

static uint32_t add_string(struct dz_names *names, const char *text, size_t size)
{
    uint32_t number = dz_strings_add(&names->links->graph->strings, text, size);
    if (!number)
        names->links->failed = 1;
    return number;
}

static uint32_t add_text(struct dz_names *names, const char *text)
{
    return add_string(names, text, strlen(text));
}

static const char *text_of(const struct dz_names *names, uint32_t number)
{
    return dz_strings_text(&names->links->graph->strings, number);
}

/* ---- paths ---- */

static const char *below_root(const struct dz_names *names, const char *path)
{
    size_t size = strlen(names->rootdir);
    if (size && strncmp(path, names->rootdir, size) == 0 && (path[size] == '/' || !path[size]))
        return path[size] ? path + size + 1 : "";
    return path;
}

uint32_t dz_names_path(struct dz_names *names, const char *absolute)
{
    return add_text(names, below_root(names, absolute));
}

static uint32_t path_of(struct dz_names *names, uint32_t file)
{
    struct dz_names_file *info = &names->files[file];
    if (!info->path)
        info->path = dz_names_path(names, file_text(names, file)) + 1;
    return info->path - 1;
}

static const struct dz_sheet *sheet_of(struct dz_names *names, uint32_t file)
{
    struct dz_joined joined = dz_elements_sheet(names->elements, file);
    return joined.why == DZ_KNOWN ? joined.sheet : NULL;
}

/* ---- inputs ---- */

void dz_names_unprovable(struct dz_names *names, uint32_t vertex, const char *why)
{
    struct dz_input input = {.kind = DZ_INPUT_UNPROVABLE, .name = add_text(names, why)};
    dz_links_input(names->links, vertex, &input);
}

/* Of a source that lies in an archive, the size of the archive's path; 0: it lies in none. */
static size_t archive_size(const char *path)
{
    static const char *const ends[] = {".zip/", ".egg/", ".whl/", ".pyz/"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        const char *at = strstr(path, ends[i]);
        if (at)
            return (size_t)(at - path) + strlen(ends[i]) - 1;
    }
    return 0;
}

static void add_unknown(struct dz_names *names, uint32_t vertex, uint32_t file, enum dz_unknown why)
{
    size_t size = archive_size(file_text(names, file));
    if (size && why == DZ_UNKNOWN_UNREAD) {
        dz_auto char *archive = dz_memdup(file_text(names, file), size);
        if (archive)
            dz_names_input(
                names, vertex,
                (struct dz_input){.kind = DZ_INPUT_CONTENT, .path = dz_names_path(names, archive)});
        return;
    }
    dz_autobuf struct dz_buf text = {0};
    dz_buf_fmt(&text, "%s: %s", below_root(names, file_text(names, file)), dz_unknown_text(why));
    dz_names_unprovable(names, vertex, dz_buf_ok(&text) ? text.data : "no memory");
}

/* Of what is no source, as it is now; where it may not be what was read, nothing is proved by it. */
void dz_names_input(struct dz_names *names, uint32_t vertex, struct dz_input input)
{
    dz_autobuf struct dz_buf why = {0};
    int r = dz_prints_add(&names->prints, &input);
    if (r == 0) {
        dz_links_input(names->links, vertex, &input);
        return;
    }
    /* What it has now is kept beside: by that the next job may tell that nobody has changed it. */
    if (r == -ESTALE && input.kind == DZ_INPUT_CONTENT &&
        memcmp(&input.fingerprint, &dz_absent, sizeof dz_absent) != 0)
        dz_links_input(names->links, vertex, &input);
    const char *path = text_of(names, input.path), *name = text_of(names, input.name);
    dz_buf_fmt(&why, r == -ESTALE ? "%s was changed while the job ran" : "%s cannot be looked at",
               *path ? path : name);
    dz_names_unprovable(names, vertex, dz_buf_ok(&why) ? why.data : "no memory");
}

/* Of a source: by the sheet of what was loaded. */
static void add_input(struct dz_names *names, uint32_t vertex, uint32_t file, struct dz_input input)
{
    struct dz_joined joined = dz_elements_sheet(names->elements, file);
    if (joined.why != DZ_KNOWN) {
        add_unknown(names, vertex, file, joined.why);
        return;
    }
    input.path = path_of(names, file);
    input.fingerprint = dz_input_of_sheet(joined.sheet, &input, text_of(names, input.name));
    dz_links_input(names->links, vertex, &input);
}

/* ---- vertices ---- */

static void name_vertex(struct dz_names *names, uint32_t vertex)
{
    static const char *const kinds[] = {
        [DZ_VERTEX_NAME] = "name",          [DZ_VERTEX_BOUND] = "name",
        [DZ_VERTEX_SHAPE] = "module",       [DZ_VERTEX_FIND] = "tests of",
        [DZ_VERTEX_HOOKS] = "hooks of",     [DZ_VERTEX_SESSION_HOOKS] = "hooks of",
        [DZ_VERTEX_BYTES] = "bytes of",     [DZ_VERTEX_RAN] = "import",
        [DZ_VERTEX_LOOKED] = "import",      [DZ_VERTEX_EFFECTS] = "effects of",
        [DZ_VERTEX_IMPORT] = "import",      [DZ_VERTEX_TEST_CLASS] = "class of tests",
        [DZ_VERTEX_CLASSES] = "classes of", [DZ_VERTEX_ORDER] = "order of imports in",
    };
    struct dz_vertex *at = &names->links->vertices[vertex];
    dz_autobuf struct dz_buf text = {0};
    const char *path = below_root(names, file_text(names, at->a));
    int is_order = at->kind == DZ_VERTEX_ORDER;
    const struct dz_sheet *sheet = at->kind == DZ_VERTEX_ELEMENT ? sheet_of(names, at->a) : NULL;
    const struct dz_element *element = sheet ? dz_sheet_at(sheet, at->b) : NULL;
    if (element)
        dz_buf_fmt(&text, "%s %s::%s#%u", dz_element_kind_name(element->kind), path,
                   dz_sheet_string(sheet, element->name), element->k);
    else
        dz_buf_fmt(&text, "%s %s%s%s", kinds[at->kind], path, at->b && !is_order ? "::" : "",
                   is_order ? "" : text_of(names, at->b));
    uint32_t number = dz_buf_ok(&text) ? add_text(names, text.data) : 0;
    names->links->vertices[vertex].name = number;
}

uint32_t dz_names_vertex(struct dz_names *names, enum dz_vertex_kind kind, uint32_t a, uint32_t b)
{
    int is_new;
    uint32_t vertex = dz_links_vertex(names->links, kind, a, b, &is_new);
    if (is_new && kind != DZ_VERTEX_SPAN)
        name_vertex(names, vertex);
    return vertex;
}

static void link_to(const struct reader *reader, enum dz_vertex_kind kind, uint32_t file,
                    uint32_t b)
{
    dz_links_edge(reader->names->links, reader->from,
                  dz_names_vertex(reader->names, kind, file, b));
}

/* ---- modules' names ---- */

static int binds(const struct dz_sheet *sheet, uint32_t element, uint32_t name)
{
    const struct dz_bind *bind = dz_sheet_binds(sheet, dz_sheet_at(sheet, element));
    for (uint32_t i = 0; i < dz_sheet_at(sheet, element)->binds.n; i++)
        if (bind[i].name == name)
            return 1;
    return 0;
}

static int is_statement(const struct dz_element *element)
{
    return element->kind == DZ_BINDING || element->kind == DZ_EFFECT;
}

static int is_bound(const struct dz_sheet *sheet, const char *name)
{
    uint32_t n;
    const uint32_t *binders = dz_scope_binders(sheet, dz_scope_string(sheet, name), &n);
    for (uint32_t i = 0; i < n; i++)
        if (is_statement(dz_sheet_at(sheet, binders[i])))
            return 1;
    return 0;
}

static int is_at_top(const struct dz_sheet *sheet, const struct dz_import *import)
{
    return is_statement(dz_sheet_at(sheet, import->element));
}

/* ---- chains ---- */

struct chain {
    const char *names[CHAIN_MOST];
    uint32_t n;
    uint32_t mode;
};

static struct chain rest_of(const struct chain *chain, uint32_t n)
{
    struct chain rest = {.n = chain->n > n ? chain->n - n : 0, .mode = chain->mode};
    memcpy(rest.names, chain->names + n, rest.n * sizeof *rest.names);
    return rest;
}

static void read_in(struct reader *reader, uint32_t file, const struct chain *chain);

/* A module in a file, and what is read of it. */
static void read_of_module(struct reader *reader, uint32_t file, const struct chain *chain);

static void read_by_name(struct reader *reader, const char *dotted, const struct chain *chain);

/* A sub-module by the module's own file. */
static uint32_t find_below(const struct dz_names *names, uint32_t file, const char *name)
{
    const char *path = file_text(names, file), *slash = strrchr(path, '/');
    if (!slash || strcmp(slash, "/__init__.py") != 0)
        return 0;
    return dz_modules_below(&names->modules, path, (size_t)(slash - path), name);
}

static void read_of_module(struct reader *reader, uint32_t file, const struct chain *chain)
{
    struct dz_names *names = reader->names;
    if (!chain->n) {
        if (chain->mode & DZ_READ_VALUE)
            link_to(reader, DZ_VERTEX_SHAPE, file, 0);
        return;
    }
    const struct dz_sheet *sheet = sheet_of(names, file);
    uint32_t below = find_below(names, file, chain->names[0]);
    if (!sheet || !below || is_bound(sheet, chain->names[0])) {
        read_in(reader, file, chain);
        if (!below)
            return;
    } else
        /* An attribute of the package would come before it. */
        link_to(reader, DZ_VERTEX_BOUND, file, add_text(names, chain->names[0]));
    struct chain rest = rest_of(chain, 1);
    read_of_module(reader, below, &rest);
}

static void read_distribution(struct reader *reader, const char *dotted)
{
    struct dz_names *names = reader->names;
    size_t size = strcspn(dotted, ".");
    const char *name = dz_distributions_named(names->distributions, dotted, size);
    if (!name)
        return;
    dz_names_input(names, reader->from,
                   (struct dz_input){.kind = DZ_INPUT_DISTRIBUTION, .name = add_text(names, name)});
}

/* A package without an __init__: a folder of modules. */
static void read_below(struct reader *reader, const char *dotted, const struct chain *chain)
{
    dz_autobuf struct dz_buf whole = {0};
    struct chain rest = rest_of(chain, 1);
    dz_buf_fmt(&whole, "%s.%s", dotted, chain->names[0]);
    if (dz_buf_ok(&whole))
        read_by_name(reader, whole.data, &rest);
}

/* By its whole name: a, a.b. */
static void read_by_name(struct reader *reader, const char *dotted, const struct chain *chain)
{
    uint32_t n;
    const struct dz_module_file *found =
        dz_modules_named(&reader->names->modules, dotted, strlen(dotted), &n);
    for (uint32_t i = 0; i < n; i++)
        read_of_module(reader, found[i].file, chain);
    if (!n && !dz_modules_has_root(&reader->names->modules, dotted, strcspn(dotted, ".")))
        read_distribution(reader, dotted);
    else if (!n && chain->n)
        read_below(reader, dotted, chain);
}

/* The folder that relative imports of a file are relative to: so many levels up. Its size, 0 where there is none. */
static size_t folder_of(const char *path, uint32_t level)
{
    size_t size = strlen(path);
    for (; level && size; level--)
        while (size && path[--size] != '/')
            ;
    return size;
}

static void read_of_import(struct reader *reader, const struct dz_sheet *sheet, uint32_t file,
                           const struct dz_import *import, const struct chain *rest);

/* from MODULE import NAME, of a module's file. */
static void read_member(struct reader *reader, uint32_t file, const char *name,
                        const struct chain *rest)
{
    struct chain chain = {.n = 1, .mode = rest->mode};
    chain.names[0] = name;
    if (rest->n >= CHAIN_MOST)
        return;
    memcpy(chain.names + 1, rest->names, rest->n * sizeof *rest->names);
    chain.n += rest->n;
    read_of_module(reader, file, &chain);
}

static void read_relative(struct reader *reader, const struct dz_sheet *sheet, uint32_t file,
                          const struct dz_import *import, const struct chain *rest)
{
    struct dz_names *names = reader->names;
    const char *path = file_text(names, file), *module = dz_sheet_string(sheet, import->module);
    size_t size = folder_of(path, import->level);
    const char *name = dz_sheet_string(sheet, import->name);
    uint32_t of = *module ? dz_modules_below(&names->modules, path, size, module) : 0;
    if (of) {
        read_member(reader, of, name, rest);
        return;
    }
    if (*module)
        return;
    /* from . import x: of the package, or a module beside this one. */
    dz_autobuf struct dz_buf package = {0};
    dz_buf_fmt(&package, "%.*s", (int)size, path);
    const char *last = dz_buf_ok(&package) ? strrchr(package.data, '/') : NULL;
    uint32_t init = last ? dz_modules_below(&names->modules, package.data,
                                            (size_t)(last - package.data), last + 1)
                         : 0;
    if (init)
        read_member(reader, init, name, rest);
    else if ((of = dz_modules_below(&names->modules, path, size, name)))
        read_of_module(reader, of, rest);
}

static void read_of_import(struct reader *reader, const struct dz_sheet *sheet, uint32_t file,
                           const struct dz_import *import, const struct chain *rest)
{
    const char *module = dz_sheet_string(sheet, import->module);
    uint32_t n;
    if (import->flags & DZ_IMPORT_STAR)
        return;
    if (!(import->flags & DZ_IMPORT_FROM)) {
        const char *bound = dz_sheet_string(sheet, import->bound);
        size_t first = strcspn(module, ".");
        /* import a.b binds a; import a.b as c binds a.b. */
        int is_first = strlen(bound) == first && strncmp(module, bound, first) == 0;
        read_by_name(reader, is_first ? bound : module, rest);
        return;
    }
    if (import->level) {
        read_relative(reader, sheet, file, import, rest);
        return;
    }
    const char *name = dz_sheet_string(sheet, import->name);
    const struct dz_module_file *found =
        dz_modules_named(&reader->names->modules, module, strlen(module), &n);
    for (uint32_t i = 0; i < n; i++)
        read_member(reader, found[i].file, name, rest);
    if (!n) {
        /* A package without an __init__: a folder of modules. */
        dz_autobuf struct dz_buf whole = {0};
        dz_buf_fmt(&whole, "%s.%s", module, name);
        if (dz_buf_ok(&whole))
            read_by_name(reader, whole.data, rest);
    }
}

/* from m import *: each that may bind the name. */
static void read_through_stars(struct reader *reader, const struct dz_sheet *sheet, uint32_t file,
                               const struct chain *chain)
{
    uint32_t n;
    const struct dz_import *imports = dz_sheet_imports(sheet, &n);
    struct dz_names *names = reader->names;
    for (uint32_t i = 0; i < n; i++) {
        if (!(imports[i].flags & DZ_IMPORT_STAR) || !is_at_top(sheet, &imports[i]))
            continue;
        const char *module = dz_sheet_string(sheet, imports[i].module);
        uint32_t n_found = 0, below = 0;
        const struct dz_module_file *found = NULL;
        if (imports[i].level) {
            const char *path = file_text(names, file);
            below =
                dz_modules_below(&names->modules, path, folder_of(path, imports[i].level), module);
        } else
            found = dz_modules_named(&names->modules, module, strlen(module), &n_found);
        for (uint32_t k = 0; k < n_found; k++) {
            link_to(reader, DZ_VERTEX_NAME, found[k].file, add_text(names, "__all__"));
            read_in(reader, found[k].file, chain);
        }
        if (below) {
            link_to(reader, DZ_VERTEX_NAME, below, add_text(names, "__all__"));
            read_in(reader, below, chain);
        }
        if (!n_found && !below && !imports[i].level)
            read_distribution(reader, module);
    }
}

/* The part of a chain that names a definition: a.b of a.b.__doc__; then that one only is looked into. */
static int is_about(const struct dz_sheet *sheet, const struct dz_element *element,
                    const struct chain *chain)
{
    const char *name = dz_sheet_string(sheet, element->name);
    const char *last = chain->names[chain->n - 1];
    if (chain->n < 2 || (strcmp(last, "__doc__") != 0 && strcmp(last, "__annotations__") != 0))
        return 1;
    for (uint32_t i = 0; i + 1 < chain->n; i++) {
        size_t size = strlen(chain->names[i]);
        if (strncmp(name, chain->names[i], size) != 0)
            return 0;
        name += size;
        if (*name != (i + 2 < chain->n ? '.' : 0))
            return 0;
        name += *name == '.';
    }
    return 1;
}

/* Nor is there an annotation or a docstring where there is none. */
static void read_absent(struct reader *reader, uint32_t file, const struct dz_sheet *sheet,
                        const struct dz_element *header)
{
    static const enum dz_element_kind kinds[] = {DZ_ANNOTATION, DZ_DOCSTRING};
    const char *name = dz_sheet_string(sheet, header->name);
    for (int i = 0; i < 2; i++)
        if (dz_sheet_find(sheet, kinds[i], name, header->k) == DZ_NONE)
            add_input(reader->names, reader->from, file,
                      (struct dz_input){.kind = DZ_INPUT_ELEMENT,
                                        .of = kinds[i],
                                        .name = add_text(reader->names, name),
                                        .k = header->k});
}

/* What stands inside a function or a class is read too, where code looks inside. */
static void read_inside(struct reader *reader, uint32_t file, const struct dz_sheet *sheet,
                        const struct chain *chain)
{
    uint32_t string = dz_scope_string(sheet, chain->names[0]);
    for (uint32_t i = 0; string != DZ_NONE && i < dz_sheet_n(sheet); i++) {
        const struct dz_element *element = dz_sheet_at(sheet, i);
        if (element->statement == DZ_NONE || is_statement(element) ||
            !binds(sheet, element->statement, string) || !is_about(sheet, element, chain))
            continue;
        link_to(reader, DZ_VERTEX_ELEMENT, file, i);
        if (element->kind == DZ_HEADER)
            read_absent(reader, file, sheet, element);
    }
}

/* a.b.c, where a is a name of this file's module. */
static void read_in(struct reader *reader, uint32_t file, const struct chain *chain)
{
    struct dz_names *names = reader->names;
    const struct dz_sheet *sheet = sheet_of(names, file);
    if (!chain->n || names->links->failed || ++reader->steps > STEPS_MOST)
        return;
    link_to(reader, DZ_VERTEX_NAME, file, add_text(names, chain->names[0]));
    if (!sheet)
        return;
    uint32_t n, n_all, bound = 0;
    const struct dz_import *imports = dz_sheet_imports(sheet, &n_all);
    const uint32_t *found = dz_scope_imports(sheet, dz_scope_string(sheet, chain->names[0]), &n);
    struct chain rest = rest_of(chain, 1);
    for (uint32_t i = 0; i < n; i++)
        if (is_at_top(sheet, &imports[found[i]])) {
            read_of_import(reader, sheet, file, &imports[found[i]], &rest);
            bound = 1;
        }
    if (!bound && !is_bound(sheet, chain->names[0]))
        read_through_stars(reader, sheet, file, chain);
    if (reader->looks_inside)
        read_inside(reader, file, sheet, chain);
}

static void take_chain(struct chain *chain, const struct dz_sheet *sheet, uint32_t number,
                       uint32_t mode)
{
    uint32_t parts[CHAIN_MOST], n = 0;
    for (; number != DZ_NONE && n < CHAIN_MOST; number = dz_sheet_chain(sheet, number)->parent)
        parts[n++] = dz_sheet_chain(sheet, number)->name;
    *chain = (struct chain){.n = n, .mode = mode};
    for (uint32_t i = 0; i < n; i++)
        chain->names[i] = dz_sheet_string(sheet, parts[n - 1 - i]);
}

static void start_over(struct reader *reader)
{
    reader->steps = 0;
}

/* "pkg.mod.attr": the longest part of it that is a module. */
static void read_spelled(struct reader *reader, const struct chain *chain)
{
    dz_autobuf struct dz_buf dotted = {0};
    uint32_t n, known = 0;
    const struct dz_module_file *found = NULL;
    for (uint32_t i = 0; i < chain->n; i++) {
        dz_buf_fmt(&dotted, "%s%s", i ? "." : "", chain->names[i]);
        const struct dz_module_file *more =
            dz_buf_ok(&dotted)
                ? dz_modules_named(&reader->names->modules, dotted.data, dotted.len, &n)
                : NULL;
        if (more) {
            found = more;
            known = i + 1;
        }
    }
    /* A single word that is also a module's is more often just a word: a module's look-up is seen. */
    if (!found || chain->n < 2)
        return;
    struct chain rest = rest_of(chain, known);
    dotted.len = 0;
    for (uint32_t i = 0; i < known; i++)
        dz_buf_fmt(&dotted, "%s%s", i ? "." : "", chain->names[i]);
    if (dz_buf_ok(&dotted))
        read_by_name(reader, dotted.data, &rest);
}

static void read_word(struct reader *reader, uint32_t number)
{
    struct chain chain;
    take_chain(&chain, reader->sheet, number, DZ_READ_VALUE);
    start_over(reader);
    if (chain.n && is_bound(reader->sheet, chain.names[0]))
        read_in(reader, reader->file, &chain);
    else
        read_spelled(reader, &chain);
}

/* ---- elements ---- */

static void read_chains(struct reader *reader, const struct dz_element *element)
{
    const struct dz_read *reads = dz_sheet_reads(reader->sheet, element);
    const uint32_t *words = dz_sheet_words(reader->sheet, element);
    for (uint32_t i = 0; i < element->reads.n; i++) {
        struct chain chain;
        take_chain(&chain, reader->sheet, reads[i].chain, reads[i].mode);
        start_over(reader);
        read_in(reader, reader->file, &chain);
    }
    for (uint32_t i = 0; i < element->words.n; i++)
        read_word(reader, words[i]);
}

/* Imports within a function bind names of its own: which attributes are read of them is not told apart from others'. */
static void read_local_import(struct reader *reader, const struct dz_element *element,
                              const struct dz_import *import)
{
    const struct dz_attribute *attributes = dz_sheet_attributes(reader->sheet, element);
    int at_random =
        element->flags & (DZ_NAMES_ATTRIBUTES | DZ_NAMES_NAMESPACE | DZ_NAMES_INSPECTION);
    struct chain none = {.mode = at_random ? DZ_READ_VALUE : 0};
    start_over(reader);
    read_of_import(reader, reader->sheet, reader->file, import, &none);
    const char *module = dz_sheet_string(reader->sheet, import->module);
    for (uint32_t i = 0; i < element->attributes.n; i++) {
        struct chain chain = {.n = 1, .mode = attributes[i].mode};
        chain.names[0] = dz_sheet_string(reader->sheet, attributes[i].name);
        start_over(reader);
        read_of_import(reader, reader->sheet, reader->file, import, &chain);
        /* import a.b.c, and a.b.c.name. */
        start_over(reader);
        if (!(import->flags & DZ_IMPORT_FROM) && strchr(module, '.'))
            read_by_name(reader, module, &chain);
    }
}

static void read_local_imports(struct reader *reader, uint32_t number,
                               const struct dz_element *element)
{
    uint32_t n;
    const struct dz_import *imports = dz_sheet_imports(reader->sheet, &n);
    for (uint32_t i = 0; i < n; i++)
        if (imports[i].element == number && !is_at_top(reader->sheet, &imports[i]))
            read_local_import(reader, element, &imports[i]);
}

static uint32_t bare_of(const struct dz_sheet *sheet, uint32_t class)
{
    const struct dz_element *element = dz_sheet_at(sheet, class);
    uint32_t bare =
        dz_sheet_find(sheet, DZ_BARE, dz_sheet_string(sheet, element->name), element->k);
    return bare == DZ_NONE ? class : bare;
}

/* Who runs a test need not know the others of its class: which of them look for others is found out (insight.h). */
static uint32_t class_around(const struct reader *reader, const struct dz_element *element)
{
    return reader->names->files[reader->file].is_tested && element->kind != DZ_CLASS
               ? bare_of(reader->sheet, element->owner)
               : element->owner;
}

/* Who reads annotations learns of one that comes, too. */
static void read_annotation(struct reader *reader, const struct dz_element *of)
{
    const char *name = dz_sheet_string(reader->sheet, of->name);
    uint32_t found = dz_sheet_find(reader->sheet, DZ_ANNOTATION, name, of->k);
    if (found != DZ_NONE)
        link_to(reader, DZ_VERTEX_ELEMENT, reader->file, found);
    else
        add_input(reader->names, reader->from, reader->file,
                  (struct dz_input){.kind = DZ_INPUT_ELEMENT,
                                    .of = DZ_ANNOTATION,
                                    .name = add_text(reader->names, name),
                                    .k = of->k});
}

/* Those around it in the source: a function's header, a class's, its annotations where its decorators or bases read them. */
static void read_around(struct reader *reader, uint32_t number, const struct dz_element *element)
{
    uint32_t n, is_decorated = 0;
    const uint32_t *named = dz_scope_named(reader->sheet, element->name, &n);
    for (uint32_t i = 0; i < n && element->kind != DZ_HEADER; i++) {
        const struct dz_element *other = dz_sheet_at(reader->sheet, named[i]);
        if (named[i] == number || other->k != element->k || other->kind != DZ_HEADER)
            continue;
        link_to(reader, DZ_VERTEX_ELEMENT, reader->file, named[i]);
        is_decorated |= other->reads.n > 0;
    }
    if (is_decorated)
        read_annotation(reader, element);
    if (element->owner != DZ_NONE)
        link_to(reader, DZ_VERTEX_ELEMENT, reader->file, class_around(reader, element));
}

/* Who asks for subclasses may get any. */
static void read_all_classes(struct reader *reader)
{
    for (uint32_t i = 0; i < reader->names->modules.n; i++)
        link_to(reader, DZ_VERTEX_CLASSES, reader->names->modules.list[i].file, 0);
}

static void expand_element(struct reader *reader, uint32_t number)
{
    struct dz_names *names = reader->names;
    const struct dz_element *element = dz_sheet_at(reader->sheet, number);
    struct dz_input input = {.kind = DZ_INPUT_ELEMENT,
                             .of = element->kind,
                             .name = add_text(names, dz_sheet_string(reader->sheet, element->name)),
                             .k = element->k};
    add_input(names, reader->from, reader->file, input);
    reader->looks_inside = (element->flags & LOOKS_INSIDE) != 0;
    read_chains(reader, element);
    read_local_imports(reader, number, element);
    if (!is_statement(element))
        read_around(reader, number, element);
    if (element->flags & DZ_NAMES_NAMESPACE)
        link_to(reader, DZ_VERTEX_SHAPE, reader->file, 0);
    if (element->flags & DZ_NAMES_SUBCLASSES)
        read_all_classes(reader);
}

/* ---- names ---- */

static const struct dz_element *element_named(const struct reader *reader,
                                              enum dz_element_kind kind,
                                              const struct dz_element *statement, uint32_t *ret)
{
    *ret = dz_sheet_find(reader->sheet, kind, dz_sheet_string(reader->sheet, statement->name),
                         statement->k);
    return *ret == DZ_NONE ? NULL : dz_sheet_at(reader->sheet, *ret);
}

/* Of what is known to have no effects: it may read files all the same. */
static int makes_calls(const struct dz_sheet *sheet, const struct dz_element *statement)
{
    const struct dz_read *reads = dz_sheet_reads(sheet, statement);
    const struct dz_attribute *attributes = dz_sheet_attributes(sheet, statement);
    uint32_t modes = 0;
    for (uint32_t i = 0; i < statement->reads.n; i++)
        modes |= reads[i].mode;
    for (uint32_t i = 0; i < statement->attributes.n; i++)
        modes |= attributes[i].mode;
    return (modes & DZ_READ_CALLED) != 0;
}

/* What a statement binds its names to: of a function its header, of a class its statements, else what it reads. Where it calls
 * what is not known, also what that ran. */
static void read_statement(struct reader *reader, uint32_t number)
{
    const struct dz_element *statement = dz_sheet_at(reader->sheet, number);
    uint32_t part;
    if (statement->why)
        link_to(reader, DZ_VERTEX_RAN, reader->file, 0);
    else if (makes_calls(reader->sheet, statement))
        link_to(reader, DZ_VERTEX_LOOKED, reader->file, 0);
    if (!(statement->flags & DZ_IS_DEF)) {
        if (!(statement->flags & DZ_IS_IMPORT))
            link_to(reader, DZ_VERTEX_ELEMENT, reader->file, number);
        return;
    }
    if (element_named(reader, DZ_CLASS, statement, &part))
        link_to(reader, DZ_VERTEX_ELEMENT, reader->file, part);
    const struct dz_element *header = element_named(reader, DZ_HEADER, statement, &part);
    if (!header)
        return;
    link_to(reader, DZ_VERTEX_ELEMENT, reader->file, part);
    if (header->reads.n)
        read_annotation(reader, header);
}

/* ---- what a module's statements do to its own names ---- */

static void note_changed(struct dz_names *names, uint32_t file, const char *name)
{
    uint32_t string = add_text(names, name);
    if (string && dz_bits_set(&names->files[file].changed, string) < 0)
        names->links->failed = 1;
}

/* The names of its own that code reads, by any way that may change what they stand for. */
static void note_reads(struct dz_names *names, uint32_t file, const struct dz_sheet *sheet,
                       const struct dz_element *element, int is_statement_itself)
{
    const struct dz_read *reads = dz_sheet_reads(sheet, element);
    for (uint32_t i = 0; i < element->reads.n; i++) {
        struct chain chain;
        take_chain(&chain, sheet, reads[i].chain, reads[i].mode);
        if (chain.n && (!is_statement_itself || dz_touches(sheet, element, &reads[i])))
            note_changed(names, file, chain.names[0]);
    }
    const struct dz_bind *bind = dz_sheet_binds(sheet, element);
    for (uint32_t i = 0; !is_statement_itself && i < element->binds.n; i++)
        if (bind[i].mode & DZ_BIND_GLOBAL)
            note_changed(names, file, dz_sheet_string(sheet, bind[i].name));
}

/* Functions of its own that its statements have run. */
static void note_run(struct dz_names *names, uint32_t file, const struct dz_sheet *sheet)
{
    const struct dz_names_file *info = &names->files[file];
    for (uint32_t i = 0; i < info->n_imports; i++) {
        const struct dz_bits *codes = &names->all->spans[info->imports[i]].codes;
        for (uint32_t code = 0; (code = dz_bits_next(codes, code)) != UINT32_MAX; code++) {
            if (names->all->codes[code].file != file)
                continue;
            struct dz_joined joined = dz_elements_of(names->elements, code);
            const struct dz_element *element =
                joined.element != DZ_NONE ? dz_sheet_at(sheet, joined.element) : NULL;
            if (element && element->kind == DZ_FUNCTION)
                note_reads(names, file, sheet, element, 0);
        }
    }
}

static int is_changed(struct dz_names *names, uint32_t file, uint32_t string)
{
    struct dz_names_file *info = &names->files[file];
    const struct dz_sheet *sheet = sheet_of(names, file);
    if (!info->is_changed_known && sheet) {
        info->is_changed_known = 1;
        for (uint32_t i = 0; i < dz_sheet_n(sheet); i++)
            if (dz_sheet_at(sheet, i)->kind == DZ_EFFECT)
                note_reads(names, file, sheet, dz_sheet_at(sheet, i), 1);
        note_run(names, file, sheet);
    }
    return dz_bits_has(&info->changed, string);
}

/* from m import X: X is what it is there. */
static void read_imports_of(struct reader *reader, uint32_t name)
{
    uint32_t n, n_all;
    const struct dz_import *imports = dz_sheet_imports(reader->sheet, &n_all);
    const uint32_t *found = dz_scope_imports(reader->sheet, name, &n);
    struct chain none = {0};
    for (uint32_t i = 0; i < n; i++)
        if (is_at_top(reader->sheet, &imports[found[i]]))
            read_of_import(reader, reader->sheet, reader->file, &imports[found[i]], &none);
}

/* Names that a module has by what stands in it. */
static void read_of_whole_module(struct reader *reader, const char *name)
{
    int is_docstring = strcmp(name, "__doc__") == 0;
    if (!is_docstring && strcmp(name, "__annotations__") != 0)
        return;
    add_input(reader->names, reader->from, reader->file,
              (struct dz_input){.kind = DZ_INPUT_ELEMENT,
                                .of = is_docstring ? DZ_DOCSTRING : DZ_ANNOTATION,
                                .name = add_text(reader->names, "<module>"),
                                .k = 1});
}

static void expand_name(struct reader *reader, uint32_t string)
{
    struct dz_names *names = reader->names;
    uint32_t n, name = dz_scope_string(reader->sheet, text_of(names, string));
    const uint32_t *binders = dz_scope_binders(reader->sheet, name, &n);
    add_input(names, reader->from, reader->file,
              (struct dz_input){.kind = DZ_INPUT_NAME, .name = string});
    read_of_whole_module(reader, text_of(names, string));
    for (uint32_t i = 0; i < n; i++)
        if (is_statement(dz_sheet_at(reader->sheet, binders[i])))
            read_statement(reader, binders[i]);
    read_imports_of(reader, name);
    if (is_changed(names, reader->file, string))
        link_to(reader, DZ_VERTEX_EFFECTS, reader->file, 0);
}

/* ---- tests ---- */

/* What a module's code alone does not tell of may have been put there by its statements. */
void dz_names_function(struct dz_names *names, uint32_t from, uint32_t file, const char *name,
                       size_t size)
{
    const struct dz_sheet *sheet = sheet_of(names, file);
    uint32_t string = add_string(names, name, size);
    struct reader reader = {.names = names, .from = from, .file = file};
    link_to(&reader, DZ_VERTEX_NAME, file, string);
    if (sheet && !is_bound(sheet, text_of(names, string)))
        link_to(&reader, DZ_VERTEX_EFFECTS, file, 0);
}

void dz_names_method(struct dz_names *names, uint32_t from, uint32_t file, uint32_t class,
                     const char *name, size_t size)
{
    const struct dz_sheet *sheet = sheet_of(names, file);
    dz_autobuf struct dz_buf whole = {0};
    dz_buf_fmt(&whole, "%s.%.*s", text_of(names, class), (int)size, name);
    if (!dz_buf_ok(&whole)) {
        names->links->failed = 1;
        return;
    }
    uint32_t header = sheet ? dz_sheet_find(sheet, DZ_HEADER, whole.data, 1) : DZ_NONE;
    if (header != DZ_NONE)
        dz_links_edge(names->links, from, dz_names_vertex(names, DZ_VERTEX_ELEMENT, file, header));
    else
        add_input(names, from, file,
                  (struct dz_input){.kind = DZ_INPUT_ELEMENT,
                                    .of = DZ_HEADER,
                                    .name = add_text(names, whole.data),
                                    .k = 1});
}

/* Python calls these when a class is made, with all that is in it. */
static int makes_classes(const char *name)
{
    static const char *const names[] = {"__init_subclass__", "__new__",     "__init__",
                                        "__call__",          "__prepare__", "__set_name__",
                                        "__setattr__"};
    const char *last = strrchr(name, '.');
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(last ? last + 1 : name, names[i]) == 0)
            return 1;
    return 0;
}

static int has_run_makers(struct dz_names *names, uint32_t file)
{
    const struct dz_names_file *info = &names->files[file];
    for (uint32_t i = 0; i < info->n_imports; i++) {
        const struct dz_bits *codes = &names->all->spans[info->imports[i]].codes;
        for (uint32_t code = 0; (code = dz_bits_next(codes, code)) != UINT32_MAX; code++) {
            uint32_t name = names->all->codes[code].name;
            if (name && makes_classes(names->all->strings[name - 1]))
                return 1;
        }
    }
    return 0;
}

/* Marks only mark; what else decorates a class may go through it. */
static int is_decorated(const struct reader *reader, const struct dz_element *statement)
{
    const struct dz_sheet *sheet = reader->sheet;
    uint32_t part;
    const struct dz_element *header = element_named(reader, DZ_HEADER, statement, &part);
    const struct dz_read *reads = header ? dz_sheet_reads(sheet, header) : NULL;
    for (uint32_t i = 0; header && i < header->reads.n; i++) {
        dz_autobuf struct dz_buf chain = {0};
        dz_sheet_put_chain(sheet, reads[i].chain, &chain);
        dz_buf_put(&chain, "", 1);
        if (reads[i].mode & DZ_READ_CALLED &&
            (!dz_buf_ok(&chain) || (strncmp(chain.data, "pytest.mark.", 12) != 0 &&
                                    strncmp(chain.data, "unittest.skip", 13) != 0)))
            return 1;
    }
    return 0;
}

/* A class as it stands there, and nothing that could make something of it. */
static int is_plain_class(const struct reader *reader, const struct dz_element *statement)
{
    uint32_t part;
    return statement->flags & DZ_IS_DEF && element_named(reader, DZ_CLASS, statement, &part) &&
           !is_decorated(reader, statement) &&
           !(statement->why & DZ_WHY_BASE && has_run_makers(reader->names, reader->file));
}

static int is_plain_class_name(struct reader *reader, const char *name)
{
    uint32_t n, n_bound = 0;
    const uint32_t *binders =
        dz_scope_binders(reader->sheet, dz_scope_string(reader->sheet, name), &n);
    for (uint32_t i = 0; i < n; i++) {
        const struct dz_element *statement = dz_sheet_at(reader->sheet, binders[i]);
        if (!is_statement(statement))
            continue;
        if (!is_plain_class(reader, statement))
            return 0;
        if (statement->why)
            link_to(reader, DZ_VERTEX_RAN, reader->file, 0);
        n_bound++;
    }
    return n_bound > 0;
}

static void read_classes_named(struct reader *reader, const char *name, size_t size)
{
    dz_auto char *whole = dz_memdup(name, size);
    uint32_t n, string = whole ? dz_scope_string(reader->sheet, whole) : DZ_NONE;
    const uint32_t *named = dz_scope_named(reader->sheet, string, &n);
    reader->names->links->failed |= !whole;
    for (uint32_t i = 0; i < n; i++)
        if (dz_sheet_at(reader->sheet, named[i])->kind == DZ_CLASS)
            link_to(reader, DZ_VERTEX_ELEMENT, reader->file, bare_of(reader->sheet, named[i]));
}

static void expand_test_class(struct reader *reader, uint32_t string)
{
    struct dz_names *names = reader->names;
    const char *name = text_of(names, string);
    size_t size = strcspn(name, ".");
    uint32_t first = add_string(names, name, size);
    name = text_of(names, string);
    if (is_plain_class_name(reader, text_of(names, first)))
        add_input(names, reader->from, reader->file,
                  (struct dz_input){.kind = DZ_INPUT_NAME, .of = DZ_NAME_BARE, .name = first});
    else
        dz_names_function(names, reader->from, reader->file, name, size);
    for (name = text_of(names, string); name[size]; size += strcspn(name + size + 1, ".") + 1)
        read_classes_named(reader, name, size);
    read_classes_named(reader, name, size);
    if (is_changed(names, reader->file, first))
        link_to(reader, DZ_VERTEX_EFFECTS, reader->file, 0);
}

/* ---- whole modules ---- */

/* All names of a module, and what they stand for. */
static void read_all_names(struct reader *reader)
{
    for (uint32_t i = 0; i < dz_sheet_n(reader->sheet); i++) {
        const struct dz_element *element = dz_sheet_at(reader->sheet, i);
        const struct dz_bind *bind = dz_sheet_binds(reader->sheet, element);
        for (uint32_t k = 0; is_statement(element) && k < element->binds.n; k++)
            link_to(reader, DZ_VERTEX_NAME, reader->file,
                    add_text(reader->names, dz_sheet_string(reader->sheet, bind[k].name)));
    }
}

static void read_all_stars(struct reader *reader)
{
    uint32_t n;
    const struct dz_import *imports = dz_sheet_imports(reader->sheet, &n);
    struct dz_names *names = reader->names;
    for (uint32_t i = 0; i < n; i++) {
        if (!(imports[i].flags & DZ_IMPORT_STAR))
            continue;
        const char *module = dz_sheet_string(reader->sheet, imports[i].module);
        uint32_t n_found = 0, below = 0;
        const struct dz_module_file *found = NULL;
        if (imports[i].level) {
            const char *path = file_text(names, reader->file);
            below =
                dz_modules_below(&names->modules, path, folder_of(path, imports[i].level), module);
        } else
            found = dz_modules_named(&names->modules, module, strlen(module), &n_found);
        for (uint32_t k = 0; k < n_found; k++)
            link_to(reader, DZ_VERTEX_SHAPE, found[k].file, 0);
        if (below)
            link_to(reader, DZ_VERTEX_SHAPE, below, 0);
    }
}

static void expand_whole(struct reader *reader, enum dz_input_kind kind)
{
    add_input(reader->names, reader->from, reader->file, (struct dz_input){.kind = kind});
    if (!reader->sheet)
        return;
    read_all_names(reader);
    read_all_stars(reader);
}

/* What the statements ran is what the import spans ran, and not what stands in functions or classes of modules. */
static void expand_ran(struct reader *reader)
{
    struct dz_names *names = reader->names;
    link_to(reader, DZ_VERTEX_LOOKED, reader->file, 0);
    const struct dz_names_file *info = &names->files[reader->file];
    for (uint32_t i = 0; i < info->n_imports; i++) {
        const struct dz_bits *codes = &names->all->spans[info->imports[i]].codes;
        for (uint32_t code = 0; (code = dz_bits_next(codes, code)) != UINT32_MAX; code++)
            dz_names_code(names, reader->from, code);
    }
}

/* ---- whom an import imports ---- */

enum { TARGETS_MOST = 8 };

static void add_target(uint32_t *targets, uint32_t *n, uint32_t file)
{
    if (file && *n < TARGETS_MOST)
        targets[(*n)++] = file;
}

/* The project's modules that an import statement imports, as far as the job has imported them. Their number. */
static uint32_t targets_of(struct dz_names *names, const struct dz_sheet *sheet, uint32_t file,
                           const struct dz_import *import, uint32_t targets[TARGETS_MOST])
{
    uint32_t n = 0, n_found;
    const char *path = file_text(names, file), *module = dz_sheet_string(sheet, import->module);
    const char *name = import->name == DZ_NONE ? "" : dz_sheet_string(sheet, import->name);
    dz_autobuf struct dz_buf both = {0};
    dz_buf_fmt(&both, "%s%s%s", module, *module && *name ? "." : "", name);
    const char *const dotted[] = {module, dz_buf_ok(&both) ? both.data : module};
    for (int i = 0; i < 2; i++) {
        if (!*dotted[i] || (i && !*name))
            continue;
        if (import->level) {
            add_target(
                targets, &n,
                dz_modules_below(&names->modules, path, folder_of(path, import->level), dotted[i]));
            continue;
        }
        const struct dz_module_file *found =
            dz_modules_named(&names->modules, dotted[i], strlen(dotted[i]), &n_found);
        for (uint32_t k = 0; k < n_found; k++)
            add_target(targets, &n, found[k].file);
    }
    return n;
}

/* What pytest finds in a module by whatever way it has come there: imported, hooks and fixtures are what they are elsewhere. */
static void expand_hooks(struct reader *reader, enum dz_vertex_kind kind, enum dz_hooks of)
{
    uint32_t n, targets[TARGETS_MOST];
    const struct dz_sheet *sheet = reader->sheet;
    const struct dz_import *imports = dz_sheet_imports(sheet, &n);
    struct chain none = {0};
    add_input(reader->names, reader->from, reader->file,
              (struct dz_input){.kind = DZ_INPUT_HOOKS, .of = of});
    for (uint32_t i = 0; i < n; i++) {
        if (!is_at_top(sheet, &imports[i]) || !dz_input_is_import_of_hooks(sheet, &imports[i], of))
            continue;
        start_over(reader);
        if (!(imports[i].flags & DZ_IMPORT_STAR)) {
            read_of_import(reader, sheet, reader->file, &imports[i], &none);
            continue;
        }
        uint32_t n_targets = targets_of(reader->names, sheet, reader->file, &imports[i], targets);
        for (uint32_t k = 0; k < n_targets; k++) {
            link_to(reader, kind, targets[k], 0);
            link_to(reader, DZ_VERTEX_NAME, targets[k], add_text(reader->names, "__all__"));
        }
    }
}

/* Of a module's imports those that have left something changed, or what they import has. */
static uint32_t order_of(struct dz_names *names, uint32_t file)
{
    struct dz_names_file *info = &names->files[file];
    const struct dz_sheet *sheet = sheet_of(names, file);
    dz_autobuf struct dz_buf lines = {0};
    uint32_t n, n_targets, targets[TARGETS_MOST];
    if (info->order || !sheet)
        return info->order;
    const struct dz_import *imports = dz_sheet_imports(sheet, &n);
    for (uint32_t i = 0; i < n; i++) {
        int writes = 0;
        if (!is_at_top(sheet, &imports[i]))
            continue;
        n_targets = targets_of(names, sheet, file, &imports[i], targets);
        for (uint32_t k = 0; k < n_targets; k++)
            writes |= names->files[targets[k]].writes;
        if (writes)
            dz_input_put_import(sheet, &imports[i], &lines);
    }
    if (dz_buf_ok(&lines))
        info->order = add_string(names, lines.len ? lines.data : "\n", lines.len ? lines.len : 1);
    return info->order;
}

/* Whoever has imported it decides when its statements are run, and whether. */
static void read_importers(struct reader *reader)
{
    const struct dz_names *names = reader->names;
    const struct dz_names_file *info = &names->files[reader->file];
    for (uint32_t i = 0; i < info->n_imports; i++) {
        uint32_t above = names->all->spans[info->imports[i]].parent;
        uint32_t file = above == DZ_OBSERVED_NONE ? 0 : names->spans_files[above];
        uint32_t order = file ? order_of(reader->names, file) : 0;
        if (order)
            link_to(reader, DZ_VERTEX_ORDER, file, order);
    }
}

static void expand_effects(struct reader *reader)
{
    read_importers(reader);
    add_input(reader->names, reader->from, reader->file,
              (struct dz_input){.kind = DZ_INPUT_EFFECTS});
    link_to(reader, DZ_VERTEX_RAN, reader->file, 0);
    for (uint32_t i = 0; reader->sheet && i < dz_sheet_n(reader->sheet); i++)
        if (dz_sheet_at(reader->sheet, i)->kind == DZ_EFFECT)
            read_statement(reader, i);
}

/* ---- importing ---- */

/* What is a module below needs no name in the package. */
static void need_bound(struct reader *reader, uint32_t file, const char *name)
{
    const struct dz_sheet *sheet = sheet_of(reader->names, file);
    if (sheet && is_bound(sheet, name) && !find_below(reader->names, file, name))
        link_to(reader, DZ_VERTEX_BOUND, file, add_text(reader->names, name));
}

/* An import statement fails where the module has no such name. */
static void need_imported(struct reader *reader, const struct dz_import *import)
{
    struct dz_names *names = reader->names;
    const char *module = dz_sheet_string(reader->sheet, import->module);
    uint32_t n = 0;
    if (!(import->flags & DZ_IMPORT_FROM) || import->flags & DZ_IMPORT_STAR)
        return;
    const char *name = dz_sheet_string(reader->sheet, import->name);
    if (import->level) {
        const char *path = file_text(names, reader->file);
        uint32_t below = *module ? dz_modules_below(&names->modules, path,
                                                    folder_of(path, import->level), module)
                                 : 0;
        if (below)
            need_bound(reader, below, name);
        return;
    }
    const struct dz_module_file *found =
        dz_modules_named(&names->modules, module, strlen(module), &n);
    for (uint32_t i = 0; i < n; i++)
        need_bound(reader, found[i].file, name);
}

/* Functions that it has run, and that may reach outside. */
static void read_run_outside(struct reader *reader)
{
    struct dz_names *names = reader->names;
    const struct dz_names_file *info = &names->files[reader->file];
    for (uint32_t i = 0; i < info->n_imports; i++) {
        const struct dz_bits *codes = &names->all->spans[info->imports[i]].codes;
        for (uint32_t code = 0; (code = dz_bits_next(codes, code)) != UINT32_MAX; code++) {
            struct dz_joined joined = dz_elements_of(names->elements, code);
            if (joined.why == DZ_KNOWN &&
                dz_sheet_at(joined.sheet, joined.element)->kind == DZ_FUNCTION &&
                dz_outside_is_of(joined.sheet, dz_sheet_at(joined.sheet, joined.element),
                                 text_of(names, names->roots)))
                link_to(reader, DZ_VERTEX_ELEMENT, names->all->codes[code].file, joined.element);
        }
    }
}

/* Whether importing it may have effects outside: by its own statements, what they ran, or what it imports. */
static int reaches_outside(struct dz_names *names, uint32_t file)
{
    struct dz_names_file *info = &names->files[file];
    const struct dz_sheet *sheet = sheet_of(names, file);
    uint32_t n, targets[TARGETS_MOST];
    if (info->reach)
        return info->reach == REACHES;
    /* In a circle of imports each is as harmless as the others. */
    info->reach = sheet ? REACHES_NOT : REACHES;
    for (uint32_t i = 0; sheet && i < dz_sheet_n(sheet); i++)
        if (dz_sheet_at(sheet, i)->kind == DZ_EFFECT &&
            dz_outside_is_of(sheet, dz_sheet_at(sheet, i), text_of(names, names->roots)))
            info->reach = REACHES;
    const struct dz_import *imports = sheet ? dz_sheet_imports(sheet, &n) : NULL;
    for (uint32_t i = 0; sheet && info->reach != REACHES && i < n; i++) {
        uint32_t n_targets = is_at_top(sheet, &imports[i])
                                 ? targets_of(names, sheet, file, &imports[i], targets)
                                 : 0;
        for (uint32_t k = 0; k < n_targets; k++)
            if (targets[k] != file && reaches_outside(names, targets[k]))
                info->reach = REACHES;
    }
    return info->reach == REACHES;
}

/* The roots, and on two more lines which modules do nothing outside and which may (outside.h). */
static uint32_t known_of(struct dz_names *names)
{
    dz_autobuf struct dz_buf text = {0};
    if (names->known)
        return names->known;
    dz_buf_fmt(&text, "%s\n", text_of(names, names->roots));
    for (int reaches = 0; reaches < 2; reaches++) {
        dz_buf_str(&text, " ");
        for (uint32_t i = 0; i < names->modules.n; i++)
            if (reaches_outside(names, names->modules.list[i].file) == reaches)
                dz_buf_fmt(&text, "%s ", names->all->strings[names->modules.list[i].name - 1]);
        dz_buf_str(&text, "\n");
    }
    if (dz_buf_ok(&text))
        names->known = add_string(names, text.data, text.len);
    return names->known;
}

static uint32_t roots_of(struct dz_names *names)
{
    dz_autobuf struct dz_buf text = {0};
    dz_buf_str(&text, " ");
    size_t before = 0;
    for (uint32_t i = 0; i < names->modules.n; i++) {
        const char *name = names->all->strings[names->modules.list[i].name - 1];
        size_t size = strcspn(name, ".");
        /* Names stand in order: equal first ones mostly one behind another. */
        if (size == before && strncmp(text.data + text.len - size - 1, name, size) == 0)
            continue;
        before = size;
        dz_buf_fmt(&text, "%.*s ", (int)size, name);
    }
    if (!names->roots && dz_buf_ok(&text))
        names->roots = add_string(names, text.data, text.len);
    return names->roots;
}

static void expand_import(struct reader *reader)
{
    uint32_t n;
    struct dz_names *names = reader->names;
    struct dz_input input = {.kind = DZ_INPUT_OUTSIDE, .name = (roots_of(names), known_of(names))};
    add_input(names, reader->from, reader->file, input);
    if (!reader->sheet)
        return;
    const struct dz_import *imports = dz_sheet_imports(reader->sheet, &n);
    for (uint32_t i = 0; i < n; i++)
        if (is_at_top(reader->sheet, &imports[i]))
            need_imported(reader, &imports[i]);
    for (uint32_t i = 0; i < dz_sheet_n(reader->sheet); i++) {
        const struct dz_element *element = dz_sheet_at(reader->sheet, i);
        const struct dz_read *reads = dz_sheet_reads(reader->sheet, element);
        if (!is_statement(element))
            continue;
        for (uint32_t k = 0; k < element->reads.n; k++) {
            struct chain chain;
            take_chain(&chain, reader->sheet, reads[k].chain, reads[k].mode);
            if (chain.n)
                need_bound(reader, reader->file, chain.names[0]);
        }
        if (element->kind == DZ_EFFECT &&
            dz_outside_is_of(reader->sheet, element, text_of(names, names->roots))) {
            link_to(reader, DZ_VERTEX_ELEMENT, reader->file, i);
            link_to(reader, DZ_VERTEX_RAN, reader->file, 0);
        }
    }
    read_run_outside(reader);
}

/* ---- codes ---- */

static void add_package(struct dz_names *names, uint32_t from, const struct dz_observed_code *code)
{
    const char *path = file_text(names, code->file);
    const char *name = dz_distributions_of(names->distributions, path);
    struct dz_input input = {.kind = name ? DZ_INPUT_DISTRIBUTION : DZ_INPUT_CONTENT};
    if (name)
        input.name = add_text(names, name);
    else
        input.path = dz_names_path(names, path);
    dz_names_input(names, from, input);
}

static void add_generated(struct dz_names *names, uint32_t from,
                          const struct dz_observed_code *code)
{
    const struct dz_sheet *sheet = sheet_of(names, code->file);
    if (!sheet)
        return;
    uint32_t element = dz_sheet_find_line(sheet, code->line);
    if (element != DZ_NONE && dz_sheet_at(sheet, element)->kind != DZ_MODULE)
        dz_links_edge(names->links, from,
                      dz_names_vertex(names, DZ_VERTEX_ELEMENT, code->file, element));
}

void dz_names_code(struct dz_names *names, uint32_t from, uint32_t number)
{
    const struct dz_observed_code *code = &names->all->codes[number];
    /* What a module's or a class's statements do is the import's, and their names'. */
    if (code->kind == DZ_CODE_MODULE || dz_outputs_is_made(names->outputs, code->file))
        return;
    if (code->kind == DZ_CODE_PACKAGE) {
        add_package(names, from, code);
        return;
    }
    if (code->kind == DZ_CODE_GENERATED) {
        add_generated(names, from, code);
        return;
    }
    struct dz_joined joined = dz_elements_of(names->elements, number);
    if (joined.why == DZ_UNKNOWN_WHOLE) {
        struct dz_input input = {.kind = DZ_INPUT_CONTENT};
        input.path = path_of(names, code->file);
        dz_names_input(names, from, input);
    } else if (joined.why != DZ_KNOWN)
        add_unknown(names, from, code->file, joined.why);
    else if (code->kind != DZ_CODE_CLASS ||
             dz_sheet_at(joined.sheet, joined.element)->kind == DZ_FUNCTION)
        dz_links_edge(names->links, from,
                      dz_names_vertex(names, DZ_VERTEX_ELEMENT, code->file, joined.element));
    if (joined.why == DZ_KNOWN &&
        dz_sheet_at(joined.sheet, joined.element)->flags & DZ_NAMES_POSITION)
        dz_links_edge(names->links, from, dz_names_vertex(names, DZ_VERTEX_BYTES, code->file, 0));
}

void dz_names_looked_up(struct dz_names *names, uint32_t from, const char *spelled)
{
    struct reader reader = {.names = names, .from = from};
    size_t size = strcspn(spelled, ":");
    struct chain chain = {.mode = DZ_READ_VALUE};
    dz_autobuf struct dz_buf module = {0};
    dz_buf_fmt(&module, "%.*s", (int)size, spelled);
    if (spelled[size]) {
        chain.n = 1;
        chain.names[0] = spelled + size + 1;
    }
    if (dz_buf_ok(&module))
        read_by_name(&reader, module.data, &chain);
}

/* ---- expanding ---- */

static void expand(struct dz_names *names, uint32_t vertex)
{
    struct dz_vertex at = names->links->vertices[vertex];
    if (at.kind == DZ_VERTEX_SPAN)
        return;
    struct reader reader = {
        .names = names, .from = vertex, .file = at.a, .sheet = sheet_of(names, at.a)};
    if (!reader.sheet && at.kind != DZ_VERTEX_RAN && at.kind != DZ_VERTEX_LOOKED &&
        at.kind != DZ_VERTEX_BYTES) {
        add_unknown(names, vertex, at.a, dz_elements_sheet(names->elements, at.a).why);
        return;
    }
    switch ((enum dz_vertex_kind)at.kind) {
    case DZ_VERTEX_ELEMENT:
        expand_element(&reader, at.b);
        break;
    case DZ_VERTEX_NAME:
        expand_name(&reader, at.b);
        break;
    case DZ_VERTEX_BOUND:
        add_input(names, vertex, at.a, (struct dz_input){.kind = DZ_INPUT_BOUND, .name = at.b});
        break;
    case DZ_VERTEX_SHAPE:
    case DZ_VERTEX_FIND:
        expand_whole(&reader, DZ_INPUT_SHAPE);
        break;
    case DZ_VERTEX_CLASSES:
        add_input(names, vertex, at.a, (struct dz_input){.kind = DZ_INPUT_CLASSES});
        break;
    case DZ_VERTEX_ORDER:
        add_input(names, vertex, at.a, (struct dz_input){.kind = DZ_INPUT_ORDER, .name = at.b});
        break;
    case DZ_VERTEX_HOOKS:
        expand_hooks(&reader, DZ_VERTEX_HOOKS, DZ_HOOKS_ALL);
        break;
    case DZ_VERTEX_SESSION_HOOKS:
        expand_hooks(&reader, DZ_VERTEX_SESSION_HOOKS, DZ_HOOKS_OF_SESSION);
        break;
    case DZ_VERTEX_BYTES:
        dz_names_input(names, vertex,
                       (struct dz_input){.kind = DZ_INPUT_CONTENT, .path = path_of(names, at.a)});
        break;
    case DZ_VERTEX_LOOKED:
        break;
    case DZ_VERTEX_RAN:
        expand_ran(&reader);
        break;
    case DZ_VERTEX_EFFECTS:
        expand_effects(&reader);
        break;
    case DZ_VERTEX_IMPORT:
        expand_import(&reader);
        break;
    case DZ_VERTEX_TEST_CLASS:
        expand_test_class(&reader, at.b);
        break;
    case DZ_VERTEX_SPAN:
        break;
    }
}

void dz_names_expand(struct dz_names *names)
{
    while (names->n_expanded < names->links->n && !names->links->failed)
        expand(names, names->n_expanded++);
}

/* ---- beginning and end ---- */

/* An import that has left something changed, and all that it was brought about by. */
static void note_writes(struct dz_names *names, uint32_t span)
{
    while (span != DZ_OBSERVED_NONE && names->all->spans[span].type == DZ_SPAN_IMPORT) {
        names->files[names->spans_files[span]].writes = 1;
        span = names->all->spans[span].parent;
    }
}

static int note_imports(struct dz_names *names)
{
    names->spans_files = dz_alloc((names->all->n_spans + 1) * sizeof *names->spans_files);
    if (!names->spans_files)
        return -ENOMEM;
    for (uint32_t i = 0; i < names->all->n_spans; i++) {
        const struct dz_observed_span *span = &names->all->spans[i];
        for (uint32_t k = 0; k < span->n_facts; k++) {
            if (span->facts[k].fact != DZ_FACT_SOURCE || !span->facts[k].string)
                continue;
            struct dz_names_file *info = &names->files[span->facts[k].string];
            if (!dz_has_room(&info->imports, info->n_imports, &info->cap_imports,
                             sizeof *info->imports))
                return -ENOMEM;
            info->imports[info->n_imports++] = i;
            names->spans_files[i] = span->facts[k].string;
        }
    }
    for (uint32_t i = 0; i < names->all->n_spans; i++)
        for (uint32_t k = 0; k < names->all->spans[i].n_facts; k++)
            if (names->all->spans[i].facts[k].fact == DZ_FACT_WROTE)
                note_writes(names, i);
    return 0;
}

int dz_names_init(struct dz_names *names)
{
    names->files = dz_alloc((names->all->n_strings + 1) * sizeof *names->files);
    if (!names->files || dz_modules_find(&names->modules, names->all, names->outputs) < 0)
        return -ENOMEM;
    return note_imports(names);
}

void dz_names_free(struct dz_names *names)
{
    for (uint32_t i = 0; names->files && i <= names->all->n_strings; i++) {
        dz_free(names->files[i].imports);
        dz_bits_free(&names->files[i].changed);
    }
    dz_free(names->files);
    dz_free(names->spans_files);
    dz_prints_free(&names->prints);
    dz_modules_free(&names->modules);
}
