#include "globs.h"

#include <fnmatch.h>
#include <string.h>

enum { LONGEST_NAME = 255 };

static size_t name_size(const char *path)
{
    return strcspn(path, "/");
}

static const char *next(const char *path)
{
    path += name_size(path);
    return path + (*path == '/');
}

static int is_any_folders(const char *glob)
{
    return name_size(glob) == 2 && glob[0] == '*' && glob[1] == '*';
}

static int name_fits(const char *glob, const char *path)
{
    char pattern[LONGEST_NAME + 1] = "", name[LONGEST_NAME + 1] = "";
    if (name_size(glob) > LONGEST_NAME || name_size(path) > LONGEST_NAME)
        return 0;
    memcpy(pattern, glob, name_size(glob));
    memcpy(name, path, name_size(path));
    return fnmatch(pattern, name, FNM_NOESCAPE) == 0;
}

/* Such a path lies elsewhere than its first names say. */
static int leads_up(const char *path)
{
    for (; *path; path = next(path))
        if (name_size(path) == 2 && path[0] == '.' && path[1] == '.')
            return 1;
    return 0;
}

/* To the last `**` only need it go back: what those before stand for could be no longer than it was. */
static int names_fit(const char *glob, const char *path)
{
    const char *again = NULL, *from = NULL;
    while (*path) {
        if (!*glob)
            return 1;
        if (is_any_folders(glob)) {
            glob = again = next(glob);
            from = path;
        } else if (name_fits(glob, path)) {
            glob = next(glob);
            path = next(path);
        } else if (again) {
            glob = again;
            path = from = next(from);
        } else
            return 0;
    }
    while (is_any_folders(glob))
        glob = next(glob);
    return !*glob;
}

int dz_glob_fits(const char *glob, const char *path)
{
    while (glob[0] == '.' && glob[1] == '/')
        glob += 2;
    return *glob && (*glob == '/') == (*path == '/') && !leads_up(path) && names_fit(glob, path);
}
