/* Who could learn of other tests of its class: a test whose code may look through the class, or through what it is called on,
 * depends on all of it. Others depend on the bare one (base/sheet_format.h), and on the tests that their code calls by name.
 *
 * What a test is called on is known to the methods of its class and of that one's bases, and to fixtures, which have it from
 * their request; to others where these give it away. */
#pragma once

#include "names.h"

struct dz_insight {
    struct dz_names *names;
    uint8_t *codes;         /* by number: what is known of its element */
    uint32_t *seen, n_seen; /* by span: the last look that has met it */
    uint32_t *spans;        /* of a look: still to be looked at */
};

/* Lent to it until its end; what the vertices of test classes stand for is expanded. Negative when there is no memory. */
int dz_insight_init(struct dz_insight *insight, struct dz_names *names);
void dz_insight_free(struct dz_insight *insight);

/* vertex, span: of the test; class: the vertex of its class. */
void dz_insight_look(struct dz_insight *insight, uint32_t vertex, uint32_t span, uint32_t class);
