/* Inputs in words. */
#pragma once

#include "../now.h"

/* Its kind and which one it is: function pkg/mod.py::load#1. */
void dz_input_put_name(const struct dz_strings *strings, const struct dz_input *input,
                       struct dz_buf *text);
/* Where it stands in its source as that is now: ", lines 3-9", or nothing. python: as in struct dz_python, its version. */
void dz_input_put_lines(struct dz_now *now, const char *state, const char *python,
                        const struct dz_strings *strings, const struct dz_input *input,
                        struct dz_buf *text);
