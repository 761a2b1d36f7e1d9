#include "parameters.h"

#include "../base/buf.h"
#include "../base/mem.h"
#include "reads.h"
#include "scope.h"
#include "statements.h"

#include <string.h>

/* ---- code that ran for a test ---- */

typedef int on_code(struct dz_names *names, uint32_t vertex, uint32_t code);

/* Fixtures, and what the test has done in spans of their own. */
static int is_of_test(const struct dz_observed_span *span)
{
    return span->type == DZ_SPAN_FIXTURE || span->type == DZ_SPAN_CALL ||
           span->type == DZ_SPAN_FORK;
}

static int walk(struct dz_names *names, uint32_t vertex, uint32_t number, struct dz_bits *met,
                on_code *call)
{
    const struct dz_observed_span *span = &names->all->spans[number];
    if (dz_bits_has(met, number))
        return 0;
    if (dz_bits_set(met, number) < 0)
        return names->links->failed = 1;
    for (uint32_t code = 0; (code = dz_bits_next(&span->codes, code)) != UINT32_MAX; code++)
        if (call(names, vertex, code))
            return 1;
    for (uint32_t i = 0; i < span->n_facts; i++) {
        uint32_t on = (uint32_t)span->facts[i].value;
        if (span->facts[i].fact == DZ_FACT_LEAN && is_of_test(&names->all->spans[on]) &&
            walk(names, vertex, on, met, call))
            return 1;
    }
    return 0;
}

static int asks(struct dz_names *names, uint32_t vertex, uint32_t code)
{
    (void)vertex;
    struct dz_joined joined = dz_elements_of(names->elements, code);
    return joined.why == DZ_KNOWN && joined.element != DZ_NONE &&
           dz_sheet_at(joined.sheet, joined.element)->flags & DZ_NAMES_PARAMETERS;
}

int dz_parameters_are_asked_for(struct dz_names *names, uint32_t span, struct dz_bits *met)
{
    dz_bits_clear(met);
    return walk(names, 0, span, met, asks);
}

/* A header, and what was looked at to make its values. */
static void need(struct dz_names *names, uint32_t vertex, uint32_t file, uint32_t header)
{
    const struct dz_sheet *sheet = dz_names_sheet(names, file);
    dz_links_edge(names->links, vertex, dz_names_vertex(names, DZ_VERTEX_ELEMENT, file, header));
    if (dz_may_look(sheet, dz_sheet_at(sheet, header)))
        dz_links_edge(names->links, vertex, dz_names_vertex(names, DZ_VERTEX_LOOKED, file, 0));
}

/* A function's, and those of the classes around it: their marks are its marks. */
static int need_header(struct dz_names *names, uint32_t vertex, uint32_t code)
{
    struct dz_joined joined = dz_elements_of(names->elements, code);
    uint32_t at = joined.why == DZ_KNOWN ? joined.element : DZ_NONE;
    for (; at != DZ_NONE; at = dz_sheet_at(joined.sheet, at)->owner) {
        const struct dz_element *element = dz_sheet_at(joined.sheet, at);
        const char *name = dz_sheet_string(joined.sheet, element->name);
        uint32_t header = dz_sheet_find(joined.sheet, DZ_HEADER, name, element->k);
        if (header != DZ_NONE)
            need(names, vertex, names->all->codes[code].file, header);
    }
    return 0;
}

void dz_parameters_need_headers(struct dz_names *names, uint32_t vertex, uint32_t span,
                                struct dz_bits *met)
{
    dz_bits_clear(met);
    walk(names, vertex, span, met, need_header);
}

void dz_parameters_need_classes(struct dz_names *names, uint32_t vertex, uint32_t file,
                                uint32_t class)
{
    const struct dz_sheet *sheet = dz_names_sheet(names, file);
    const char *name = dz_names_text(names, class);
    for (size_t size = strcspn(name, "."); sheet; size += 1 + strcspn(name + size + 1, ".")) {
        dz_auto char *part = dz_memdup(name, size);
        uint32_t n = 0;
        const uint32_t *named =
            part ? dz_scope_named(sheet, dz_scope_string(sheet, part), &n) : NULL;
        names->links->failed |= !part;
        for (uint32_t i = 0; i < n; i++)
            if (dz_sheet_at(sheet, named[i])->kind == DZ_HEADER)
                need(names, vertex, file, named[i]);
        if (!name[size])
            return;
    }
}

/* ---- what finds values ---- */

/* Beside parametrizing, a function that is asked for values can change which fixtures a test has, or its marks: by these,
 * and by the others where it has one of the lists. */
enum { CHANGES = 1 << 0, IS_LIST = 1 << 1, CHANGES_LISTS = 1 << 2 };

static unsigned what_is(const char *name)
{
    static const struct {
        const char *name;
        unsigned is;
    } names[] = {{"add_marker", CHANGES},
                 {"setattr", CHANGES},
                 {"delattr", CHANGES},
                 {"__setattr__", CHANGES},
                 {"__delattr__", CHANGES},
                 {"fixturenames", IS_LIST},
                 {"names_closure", IS_LIST},
                 {"initialnames", IS_LIST},
                 {"own_markers", IS_LIST},
                 {"keywords", IS_LIST},
                 {"extra_keyword_matches", IS_LIST},
                 {"name2fixturedefs", IS_LIST},
                 {"append", CHANGES_LISTS},
                 {"extend", CHANGES_LISTS},
                 {"insert", CHANGES_LISTS},
                 {"remove", CHANGES_LISTS},
                 {"pop", CHANGES_LISTS},
                 {"clear", CHANGES_LISTS},
                 {"update", CHANGES_LISTS},
                 {"add", CHANGES_LISTS},
                 {"setdefault", CHANGES_LISTS},
                 {"sort", CHANGES_LISTS},
                 {"reverse", CHANGES_LISTS}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].name, name) == 0)
            return names[i].is;
    return 0;
}

static int is_hook_of_others(const char *name)
{
    const char *last = strrchr(name, '.');
    name = last ? last + 1 : name;
    return strncmp(name, "pytest_", 7) == 0 && strcmp(name, "pytest_generate_tests") != 0;
}

/* What else it calls a method of is its own, or a module's, which is seen. */
static int changes_more(const struct dz_sheet *sheet, const struct dz_element *function)
{
    const uint32_t writes = DZ_READ_STORED | DZ_READ_ITEM;
    const struct dz_read *reads = dz_sheet_reads(sheet, function);
    const struct dz_attribute *attributes = dz_sheet_attributes(sheet, function);
    unsigned is = 0;
    for (uint32_t i = 0; i < function->reads.n; i++) {
        const struct dz_chain *chain = dz_sheet_chain(sheet, reads[i].chain);
        is |= reads[i].mode & writes ? CHANGES : what_is(dz_sheet_string(sheet, chain->name));
    }
    for (uint32_t i = 0; i < function->attributes.n; i++)
        is |= attributes[i].mode & writes ? CHANGES
                                          : what_is(dz_sheet_string(sheet, attributes[i].name));
    return is & CHANGES || (is & IS_LIST && is & CHANGES_LISTS);
}

static int finds_values(struct dz_names *names, uint32_t code)
{
    /* What statements of a module do is its import's, wherever they ran (dz_names_code). */
    enum dz_code_kind kind = names->all->codes[code].kind;
    if (kind == DZ_CODE_PACKAGE || kind == DZ_CODE_MODULE)
        return 1;
    struct dz_joined joined = dz_elements_of(names->elements, code);
    if (joined.why != DZ_KNOWN || joined.element == DZ_NONE)
        return 0;
    const struct dz_element *element = dz_sheet_at(joined.sheet, joined.element);
    return element->kind == DZ_FUNCTION && !element->binds.n &&
           !(element->flags & (DZ_NAMES_NAMESPACE | DZ_NAMES_CODE)) &&
           !is_hook_of_others(dz_sheet_string(joined.sheet, element->name)) &&
           !changes_more(joined.sheet, element);
}

int dz_parameters_are_all_found(struct dz_names *names, uint32_t span)
{
    const struct dz_bits *codes = &names->all->spans[span].codes;
    for (uint32_t code = 0; (code = dz_bits_next(codes, code)) != UINT32_MAX; code++)
        if (!finds_values(names, code))
            return 0;
    return 1;
}

/* ---- what values name ---- */

static void read_spelled(struct dz_names *names, uint32_t vertex, char *spelled)
{
    struct dz_reader reader = {.names = names, .from = vertex};
    struct dz_dotted chain = {.mode = DZ_READ_VALUE};
    char *name = strchr(spelled, ':');
    if (name)
        *name++ = 0;
    while (name && chain.n < DZ_DOTTED_MOST) {
        chain.names[chain.n++] = name;
        name = strchr(name, '.');
        if (name)
            *name++ = 0;
    }
    dz_reader_start_over(&reader);
    dz_read_by_name(&reader, spelled, &chain);
}

void dz_parameters_name(struct dz_names *names, uint32_t vertex, const char *spelled)
{
    for (size_t size; *spelled; spelled += size + (spelled[size] == ' ')) {
        size = strcspn(spelled, " ");
        dz_auto char *one = dz_memdup(spelled, size);
        if (one)
            read_spelled(names, vertex, one);
        else
            names->links->failed = 1;
    }
}

/* ---- a test's function ---- */

static uint32_t outline_of(const struct dz_sheet *sheet, const struct dz_element *statement)
{
    return statement->flags & DZ_IS_DEF
               ? dz_sheet_find(sheet, DZ_OUTLINE, dz_sheet_string(sheet, statement->name),
                               statement->k)
               : DZ_NONE;
}

/* Each statement that binds the name defines a function of which there is an outline. */
static int has_outlines(const struct dz_sheet *sheet, const uint32_t *binders, uint32_t n)
{
    uint32_t n_outlines = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct dz_element *binder = dz_sheet_at(sheet, binders[i]);
        if (!dz_is_statement(binder) || outline_of(sheet, binder) == DZ_NONE)
            return 0;
        n_outlines++;
    }
    return n_outlines > 0;
}

static void read_outline(struct dz_reader *reader, uint32_t number)
{
    const struct dz_element *outline = dz_sheet_at(reader->sheet, number);
    dz_reader_link(reader, DZ_VERTEX_ELEMENT, reader->file, number);
    if (outline->reads.n)
        dz_read_annotation(reader, outline);
    if (dz_may_look(reader->sheet, outline))
        dz_reader_link(reader, DZ_VERTEX_LOOKED, reader->file, 0);
}

void dz_expand_test_function(struct dz_reader *reader, uint32_t string)
{
    struct dz_names *names = reader->names;
    const char *name = dz_names_text(names, string);
    uint32_t n;
    const uint32_t *binders =
        dz_scope_binders(reader->sheet, dz_scope_string(reader->sheet, name), &n);
    if (!has_outlines(reader->sheet, binders, n)) {
        dz_names_function(names, reader->from, reader->file, name, strlen(name));
        return;
    }
    dz_names_source_input(
        names, reader->from, reader->file,
        (struct dz_input){.kind = DZ_INPUT_NAME, .of = DZ_NAME_BARE, .name = string});
    for (uint32_t i = 0; i < n; i++)
        read_outline(reader, outline_of(reader->sheet, dz_sheet_at(reader->sheet, binders[i])));
    dz_read_changes(reader, string);
}
