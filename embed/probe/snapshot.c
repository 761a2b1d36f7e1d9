#include "snapshot.h"

#include "../log.h"

#include "../../host/base/mem.h"

#include <string.h>

enum {
    /* How far it is looked: a container or an instance is two steps, what stands in front of one (a function that encloses
     * it, a bound method) is one. */
    DEPTH = 4,
    TUPLES_DEPTH = 4,
    SIGHTS_MOST = 1 << 12, /* behind one name */
    VALUES_MOST =
        1
        << 15, /* looked at one by one; what is behind them is seen only when it is another object */
};

struct attribute {
    PyObject *name; /* owned */
    uint64_t print;
    int is_number;
};

struct dz_snapshot_name {
    PyObject *name;   /* owned */
    PyObject *object; /* borrowed, for comparing */
    uint64_t print;
    struct attribute *attributes;
    struct dz_sight *sights; /* of what holds something; what holds another comes before it */
    uint32_t n_attributes, attributes_cap, n_sights, sights_cap;
    int is_number;
};

/* ---- values ---- */

/* What the interpreter and the libraries keep there for themselves. */
static int is_nobodys(PyObject *name)
{
    static const char *const names[] = {
        "__builtins__",
        "__cached__",
        "__spec__",
        "__loader__",
        "__warningregistry__",
        "__dict__",
        "__weakref__",
        "__doc__",
        "__module__",
        "__annotations__",
        "__annotations_cache__",
        "__annotate__",
        "__annotate_func__",
        "__conditional_annotations__",
        "__slotnames__",
        "_abc_impl",
    };
    if (PyUnicode_GET_LENGTH(name) == 0)
        return 1;
    if (PyUnicode_READ_CHAR(name, 0) != '_')
        return 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (PyUnicode_CompareWithASCIIString(name, names[i]) == 0)
            return 1;
    return 0;
}

struct behind {
    struct dz_snapshot_name *of;
    PyTypeObject *type; /* whose attributes they are; NULL where they are items */
    uint64_t print;
    uint32_t n_values;
    int depth, is_unordered, is_object; /* a class or an instance, and no container */
};

/* What has been seen; a holder of 0 is none. */
static struct dz_sight add_sight(struct dz_snapshot_name *to, PyObject *object, unsigned holding)
{
    struct dz_sight sight = {0};
    if (to->n_sights == SIGHTS_MOST ||
        !dz_log_has_room(&to->sights, to->n_sights, &to->sights_cap, sizeof *to->sights) ||
        !dz_holder_see(object, holding, &sight))
        return sight;
    if (dz_holder_is_first(&sight))
        to->sights[to->n_sights++] = sight;
    else
        dz_holder_let_go(&sight);
    return sight;
}

static uint64_t look_behind(struct behind *around, PyObject *value, int depth);

static int is_told_by_property(const struct behind *behind, PyObject *name)
{
    return name && behind->type && PyUnicode_CheckExact(name) &&
           dz_is_of_property(behind->type, name);
}

static void mix_behind(void *arg, PyObject *name, PyObject *value)
{
    struct behind *behind = arg;
    if (is_told_by_property(behind, name) ||
        (behind->is_object && name && PyUnicode_CheckExact(name) && is_nobodys(name)))
        return;
    uint64_t print =
        dz_mix(name ? look_behind(behind, name, 0) : 0, look_behind(behind, value, behind->depth));
    behind->print = behind->is_unordered ? behind->print + print : dz_mix(behind->print, print);
}

/* A tuple cannot change, what it holds can. */
static uint64_t look_behind_tuple(struct behind *around, PyObject *tuple, int depth, int nesting)
{
    uint64_t print = (uint64_t)PyTuple_GET_SIZE(tuple);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple) && around->n_values < VALUES_MOST; i++) {
        PyObject *item = PyTuple_GET_ITEM(tuple, i);
        print = dz_mix(print, PyTuple_CheckExact(item) && nesting
                                  ? look_behind_tuple(around, item, depth, nesting - 1)
                                  : look_behind(around, item, depth));
        around->n_values += depth <= 0;
    }
    return print;
}

/* What a class's descriptor calls. */
static PyObject *new_function_of(PyObject *value)
{
    const char *name =
        Py_IS_TYPE(value, &PyStaticMethod_Type) || Py_IS_TYPE(value, &PyClassMethod_Type)
            ? "__func__"
        : Py_IS_TYPE(value, &PyProperty_Type) ? "fget"
                                              : NULL;
    PyObject *function = name ? PyObject_GetAttrString(value, name) : NULL;
    if (!function)
        PyErr_Clear();
    return function;
}

static int steps_of(unsigned holding)
{
    return holding & (DZ_HOLDS_VALUES | DZ_HOLDS_ONE) ? 1 : 2;
}

/* Before what it holds. What holds nothing is as what cannot hold anything. */
static uint64_t print_of_holder(PyObject *holder, PyObject *value, unsigned holding)
{
    uint64_t print = dz_value_print(value);
    Py_ssize_t size = dz_held_size(holder, holding);
    if (size)
        print = dz_mix(print, (uint64_t)size);
    return PyByteArray_Check(holder) ? dz_mix(print, dz_held_print(holder, holding)) : print;
}

/* What holds another comes before it among the sights, so it is there already when its finding is recalled. */
static int recall(struct behind *around, const struct dz_sight *sight, int depth, uint64_t *ret)
{
    struct dz_finding finding;
    if (!dz_holder_recall(sight, depth, &finding) ||
        around->n_values + finding.n_values >= VALUES_MOST)
        return 0;
    around->n_values += finding.n_values;
    *ret = finding.print;
    return 1;
}

/* Where nothing is behind what it holds, it is all that counts: attributes of a class that lies elsewhere do not. */
static void remember(const struct behind *behind, const struct dz_sight *sight, int depth,
                     uint32_t n_before)
{
    struct dz_finding finding = {.print = behind->print,
                                 .n_values = behind->n_values - n_before,
                                 .depth = (uint8_t)depth,
                                 .is_lasting = behind->depth <= 0 && !behind->type};
    if (behind->n_values < VALUES_MOST)
        dz_holder_remember(sight, &finding);
}

/* The value's print, and those of what it holds, so many steps deep. */
static uint64_t look_behind(struct behind *around, PyObject *value, int depth)
{
    if (dz_is_module(value))
        return 0;
    if (PyTuple_CheckExact(value) && around->n_values < VALUES_MOST)
        return look_behind_tuple(around, value, depth, TUPLES_DEPTH);
    dz_autopy PyObject *function = new_function_of(value);
    PyObject *holder = function ? function : value;
    unsigned holding = depth > 0 && ++around->n_values < VALUES_MOST ? dz_holding(holder) : 0;
    if (!holding)
        return dz_value_print(value);
    struct dz_sight sight = add_sight(around->of, holder, holding);
    uint64_t known;
    if (holder == value && recall(around, &sight, depth, &known))
        return known;
    struct behind behind = {.of = around->of,
                            .type = holding == DZ_HOLDS_ATTRIBUTES ? Py_TYPE(holder) : NULL,
                            .print = print_of_holder(holder, value, holding),
                            .n_values = around->n_values,
                            .depth = depth - steps_of(holding),
                            .is_unordered = PySet_Check(holder),
                            .is_object =
                                holding == DZ_HOLDS_MEMBERS || holding == DZ_HOLDS_ATTRIBUTES};
    dz_held_each(holder, holding, mix_behind, &behind);
    if (holder == value)
        remember(&behind, &sight, depth, around->n_values);
    around->n_values = behind.n_values;
    return behind.print;
}

/* ---- names ---- */

static int is_element(PyObject *name, PyObject *value)
{
    return name && PyUnicode_CheckExact(name) && !dz_is_module(value) && !is_nobodys(name);
}

static void add_attribute(void *arg, PyObject *name, PyObject *value)
{
    struct behind *behind = arg;
    struct dz_snapshot_name *to = behind->of;
    if (!is_element(name, value) || is_told_by_property(behind, name) ||
        !dz_log_has_room(&to->attributes, to->n_attributes, &to->attributes_cap,
                         sizeof *to->attributes))
        return;
    uint64_t print = look_behind(behind, value, DEPTH - 2);
    to->attributes[to->n_attributes++] =
        (struct attribute){Py_NewRef(name), print, dz_is_number(value)};
}

static void look_at(struct dz_snapshot_name *new, PyObject *value)
{
    enum { OWN_ELEMENTS = DZ_HOLDS_MEMBERS | DZ_HOLDS_ATTRIBUTES };
    struct behind behind = {.of = new, .depth = DEPTH, .is_unordered = PySet_Check(value)};
    unsigned holding = dz_holding(value);
    dz_holders_begin_list();
    if (!(holding & OWN_ELEMENTS)) {
        new->print = look_behind(&behind, value, DEPTH);
        return;
    }
    add_sight(new, value, holding);
    behind.print = print_of_holder(value, value, holding);
    behind.depth = DEPTH - 2;
    dz_held_each(value, holding & ~(unsigned)OWN_ELEMENTS, mix_behind, &behind);
    new->print = behind.print;
    behind.type = holding & DZ_HOLDS_ATTRIBUTES ? Py_TYPE(value) : NULL;
    dz_held_each(value, holding & OWN_ELEMENTS, add_attribute, &behind);
}

static void cut_attributes(struct dz_snapshot_name *name)
{
    uint32_t n = name->n_attributes;
    struct attribute *cut =
        n && n < name->attributes_cap ? dz_realloc(name->attributes, n * sizeof *cut) : NULL;
    if (!cut)
        return;
    name->attributes = cut;
    name->attributes_cap = n;
}

static struct dz_snapshot_name look(PyObject *name, PyObject *value)
{
    struct dz_snapshot_name new = {
        .name = Py_NewRef(name), .object = value, .is_number = dz_is_number(value)};
    look_at(&new, value);
    dz_sights_cut(&new.sights, new.n_sights, &new.sights_cap);
    cut_attributes(&new);
    return new;
}

static void free_name(struct dz_snapshot_name *name)
{
    for (uint32_t i = 0; i < name->n_sights; i++)
        dz_holder_let_go(&name->sights[i]);
    for (uint32_t i = 0; i < name->n_attributes; i++)
        Py_DECREF(name->attributes[i].name);
    Py_DECREF(name->name);
    dz_free(name->attributes);
    dz_free(name->sights);
}

static int stands(const struct dz_snapshot_name *name)
{
    return dz_sights_stand(name->sights, name->n_sights);
}

/* ---- comparing ---- */

struct telling {
    dz_changed *changed;
    void *arg;
    int n;
};

static void tell(struct telling *telling, PyObject *name, PyObject *attribute, int is_number)
{
    telling->n++;
    if (telling->changed)
        telling->changed(telling->arg, name, attribute, is_number);
}

/* Mostly they are in the same order: from where the last one was found. */
static const struct attribute *find_attribute(const struct dz_snapshot_name *in, PyObject *name,
                                              uint32_t *from)
{
    for (uint32_t i = 0; i < in->n_attributes; i++) {
        uint32_t at = (*from + i) % in->n_attributes;
        if (PyUnicode_Compare(in->attributes[at].name, name) == 0) {
            *from = at + 1;
            return &in->attributes[at];
        }
    }
    return NULL;
}

static void compare_attributes(const struct dz_snapshot_name *before,
                               const struct dz_snapshot_name *now, struct telling *telling)
{
    uint32_t from = 0;
    for (uint32_t i = 0; i < now->n_attributes; i++) {
        const struct attribute *new = &now->attributes[i];
        const struct attribute *old = find_attribute(before, new->name, &from);
        if (!old || old->print != new->print)
            tell(telling, now->name, new->name, old && old->is_number && new->is_number);
    }
    from = 0;
    for (uint32_t i = 0; i < before->n_attributes; i++)
        if (!find_attribute(now, before->attributes[i].name, &from))
            tell(telling, now->name, before->attributes[i].name, 0);
}

/* A name that stands for another object speaks for all that is behind it. */
static void compare(const struct dz_snapshot_name *before, const struct dz_snapshot_name *now,
                    struct telling *telling)
{
    if (before->print != now->print)
        tell(telling, now->name, NULL, before->is_number && now->is_number);
    else
        compare_attributes(before, now, telling);
}

static void look_again(struct dz_snapshot_name *name, PyObject *value, struct telling *telling)
{
    struct dz_snapshot_name now = look(name->name, value);
    compare(name, &now, telling);
    free_name(name);
    *name = now;
}

/* ---- the dict ---- */

static void add_module(struct dz_snapshot *to, PyObject *module)
{
    if (dz_log_has_room(&to->modules, to->n_modules, &to->modules_cap, sizeof *to->modules))
        to->modules[to->n_modules++] = module;
}

/* Takes it over from the old ones. */
static int take_name(struct dz_snapshot *old, PyObject *name, uint32_t *from,
                     struct dz_snapshot_name *ret)
{
    for (uint32_t i = 0; i < old->n_names; i++) {
        struct dz_snapshot_name *found = &old->names[(*from + i) % old->n_names];
        if (found->name && PyUnicode_Compare(found->name, name) == 0) {
            *from = (uint32_t)(found - old->names) + 1;
            *ret = *found;
            found->name = NULL;
            return 1;
        }
    }
    return 0;
}

static struct dz_snapshot_name renewed(struct dz_snapshot *old, PyObject *name, PyObject *value,
                                       uint32_t *from, struct telling *telling)
{
    struct dz_snapshot_name now;
    if (!take_name(old, name, from, &now)) {
        now = look(name, value);
        tell(telling, name, NULL, 0);
    } else if (now.object != value || !stands(&now))
        look_again(&now, value, telling);
    return now;
}

static void tell_gone(struct dz_snapshot *old, struct telling *telling)
{
    for (uint32_t i = 0; i < old->n_names; i++)
        if (old->names[i].name)
            tell(telling, old->names[i].name, NULL, 0);
}

static void renew_dict(struct dz_snapshot *snapshot, PyObject *names, struct telling *telling)
{
    struct dz_snapshot now = {.print = dz_names_print(names), .trail = snapshot->trail};
    snapshot->trail = (struct dz_trail){0};
    PyObject *name, *value;
    Py_ssize_t at = 0;
    uint32_t from = 0;
    while (PyDict_Next(names, &at, &name, &value))
        if (dz_is_module(value))
            add_module(&now, value);
        else if (is_element(name, value) &&
                 dz_log_has_room(&now.names, now.n_names, &now.names_cap, sizeof *now.names))
            now.names[now.n_names++] = renewed(snapshot, name, value, &from, telling);
    tell_gone(snapshot, telling);
    dz_snapshot_free(snapshot);
    *snapshot = now;
}

static void renew_names(struct dz_snapshot *snapshot, struct telling *telling)
{
    for (uint32_t i = 0; i < snapshot->n_names; i++)
        if (!stands(&snapshot->names[i]))
            look_again(&snapshot->names[i], snapshot->names[i].object, telling);
}

static void renew_trail(struct dz_snapshot *snapshot)
{
    dz_trail_begin(&snapshot->trail);
    for (uint32_t i = 0; i < snapshot->n_names; i++)
        dz_trail_add(&snapshot->trail, snapshot->names[i].sights, snapshot->names[i].n_sights);
    dz_trail_end(&snapshot->trail);
}

int dz_snapshot_renew(struct dz_snapshot *snapshot, PyObject *names, dz_changed *changed, void *arg)
{
    struct telling telling = {changed, arg, 0};
    if (dz_names_print(names) != snapshot->print)
        renew_dict(snapshot, names, &telling);
    else if (!dz_trail_stands(&snapshot->trail))
        renew_names(snapshot, &telling);
    else
        return 0;
    renew_trail(snapshot);
    return telling.n;
}

static int has_heir(const struct dz_sight *sights, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (dz_holder_is_heir(&sights[i]))
            return 1;
    return 0;
}

void dz_snapshot_each_heir(const struct dz_snapshot *snapshot,
                           void (*each)(void *arg, PyObject *name), void *arg)
{
    if (!has_heir(snapshot->trail.sights, snapshot->trail.n))
        return;
    for (uint32_t i = 0; i < snapshot->n_names; i++)
        if (has_heir(snapshot->names[i].sights, snapshot->names[i].n_sights))
            each(arg, snapshot->names[i].name);
}

int dz_snapshot_renew_value(struct dz_snapshot *snapshot, PyObject *value)
{
    struct telling telling = {0};
    if (!snapshot->n_names) {
        if (dz_log_has_room(&snapshot->names, 0, &snapshot->names_cap, sizeof *snapshot->names))
            snapshot->names[snapshot->n_names++] = look(Py_None, value);
    } else if (!stands(&snapshot->names[0]))
        look_again(&snapshot->names[0], value, &telling);
    return telling.n;
}

void dz_snapshot_free(struct dz_snapshot *snapshot)
{
    for (uint32_t i = 0; i < snapshot->n_names; i++)
        if (snapshot->names[i].name)
            free_name(&snapshot->names[i]);
    dz_free(snapshot->names);
    dz_trail_free(&snapshot->trail);
    dz_free(snapshot->modules);
    *snapshot = (struct dz_snapshot){0};
}
