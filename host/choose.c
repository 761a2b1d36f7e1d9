#include "choose.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "kin.h"
#include "path.h"

/* Set by the build; empty: no python was there. */
#ifndef DZ_DEFAULT_PYTHON
#define DZ_DEFAULT_PYTHON ""
#endif

const char dz_self_exe[] = "/proc/self/exe";

static const char *setting(const char *variable)
{
    const char *value = getenv(variable);
    return value && *value ? value : NULL;
}

/* A made-up argv[0] must lead nowhere. */
char *dz_choose_self(const char *argv0)
{
    char *path = strchr(argv0, '/') ? dz_path_absolute(argv0) : dz_path_search(argv0, dz_self_exe);
    if (path && dz_path_is_same(path, dz_self_exe))
        return path;
    dz_free(path);
    return dz_path_real(dz_self_exe);
}

/* The pyvenv.cfg beside this program, or one folder up; NULL: not in a virtual environment. */
static char *find_pyvenv_cfg(const char *program)
{
    dz_auto char *folder = dz_path_folder(program);
    char *beside = folder ? dz_path_fmt("%s/pyvenv.cfg", folder) : NULL;
    if (beside && dz_path_exists(beside))
        return beside;
    dz_free(beside);
    char *above = folder ? dz_path_fmt("%s/../pyvenv.cfg", folder) : NULL;
    if (above && dz_path_exists(above))
        return above;
    dz_free(above);
    return NULL;
}

static struct dz_choice choose_told(const char *told)
{
    char *path = strchr(told, '/') ? dz_path_absolute(told) : dz_path_search(told, NULL);
    return (struct dz_choice){path ? path : dz_strdup(told), "named by DAGZ_PYTHON"};
}

static struct dz_choice choose_surrounding(const char *self)
{
    dz_auto char *folder = dz_path_folder(self);
    return (struct dz_choice){folder ? dz_path_fmt("%s/python", folder) : NULL,
                              "of the virtual environment around dagz-python"};
}

struct dz_choice dz_choose_python(const char *self)
{
    const char *told = setting("DAGZ_PYTHON"), *active = setting("VIRTUAL_ENV");
    if (told)
        return choose_told(told);
    dz_auto char *surrounding = find_pyvenv_cfg(self);
    if (surrounding)
        return choose_surrounding(self);
    if (active)
        return (struct dz_choice){dz_path_fmt("%s/bin/python", active), "of VIRTUAL_ENV"};
    char *kin = dz_kin_python();
    if (kin)
        return (struct dz_choice){kin, "of the dagz-python that started this one"};
    if (*DZ_DEFAULT_PYTHON)
        return (struct dz_choice){dz_strdup(DZ_DEFAULT_PYTHON), "that DAGZ was built against"};
    char *first = dz_path_search("python3", NULL);
    return (struct dz_choice){first ? first : dz_strdup("python3"), "of PATH"};
}

/* The value of "key = value", to the line's end; NULL. */
static char *find_key(const char *text, const char *key)
{
    size_t size = strlen(key);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        const char *at =
            strncmp(line, key, size) == 0 ? line + size + strspn(line + size, " \t") : "";
        if (*at != '=')
            continue;
        at += 1 + strspn(at + 1, " \t");
        return dz_memdup(at, strcspn(at, "\r\n"));
    }
    return NULL;
}

static int read_text(struct dz_buf *ret, FILE *file)
{
    char *room;
    size_t n = 0;
    while ((room = dz_buf_room(ret, 4096)) && (n = fread(room, 1, 4096, file)) > 0)
        ret->len += n;
    dz_buf_put(ret, "", 1);
    return dz_buf_ok(ret) ? 0 : -ENOMEM;
}

static int read_cfg(const char *program, struct dz_buf *text)
{
    dz_auto char *path = find_pyvenv_cfg(program);
    FILE *file = path ? fopen(path, "re") : NULL;
    int r = file ? read_text(text, file) : -ENOENT;
    if (file)
        fclose(file);
    return r;
}

char *dz_choose_base(const char *program)
{
    dz_autobuf struct dz_buf text = {0};
    if (read_cfg(program, &text) < 0)
        return NULL;
    char *executable = find_key(text.data, "executable");
    dz_auto char *home = executable ? NULL : find_key(text.data, "home");
    return home ? dz_path_fmt("%s/python3", home) : executable;
}

int dz_choose_is_apart(const char *program)
{
    dz_autobuf struct dz_buf text = {0};
    if (read_cfg(program, &text) < 0)
        return 0;
    dz_auto char *has_system = find_key(text.data, "include-system-site-packages");
    return !has_system || strcasecmp(has_system, "true") != 0;
}
