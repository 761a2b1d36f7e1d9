/* What a job itself has written: from then on it is no input. */
#pragma once

#include "observations.h"
#include "strings.h"

struct dz_outputs {
    const struct dz_observations *all;
    struct dz_output {
        uint32_t *spans, n_spans, cap_spans; /* that wrote it */
        uint32_t first;                      /* of these, the one that began first */
        int is_new;                          /* there was nothing before the first */
    } * paths;                               /* by string of the observations */
    struct dz_strings made;                  /* paths that were new */
    uint8_t *places; /* by string: where it lies, as far as that was asked; lent by all who ask */
};

enum dz_output_state {
    DZ_OUTPUT_NOT,   /* an input */
    DZ_OUTPUT_IS,    /* it lies in what the job has made, or the span has written it itself */
    DZ_OUTPUT_OF,    /* another span has written it before */
    DZ_OUTPUT_LATER, /* an input, and not there any more as it was */
};

/* Negative when there is no memory. */
int dz_outputs_find(struct dz_outputs *ret, const struct dz_observations *all);
void dz_outputs_free(struct dz_outputs *outputs);
/* What this path was to the span when it met this fact of its own. ret_span: who has written it, of OF. */
enum dz_output_state dz_outputs_state(const struct dz_outputs *outputs, uint32_t span,
                                      uint32_t fact, uint32_t *ret_span);
/* Whether the job has made this path, or a folder around it. */
int dz_outputs_is_made(const struct dz_outputs *outputs, uint32_t path);
