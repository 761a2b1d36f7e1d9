/* Items that are no functions: doctests, and what collectors of somebody's own make of a file. dz_names_item of names.h. */
#pragma once

#include "chains.h"

/* Of the docstrings whose examples are an item of that name, by its module and the function in it, what they read. How many there
 * are. */
uint32_t dz_read_doctest(struct dz_reader *reader, const char *name);
