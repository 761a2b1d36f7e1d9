#include "touch.h"

#include "scope.h"

uint32_t dz_touch_root(const struct dz_sheet *sheet, uint32_t chain)
{
    const struct dz_chain *at = dz_sheet_chain(sheet, chain);
    while (at->parent != DZ_NONE)
        at = dz_sheet_chain(sheet, at->parent);
    return at->name;
}

/* import m: what m.f() does to other modules is seen, or it is outside. The same of what the standard library has. */
static int is_elsewhere(const struct dz_sheet *sheet, uint32_t name)
{
    uint32_t n, n_all, is_imported = 0;
    const struct dz_import *imports = dz_sheet_imports(sheet, &n_all);
    const uint32_t *found = dz_scope_imports(sheet, name, &n);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t flags = imports[found[i]].flags;
        if (flags & DZ_IMPORT_FROM && !(flags & DZ_IMPORT_STANDARD))
            return 0;
        is_imported = 1;
    }
    return is_imported;
}

/* A base is handed to who makes the class, and mostly left alone: what its __init_subclass__ does to names is seen. */
int dz_touches(const struct dz_sheet *sheet, const struct dz_element *statement,
               const struct dz_read *read)
{
    if (is_elsewhere(sheet, dz_touch_root(sheet, read->chain)))
        return 0;
    if (read->mode & (DZ_READ_STORED | DZ_READ_ITEM))
        return 1;
    if (read->mode & DZ_READ_CALLED && dz_sheet_chain(sheet, read->chain)->parent != DZ_NONE)
        return 1;
    return read->mode & DZ_READ_VALUE && statement->why & (DZ_WHY_CALL | DZ_WHY_DECORATOR);
}
