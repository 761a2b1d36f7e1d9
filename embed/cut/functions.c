/* Functions, and what else is code of its own: lambdas, and comprehensions where python makes them so. */
#include "definition.h"

#include "nodes.h"

#include <string.h>

static uint32_t first_parameter(struct dz_walk *walk, PyObject *arguments)
{
    dz_autopy PyObject *positional = dz_field(arguments, "posonlyargs"),
                       *args = dz_field(arguments, "args");
    PyObject *list = PyList_GET_SIZE(positional) ? positional : args;
    dz_autopy PyObject *name =
        PyList_GET_SIZE(list) ? dz_field(PyList_GET_ITEM(list, 0), "arg") : NULL;
    return name ? dz_walk_name(walk, name) : DZ_NONE;
}

/* self, __class__, self.__class__ and what follows it. */
static int is_self(const struct dz_names *names, uint32_t number, uint32_t self, uint32_t class)
{
    const struct dz_link_of_chain *chain = dz_chain_at(names, number);
    if (chain->root != self)
        return chain->root == class;
    if (chain->parent == DZ_NONE)
        return 1;
    while (chain->parent != DZ_NONE && chain->name != class)
        chain = dz_chain_at(names, chain->parent);
    return chain->name == class;
}

/* Before the scope is left: its parameters are names like all others until then. */
static void note_self(struct dz_walk *walk, const struct dz_scope *scope, PyObject *arguments)
{
    struct dz_draft *draft = walk->draft;
    uint32_t self = first_parameter(walk, arguments), class = dz_literal(walk, "__class__");
    if (walk->functions > 1 || walk->owner == DZ_NONE || !dz_draft_ok(draft))
        return;
    for (size_t i = scope->uses_at; i < dz_draft_n_uses(draft); i++) {
        const struct dz_use *use = dz_draft_use_at(draft, i);
        if (use->type == DZ_USE_READ && is_self(&draft->names, use->id, self, class))
            dz_draft_element(draft, draft->innermost)->flags |= DZ_NAMES_SELF;
    }
}

/* Leaves in walk->yields whether it makes a generator. */
static int walk_body(struct dz_walk *walk, PyObject *node, PyObject *body, Py_ssize_t from)
{
    dz_autopy PyObject *arguments = dz_field(node, "args");
    struct dz_scope parameters, scope;
    uint32_t *why = walk->why;
    unsigned branches = walk->branches;
    walk->why = NULL;
    walk->branches = 0;
    walk->yields = 0;
    walk->functions++;
    dz_enter_parameters(walk, node, &parameters);
    dz_scope_enter(walk, &scope, DZ_SCOPE_FUNCTION);
    int r = dz_walk_bind_arguments(walk, arguments);
    if (r == 0)
        r = PyList_Check(body) ? dz_walk_statements(walk, body, from) : dz_walk_any(walk, body);
    note_self(walk, &scope, arguments);
    dz_scope_leave(walk, &scope);
    dz_scope_leave(walk, &parameters);
    walk->functions--;
    walk->branches = branches;
    walk->why = why;
    return r;
}

static int cut_body(struct dz_walk *walk, const struct dz_definition *definition, PyObject *body,
                    Py_ssize_t from)
{
    struct dz_open open = dz_open_element(walk, DZ_FUNCTION, definition);
    int r = walk_body(walk, definition->node, body, from);
    dz_close_element(walk, open, DZ_CLOSE_LATER);
    return r;
}

/* What a call gives besides the body's own result: nothing, a generator, a coroutine, an asynchronous generator. Who
 * calls it and lets it lie has not run the body, and would all the same see that it has become another. */
static uint32_t result_of_call(const struct dz_walk *walk, PyObject *node)
{
    return (dz_is_node(node, DZ_NODE_AsyncFunctionDef) ? 2u : 0u) + (walk->yields ? 1u : 0u);
}

/* Such as pytest runs. In a branch, or as another of the same name, it counts where it stands. */
static int is_test_method(const struct dz_walk *walk, uint32_t name,
                          const struct dz_definition *definition)
{
    return dz_draft_ok(walk->draft) && walk->owner != DZ_NONE && !walk->branches &&
           definition->k == 1 && strncmp(dz_name_text(&walk->draft->names, name), "test", 4) == 0;
}

/* What a class is, its methods' decorators have a say in, and what their calls give, but not their defaults. */
static void put_say(struct dz_walk *walk, const struct dz_definition *definition, uint32_t result)
{
    dz_walk_put(walk, definition->decorators, sizeof definition->decorators);
    dz_walk_put_number(walk, result);
}

int dz_cut_function(struct dz_walk *walk, PyObject *node)
{
    size_t bytes_at = walk->draft->bytes.len, uses_at = dz_draft_n_uses(walk->draft);
    uint32_t name = dz_field_name(walk, node, "name");
    struct dz_definition definition = dz_define(walk, node, name);
    dz_autopy PyObject *body = dz_field(node, "body");
    int header = dz_cut_header(walk, &definition, 0);
    uint32_t outline = walk->last_outline;
    if (header < 0 || dz_cut_annotations(walk, &definition, NULL) < 0)
        return -1;
    int has_docstring = dz_cut_docstring(walk, &definition, body);
    if (has_docstring < 0 || cut_body(walk, &definition, body, has_docstring) < 0)
        return -1;
    uint32_t result = result_of_call(walk, node);
    dz_draft_mark(walk->draft, (uint32_t)header, result);
    if (outline != DZ_NONE)
        dz_draft_mark(walk->draft, outline, result);
    dz_walk_put_name(walk, name);
    size_t say_at = walk->draft->bytes.len;
    if (walk->owner == DZ_NONE)
        dz_draft_put_fingerprint(walk->draft, (uint32_t)header);
    else
        put_say(walk, &definition, result);
    dz_bind_definition(walk, node, DZ_BIND_FUNCTION);
    if (is_test_method(walk, name, &definition))
        dz_draft_gap(walk->draft, bytes_at, uses_at, name, DZ_NONE);
    else if (outline != DZ_NONE && walk->owner != DZ_NONE)
        dz_draft_gap(walk->draft, say_at, dz_draft_n_uses(walk->draft), name, outline);
    walk->last_name = definition.name;
    walk->last_k = definition.k;
    return 0;
}

/* ---- lambdas and comprehensions ---- */

/* Code of the same name that begins on the same line is one for whoever has only line and name. */
static int find_twin(struct dz_walk *walk, struct dz_open open, uint32_t *ret_twin)
{
    const struct dz_element *element = dz_draft_element(walk->draft, open.element);
    for (uint32_t i = open.element; i-- > 0;) {
        const struct dz_element *other = dz_draft_element(walk->draft, i);
        if (other->kind == DZ_FUNCTION && other->name == element->name &&
            other->first_line == element->first_line) {
            *ret_twin = i;
            return 1;
        }
        if (other->last_line < element->first_line)
            break;
    }
    return 0;
}

static void append_range(struct dz_buf *list, size_t size, struct dz_range *to,
                         const struct dz_range *more)
{
    struct dz_range both = {(uint32_t)(list->len / size), to->n + more->n};
    const struct dz_range *ranges[] = {to, more};
    for (int i = 0; i < 2; i++) {
        char *room = dz_buf_room(list, ranges[i]->n * size);
        if (!room)
            return;
        memcpy(room, list->data + ranges[i]->at * size, ranges[i]->n * size);
        list->len += ranges[i]->n * size;
    }
    *to = both;
}

/* The last element becomes part of its twin. */
static void merge(struct dz_walk *walk, uint32_t twin, uint32_t last)
{
    struct dz_draft *draft = walk->draft;
    struct dz_element *to = dz_draft_element(draft, twin);
    const struct dz_element *from = dz_draft_element(draft, last);
    for (unsigned i = 0; i < sizeof to->fingerprint; i++)
        /* Not a sum that would not see two of them swapped. */
        to->fingerprint[i] = (uint8_t)(to->fingerprint[i] * 3u + from->fingerprint[i]);
    to->flags |= from->flags;
    if (to->last_line < from->last_line)
        to->last_line = from->last_line;
    append_range(&draft->binds, sizeof(struct dz_bind), &to->binds, &from->binds);
    append_range(&draft->reads, sizeof(struct dz_read), &to->reads, &from->reads);
    append_range(&draft->words, sizeof(uint32_t), &to->words, &from->words);
    append_range(&draft->paths, sizeof(uint32_t), &to->paths, &from->paths);
    append_range(&draft->attributes, sizeof(struct dz_attribute), &to->attributes,
                 &from->attributes);
    draft->elements.len = last * sizeof(struct dz_element);
}

/* Returns the element that has it in the end. */
static uint32_t close_with_twin(struct dz_walk *walk, struct dz_open open, enum dz_close how)
{
    uint32_t twin;
    dz_close_element(walk, open, how);
    if (!dz_draft_ok(walk->draft) || !find_twin(walk, open, &twin) ||
        (open.element + 1) * sizeof(struct dz_element) != walk->draft->elements.len)
        return open.element;
    merge(walk, twin, open.element);
    return twin;
}

/* Its parameters are part of it: there is no header for most. Defaults are evaluated, and read, by what is around. */
int dz_cut_lambda(struct dz_walk *walk, PyObject *node)
{
    struct dz_definition definition = dz_define(walk, node, dz_literal(walk, "<lambda>"));
    dz_autopy PyObject *body = dz_field(node, "body"), *arguments = dz_field(node, "args");
    dz_autopy PyObject *defaults = dz_field(arguments, "defaults"),
                       *kw_defaults = dz_field(arguments, "kw_defaults");
    int has_header = PyList_GET_SIZE(defaults) || PyList_GET_SIZE(kw_defaults);
    struct dz_open header;
    if (has_header)
        header = dz_open_element(walk, DZ_HEADER, &definition);
    size_t from = walk->draft->bytes.len;
    if (dz_walk_arguments(walk, arguments) < 0)
        return -1;
    dz_autobuf struct dz_buf parameters = {0};
    if (dz_draft_ok(walk->draft))
        dz_buf_put(&parameters, walk->draft->bytes.data + from, walk->draft->bytes.len - from);
    if (has_header)
        dz_close_element(walk, header, DZ_CLOSE_AT_ONCE);
    else if (dz_draft_ok(walk->draft))
        walk->draft->bytes.len = from;
    dz_walk_put(walk, "lambda", 6);
    if (has_header)
        dz_walk_put(walk, parameters.data, parameters.len);

    struct dz_open open = dz_open_element(walk, DZ_FUNCTION, &definition);
    dz_walk_put(walk, parameters.data, parameters.len);
    int r = walk_body(walk, node, body, 0);
    close_with_twin(walk, open, DZ_CLOSE_LATER);
    uint32_t result = result_of_call(walk, node);
    if (has_header)
        dz_draft_mark(walk->draft, header.element, result);
    dz_walk_put_number(walk, result);
    return r;
}

/* From 3.12 on only generator expressions are code of their own. */
static int has_code(const struct dz_node *type)
{
    return PY_VERSION_HEX < 0x030C0000 || type->kind == DZ_NODE_GeneratorExp;
}

static int walk_generators(struct dz_walk *walk, PyObject *node)
{
    const struct dz_node *type = dz_node_of(node);
    dz_autopy PyObject *generators = dz_field(node, "generators");
    struct dz_scope scope;
    dz_scope_enter(walk, &scope, DZ_SCOPE_COMPREHENSION);
    int r = 0;
    for (Py_ssize_t i = 0; r == 0 && i < PyList_GET_SIZE(generators); i++) {
        PyObject *generator = PyList_GET_ITEM(generators, i);
        r = dz_walk_field(walk, generator, "target");
        /* The first one is evaluated outside. */
        if (r == 0 && i > 0)
            r = dz_walk_any(walk, generator);
        else if (r == 0)
            r = dz_walk_field(walk, generator, "ifs") < 0
                    ? -1
                    : dz_walk_field(walk, generator, "is_async");
    }
    for (unsigned i = 0; r == 0 && i < type->n; i++)
        if (PyUnicode_CompareWithASCIIString(type->fields[i], "generators") != 0) {
            dz_autopy PyObject *value = PyObject_GetAttr(node, type->fields[i]);
            r = value ? dz_walk_any(walk, value) : -1;
        }
    dz_scope_leave(walk, &scope);
    return r;
}

/* Runs with what is around (a generator expression may run later, too): what it reads, both read. */
int dz_cut_comprehension(struct dz_walk *walk, PyObject *node, const char *name)
{
    const struct dz_node *type = dz_node_of(node);
    dz_walk_put_number(walk, type->tag);
    dz_autopy PyObject *generators = dz_field(node, "generators");
    dz_autopy PyObject *iterable = dz_field(PyList_GET_ITEM(generators, 0), "iter");
    dz_why_operands(walk, iterable);
    if (dz_walk_any(walk, iterable) < 0)
        return -1;
    if (walk->functions || !has_code(type))
        return walk_generators(walk, node);
    struct dz_definition definition = dz_define(walk, node, dz_literal(walk, name));
    struct dz_open open = dz_open_element(walk, DZ_FUNCTION, &definition);
    walk->functions++;
    int r = walk_generators(walk, node);
    walk->functions--;
    uint32_t element = close_with_twin(walk, open, DZ_CLOSE_AT_ONCE);
    dz_draft_put_fingerprint(walk->draft, element);
    return r;
}
