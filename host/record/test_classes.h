/* Classes of tests: what pytest finds a test by. dz_names_function and dz_names_method of names.h are here, too. */
#pragma once

#include "statements.h"

void dz_expand_test_class(struct dz_reader *reader, uint32_t string);
