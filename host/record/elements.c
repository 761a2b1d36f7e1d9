#include "elements.h"

#include "../base/mem.h"
#include "sheets.h"

#include <string.h>

struct source {
    const struct dz_observed_source *met; /* NULL: no log has told it */
    struct dz_sheet *sheet;
    enum dz_unknown why;
    int asked;
};

/* Which element a code is part of: asked once for each span that it ran in. */
struct part {
    uint32_t element;
    uint8_t why, is_known;
};

struct dz_elements {
    const struct dz_observations *all;
    const char *state;
    struct source *sources; /* by the file's string */
    struct part *parts;     /* by code */
};

/* ---- sources ---- */

/* Each process that meets a file writes what it found in it then. */
static void note(struct source *source, const struct dz_observed_source *met)
{
    if (!met->known)
        source->why = DZ_UNKNOWN_UNREAD;
    else if (source->met && source->met->known &&
             memcmp(source->met->hash, met->hash, sizeof met->hash) != 0)
        source->why = DZ_UNKNOWN_CHANGED;
    source->met = met;
}

struct dz_elements *dz_elements_new(const struct dz_observations *all, const char *state)
{
    struct dz_elements *elements = dz_alloc(sizeof *elements);
    struct source *sources = dz_alloc((all->n_strings + 1) * sizeof *sources);
    struct part *parts = dz_alloc((all->n_codes + 1) * sizeof *parts);
    if (!elements || !sources || !parts) {
        dz_free(elements);
        dz_free(sources);
        dz_free(parts);
        return NULL;
    }
    *elements = (struct dz_elements){all, state, sources, parts};
    for (uint32_t i = 0; i < all->n_sources; i++)
        note(&sources[all->sources[i].file], &all->sources[i]);
    return elements;
}

void dz_elements_free(struct dz_elements *elements)
{
    if (!elements)
        return;
    for (uint32_t i = 0; i <= elements->all->n_strings; i++)
        dz_sheet_free(elements->sources[i].sheet);
    dz_free(elements->sources);
    dz_free(elements->parts);
    dz_free(elements);
}

/* ---- sheets ---- */

static void find_sheet(const struct dz_elements *elements, struct source *source, const char *path)
{
    struct dz_err err;
    source->asked = 1;
    if (!dz_sheets_are_of(path))
        source->why = DZ_UNKNOWN_WHOLE;
    else if (!source->met)
        source->why = DZ_UNKNOWN_UNREAD;
    if (source->why != DZ_KNOWN)
        return;
    source->sheet = dz_sheets_read(elements->state, dz_observations_python(elements->all),
                                   source->met->hash, &err);
    if (!source->sheet)
        source->why = DZ_UNKNOWN_UNCUT;
    else if (dz_sheet_problem(source->sheet))
        source->why = DZ_UNKNOWN_REFUSED;
}

struct dz_joined dz_elements_sheet(struct dz_elements *elements, uint32_t file)
{
    struct source *source = &elements->sources[file];
    if (!source->asked)
        find_sheet(elements, source, elements->all->strings[file - 1]);
    return (struct dz_joined){source->sheet, DZ_NONE, source->why};
}

static struct part find_part(const struct dz_elements *elements, struct dz_joined joined,
                             const struct dz_observed_code *code)
{
    const char *name = code->name ? elements->all->strings[code->name - 1] : NULL;
    struct part part = {DZ_NONE, (uint8_t)joined.why, 1};
    if (joined.why == DZ_KNOWN)
        part.element = dz_sheet_find_code(joined.sheet, code->line, code->kind, name);
    if (joined.why == DZ_KNOWN && part.element == DZ_NONE)
        part.why = DZ_UNKNOWN_ABSENT;
    return part;
}

struct dz_joined dz_elements_of(struct dz_elements *elements, uint32_t number)
{
    const struct dz_observed_code *code = &elements->all->codes[number];
    if (code->kind == DZ_CODE_PACKAGE || code->kind == DZ_CODE_GENERATED)
        return (struct dz_joined){NULL, DZ_NONE, DZ_UNKNOWN_FOREIGN};
    struct dz_joined joined = dz_elements_sheet(elements, code->file);
    struct part *part = &elements->parts[number];
    if (!part->is_known)
        *part = find_part(elements, joined, code);
    return (struct dz_joined){joined.sheet, part->element, (enum dz_unknown)part->why};
}

const char *dz_unknown_text(enum dz_unknown why)
{
    static const char *const texts[DZ_UNKNOWNS] = {
        [DZ_KNOWN] = "",
        [DZ_UNKNOWN_FOREIGN] = "no source of the project",
        [DZ_UNKNOWN_WHOLE] = "no python source: it counts as a whole",
        [DZ_UNKNOWN_UNREAD] = "the source could not be read while the job ran",
        [DZ_UNKNOWN_CHANGED] = "the source has changed while the job ran",
        [DZ_UNKNOWN_UNCUT] = ("there is no sheet of the source as it was loaded: it was changed "
                              "while the job ran, or could not be cut"),
        [DZ_UNKNOWN_REFUSED] = "python cannot parse the source: something else has compiled it",
        [DZ_UNKNOWN_ABSENT] = "the code is not in the source as it was loaded",
    };
    return texts[why];
}
