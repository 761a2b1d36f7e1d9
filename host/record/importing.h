/* Importing: what has to be there for it, what it does, and what comes with it. */
#pragma once

#include "statements.h"

enum { DZ_TARGETS_MOST = 8 };

/* The project's modules that an import statement of a file imports, as far as the job has imported them. Their number. */
uint32_t dz_import_targets(struct dz_names *names, const struct dz_sheet *sheet, uint32_t file,
                           const struct dz_import *import, uint32_t targets[DZ_TARGETS_MOST]);

/* That a module can be imported, and what that does beyond the project. */
void dz_expand_import(struct dz_reader *reader);
void dz_expand_effects(struct dz_reader *reader);
/* Whoever has imported it decides when its statements are run, and whether. */
void dz_read_importers(struct dz_reader *reader);
/* What pytest finds in a module: also what was imported into it. */
void dz_expand_hooks(struct dz_reader *reader, enum dz_vertex_kind kind, enum dz_hooks of);
