/* The names of one source: each once, with what is known of it while the source is cut; and chains of them. */
#pragma once

#include "../../host/base/buf.h"
#include "../../host/base/sheet_format.h"
#include "../pycompat.h"

struct dz_name {
    uint32_t at, size; /* in the text */
    uint64_t hash;
    uint32_t string;       /* its number in the sheet, or DZ_NONE */
    uint32_t flags;        /* dz_element_flag: what naming it says */
    uint32_t dotted_flags; /* the same, behind a dot */
    uint32_t k;            /* definitions of that qualname so far */
    uint32_t ordinal;      /* statements of the module that have bound it so far */
    uint32_t dotted;       /* what it was imported as last, or DZ_NONE */
    uint32_t bound_in;     /* the scope that was left last, where it was bound there */
    uint32_t global_in;    /* the same, where it was declared global */
    uint32_t declared_in;  /* the same, where it was declared nonlocal */
    uint32_t listed[4];    /* by dz_use_type: whose lists have had it last */
    uint32_t listed_at;    /* where, of its binds */
    uint32_t attribute_at;
    uint32_t left_out; /* which bare class is without it: its element */
    uint32_t n_bound;  /* how often the class binds it */
    uint8_t is_plain;  /* bound to a value of a type of python's own */
};

struct dz_link_of_chain {
    uint32_t parent, name, root;
    uint32_t flags;
    uint32_t number;    /* in the sheet, or DZ_NONE */
    uint32_t listed[4]; /* as in dz_name */
    uint32_t listed_at;
};

struct dz_names {
    struct dz_buf text, names, chains;
    uint32_t *name_slots, *chain_slots; /* hash → number + 1; sizes are powers of two */
    uint32_t n_name_slots, n_chain_slots;
    uint32_t n, n_chains;
    struct {
        PyObject *key;
        uint32_t number;
    } seen[1024];   /* identifiers are interned, and live as long as this: one object, one name */
    uint32_t words; /* dz_known_words */
    int failed;
};

void dz_names_clear(struct dz_names *names);
/* Numbers; 0 where there is no memory, which sticks in failed. */
uint32_t dz_names_add(struct dz_names *names, const char *text, size_t size);
uint32_t dz_names_add_object(struct dz_names *names, PyObject *identifier);
uint32_t dz_names_add_chain(struct dz_names *names, uint32_t parent, uint32_t name);

static inline struct dz_name *dz_name_at(const struct dz_names *names, uint32_t number)
{
    return (struct dz_name *)names->names.data + number;
}

static inline struct dz_link_of_chain *dz_chain_at(const struct dz_names *names, uint32_t number)
{
    return (struct dz_link_of_chain *)names->chains.data + number;
}

static inline const char *dz_name_text(const struct dz_names *names, uint32_t number)
{
    return names->text.data + dz_name_at(names, number)->at;
}
