/* Over the parse: what is found is put into the draft, and elements are opened where they begin. */
#pragma once

#include "draft.h"

enum dz_scope_kind { DZ_SCOPE_MODULE, DZ_SCOPE_CLASS, DZ_SCOPE_FUNCTION, DZ_SCOPE_COMPREHENSION };

struct dz_scope {
    struct dz_scope *around;
    enum dz_scope_kind kind;
    uint32_t serial;
    size_t bound_at, uses_at;
};

enum { DZ_HOLLOWS_MOST = 64 };

/* Parts of a parse whose values tests are told apart by: where they come by them, and not where they stand. */
struct dz_hollows {
    PyObject *nodes[DZ_HOLLOWS_MOST]; /* borrowed from the parse */
    unsigned n;
    uint32_t why; /* what they alone do */
};

struct dz_walk {
    struct dz_draft *draft;
    struct dz_scope *scope;
    struct dz_buf bound;  /* names that the open scopes bind */
    struct dz_buf prefix; /* of qualnames: "Class." */
    uint32_t n_scopes;
    uint32_t *
        why; /* of what runs with the module: a statement, or a part of it; NULL where nothing does */
    uint32_t *why_of_all;       /* of the whole statement */
    uint32_t owner;             /* the class that is open, or DZ_NONE */
    uint32_t statement;         /* the module's statement that is open, or DZ_NONE */
    uint32_t flags;             /* of that statement */
    uint32_t star;              /* the module that it has all names of */
    uint32_t last_name, last_k; /* of the def or class that was cut last */
    uint32_t last_outline;      /* of the header that was cut last, or DZ_NONE */
    struct dz_hollows *hollows; /* in decorators: what the outline is to be without; or NULL */
    unsigned functions;         /* open around: what is in them belongs to the outermost */
    unsigned branches, typing, annotating, quoting, depth;
    int yields;       /* the function that is open does: calling it makes a generator */
    PyObject *quoted; /* parses of strings, owned */
    int is_eager;     /* annotations are evaluated where they stand */
    uint32_t private; /* the name of the class whose statements or methods these are, or DZ_NONE */
};

/* Cuts a module's parse. -1 with an exception set. */
int dz_walk_module(struct dz_walk *walk, PyObject *module, uint32_t n_lines);
void dz_walk_clear(struct dz_walk *walk);

/* Shared by the files of this folder. A failure is a Python exception (-1) or shows in the draft. */

int dz_walk_any(struct dz_walk *walk, PyObject *value);
int dz_walk_field(struct dz_walk *walk, PyObject *node, const char *field);
/* A name or a chain of attributes: its number, or DZ_NONE after all other was walked as usual; -1. */
int64_t dz_walk_chain(struct dz_walk *walk, PyObject *node);
/* What dz_walk_chain gave for this node is used so. */
void dz_walk_use(struct dz_walk *walk, PyObject *node, int64_t chain, uint32_t mode);
int dz_walk_arguments(struct dz_walk *walk, PyObject *arguments);
int dz_walk_bind_arguments(struct dz_walk *walk, PyObject *arguments);
int dz_walk_statements(struct dz_walk *walk, PyObject *list, Py_ssize_t from);
/* An import; one alias of it. */
int dz_walk_import(struct dz_walk *walk, PyObject *node);
int dz_walk_alias(struct dz_walk *walk, PyObject *node, PyObject *alias);

/* Of an `if`: DZ_IS_TYPING or DZ_IS_MAIN where nothing of it runs when the module is imported, or 0. */
uint32_t dz_walk_never(PyObject *node);

/* An identifier as it is at run time: of a class's own, __x is _Class__x. */
uint32_t dz_walk_name(struct dz_walk *walk, PyObject *identifier);
void dz_walk_put(struct dz_walk *walk, const void *bytes, size_t size);
void dz_walk_put_number(struct dz_walk *walk, uint32_t number);
void dz_walk_put_name(struct dz_walk *walk, uint32_t name);

void dz_scope_enter(struct dz_walk *walk, struct dz_scope *scope, enum dz_scope_kind kind);
void dz_scope_leave(struct dz_walk *walk, struct dz_scope *scope);
void dz_scope_bind(struct dz_walk *walk, uint32_t name, uint32_t mode);
void dz_scope_bind_outside(struct dz_walk *walk, uint32_t name,
                           uint32_t mode); /* := in a comprehension */
void dz_scope_declare(struct dz_walk *walk, uint32_t name);
void dz_scope_declare_global(struct dz_walk *walk, uint32_t name);

/* Why a node that runs with the module may do more than bind: adds to *walk->why. */
void dz_why_call(struct dz_walk *walk, PyObject *function);
void dz_why_decorator(struct dz_walk *walk, PyObject *decorator);
void dz_why_base(struct dz_walk *walk, PyObject *base);
void dz_why_operands(struct dz_walk *walk, PyObject *value);
int dz_why_is_plain(struct dz_walk *walk, PyObject *value);
/* By its full name. Not where that is not known. */
int dz_why_is_known(struct dz_walk *walk, PyObject *node, int (*is)(const char *dotted));
static inline void dz_why(struct dz_walk *walk, uint32_t why)
{
    if (walk->why)
        *walk->why |= why;
}

/* Strings: what they spell is used. */
int dz_words_of(struct dz_walk *walk, PyObject *string);
int dz_words_of_doctest(struct dz_walk *walk, PyObject *docstring);
void dz_words_put(struct dz_walk *walk, const char *dotted);

/* Elements. */
int dz_cut_function(struct dz_walk *walk, PyObject *node);
int dz_cut_lambda(struct dz_walk *walk, PyObject *node);
int dz_cut_comprehension(struct dz_walk *walk, PyObject *node, const char *name);
int dz_cut_class(struct dz_walk *walk, PyObject *node);
