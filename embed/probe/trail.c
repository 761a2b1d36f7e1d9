#include "trail.h"

#include "../log.h"

#include "../../host/base/mem.h"

static void disown(struct dz_trail *trail)
{
    for (uint32_t i = 0; i < trail->n_own; i++)
        dz_holder_disown(&trail->own[i], trail->owner);
    trail->n_own = 0;
}

void dz_trail_begin(struct dz_trail *trail)
{
    static uint32_t owners;
    disown(trail);
    trail->n = 0;
    dz_bits_clear(&trail->others);
    if (!trail->owner)
        trail->owner = ++owners;
    dz_holders_begin_list();
}

static void add(struct dz_trail *trail, const struct dz_sight *sight)
{
    if (!dz_log_has_room(&trail->sights, trail->n, &trail->cap, sizeof *sight) ||
        !dz_log_has_room(&trail->own, trail->n_own, &trail->own_cap, sizeof *sight))
        return;
    trail->sights[trail->n++] = *sight;
    if (dz_holder_own(sight, trail->owner))
        trail->own[trail->n_own++] = *sight;
    else if (dz_bits_set(&trail->others, sight->holder) < 0)
        dz_log_give_up();
}

void dz_trail_add(struct dz_trail *trail, const struct dz_sight *sights, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (dz_holder_is_first(&sights[i]))
            add(trail, &sights[i]);
}

void dz_trail_end(struct dz_trail *trail)
{
    dz_sights_cut(&trail->sights, trail->n, &trail->cap);
    dz_sights_cut(&trail->own, trail->n_own, &trail->own_cap);
    trail->changes = dz_holders_changes();
}

void dz_trail_free(struct dz_trail *trail)
{
    disown(trail);
    dz_free(trail->sights);
    dz_free(trail->own);
    dz_bits_free(&trail->others);
    *trail = (struct dz_trail){0};
}

/* They have not changed since this trail stood last, and what holds one of its own is there. */
static int others_stand(const struct dz_trail *trail)
{
    return trail->changes == dz_holders_changes() &&
           dz_bits_is_within(&trail->others, dz_holders_looked_at());
}

int dz_trail_stands(struct dz_trail *trail)
{
    int stands = others_stand(trail) ? dz_sights_stand(trail->own, trail->n_own)
                                     : dz_sights_stand(trail->sights, trail->n);
    if (stands)
        trail->changes = dz_holders_changes();
    return stands;
}
