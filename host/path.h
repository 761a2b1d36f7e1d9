/* Paths of programs, as the shell and the loader look for them. What is returned is owned by the
 * caller; NULL when there is none or no memory. */
#pragma once

__attribute__((format(printf, 1, 2))) char *dz_path_fmt(const char *fmt, ...);

/* The folder it is in: up to the last slash; "." when it has none. */
char *dz_path_folder(const char *path);
const char *dz_path_name(const char *path);

/* Joined to the working directory; links are kept. */
char *dz_path_absolute(const char *path);
/* All links followed. */
char *dz_path_real(const char *path);

/* The n-th part of a list such as PATH, an empty one as "."; NULL behind the last. */
char *dz_path_part(const char *list, unsigned n);

int dz_path_is_same(const char *a, const char *b);
int dz_path_exists(const char *path);

/* The program of that name that PATH leads to first, absolute; the file `as` itself when that is
 * given. */
char *dz_path_search(const char *name, const char *as);

/* The file of that name in the first folder of the list that has it, $ORIGIN in the list being
 * origin. */
char *dz_path_find_in(const char *list, const char *origin, const char *name);
