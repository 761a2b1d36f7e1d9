#include "chains.h"

#include "../base/buf.h"
#include "../base/mem.h"
#include "scope.h"

#include <string.h>

enum { VISITS_MOST = 4096 /* of names that imports lead on to */ };

/* ---- modules' names ---- */

static int binds(const struct dz_sheet *sheet, uint32_t element, uint32_t name)
{
    const struct dz_bind *bind = dz_sheet_binds(sheet, dz_sheet_at(sheet, element));
    for (uint32_t i = 0; i < dz_sheet_at(sheet, element)->binds.n; i++)
        if (bind[i].name == name)
            return 1;
    return 0;
}

int dz_is_bound(const struct dz_sheet *sheet, const char *name)
{
    uint32_t n;
    const uint32_t *binders = dz_scope_binders(sheet, dz_scope_string(sheet, name), &n);
    for (uint32_t i = 0; i < n; i++)
        if (dz_is_statement(dz_sheet_at(sheet, binders[i])))
            return 1;
    return 0;
}

int dz_is_at_top(const struct dz_sheet *sheet, const struct dz_import *import)
{
    return dz_is_statement(dz_sheet_at(sheet, import->element));
}

/* ---- chains ---- */

static struct dz_dotted rest_of(const struct dz_dotted *chain, uint32_t n)
{
    struct dz_dotted rest = {.n = chain->n > n ? chain->n - n : 0, .mode = chain->mode};
    memcpy(rest.names, chain->names + n, rest.n * sizeof *rest.names);
    return rest;
}

/* A module in a file, and what is read of it. */
static void read_of_module(struct dz_reader *reader, uint32_t file, const struct dz_dotted *chain);

/* A sub-module by the module's own file. */
uint32_t dz_find_below(const struct dz_names *names, uint32_t file, const char *name)
{
    const char *path = dz_names_file_text(names, file), *slash = strrchr(path, '/');
    if (!slash || strcmp(slash, "/__init__.py") != 0)
        return 0;
    return dz_modules_relative(&names->modules, file, 1, name);
}

static void read_of_module(struct dz_reader *reader, uint32_t file, const struct dz_dotted *chain)
{
    struct dz_names *names = reader->names;
    if (!chain->n) {
        if (chain->mode & DZ_READ_VALUE) {
            dz_reader_link(reader, DZ_VERTEX_SHAPE, file, 0);
            if (reader->looks_inside)
                dz_reader_link(reader, DZ_VERTEX_INSIDE, file, 0);
        }
        return;
    }
    const struct dz_sheet *sheet = dz_names_sheet(names, file);
    uint32_t below = dz_find_below(names, file, chain->names[0]);
    if (below) {
        struct dz_dotted rest = rest_of(chain, 1);
        read_of_module(reader, below, &rest);
    }
    if (!sheet || !below || dz_is_bound(sheet, chain->names[0]))
        dz_read_in(reader, file, chain);
    else
        /* An attribute of the package would come before it. */
        dz_reader_link(reader, DZ_VERTEX_BOUND, file, dz_names_add_text(names, chain->names[0]));
}

static void read_distribution(struct dz_reader *reader, const char *dotted)
{
    struct dz_names *names = reader->names;
    size_t size = strcspn(dotted, ".");
    const char *name = dz_distributions_named(names->distributions, dotted, size);
    if (!name)
        return;
    dz_names_input(
        names, reader->from,
        (struct dz_input){.kind = DZ_INPUT_DISTRIBUTION, .name = dz_names_add_text(names, name)});
}

/* A package without an __init__: a folder of modules. */
static void read_below(struct dz_reader *reader, const char *dotted, const struct dz_dotted *chain)
{
    dz_autobuf struct dz_buf whole = {0};
    struct dz_dotted rest = rest_of(chain, 1);
    dz_buf_fmt(&whole, "%s.%s", dotted, chain->names[0]);
    if (dz_buf_ok(&whole))
        dz_read_by_name(reader, whole.data, &rest);
}

/* By its whole name: a, a.b. */
void dz_read_by_name(struct dz_reader *reader, const char *dotted, const struct dz_dotted *chain)
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

/* from MODULE import NAME, of a module's file. What a package imports from itself lies below it: its own name would lead to this
 * import again. */
static void read_member(struct dz_reader *reader, uint32_t by, uint32_t file, const char *name,
                        const struct dz_dotted *rest)
{
    uint32_t below = by == file ? dz_find_below(reader->names, file, name) : 0;
    if (below) {
        read_of_module(reader, below, rest);
        return;
    }
    struct dz_dotted chain = {.n = 1, .mode = rest->mode};
    chain.names[0] = name;
    if (rest->n >= DZ_DOTTED_MOST)
        return;
    memcpy(chain.names + 1, rest->names, rest->n * sizeof *rest->names);
    chain.n += rest->n;
    read_of_module(reader, file, &chain);
}

static void read_relative(struct dz_reader *reader, const struct dz_sheet *sheet, uint32_t file,
                          const struct dz_import *import, const struct dz_dotted *rest)
{
    const struct dz_modules *modules = &reader->names->modules;
    const char *module = dz_sheet_string(sheet, import->module);
    const char *name = dz_sheet_string(sheet, import->name);
    /* from . import x: of the package, or a module beside this one. */
    uint32_t of = dz_modules_relative(modules, file, import->level, module);
    if (of)
        read_member(reader, file, of, name, rest);
    else if (!*module && (of = dz_modules_relative(modules, file, import->level, name)))
        read_of_module(reader, of, rest);
}

void dz_read_of_import(struct dz_reader *reader, const struct dz_sheet *sheet, uint32_t file,
                       const struct dz_import *import, const struct dz_dotted *rest)
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
        dz_read_by_name(reader, is_first ? bound : module, rest);
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
        read_member(reader, file, found[i].file, name, rest);
    if (!n) {
        /* A package without an __init__: a folder of modules. */
        dz_autobuf struct dz_buf whole = {0};
        dz_buf_fmt(&whole, "%s.%s", module, name);
        if (dz_buf_ok(&whole))
            dz_read_by_name(reader, whole.data, rest);
    }
}

/* from m import *: each that may bind the name. */
static void read_through_stars(struct dz_reader *reader, const struct dz_sheet *sheet,
                               uint32_t file, const struct dz_dotted *chain)
{
    uint32_t n;
    const struct dz_import *imports = dz_sheet_imports(sheet, &n);
    struct dz_names *names = reader->names;
    for (uint32_t i = 0; i < n; i++) {
        if (!(imports[i].flags & DZ_IMPORT_STAR) || !dz_is_at_top(sheet, &imports[i]))
            continue;
        const char *module = dz_sheet_string(sheet, imports[i].module);
        uint32_t n_found = 0, below = 0;
        const struct dz_module_file *found = NULL;
        if (imports[i].level)
            below = dz_modules_relative(&names->modules, file, imports[i].level, module);
        else
            found = dz_modules_named(&names->modules, module, strlen(module), &n_found);
        for (uint32_t k = 0; k < n_found; k++) {
            dz_reader_link(reader, DZ_VERTEX_NAME, found[k].file,
                           dz_names_add_text(names, "__all__"));
            dz_read_in(reader, found[k].file, chain);
        }
        if (below) {
            dz_reader_link(reader, DZ_VERTEX_NAME, below, dz_names_add_text(names, "__all__"));
            dz_read_in(reader, below, chain);
        }
        if (!n_found && !below && !imports[i].level)
            read_distribution(reader, module);
    }
}

/* The part of a chain that names a definition: a.b of a.b.__doc__; then that one only is looked into. */
static int is_about(const struct dz_sheet *sheet, const struct dz_element *element,
                    const struct dz_dotted *chain)
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
void dz_read_texts(struct dz_reader *reader, uint32_t file, const struct dz_sheet *sheet,
                   const struct dz_element *of)
{
    static const enum dz_element_kind kinds[] = {DZ_ANNOTATION, DZ_DOCSTRING};
    const char *name = dz_sheet_string(sheet, of->name);
    for (int i = 0; i < 2; i++) {
        uint32_t found = dz_sheet_find(sheet, kinds[i], name, of->k);
        if (found != DZ_NONE)
            dz_reader_link(reader, DZ_VERTEX_ELEMENT, file, found);
        else
            dz_names_source_input(reader->names, reader->from, file,
                                  (struct dz_input){.kind = DZ_INPUT_ELEMENT,
                                                    .of = kinds[i],
                                                    .name = dz_names_add_text(reader->names, name),
                                                    .k = of->k});
    }
}

/* What stands inside a function or a class is read too, where code looks inside. */
static void read_inside(struct dz_reader *reader, uint32_t file, const struct dz_sheet *sheet,
                        const struct dz_dotted *chain)
{
    uint32_t string = dz_scope_string(sheet, chain->names[0]);
    for (uint32_t i = 0; string != DZ_NONE && i < dz_sheet_n(sheet); i++) {
        const struct dz_element *element = dz_sheet_at(sheet, i);
        if (element->statement == DZ_NONE || dz_is_statement(element) ||
            !binds(sheet, element->statement, string) || !is_about(sheet, element, chain))
            continue;
        if (reader->looks_inside == DZ_INSIDE_ALL)
            dz_reader_link(reader, DZ_VERTEX_ELEMENT, file, i);
        if (element->kind == DZ_HEADER)
            dz_read_texts(reader, file, sheet, element);
    }
}

/* A table of functions may give any of these. */
static void read_inside_values(struct dz_reader *reader, uint32_t file,
                               const struct dz_sheet *sheet, const char *name)
{
    uint32_t n;
    const uint32_t *binders = dz_scope_binders(sheet, dz_scope_string(sheet, name), &n);
    for (uint32_t i = 0; i < n; i++) {
        const struct dz_element *element = dz_sheet_at(sheet, binders[i]);
        if (dz_is_statement(element) && !(element->flags & (DZ_IS_DEF | DZ_IS_IMPORT)))
            dz_reader_link(reader, DZ_VERTEX_INSIDE, file, binders[i]);
    }
}

/* Whether it is the first time: imports may lead in circles. Names are where they are spelled, which is the same in each. */
static int visit(struct dz_reader *reader, uint32_t file, const struct dz_dotted *chain)
{
    struct dz_names *names = reader->names;
    for (uint32_t i = 0; i < names->n_visits; i++)
        if (names->visits[i].file == file && names->visits[i].name == chain->names[0] &&
            names->visits[i].n == chain->n)
            return 0;
    if (names->n_visits == VISITS_MOST) {
        dz_names_unprovable(names, reader->from, "a name that leads through too many imports");
        return 0;
    }
    if (!dz_has_room(&names->visits, names->n_visits, &names->cap_visits, sizeof *names->visits)) {
        names->links->failed = 1;
        return 0;
    }
    names->visits[names->n_visits++] = (struct dz_visit){file, chain->n, chain->names[0]};
    return 1;
}

/* a.b.c, where a is a name of this file's module. */
void dz_read_in(struct dz_reader *reader, uint32_t file, const struct dz_dotted *chain)
{
    struct dz_names *names = reader->names;
    const struct dz_sheet *sheet = dz_names_sheet(names, file);
    if (!chain->n || names->links->failed || !visit(reader, file, chain))
        return;
    dz_reader_link(reader, DZ_VERTEX_NAME, file, dz_names_add_text(names, chain->names[0]));
    if (!sheet)
        return;
    uint32_t n, n_all, bound = 0;
    const struct dz_import *imports = dz_sheet_imports(sheet, &n_all);
    const uint32_t *found = dz_scope_imports(sheet, dz_scope_string(sheet, chain->names[0]), &n);
    struct dz_dotted rest = rest_of(chain, 1);
    for (uint32_t i = 0; i < n; i++)
        if (dz_is_at_top(sheet, &imports[found[i]])) {
            dz_read_of_import(reader, sheet, file, &imports[found[i]], &rest);
            bound = 1;
        }
    if (!bound && !dz_is_bound(sheet, chain->names[0]))
        read_through_stars(reader, sheet, file, chain);
    if (!reader->looks_inside)
        return;
    read_inside(reader, file, sheet, chain);
    read_inside_values(reader, file, sheet, chain->names[0]);
}

void dz_dotted_take(struct dz_dotted *chain, const struct dz_sheet *sheet, uint32_t number,
                    uint32_t mode)
{
    uint32_t parts[DZ_DOTTED_MOST], n = 0;
    for (; number != DZ_NONE && n < DZ_DOTTED_MOST; number = dz_sheet_chain(sheet, number)->parent)
        parts[n++] = dz_sheet_chain(sheet, number)->name;
    *chain = (struct dz_dotted){.n = n, .mode = mode};
    for (uint32_t i = 0; i < n; i++)
        chain->names[i] = dz_sheet_string(sheet, parts[n - 1 - i]);
}

void dz_reader_start_over(struct dz_reader *reader)
{
    reader->names->n_visits = 0;
}

/* "pkg.mod.attr": the longest part of it that is a module. */
static void read_spelled(struct dz_reader *reader, const struct dz_dotted *chain)
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
    struct dz_dotted rest = rest_of(chain, known);
    dotted.len = 0;
    for (uint32_t i = 0; i < known; i++)
        dz_buf_fmt(&dotted, "%s%s", i ? "." : "", chain->names[i]);
    if (dz_buf_ok(&dotted))
        dz_read_by_name(reader, dotted.data, &rest);
}

void dz_read_word(struct dz_reader *reader, uint32_t number)
{
    struct dz_dotted chain;
    dz_dotted_take(&chain, reader->sheet, number, DZ_READ_VALUE);
    dz_reader_start_over(reader);
    if (chain.n && dz_is_bound(reader->sheet, chain.names[0]))
        dz_read_in(reader, reader->file, &chain);
    else
        read_spelled(reader, &chain);
}
