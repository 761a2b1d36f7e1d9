#include "reads.h"

#include "scope.h"
#include "touch.h"

#include <string.h>

enum { LOOKS_INSIDE = DZ_NAMES_INSPECTION | DZ_NAMES_ANNOTATIONS | DZ_NAMES_POSITION };

/* ---- elements ---- */

static void read_chains(struct dz_reader *reader, const struct dz_element *element)
{
    const struct dz_read *reads = dz_sheet_reads(reader->sheet, element);
    const uint32_t *words = dz_sheet_words(reader->sheet, element);
    for (uint32_t i = 0; i < element->reads.n; i++) {
        struct dz_dotted chain;
        /* What annotations name is for who reads annotations. */
        if (element->kind != DZ_ANNOTATION && reads[i].mode == DZ_READ_ANNOTATION)
            continue;
        dz_dotted_take(&chain, reader->sheet, reads[i].chain, reads[i].mode);
        dz_reader_start_over(reader);
        dz_read_in(reader, reader->file, &chain);
    }
    for (uint32_t i = 0; i < element->words.n; i++)
        dz_read_word(reader, words[i]);
}

/* Imports within a function bind names of its own: which attributes are read of them is not told apart from others'. */
static void read_local_import(struct dz_reader *reader, const struct dz_element *element,
                              const struct dz_import *import)
{
    const struct dz_attribute *attributes = dz_sheet_attributes(reader->sheet, element);
    int at_random =
        element->flags & (DZ_NAMES_ATTRIBUTES | DZ_NAMES_NAMESPACE | DZ_NAMES_INSPECTION);
    struct dz_dotted none = {.mode = at_random ? DZ_READ_VALUE : 0};
    dz_reader_start_over(reader);
    dz_read_of_import(reader, reader->sheet, reader->file, import, &none);
    const char *module = dz_sheet_string(reader->sheet, import->module);
    for (uint32_t i = 0; i < element->attributes.n; i++) {
        struct dz_dotted chain = {.n = 1, .mode = attributes[i].mode};
        chain.names[0] = dz_sheet_string(reader->sheet, attributes[i].name);
        dz_reader_start_over(reader);
        dz_read_of_import(reader, reader->sheet, reader->file, import, &chain);
        /* import a.b.c, and a.b.c.name. */
        dz_reader_start_over(reader);
        if (!(import->flags & DZ_IMPORT_FROM) && strchr(module, '.'))
            dz_read_by_name(reader, module, &chain);
    }
}

static void read_local_imports(struct dz_reader *reader, uint32_t number,
                               const struct dz_element *element)
{
    uint32_t n;
    const struct dz_import *imports = dz_sheet_imports(reader->sheet, &n);
    for (uint32_t i = 0; i < n; i++)
        if (imports[i].element == number && !dz_is_at_top(reader->sheet, &imports[i]))
            read_local_import(reader, element, &imports[i]);
}

uint32_t dz_bare_of(const struct dz_sheet *sheet, uint32_t class)
{
    const struct dz_element *element = dz_sheet_at(sheet, class);
    uint32_t bare =
        dz_sheet_find(sheet, DZ_BARE, dz_sheet_string(sheet, element->name), element->k);
    return bare == DZ_NONE ? class : bare;
}

uint32_t dz_outline_of(const struct dz_sheet *sheet, uint32_t header)
{
    const struct dz_element *element = dz_sheet_at(sheet, header);
    uint32_t outline =
        dz_sheet_find(sheet, DZ_OUTLINE, dz_sheet_string(sheet, element->name), element->k);
    return outline == DZ_NONE ? header : outline;
}

/* Who runs a test need not know the others of its class: which of them look for others is found out (insight.h). */
static uint32_t class_around(const struct dz_reader *reader, const struct dz_element *element)
{
    return reader->names->files[reader->file].is_tested && element->kind != DZ_CLASS
               ? dz_bare_of(reader->sheet, element->owner)
               : element->owner;
}

/* Who reads annotations learns of one that comes, too. */
void dz_read_annotation(struct dz_reader *reader, const struct dz_element *of)
{
    const char *name = dz_sheet_string(reader->sheet, of->name);
    uint32_t found = dz_sheet_find(reader->sheet, DZ_ANNOTATION, name, of->k);
    if (found != DZ_NONE)
        dz_reader_link(reader, DZ_VERTEX_ELEMENT, reader->file, found);
    else
        dz_names_source_input(reader->names, reader->from, reader->file,
                              (struct dz_input){.kind = DZ_INPUT_ELEMENT,
                                                .of = DZ_ANNOTATION,
                                                .name = dz_names_add_text(reader->names, name),
                                                .k = of->k});
}

/* Those around it in the source: a function's header, a class's, its annotations where its decorators or bases read them.
 * What runs a function has nothing to do with the values that pytest calls it with (parameters.h). */
static void read_around(struct dz_reader *reader, uint32_t number, const struct dz_element *element)
{
    uint32_t n, is_decorated = 0;
    int is_header = element->kind == DZ_HEADER || element->kind == DZ_OUTLINE;
    const uint32_t *named = dz_scope_named(reader->sheet, element->name, &n);
    for (uint32_t i = 0; i < n && !is_header; i++) {
        const struct dz_element *other = dz_sheet_at(reader->sheet, named[i]);
        if (named[i] == number || other->k != element->k || other->kind != DZ_HEADER)
            continue;
        dz_reader_link(reader, DZ_VERTEX_ELEMENT, reader->file,
                       element->kind == DZ_CLASS ? named[i]
                                                 : dz_outline_of(reader->sheet, named[i]));
        is_decorated |= other->reads.n > 0;
    }
    if (is_decorated)
        dz_read_annotation(reader, element);
    if (element->owner != DZ_NONE)
        dz_reader_link(reader, DZ_VERTEX_ELEMENT, reader->file, class_around(reader, element));
}

/* Who asks for subclasses may get any. */
static void read_all_classes(struct dz_reader *reader)
{
    for (uint32_t i = 0; i < reader->names->modules.n; i++)
        dz_reader_link(reader, DZ_VERTEX_CLASSES, reader->names->modules.list[i].file, 0);
}

void dz_expand_element(struct dz_reader *reader, uint32_t number)
{
    struct dz_names *names = reader->names;
    const struct dz_element *element = dz_sheet_at(reader->sheet, number);
    struct dz_input input = {
        .kind = DZ_INPUT_ELEMENT,
        .of = element->kind,
        .name = dz_names_add_text(names, dz_sheet_string(reader->sheet, element->name)),
        .k = element->k};
    dz_names_source_input(names, reader->from, reader->file, input);
    reader->looks_inside = element->flags & LOOKS_INSIDE ? DZ_INSIDE_ALL : DZ_INSIDE_NOTHING;
    read_chains(reader, element);
    read_local_imports(reader, number, element);
    if (!dz_is_statement(element))
        read_around(reader, number, element);
    if (element->flags & DZ_NAMES_NAMESPACE)
        dz_reader_link(reader, DZ_VERTEX_SHAPE, reader->file, 0);
    if (element->flags & DZ_NAMES_SUBCLASSES)
        read_all_classes(reader);
}

/* ---- inside ---- */

/* Of all definitions in a statement; DZ_NONE: of the file. */
static void read_texts_in(struct dz_reader *reader, uint32_t statement)
{
    for (uint32_t i = 0; i < dz_sheet_n(reader->sheet); i++) {
        const struct dz_element *element = dz_sheet_at(reader->sheet, i);
        if (statement == DZ_NONE ? element->kind == DZ_HEADER || element->kind == DZ_MODULE
                                 : element->kind == DZ_HEADER && element->statement == statement)
            dz_read_texts(reader, reader->file, reader->sheet, element);
    }
}

void dz_expand_inside(struct dz_reader *reader, uint32_t number)
{
    const struct dz_element *element = dz_sheet_at(reader->sheet, number);
    reader->looks_inside = DZ_INSIDE_TEXTS;
    if (element->kind == DZ_MODULE) {
        read_texts_in(reader, DZ_NONE);
        return;
    }
    if (dz_is_statement(element) && element->flags & DZ_IS_DEF)
        read_texts_in(reader, number);
    read_chains(reader, element);
    read_local_imports(reader, number, element);
}

/* ---- names ---- */

const struct dz_element *dz_element_named(const struct dz_reader *reader, enum dz_element_kind kind,
                                          const struct dz_element *statement, uint32_t *ret)
{
    *ret = dz_sheet_find(reader->sheet, kind, dz_sheet_string(reader->sheet, statement->name),
                         statement->k);
    return *ret == DZ_NONE ? NULL : dz_sheet_at(reader->sheet, *ret);
}

/* Calls that look at no file and no variable, in code that has no effects: there the cut has found that names stand for what
 * they say. */
static int is_blind(const char *chain)
{
    static const char *const names[] = {"Path",
                                        "collections.namedtuple",
                                        "logging.getLogger",
                                        "namedtuple",
                                        "os.path.abspath",
                                        "os.path.basename",
                                        "os.path.dirname",
                                        "os.path.join",
                                        "pathlib.Path",
                                        "pytest.fixture",
                                        "pytest.param",
                                        "re.compile",
                                        "typing.NewType",
                                        "typing.TypeVar"};
    if (strncmp(chain, "pytest.mark.", 12) == 0)
        return 1;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], chain) == 0)
            return 1;
    return 0;
}

int dz_may_look(const struct dz_sheet *sheet, const struct dz_element *element)
{
    const struct dz_read *reads = dz_sheet_reads(sheet, element);
    const struct dz_attribute *attributes = dz_sheet_attributes(sheet, element);
    for (uint32_t i = 0; i < element->reads.n; i++) {
        dz_autobuf struct dz_buf chain = {0};
        if (!(reads[i].mode & DZ_READ_CALLED))
            continue;
        dz_sheet_put_chain(sheet, reads[i].chain, &chain);
        dz_buf_put(&chain, "", 1);
        if (!dz_buf_ok(&chain) || !is_blind(chain.data))
            return 1;
    }
    for (uint32_t i = 0; i < element->attributes.n; i++)
        if (attributes[i].mode & DZ_READ_CALLED)
            return 1;
    return 0;
}

/* What a statement binds its names to: of a function its header, of a class its statements, else what it reads. Where it calls
 * what is not known, also what that ran. */
void dz_read_statement(struct dz_reader *reader, uint32_t number)
{
    const struct dz_element *statement = dz_sheet_at(reader->sheet, number);
    uint32_t part;
    if (statement->flags & DZ_IS_DEF ? dz_has_effect(statement) : statement->why != 0)
        dz_reader_link(reader, DZ_VERTEX_RAN, reader->file, 0);
    else if (dz_may_look(reader->sheet, statement))
        dz_reader_link(reader, DZ_VERTEX_LOOKED, reader->file, 0);
    if (!(statement->flags & DZ_IS_DEF)) {
        if (!(statement->flags & DZ_IS_IMPORT))
            dz_reader_link(reader, DZ_VERTEX_ELEMENT, reader->file, number);
        return;
    }
    if (dz_element_named(reader, DZ_CLASS, statement, &part))
        dz_reader_link(reader, DZ_VERTEX_ELEMENT, reader->file, part);
    const struct dz_element *header = dz_element_named(reader, DZ_HEADER, statement, &part);
    if (!header)
        return;
    dz_reader_link(reader, DZ_VERTEX_ELEMENT, reader->file, part);
    if (header->reads.n)
        dz_read_annotation(reader, header);
}
