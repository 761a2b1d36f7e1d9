#include "novel.h"

#include "../base/mem.h"
#include "scope.h"

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
    XXH3_128bits_update(&state, effect->fingerprint, sizeof effect->fingerprint);
    for (uint32_t i = 0; i < effect->reads.n; i++) {
        uint32_t n, root = reads[i].chain;
        while (dz_sheet_chain(sheet, root)->parent != DZ_NONE)
            root = dz_sheet_chain(sheet, root)->parent;
        uint32_t name = dz_sheet_chain(sheet, root)->name;
        const uint32_t *binders = dz_scope_binders(sheet, name, &n);
        XXH3_128bits_update(&state, &reads[i].sees, sizeof reads[i].sees);
        for (uint32_t k = 0; k < n; k++) {
            const struct dz_element *binder = dz_sheet_at(sheet, binders[k]);
            if (dz_is_statement(binder) && !(binder->flags & DZ_IS_DEF))
                XXH3_128bits_update(&state, binder->fingerprint, sizeof binder->fingerprint);
        }
    }
    return XXH3_128bits_digest(&state);
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
    for (uint32_t i = 0; i < dz_sheet_n(sheet); i++) {
        const struct dz_element *element = dz_sheet_at(sheet, i);
        if (element->kind != DZ_EFFECT)
            continue;
        if (!dz_has_room(&to->list, to->n, &to->cap, sizeof *to->list))
            return -ENOMEM;
        to->list[to->n++] = hash_effect(sheet, element);
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
    int r = was ? list_effects(was, &old) : 0;
    for (uint32_t i = 0; i < dz_sheet_n(sheet) && r == 0; i++) {
        const struct dz_element *element = dz_sheet_at(sheet, i);
        if (element->kind != DZ_EFFECT)
            continue;
        XXH128_hash_t hash = hash_effect(sheet, element);
        if (!take(&old, &hash))
            r = dz_bits_set(ret, i);
    }
    dz_free(old.list);
    return r;
}
