/* Who has docstrings and annotations read of what it names: code that gives away what it names, and code that looks inside what it is
 * given, as helpers, decorators and base classes do. Code that does both by itself is another's matter (reads.c).
 *
 * Between these two lie calls. They are known by their names: who mentions the name of a function that ran in the same span and looks
 * inside, or of one that mentions such a name, may have it look at all that it names itself. */
#pragma once

#include "names.h"

struct dz_looking {
    struct dz_names *names;
    uint8_t *codes; /* by number: what is known of its element */
};

/* Lent to it until its end. Negative when there is no memory. */
int dz_looking_init(struct dz_looking *looking, struct dz_names *names);
void dz_looking_free(struct dz_looking *looking);

/* Whether what a span ran looks inside what it is given. */
int dz_looking_is_in(struct dz_looking *looking, const struct dz_observed_span *span);
/* Edges to what the code of that span, and of the fixtures that it leans on, may have had looked at. Negative when there is no
 * memory. */
int dz_looking_add(struct dz_looking *looking, uint32_t vertex, uint32_t span);
/* To what a module's statements that do more than bind may have had looked at. */
void dz_looking_add_import(struct dz_looking *looking, uint32_t vertex, uint32_t file);
