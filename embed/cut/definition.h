/* A definition and its elements: header, annotations, docstring, and what runs later.
 *
 * Each piece of the parse is in the fingerprint of exactly one element; what is around has the fingerprint of what runs
 * with it, and of a function only the name. */
#pragma once

#include "walk.h"

/* What the elements of one definition have in common. */
struct dz_definition {
    PyObject *node;
    uint32_t name, k;
    uint32_t first_line, last_line;
    uint8_t decorators[16]; /* their digest */
};

struct dz_definition dz_define(struct dz_walk *walk, PyObject *node, uint32_t name);
/* Binds its name, as it is at run time: its qualname has it as it is written. */
void dz_bind_definition(struct dz_walk *walk, PyObject *node, uint32_t mode);
uint32_t dz_next_k(struct dz_walk *walk, uint32_t name);
/* Of its decorators, where it has some: as co_firstlineno. */
long dz_first_line(PyObject *node);
uint32_t dz_field_name(struct dz_walk *walk, PyObject *node, const char *field);
uint32_t dz_literal(struct dz_walk *walk, const char *name);

struct dz_open dz_open_element(struct dz_walk *walk, enum dz_element_kind kind,
                               const struct dz_definition *definition);
void dz_close_element(struct dz_walk *walk, struct dz_open open, enum dz_close how);

/* New reference, or NULL. */
PyObject *dz_docstring_of(PyObject *body);
/* 1 where there is one, which the body then begins behind; -1. */
int dz_cut_docstring(struct dz_walk *walk, const struct dz_definition *definition, PyObject *body);
/* Of a function, by its node; of a class or the module, by its body. No element where there is none. */
int dz_cut_annotations(struct dz_walk *walk, const struct dz_definition *definition,
                       PyObject *body);
/* Names of type parameters are known in all of a definition; each of its elements has them in a scope of its own. */
void dz_enter_parameters(struct dz_walk *walk, PyObject *node, struct dz_scope *scope);
/* Its element, or -1. Leaves its outline in walk->last_outline. */
int dz_cut_header(struct dz_walk *walk, struct dz_definition *definition, int is_class);
