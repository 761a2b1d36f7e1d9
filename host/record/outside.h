/* Effects that reach beyond the project: what a statement does to the state of the process, or by packages that nobody looks
 * into. What it does to the project's own modules is seen (DZ_FACT_WROTE). */
#pragma once

#include "sheet.h"

/* roots: the first names of the project's modules, each between blanks: " pkg tests ". */
int dz_outside_is_root(const char *roots, const char *module);
/* Whether the code of this element, called or a statement, may have such an effect. */
int dz_outside_is_of(const struct dz_sheet *sheet, const struct dz_element *element,
                     const char *roots);
