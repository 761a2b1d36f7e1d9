/* Of tests that were proved and ran all the same: whether they depended on what their proof says, and what was the proof of
 * those that came to something else. */
#pragma once

#include "base/wire.h"
#include "baselines.h"
#include "record/waivers.h"

struct dz_audit_record {
    const struct dz_baselines *older;
    const struct dz_fingerprint *key;
    const struct dz_graph *newer;
    struct dz_waivers waivers;
    struct dz_bytes held, missed; /* names with NUL behind */
};

/* Lines of the block. */
void dz_audit_tell(const struct dz_audit_record *record, struct dz_buf *text);
