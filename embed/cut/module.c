/* The module's statements: each is an element, a binding or an effect. */
#include "definition.h"

#include "nodes.h"

#include <string.h>

/* ---- the module's statements ---- */

static const char *compound_name(enum dz_node_kind kind)
{
    switch (kind) {
    case DZ_NODE_If:
        return "if";
    case DZ_NODE_Try:
    case DZ_NODE_TryStar:
        return "try";
    case DZ_NODE_For:
        return "for";
    case DZ_NODE_While:
        return "while";
    case DZ_NODE_With:
        return "with";
    case DZ_NODE_Match:
        return "match";
    default:
        return NULL;
    }
}

/* The first name that it binds. */
static uint32_t first_bound(struct dz_walk *walk, struct dz_open open)
{
    for (size_t i = open.uses_at; i < dz_draft_n_uses(walk->draft); i++)
        if (dz_draft_use_at(walk->draft, i)->type == DZ_USE_BIND)
            return dz_draft_use_at(walk->draft, i)->id;
    return DZ_NONE;
}

static void put_chain(struct dz_walk *walk, uint32_t number, struct dz_buf *to)
{
    const struct dz_link_of_chain *chain = dz_chain_at(&walk->draft->names, number);
    if (chain->parent != DZ_NONE) {
        put_chain(walk, chain->parent, to);
        dz_buf_str(to, ".");
    }
    dz_buf_str(to, dz_name_text(&walk->draft->names, chain->name));
}

/* What it does first to something: calls it or stores into it; else the first that it reads. */
static uint32_t first_used(struct dz_walk *walk, struct dz_open open)
{
    uint32_t found = DZ_NONE;
    for (size_t i = open.uses_at; i < dz_draft_n_uses(walk->draft); i++) {
        const struct dz_use *use = dz_draft_use_at(walk->draft, i);
        if (use->type != DZ_USE_READ)
            continue;
        if (use->mode & (DZ_READ_CALLED | DZ_READ_STORED | DZ_READ_ITEM))
            return use->id;
        if (found == DZ_NONE)
            found = use->id;
    }
    return found;
}

static uint32_t name_star(struct dz_walk *walk)
{
    dz_autobuf struct dz_buf name = {0};
    dz_buf_fmt(&name, "<%s.*>", dz_name_text(&walk->draft->names, walk->star));
    return dz_buf_ok(&name) ? dz_names_add(&walk->draft->names, name.data, name.len) : 0;
}

/* Such that what is put before it does not change its name: by what it binds, else by what it does. */
static uint32_t name_statement(struct dz_walk *walk, struct dz_open open, enum dz_node_kind kind)
{
    const char *compound = compound_name(kind);
    uint32_t bound = first_bound(walk, open), used = first_used(walk, open);
    if (walk->flags & DZ_IS_STAR && !compound)
        return name_star(walk);
    if (bound != DZ_NONE && !compound)
        return bound;
    dz_autobuf struct dz_buf name = {0};
    dz_buf_fmt(&name, "<%s", compound ? compound : "");
    if (compound && (bound != DZ_NONE || used != DZ_NONE))
        dz_buf_str(&name, " ");
    if (bound != DZ_NONE)
        dz_buf_str(&name, dz_name_text(&walk->draft->names, bound));
    else if (used != DZ_NONE)
        put_chain(walk, used, &name);
    else if (!compound)
        dz_buf_str(&name, "statement");
    dz_buf_str(&name, ">");
    return dz_buf_ok(&name) ? dz_names_add(&walk->draft->names, name.data, name.len) : 0;
}

static int is_definition(enum dz_node_kind kind)
{
    return kind == DZ_NODE_FunctionDef || kind == DZ_NODE_AsyncFunctionDef ||
           kind == DZ_NODE_ClassDef;
}

static void finish_statement(struct dz_walk *walk, struct dz_open open, enum dz_node_kind kind,
                             uint32_t why)
{
    if (!dz_draft_ok(walk->draft))
        return;
    int is_import = kind == DZ_NODE_Import || kind == DZ_NODE_ImportFrom;
    uint32_t name = is_definition(kind) ? walk->last_name : name_statement(walk, open, kind);
    uint32_t k = is_definition(kind) ? walk->last_k : dz_next_k(walk, name);
    uint32_t string = dz_draft_string(walk->draft, name);
    if (!dz_draft_ok(walk->draft))
        return;
    struct dz_element *element = dz_draft_element(walk->draft, open.element);
    element->kind = why ? DZ_EFFECT : DZ_BINDING;
    element->name = string;
    element->k = k;
    element->why = why;
    element->flags |= walk->flags | (is_import ? DZ_IS_IMPORT : 0) |
                      (is_definition(kind) ? DZ_IS_DEF : 0) |
                      (compound_name(kind) ? DZ_IS_COMPOUND : 0);
}

/* node is a statement, or with an import one of its aliases. */
static int cut_statement(struct dz_walk *walk, PyObject *node, PyObject *alias)
{
    enum dz_node_kind kind = dz_node_of(node)->kind;
    PyObject *whole = alias ? alias : node;
    struct dz_definition lines = {.node = node,
                                  .name = 0,
                                  .k = 1,
                                  .first_line = (uint32_t)dz_first_line(whole),
                                  .last_line = (uint32_t)dz_end_line(whole)};
    uint32_t why = 0;
    struct dz_open open = dz_open_element(walk, DZ_BINDING, &lines);
    walk->statement = open.element;
    walk->why = walk->why_of_all = &why;
    walk->flags = kind == DZ_NODE_If ? dz_walk_never(node) : 0;
    if (dz_draft_ok(walk->draft))
        dz_draft_element(walk->draft, open.element)->statement = open.element;
    int r = alias ? dz_walk_alias(walk, node, alias) : dz_walk_any(walk, node);
    walk->why = NULL;
    finish_statement(walk, open, kind, why);
    dz_draft_close(walk->draft, open, DZ_CLOSE_LATER, 1);
    walk->statement = DZ_NONE;
    return r;
}

static int cut_import(struct dz_walk *walk, PyObject *node)
{
    dz_autopy PyObject *names = dz_field(node, "names");
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(names); i++)
        if (cut_statement(walk, node, PyList_GET_ITEM(names, i)) < 0)
            return -1;
    return 0;
}

/* `pass`, `...` and strings that document nothing do nothing. */
static int is_idle(PyObject *node)
{
    if (dz_is_node(node, DZ_NODE_Pass))
        return 1;
    dz_autopy PyObject *value = dz_is_node(node, DZ_NODE_Expr) ? dz_field(node, "value") : NULL;
    return value && dz_is_node(value, DZ_NODE_Constant);
}

static int cut_statements(struct dz_walk *walk, PyObject *body, Py_ssize_t from)
{
    for (Py_ssize_t i = from; i < PyList_GET_SIZE(body); i++) {
        PyObject *node = PyList_GET_ITEM(body, i);
        int is_import = dz_is_node(node, DZ_NODE_Import) || dz_is_node(node, DZ_NODE_ImportFrom);
        if (is_idle(node))
            continue;
        if (is_import ? cut_import(walk, node) < 0 : cut_statement(walk, node, NULL) < 0)
            return -1;
        if (!dz_draft_ok(walk->draft)) {
            PyErr_NoMemory();
            return -1;
        }
    }
    return 0;
}

/* ---- the module ---- */

/* Those that change how the rest is compiled; the others have been so for all since Python 3. */
static void take_feature(struct dz_walk *walk, const char *name)
{
    static const char *const old[] = {"nested_scopes",    "generators",     "division",
                                      "absolute_import",  "with_statement", "print_function",
                                      "unicode_literals", "generator_stop"};
    for (size_t i = 0; i < sizeof old / sizeof *old; i++)
        if (strcmp(old[i], name) == 0)
            return;
    if (strcmp(name, "annotations") == 0)
        walk->is_eager = 0;
    for (; *name; name++)
        walk->draft->seed = walk->draft->seed * 1099511628211u + (unsigned char)*name;
}

static void take_features(struct dz_walk *walk, PyObject *body, Py_ssize_t from)
{
    for (Py_ssize_t i = from; i < PyList_GET_SIZE(body); i++) {
        PyObject *node = PyList_GET_ITEM(body, i);
        dz_autopy PyObject *module =
            dz_is_node(node, DZ_NODE_ImportFrom) ? dz_field(node, "module") : NULL;
        if (!module || !PyUnicode_Check(module) ||
            PyUnicode_CompareWithASCIIString(module, "__future__") != 0)
            return;
        dz_autopy PyObject *names = dz_field(node, "names");
        for (Py_ssize_t j = 0; j < PyList_GET_SIZE(names); j++) {
            dz_autopy PyObject *name = dz_field(PyList_GET_ITEM(names, j), "name");
            const char *text = PyUnicode_AsUTF8(name);
            if (text)
                take_feature(walk, text);
        }
    }
}

/* Its fingerprint is of all the others', in order: what reads a module whole reads this. */
static void finish_module(struct dz_walk *walk, struct dz_open open)
{
    struct dz_draft *draft = walk->draft;
    uint32_t flags = 0;
    for (uint32_t i = open.element + 1;
         dz_draft_ok(draft) && i < draft->elements.len / sizeof(struct dz_element); i++) {
        const struct dz_element *element = dz_draft_element(draft, i);
        dz_walk_put_number(walk, element->kind);
        dz_buf_str(&draft->bytes,
                   draft->text.data +
                       ((struct dz_sheet_string *)draft->strings.data)[element->name].at);
        dz_draft_put_fingerprint(draft, i);
        flags |= element->flags & 0xffff;
    }
    if (dz_draft_ok(draft))
        dz_draft_element(draft, open.element)->flags |= flags;
    dz_draft_close(draft, open, DZ_CLOSE_LATER, 0);
}

int dz_walk_module(struct dz_walk *walk, PyObject *module, uint32_t n_lines)
{
    struct dz_scope scope;
    struct dz_definition definition = {.node = module,
                                       .k = 1,
                                       .name = dz_literal(walk, "<module>"),
                                       .first_line = 1,
                                       .last_line = n_lines ? n_lines : 1};
    dz_autopy PyObject *body = dz_field(module, "body");
    walk->owner = walk->statement = walk->private = DZ_NONE;
    walk->is_eager = PY_VERSION_HEX < 0x030E0000;
    dz_autopy PyObject *docstring = dz_docstring_of(body);
    take_features(walk, body, docstring != NULL);
    struct dz_open open = dz_open_element(walk, DZ_MODULE, &definition);
    dz_scope_enter(walk, &scope, DZ_SCOPE_MODULE);
    int r = dz_cut_docstring(walk, &definition, body);
    if (r >= 0)
        r = cut_statements(walk, body, r);
    if (r >= 0)
        r = dz_cut_annotations(walk, &definition, body);
    dz_scope_leave(walk, &scope);
    finish_module(walk, open);
    return r < 0 ? -1 : 0;
}
