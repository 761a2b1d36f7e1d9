/* Whether a module can be loaded at all. A statement that raises ends the import, and so the tests of all files that need it,
 * whatever of it they use; what it gives, only those depend on who read it. So these files are imported again where anything
 * has changed that may raise, and their tests are not run for that. */
#pragma once

#include "statements.h"

void dz_expand_loaded(struct dz_reader *reader);
/* A function imports what it needs when it runs: from vertex to those modules that its tests' file does not load with it, and so
 * may have been there for another one. file: 0 where it is not known. */
void dz_load_late(struct dz_names *names, uint32_t vertex, uint32_t file, uint32_t code);
