/* Importing: what has to be there for it, what it does, and what comes with it. */
#pragma once

#include "statements.h"

/* That a module can be imported, and what that does beyond the project. */
void dz_expand_import(struct dz_reader *reader);
void dz_expand_effects(struct dz_reader *reader);
/* What pytest finds in a module: also what was imported into it. */
void dz_expand_hooks(struct dz_reader *reader, enum dz_vertex_kind kind, enum dz_hooks of);
