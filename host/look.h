/* Looks at files: what is in them, and whether an earlier look still holds. */
#pragma once

#include "record/graph.h"

#include <sys/stat.h>

/* All of it but the path and is_exact. Negative errno: -EISDIR, -EINVAL where it is neither a file nor a folder. */
int dz_look_take(const char *path, struct dz_look *ret);
/* Whether the content is what it was, as far as the file's status tells: it does not where the file was touched after the
 * look, or so shortly before that the clock of the file system had no other time for what was written after it. */
int dz_look_holds(const struct dz_look *look, const struct stat *now);
