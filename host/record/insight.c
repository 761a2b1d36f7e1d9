#include "insight.h"

#include "../base/mem.h"

#include <errno.h>
#include <string.h>

enum {
    IS_KNOWN = 1 << 0,
    REFLECTS = 1 << 1, /* goes through whatever it is given */
    HAS_SELF = 1 << 2, /* a method that may give away what it is called on */
    ASKS = 1 << 3,     /* for a request's class or instance, as fixtures and hooks can */
    TESTS = 1 << 4,    /* has attributes that are called as tests are */
};

/* ---- codes ---- */

static int is_test_name(const char *name)
{
    return strncmp(name, "test", 4) == 0;
}

static int asks(const char *attribute)
{
    static const char *const names[] = {"cls", "instance", "obj", "_obj", "__self__"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], attribute) == 0)
            return 1;
    return 0;
}

static uint8_t look_at(const struct dz_sheet *sheet, const struct dz_element *element)
{
    const uint32_t reflecting = DZ_NAMES_NAMESPACE | DZ_NAMES_ATTRIBUTES | DZ_NAMES_INSPECTION |
                                DZ_NAMES_SUBCLASSES | DZ_NAMES_CODE;
    const struct dz_attribute *attributes = dz_sheet_attributes(sheet, element);
    uint8_t bits = IS_KNOWN;
    if (element->flags & reflecting)
        bits |= REFLECTS;
    /* eval, locals and the like need not spell it. */
    if (element->flags & (DZ_NAMES_SELF | DZ_NAMES_NAMESPACE | DZ_NAMES_CODE))
        bits |= HAS_SELF;
    for (uint32_t i = 0; i < element->attributes.n; i++) {
        const char *name = dz_sheet_string(sheet, attributes[i].name);
        bits |= (uint8_t)((is_test_name(name) ? TESTS : 0) | (asks(name) ? ASKS : 0));
    }
    return bits;
}

static uint8_t bits_of(struct dz_insight *insight, uint32_t code, const struct dz_joined *joined)
{
    uint8_t *bits = &insight->codes[code];
    if (!*bits)
        *bits = look_at(joined->sheet, dz_sheet_at(joined->sheet, joined->element));
    return *bits;
}

/* ---- classes ---- */

/* A test's class and its bases, as far as they are the project's. */
struct classes {
    struct class
    {
        uint32_t file, element;
    } * list;
    uint32_t n, cap;
    struct dz_bits met; /* vertices */
    int is_made;        /* one is what some expression gives: nobody knows its methods */
};

static const struct dz_element *element_of(const struct dz_insight *insight,
                                           const struct dz_vertex *vertex,
                                           const struct dz_sheet **ret_sheet)
{
    struct dz_joined joined = dz_elements_sheet(insight->names->elements, vertex->a);
    *ret_sheet = joined.sheet;
    return vertex->kind == DZ_VERTEX_ELEMENT && joined.why == DZ_KNOWN
               ? dz_sheet_at(joined.sheet, vertex->b)
               : NULL;
}

static int is_class(const struct dz_element *element)
{
    return element && (element->kind == DZ_CLASS || element->kind == DZ_BARE);
}

static int is_header(const struct dz_element *element)
{
    return element && (element->kind == DZ_HEADER || element->kind == DZ_OUTLINE);
}

/* From a class to its header, from there to the names of its bases, and through imports to classes again. */
static int leads_on(const struct dz_insight *insight, const struct dz_vertex *from,
                    const struct dz_vertex *to)
{
    const struct dz_sheet *sheet, *other;
    const struct dz_element *element = element_of(insight, from, &sheet);
    const struct dz_element *next = element_of(insight, to, &other);
    if (is_class(element))
        return is_header(next) && from->a == to->a && next->name == element->name;
    if (element)
        return is_header(element) && to->kind == DZ_VERTEX_NAME;
    return to->kind == DZ_VERTEX_NAME || is_class(next);
}

static int is_expression(const struct dz_insight *insight, const struct dz_vertex *from,
                         const struct dz_vertex *to)
{
    const struct dz_sheet *sheet;
    const struct dz_element *element = element_of(insight, to, &sheet);
    return from->kind == DZ_VERTEX_NAME && element &&
           (element->kind == DZ_BINDING || element->kind == DZ_EFFECT);
}

static void find_classes(struct dz_insight *insight, struct classes *classes, uint32_t number)
{
    struct dz_links *links = insight->names->links;
    const struct dz_sheet *sheet;
    if (links->failed || dz_bits_has(&classes->met, number))
        return;
    const struct dz_vertex vertex = links->vertices[number];
    const struct dz_element *element = element_of(insight, &vertex, &sheet);
    if (dz_bits_set(&classes->met, number) < 0 ||
        !dz_has_room(&classes->list, classes->n, &classes->cap, sizeof *classes->list)) {
        links->failed = 1;
        return;
    }
    if (is_class(element))
        classes->list[classes->n++] = (struct class){
            vertex.a,
            dz_sheet_find(sheet, DZ_CLASS, dz_sheet_string(sheet, element->name), element->k)};
    for (uint32_t at = vertex.edges; at; at = links->links[at - 1].before) {
        const struct dz_vertex *to = &links->vertices[links->links[at - 1].to];
        classes->is_made |= is_expression(insight, &vertex, to);
        if (leads_on(insight, &vertex, to))
            find_classes(insight, classes, links->links[at - 1].to);
    }
}

static int is_of(const struct classes *classes, uint32_t file, uint32_t element)
{
    for (uint32_t i = 0; i < classes->n; i++)
        if (classes->list[i].file == file && classes->list[i].element == element)
            return 1;
    return 0;
}

/* ---- a look ---- */

struct look {
    struct dz_insight *insight;
    struct classes classes;
    uint32_t vertex, class; /* vertices: of the test, of its class */
    int gives, reflects;
};

static int is_conftest(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && strcmp(slash + 1, "conftest.py") == 0;
}

/* Who calls another test of the class depends on whether there is one of that name. */
static void need_tests(struct look *look, const struct dz_joined *joined)
{
    struct dz_names *names = look->insight->names;
    const struct dz_vertex class = names->links->vertices[look->class];
    const struct dz_element *element = dz_sheet_at(joined->sheet, joined->element);
    const struct dz_attribute *attributes = dz_sheet_attributes(joined->sheet, element);
    for (uint32_t i = 0; i < element->attributes.n; i++) {
        const char *name = dz_sheet_string(joined->sheet, attributes[i].name);
        if (is_test_name(name))
            dz_names_method(names, look->vertex, class.a, class.b, name, strlen(name), 1);
    }
}

static void look_at_code(struct look *look, uint32_t code)
{
    struct dz_names *names = look->insight->names;
    struct dz_joined joined = dz_elements_of(names->elements, code);
    uint32_t file = names->all->codes[code].file;
    if (joined.why != DZ_KNOWN)
        return;
    uint8_t bits = bits_of(look->insight, code, &joined);
    uint32_t owner = dz_sheet_at(joined.sheet, joined.element)->owner;
    look->reflects |= bits & REFLECTS;
    if (bits & HAS_SELF && owner != DZ_NONE && is_of(&look->classes, file, owner))
        look->gives = 1;
    if (bits & ASKS && (file == names->links->vertices[look->class].a ||
                        is_conftest(names->all->strings[file - 1])))
        look->gives = 1;
    if (bits & TESTS)
        need_tests(look, &joined);
}

/* Fixtures, and what the test has done in spans of their own. */
static int is_of_test(const struct dz_observed_span *span)
{
    return span->type == DZ_SPAN_FIXTURE || span->type == DZ_SPAN_CALL ||
           span->type == DZ_SPAN_FORK;
}

static void look_at_spans(struct look *look, uint32_t first)
{
    struct dz_insight *insight = look->insight;
    const struct dz_observed_span *spans = insight->names->all->spans;
    uint32_t n = 0;
    insight->n_seen++;
    insight->seen[first] = insight->n_seen;
    insight->spans[n++] = first;
    while (n) {
        const struct dz_observed_span *span = &spans[insight->spans[--n]];
        for (uint32_t code = 0; (code = dz_bits_next(&span->codes, code)) != UINT32_MAX; code++)
            look_at_code(look, code);
        for (uint32_t i = 0; i < span->n_facts; i++) {
            uint32_t on = (uint32_t)span->facts[i].value;
            if (span->facts[i].fact != DZ_FACT_LEAN || !is_of_test(&spans[on]) ||
                insight->seen[on] == insight->n_seen)
                continue;
            insight->seen[on] = insight->n_seen;
            insight->spans[n++] = on;
        }
    }
}

static void need_all(struct look *look)
{
    struct dz_names *names = look->insight->names;
    for (uint32_t i = 0; i < look->classes.n; i++)
        dz_links_edge(names->links, look->vertex,
                      dz_names_vertex(names, DZ_VERTEX_ELEMENT, look->classes.list[i].file,
                                      look->classes.list[i].element));
}

void dz_insight_look(struct dz_insight *insight, uint32_t vertex, uint32_t span, uint32_t class)
{
    struct look look = {.insight = insight, .vertex = vertex, .class = class};
    find_classes(insight, &look.classes, class);
    look_at_spans(&look, span);
    if ((look.gives || look.classes.is_made) && look.reflects)
        need_all(&look);
    dz_free(look.classes.list);
    dz_bits_free(&look.classes.met);
}

/* ---- beginning and end ---- */

int dz_insight_init(struct dz_insight *insight, struct dz_names *names)
{
    const struct dz_observations *all = names->all;
    *insight = (struct dz_insight){.names = names};
    insight->codes = dz_alloc(all->n_codes + 1);
    insight->seen = dz_alloc((all->n_spans + 1) * sizeof *insight->seen);
    insight->spans = dz_alloc((all->n_spans + 1) * sizeof *insight->spans);
    return insight->codes && insight->seen && insight->spans ? 0 : -ENOMEM;
}

void dz_insight_free(struct dz_insight *insight)
{
    dz_free(insight->codes);
    dz_free(insight->seen);
    dz_free(insight->spans);
}
