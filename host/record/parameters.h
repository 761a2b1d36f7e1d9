/* What a test has to do with the values of its parameters.
 *
 * Where these are known by themselves (pyglue/parameters.py), a test does not depend on where they come from: not on the
 * headers that list them, but on their outlines, and on what the values name. Its record has their fingerprint. Where they
 * are not, or where code of the test asks for more of the parametrization than its own values, it depends on the headers
 * whole. */
#pragma once

#include "reader.h"

/* Whether code of a test, by its span, or of its fixtures asks for the list of which its values are, or their place in it.
 * met: room for bits, cleared first. */
int dz_parameters_are_asked_for(struct dz_names *names, uint32_t span, struct dz_bits *met);
/* All headers of what ran in there, whole: from the test's vertex. */
void dz_parameters_need_headers(struct dz_names *names, uint32_t vertex, uint32_t span,
                                struct dz_bits *met);
/* Of the test's classes, A.B: theirs too, whose marks its methods have. */
void dz_parameters_need_classes(struct dz_names *names, uint32_t vertex, uint32_t file,
                                uint32_t class);
/* Whether the code that has run in a collection's span can have done nothing but find values, which the tests have, and
 * which are told. */
int dz_parameters_are_all_found(struct dz_names *names, uint32_t span);
/* What values name: "module:name.name", several with blanks between them. */
void dz_parameters_name(struct dz_names *names, uint32_t vertex, const char *spelled);

/* A module's function that pytest calls with values that are known. */
void dz_expand_test_function(struct dz_reader *reader, uint32_t string);
