#include "statements.h"

#include "importing.h"
#include "members.h"
#include "scope.h"
#include "touch.h"

#include <string.h>

/* ---- what a module's statements do to its own names ---- */

static void note_changed(struct dz_names *names, uint32_t file, const char *name)
{
    uint32_t string = dz_names_add_text(names, name);
    if (string && dz_bits_set(&names->files[file].changed, string) < 0)
        names->links->failed = 1;
}

static int leaves_class(const struct dz_sheet *sheet, const struct dz_dotted *chain)
{
    uint32_t class = dz_sheet_find(sheet, DZ_CLASS, chain->names[0], 1);
    return chain->n == 2 && class != DZ_NONE &&
           dz_sheet_find(sheet, DZ_CLASS, chain->names[0], 2) == DZ_NONE &&
           dz_member_use(sheet, class, chain->names[1], chain->mode) == DZ_MEMBER_LEAVES;
}

/* The names of its own that a function reads, or binds. */
static void note_reads(struct dz_names *names, uint32_t file, const struct dz_sheet *sheet,
                       const struct dz_element *function)
{
    const struct dz_read *reads = dz_sheet_reads(sheet, function);
    for (uint32_t i = 0; i < function->reads.n; i++) {
        struct dz_dotted chain;
        dz_dotted_take(&chain, sheet, reads[i].chain, reads[i].mode);
        if (chain.n && !leaves_class(sheet, &chain))
            note_changed(names, file, chain.names[0]);
    }
    const struct dz_bind *bind = dz_sheet_binds(sheet, function);
    for (uint32_t i = 0; i < function->binds.n; i++)
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
                note_reads(names, file, sheet, element);
        }
    }
}

/* Which of the statements has made them do what is not known. */
static int is_changed_by_run(struct dz_names *names, uint32_t file, uint32_t string)
{
    struct dz_names_file *info = &names->files[file];
    const struct dz_sheet *sheet = dz_names_sheet(names, file);
    if (!info->is_changed_known && sheet) {
        info->is_changed_known = 1;
        note_run(names, file, sheet);
    }
    return dz_bits_has(&info->changed, string);
}

/* That they stand there, and in which order, is in the name's input. */
static int read_changes(struct dz_reader *reader, uint32_t name)
{
    int is_changed = 0;
    for (uint32_t i = 0; name != DZ_NONE && i < dz_sheet_n(reader->sheet); i++)
        if (dz_may_change(reader->sheet, dz_sheet_at(reader->sheet, i), name)) {
            dz_read_statement(reader, i);
            is_changed = 1;
        }
    return is_changed;
}

void dz_read_changes(struct dz_reader *reader, uint32_t string)
{
    struct dz_names *names = reader->names;
    if (is_changed_by_run(names, reader->file, string))
        dz_reader_link(reader, DZ_VERTEX_EFFECTS, reader->file, 0);
    else if (read_changes(reader, dz_scope_string(reader->sheet, dz_names_text(names, string))))
        dz_read_importers(reader);
}

/* from m import X: X is what it is there. */
static void read_imports_of(struct dz_reader *reader, uint32_t name)
{
    uint32_t n, n_all;
    const struct dz_import *imports = dz_sheet_imports(reader->sheet, &n_all);
    const uint32_t *found = dz_scope_imports(reader->sheet, name, &n);
    struct dz_dotted none = {0};
    for (uint32_t i = 0; i < n; i++)
        if (dz_is_at_top(reader->sheet, &imports[found[i]]))
            dz_read_of_import(reader, reader->sheet, reader->file, &imports[found[i]], &none);
}

/* Names that a module has by what stands in it. */
static void read_of_whole_module(struct dz_reader *reader, const char *name)
{
    int is_docstring = strcmp(name, "__doc__") == 0;
    if (!is_docstring && strcmp(name, "__annotations__") != 0)
        return;
    dz_names_source_input(reader->names, reader->from, reader->file,
                          (struct dz_input){.kind = DZ_INPUT_ELEMENT,
                                            .of = is_docstring ? DZ_DOCSTRING : DZ_ANNOTATION,
                                            .name = dz_names_add_text(reader->names, "<module>"),
                                            .k = 1});
}

void dz_expand_name(struct dz_reader *reader, uint32_t string)
{
    struct dz_names *names = reader->names;
    uint32_t n, name = dz_scope_string(reader->sheet, dz_names_text(names, string));
    const uint32_t *binders = dz_scope_binders(reader->sheet, name, &n);
    dz_names_source_input(names, reader->from, reader->file,
                          (struct dz_input){.kind = DZ_INPUT_NAME, .name = string});
    read_of_whole_module(reader, dz_names_text(names, string));
    for (uint32_t i = 0; i < n; i++)
        if (dz_is_statement(dz_sheet_at(reader->sheet, binders[i])))
            dz_read_statement(reader, binders[i]);
    read_imports_of(reader, name);
    dz_read_changes(reader, string);
}

/* ---- whole modules ---- */

/* All names of a module, and what they stand for. */
static void read_all_names(struct dz_reader *reader)
{
    for (uint32_t i = 0; i < dz_sheet_n(reader->sheet); i++) {
        const struct dz_element *element = dz_sheet_at(reader->sheet, i);
        const struct dz_bind *bind = dz_sheet_binds(reader->sheet, element);
        for (uint32_t k = 0; dz_is_statement(element) && k < element->binds.n; k++)
            dz_reader_link(
                reader, DZ_VERTEX_NAME, reader->file,
                dz_names_add_text(reader->names, dz_sheet_string(reader->sheet, bind[k].name)));
    }
}

static void read_all_stars(struct dz_reader *reader)
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
        if (imports[i].level)
            below = dz_modules_relative(&names->modules, reader->file, imports[i].level, module);
        else
            found = dz_modules_named(&names->modules, module, strlen(module), &n_found);
        for (uint32_t k = 0; k < n_found; k++)
            dz_reader_link(reader, DZ_VERTEX_SHAPE, found[k].file, 0);
        if (below)
            dz_reader_link(reader, DZ_VERTEX_SHAPE, below, 0);
    }
}

void dz_expand_whole(struct dz_reader *reader, enum dz_input_kind kind)
{
    dz_names_source_input(reader->names, reader->from, reader->file,
                          (struct dz_input){.kind = kind});
    if (!reader->sheet)
        return;
    read_all_names(reader);
    read_all_stars(reader);
}

/* A module's __getattr__ is run by each `from m import x`, which asks for m.__path__. What it gives for a name is for who reads
 * that name. */
static int is_asked_by_imports(const struct dz_joined *joined)
{
    const struct dz_element *element =
        joined->why == DZ_KNOWN ? dz_sheet_at(joined->sheet, joined->element) : NULL;
    return element && element->kind == DZ_FUNCTION &&
           strcmp(dz_sheet_string(joined->sheet, element->name), "__getattr__") == 0;
}

void dz_read_run(struct dz_reader *reader, uint32_t code)
{
    struct dz_names *names = reader->names;
    struct dz_joined joined = dz_elements_of(names->elements, code);
    if (!is_asked_by_imports(&joined)) {
        dz_names_code(names, reader->from, code);
        return;
    }
    dz_names_source_input(names, reader->from, names->all->codes[code].file,
                          (struct dz_input){.kind = DZ_INPUT_ELEMENT,
                                            .of = DZ_FUNCTION,
                                            .name = dz_names_add_text(names, "__getattr__"),
                                            .k = dz_sheet_at(joined.sheet, joined.element)->k});
}

/* What the statements ran is what the import spans ran, and not what stands in functions or classes of modules. */
void dz_expand_ran(struct dz_reader *reader)
{
    struct dz_names *names = reader->names;
    dz_reader_link(reader, DZ_VERTEX_LOOKED, reader->file, 0);
    const struct dz_names_file *info = &names->files[reader->file];
    for (uint32_t i = 0; i < info->n_imports; i++) {
        const struct dz_bits *codes = &names->all->spans[info->imports[i]].codes;
        for (uint32_t code = 0; (code = dz_bits_next(codes, code)) != UINT32_MAX; code++)
            dz_read_run(reader, code);
    }
}
