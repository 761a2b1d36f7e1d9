/* Globs of paths, as a user writes them: `*`, `?` and `[…]` stand for what is within a name, `**` for any number of folders.
 * One that a folder fits stands for all that is in it. A relative one is of paths below the rootdir, as they are in keys of
 * inputs; one that begins with a slash, of absolute paths. */
#pragma once

int dz_glob_fits(const char *glob, const char *path);
