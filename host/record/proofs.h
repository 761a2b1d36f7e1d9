/* What the baselines of a job prove together: which tests need not run, and in which files so none does.
 *
 * One proof is enough. A failure, or a test that is due, selects by whichever baseline tells of it with today's inputs. */
#pragma once

#include "../base/buf.h"
#include "select.h"

struct dz_proof {
    uint32_t file; /* number of its string, - 1 */
    uint32_t why;  /* it is unprovable: number of the reason; 0: it is not */
    uint32_t duration_us;
    uint8_t is_proved, is_refused, is_deselected, is_audited;
    uint8_t is_there; /* a baseline, whose file is as it was, has it */
    uint32_t ifs;     /* it is proved if its parameters are one of these: number of the last, + 1 */
};

struct dz_if {
    struct dz_fingerprint parameters;
    uint32_t before; /* another one of the same test, + 1 */
};

/* Names with NUL behind, and of each what its parameters have to be, 16 bytes; zeros: whatever they are. */
struct dz_proved {
    struct dz_buf names, parameters;
};

struct dz_proofs {
    struct dz_strings nodeids, paths, reasons;
    struct dz_proof *tests; /* by number of the string - 1; the same for files */
    uint8_t *are_known;     /* files: which tests are in there is as some baseline says */
    uint32_t cap_tests, cap_files;
    struct dz_if *ifs;
    uint32_t n_ifs, cap_ifs;
};

/* Negative when there is no memory. */
int dz_proofs_add(struct dz_proofs *proofs, const struct dz_graph *graph,
                  const struct dz_selection *selection);
/* Of what is proved this share, in percent, is to run all the same: which, the seed tells. When all is added. */
void dz_proofs_audit(struct dz_proofs *proofs, double percent, uint32_t seed);
/* As in `chosen`, of wire.def: files in which nothing is to run, how many tests are proved in each, proved tests of other
 * files, and tests that are audited. Negative when there is no memory. */
int dz_proofs_tell(const struct dz_proofs *proofs, struct dz_buf *files, struct dz_buf *counts,
                   struct dz_proved *tests, struct dz_proved *audited);
void dz_proved_free(struct dz_proved *proved);
/* Why tests that are not proved are unprovable: each reason once, behind how many there are of it, the most frequent first,
 * with NUL behind. Negative when there is no memory. */
int dz_proofs_doubts(const struct dz_proofs *proofs, struct dz_buf *ret);
/* How long the tests that are left out took. */
uint64_t dz_proofs_saved_us(const struct dz_proofs *proofs);
void dz_proofs_free(struct dz_proofs *proofs);
