/* What may be written at import by what has not been seen to run yet: statements that are new, imports that are, and what
 * functions do that ran and are other ones now. It is known by the names that they mention, and by those that the functions
 * mention that they can reach by name.
 *
 * A statement that was there when the baseline was made is no matter of this: what it wrote was seen, and who reads that leans
 * on it. What lies outside of the project's modules is another's (outside.h). */
#pragma once

#include "project.h"

/* sources_changed: strings of the graph, the paths of those sources that have another content than they were looked at with. To the
 * inputs that have changed it adds those of names that may be written so. Negative when there is no memory. */
int dz_reach(const struct dz_graph *graph, const struct dz_bits *sources_changed,
             const struct dz_project_sources *sources, struct dz_bits *changed);
