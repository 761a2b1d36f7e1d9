#include "scope.h"

#include "../base/mem.h"
#include "sheet.h"

#include <errno.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* ---- strings ---- */

static uint32_t *slot_of(const struct dz_scope *scope, const struct dz_sheet *sheet,
                         const char *text, size_t size)
{
    for (uint32_t at = (uint32_t)XXH3_64bits(text, size) & scope->mask;;
         at = (at + 1) & scope->mask) {
        uint32_t *slot = &scope->slots[at];
        if (!*slot || strcmp(dz_sheet_string(sheet, *slot - 1), text) == 0)
            return slot;
    }
}

static int list_strings(struct dz_scope *scope, const struct dz_sheet *sheet)
{
    uint32_t n = dz_sheet_head(sheet)->n[DZ_PART_strings], size = 16;
    while (size / 2 <= n && size)
        size *= 2;
    scope->slots = size ? dz_alloc(size * sizeof *scope->slots) : NULL;
    scope->mask = size - 1;
    for (uint32_t i = 0; scope->slots && i < n; i++) {
        const char *text = dz_sheet_string(sheet, i);
        uint32_t *slot = slot_of(scope, sheet, text, strlen(text));
        /* What is looked for by its name is listed under one of the two only. */
        if (*slot)
            return -EBADMSG;
        *slot = i + 1;
    }
    return scope->slots ? 0 : -ENOMEM;
}

uint32_t dz_scope_string(const struct dz_sheet *sheet, const char *text)
{
    return *slot_of(dz_sheet_scope(sheet), sheet, text, strlen(text)) - 1;
}

/* ---- lists: counted, then filled from their ends ---- */

static int begin(struct dz_lists *lists, uint32_t n, uint32_t n_items)
{
    *lists = (struct dz_lists){.n = n,
                               .at = dz_alloc(((size_t)n + 1) * sizeof *lists->at),
                               .items = dz_alloc(((size_t)n_items + 1) * sizeof *lists->items)};
    return lists->at && lists->items ? 0 : -ENOMEM;
}

static void add_up(struct dz_lists *lists)
{
    for (uint32_t i = 0; i < lists->n; i++)
        lists->at[i + 1] += lists->at[i];
}

static void put(struct dz_lists *lists, uint32_t number, uint32_t item)
{
    lists->items[--lists->at[number]] = item;
}

static uint64_t count_binds(const struct dz_sheet *sheet)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < dz_sheet_n(sheet); i++)
        n += dz_sheet_at(sheet, i)->binds.n;
    return n;
}

static int list_binders(struct dz_scope *scope, const struct dz_sheet *sheet)
{
    const struct dz_sheet_head *head = dz_sheet_head(sheet);
    uint32_t n_binds = head->n[DZ_PART_binds];
    if (count_binds(sheet) > n_binds)
        return -EBADMSG;
    if (begin(&scope->binders, head->n[DZ_PART_strings], n_binds) < 0)
        return -ENOMEM;
    for (uint32_t i = 0; i < dz_sheet_n(sheet); i++) {
        const struct dz_element *element = dz_sheet_at(sheet, i);
        for (uint32_t k = 0; k < element->binds.n; k++)
            scope->binders.at[dz_sheet_binds(sheet, element)[k].name]++;
    }
    add_up(&scope->binders);
    for (uint32_t i = dz_sheet_n(sheet); i-- > 0;) {
        const struct dz_element *element = dz_sheet_at(sheet, i);
        for (uint32_t k = 0; k < element->binds.n; k++)
            put(&scope->binders, dz_sheet_binds(sheet, element)[k].name, i);
    }
    return 0;
}

static int list_named(struct dz_scope *scope, const struct dz_sheet *sheet)
{
    uint32_t n = dz_sheet_n(sheet);
    if (begin(&scope->named, dz_sheet_head(sheet)->n[DZ_PART_strings], n) < 0)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++)
        scope->named.at[dz_sheet_at(sheet, i)->name]++;
    add_up(&scope->named);
    for (uint32_t i = n; i-- > 0;)
        put(&scope->named, dz_sheet_at(sheet, i)->name, i);
    return 0;
}

static int list_imports(struct dz_scope *scope, const struct dz_sheet *sheet)
{
    uint32_t n;
    const struct dz_import *imports = dz_sheet_imports(sheet, &n);
    if (begin(&scope->imports, dz_sheet_head(sheet)->n[DZ_PART_strings], n) < 0)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++)
        if (imports[i].bound != DZ_NONE)
            scope->imports.at[imports[i].bound]++;
    add_up(&scope->imports);
    for (uint32_t i = n; i-- > 0;)
        if (imports[i].bound != DZ_NONE)
            put(&scope->imports, imports[i].bound, i);
    return 0;
}

/* ---- all ---- */

int dz_scope_make(struct dz_scope *ret, const struct dz_sheet *sheet)
{
    int r = list_strings(ret, sheet);
    if (r == 0)
        r = list_binders(ret, sheet);
    if (r == 0)
        r = list_named(ret, sheet);
    return r < 0 ? r : list_imports(ret, sheet);
}

void dz_scope_free(struct dz_scope *scope)
{
    dz_free(scope->slots);
    dz_lists_free(&scope->binders);
    dz_lists_free(&scope->named);
    dz_lists_free(&scope->imports);
    *scope = (struct dz_scope){0};
}

static const uint32_t *list_of(const struct dz_lists *lists, uint32_t number, uint32_t *ret_n)
{
    *ret_n = number == DZ_NONE ? 0 : lists->at[number + 1] - lists->at[number];
    return number == DZ_NONE ? NULL : lists->items + lists->at[number];
}

const uint32_t *dz_scope_binders(const struct dz_sheet *sheet, uint32_t string, uint32_t *ret_n)
{
    return list_of(&dz_sheet_scope(sheet)->binders, string, ret_n);
}

const uint32_t *dz_scope_named(const struct dz_sheet *sheet, uint32_t string, uint32_t *ret_n)
{
    return list_of(&dz_sheet_scope(sheet)->named, string, ret_n);
}

const uint32_t *dz_scope_imports(const struct dz_sheet *sheet, uint32_t string, uint32_t *ret_n)
{
    return list_of(&dz_sheet_scope(sheet)->imports, string, ret_n);
}
