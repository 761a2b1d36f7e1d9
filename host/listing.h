/* What lies in a folder: names in order, and of which kind each is. What python, pytest and we leave there is passed over:
 * a fresh clone has none of it. */
#pragma once

#include "base/buf.h"
#include "record/inputs.h"

#include <stddef.h>

struct dz_listed {
    char *name;
    char kind; /* f, d, l, or another letter */
};

struct dz_listing {
    struct dz_listed *all;
    unsigned n, cap;
};

/* Negative errno. */
int dz_listing_read(const char *folder, struct dz_listing *ret);
void dz_listing_free(struct dz_listing *listing);

/* Of names and kinds. */
int dz_listing_print(const struct dz_listing *listing, struct dz_fingerprint *ret);
/* Of those that pytest's own collectors look at: folders, links, and files that end as tests may. */
int dz_listing_print_tests(const struct dz_listing *listing, struct dz_fingerprint *ret);
int dz_listed_may_be_tests(const struct dz_listed *listed);
/* The names themselves, each behind a slash and its kind. of: dz_listed_names. */
void dz_listing_put(const struct dz_listing *listing, unsigned of, struct dz_buf *to);
/* What of a name there is that a module of python 3.minor could come from; dz_absent: nothing. folder: the listed one.
 * Negative errno. */
int dz_listing_print_place(const struct dz_listing *listing, const char *folder, const char *name,
                           int minor, struct dz_fingerprint *ret);
/* All below a folder: names, kinds, contents, and where links lead. -E2BIG where that is too much. */
int dz_listing_print_all(const char *folder, struct dz_fingerprint *ret);
