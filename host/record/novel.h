/* What a source has now and had not when it was looked at: its effects, each as often as it stands there, by what they are, by
 * what they see, and by what that is. */
#pragma once

#include "../base/bits.h"
#include "sheet.h"

/* Elements of the sheet: statements, or headers of a class's methods. was: NULL: all of them are new. Negative when there is no
 * memory. */
int dz_novel_effects(const struct dz_sheet *sheet, const struct dz_sheet *was, struct dz_bits *ret);
