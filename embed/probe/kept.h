/* The span of something that this process keeps: filled now and then, used by many, who lean on it.
 *
 * It is entered again for each fill. What a forked process fills is its own: there the span is another, which leans on
 * the one that it was forked with. */
#pragma once

#include "../span.h"

struct dz_kept {
    uint32_t span;  /* 0: nothing of interest yet */
    uint32_t leant; /* the last one that leant on it */
    unsigned generation;
    uint8_t is_whole; /* told so */
};

/* Once. */
void dz_kept_start(void);

/* Whether it has a span that this process may fill. */
int dz_kept_is_ours(const struct dz_kept *kept);
/* Gives it one; has_before: what it held is there still. */
void dz_kept_renew(struct dz_kept *kept, uint32_t span, int has_before);

void dz_kept_enter(const struct dz_kept *kept);
void dz_kept_leave(struct dz_kept *kept);
/* It holds what this span has brought about. */
void dz_kept_lean(struct dz_kept *kept, uint32_t span);

void dz_kept_lean_on(struct dz_kept *kept, uint32_t current);

/* It is used. Between two base spans each use is told: the next one has them. */
static inline void dz_kept_use(struct dz_kept *kept)
{
    uint32_t current = kept->span ? dz_span_current() : 0;
    if (kept->span && (kept->leant != current || !current))
        dz_kept_lean_on(kept, current);
}
