#include "outside.h"

#include "touch.h"

#include <string.h>

/* Modules of the standard library whose calls change what all code of the process sees. */
static int is_shared(const char *module)
{
    static const char *const names[] = {
        "_thread",         "asyncio",   "atexit",      "builtins",     "codecs",
        "ctypes",          "copyreg",   "decimal",     "faulthandler", "gc",
        "gettext",         "importlib", "locale",      "logging",      "mimetypes",
        "multiprocessing", "os",        "pkgutil",     "random",       "readline",
        "resource",        "runpy",     "select",      "signal",       "site",
        "socket",          "ssl",       "subprocess",  "sys",          "tempfile",
        "threading",       "time",      "tracemalloc", "unittest",     "urllib",
        "warnings",        "weakref",   "webbrowser"};
    size_t size = strcspn(module, ".");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == size && strncmp(names[i], module, size) == 0)
            return 1;
    return 0;
}

/* Of these, what is called all the time and changes nothing. */
static int is_harmless(const char *chain)
{
    static const char *const beginnings[] = {"os.path.",
                                             "os.fspath",
                                             "os.getcwd",
                                             "os.environ.get",
                                             "os.getenv",
                                             "os.listdir",
                                             "os.scandir",
                                             "os.walk",
                                             "os.stat",
                                             "os.lstat",
                                             "os.access",
                                             "os.readlink",
                                             "os.cpu_count",
                                             "os.sep",
                                             "os.name",
                                             "sys.version",
                                             "sys.platform",
                                             "sys.getsizeof",
                                             "sys.exc_info",
                                             "sys.getdefaultencoding",
                                             "sys.intern",
                                             "logging.getLogger",
                                             "time.time",
                                             "time.monotonic",
                                             "time.perf_counter",
                                             "weakref.",
                                             "threading.Lock",
                                             "threading.RLock",
                                             "threading.local",
                                             "threading.Event",
                                             "threading.Condition",
                                             "threading.current_thread",
                                             "threading.get_ident",
                                             "asyncio.iscoroutinefunction",
                                             "urllib.parse.",
                                             "random.Random",
                                             "decimal.Decimal",
                                             "importlib.util.find_spec",
                                             "importlib.metadata.version",
                                             "codecs.lookup",
                                             "socket.gethostname"};
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (strncmp(chain, beginnings[i], strlen(beginnings[i])) == 0)
            return 1;
    return 0;
}

int dz_outside_is_root(const char *roots, const char *module)
{
    size_t size = strcspn(module, ".");
    for (const char *at = roots; (at = strstr(at, module[0] ? " " : "\n")); at++)
        if (strncmp(at + 1, module, size) == 0 && at[1 + size] == ' ')
            return 1;
    return 0;
}

/* ---- imports ---- */

/* Whether a name stands in a line: itself, or (suffix) behind others and a dot. */
static int stands_in(const char *line, size_t size, const char *name, int suffix)
{
    size_t length = strlen(name);
    for (const char *at = line; (at = strstr(at, name)) && at < line + size; at++)
        if (at > line && (at[-1] == ' ' || (suffix && at[-1] == '.')) && at[length] == ' ')
            return 1;
    return 0;
}

enum known { UNKNOWN, HARMLESS, HARMFUL };

static enum known what_is(const char *roots, const char *name, int suffix)
{
    const char *harmless = strchr(roots, '\n');
    const char *harmful = harmless ? strchr(harmless + 1, '\n') : NULL;
    if (!harmful)
        return UNKNOWN;
    if (stands_in(harmful, strlen(harmful), name, suffix))
        return HARMFUL;
    return stands_in(harmless, (size_t)(harmful - harmless), name, suffix) ? HARMLESS : UNKNOWN;
}

static int is_package(const char *roots, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = roots; (at = strstr(at, name)); at++)
        if (at > roots && strchr(" .", at[-1]) && at[length] == '.')
            return 1;
    return 0;
}

/* `from a import b` imports a, and a.b where that is a module. */
int dz_outside_is_harmless(const struct dz_sheet *sheet, const struct dz_import *import,
                           const char *roots)
{
    const char *module = dz_sheet_string(sheet, import->module);
    const char *name = import->name == DZ_NONE ? "" : dz_sheet_string(sheet, import->name);
    int suffix = import->level > 0;
    dz_autobuf struct dz_buf both = {0};
    dz_buf_fmt(&both, "%s%s%s", module, *module && *name ? "." : "", name);
    if (!dz_buf_ok(&both))
        return 0;
    enum known whole = *name ? what_is(roots, both.data, suffix) : UNKNOWN;
    enum known of = *module ? what_is(roots, module, suffix) : HARMLESS;
    if (whole == HARMFUL || of == HARMFUL)
        return 0;
    /* What a package has of that name may be a module that nobody knows yet. */
    return whole == HARMLESS ||
           (of == HARMLESS && *module && !(*name && is_package(roots, module)));
}

int dz_outside_is_of_module(const struct dz_sheet *sheet, const struct dz_import *import,
                            const char *roots)
{
    const char *module = dz_sheet_string(sheet, import->module);
    return *module && what_is(roots, module, import->level > 0) != UNKNOWN &&
           !is_package(roots, module);
}

/* ---- what code does ---- */

/* What a chain stands for, where its first name is imported: the module's name in front. */
static void spell(const struct dz_sheet *sheet, const struct dz_import *import, uint32_t chain,
                  struct dz_buf *to)
{
    dz_autobuf struct dz_buf text = {0};
    dz_sheet_put_chain(sheet, chain, &text);
    dz_buf_put(&text, "", 1);
    if (!dz_buf_ok(&text))
        return;
    const char *rest = text.data + strcspn(text.data, ".");
    const char *bound = dz_sheet_string(sheet, import->bound);
    const char *module = dz_sheet_string(sheet, import->module);
    if (import->flags & DZ_IMPORT_FROM)
        dz_buf_fmt(to, "%s.%s%s", module, dz_sheet_string(sheet, import->name), rest);
    else if (strncmp(module, bound, strlen(bound)) == 0)
        dz_buf_fmt(to, "%s", text.data);
    else
        dz_buf_fmt(to, "%s%s", module, rest);
}

static int is_outside(const struct dz_sheet *sheet, const struct dz_import *import, uint32_t chain,
                      const char *roots)
{
    const char *module = dz_sheet_string(sheet, import->module);
    if (import->level || dz_outside_is_root(roots, module) || strcmp(module, "pytest") == 0)
        return 0;
    if (!(import->flags & DZ_IMPORT_STANDARD))
        return 1;
    if (!is_shared(module))
        return 0;
    dz_autobuf struct dz_buf text = {0};
    spell(sheet, import, chain, &text);
    return !dz_buf_ok(&text) || !text.data || !is_harmless(text.data);
}

int dz_outside_is_of(const struct dz_sheet *sheet, const struct dz_element *element,
                     const char *roots)
{
    uint32_t n, modes = DZ_READ_STORED | DZ_READ_ITEM | DZ_READ_CALLED;
    const struct dz_import *imports = dz_sheet_imports(sheet, &n);
    const struct dz_read *reads = dz_sheet_reads(sheet, element);
    if (element->why & DZ_WHY_BASE)
        modes |= DZ_READ_VALUE;
    for (uint32_t i = 0; i < element->reads.n; i++) {
        uint32_t root = dz_touch_root(sheet, reads[i].chain);
        for (uint32_t k = 0; reads[i].mode & modes && k < n; k++)
            if (imports[k].bound == root && is_outside(sheet, &imports[k], reads[i].chain, roots))
                return 1;
    }
    return 0;
}
