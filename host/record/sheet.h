/* Sheets: a source cut into elements, as the role `cut` has written it.
 *
 * What is lent lives as long as the sheet. Numbers of elements, strings and chains that a sheet holds are checked when
 * it is read: they can be used as they are. */
#pragma once

#include "../base/buf.h"
#include "../base/err.h"
#include "../base/log.h"
#include "../base/sheet_format.h"

#include <stddef.h>

struct dz_sheet;

/* Copies the bytes. NULL with a sentence when they are no sheet (-EBADMSG), or one of another version of DAGZ (-ESTALE).
 */
struct dz_sheet *dz_sheet_new(const void *bytes, size_t size, struct dz_err *err);
void dz_sheet_free(struct dz_sheet *sheet);

/* Why python refuses the source, in its own words; NULL where it does not. There are no elements then. */
const char *dz_sheet_problem(const struct dz_sheet *sheet);
const struct dz_sheet_head *dz_sheet_head(const struct dz_sheet *sheet);

uint32_t dz_sheet_n(const struct dz_sheet *sheet);
/* In source order; the first is the module. */
const struct dz_element *dz_sheet_at(const struct dz_sheet *sheet, uint32_t element);
const char *dz_sheet_string(const struct dz_sheet *sheet, uint32_t string);
const struct dz_chain *dz_sheet_chain(const struct dz_sheet *sheet, uint32_t chain);
/* As it is written in the source: a.b.c. */
void dz_sheet_put_chain(const struct dz_sheet *sheet, uint32_t chain, struct dz_buf *to);

/* An element's lists; how many there are is in its range. */
const struct dz_bind *dz_sheet_binds(const struct dz_sheet *sheet,
                                     const struct dz_element *element);
const struct dz_read *dz_sheet_reads(const struct dz_sheet *sheet,
                                     const struct dz_element *element);
/* Chains that strings spell. */
const uint32_t *dz_sheet_words(const struct dz_sheet *sheet, const struct dz_element *element);
/* Strings that look like paths. */
const uint32_t *dz_sheet_paths(const struct dz_sheet *sheet, const struct dz_element *element);
const struct dz_attribute *dz_sheet_attributes(const struct dz_sheet *sheet,
                                               const struct dz_element *element);
/* All of the file's, in order. */
const struct dz_import *dz_sheet_imports(const struct dz_sheet *sheet, uint32_t *ret_n);

/* The element that a code object belongs to, by its co_firstlineno, kind and co_qualname (3.10: co_name; NULL where it is
 * not known): nested ones belong to the outermost function. DZ_NONE when there is none: it is another file. */
uint32_t dz_sheet_find_code(const struct dz_sheet *sheet, uint32_t line, enum dz_code_kind kind,
                            const char *qualname);
/* The smallest function, class or statement that covers a line; the module where none does. */
uint32_t dz_sheet_find_line(const struct dz_sheet *sheet, uint32_t line);
uint32_t dz_sheet_find(const struct dz_sheet *sheet, enum dz_element_kind kind, const char *name,
                       uint32_t k);

const char *dz_element_kind_name(uint32_t kind);
/* Whether it is one of the module's statements. */
static inline int dz_is_statement(const struct dz_element *element)
{
    return element->kind == DZ_BINDING || element->kind == DZ_EFFECT;
}
