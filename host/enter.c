/* How a python is entered: opened in this process, or executed with the shim before it. */
#include "python.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../embed/embed.h"
#include "base/mem.h"
#include "base/symbols.h"
#include "base/wire.h"
#include "path.h"

typedef __typeof__(dagz_embed_main) embed_main;

/* Lazily, as the loader itself would: binding all of libpython's calls costs a tenth of a start. */
static embed_main *open_library(const struct dz_python *python, struct dz_err *err)
{
    void *shim = NULL;
    if (dlopen(python->library, RTLD_LAZY | RTLD_GLOBAL))
        shim = dlopen(python->shim, RTLD_LAZY | RTLD_LOCAL);
    void *entry = shim ? dlsym(shim, "dagz_embed_main") : NULL;
    if (!entry)
        dz_fail(err, -ELIBACC, "cannot open the library of '%s' (%s)", python->executable,
                dlerror());
    embed_main *function = NULL;
    memcpy(&function, &entry, sizeof entry);
    return function;
}

/* The loader splits LD_PRELOAD at colons and spaces: a shim in such a folder goes by an open
 * descriptor, that the shim closes. */
static char *preloadable(const char *shim)
{
    if (!strpbrk(shim, ": "))
        return dz_strdup(shim);
    int fd = open(shim, O_RDONLY);
    return fd < 0 ? NULL : dz_path_fmt("/proc/self/fd/%d", fd);
}

/* In front of what is preloaded already, which the shim puts back. */
static int set_preload(const char *shim)
{
    const char *before = getenv("LD_PRELOAD");
    dz_auto char *ours = preloadable(shim);
    dz_auto char *all =
        ours ? dz_path_fmt("%s%s%s", ours, before ? ":" : "", before ? before : "") : NULL;
    return all ? setenv("LD_PRELOAD", all, 1) : -1;
}

static int execute(const struct dz_python *python, const struct dz_heritage *heritage, char **argv,
                   struct dz_err *err)
{
    dz_auto char *packed = dz_heritage_pack(heritage);
    if (heritage->socket >= 0)
        fcntl(heritage->socket, F_SETFD, 0);
    if (packed && setenv(DZ_HERITAGE_VARIABLE, packed, 1) == 0 && set_preload(python->shim) == 0)
        execv(python->binary, argv);
    return dz_fail(err, -errno, "cannot execute '%s'", python->binary);
}

int dz_python_enter(const struct dz_python *python, const struct dz_heritage *heritage, int argc,
                    char **argv, struct dz_err *err)
{
    struct dz_heritage inside = *heritage;
    inside.version = dz_wire_version();
    if (!python->library)
        return execute(python, &inside, argv, err);
    inside.watcher = &dz_watcher;
    embed_main *run = open_library(python, err);
    /* As exit sees it: sys.exit(-1) is no failure of ours. */
    return run ? run(&inside, argc, argv) & 0xff : err->code;
}
