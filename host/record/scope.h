/* Who has a name in a sheet: for whoever looks names up again and again. Numbers of strings are the sheet's; lists ascend. */
#pragma once

#include "lists.h"
#include "sheet.h"

struct dz_scope {
    uint32_t *slots, mask;   /* of strings */
    struct dz_lists binders; /* elements that bind it; one that does so twice stands there twice */
    struct dz_lists named;   /* elements whose name it is */
    struct dz_lists imports; /* imports that bind it */
};

/* Negative when there is no memory, or where elements share what they bind (-EBADMSG). */
int dz_scope_make(struct dz_scope *ret, const struct dz_sheet *sheet);
void dz_scope_free(struct dz_scope *scope);
/* Each sheet has one. */
const struct dz_scope *dz_sheet_scope(const struct dz_sheet *sheet);

/* DZ_NONE: no such string is in the sheet, and nobody has it. */
uint32_t dz_scope_string(const struct dz_sheet *sheet, const char *text);
const uint32_t *dz_scope_binders(const struct dz_sheet *sheet, uint32_t string, uint32_t *ret_n);
const uint32_t *dz_scope_named(const struct dz_sheet *sheet, uint32_t string, uint32_t *ret_n);
const uint32_t *dz_scope_imports(const struct dz_sheet *sheet, uint32_t string, uint32_t *ret_n);
