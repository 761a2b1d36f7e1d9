#include "touch.h"

uint32_t dz_touch_root(const struct dz_sheet *sheet, uint32_t chain)
{
    const struct dz_chain *at = dz_sheet_chain(sheet, chain);
    while (at->parent != DZ_NONE)
        at = dz_sheet_chain(sheet, at->parent);
    return at->name;
}

/* A base is handed to who makes the class, and mostly left alone: what its __init_subclass__ does to names is seen. */
int dz_touches(const struct dz_sheet *sheet, const struct dz_element *statement,
               const struct dz_read *read)
{
    if (read->mode & (DZ_READ_STORED | DZ_READ_ITEM))
        return 1;
    if (read->mode & DZ_READ_CALLED && dz_sheet_chain(sheet, read->chain)->parent != DZ_NONE)
        return 1;
    return read->mode & DZ_READ_VALUE && statement->why & (DZ_WHY_CALL | DZ_WHY_DECORATOR);
}
