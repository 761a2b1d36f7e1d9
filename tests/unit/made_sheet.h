/* A small sheet, made by hand, for tests to spoil or to look up. */
#pragma once

#include "../../host/record/sheet.h"

#include <stddef.h>
#include <string.h>

#include <xxhash.h>

/* A sheet as this one, but for what a test changes:
 *
 *     1  class A:
 *     2      def f(self):
 *     3          def g(): pass
 *     4      @property
 *     5      def f(self): pass
 *     6  b = lambda: 1
 *     7  def f(): pass
 */
enum {
    MODULE,
    CLASS_STATEMENT,
    CLASS,
    METHOD,
    PROPERTY,
    BINDING,
    LAMBDA,
    STATEMENT,
    FUNCTION,
    ELEMENTS
};
static const char *const names[] = {"<module>", "A", "A.f", "b", "<lambda>", "f", "x"};
enum { N_MODULE, N_A, N_A_F, N_B, N_LAMBDA, N_F, N_X, NAMES };

struct parts {
    struct dz_sheet_head head;
    struct dz_sheet_string strings[NAMES];
    struct dz_chain chains[2]; /* b, b.x */
    struct dz_element elements[ELEMENTS];
    struct dz_bind binds[2];
    struct dz_read reads[1];
    uint32_t words[1], paths[1];
    struct dz_attribute attributes[1];
    struct dz_import imports[1];
    char text[44]; /* such that nothing follows it */
};

static inline struct dz_element element(enum dz_element_kind kind, uint32_t name, uint32_t k,
                                        uint32_t owner, uint32_t first, uint32_t last)
{
    return (struct dz_element){.kind = kind,
                               .name = name,
                               .k = k,
                               .owner = owner,
                               .statement = DZ_NONE,
                               .first_line = first,
                               .last_line = last};
}

static inline void put_text(struct parts *parts)
{
    uint32_t at = 0;
    for (int i = 0; i < NAMES; i++) {
        uint32_t size = (uint32_t)strlen(names[i]);
        parts->strings[i] = (struct dz_sheet_string){at, size};
        memcpy(parts->text + at, names[i], size + 1);
        at += size + 1;
    }
}

static inline void seal(struct parts *parts)
{
    size_t from = offsetof(struct dz_sheet_head, version);
    parts->head.check = XXH3_64bits((char *)parts + from, sizeof *parts - from);
}

static inline struct parts made(void)
{
    struct parts parts = {
        .head = {.magic = DZ_SHEET_MAGIC,
                 .version = DZ_SHEET_VERSION,
                 .minor = 12,
                 .problem = DZ_NONE,
                 .n = {NAMES, 2, ELEMENTS, 2, 1, 1, 1, 1, 1, sizeof parts.text}},
        .chains = {{DZ_NONE, N_B}, {0, N_X}},
        .elements = {[MODULE] = element(DZ_MODULE, N_MODULE, 1, DZ_NONE, 1, 7),
                     [CLASS_STATEMENT] = element(DZ_BINDING, N_A, 1, DZ_NONE, 1, 5),
                     [CLASS] = element(DZ_CLASS, N_A, 1, DZ_NONE, 1, 5),
                     [METHOD] = element(DZ_FUNCTION, N_A_F, 1, CLASS, 2, 3),
                     [PROPERTY] = element(DZ_FUNCTION, N_A_F, 2, CLASS, 4, 5),
                     [BINDING] = element(DZ_BINDING, N_B, 1, DZ_NONE, 6, 6),
                     [LAMBDA] = element(DZ_FUNCTION, N_LAMBDA, 1, DZ_NONE, 6, 6),
                     [STATEMENT] = element(DZ_BINDING, N_F, 1, DZ_NONE, 7, 7),
                     [FUNCTION] = element(DZ_FUNCTION, N_F, 1, DZ_NONE, 7, 7)},
        .binds = {{N_A, 1, DZ_BIND_CLASS}, {N_B, 1, DZ_BIND_VALUE}},
        .reads = {{1, DZ_READ_CALLED, DZ_SEES_LAST}},
        .words = {1},
        .paths = {N_X},
        .attributes = {{N_X, DZ_READ_VALUE}},
        .imports = {{.element = MODULE, .module = N_X, .name = DZ_NONE, .bound = N_X}},
    };
    parts.elements[CLASS_STATEMENT].binds = (struct dz_range){0, 1};
    parts.elements[FUNCTION].reads = (struct dz_range){0, 1};
    put_text(&parts);
    seal(&parts);
    return parts;
}
