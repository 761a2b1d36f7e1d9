#include "path.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

char *dz_path_fmt(const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *text = size < 0 ? NULL : dz_alloc((size_t)size + 1);
    if (text)
        vsnprintf(text, (size_t)size + 1, fmt, again);
    va_end(again);
    return text;
}

const char *dz_path_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *dz_path_folder(const char *path)
{
    size_t size = (size_t)(dz_path_name(path) - path);
    if (size == 0)
        return dz_strdup(".");
    return dz_memdup(path, size > 1 ? size - 1 : 1);
}

char *dz_path_absolute(const char *path)
{
    if (path[0] == '/')
        return dz_strdup(path);
    while (path[0] == '.' && path[1] == '/')
        path += 2;
    char *cwd = getcwd(NULL, 0);
    char *absolute = cwd ? dz_path_fmt("%s/%s", strcmp(cwd, "/") == 0 ? "" : cwd, path) : NULL;
    free(cwd);
    return absolute;
}

char *dz_path_real(const char *path)
{
    char *real = realpath(path, NULL);
    char *copy = real ? dz_strdup(real) : NULL;
    free(real);
    return copy;
}

char *dz_path_part(const char *list, unsigned n)
{
    for (; n; n--) {
        list = strchr(list, ':');
        if (!list)
            return NULL;
        list++;
    }
    size_t size = strcspn(list, ":");
    return size ? dz_memdup(list, size) : dz_strdup(".");
}

int dz_path_is_same(const char *a, const char *b)
{
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

int dz_path_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static int is_program(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

char *dz_path_search(const char *name, const char *as)
{
    const char *list = getenv("PATH");
    char *folder;
    for (unsigned n = 0; list && (folder = dz_path_part(list, n)); n++) {
        dz_auto char *path = dz_path_fmt("%s/%s", folder, name);
        dz_free(folder);
        if (path && is_program(path) && (!as || dz_path_is_same(path, as)))
            return dz_path_absolute(path);
    }
    return NULL;
}

static char *expand(const char *folder, const char *origin)
{
    static const char *const forms[] = {"$ORIGIN", "${ORIGIN}"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (strncmp(folder, forms[i], strlen(forms[i])) == 0)
            return dz_path_fmt("%s%s", origin, folder + strlen(forms[i]));
    return dz_strdup(folder);
}

char *dz_path_find_in(const char *list, const char *origin, const char *name)
{
    char *part;
    for (unsigned n = 0; (part = dz_path_part(list, n)); n++) {
        dz_auto char *folder = expand(part, origin);
        dz_free(part);
        char *path = folder ? dz_path_fmt("%s/%s", folder, name) : NULL;
        if (path && dz_path_exists(path))
            return path;
        dz_free(path);
    }
    return NULL;
}
