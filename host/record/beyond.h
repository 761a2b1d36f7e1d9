/* What a test depends on by one job's graph and not by another's, of the same tree.
 *
 * Only what is missing counts: a test that ran beside others may lean on what these did, and so depend on more than it does
 * alone. What a graph has in other words, as a module as a whole where the other has one function of it, is not missing. Nor is
 * what lies behind an element that both have: what the import of a module has run is gathered over all processes of a job, and so
 * what one test did in it is behind that of all. Only through a span can one test depend on more than another. */
#pragma once

#include "nodeids.h"

struct dz_beyond {
    struct dz_nodeids of, than;
    uint32_t *
        twins; /* by input of the first: which one it is in the other, + 1; 0: nobody has it there */
    uint32_t *strings; /* by string of the first: the other's, or 0 */
    struct by_key *keys;
    struct holders *holders; /* by input of the first */
};

/* Both are lent, and read from baselines: there equal nodes have equal ids. Negative when there is no memory. */
int dz_beyond_begin(struct dz_beyond *ret, const struct dz_graph *of, const struct dz_graph *than);
void dz_beyond_free(struct dz_beyond *beyond);
/* The numbers of the inputs. 1, and none of them, where the test is not in both, or would run each time by the other, whatever it
 * depends on: it is unprovable there, or has not come to what is a proof. Else 0, or negative when there is no memory. */
int dz_beyond_find(const struct dz_beyond *beyond, const char *nodeid, struct dz_bits *ret);
/* The first test, in the order of the other, that has the input there, but not this one; NULL: none. */
const char *dz_beyond_holder(struct dz_beyond *beyond, uint32_t input, const char *but);
