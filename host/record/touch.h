/* What a module's own statements may do to its names after they are bound: by any way that is not seen to leave them alone. */
#pragma once

#include "sheet.h"

/* Whether a statement does more than bind. The cut takes operators on what it does not know for effects: those of headers and
 * annotations, or of an assignment, run some method that gives a value, and leave all else alone. */
int dz_has_effect(const struct dz_element *statement);
int dz_makes_calls(const struct dz_sheet *sheet, const struct dz_element *statement);
/* Whether a statement may end the import by more than that a name is missing. */
int dz_may_raise(const struct dz_sheet *sheet, const struct dz_element *statement);
/* Whether this read, by a statement, may change what the name at its root stands for. */
int dz_touches(const struct dz_sheet *sheet, const struct dz_element *statement,
               const struct dz_read *read);
/* Whether any of an element's does: an effect's, of the name of that string. */
int dz_may_change(const struct dz_sheet *sheet, const struct dz_element *element, uint32_t name);
/* The name at the root of a chain: a string of the sheet. */
uint32_t dz_touch_root(const struct dz_sheet *sheet, uint32_t chain);
