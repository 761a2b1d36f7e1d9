/* Sheets of modules, put together statement by statement, each on a line of its own, and written where sheets are kept. */
#pragma once

#include "../host/base/file.h"
#include "../host/base/mem.h"
#include "../host/record/sheets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

enum { MADE_MOST = 64 };

struct made_module {
    uint32_t n_strings, n_chains, n_elements, n_binds, n_reads, n_words, n_imports;
    uint32_t line;
    char strings[MADE_MOST][64];
    struct dz_chain chains[MADE_MOST];
    struct dz_element elements[MADE_MOST];
    struct dz_bind binds[MADE_MOST];
    struct dz_read reads[MADE_MOST];
    uint32_t words[MADE_MOST];
    struct dz_import imports[MADE_MOST];
};

static inline uint32_t made_text(struct made_module *to, const char *text)
{
    for (uint32_t i = 0; i < to->n_strings; i++)
        if (strcmp(to->strings[i], text) == 0)
            return i;
    if (to->n_strings == MADE_MOST)
        abort();
    snprintf(to->strings[to->n_strings], sizeof *to->strings, "%s", text);
    return to->n_strings++;
}

static inline uint32_t made_element_of(struct made_module *to, enum dz_element_kind kind,
                                       const char *name)
{
    struct dz_element *element = &to->elements[to->n_elements];
    if (to->n_elements == MADE_MOST)
        abort();
    *element = (struct dz_element){.kind = kind,
                                   .name = made_text(to, name),
                                   .k = 1,
                                   .owner = DZ_NONE,
                                   .statement = DZ_NONE,
                                   .first_line = to->line,
                                   .last_line = to->line,
                                   .binds = {to->n_binds, 0},
                                   .reads = {to->n_reads, 0},
                                   .words = {to->n_words, 0}};
    snprintf((char *)element->fingerprint, sizeof element->fingerprint, "%u", to->n_elements + 1);
    return to->n_elements++;
}

static inline void made_begin(struct made_module *to)
{
    *to = (struct made_module){.line = 1};
    made_element_of(to, DZ_MODULE, "<module>");
}

static inline struct dz_element *made_last(struct made_module *to)
{
    return &to->elements[to->n_elements - 1];
}

static inline void made_binds(struct made_module *to, const char *name, uint32_t mode)
{
    to->binds[to->n_binds++] = (struct dz_bind){made_text(to, name), 1, mode};
    made_last(to)->binds.n++;
}

/* a.b.c */
static inline uint32_t made_chain(struct made_module *to, const char *dotted)
{
    char name[64];
    uint32_t chain = DZ_NONE;
    for (const char *at = dotted; *at; at += strlen(name) + (at[strlen(name)] == '.')) {
        snprintf(name, sizeof name, "%.*s", (int)strcspn(at, "."), at);
        to->chains[to->n_chains] = (struct dz_chain){chain, made_text(to, name)};
        chain = to->n_chains++;
    }
    return chain;
}

static inline void made_reads(struct made_module *to, const char *dotted, uint32_t mode)
{
    to->reads[to->n_reads++] = (struct dz_read){made_chain(to, dotted), mode, DZ_SEES_LAST};
    made_last(to)->reads.n++;
}

static inline void made_spells(struct made_module *to, const char *dotted)
{
    to->words[to->n_words++] = made_chain(to, dotted);
    made_last(to)->words.n++;
}

/* A statement on the next line. */
static inline uint32_t made_statement(struct made_module *to, enum dz_element_kind kind,
                                      const char *name)
{
    to->line++;
    uint32_t number = made_element_of(to, kind, name);
    made_last(to)->statement = number;
    return number;
}

/* NAME = … */
static inline void made_constant(struct made_module *to, const char *name)
{
    made_statement(to, DZ_BINDING, name);
    made_binds(to, name, DZ_BIND_VALUE);
}

/* def NAME(): …; what is read is read by the body. Its line. */
static inline uint32_t made_function(struct made_module *to, const char *name)
{
    uint32_t statement = made_statement(to, DZ_BINDING, name);
    made_last(to)->flags = DZ_IS_DEF;
    made_binds(to, name, DZ_BIND_FUNCTION);
    made_element_of(to, DZ_HEADER, name);
    made_last(to)->statement = statement;
    made_element_of(to, DZ_FUNCTION, name);
    made_last(to)->statement = statement;
    return to->line;
}

/* import MODULE [as BOUND], from MODULE import NAME [as BOUND], from MODULE import *; by the last element, or a statement
 * of its own. */
static inline void made_import_in(struct made_module *to, uint32_t element, const char *module,
                                  const char *name, const char *bound, uint32_t level)
{
    int is_star = name && strcmp(name, "*") == 0;
    to->imports[to->n_imports++] =
        (struct dz_import){.element = element,
                           .module = made_text(to, module),
                           .name = name && !is_star ? made_text(to, name) : DZ_NONE,
                           .bound = is_star ? DZ_NONE : made_text(to, bound),
                           .level = level,
                           .flags = (name ? DZ_IMPORT_FROM : 0) | (is_star ? DZ_IMPORT_STAR : 0),
                           .line = to->line};
}

static inline void made_import(struct made_module *to, const char *module, const char *name,
                               const char *bound, uint32_t level)
{
    uint32_t element = made_statement(to, DZ_BINDING, "<import>");
    int is_star = name && strcmp(name, "*") == 0;
    made_last(to)->flags = DZ_IS_IMPORT | (is_star ? DZ_IS_STAR : 0);
    made_last(to)->k = element;
    if (!is_star)
        made_binds(to, bound, DZ_BIND_IMPORT);
    made_import_in(to, element, module, name, bound, level);
}

/* The hash of its source, which there is none of. */
static inline void made_hash(const char *path, uint8_t ret[16])
{
    memset(ret, 'x', 16);
    memcpy(ret, path, strlen(path) < 16 ? strlen(path) : 16);
    ret[15] = (uint8_t)XXH3_64bits(path, strlen(path));
}

static inline void made_put(struct dz_buf *to, const void *part, size_t size)
{
    dz_buf_put(to, part, size);
}

static inline void made_write(struct made_module *from, const char *state, const char *path)
{
    dz_autobuf struct dz_buf text = {0}, all = {0};
    struct dz_sheet_string strings[MADE_MOST];
    for (uint32_t i = 0; i < from->n_strings; i++) {
        uint32_t size = (uint32_t)strlen(from->strings[i]);
        strings[i] = (struct dz_sheet_string){(uint32_t)text.len, size};
        dz_buf_put(&text, from->strings[i], size + 1);
    }
    from->elements[0].last_line = from->line + 1;
    struct dz_sheet_head head = {.magic = DZ_SHEET_MAGIC,
                                 .version = DZ_SHEET_VERSION,
                                 .minor = 12,
                                 .n_lines = from->line + 1,
                                 .problem = DZ_NONE,
                                 .n = {from->n_strings, from->n_chains, from->n_elements,
                                       from->n_binds, from->n_reads, from->n_words, 0, 0,
                                       from->n_imports, (uint32_t)text.len + 1}};
    made_hash(path, head.source);
    made_put(&all, &head, sizeof head);
    made_put(&all, strings, from->n_strings * sizeof *strings);
    made_put(&all, from->chains, from->n_chains * sizeof *from->chains);
    made_put(&all, from->elements, from->n_elements * sizeof *from->elements);
    made_put(&all, from->binds, from->n_binds * sizeof *from->binds);
    made_put(&all, from->reads, from->n_reads * sizeof *from->reads);
    made_put(&all, from->words, from->n_words * sizeof *from->words);
    made_put(&all, from->imports, from->n_imports * sizeof *from->imports);
    made_put(&all, text.data, text.len);
    made_put(&all, "", 1);
    size_t begins = offsetof(struct dz_sheet_head, version);
    uint64_t check = XXH3_64bits(all.data + begins, all.len - begins);
    memcpy(all.data + offsetof(struct dz_sheet_head, check), &check, sizeof check);
    char *to = dz_sheets_path(state, "3.12", head.source);
    if (!to || dz_file_put(to, all.data, all.len) < 0)
        abort();
    dz_free(to);
}
