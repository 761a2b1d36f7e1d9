#include "touch.h"

#include "scope.h"

uint32_t dz_touch_root(const struct dz_sheet *sheet, uint32_t chain)
{
    const struct dz_chain *at = dz_sheet_chain(sheet, chain);
    while (at->parent != DZ_NONE)
        at = dz_sheet_chain(sheet, at->parent);
    return at->name;
}

int dz_has_effect(const struct dz_element *statement)
{
    return statement->kind == DZ_EFFECT &&
           (statement->flags & DZ_IS_COMPOUND || statement->why & ~(uint32_t)DZ_WHY_OPERATOR);
}

int dz_makes_calls(const struct dz_sheet *sheet, const struct dz_element *statement)
{
    const struct dz_read *reads = dz_sheet_reads(sheet, statement);
    const struct dz_attribute *attributes = dz_sheet_attributes(sheet, statement);
    uint32_t modes = 0;
    for (uint32_t i = 0; i < statement->reads.n; i++)
        modes |= reads[i].mode;
    for (uint32_t i = 0; i < statement->attributes.n; i++)
        modes |= attributes[i].mode;
    return (modes & DZ_READ_CALLED) != 0;
}

/* m.X is not there where m has none. */
static int asks_for_attributes(const struct dz_sheet *sheet, const struct dz_element *statement)
{
    const struct dz_read *reads = dz_sheet_reads(sheet, statement);
    for (uint32_t i = 0; i < statement->reads.n; i++)
        if (dz_sheet_chain(sheet, reads[i].chain)->parent != DZ_NONE)
            return 1;
    return statement->attributes.n > 0;
}

int dz_may_raise(const struct dz_sheet *sheet, const struct dz_element *statement)
{
    return dz_is_statement(statement) && !(statement->flags & DZ_IS_IMPORT) &&
           (statement->kind == DZ_EFFECT || statement->flags & DZ_OPERATES ||
            dz_makes_calls(sheet, statement) || asks_for_attributes(sheet, statement));
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

/* What a body or an annotation names, no decorator is given. */
static int is_of_header(const struct dz_sheet *sheet, const struct dz_element *statement,
                        uint32_t chain)
{
    uint32_t header =
        dz_sheet_find(sheet, DZ_HEADER, dz_sheet_string(sheet, statement->name), statement->k);
    const struct dz_element *element = header == DZ_NONE ? NULL : dz_sheet_at(sheet, header);
    const struct dz_read *reads = element ? dz_sheet_reads(sheet, element) : NULL;
    for (uint32_t i = 0; element && i < element->reads.n; i++)
        if (reads[i].chain == chain)
            return (reads[i].mode & (DZ_READ_VALUE | DZ_READ_ANNOTATION)) == DZ_READ_VALUE;
    return !element;
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
    return read->mode & DZ_READ_VALUE && statement->why & (DZ_WHY_CALL | DZ_WHY_DECORATOR) &&
           (!(statement->flags & DZ_IS_DEF) || is_of_header(sheet, statement, read->chain));
}

int dz_may_change(const struct dz_sheet *sheet, const struct dz_element *element, uint32_t name)
{
    const struct dz_read *reads = dz_sheet_reads(sheet, element);
    for (uint32_t i = 0; dz_has_effect(element) && i < element->reads.n; i++)
        if (dz_touch_root(sheet, reads[i].chain) == name && dz_touches(sheet, element, &reads[i]))
            return 1;
    return 0;
}
