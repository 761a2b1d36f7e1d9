#include "library.h"

#include "again.h"
#include "caller.h"
#include "environ.h"
#include "importers.h"
#include "kept.h"
#include "path.h"
#include "registered.h"
#include "rows.h"
#include "zone.h"

#include <fcntl.h>
#include <string.h>

/* Looked through for what is kept in modules, and tried (tests/e2e/test_state.py): whether a second user of it misses
 * something of the project, a file or a variable that the first has looked at. Where it does, it is
 * - told once more, if what was looked at is known from the arguments; or else
 * - leant on: the look is in a span of its own, and who gets the answer leans on it.
 *
 * Nothing to be done:
 *   re, struct, tokenize, fnmatch, glob, urllib.parse, ipaddress, typing, string, fractions, dataclasses: functions of
 *     their arguments, which are of types of the library's own (lru_cache with others: cache.c)
 *   importlib.metadata, pkg_resources: who asks for a distribution is told of by its name (lookup.c)
 *   linecache, inspect.getsource, traceback: the file is told of whenever it is asked for (lookup.c)
 *   FileFinder's names of a folder, invalidate_caches: each look-up tells of its places (lookup.c)
 *   functools.singledispatch, copyreg, atexit, signal, codecs' error handlers, sqlite3's adapters: what was registered
 *     runs, and is seen, when it is used
 *   pkgutil, importlib.resources, runpy, locale, getpass, shutil, os.path: they keep nothing
 *   warnings' registries: pytest begins each test with new ones; logging: loggers are no state that counts
 *   platform.uname, uuid.getnode, sysconfig, ssl, time's zone: what the machine and the interpreter are is in the key
 *   decimal's contexts, locale.setlocale, random's seed, csv's dialects, the current folder: state, not kept answers. */

/* ---- leant on ---- */

/* Each has a span for all that it was filled by: few have more than one filling. */
struct shelf {
    const char *name;
    struct dz_kept kept;
};

static PyObject *fill(struct shelf *shelf, PyObject *inner, PyObject *const *args, size_t nargsf,
                      PyObject *names)
{
    if (!dz_span_is_on())
        return PyObject_Vectorcall(inner, args, nargsf, names);
    if (!dz_kept_is_ours(&shelf->kept))
        dz_kept_renew(&shelf->kept, dz_span_new(DZ_SPAN_CACHE, shelf->name, strlen(shelf->name)),
                      1);
    dz_kept_enter(&shelf->kept);
    PyObject *value = PyObject_Vectorcall(inner, args, nargsf, names);
    dz_kept_leave(&shelf->kept);
    return value;
}

static PyObject *use(struct shelf *shelf, PyObject *inner, PyObject *const *args, size_t nargsf,
                     PyObject *names)
{
    PyObject *value = PyObject_Vectorcall(inner, args, nargsf, names);
    dz_kept_use(&shelf->kept);
    return value;
}

/* What is put there is what the span that does it makes of it. */
static PyObject *put(struct shelf *shelf, PyObject *inner, PyObject *const *args, size_t nargsf,
                     PyObject *names)
{
    PyObject *value = fill(shelf, inner, args, nargsf, names);
    if (dz_span_is_on())
        dz_kept_lean(&shelf->kept, dz_span_current());
    return value;
}

static struct shelf mimetypes = {.name = "mimetypes"}, opener = {.name = "urllib.request.urlopen"},
                    browsers = {.name = "webbrowser"}, catalogs = {.name = "gettext.translation"},
                    system_release = {.name = "platform.freedesktop_os_release"},
                    server = {.name = "multiprocessing.forkserver"};

#define DZ_DEED(deed, shelf)                                                               \
    static PyObject *deed##_##shelf(PyObject *inner, PyObject *const *args, size_t nargsf, \
                                    PyObject *names)                                       \
    {                                                                                      \
        return deed(&shelf, inner, args, nargsf, names);                                   \
    }
DZ_DEED(fill, mimetypes)
DZ_DEED(use, mimetypes)
DZ_DEED(put, mimetypes)
DZ_DEED(fill, opener)
DZ_DEED(use, opener)
DZ_DEED(put, opener)
DZ_DEED(fill, browsers)
DZ_DEED(use, browsers)
DZ_DEED(put, browsers)
DZ_DEED(fill, system_release)
DZ_DEED(fill, server)
DZ_DEED(use, server)

/* ---- told once more ---- */

static void tell_content(PyObject *path)
{
    dz_autopy PyObject *bytes = NULL;
    if (dz_span_is_on() && PyUnicode_FSConverter(path, &bytes))
        dz_path_seen(DZ_FACT_CONTENT, AT_FDCWD, PyBytes_AS_STRING(bytes), 0, 0);
    PyErr_Clear();
}

/* gettext.find(...): one file, some, or none. Who asks is nearly always about to use them. */
static PyObject *find_catalogs(PyObject *inner, PyObject *const *args, size_t nargsf,
                               PyObject *names)
{
    PyObject *found = PyObject_Vectorcall(inner, args, nargsf, names);
    if (found && PyUnicode_Check(found))
        tell_content(found);
    for (Py_ssize_t i = 0; found && PyList_Check(found) && i < PyList_GET_SIZE(found); i++)
        tell_content(PyList_GET_ITEM(found, i));
    return found;
}

/* gettext.translation(domain, localedir, languages, class_, ...): a class of the project's own reads the catalog in its
 * own way. Without one it is called for each text, and leads to find. */
static PyObject *translate(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names)
{
    int has_class = PyVectorcall_NARGS(nargsf) > 3;
    for (Py_ssize_t i = 0; names && i < PyTuple_GET_SIZE(names); i++)
        has_class |= PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, i), "class_") == 0;
    return has_class ? fill(&catalogs, inner, args, nargsf, names)
                     : PyObject_Vectorcall(inner, args, nargsf, names);
}

/* filecmp.cmp(one, other, ...): looks at their size and time only, where it remembers what came out. */
static PyObject *compare(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names)
{
    PyObject *same = PyObject_Vectorcall(inner, args, nargsf, names);
    for (Py_ssize_t i = 0; same && i < 2 && i < PyVectorcall_NARGS(nargsf); i++)
        tell_content(args[i]);
    return same;
}

/* zipimporter.find_spec(self, ...): the archive's names are read once. */
static PyObject *find_in_archive(PyObject *inner, PyObject *const *args, size_t nargsf,
                                 PyObject *names)
{
    PyObject *spec = PyObject_Vectorcall(inner, args, nargsf, names);
    dz_autopy PyObject *archive =
        spec && PyVectorcall_NARGS(nargsf) ? PyObject_GetAttrString(args[0], "archive") : NULL;
    if (archive)
        tell_content(archive);
    else if (spec)
        PyErr_Clear();
    return spec;
}

/* tempfile._gettempdir(): pytest asks before the first test. Where it puts its own files is no test's business. */
static PyObject *find_folder(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names)
{
    static const char *const variables[] = {"TMPDIR", "TEMP", "TMP"};
    PyObject *folder = PyObject_Vectorcall(inner, args, nargsf, names);
    if (dz_span_is_test() && !dz_caller_is_pytest())
        for (unsigned i = 0; i < sizeof variables / sizeof *variables; i++)
            dz_environ_seen(variables[i]);
    return folder;
}

/* ---- the table ---- */

static const struct dz_row rows[] = {
    {"_frozen_importlib_external", "PathFinder", "_path_hooks", dz_importers_find},
    {"_frozen_importlib_external", "PathFinder", "_path_importer_cache", dz_importers_use},
    {"abc", NULL, "_abc_init", dz_again_abstract},
    {"abc", NULL, "_abc_register", dz_registered},
    {"codecs", NULL, "register", dz_again_codec},
    {"filecmp", NULL, "cmp", compare},
    {"gettext", NULL, "find", find_catalogs},
    {"gettext", NULL, "translation", translate},
    /* Reads /etc/mime.types and others; types may be added. */
    {"mimetypes", NULL, "init", fill_mimetypes},
    {"mimetypes", NULL, "add_type", put_mimetypes},
    {"mimetypes", NULL, "guess_type", use_mimetypes},
    {"mimetypes", NULL, "guess_file_type", use_mimetypes},
    {"mimetypes", NULL, "guess_extension", use_mimetypes},
    {"mimetypes", NULL, "guess_all_extensions", use_mimetypes},
    {"mimetypes", "MimeTypes", "__init__", use_mimetypes},
    /* The processes of a second user are the server's children, too. */
    {"multiprocessing.forkserver", "ForkServer", "ensure_running", fill_server},
    {"multiprocessing.forkserver", "ForkServer", "connect_to_new_process", use_server},
    {"platform", NULL, "freedesktop_os_release", fill_system_release},
    {"tempfile", NULL, "_gettempdir", find_folder},
    /* Proxies are variables. */
    {"urllib.request", NULL, "build_opener", fill_opener},
    {"urllib.request", NULL, "install_opener", put_opener},
    {"urllib.request", NULL, "urlopen", use_opener},
    /* Looks for programs, and at variables. */
    {"webbrowser", NULL, "register_standard_browsers", fill_browsers},
    {"webbrowser", NULL, "register", put_browsers},
    {"webbrowser", NULL, "get", use_browsers},
    {"webbrowser", NULL, "open", use_browsers},
    {"zipimport", "zipimporter", "find_spec", find_in_archive},
};
enum { N_ROWS = sizeof rows / sizeof *rows };

/* zoneinfo.ZoneInfo is made in C. */
static int watch_zones(void)
{
    dz_autopy PyObject *name = PyUnicode_FromString("zoneinfo");
    dz_autopy PyObject *module = name ? PyImport_GetModule(name) : NULL;
    return module ? dz_zone_watch(module) : 0;
}

int dz_library_start(void)
{
    return dz_rows_watch(rows, N_ROWS) < 0 ? -1 : watch_zones();
}

int dz_library_loaded(const char *name)
{
    if (strcmp(name, "zoneinfo") == 0)
        return watch_zones();
    return dz_rows_loaded(rows, N_ROWS, name);
}
