/* A sheet in the making: elements are opened and closed like brackets; what is put in between is hashed into the
 * fingerprint of the innermost, and what is used in between goes to its lists. */
#pragma once

#include "names.h"

enum dz_use_type {
    DZ_USE_READ,      /* id: chain; mode: dz_read_mode */
    DZ_USE_WORD,      /* id: chain */
    DZ_USE_PATH,      /* id: name */
    DZ_USE_ATTRIBUTE, /* id: name; mode: dz_read_mode */
    DZ_USE_BIND,      /* id: name, bound in the module; mode: dz_bind_mode */
    DZ_USE_MEMBER,    /* id: name, bound in a class */
    DZ_USE_TAIL, /* id: chain whose root turned out to be local: its attributes; mode: of the last */
};

/* Of a read: declared global, so no scope around it has a say. */
enum { DZ_USE_IS_GLOBAL = 1 << 30 };

struct dz_use {
    uint32_t type, id, mode;
};

struct dz_open {
    uint32_t element, outer;
    size_t bytes_at, uses_at;
};

/* What a class's bare one or a header's outline is without, or has another element's fingerprint in the place of. */
struct dz_gap {
    size_t bytes_at, n_bytes, uses_at, n_uses;
    uint32_t name;
    uint32_t instead; /* element, or DZ_NONE */
};

enum dz_close {
    DZ_CLOSE_LATER,   /* runs later: its uses are its own */
    DZ_CLOSE_AT_ONCE, /* runs with what is around it, which uses the same */
};

struct dz_draft {
    struct dz_names names;
    struct dz_buf bytes; /* of the open elements' parses, one on top of the other */
    struct dz_buf uses;  /* likewise */
    struct dz_buf gaps;  /* of the open classes and headers */
    struct dz_buf text;
    struct dz_buf strings, chains, elements, binds, reads, words, paths, attributes, imports;
    uint32_t innermost; /* the open element, or DZ_NONE */
    uint32_t lists;     /* how many elements have theirs */
    uint64_t seed;      /* compiler flags */
};

void dz_draft_clear(struct dz_draft *draft);
int dz_draft_ok(const struct dz_draft *draft);

static inline struct dz_element *dz_draft_element(const struct dz_draft *draft, uint32_t element)
{
    return (struct dz_element *)draft->elements.data + element;
}
static inline size_t dz_draft_n_uses(const struct dz_draft *draft)
{
    return draft->uses.len / sizeof(struct dz_use);
}
static inline struct dz_use *dz_draft_use_at(const struct dz_draft *draft, size_t i)
{
    return (struct dz_use *)draft->uses.data + i;
}
static inline void dz_draft_use(struct dz_draft *draft, enum dz_use_type type, uint32_t id,
                                uint32_t mode)
{
    struct dz_use use = {type, id, mode};
    dz_buf_put(&draft->uses, &use, sizeof use);
}

/* Name is one of draft->names. All else of the element is the caller's to fill, at any time while it is open. */
struct dz_open dz_draft_open(struct dz_draft *draft, enum dz_element_kind kind, uint32_t name,
                             uint32_t k);
/* in_order: its reads see what the module has bound so far. */
void dz_draft_close(struct dz_draft *draft, struct dz_open open, enum dz_close how, int in_order);
/* As if it had never been opened; nothing was opened in it. What it used stays. */
void dz_draft_drop(struct dz_draft *draft, struct dz_open open);
/* Of what was put since then. */
void dz_draft_digest(const struct dz_draft *draft, size_t bytes_at, uint8_t ret[16]);
/* Puts a closed element's fingerprint into the one that is open now. */
void dz_draft_put_fingerprint(struct dz_draft *draft, uint32_t element);

/* What was put and used since then is a gap. */
void dz_draft_gap(struct dz_draft *draft, size_t bytes_at, size_t uses_at, uint32_t name,
                  uint32_t instead);
/* Of the open class, all in it put: one without the gaps since then, which are done with. Its element, or DZ_NONE where it
 * would be the same, or where the class's own statements may tell that something is missing. */
uint32_t dz_draft_bare(struct dz_draft *draft, struct dz_open open, size_t gaps_at);

/* Of the open header, all in it put: one without the gaps since then, which are done with. Its element, or DZ_NONE where
 * there are none. */
uint32_t dz_draft_outline(struct dz_draft *draft, struct dz_open open, size_t gaps_at);

/* Something more about a closed element, that counts as much as what was put into it. */
void dz_draft_mark(struct dz_draft *draft, uint32_t element, uint32_t mark);

/* Numbers in the sheet. */
uint32_t dz_draft_string(struct dz_draft *draft, uint32_t name);

/* The whole of it; the head's own fields are the caller's. */
void dz_draft_finish(struct dz_draft *draft, struct dz_sheet_head *head, struct dz_buf *to);
