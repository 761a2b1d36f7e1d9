/* Whether a module can be loaded at all. A statement that raises ends the import, and so the tests of all files that need it,
 * whatever of it they use; what it gives, only those depend on who read it. So these files are imported again where anything
 * has changed that may raise, and their tests are not run for that. */
#pragma once

#include "statements.h"

void dz_expand_raises(struct dz_reader *reader);
void dz_expand_loaded(struct dz_reader *reader);
/* Files that pytest has imported before a test, with all that comes with these. */
struct dz_loaded {
    const uint32_t *files;
    uint32_t n;
};

/* From vertex to a module that was imported for it, or that was there as it was imported for another one; not to what was there
 * before. */
void dz_load_module(struct dz_names *names, uint32_t vertex, const struct dz_loaded *loaded,
                    uint32_t file);
/* The same of those that a function imports when it runs. */
void dz_load_late(struct dz_names *names, uint32_t vertex, const struct dz_loaded *loaded,
                  uint32_t code);
