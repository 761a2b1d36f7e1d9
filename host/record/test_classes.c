#include "test_classes.h"

#include "items.h"
#include "touch.h"

#include "../base/buf.h"
#include "../base/mem.h"
#include "scope.h"

#include <string.h>

/* What a module's code alone does not tell of may have been put there by its statements. */
void dz_names_function(struct dz_names *names, uint32_t from, uint32_t file, const char *name,
                       size_t size)
{
    const struct dz_sheet *sheet = dz_names_sheet(names, file);
    uint32_t string = dz_names_add(names, name, size);
    struct dz_reader reader = {.names = names, .from = from, .file = file, .sheet = sheet};
    dz_reader_link(&reader, DZ_VERTEX_NAME, file, string);
    if (!sheet || dz_is_bound(sheet, dz_names_text(names, string)))
        return;
    dz_reader_link(&reader, DZ_VERTEX_EFFECTS, file, 0);
    /* Or it is no function, but what some collector has made of the file. */
    if (!dz_read_doctest(&reader, dz_names_text(names, string)))
        dz_reader_link(&reader, DZ_VERTEX_BYTES, file, 0);
}

void dz_names_method(struct dz_names *names, uint32_t from, uint32_t file, uint32_t class,
                     const char *name, size_t size, int outline)
{
    const struct dz_sheet *sheet = dz_names_sheet(names, file);
    dz_autobuf struct dz_buf whole = {0};
    dz_buf_fmt(&whole, "%s.%.*s", dz_names_text(names, class), (int)size, name);
    if (!dz_buf_ok(&whole)) {
        names->links->failed = 1;
        return;
    }
    uint32_t header = sheet ? dz_sheet_find(sheet, DZ_HEADER, whole.data, 1) : DZ_NONE;
    if (header != DZ_NONE)
        dz_links_edge(names->links, from,
                      dz_names_vertex(names, DZ_VERTEX_ELEMENT, file,
                                      outline ? dz_outline_of(sheet, header) : header));
    else
        dz_names_source_input(names, from, file,
                              (struct dz_input){.kind = DZ_INPUT_ELEMENT,
                                                .of = DZ_HEADER,
                                                .name = dz_names_add_text(names, whole.data),
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
static int is_decorated(const struct dz_reader *reader, const struct dz_element *statement)
{
    const struct dz_sheet *sheet = reader->sheet;
    uint32_t part;
    const struct dz_element *header = dz_element_named(reader, DZ_HEADER, statement, &part);
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
static int is_plain_class(const struct dz_reader *reader, const struct dz_element *statement)
{
    uint32_t part;
    return statement->flags & DZ_IS_DEF && dz_element_named(reader, DZ_CLASS, statement, &part) &&
           !is_decorated(reader, statement) &&
           !(statement->why & DZ_WHY_BASE && has_run_makers(reader->names, reader->file));
}

static int is_plain_class_name(struct dz_reader *reader, const char *name)
{
    uint32_t n, n_bound = 0;
    const uint32_t *binders =
        dz_scope_binders(reader->sheet, dz_scope_string(reader->sheet, name), &n);
    for (uint32_t i = 0; i < n; i++) {
        const struct dz_element *statement = dz_sheet_at(reader->sheet, binders[i]);
        if (!dz_is_statement(statement))
            continue;
        if (!is_plain_class(reader, statement))
            return 0;
        if (dz_has_effect(statement))
            dz_reader_link(reader, DZ_VERTEX_RAN, reader->file, 0);
        n_bound++;
    }
    return n_bound > 0;
}

/* Its statements may have looked at files. */
static void read_class(struct dz_reader *reader, uint32_t bare)
{
    dz_reader_link(reader, DZ_VERTEX_ELEMENT, reader->file, bare);
    if (dz_may_look(reader->sheet, dz_sheet_at(reader->sheet, bare)))
        dz_reader_link(reader, DZ_VERTEX_LOOKED, reader->file, 0);
}

static void read_classes_named(struct dz_reader *reader, const char *name, size_t size)
{
    dz_auto char *whole = dz_memdup(name, size);
    uint32_t n, string = whole ? dz_scope_string(reader->sheet, whole) : DZ_NONE;
    const uint32_t *named = dz_scope_named(reader->sheet, string, &n);
    reader->names->links->failed |= !whole;
    for (uint32_t i = 0; i < n; i++)
        if (dz_sheet_at(reader->sheet, named[i])->kind == DZ_CLASS)
            read_class(reader, dz_bare_of(reader->sheet, named[i]));
}

void dz_expand_test_class(struct dz_reader *reader, uint32_t string)
{
    struct dz_names *names = reader->names;
    const char *name = dz_names_text(names, string);
    size_t size = strcspn(name, ".");
    uint32_t first = dz_names_add(names, name, size);
    name = dz_names_text(names, string);
    if (is_plain_class_name(reader, dz_names_text(names, first)))
        dz_names_source_input(
            names, reader->from, reader->file,
            (struct dz_input){.kind = DZ_INPUT_NAME, .of = DZ_NAME_BARE, .name = first});
    else
        dz_names_function(names, reader->from, reader->file, name, size);
    for (name = dz_names_text(names, string); name[size]; size += strcspn(name + size + 1, ".") + 1)
        read_classes_named(reader, name, size);
    read_classes_named(reader, name, size);
    dz_read_changes(reader, first);
}
