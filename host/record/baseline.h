/* Baselines: a graph in a file of its own, and one made of an older one and a newer. */
#pragma once

#include "../base/buf.h"
#include "../base/err.h"
#include "select.h"

struct dz_baseline;

/* From the bytes of a file; they are borrowed until its end. NULL with a sentence: damaged (-EBADMSG), of another version
 * (-ESTALE). */
struct dz_baseline *dz_baseline_open(const void *bytes, size_t size, struct dz_err *err);
void dz_baseline_close(struct dz_baseline *baseline);
/* Of the settings that the outcomes are of: another one's baseline proves nothing. */
const struct dz_fingerprint *dz_baseline_key(const struct dz_baseline *baseline);
/* All of it. Negative with a sentence. */
int dz_baseline_read(struct dz_baseline *baseline, struct dz_graph *ret, struct dz_err *err);

/* What a search needs of a large one. Inputs, looks, files and the strings of these; of records file, node and outcome;
 * there are n_nodes nodes, and none of them is there. Negative with a sentence. */
int dz_baseline_glance(struct dz_baseline *baseline, struct dz_graph *ret, struct dz_err *err);
/* To a glance, nodeids, durations and days of the records that are wanted (not 0, by number), and of some that stand beside. */
int dz_baseline_name(struct dz_baseline *baseline, struct dz_graph *glance, const uint8_t *wanted,
                     struct dz_err *err);
/* Who has an input; who leans on a node. Ascending, lent to the end of the baseline. Negative with a sentence. */
int dz_baseline_users(struct dz_baseline *baseline, uint32_t input, const uint32_t **ret,
                      uint32_t *ret_n, struct dz_err *err);
int dz_baseline_parents(struct dz_baseline *baseline, uint32_t node, const uint32_t **ret,
                        uint32_t *ret_n, struct dz_err *err);
/* The same as dz_select of all of it, by a glance: only what the search comes by is read. Negative with a sentence. */
int dz_baseline_select(struct dz_selection *ret, struct dz_baseline *baseline,
                       const struct dz_graph *glance, const struct dz_bits *changed,
                       struct dz_err *err);

/* Appends the file's bytes. Negative when there is no memory. */
int dz_baseline_write(const struct dz_graph *graph, const struct dz_fingerprint *key,
                      struct dz_buf *to);

/* What the next job starts from: newer's records, with older's node where one has none, and older's records of files that
 * newer has not, or has without a node: it has not collected these, or not all of them. Of a file that newer has a node of,
 * a test that it has no record of is gone. Looks are newer's, and older's at paths that newer has not looked at. Nodes,
 * inputs and looks that nobody needs any more are left out, strings when it is written. Negative when there is no memory. */
int dz_baseline_compose(struct dz_graph *ret, const struct dz_graph *older,
                        const struct dz_graph *newer);
