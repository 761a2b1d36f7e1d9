#include "strings.h"

#include "../base/mem.h"

#include <errno.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { BLOCK = 1 << 16, AHEAD = 16 };

/* The texts lie close together: there may be millions, and each is looked at when another has its hash. Copies share them,
 * as nobody writes to a text. */
struct dz_string_block {
    struct dz_string_block *before;
    uint32_t n_users; /* strings whose last block it is, and blocks that it is before */
    char text[];
};

struct dz_string_slot {
    uint32_t number, hash;
};

static struct dz_string_slot *slot_of(const struct dz_strings *strings, const char *text,
                                      size_t size, uint32_t hash)
{
    for (uint32_t at = hash & strings->mask;; at = (at + 1) & strings->mask) {
        struct dz_string_slot *slot = &strings->slots[at];
        if (!slot->number)
            return slot;
        const char *there = strings->at[slot->number - 1];
        if (slot->hash == hash && strncmp(there, text, size) == 0 && !there[size])
            return slot;
    }
}

static int widen(struct dz_strings *strings)
{
    uint64_t size = strings->slots ? 2 * ((uint64_t)strings->mask + 1) : 256;
    struct dz_string_slot *slots = size <= UINT32_MAX ? dz_alloc(size * sizeof *slots) : NULL;
    if (!slots)
        return 0;
    for (uint64_t i = 0; strings->slots && i <= strings->mask; i++) {
        struct dz_string_slot slot = strings->slots[i];
        uint32_t at = slot.hash & (uint32_t)(size - 1);
        while (slot.number && slots[at].number)
            at = (at + 1) & (uint32_t)(size - 1);
        if (slot.number)
            slots[at] = slot;
    }
    dz_free(strings->slots);
    strings->slots = slots;
    strings->mask = (uint32_t)(size - 1);
    return 1;
}

static char *keep(struct dz_strings *strings, const char *text, size_t size)
{
    if (strings->left <= size) {
        size_t room = size < BLOCK ? BLOCK : size + 1;
        struct dz_string_block *block = dz_alloc(sizeof *block + room);
        if (!block)
            return NULL;
        block->before = strings->block;
        block->n_users = 1;
        strings->block = block;
        strings->left = room;
    }
    /* From the end of the block to its front: what is left says where. */
    char *copy = strings->block->text + (strings->left -= size + 1);
    memcpy(copy, text, size);
    copy[size] = 0;
    return copy;
}

uint32_t dz_strings_append(struct dz_strings *strings, const char *text, size_t size)
{
    if (!dz_has_room(&strings->at, strings->n, &strings->cap, sizeof *strings->at))
        return 0;
    char *copy = keep(strings, text, size);
    if (!copy)
        return 0;
    strings->at[strings->n++] = copy;
    return strings->n;
}

uint32_t dz_strings_add(struct dz_strings *strings, const char *text, size_t size)
{
    /* What stands behind a NUL is in no name. */
    size = strnlen(text, size);
    if ((!strings->slots || 2 * ((uint64_t)strings->n + 1) > strings->mask) && !widen(strings))
        return 0;
    uint32_t hash = (uint32_t)XXH3_64bits(text, size);
    struct dz_string_slot *slot = slot_of(strings, text, size, hash);
    if (slot->number)
        return slot->number;
    uint32_t number = dz_strings_append(strings, text, size);
    if (number)
        *slot = (struct dz_string_slot){number, hash};
    return number;
}

/* ---- many at once: the place of each is asked for when others are still to come before it ---- */

/* The hash of the text of this number, whose slot is on its way then. */
static uint32_t announce(const struct dz_strings *strings, const char *text)
{
    uint32_t hash = (uint32_t)XXH3_64bits(text, strlen(text));
    __builtin_prefetch(&strings->slots[hash & strings->mask], 1);
    return hash;
}

static int put_slot(struct dz_strings *strings, uint32_t number, uint32_t hash)
{
    const char *text = strings->at[number - 1];
    struct dz_string_slot *slot = slot_of(strings, text, strlen(text), hash);
    if (slot->number)
        return -EEXIST;
    *slot = (struct dz_string_slot){number, hash};
    return 0;
}

int dz_strings_index(struct dz_strings *strings)
{
    uint64_t size = 256;
    uint32_t hashes[AHEAD], n = strings->n;
    while (size < 2 * ((uint64_t)n + 2))
        size *= 2;
    dz_free(strings->slots);
    strings->slots = size <= UINT32_MAX ? dz_alloc(size * sizeof *strings->slots) : NULL;
    strings->mask = (uint32_t)(size - 1);
    int r = strings->slots ? 0 : -ENOMEM;
    for (uint64_t i = 0; r == 0 && i < (uint64_t)n + AHEAD; i++) {
        if (i >= AHEAD)
            r = put_slot(strings, (uint32_t)(i - AHEAD + 1), hashes[i % AHEAD]);
        if (i < n)
            hashes[i % AHEAD] = announce(strings, strings->at[i]);
    }
    return r;
}

void dz_strings_match(const struct dz_strings *strings, const struct dz_strings *from,
                      uint32_t *numbers)
{
    uint32_t hashes[AHEAD];
    numbers[0] = 0;
    for (uint64_t i = 0; i < (uint64_t)from->n + AHEAD; i++) {
        if (i >= AHEAD) {
            const char *text = from->at[i - AHEAD];
            numbers[i - AHEAD + 1] =
                strings->slots ? slot_of(strings, text, strlen(text), hashes[i % AHEAD])->number
                               : 0;
        }
        if (i < from->n && strings->slots)
            hashes[i % AHEAD] = announce(strings, from->at[i]);
    }
}

int dz_strings_copy(struct dz_strings *ret, const struct dz_strings *from)
{
    size_t size = from->slots ? ((size_t)from->mask + 1) * sizeof *ret->slots : 0;
    *ret = (struct dz_strings){.n = from->n, .cap = from->n, .mask = from->mask};
    ret->at = dz_alloc(from->n * sizeof *ret->at);
    ret->slots = size ? dz_alloc(size) : NULL;
    if (!ret->at || (size && !ret->slots)) {
        dz_strings_free(ret);
        return -ENOMEM;
    }
    if (from->n)
        memcpy(ret->at, from->at, from->n * sizeof *ret->at);
    if (size)
        memcpy(ret->slots, from->slots, size);
    if ((ret->block = from->block))
        ret->block->n_users++;
    return 0;
}

uint32_t dz_strings_find(const struct dz_strings *strings, const char *text, size_t size)
{
    size = strnlen(text, size);
    return strings->slots ? slot_of(strings, text, size, (uint32_t)XXH3_64bits(text, size))->number
                          : 0;
}

void dz_strings_free(struct dz_strings *strings)
{
    for (struct dz_string_block *block = strings->block, *before; block; block = before) {
        before = block->before;
        if (--block->n_users)
            break;
        dz_free(block);
    }
    dz_free(strings->at);
    dz_free(strings->slots);
    *strings = (struct dz_strings){0};
}
