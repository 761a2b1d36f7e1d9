/* Effects that reach beyond the project: what a statement does to the state of the process, or by packages that nobody looks
 * into. What it does to the project's own modules is seen (DZ_FACT_WROTE). */
#pragma once

#include "sheet.h"

/* roots: the first names of the project's modules, each between blanks: " pkg tests ". */
int dz_outside_is_root(const char *roots, const char *module);
/* roots may go on with two more lines, of whole names: modules that do nothing outside when they are imported, and those that
 * may. Whether all that this import may import is of the first kind. */
int dz_outside_is_harmless(const struct dz_sheet *sheet, const struct dz_import *import,
                           const char *roots);
/* Whether what is imported from it is no module, by the same lines: all imports of it do the same. */
int dz_outside_is_of_module(const struct dz_sheet *sheet, const struct dz_import *import,
                            const char *roots);
/* Whether the code of this element, called or a statement, may have such an effect. */
int dz_outside_is_of(const struct dz_sheet *sheet, const struct dz_element *element,
                     const char *roots);
