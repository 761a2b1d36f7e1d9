#include "novel.h"

#include "../base/mem.h"
#include "scope.h"
#include "touch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* It, what it sees, and what that is: not what functions do, which others know. */
static XXH128_hash_t hash_effect(const struct dz_sheet *sheet, const struct dz_element *effect)
{
    XXH3_state_t state;
    const struct dz_read *reads = dz_sheet_reads(sheet, effect);
    XXH3_INITSTATE(&state);
    XXH3_128bits_reset(&state);
    const char *name = dz_sheet_string(sheet, effect->name);
    if (effect->kind == DZ_HEADER)
        XXH3_128bits_update(&state, name, strlen(name));
    XXH3_128bits_update(&state, effect->fingerprint, sizeof effect->fingerprint);
    for (uint32_t i = 0; i < effect->reads.n; i++) {
        uint32_t n, root = reads[i].chain;
        while (dz_sheet_chain(sheet, root)->parent != DZ_NONE)
            root = dz_sheet_chain(sheet, root)->parent;
        const uint32_t *binders = dz_scope_binders(sheet, dz_sheet_chain(sheet, root)->name, &n);
        XXH3_128bits_update(&state, &reads[i].sees, sizeof reads[i].sees);
        for (uint32_t k = 0; k < n; k++) {
            const struct dz_element *binder = dz_sheet_at(sheet, binders[k]);
            if (dz_is_statement(binder) && !(binder->flags & DZ_IS_DEF))
                XXH3_128bits_update(&state, binder->fingerprint, sizeof binder->fingerprint);
        }
    }
    return XXH3_128bits_digest(&state);
}

/* Operators in a definition, of annotations mostly, give a value. */
static int is_effect(const struct dz_element *element)
{
    return element->kind == DZ_EFFECT && (!(element->flags & DZ_IS_DEF) || dz_has_effect(element));
}

/* A class that is handed to nobody, and whose own statements only bind: what it does, its methods' headers do, each for
 * itself. */
static int does_by_parts(const struct dz_sheet *sheet, const struct dz_element *effect)
{
    const char *name = dz_sheet_string(sheet, effect->name);
    uint32_t header = dz_sheet_find(sheet, DZ_HEADER, name, effect->k);
    uint32_t class = dz_sheet_find(sheet, DZ_CLASS, name, effect->k);
    return effect->flags & DZ_IS_DEF && header != DZ_NONE && class != DZ_NONE &&
           !dz_sheet_at(sheet, header)->why && !dz_sheet_at(sheet, class)->why;
}

static int counts(const struct dz_sheet *sheet, uint32_t number, int *is_by_parts)
{
    const struct dz_element *element = dz_sheet_at(sheet, number);
    if (dz_is_statement(element))
        *is_by_parts = is_effect(element) && does_by_parts(sheet, element);
    return *is_by_parts ? element->why && (element->kind == DZ_HEADER || element->kind == DZ_CLASS)
                        : is_effect(element);
}

struct effects {
    XXH128_hash_t *list;
    uint32_t n, cap;
};

static int by_hash(const void *one, const void *other)
{
    return XXH128_cmp(one, other);
}

static int list_effects(const struct dz_sheet *sheet, struct effects *to)
{
    int is_by_parts = 0;
    for (uint32_t i = 0; i < dz_sheet_n(sheet); i++) {
        if (!counts(sheet, i, &is_by_parts))
            continue;
        if (!dz_has_room(&to->list, to->n, &to->cap, sizeof *to->list))
            return -ENOMEM;
        to->list[to->n++] = hash_effect(sheet, dz_sheet_at(sheet, i));
    }
    if (to->n)
        qsort(to->list, to->n, sizeof *to->list, by_hash);
    return 0;
}

/* Each of the old ones makes up for one new one. */
static int take(struct effects *old, const XXH128_hash_t *hash)
{
    XXH128_hash_t *found =
        old->n ? bsearch(hash, old->list, old->n, sizeof *old->list, by_hash) : NULL;
    if (!found)
        return 0;
    memmove(found, found + 1, (size_t)(old->list + old->n - found - 1) * sizeof *found);
    old->n--;
    return 1;
}

int dz_novel_effects(const struct dz_sheet *sheet, const struct dz_sheet *was, struct dz_bits *ret)
{
    struct effects old = {0};
    int r = was ? list_effects(was, &old) : 0, is_by_parts = 0;
    for (uint32_t i = 0; i < dz_sheet_n(sheet) && r == 0; i++) {
        if (!counts(sheet, i, &is_by_parts))
            continue;
        XXH128_hash_t hash = hash_effect(sheet, dz_sheet_at(sheet, i));
        if (!take(&old, &hash))
            r = dz_bits_set(ret, i);
    }
    dz_free(old.list);
    return r;
}
