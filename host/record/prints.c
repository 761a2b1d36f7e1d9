#include "prints.h"

#include "../base/mem.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { KEY_SIZE = offsetof(struct dz_input, fingerprint) };

static uint32_t *slot_of(const struct dz_prints *prints, const struct dz_input *input)
{
    for (uint32_t at = (uint32_t)XXH3_64bits(input, KEY_SIZE) & prints->mask;;
         at = (at + 1) & prints->mask) {
        uint32_t *slot = &prints->slots[at];
        if (!*slot || memcmp(&prints->list[*slot - 1].asked, input, KEY_SIZE) == 0)
            return slot;
    }
}

static int widen(struct dz_prints *prints)
{
    uint32_t size = prints->slots ? 2 * (prints->mask + 1) : 256;
    uint32_t *slots = dz_alloc(size * sizeof *slots);
    if (!slots)
        return 0;
    dz_free(prints->slots);
    prints->slots = slots;
    prints->mask = size - 1;
    for (uint32_t i = 0; i < prints->n; i++)
        *slot_of(prints, &prints->list[i].asked) = i + 1;
    return 1;
}

int dz_prints_add(struct dz_prints *prints, struct dz_input *input)
{
    if (2 * (prints->n + 1) > prints->mask && !widen(prints))
        return -ENOMEM;
    uint32_t *slot = slot_of(prints, input);
    if (!*slot) {
        if (!dz_has_room(&prints->list, prints->n, &prints->cap, sizeof *prints->list))
            return -ENOMEM;
        struct dz_print *print = &prints->list[prints->n++];
        *print = (struct dz_print){.asked = *input, .input = *input};
        print->r = prints->fingerprint(prints->context, prints->strings, &print->input);
        *slot = prints->n;
    }
    *input = prints->list[*slot - 1].input;
    return prints->list[*slot - 1].r;
}

void dz_prints_free(struct dz_prints *prints)
{
    dz_free(prints->list);
    dz_free(prints->slots);
    *prints = (struct dz_prints){0};
}
