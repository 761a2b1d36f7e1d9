/* What may happen to a class by how a member of it is used, as far as its own sheet tells. */
#pragma once

#include "sheet.h"

enum dz_member_use {
    DZ_MEMBER_CHANGES, /* it may change the class, or is not known */
    DZ_MEMBER_GIVES,   /* it gives the class to others */
    DZ_MEMBER_LEAVES,  /* it leaves it as it is */
};

/* C.name, read in these modes (dz_read_mode); class: an element of kind class. */
enum dz_member_use dz_member_use(const struct dz_sheet *sheet, uint32_t class, const char *name,
                                 uint32_t mode);
/* By a base of it that is enum's own. Its members are constants. */
int dz_is_enum(const struct dz_sheet *sheet, uint32_t class);
