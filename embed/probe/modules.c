#include "modules.h"

#include "../log.h"
#include "../names.h"

#include "../../host/base/mem.h"

#include <string.h>

static struct {
    struct dz_module *modules;
    uint32_t n, cap;
    uint32_t *by_file; /* index + 1, by the name's number */
    uint32_t n_files;
    uint32_t *by_object; /* index + 1; hashed by address */
    uint32_t mask;
    uint64_t looked_at; /* what sys.modules was when we looked through it */
} state;

/* Where dicts have no version, what comes while something else goes is seen when a module is imported. */
static uint64_t modules_now(void)
{
#if DZ_DICT_HAS_VERSION
    return dz_dict_version(PyImport_GetModuleDict());
#else
    return (uint64_t)PyDict_GET_SIZE(PyImport_GetModuleDict());
#endif
}

PyObject *dz_module_peek(const struct dz_module *module)
{
    if (DZ_DICT_HAS_VERSION && modules_now() == state.looked_at)
        return module->object;
    PyObject *object = PyDict_GetItemWithError(PyImport_GetModuleDict(), module->name);
    return object == module->object ? object : NULL;
}

static void drop(struct dz_module *module)
{
    Py_CLEAR(module->name);
    dz_snapshot_free(&module->snapshot);
    *module = state.modules[--state.n];
}

static void drop_gone(void)
{
    for (uint32_t i = state.n; i > 0; i--)
        if (!dz_module_peek(&state.modules[i - 1]))
            drop(&state.modules[i - 1]);
}

static uint32_t *slot_of(PyObject *object)
{
    uint32_t at = (uint32_t)dz_mix(0, (uintptr_t)object) & state.mask;
    while (state.by_object[at] && state.modules[state.by_object[at] - 1].object != object)
        at = (at + 1) & state.mask;
    return &state.by_object[at];
}

struct dz_module *dz_module_find(PyObject *object)
{
    uint32_t index = state.by_object ? *slot_of(object) : 0;
    return index ? &state.modules[index - 1] : NULL;
}

static void add(PyObject *name, PyObject *object)
{
    const char *path = dz_project_file(object);
    if (!path || !dz_log_has_room(&state.modules, state.n, &state.cap, sizeof *state.modules))
        return;
    struct dz_module *module = &state.modules[state.n++];
    *module = (struct dz_module){
        .name = Py_NewRef(name), .object = object, .dict = PyModule_GetDict(object)};
    module->file = dz_name(path, strlen(path));
    module->is_package = PyDict_GetItemString(module->dict, "__path__") != NULL;
    dz_snapshot_renew(&module->snapshot, module->dict, NULL, NULL);
}

/* Both tables anew. 0 when there is no memory: then nothing is found. */
static int index_all(void)
{
    uint32_t size = 64, n_files = dz_names() + 1;
    while (size < 2 * state.n)
        size *= 2;
    dz_free(state.by_object);
    dz_free(state.by_file);
    state.by_object = dz_alloc(size * sizeof *state.by_object);
    state.by_file = dz_alloc(n_files * sizeof *state.by_file);
    state.mask = size - 1;
    state.n_files = state.by_file ? n_files : 0;
    if (!state.by_object || !state.by_file) {
        dz_log_give_up();
        return 0;
    }
    for (uint32_t i = 0; i < state.n; i++) {
        struct dz_module *module = &state.modules[i];
        *slot_of(module->object) = i + 1;
        module->same_file = state.by_file[module->file];
        state.by_file[module->file] = i + 1;
    }
    return 1;
}

void dz_modules_refresh(int for_sure)
{
    PyObject *modules = PyImport_GetModuleDict(), *name, *object;
    if (!for_sure && modules_now() == state.looked_at)
        return;
    state.looked_at = 0;
    drop_gone();
    if (!index_all())
        return;
    Py_ssize_t at = 0;
    uint32_t n = state.n;
    while (PyDict_Next(modules, &at, &name, &object))
        if (PyUnicode_CheckExact(name) && dz_is_module(object) && !dz_module_find(object))
            add(name, object);
    if (state.n != n)
        index_all();
    state.looked_at = modules_now();
}

uint32_t dz_modules(void)
{
    return state.n;
}

struct dz_module *dz_module_at(uint32_t index)
{
    return &state.modules[index];
}

uint32_t dz_module_of_file(uint32_t file)
{
    return file < state.n_files ? state.by_file[file] : 0;
}
