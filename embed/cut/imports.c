/* What import statements bind, and what they name: each alias is one, as if its statement had no other. */
#include "nodes.h"
#include "walk.h"

#include "../../host/base/mem.h"

#include <string.h>

static uint32_t joined(struct dz_walk *walk, uint32_t module, uint32_t name)
{
    dz_autobuf struct dz_buf dotted = {0};
    const struct dz_names *names = &walk->draft->names;
    dz_buf_fmt(&dotted, "%s.%s", dz_name_text(names, module), dz_name_text(names, name));
    return dz_buf_ok(&dotted) ? dz_names_add(&walk->draft->names, dotted.data, dotted.len) : 0;
}

static uint32_t first_part(struct dz_walk *walk, uint32_t dotted)
{
    const char *text = dz_name_text(&walk->draft->names, dotted);
    dz_autobuf struct dz_buf part = {0};
    dz_buf_put(&part, text, strcspn(text, "."));
    return dz_buf_ok(&part) ? dz_names_add(&walk->draft->names, part.data, part.len) : 0;
}

/* Naming a module or what is in it says the same as an attribute of that name; an alias goes on to say so. */
static uint32_t mention(struct dz_walk *walk, uint32_t dotted, int is_module)
{
    uint32_t flags = 0;
    const char *text = dz_name_text(&walk->draft->names, dotted);
    dz_autobuf struct dz_buf all = {0};
    dz_buf_str(&all, text);
    dz_buf_put(&all, "", 1);
    for (char *part = all.data; dz_buf_ok(&all) && part && *part;) {
        size_t size = strcspn(part, ".");
        uint32_t name = dz_names_add(&walk->draft->names, part, size);
        if (!dz_draft_ok(walk->draft))
            return 0;
        const struct dz_name *row = dz_name_at(&walk->draft->names, name);
        flags |= is_module ? row->dotted_flags : row->flags;
        dz_draft_use(walk->draft, DZ_USE_ATTRIBUTE, name, DZ_READ_VALUE);
        part = part[size] ? part + size + 1 : NULL;
    }
    return flags;
}

struct imported {
    uint32_t module, name, bound, level, line;
};

/* By its name alone: a project's module of that name is not known here. */
static int is_standard(struct dz_walk *walk, uint32_t module)
{
    PyObject *all = PySys_GetObject("stdlib_module_names");
    const char *text = dz_name_text(&walk->draft->names, module);
    dz_autopy PyObject *first = PyUnicode_FromStringAndSize(text, (Py_ssize_t)strcspn(text, "."));
    int is = all && first ? PySequence_Contains(all, first) : 0;
    PyErr_Clear();
    return is == 1;
}

static void put_import(struct dz_walk *walk, const struct imported *imported, int is_star)
{
    struct dz_draft *draft = walk->draft;
    struct dz_import row = {.element = draft->innermost,
                            .module = dz_draft_string(draft, imported->module),
                            .name = DZ_NONE,
                            .bound = DZ_NONE,
                            .level = imported->level,
                            .line = imported->line};
    if (imported->name != DZ_NONE && !is_star)
        row.name = dz_draft_string(draft, imported->name);
    if (!is_star)
        row.bound = dz_draft_string(draft, imported->bound);
    row.flags = (imported->name != DZ_NONE ? DZ_IMPORT_FROM : 0) | (is_star ? DZ_IMPORT_STAR : 0) |
                (walk->typing ? DZ_IMPORT_TYPING : 0) | (walk->branches ? DZ_IMPORT_MAYBE : 0) |
                (!imported->level && is_standard(walk, imported->module) ? DZ_IMPORT_STANDARD : 0);
    dz_buf_put(&draft->imports, &row, sizeof row);
}

static void bind_import(struct dz_walk *walk, const struct imported *imported, uint32_t dotted,
                        uint32_t flags)
{
    dz_scope_bind(walk, imported->bound, DZ_BIND_IMPORT);
    struct dz_name *bound = dz_name_at(&walk->draft->names, imported->bound);
    bound->flags |= flags;
    if (walk->scope->kind == DZ_SCOPE_MODULE && imported->level == 0)
        bound->dotted = dotted;
}

static void take_import(struct dz_walk *walk, struct imported imported, PyObject *as)
{
    struct dz_draft *draft = walk->draft;
    int is_from = imported.name != DZ_NONE;
    int is_star = is_from && strcmp(dz_name_text(&draft->names, imported.name), "*") == 0;
    uint32_t dotted = is_from ? joined(walk, imported.module, imported.name) : imported.module;
    if (as != Py_None)
        imported.bound = dz_walk_name(walk, as);
    else
        imported.bound = is_from ? imported.name : (dotted = first_part(walk, dotted));
    if (!dz_draft_ok(draft))
        return;
    if (walk->quoting) {
        /* A copy: the names move when there are more of them. */
        dz_auto char *text = dz_strdup(dz_name_text(&draft->names, dotted));
        dz_words_put(walk, text ? text + strspn(text, ".") : "");
        return;
    }
    uint32_t flags =
        mention(walk, imported.module, 1) | (is_from ? mention(walk, imported.name, 0) : 0);
    if (!dz_draft_ok(draft))
        return;
    put_import(walk, &imported, is_star);
    if (is_star) {
        walk->flags |= DZ_IS_STAR;
        walk->star = imported.module;
    } else if (dz_draft_ok(draft))
        bind_import(walk, &imported, dotted, flags);
}

static uint32_t module_of(struct dz_walk *walk, PyObject *node)
{
    dz_autopy PyObject *module = dz_field(node, "module");
    return module == Py_None ? dz_names_add(&walk->draft->names, "", 0)
                             : dz_walk_name(walk, module);
}

/* One alias of an import statement: hashed as if the statement had no other. */
int dz_walk_alias(struct dz_walk *walk, PyObject *node, PyObject *alias)
{
    int is_from = dz_is_node(node, DZ_NODE_ImportFrom);
    struct imported imported = {.name = DZ_NONE, .line = (uint32_t)dz_line(alias)};
    dz_autopy PyObject *name = dz_field(alias, "name"), *as = dz_field(alias, "asname");
    dz_walk_put_number(walk, dz_node_of(node)->tag);
    if (is_from) {
        dz_autopy PyObject *level = dz_field(node, "level");
        long number = PyLong_Check(level) ? PyLong_AsLong(level) : 0;
        imported.level = number > 0 && number < 1000 ? (uint32_t)number : 0;
        imported.module = module_of(walk, node);
        imported.name = dz_walk_name(walk, name);
        dz_walk_put_number(walk, imported.level);
        dz_walk_put_name(walk, imported.module);
    } else {
        imported.module = dz_walk_name(walk, name);
    }
    dz_walk_put_name(walk, dz_walk_name(walk, name));
    if (dz_walk_any(walk, as) < 0)
        return -1;
    if (dz_draft_ok(walk->draft))
        take_import(walk, imported, as);
    return 0;
}

int dz_walk_import(struct dz_walk *walk, PyObject *node)
{
    dz_autopy PyObject *names = dz_field(node, "names");
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(names); i++)
        if (dz_walk_alias(walk, node, PyList_GET_ITEM(names, i)) < 0)
            return -1;
    return 0;
}
