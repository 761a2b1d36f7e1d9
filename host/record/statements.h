/* A module's names: what its statements bind, and what they do to that again. */
#pragma once

#include "reads.h"

void dz_expand_name(struct dz_reader *reader, uint32_t string);
/* All names of a module, and what they stand for. */
void dz_expand_whole(struct dz_reader *reader, enum dz_input_kind kind);
/* What the statements ran. */
void dz_expand_ran(struct dz_reader *reader);
/* Of these, one code. */
void dz_read_run(struct dz_reader *reader, uint32_t code);
/* What the module's own statements may have done to what a name stands for. */
void dz_read_changes(struct dz_reader *reader, uint32_t string);
