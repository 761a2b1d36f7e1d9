#include "lookup.h"

#include "caller.h"
#include "child.h"
#include "code.h"
#include "environ.h"
#include "import.h"
#include "imported.h"
#include "library.h"
#include "path.h"
#include "property.h"
#include "rows.h"
#include "watch.h"

#include "../span.h"

#include "../../host/base/buf.h"

#include <fcntl.h>
#include <string.h>

static void tell(enum dz_fact fact, const char *text, uint64_t value)
{
    if (!dz_watch_begin())
        return;
    dz_span_fact(fact, text, strlen(text), value);
    dz_watch_unhush();
}

/* ---- places that were passed ---- */

/* A search that goes on in this thread, and what it has passed: each a kind and a path. */
struct search {
    struct search *outer;
    struct dz_buf passed;
};

static __thread struct search *search __attribute__((tls_model("initial-exec")));
/* The last one that found something, until that is loaded. */
static __thread struct dz_buf passed __attribute__((tls_model("initial-exec")));
static __thread PyObject *found __attribute__((tls_model("initial-exec")));

static void pass(enum dz_place place, const char *folder, const char *name, const char *more)
{
    dz_autobuf struct dz_buf path = {0};
    dz_buf_str(&path, folder);
    dz_buf_put(&path, "/", 1);
    dz_buf_str(&path, name);
    dz_buf_put(&path, more, strlen(more) + 1);
    if (!dz_buf_ok(&path) || !dz_code_is_project(path.data))
        return;
    tell(DZ_FACT_PLACE, path.data, place);
    if (search) {
        char kind = (char)place;
        dz_buf_put(&search->passed, &kind, 1);
        dz_buf_put(&search->passed, path.data, path.len);
    }
}

void dz_lookup_tell_places(PyObject *spec)
{
    const char *at = passed.data, *end = at + passed.len;
    if (spec == found && dz_buf_ok(&passed))
        for (; at < end; at += strlen(at) + 1) {
            enum dz_place place = (enum dz_place) * at++;
            tell(DZ_FACT_PLACE, at, place);
        }
    found = NULL;
    passed.len = 0;
}

static int ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), least = strlen(end);
    return size >= least && strcmp(text + size - least, end) == 0;
}

/* What a finder of files says of the module's name in its folder. */
static void look_at(PyObject *finder, PyObject *fullname, PyObject *spec)
{
    dz_autopy PyObject *keep_path = NULL, *keep_origin = NULL, *keep_loader = NULL;
    const char *folder = dz_attribute_text(finder, "path", &keep_path, "");
    const char *name = PyUnicode_Check(fullname) ? PyUnicode_AsUTF8(fullname) : NULL;
    if (!name) {
        PyErr_Clear();
        return;
    }
    const char *last = strrchr(name, '.');
    name = last ? last + 1 : name;
    if (spec == Py_None) {
        pass(DZ_PLACE_EMPTY, folder, name, "");
        return;
    }
    keep_loader = PyObject_GetAttrString(spec, "loader");
    if (keep_loader == Py_None) {
        pass(DZ_PLACE_FOLDER, folder, name, "");
        return;
    }
    PyErr_Clear();
    const char *origin = dz_attribute_text(spec, "origin", &keep_origin, "");
    /* A package would go before it. */
    if (!strstr(origin, "/__init__."))
        pass(DZ_PLACE_EMPTY, folder, name, "/__init__");
}

/* FileFinder.find_spec(self, fullname, target=None): what it looks at is told as places, not as paths: it lists whole
 * folders, and what else lies in them does not matter. */
static PyObject *find_in_folder(PyObject *inner, PyObject *const *args, size_t nargsf,
                                PyObject *names)
{
    dz_watch_hush();
    PyObject *spec = PyObject_Vectorcall(inner, args, nargsf, names);
    dz_watch_unhush();
    if (spec && PyVectorcall_NARGS(nargsf) >= 2 && dz_span_is_on())
        look_at(args[0], args[1], spec);
    return spec;
}

/* A package without an __init__ runs nothing, and whoever imports from it later finds it loaded: what was passed on the way to it is
 * theirs, too. */
static void keep_namespace(PyObject *spec, PyObject *name)
{
    dz_autopy PyObject *loader = PyObject_GetAttrString(spec, "loader");
    dz_autopy PyObject *folders = PyObject_GetAttrString(spec, "submodule_search_locations");
    const char *text = PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : NULL;
    if (loader == Py_None && folders && folders != Py_None && text && passed.len) {
        uint32_t span = dz_span_new(DZ_SPAN_IMPORT, text, strlen(text));
        if (span) {
            dz_imported_by(name, span);
            dz_span_enter(span);
            dz_lookup_tell_places(spec);
            dz_span_leave(span);
            dz_span_close(span);
        }
    }
    PyErr_Clear();
}

/* _find_spec(name, path, target=None), by which every import comes. */
static PyObject *find(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names)
{
    struct search here = {.outer = search};
    search = &here;
    PyObject *spec = PyObject_Vectorcall(inner, args, nargsf, names);
    search = here.outer;
    dz_buf_free(&passed);
    passed = here.passed;
    found = spec;
    if (spec && spec != Py_None && PyVectorcall_NARGS(nargsf) && dz_span_is_on())
        keep_namespace(spec, args[0]);
    return spec;
}

/* ---- modules by name ---- */

static int is_project_spec(PyObject *spec)
{
    dz_autopy PyObject *keep = NULL;
    const char *origin = dz_attribute_text(spec, "origin", &keep, "");
    return *origin && dz_code_is_project(origin);
}

static int is_project_module(PyObject *module)
{
    dz_autopy PyObject *spec = PyObject_GetAttrString(module, "__spec__");
    if (spec && spec != Py_None)
        return is_project_spec(spec);
    PyErr_Clear();
    return 0;
}

static void tell_argument(PyObject *const *args, size_t nargsf)
{
    PyObject *name = PyVectorcall_NARGS(nargsf) ? args[0] : NULL;
    const char *text = name && PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : NULL;
    if (text)
        tell(DZ_FACT_MODULE, text, 0);
}

/* importlib.import_module(name, package=None) */
static PyObject *import_module(PyObject *inner, PyObject *const *args, size_t nargsf,
                               PyObject *names)
{
    PyObject *module = PyObject_Vectorcall(inner, args, nargsf, names);
    if (!dz_span_is_on())
        return module;
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    if (!module)
        tell_argument(args, nargsf);
    else if (is_project_module(module)) {
        dz_autopy PyObject *name = NULL;
        tell(DZ_FACT_MODULE, dz_attribute_text(module, "__name__", &name, ""), 0);
        if (name)
            dz_imported_use(name);
    }
    PyErr_Clear();
    PyErr_Restore(type, value, traceback);
    return module;
}

/* importlib.util.find_spec(name, package=None) */
static PyObject *find_spec(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names)
{
    PyObject *spec = PyObject_Vectorcall(inner, args, nargsf, names);
    if (spec && dz_span_is_on() && (spec == Py_None || is_project_spec(spec)))
        tell_argument(args, nargsf);
    PyErr_Clear();
    return spec;
}

void dz_lookup_unpickled(PyObject *module, PyObject *name)
{
    dz_autobuf struct dz_buf text = {0};
    const char *module_text = PyUnicode_Check(module) ? PyUnicode_AsUTF8(module) : NULL;
    const char *name_text = PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : NULL;
    dz_autopy PyObject *loaded = module_text && name_text ? PyImport_GetModule(module) : NULL;
    /* Where it is not there yet, it is imported now: whose it is, the reader finds. */
    if (module_text && name_text && (!loaded || is_project_module(loaded))) {
        dz_buf_fmt(&text, "%s:%s", module_text, name_text);
        if (dz_buf_ok(&text))
            tell(DZ_FACT_MODULE, text.data, 0);
    }
    PyErr_Clear();
}

void dz_lookup_imported(PyObject *module, PyObject *name)
{
    dz_autopy PyObject *loaded = PyImport_GetModule(module);
    dz_autobuf struct dz_buf text = {0};
    const char *module_text = PyUnicode_AsUTF8(module);
    const char *of = name && PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : NULL;
    if (module_text && loaded && is_project_module(loaded)) {
        int is_one = of && strcmp(of, "*") != 0;
        dz_buf_fmt(&text, "%s%s%s", module_text, is_one ? ":" : "", is_one ? of : "");
        if (dz_buf_ok(&text))
            tell(DZ_FACT_MODULE, text.data, 0);
    }
    PyErr_Clear();
}

/* ---- distributions ---- */

/* importlib.metadata.distribution(name) */
static PyObject *distribution(PyObject *inner, PyObject *const *args, size_t nargsf,
                              PyObject *names)
{
    PyObject *result = PyObject_Vectorcall(inner, args, nargsf, names);
    PyObject *name = PyVectorcall_NARGS(nargsf) ? args[0] : NULL;
    if (!name || !PyUnicode_Check(name) || !dz_span_is_on() ||
        (!dz_span_is_test() && dz_caller_is_pytest()))
        return result;
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    const char *text = PyUnicode_AsUTF8(name);
    if (text)
        tell(DZ_FACT_DISTRIBUTION, text, result != NULL);
    PyErr_Clear();
    PyErr_Restore(type, value, traceback);
    return result;
}

/* importlib.metadata.distributions(**kwargs): entry points come by it. Pytest's own look for plugins finds what is in
 * the key of a baseline. */
static PyObject *distributions(PyObject *inner, PyObject *const *args, size_t nargsf,
                               PyObject *names)
{
    if (dz_span_is_on() && (dz_span_is_test() || !dz_caller_is_pytest()))
        tell(DZ_FACT_DISTRIBUTION, "*", 1);
    return PyObject_Vectorcall(inner, args, nargsf, names);
}

/* ---- lines of sources ---- */

/* Tracebacks and warnings only print them. */
static int prints(const char *file)
{
    return (dz_caller_is_library(file) &&
            (ends_with(file, "/traceback.py") || ends_with(file, "/warnings.py"))) ||
           dz_caller_is_pytests(file);
}

static int passes_lines(const char *file)
{
    return ends_with(file, "/linecache.py") || ends_with(file, "/inspect.py");
}

/* linecache.getlines(filename, module_globals=None): from its cache, too. */
static PyObject *lines(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names)
{
    dz_watch_hush();
    PyObject *list = PyObject_Vectorcall(inner, args, nargsf, names);
    dz_watch_unhush();
    PyObject *file = list && PyVectorcall_NARGS(nargsf) ? args[0] : NULL;
    if (!file || !PyUnicode_Check(file) || !dz_span_is_on() || prints(dz_caller(passes_lines)))
        return list;
    const char *path = PyUnicode_AsUTF8(file);
    if (path)
        dz_path_seen(DZ_FACT_CONTENT, AT_FDCWD, path, 0, 0);
    PyErr_Clear();
    return list;
}

/* linecache.checkcache(filename=None): whether what it has is new enough. */
static PyObject *quietly(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names)
{
    dz_watch_hush();
    PyObject *result = PyObject_Vectorcall(inner, args, nargsf, names);
    dz_watch_unhush();
    return result;
}

/* ---- who is watched ---- */

static const struct dz_row rows[] = {
    {"_frozen_importlib", NULL, "_find_spec", find},
    {"_frozen_importlib_external", "FileFinder", "find_spec", find_in_folder},
    {"_frozen_importlib_external", "_LoaderBasics", "exec_module", dz_import_exec_module},
    {"functools", "cached_property", "__get__", dz_property_get},
    {"_posixsubprocess", NULL, "fork_exec", dz_child_fork_exec},
    {"os", NULL, "posix_spawn", dz_child_spawn},
    {"os", NULL, "posix_spawnp", dz_child_spawn},
    {"importlib", NULL, "import_module", import_module},
    {"importlib.util", NULL, "find_spec", find_spec},
    {"importlib.metadata", NULL, "distribution", distribution},
    {"importlib.metadata", NULL, "distributions", distributions},
    /* They list every folder of sys.path. */
    {"importlib.metadata", "FastPath", "children", quietly},
    {"importlib_metadata", "FastPath", "children", quietly},
    {"importlib_metadata", NULL, "distribution", distribution},
    {"importlib_metadata", NULL, "distributions", distributions},
    {"linecache", NULL, "getlines", lines},
    {"linecache", NULL, "checkcache", quietly},
    /* They read a variable, or all, to put back what was there. */
    {"unittest.mock", "_patch_dict", "_patch_dict", dz_environ_aside},
    {"unittest.mock", "_patch_dict", "_unpatch_dict", dz_environ_aside},
    {"mock.mock", "_patch_dict", "_patch_dict", dz_environ_aside},
    {"mock.mock", "_patch_dict", "_unpatch_dict", dz_environ_aside},
    {"_pytest.monkeypatch", "MonkeyPatch", "setitem", dz_environ_aside},
    {"_pytest.assertion.rewrite", "AssertionRewritingHook", "exec_module", dz_import_exec_module},
};
enum { N_ROWS = sizeof rows / sizeof *rows };

int dz_lookup_loaded(const char *name)
{
    return dz_rows_loaded(rows, N_ROWS, name) < 0 ? -1 : dz_library_loaded(name);
}

int dz_lookup_start(void)
{
    return dz_rows_watch(rows, N_ROWS) < 0 ? -1 : dz_library_start();
}
