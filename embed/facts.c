#include "facts.h"

#include "../host/base/mem.h"

#include <errno.h>
#include <string.h>

static uint32_t *slot_of(struct dz_facts *facts, const struct dz_known *known)
{
    uint64_t hash =
        (known->value ^ ((uint64_t)known->string << 8 | known->fact)) * 0x9E3779B97F4A7C15ull;
    for (uint32_t at = (uint32_t)(hash >> 32) & facts->mask;; at = (at + 1) & facts->mask) {
        uint32_t *slot = &facts->slots[at];
        const struct dz_known *there = *slot ? &facts->list[*slot - 1] : NULL;
        if (!there || (there->value == known->value && there->string == known->string &&
                       there->fact == known->fact))
            return slot;
    }
}

static int grow(struct dz_facts *facts)
{
    uint32_t cap = facts->cap ? facts->cap * 2 : 32;
    uint32_t *slots = dz_alloc(2 * cap * sizeof *slots);
    struct dz_known *list = slots ? dz_realloc(facts->list, cap * sizeof *list) : NULL;
    if (!list) {
        dz_free(slots);
        return -ENOMEM;
    }
    dz_free(facts->slots);
    *facts = (struct dz_facts){list, facts->n, cap, slots, 2 * cap - 1};
    for (uint32_t i = 0; i < facts->n; i++)
        *slot_of(facts, &list[i]) = i + 1;
    return 0;
}

int dz_facts_add(struct dz_facts *facts, uint8_t fact, uint32_t string, uint64_t value)
{
    if (facts->n == facts->cap && grow(facts) < 0)
        return -ENOMEM;
    struct dz_known known = {value, string, fact};
    uint32_t *slot = slot_of(facts, &known);
    if (*slot)
        return 0;
    facts->list[facts->n++] = known;
    *slot = facts->n;
    return 1;
}

/* The table has the size of the largest span so far: a few are taken out of it one by one, the last first, as those
 * that were passed on the way to it are there still. */
void dz_facts_clear(struct dz_facts *facts)
{
    if (facts->n > facts->mask / 16)
        memset(facts->slots, 0, ((size_t)facts->mask + 1) * sizeof *facts->slots);
    else
        for (uint32_t i = facts->n; i > 0; i--)
            *slot_of(facts, &facts->list[i - 1]) = 0;
    facts->n = 0;
}
