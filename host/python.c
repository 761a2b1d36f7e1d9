/* What the chosen python is.
 *
 * Its file tells: one that needs a libpython3.X is entered in this process, by that library; one
 * that holds CPython itself (static, as Debian's) is executed with our shim preloaded. DAGZ_EMBED=0
 * asks for the second way always, DAGZ_EMBED=1 for the library where there is one. Running the
 * python to ask it would cost as much as the program that is to be run: only scripts (pyenv's) and
 * files of unknown names are asked. */
#include "python.h"

#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask.h"
#include "base/mem.h"
#include "choose.h"
#include "elf.h"
#include "path.h"

enum { OLDEST_MINOR = 10 };

static const char advice[] =
    "let DAGZ_PYTHON name the python of a CPython 3.10 or later, or activate a virtual environment";

static int resolve(struct dz_python *python, const char *by, struct dz_err *err)
{
    dz_free(python->binary);
    python->binary = dz_path_real(python->executable);
    if (python->binary && dz_path_is_same(python->binary, dz_self_exe)) {
        dz_auto char *base = dz_choose_base(python->executable);
        dz_free(python->binary);
        python->binary = base ? dz_path_real(base) : NULL;
        if (!python->binary || dz_path_is_same(python->binary, dz_self_exe))
            return dz_fail(err, -ELOOP, "the python %s, '%s', is dagz-python itself; %s", by,
                           python->executable, advice);
    }
    struct stat status;
    if (!python->binary || stat(python->binary, &status) < 0)
        return dz_fail(err, -errno, "cannot find the python %s, '%s'; %s", by, python->executable,
                       advice);
    if (!S_ISREG(status.st_mode) || access(python->binary, X_OK) < 0)
        return dz_fail(err, -EACCES, "the python %s, '%s', is not a program; %s", by,
                       python->executable, advice);
    return 0;
}

/* Takes "3.12" or "3.13t", which `after` has to follow. A debug build's "3.12d" is 3.12: extensions of one are good for the
 * other. */
static int read_version(struct dz_python *python, const char *text, const char *after)
{
    size_t n = strncmp(text, "3.", 2) == 0 ? 2 : 0;
    size_t digits = strspn(text + n, "0123456789");
    if (n == 0 || digits == 0)
        return 0;
    for (n += digits; islower((unsigned char)text[n]);)
        n++;
    if (n >= sizeof python->version || strncmp(text + n, after, strlen(after) + !*after) != 0)
        return 0;
    n -= text[n - 1] == 'd';
    memcpy(python->version, text, n);
    python->version[n] = 0;
    python->minor = atoi(text + 2);
    return 1;
}

static int read_name(struct dz_python *python)
{
    const char *name = dz_path_name(python->binary);
    return strncmp(name, "python", 6) == 0 && read_version(python, name + 6, "");
}

/* The place where the loader would find it; the bare name leaves that to its configuration. */
static char *find_library(const struct dz_elf *elf, const char *binary, const char *name)
{
    const char *lists[] = {elf->rpath, getenv("LD_LIBRARY_PATH"), elf->runpath, "$ORIGIN/../lib"};
    dz_auto char *origin = dz_path_folder(binary);
    for (size_t i = 0; origin && i < sizeof lists / sizeof *lists; i++) {
        char *found = lists[i] && *lists[i] ? dz_path_find_in(lists[i], origin, name) : NULL;
        if (found)
            return found;
    }
    return dz_strdup(name);
}

/* A static python's library, where it has one beside it and the user asks for it. */
static char *find_spare_library(const struct dz_elf *elf, const struct dz_python *python)
{
    dz_auto char *name = dz_path_fmt("libpython%s.so.1.0", python->version);
    char *library = name ? find_library(elf, python->binary, name) : NULL;
    if (library && dlopen(library, RTLD_LAZY | RTLD_LOCAL))
        return library;
    dz_free(library);
    return NULL;
}

static char *choose_library(const struct dz_elf *elf, const struct dz_python *python)
{
    const char *embed = getenv("DAGZ_EMBED");
    if (embed && strcmp(embed, "0") == 0)
        return NULL;
    if (elf->libpython)
        return find_library(elf, python->binary, elf->libpython);
    return embed && strcmp(embed, "1") == 0 ? find_spare_library(elf, python) : NULL;
}

/* 1 when the file told which CPython it is, 0 when it did not. */
static int examine(struct dz_python *python, struct dz_err *err)
{
    struct dz_elf elf;
    int r = dz_elf_read(&elf, python->binary, err);
    if (r <= 0)
        return r;
    const char *libpython = "libpython";
    r = elf.libpython ? read_version(python, elf.libpython + strlen(libpython), ".so")
                      : read_name(python);
    if (r)
        python->library = choose_library(&elf, python);
    dz_elf_free(&elf);
    return r;
}

static int ask(struct dz_python *python, const char *by, struct dz_err *err)
{
    struct dz_answer answer;
    int r = dz_ask_python(&answer, python->executable, err);
    if (r < 0)
        return dz_wrap(err, r, "the python %s", by);
    if (strcmp(answer.implementation, "cpython") != 0 || !read_version(python, answer.version, ""))
        r = dz_fail(err, -ENOPKG, "the python %s, '%s', is %s %s; %s", by, python->executable,
                    answer.implementation, answer.version, advice);
    dz_free(python->executable);
    python->executable = answer.executable;
    answer.executable = NULL;
    dz_answer_free(&answer);
    return r;
}

/* A script leads to the python it starts, which then is a file that tells; or one whose name is its
 * own. */
static int identify(struct dz_python *python, const char *by, struct dz_err *err)
{
    int r = resolve(python, by, err);
    if (r == 0)
        r = examine(python, err);
    if (r != 0)
        return r;
    r = ask(python, by, err);
    if (r == 0)
        r = resolve(python, by, err);
    if (r == 0)
        r = examine(python, err);
    return r;
}

static int find_shim(struct dz_python *python, const char *by, struct dz_err *err)
{
    dz_auto char *real = dz_path_real(dz_self_exe);
    dz_auto char *folder = real ? dz_path_folder(real) : NULL;
    if (!folder)
        return dz_fail(err, -errno, "cannot tell where dagz-python lies");
    python->shim = dz_path_fmt("%s/dagz-embed-%s.so", folder, python->version);
    if (python->shim && dz_path_exists(python->shim))
        return 0;
    dz_free(python->shim);
    python->shim = dz_path_fmt("%s/../lib/dagz/dagz-embed-%s.so", folder, python->version);
    if (python->shim && dz_path_exists(python->shim))
        return 0;
    if (strchr(python->version, 't'))
        return dz_fail(
            err, -ENOPKG,
            "the python %s, '%s', is CPython %s, without a global lock, for which DAGZ cannot "
            "be built: %s",
            by, python->executable, python->version, advice);
    return dz_fail(
        err, -ENOENT,
        "the python %s, '%s', is CPython %s, for which DAGZ was not built: build it with "
        "`meson setup -Dpythons=%s`, or %s; neither in '%s' nor in '%s/../lib/dagz' is "
        "dagz-embed-%s.so",
        by, python->executable, python->version, python->executable, advice, folder, folder,
        python->version);
}

static int check_age(const struct dz_python *python, const char *by, struct dz_err *err)
{
    if (python->minor >= OLDEST_MINOR)
        return 0;
    return dz_fail(err, -ENOPKG, "the python %s, '%s', is CPython %s; %s", by, python->executable,
                   python->version, advice);
}

int dz_python_find(struct dz_python *python, const char *argv0, struct dz_err *err)
{
    *python = (struct dz_python){.self = dz_choose_self(argv0)};
    if (!python->self)
        return dz_fail(err, -ENOENT, "cannot tell where dagz-python lies: is /proc mounted?");
    struct dz_choice choice = dz_choose_python(python->self);
    python->executable = choice.path;
    if (!choice.path)
        return dz_fail(err, -ENOMEM, "cannot choose a python");
    int r = identify(python, choice.by, err);
    if (r >= 0)
        r = check_age(python, choice.by, err);
    return r < 0 ? r : find_shim(python, choice.by, err);
}

void dz_python_free(struct dz_python *python)
{
    dz_free(python->executable);
    dz_free(python->self);
    dz_free(python->binary);
    dz_free(python->library);
    dz_free(python->shim);
    *python = (struct dz_python){0};
}
