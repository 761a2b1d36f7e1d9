#include "environ.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static int begins(const char *name, size_t size, const char *with)
{
    size_t least = strlen(with);
    return size >= least && memcmp(name, with, least) == 0;
}

static int is_one_of(const char *const *names, size_t n, const char *name, size_t size)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(names[i]) == size && memcmp(names[i], name, size) == 0)
            return 1;
    return 0;
}

/* What a shell sets anew for each command, and with each of its own: whoever copies the environment for a child reads it. */
int dz_environ_is_told(const char *name, size_t size)
{
    static const char *const shells[] = {"_", "SHLVL", "PWD", "OLDPWD"};
    return !begins(name, size, "PYTHON") && !begins(name, size, "DAGZ") &&
           !is_one_of(shells, sizeof shells / sizeof *shells, name, size);
}

/* PEP 538: where the locale is C, python sets this before anybody looks. The locale is in the key. */
static int is_coerced(const char *name, size_t size, const char *value, size_t value_size)
{
    static const char *const values[] = {"C.UTF-8", "C.utf8", "UTF-8"};
    if (size != 8 || memcmp(name, "LC_CTYPE", 8) != 0)
        return 0;
    for (int i = 0; i < 3; i++)
        if (strlen(values[i]) == value_size && memcmp(values[i], value, value_size) == 0)
            return 1;
    return 0;
}

uint64_t dz_environ_hash(const char *name, size_t size, const char *value, size_t value_size)
{
    if (!value || !dz_environ_is_told(name, size) || is_coerced(name, size, value, value_size))
        return 0;
    uint64_t hash = XXH3_64bits(value, value_size);
    return hash ? hash : 1;
}

/* Of a terminal's size, and of what pytest sets itself, who goes through all variables is after none. */
static int is_passing(const char *name, size_t size)
{
    static const char *const names[] = {"LINES", "COLUMNS"};
    return is_one_of(names, sizeof names / sizeof *names, name, size) ||
           begins(name, size, "PYTEST_");
}

uint64_t dz_environ_hash_all(char *const *entries)
{
    uint64_t hash = 0;
    for (; entries && *entries; entries++) {
        const char *equals = strchr(*entries, '=');
        size_t size = equals ? (size_t)(equals - *entries) : 0;
        if (equals && !is_passing(*entries, size) &&
            dz_environ_hash(*entries, size, equals + 1, strlen(equals + 1)))
            hash += XXH3_64bits(*entries, strlen(*entries));
    }
    return hash ? hash : 1;
}
