/* The tree as it is now: what the inputs of a record are compared with. Looks at each file once. */
#pragma once

#include "base/bits.h"
#include "base/err.h"
#include "python.h"
#include "record/graph.h"
#include "record/waivers.h"

struct dz_now;

/* All are lent to it until its end. rootdir and state: absolute. NULL with a sentence. */
struct dz_now *dz_now_new(const struct dz_python *python, const char *rootdir, const char *state,
                          struct dz_err *err);
void dz_now_free(struct dz_now *now);

/* What is passed over from now on where inputs are compared. */
void dz_now_waive(struct dz_now *now, const struct dz_waivers *waivers);

/* The fingerprint that an input, whose own is not looked at, has now, whatever kind it is of. strings: of its numbers. -ENOENT
 * where that cannot be known: then it has changed; that it is unprovable is as it was. A source is that of its file now, with the sheet of that content, which
 * is made where there is none. */
int dz_now_fingerprint(struct dz_now *now, const struct dz_strings *strings,
                       const struct dz_input *input, struct dz_fingerprint *ret);

/* Which inputs of the graph are not what they were, and which are so, too, but are waived. Trusts its looks where they may be
 * trusted; reads what else is in question, cuts all the sources that have changed at once, and compares. Negative with a
 * sentence. */
struct dz_compared {
    struct dz_bits changed, waived; /* by number of the input */
};
int dz_now_compare(struct dz_now *now, const struct dz_graph *graph, struct dz_compared *ret,
                   struct dz_err *err);
void dz_compared_free(struct dz_compared *compared);

/* The look at a path that was taken, or is taken now: for the next record. path: as in a key. 0, or negative
 * errno. The path in it, and is_exact, are left alone. */
int dz_now_look(struct dz_now *now, const char *path, struct dz_look *ret);
/* The names in a folder, as listing.h puts them. of: dz_listed_names. Negative errno. */
int dz_now_list(struct dz_now *now, const char *path, uint32_t of, struct dz_buf *to);
/* Whether a size that counts (DZ_INPUT_STAT) may have become what it is at that time or later. */
int dz_now_is_resized(struct dz_now *now, const char *path, int64_t since_ns);
