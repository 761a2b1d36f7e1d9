/* What a state holds: its baselines, and why a job would start from one or not; and how much there is of it all. */
#pragma once

#include "../baselines.h"

struct dz_holding {
    char *name, *text; /* text: how much, how old, and whether it is used */
    int is_used;
    int64_t written_s;
};

struct dz_holdings {
    struct dz_holding *list; /* those that are used first, then the newest */
    unsigned n, cap;
};

/* wish: of the job that would start. Negative errno. */
int dz_holdings_list(struct dz_holdings *ret, const struct dz_baselines_wish *wish, int64_t now_s);
void dz_holdings_free(struct dz_holdings *holdings);

/* All bytes in it. Puts what they are, in words. */
uint64_t dz_holdings_sizes(const char *state, struct dz_buf *to);
