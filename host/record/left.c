#include "left.h"

#include "../base/mem.h"

#include <errno.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* ---- texts ---- */

static uint32_t *slot_of(const struct dz_lefts *lefts, const char *text, size_t size)
{
    for (uint32_t at = (uint32_t)XXH3_64bits(text, size) & lefts->mask;;
         at = (at + 1) & lefts->mask) {
        const struct dz_left_text *there =
            lefts->slots[at] ? &lefts->texts[lefts->slots[at] - 1] : NULL;
        if (!there || (there->size == size && memcmp(there->text, text, size) == 0))
            return &lefts->slots[at];
    }
}

static int widen(struct dz_lefts *lefts)
{
    uint32_t size = lefts->slots ? 2 * (lefts->mask + 1) : 256;
    dz_free(lefts->slots);
    lefts->slots = dz_alloc(size * sizeof *lefts->slots);
    lefts->mask = size - 1;
    for (uint32_t i = 0; lefts->slots && i < lefts->n_texts; i++)
        *slot_of(lefts, lefts->texts[i].text, lefts->texts[i].size) = i + 1;
    return lefts->slots != NULL;
}

static uint32_t text_of(struct dz_lefts *lefts, const char *text, size_t size)
{
    if ((!lefts->slots || 2 * (lefts->n_texts + 1) > lefts->mask) && !widen(lefts))
        return 0;
    uint32_t *slot = slot_of(lefts, text, size);
    if (*slot)
        return *slot;
    char *copy = dz_memdup(text, size);
    if (!copy ||
        !dz_has_room(&lefts->texts, lefts->n_texts, &lefts->texts_cap, sizeof *lefts->texts)) {
        dz_free(copy);
        return 0;
    }
    lefts->texts[lefts->n_texts++] = (struct dz_left_text){copy, size, 0};
    return *slot = lefts->n_texts;
}

uint32_t dz_lefts_text(const struct dz_lefts *lefts, const char *text, size_t size)
{
    return lefts->slots ? *slot_of(lefts, text, size) : 0;
}

/* ---- elements ---- */

static uint32_t file_named(const struct dz_observations *all, const char *path, size_t size)
{
    for (uint32_t i = 0; i < all->n_sources; i++) {
        const char *known = all->strings[all->sources[i].file - 1];
        if (strncmp(known, path, size) == 0 && !known[size])
            return all->sources[i].file;
    }
    return 0;
}

/* A path may have them, too. */
static const char *find_colons(const char *spelled)
{
    const char *found = NULL;
    for (const char *at = spelled; (at = strstr(at, "::")); at++)
        found = at;
    return found;
}

/* 0 when there is no memory. */
static uint32_t add_element(struct dz_lefts *lefts, const struct dz_observations *all,
                            const char *spelled)
{
    const char *name = find_colons(spelled);
    const char *attribute = name ? strrchr(name, '.') : NULL;
    if (!name || !dz_has_room(&lefts->list, lefts->n, &lefts->cap, sizeof *lefts->list))
        return 0;
    size_t path_size = (size_t)(name - spelled);
    name += 2;
    struct dz_left element = {.file = file_named(all, spelled, path_size), .is_number = 1};
    element.name = text_of(lefts, name, strcspn(name, "."));
    if (attribute)
        element.attribute = text_of(lefts, attribute + 1, strlen(attribute + 1));
    if (!element.name || (attribute && !element.attribute))
        return 0;
    struct dz_left_text *text = &lefts->texts[element.name - 1];
    element.next_of_name = text->first;
    lefts->list[lefts->n++] = element;
    return text->first = lefts->n;
}

static int add_writer(struct dz_lefts *lefts, const struct dz_observations *all,
                      uint32_t *by_string, uint32_t span, const struct dz_observed_fact *fact)
{
    uint32_t *number = &by_string[fact->string];
    if (!*number && !(*number = add_element(lefts, all, all->strings[fact->string - 1])))
        return -ENOMEM;
    struct dz_left *element = &lefts->list[*number - 1];
    element->is_number &= fact->value == 1;
    if (!dz_has_room(&element->writers, element->n_writers, &element->writers_cap,
                     sizeof *element->writers))
        return -ENOMEM;
    element->writers[element->n_writers++] = (struct dz_left_writer){span, 0};
    return 0;
}

int dz_lefts_find(struct dz_lefts *ret, const struct dz_observations *all)
{
    *ret = (struct dz_lefts){0};
    uint32_t *by_string = dz_alloc((all->n_strings + 1) * sizeof *by_string);
    int r = by_string ? 0 : -ENOMEM;
    for (uint32_t i = 0; i < all->n_spans; i++)
        for (uint32_t k = 0; r == 0 && k < all->spans[i].n_facts; k++)
            if (all->spans[i].facts[k].fact == DZ_FACT_WROTE && all->spans[i].facts[k].string)
                r = add_writer(ret, all, by_string, i, &all->spans[i].facts[k]);
    dz_free(by_string);
    return r;
}

void dz_lefts_free(struct dz_lefts *lefts)
{
    for (uint32_t i = 0; i < lefts->n; i++)
        dz_free(lefts->list[i].writers);
    for (uint32_t i = 0; i < lefts->n_texts; i++)
        dz_free(lefts->texts[i].text);
    dz_free(lefts->list);
    dz_free(lefts->texts);
    dz_free(lefts->slots);
    *lefts = (struct dz_lefts){0};
}
