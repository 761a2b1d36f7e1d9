/* Elements: what each reads, and what stands around it in the source. */
#pragma once

#include "chains.h"

void dz_expand_element(struct dz_reader *reader, uint32_t number);
/* Docstrings and annotations of what it names (DZ_VERTEX_INSIDE). */
void dz_expand_inside(struct dz_reader *reader, uint32_t number);
/* What a statement binds its names to: of a function its header, of a class its statements, else what it reads. Where it
 * calls what is not known, also what that ran. */
void dz_read_statement(struct dz_reader *reader, uint32_t number);
/* Who reads annotations learns of one that comes, too. */
void dz_read_annotation(struct dz_reader *reader, const struct dz_element *of);
/* Of a class, what it is without its test methods, where there is such an element. */
uint32_t dz_bare_of(const struct dz_sheet *sheet, uint32_t class);
/* Of a header, what it is without the values of parameters, where there is such an element. */
uint32_t dz_outline_of(const struct dz_sheet *sheet, uint32_t header);
/* Of what has no effects: whether something that it calls may look at files or variables. */
int dz_may_look(const struct dz_sheet *sheet, const struct dz_element *element);
/* The part of a statement's definition that is of this kind; NULL: none. */
const struct dz_element *dz_element_named(const struct dz_reader *reader, enum dz_element_kind kind,
                                          const struct dz_element *statement, uint32_t *ret);
