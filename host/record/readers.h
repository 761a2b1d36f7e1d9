/* Who reads what an earlier span of its process has left changed.
 *
 * A span reads an element (DZ_FACT_WROTE: path::name, or path::name.attribute) when code that ran in it, or in a fixture
 * or cache that it uses, mentions the name, or is a method of the class of that name; and the attribute, if there is
 * one, unless the code looks into objects by computed names, or hands on what the name stands for. The load within an
 * augmented assignment is no reading where a number was and is: counters tie nobody together. Code of which there is
 * no sheet reads all.
 *
 * Not seen: what reaches an object on a way that no code in the span mentions: by an argument from a span that is not a
 * fixture's, or from a name that stands for the same object more than two steps away. */
#pragma once

#include "elements.h"

/* After dz_observations_join: readers lean on the writers before them. */
int dz_readers_join(struct dz_observations *all, struct dz_elements *elements, struct dz_err *err);
