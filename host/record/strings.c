#include "strings.h"

#include "../base/mem.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static uint32_t *slot_of(const struct dz_strings *strings, const char *text, size_t size)
{
    for (uint32_t at = (uint32_t)XXH3_64bits(text, size) & strings->mask;;
         at = (at + 1) & strings->mask) {
        const char *there = strings->slots[at] ? strings->at[strings->slots[at] - 1] : NULL;
        if (!there || (strncmp(there, text, size) == 0 && !there[size]))
            return &strings->slots[at];
    }
}

static int widen(struct dz_strings *strings)
{
    uint32_t size = strings->slots ? 2 * (strings->mask + 1) : 256;
    uint32_t *slots = dz_alloc(size * sizeof *slots);
    if (!slots)
        return 0;
    dz_free(strings->slots);
    strings->slots = slots;
    strings->mask = size - 1;
    for (uint32_t i = 0; i < strings->n; i++)
        *slot_of(strings, strings->at[i], strlen(strings->at[i])) = i + 1;
    return 1;
}

uint32_t dz_strings_add(struct dz_strings *strings, const char *text, size_t size)
{
    /* What stands behind a NUL is in no name. */
    size = strnlen(text, size);
    if ((!strings->slots || 2 * (strings->n + 1) > strings->mask) && !widen(strings))
        return 0;
    uint32_t *slot = slot_of(strings, text, size);
    if (*slot)
        return *slot;
    char *copy = dz_memdup(text, size);
    if (!copy || !dz_has_room(&strings->at, strings->n, &strings->cap, sizeof *strings->at)) {
        dz_free(copy);
        return 0;
    }
    strings->at[strings->n++] = copy;
    return *slot = strings->n;
}

uint32_t dz_strings_find(const struct dz_strings *strings, const char *text, size_t size)
{
    return strings->slots ? *slot_of(strings, text, strnlen(text, size)) : 0;
}

void dz_strings_free(struct dz_strings *strings)
{
    for (uint32_t i = 0; i < strings->n; i++)
        dz_free(strings->at[i]);
    dz_free(strings->at);
    dz_free(strings->slots);
    *strings = (struct dz_strings){0};
}
