#include "looking.h"

#include "../base/mem.h"
#include "touch.h"

#include <errno.h>
#include <string.h>

enum { IS_KNOWN = 1 << 0, LOOKS = 1 << 1 };

/* ---- what code mentions ---- */

/* Calls back for each name in what an element mentions, until one answers. */
typedef int dz_on_name(void *arg, const char *name);

static int in_chain(const struct dz_sheet *sheet, uint32_t chain, dz_on_name *on, void *arg)
{
    for (; chain != DZ_NONE; chain = dz_sheet_chain(sheet, chain)->parent)
        if (on(arg, dz_sheet_string(sheet, dz_sheet_chain(sheet, chain)->name)))
            return 1;
    return 0;
}

static int mentions(const struct dz_sheet *sheet, const struct dz_element *element, dz_on_name *on,
                    void *arg)
{
    const struct dz_read *reads = dz_sheet_reads(sheet, element);
    const uint32_t *words = dz_sheet_words(sheet, element);
    const struct dz_attribute *attributes = dz_sheet_attributes(sheet, element);
    for (uint32_t i = 0; i < element->reads.n; i++)
        if (in_chain(sheet, reads[i].chain, on, arg))
            return 1;
    for (uint32_t i = 0; i < element->words.n; i++)
        if (in_chain(sheet, words[i], on, arg))
            return 1;
    for (uint32_t i = 0; i < element->attributes.n; i++)
        if (on(arg, dz_sheet_string(sheet, attributes[i].name)))
            return 1;
    return 0;
}

static int is_of_docstrings(void *arg, const char *name)
{
    static const char *const names[] = {"__doc__",    "getdoc",     "help", "pydoc",
                                        "render_doc", "getmembers", "Doc",  "DocTestFinder"};
    (void)arg;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return 1;
    return 0;
}

static int looks(struct dz_looking *looking, uint32_t code)
{
    uint8_t *bits = &looking->codes[code];
    if (*bits)
        return *bits & LOOKS;
    struct dz_joined joined = dz_elements_of(looking->names->elements, code);
    *bits = IS_KNOWN;
    if (joined.why != DZ_KNOWN)
        return 0;
    const struct dz_element *element = dz_sheet_at(joined.sheet, joined.element);
    if (element->kind == DZ_FUNCTION && (element->flags & DZ_NAMES_ANNOTATIONS ||
                                         (element->flags & DZ_NAMES_INSPECTION &&
                                          mentions(joined.sheet, element, is_of_docstrings, NULL))))
        *bits |= LOOKS;
    return *bits & LOOKS;
}

int dz_looking_is_in(struct dz_looking *looking, const struct dz_observed_span *span)
{
    for (uint32_t code = 0; (code = dz_bits_next(&span->codes, code)) != UINT32_MAX; code++)
        if (looks(looking, code))
            return 1;
    return 0;
}

/* ---- a span ---- */

struct span {
    struct dz_looking *looking;
    struct dz_bits codes;    /* all that may give something away */
    struct dz_bits near;     /* of these, who looks inside, or mentions who is near */
    struct dz_strings calls; /* names that these are called by */
};

/* Methods that python calls are called by their class. */
static int put_call(struct span *span, const char *qualname)
{
    const char *last = strrchr(qualname, '.'), *from = qualname;
    size_t size = strlen(last ? last + 1 : qualname);
    if (last && strncmp(last + 1, "__", 2) == 0) {
        for (const char *at = qualname; at < last; at++)
            from = *at == '.' ? at + 1 : from;
        size = (size_t)(last - from);
    } else if (last)
        from = last + 1;
    return dz_strings_add(&span->calls, from, size) ? 0 : -ENOMEM;
}

static int is_call(void *arg, const char *name)
{
    return dz_strings_find(arg, name, strlen(name)) > 0;
}

static int is_fixture_word(void *arg, const char *name)
{
    (void)arg;
    return strcmp(name, "fixture") == 0;
}

/* What a fixture gives is not asked for by its name. */
static int is_fixture(const struct dz_sheet *sheet, const struct dz_element *element)
{
    uint32_t header =
        dz_sheet_find(sheet, DZ_HEADER, dz_sheet_string(sheet, element->name), element->k);
    return header != DZ_NONE &&
           (dz_sheet_at(sheet, header)->flags & DZ_IS_FIXTURE ||
            mentions(sheet, dz_sheet_at(sheet, header), is_fixture_word, NULL));
}

/* Once more for all that are not near yet. Whether one has become it. */
static int look_around(struct span *span)
{
    struct dz_names *names = span->looking->names;
    int found = 0;
    for (uint32_t code = 0; (code = dz_bits_next(&span->codes, code)) != UINT32_MAX; code++) {
        if (dz_bits_has(&span->near, code))
            continue;
        struct dz_joined joined = dz_elements_of(names->elements, code);
        if (joined.why != DZ_KNOWN)
            continue;
        const struct dz_element *element = dz_sheet_at(joined.sheet, joined.element);
        if (!looks(span->looking, code) &&
            !mentions(joined.sheet, element, is_call, &span->calls) &&
            !is_fixture(joined.sheet, element))
            continue;
        found = 1;
        if (dz_bits_set(&span->near, code) < 0 ||
            put_call(span, dz_sheet_string(joined.sheet, element->name)) < 0)
            return -ENOMEM;
    }
    return found;
}

/* What a fixture gives is what its test may have looked at. */
static int take_codes(struct span *span, uint32_t number)
{
    const struct dz_observations *all = span->looking->names->all;
    const struct dz_observed_span *own = &all->spans[number];
    int r = dz_bits_or(&span->codes, &own->codes);
    for (uint32_t i = 0; r == 0 && i < own->n_facts; i++) {
        uint32_t on = (uint32_t)own->facts[i].value;
        if (own->facts[i].fact != DZ_FACT_LEAN || all->spans[on].type != DZ_SPAN_FIXTURE)
            continue;
        r = dz_bits_or(&span->codes, &all->spans[on].codes);
        if (r == 0)
            r = dz_bits_or(&span->near, &all->spans[on].codes);
    }
    return r;
}

static void add_near(const struct span *span, uint32_t vertex)
{
    struct dz_names *names = span->looking->names;
    for (uint32_t code = 0; (code = dz_bits_next(&span->near, code)) != UINT32_MAX; code++) {
        struct dz_joined joined = dz_elements_of(names->elements, code);
        if (joined.why == DZ_KNOWN)
            dz_links_edge(names->links, vertex,
                          dz_names_vertex(names, DZ_VERTEX_INSIDE, names->all->codes[code].file,
                                          joined.element));
    }
}

void dz_looking_add_import(struct dz_looking *looking, uint32_t vertex, uint32_t file)
{
    struct dz_names *names = looking->names;
    const struct dz_sheet *sheet = dz_elements_sheet(names->elements, file).sheet;
    for (uint32_t i = 0; sheet && i < dz_sheet_n(sheet); i++)
        if (dz_has_effect(dz_sheet_at(sheet, i)))
            dz_links_edge(names->links, vertex, dz_names_vertex(names, DZ_VERTEX_INSIDE, file, i));
}

/* What imports have put somewhere, as into a registry. */
static void add_written(struct dz_looking *looking, uint32_t vertex,
                        const struct dz_observed_span *span)
{
    for (uint32_t i = 0; i < span->n_facts; i++) {
        const struct dz_observed_fact *fact = &span->facts[i];
        uint32_t file = fact->fact == DZ_FACT_LEAN && fact->string & DZ_LEAN_READS
                            ? looking->names->spans_files[(uint32_t)fact->value]
                            : 0;
        if (file)
            dz_looking_add_import(looking, vertex, file);
    }
}

int dz_looking_add(struct dz_looking *looking, uint32_t vertex, uint32_t number)
{
    struct span span = {.looking = looking};
    int r = take_codes(&span, number);
    while (r == 0 && (r = look_around(&span)) > 0)
        r = 0;
    if (r == 0) {
        add_near(&span, vertex);
        add_written(looking, vertex, &looking->names->all->spans[number]);
    }
    dz_bits_free(&span.codes);
    dz_bits_free(&span.near);
    dz_strings_free(&span.calls);
    return r;
}

/* ---- beginning and end ---- */

int dz_looking_init(struct dz_looking *looking, struct dz_names *names)
{
    *looking = (struct dz_looking){.names = names, .codes = dz_alloc(names->all->n_codes + 1)};
    return looking->codes ? 0 : -ENOMEM;
}

void dz_looking_free(struct dz_looking *looking)
{
    dz_free(looking->codes);
}
