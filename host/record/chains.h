/* Chains of names, a.b.c: from the module that reads one, through imports, stars and modules, to what it stands for. */
#pragma once

#include "reader.h"

enum { DZ_DOTTED_MOST = 32 };

struct dz_dotted {
    const char *names[DZ_DOTTED_MOST];
    uint32_t n;
    uint32_t mode; /* dz_read_mode */
};

/* Whether a statement of the module binds it. */
int dz_is_bound(const struct dz_sheet *sheet, const char *name);
/* Whether an import is done with the module. */
int dz_is_at_top(const struct dz_sheet *sheet, const struct dz_import *import);
/* A sub-module by the module's own file; 0: there is none. */
uint32_t dz_find_below(const struct dz_names *names, uint32_t file, const char *name);

void dz_dotted_take(struct dz_dotted *chain, const struct dz_sheet *sheet, uint32_t number,
                    uint32_t mode);
/* Before each chain: what it comes by again leads nowhere. */
void dz_reader_start_over(struct dz_reader *reader);
/* a.b.c, where a is a name of this file's module. */
void dz_read_in(struct dz_reader *reader, uint32_t file, const struct dz_dotted *chain);
/* Of a module by its whole name. */
void dz_read_by_name(struct dz_reader *reader, const char *dotted, const struct dz_dotted *chain);
/* What an import of a file binds, and the rest of a chain. */
void dz_read_of_import(struct dz_reader *reader, const struct dz_sheet *sheet, uint32_t file,
                       const struct dz_import *import, const struct dz_dotted *rest);
/* The docstring and the annotations of a definition, by its header, or of a module, and that there are none. */
void dz_read_texts(struct dz_reader *reader, uint32_t file, const struct dz_sheet *sheet,
                   const struct dz_element *of);
/* A chain that a string spells. */
void dz_read_word(struct dz_reader *reader, uint32_t number);
