#include "pairs.h"

#include "../../host/base/mem.h"

/* All bits of both count, and none can be told from another: two pairs with one key are as good as impossible. */
static uint64_t key_of(const void *one, const void *other)
{
    uint64_t key = (uint64_t)(uintptr_t)one * 0x9E3779B97F4A7C15ull;
    key = (key ^ key >> 32 ^ (uint64_t)(uintptr_t)other) * 0xD6E8FEB86659FD93ull;
    key = (key ^ key >> 32) * 0xD6E8FEB86659FD93ull;
    key ^= key >> 32;
    return key ? key : 1;
}

static struct dz_pair *slot_of(const struct dz_pairs *pairs, uint64_t key)
{
    size_t at = (size_t)key & pairs->mask;
    while (pairs->slots[at].key && pairs->slots[at].key != key)
        at = (at + 1) & pairs->mask;
    return &pairs->slots[at];
}

static int grow(struct dz_pairs *pairs)
{
    struct dz_pairs larger = {.mask = pairs->slots ? 2 * pairs->mask + 1 : 63, .n = pairs->n};
    larger.slots = dz_alloc((larger.mask + 1) * sizeof *larger.slots);
    if (!larger.slots)
        return -1;
    for (size_t i = 0; pairs->slots && i <= pairs->mask; i++)
        if (pairs->slots[i].key)
            *slot_of(&larger, pairs->slots[i].key) = pairs->slots[i];
    dz_free(pairs->slots);
    *pairs = larger;
    return 0;
}

struct dz_pair *dz_pairs_find(const struct dz_pairs *pairs, const void *one, const void *other)
{
    struct dz_pair *slot = pairs->n ? slot_of(pairs, key_of(one, other)) : NULL;
    return slot && slot->key ? slot : NULL;
}

struct dz_pair *dz_pairs_at(struct dz_pairs *pairs, const void *one, const void *other)
{
    if ((!pairs->slots || 2 * pairs->n > pairs->mask) && grow(pairs) < 0)
        return NULL;
    uint64_t key = key_of(one, other);
    struct dz_pair *slot = slot_of(pairs, key);
    if (!slot->key) {
        *slot = (struct dz_pair){.key = key};
        pairs->n++;
    }
    return slot;
}

void dz_pairs_clear(struct dz_pairs *pairs)
{
    dz_free(pairs->slots);
    *pairs = (struct dz_pairs){0};
}
