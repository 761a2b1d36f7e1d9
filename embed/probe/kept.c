#include "kept.h"

#include <pthread.h>

enum { NOT_LEANT = -1 };

static unsigned generation; /* of processes */

static void next_generation(void)
{
    generation++;
}

void dz_kept_start(void)
{
    pthread_atfork(NULL, NULL, next_generation);
}

int dz_kept_is_ours(const struct dz_kept *kept)
{
    return kept->span && kept->generation == generation;
}

void dz_kept_renew(struct dz_kept *kept, uint32_t span, int has_before)
{
    uint32_t before = has_before ? kept->span : 0;
    *kept = (struct dz_kept){
        .span = span,
        .leant = (uint32_t)NOT_LEANT,
        .generation = generation,
        .is_whole = span == dz_span_of_base(),
    };
    if (before)
        dz_kept_lean(kept, before);
}

void dz_kept_enter(const struct dz_kept *kept)
{
    dz_span_enter(kept->span);
}

/* Whatever was seen of it stands in the log before that of the base span: it may be killed at any time. */
void dz_kept_leave(struct dz_kept *kept)
{
    dz_span_leave(kept->span);
    if (kept->is_whole)
        return;
    kept->is_whole = 1;
    dz_span_close(kept->span);
}

void dz_kept_lean(struct dz_kept *kept, uint32_t span)
{
    dz_span_enter(kept->span);
    dz_span_lean(span);
    dz_span_leave(kept->span);
}

__attribute__((noinline)) void dz_kept_lean_on(struct dz_kept *kept, uint32_t current)
{
    kept->leant = current;
    dz_span_lean(kept->span);
}
