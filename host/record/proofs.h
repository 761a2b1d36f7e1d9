/* What the baselines of a job prove together: which tests need not run, and in which files so none does.
 *
 * One proof is enough. A failure, or a test that is due, selects by whichever baseline tells of it with today's inputs. */
#pragma once

#include "../base/buf.h"
#include "select.h"

struct dz_proof {
    uint32_t file; /* number of its string, - 1 */
    uint8_t is_proved, is_refused, is_deselected;
    uint8_t is_there; /* a baseline, whose file is as it was, has it */
};

struct dz_proofs {
    struct dz_strings nodeids, paths;
    struct dz_proof *tests; /* by number of the string - 1; the same for files */
    uint8_t *are_known;     /* files: which tests are in there is as some baseline says */
    uint32_t cap_tests, cap_files;
};

/* Negative when there is no memory. */
int dz_proofs_add(struct dz_proofs *proofs, const struct dz_graph *graph,
                  const struct dz_selection *selection);
/* As in `chosen`, of wire.def: files in which nothing is to run, how many tests are proved in each, and proved tests of
 * other files. Negative when there is no memory. */
int dz_proofs_tell(const struct dz_proofs *proofs, struct dz_buf *files, struct dz_buf *counts,
                   struct dz_buf *tests);
void dz_proofs_free(struct dz_proofs *proofs);
