#include "state.h"

#include "../log.h"
#include "../span.h"
#include "code.h"
#include "modules.h"
#include "value.h"

#include "../../host/base/mem.h"

#include <stdio.h>
#include <string.h>

/* ---- changes ---- */

/* A change, to be told when all has been looked at. */
struct change {
    PyObject *module;    /* owned, as all here */
    PyObject *name;      /* of it */
    PyObject *attribute; /* or NULL */
    int is_number;
};

/* Not on the stack, which a forked child or a switch of greenlets leaves to others. */
struct dz_import {
    PyObject *name; /* owned */
    struct dz_import *outer;
};

static struct {
    struct change *changes;
    uint32_t n, cap;
    uint32_t round;
    struct dz_import *importing; /* of all threads */
    PyObject **used; /* modules imported in the base span; borrowed, never to be looked into */
    uint32_t n_used, used_cap;
} state;

static void note(void *module, PyObject *name, PyObject *attribute, int is_number)
{
    if (dz_log_has_room(&state.changes, state.n, &state.cap, sizeof *state.changes))
        state.changes[state.n++] =
            (struct change){Py_NewRef(module), Py_NewRef(name), Py_XNewRef(attribute), is_number};
}

struct telling {
    const struct change *change;
    PyObject *module;
    int to_base; /* too */
};

static void tell(void *arg, PyObject *name)
{
    const struct telling *telling = arg;
    PyObject *attribute = telling->change->attribute;
    char text[4096];
    const char *path = dz_project_file(telling->module), *spelled = PyUnicode_AsUTF8(name);
    const char *member = attribute ? PyUnicode_AsUTF8(attribute) : "";
    int n = path && spelled && member ? snprintf(text, sizeof text, "%s::%s%s%s", path, spelled,
                                                 attribute ? "." : "", member)
                                      : -1;
    PyErr_Clear();
    if (n < 0 || n >= (int)sizeof text) {
        static const char what[] = "a name whose change cannot be told";
        dz_span_fact(DZ_FACT_BLIND, what, strlen(what), 0);
        return;
    }
    dz_span_fact(DZ_FACT_WROTE, text, (size_t)n, (uint64_t)telling->change->is_number);
    if (telling->to_base)
        dz_span_fact_of_base(DZ_FACT_WROTE, text, (size_t)n, (uint64_t)telling->change->is_number);
}

/* What a class has, its subclasses have, and the instances of all these. */
static void tell_heirs(struct telling *telling, PyObject *class)
{
    if (!dz_holders_find_heirs((PyTypeObject *)class))
        return;
    for (uint32_t i = 0; i < dz_modules(); i++) {
        struct dz_module *module = dz_module_at(i);
        telling->module = dz_module_peek(module);
        if (telling->module)
            dz_snapshot_each_heir(&module->snapshot, tell, telling);
    }
}

static void tell_change(const struct change *change, int to_base)
{
    struct telling telling = {change, change->module, to_base};
    tell(&telling, change->name);
    PyObject *value = change->attribute
                          ? PyDict_GetItemWithError(PyModule_GetDict(change->module), change->name)
                          : NULL;
    if (value && PyType_Check(value))
        tell_heirs(&telling, value);
}

static void tell_changes(int to_base)
{
    for (uint32_t i = 0; i < state.n; i++) {
        struct change *change = &state.changes[i];
        tell_change(change, to_base);
        Py_DECREF(change->module);
        Py_DECREF(change->name);
        Py_XDECREF(change->attribute);
    }
    state.n = 0;
}

/* ---- looking ---- */

static int is_importing(const struct dz_module *module)
{
    for (struct dz_import *import = state.importing; import; import = import->outer)
        if (import->name && PyUnicode_Compare(import->name, module->name) == 0)
            return 1;
    return 0;
}

/* Whether something has changed. */
static int look_at(struct dz_module *module)
{
    PyObject *object = module->round == state.round ? NULL : dz_module_peek(module);
    module->round = state.round;
    dz_changed *changed = is_importing(module) ? NULL : note;
    int n = object ? dz_snapshot_renew(&module->snapshot, module->dict, changed, object) : 0;
    return changed ? n : 0;
}

static int look_from(struct dz_module *module);

/* Also those in a package that is named: package.module.NAME. */
static int look_around(struct dz_module *module)
{
    if (module->named_round == state.round)
        return 0;
    module->named_round = state.round;
    int n = look_at(module);
    for (uint32_t i = 0; i < module->snapshot.n_modules; i++) {
        struct dz_module *named = dz_module_find(module->snapshot.modules[i]);
        if (named && dz_module_peek(named))
            n += look_from(named);
    }
    return n;
}

static int look_from(struct dz_module *module)
{
    return module->is_package ? look_around(module) : look_at(module);
}

static int look_at_used(void)
{
    int n = 0;
    for (uint32_t i = 0; i < state.n_used; i++) {
        struct dz_module *used = dz_module_find(state.used[i]);
        if (used && dz_module_peek(used))
            n += look_from(used);
    }
    return n;
}

static int look_at_file(uint32_t file)
{
    int n = 0;
    for (uint32_t i = dz_module_of_file(file); i; i = dz_module_at(i - 1)->same_file)
        n += look_around(dz_module_at(i - 1));
    return n;
}

static void look_at_all(void)
{
    for (uint32_t i = 0; i < dz_modules(); i++)
        look_at(dz_module_at(i));
}

static void look(const struct dz_bits *ran, int to_base)
{
    uint32_t last = 0;
    state.round++;
    int n = look_at_used();
    for (uint32_t code = 0; (code = dz_bits_next(ran, code)) != UINT32_MAX; code++) {
        uint32_t file = dz_code_file(code);
        if (file && file != last)
            n += look_at_file(file);
        last = file;
    }
    /* What has changed may have other names elsewhere. */
    if (n)
        look_at_all();
    tell_changes(to_base);
}

/* ---- spans ---- */

static void forget_used(void)
{
    for (uint32_t i = 0; i < state.n_used; i++) {
        struct dz_module *used = dz_module_find(state.used[i]);
        if (used)
            used->is_used = 0;
    }
    state.n_used = 0;
}

void dz_state_use(PyObject *name)
{
    PyObject *object =
        PyUnicode_CheckExact(name) ? PyDict_GetItemWithError(PyImport_GetModuleDict(), name) : NULL;
    struct dz_module *module = object ? dz_module_find(object) : NULL;
    if (!module || module->is_used ||
        !dz_log_has_room(&state.used, state.n_used, &state.used_cap, sizeof *state.used))
        return;
    module->is_used = 1;
    state.used[state.n_used++] = object;
}

void dz_state_tell(const struct dz_bits *ran)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    dz_holders_begin_round();
    dz_modules_refresh(0);
    look(ran, 0);
    forget_used();
    dz_values_tell();
    PyErr_Restore(type, value, traceback);
}

static void settle_one(struct dz_module *module)
{
    if (dz_module_peek(module))
        dz_snapshot_renew(&module->snapshot, module->dict, NULL, NULL);
}

void dz_state_settle(void)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    dz_holders_begin_round();
    dz_modules_refresh(0);
    for (uint32_t i = 0; i < dz_modules(); i++)
        settle_one(dz_module_at(i));
    forget_used();
    PyErr_Restore(type, value, traceback);
}

struct dz_import *dz_state_importing(PyObject *spec)
{
    struct dz_import *import = dz_alloc(sizeof *import);
    if (!import) {
        dz_log_give_up();
        return NULL;
    }
    import->name = PyObject_GetAttrString(spec, "name");
    if (import->name && !PyUnicode_CheckExact(import->name))
        Py_CLEAR(import->name);
    PyErr_Clear();
    import->outer = state.importing;
    state.importing = import;
    return import;
}

static void take_out(struct dz_import *import)
{
    struct dz_import **at = &state.importing;
    while (*at != import)
        at = &(*at)->outer;
    *at = import->outer;
}

static void take_as_it_is(PyObject *name)
{
    PyObject *object = name ? PyDict_GetItemWithError(PyImport_GetModuleDict(), name) : NULL;
    struct dz_module *module = object ? dz_module_find(object) : NULL;
    if (module)
        settle_one(module);
}

void dz_state_imported(struct dz_import *import, const struct dz_bits *ran)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    dz_holders_begin_round();
    dz_modules_refresh(1);
    take_out(import);
    take_as_it_is(import->name);
    Py_CLEAR(import->name);
    dz_free(import);
    look(ran, dz_span_is_test());
    PyErr_Restore(type, value, traceback);
}
