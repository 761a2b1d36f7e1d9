/* What the user declares of inputs, in [tool.dagz]: `ignore`, globs of paths that do not matter, and `external`, what tests
 * depend on that is taken as constant. Of the latter those with a slash are globs of paths, too; others are names of what
 * cannot be seen, a network peer, and are only said.
 *
 * An input that is waived is observed and kept as any other, and passed over where it is compared: so it counts again as soon
 * as it is no longer declared. */
#pragma once

#include "../base/wire.h"

enum dz_waived { DZ_WAIVED_NOT, DZ_WAIVED_IGNORED, DZ_WAIVED_EXTERNAL };

/* Texts, each ended by NUL. Lent. */
struct dz_waivers {
    struct dz_bytes ignore, external;
};

/* Whether these are such texts: they have come from elsewhere. */
int dz_waivers_make(struct dz_waivers *ret, struct dz_bytes ignore, struct dz_bytes external);
/* The first text of a list, and the one behind this one; NULL: there is none. */
const char *dz_waivers_first(struct dz_bytes list);
const char *dz_waivers_next(struct dz_bytes list, const char *text);
/* path: as in the key of an input. */
enum dz_waived dz_waivers_of(const struct dz_waivers *waivers, const char *path);
/* By what an input was passed over that has this path: a folder's, for names in it. */
enum dz_waived dz_waivers_behind(const struct dz_waivers *waivers, const char *path);
