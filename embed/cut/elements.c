/* Where elements begin and end. Each piece of the parse is in the fingerprint of exactly one element; what is around has
 * the fingerprint of what runs with it, and of a function only the name. */
#include "walk.h"

#include "nodes.h"

#include <string.h>

/* ---- names ---- */

static uint32_t qualname(struct dz_walk *walk, uint32_t name)
{
    struct dz_names *names = &walk->draft->names;
    if (!walk->prefix.len || !dz_draft_ok(walk->draft))
        return name;
    dz_autobuf struct dz_buf whole = {0};
    dz_buf_put(&whole, walk->prefix.data, walk->prefix.len);
    dz_buf_put(&whole, names->text.data + dz_name_at(names, name)->at,
               dz_name_at(names, name)->size);
    names->failed |= !dz_buf_ok(&whole);
    return names->failed ? 0 : dz_names_add(names, whole.data, whole.len);
}

static uint32_t next_k(struct dz_walk *walk, uint32_t name)
{
    return dz_draft_ok(walk->draft) ? ++dz_name_at(&walk->draft->names, name)->k : 1;
}

static uint32_t field_name(struct dz_walk *walk, PyObject *node, const char *field)
{
    dz_autopy PyObject *name = dz_field(node, field);
    return dz_names_add_object(&walk->draft->names, name);
}

/* Its qualname has the name as it is written; what it is bound to may be another. */
static void bind_definition(struct dz_walk *walk, PyObject *node, uint32_t mode)
{
    dz_autopy PyObject *name = dz_field(node, "name");
    dz_scope_bind(walk, dz_walk_name(walk, name), mode);
}

/* ---- elements ---- */

/* What the elements of one definition have in common. */
struct definition {
    PyObject *node;
    uint32_t name, k;
    uint32_t first_line, last_line;
    uint8_t decorators[16]; /* their digest */
};

static long first_line_of(PyObject *node)
{
    dz_autopy PyObject *decorators = dz_field(node, "decorator_list");
    if (PyList_Check(decorators) && PyList_GET_SIZE(decorators))
        return dz_line(PyList_GET_ITEM(decorators, 0));
    return dz_line(node);
}

static struct definition define(struct dz_walk *walk, PyObject *node, uint32_t name)
{
    struct definition definition = {.node = node,
                                    .name = qualname(walk, name),
                                    .first_line = (uint32_t)first_line_of(node),
                                    .last_line = (uint32_t)dz_end_line(node)};
    definition.k = next_k(walk, definition.name);
    if (definition.last_line < definition.first_line)
        definition.last_line = definition.first_line;
    return definition;
}

static struct dz_open open_element(struct dz_walk *walk, enum dz_element_kind kind,
                                   const struct definition *definition)
{
    struct dz_open open = dz_draft_open(walk->draft, kind, definition->name, definition->k);
    if (dz_draft_ok(walk->draft)) {
        struct dz_element *element = dz_draft_element(walk->draft, open.element);
        element->owner = walk->owner;
        element->statement = walk->statement;
        element->first_line = definition->first_line;
        element->last_line = definition->last_line;
    }
    return open;
}

/* What runs with the module sees what was bound before; but a function may run at any time. */
static void close_element(struct dz_walk *walk, struct dz_open open, enum dz_close how)
{
    dz_draft_close(walk->draft, open, how, how == DZ_CLOSE_AT_ONCE);
}

/* ---- docstrings ---- */

/* New reference, or NULL. */
static PyObject *docstring_of(PyObject *body)
{
    if (!PyList_Check(body) || !PyList_GET_SIZE(body))
        return NULL;
    const struct dz_node *type = dz_node_of(PyList_GET_ITEM(body, 0));
    if (!type || type->kind != DZ_NODE_Expr)
        return NULL;
    dz_autopy PyObject *expression = dz_field(PyList_GET_ITEM(body, 0), "value");
    type = dz_node_of(expression);
    dz_autopy PyObject *text =
        type && type->kind == DZ_NODE_Constant ? dz_field(expression, "value") : NULL;
    return text && PyUnicode_Check(text) ? Py_NewRef(text) : NULL;
}

/* 1 where there is one, which the body then begins behind; -1. */
static int cut_docstring(struct dz_walk *walk, const struct definition *definition, PyObject *body)
{
    dz_autopy PyObject *text = docstring_of(body);
    if (!text)
        return 0;
    struct definition lines = *definition;
    lines.first_line = (uint32_t)dz_line(PyList_GET_ITEM(body, 0));
    lines.last_line = (uint32_t)dz_end_line(PyList_GET_ITEM(body, 0));
    struct dz_open open = open_element(walk, DZ_DOCSTRING, &lines);
    int r = dz_walk_any(walk, text);
    if (r == 0)
        r = dz_words_of_doctest(walk, text);
    close_element(walk, open, DZ_CLOSE_LATER);
    return r < 0 ? -1 : 1;
}

/* ---- annotations ---- */

static int is_node(PyObject *object, enum dz_node_kind kind)
{
    const struct dz_node *type = dz_node_of(object);
    return type && type->kind == kind;
}

static int put_annotation(struct dz_walk *walk, PyObject *name, PyObject *annotation)
{
    dz_walk_put_name(walk, dz_names_add_object(&walk->draft->names, name));
    return dz_walk_any(walk, annotation);
}

static int annotate_argument(struct dz_walk *walk, PyObject *arg)
{
    if (arg == Py_None)
        return 0;
    dz_autopy PyObject *annotation = dz_field(arg, "annotation"), *name = dz_field(arg, "arg");
    return annotation == Py_None ? 0 : put_annotation(walk, name, annotation);
}

static int annotate_arguments(struct dz_walk *walk, PyObject *node)
{
    static const char *const fields[] = {"posonlyargs", "args", "vararg", "kwonlyargs", "kwarg"};
    dz_autopy PyObject *arguments = dz_field(node, "args");
    for (unsigned i = 0; i < sizeof fields / sizeof *fields; i++) {
        dz_autopy PyObject *value = dz_field(arguments, fields[i]);
        Py_ssize_t n = PyList_Check(value) ? PyList_GET_SIZE(value) : 1;
        for (Py_ssize_t j = 0; j < n; j++)
            if (annotate_argument(walk, PyList_Check(value) ? PyList_GET_ITEM(value, j) : value) <
                0)
                return -1;
    }
    dz_autopy PyObject *returns = dz_field(node, "returns");
    if (returns == Py_None)
        return 0;
    dz_walk_put(walk, ">", 1);
    return dz_walk_any(walk, returns);
}

/* In branches and handlers too, but not in what has annotations of its own. */
static int annotate_statements(struct dz_walk *walk, PyObject *list)
{
    static const char *const blocks[] = {"body", "orelse", "finalbody", "handlers", "cases"};
    for (Py_ssize_t i = 0; PyList_Check(list) && i < PyList_GET_SIZE(list); i++) {
        PyObject *node = PyList_GET_ITEM(list, i);
        if (is_node(node, DZ_NODE_AnnAssign)) {
            dz_autopy PyObject *target = dz_field(node, "target"),
                               *annotation = dz_field(node, "annotation");
            /* (x): int is evaluated, and annotates nothing. */
            dz_autopy PyObject *simple = dz_field(node, "simple");
            dz_autopy PyObject *name = PyObject_IsTrue(simple) == 1 ? dz_field(target, "id") : NULL;
            if (name ? put_annotation(walk, name, annotation) < 0
                     : dz_walk_any(walk, annotation) < 0)
                return -1;
        }
        int is_compound = is_node(node, DZ_NODE_If) || is_node(node, DZ_NODE_Try) ||
                          is_node(node, DZ_NODE_TryStar) || is_node(node, DZ_NODE_For) ||
                          is_node(node, DZ_NODE_While) || is_node(node, DZ_NODE_With) ||
                          is_node(node, DZ_NODE_Match) || is_node(node, DZ_NODE_match_case) ||
                          is_node(node, DZ_NODE_ExceptHandler);
        for (unsigned j = 0; is_compound && j < sizeof blocks / sizeof *blocks; j++) {
            dz_autopy PyObject *block = dz_field(node, blocks[j]);
            if (annotate_statements(walk, block) < 0)
                return -1;
        }
    }
    return 0;
}

/* Names of type parameters are known in all of a definition; each of its elements has them in a scope of its own. */
static void enter_parameters(struct dz_walk *walk, PyObject *node, struct dz_scope *scope)
{
    dz_autopy PyObject *parameters = dz_field(node, "type_params");
    dz_scope_enter(walk, scope, DZ_SCOPE_COMPREHENSION);
    for (Py_ssize_t i = 0; PyList_Check(parameters) && i < PyList_GET_SIZE(parameters); i++)
        dz_scope_bind(walk, field_name(walk, PyList_GET_ITEM(parameters, i), "name"),
                      DZ_BIND_VALUE);
}

/* Of a function, by its node; of a class or the module, by its body. No element where there is none. */
static int cut_annotations(struct dz_walk *walk, const struct definition *definition,
                           PyObject *body)
{
    struct dz_draft *draft = walk->draft;
    struct dz_open open = open_element(walk, DZ_ANNOTATION, definition);
    struct dz_scope scope;
    uint32_t *why = walk->why;
    if (!walk->is_eager)
        walk->why = NULL;
    walk->annotating++;
    walk->functions++;
    enter_parameters(walk, definition->node, &scope);
    int r = body ? annotate_statements(walk, body) : annotate_arguments(walk, definition->node);
    dz_scope_leave(walk, &scope);
    walk->functions--;
    walk->annotating--;
    walk->why = why;
    if (!dz_draft_ok(draft))
        return r;
    if (draft->bytes.len == open.bytes_at) {
        dz_draft_drop(draft, open);
        return r;
    }
    if (walk->is_eager)
        dz_draft_element(draft, open.element)->flags |= DZ_IS_EAGER;
    /* The module's stand in many places: each statement reads its own. */
    int is_at_once = walk->is_eager && walk->statement != DZ_NONE;
    close_element(walk, open, is_at_once ? DZ_CLOSE_AT_ONCE : DZ_CLOSE_LATER);
    return r;
}

/* ---- functions ---- */

static int walk_decorators(struct dz_walk *walk, PyObject *node)
{
    dz_autopy PyObject *decorators = dz_field(node, "decorator_list");
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(decorators); i++) {
        PyObject *decorator = PyList_GET_ITEM(decorators, i);
        dz_why_decorator(walk, decorator);
        int64_t chain = dz_walk_chain(walk, decorator);
        if (chain < 0)
            return -1;
        dz_walk_use(walk, decorator, chain, DZ_READ_CALLED);
    }
    return 0;
}

/* Bounds and defaults of type parameters are evaluated when asked for: they are read, and no more. */
static int walk_parameters(struct dz_walk *walk, PyObject *node)
{
    dz_autopy PyObject *parameters = dz_field(node, "type_params");
    if (!PyList_Check(parameters))
        return 0;
    walk->functions++;
    int r = dz_walk_any(walk, parameters);
    walk->functions--;
    return r;
}

/* Keywords go to a base that is known, or to a metaclass; with `**` nobody knows. */
static void why_of_bases(struct dz_walk *walk, PyObject *bases, PyObject *keywords)
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(bases); i++)
        dz_why_base(walk, PyList_GET_ITEM(bases, i));
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(keywords); i++) {
        dz_autopy PyObject *name = dz_field(PyList_GET_ITEM(keywords, i), "arg");
        dz_autopy PyObject *value = dz_field(PyList_GET_ITEM(keywords, i), "value");
        if (name == Py_None)
            dz_why(walk, DZ_WHY_BASE);
        else if (PyUnicode_CompareWithASCIIString(name, "metaclass") == 0)
            dz_why_base(walk, value);
    }
}

static int cut_header(struct dz_walk *walk, struct definition *definition, int is_class)
{
    struct dz_open open = open_element(walk, DZ_HEADER, definition);
    struct dz_scope scope;
    int r = walk_decorators(walk, definition->node);
    dz_draft_digest(walk->draft, open.bytes_at, definition->decorators);
    enter_parameters(walk, definition->node, &scope);
    if (r == 0)
        r = walk_parameters(walk, definition->node);
    dz_autopy PyObject *bases = is_class ? dz_field(definition->node, "bases") : NULL;
    dz_autopy PyObject *keywords = is_class ? dz_field(definition->node, "keywords") : NULL;
    if (is_class)
        why_of_bases(walk, bases, keywords);
    if (r == 0 && is_class)
        r = dz_walk_any(walk, bases) < 0 ? -1 : dz_walk_any(walk, keywords);
    dz_autopy PyObject *arguments = is_class ? NULL : dz_field(definition->node, "args");
    if (r == 0 && arguments)
        r = dz_walk_arguments(walk, arguments);
    dz_scope_leave(walk, &scope);
    close_element(walk, open, DZ_CLOSE_AT_ONCE);
    return r < 0 ? -1 : (int)open.element;
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
    enter_parameters(walk, node, &parameters);
    dz_scope_enter(walk, &scope, DZ_SCOPE_FUNCTION);
    int r = dz_walk_bind_arguments(walk, arguments);
    if (r == 0)
        r = PyList_Check(body) ? dz_walk_statements(walk, body, from) : dz_walk_any(walk, body);
    dz_scope_leave(walk, &scope);
    dz_scope_leave(walk, &parameters);
    walk->functions--;
    walk->branches = branches;
    walk->why = why;
    return r;
}

static int cut_body(struct dz_walk *walk, const struct definition *definition, PyObject *body,
                    Py_ssize_t from)
{
    struct dz_open open = open_element(walk, DZ_FUNCTION, definition);
    int r = walk_body(walk, definition->node, body, from);
    close_element(walk, open, DZ_CLOSE_LATER);
    return r;
}

/* What a call gives besides the body's own result: nothing, a generator, a coroutine, an asynchronous generator. Who
 * calls it and lets it lie has not run the body, and would all the same see that it has become another. */
static uint32_t result_of_call(const struct dz_walk *walk, PyObject *node)
{
    return (is_node(node, DZ_NODE_AsyncFunctionDef) ? 2u : 0u) + (walk->yields ? 1u : 0u);
}

int dz_cut_function(struct dz_walk *walk, PyObject *node)
{
    uint32_t name = field_name(walk, node, "name");
    struct definition definition = define(walk, node, name);
    dz_autopy PyObject *body = dz_field(node, "body");
    int header = cut_header(walk, &definition, 0);
    if (header < 0 || cut_annotations(walk, &definition, NULL) < 0)
        return -1;
    int has_docstring = cut_docstring(walk, &definition, body);
    if (has_docstring < 0 || cut_body(walk, &definition, body, has_docstring) < 0)
        return -1;
    uint32_t result = result_of_call(walk, node);
    dz_draft_mark(walk->draft, (uint32_t)header, result);
    dz_walk_put_name(walk, name);
    /* What a class is, its methods' decorators have a say in, and what their calls give, but not their defaults. */
    if (walk->owner == DZ_NONE)
        dz_draft_put_fingerprint(walk->draft, (uint32_t)header);
    else {
        dz_walk_put(walk, definition.decorators, sizeof definition.decorators);
        dz_walk_put_number(walk, result);
    }
    bind_definition(walk, node, DZ_BIND_FUNCTION);
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
    close_element(walk, open, how);
    if (!dz_draft_ok(walk->draft) || !find_twin(walk, open, &twin) ||
        (open.element + 1) * sizeof(struct dz_element) != walk->draft->elements.len)
        return open.element;
    merge(walk, twin, open.element);
    return twin;
}

static uint32_t literal(struct dz_walk *walk, const char *name)
{
    return dz_names_add(&walk->draft->names, name, strlen(name));
}

/* Its parameters are part of it: there is no header for most. Defaults are evaluated, and read, by what is around. */
int dz_cut_lambda(struct dz_walk *walk, PyObject *node)
{
    struct definition definition = define(walk, node, literal(walk, "<lambda>"));
    dz_autopy PyObject *body = dz_field(node, "body"), *arguments = dz_field(node, "args");
    dz_autopy PyObject *defaults = dz_field(arguments, "defaults"),
                       *kw_defaults = dz_field(arguments, "kw_defaults");
    int has_header = PyList_GET_SIZE(defaults) || PyList_GET_SIZE(kw_defaults);
    struct dz_open header;
    if (has_header)
        header = open_element(walk, DZ_HEADER, &definition);
    size_t from = walk->draft->bytes.len;
    if (dz_walk_arguments(walk, arguments) < 0)
        return -1;
    dz_autobuf struct dz_buf parameters = {0};
    if (dz_draft_ok(walk->draft))
        dz_buf_put(&parameters, walk->draft->bytes.data + from, walk->draft->bytes.len - from);
    if (has_header)
        close_element(walk, header, DZ_CLOSE_AT_ONCE);
    else if (dz_draft_ok(walk->draft))
        walk->draft->bytes.len = from;
    dz_walk_put(walk, "lambda", 6);
    if (has_header)
        dz_walk_put(walk, parameters.data, parameters.len);

    struct dz_open open = open_element(walk, DZ_FUNCTION, &definition);
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
    struct definition definition = define(walk, node, literal(walk, name));
    struct dz_open open = open_element(walk, DZ_FUNCTION, &definition);
    walk->functions++;
    int r = walk_generators(walk, node);
    walk->functions--;
    uint32_t element = close_with_twin(walk, open, DZ_CLOSE_AT_ONCE);
    dz_draft_put_fingerprint(walk->draft, element);
    return r;
}

/* ---- classes ---- */

static int walk_members(struct dz_walk *walk, const struct definition *definition, PyObject *body,
                        Py_ssize_t from)
{
    struct dz_scope parameters, scope;
    walk->prefix.len = 0;
    if (dz_draft_ok(walk->draft))
        dz_buf_str(&walk->prefix, dz_name_text(&walk->draft->names, definition->name));
    dz_buf_str(&walk->prefix, ".");
    enter_parameters(walk, definition->node, &parameters);
    dz_scope_enter(walk, &scope, DZ_SCOPE_CLASS);
    int r = dz_walk_statements(walk, body, from);
    dz_scope_leave(walk, &scope);
    dz_scope_leave(walk, &parameters);
    return r;
}

static int cut_members(struct dz_walk *walk, const struct definition *definition, int header,
                       struct dz_open open, PyObject *body, Py_ssize_t from)
{
    uint32_t owner = walk->owner, private = walk->private;
    unsigned branches = walk->branches;
    dz_autobuf struct dz_buf prefix = {0};
    dz_buf_put(&prefix, walk->prefix.data, walk->prefix.len);
    walk->owner = open.element;
    walk->branches = 0;
    walk->private = field_name(walk, definition->node, "name");
    dz_draft_put_fingerprint(walk->draft, (uint32_t)header);
    int r = walk_members(walk, definition, body, from);
    walk->private = private;
    walk->branches = branches;
    walk->owner = owner;
    walk->prefix.len = 0;
    dz_buf_put(&walk->prefix, prefix.data, prefix.len);
    walk->draft->names.failed |= !dz_buf_ok(&walk->prefix) || !dz_buf_ok(&prefix);
    return r;
}

int dz_cut_class(struct dz_walk *walk, PyObject *node)
{
    uint32_t name = field_name(walk, node, "name");
    struct definition definition = define(walk, node, name);
    dz_autopy PyObject *body = dz_field(node, "body");
    int header = cut_header(walk, &definition, 1);
    if (header < 0 || cut_annotations(walk, &definition, body) < 0)
        return -1;
    int has_docstring = cut_docstring(walk, &definition, body);
    if (has_docstring < 0)
        return -1;
    struct dz_open open = open_element(walk, DZ_CLASS, &definition);
    int r = cut_members(walk, &definition, header, open, body, has_docstring);
    close_element(walk, open, DZ_CLOSE_AT_ONCE);
    dz_walk_put_name(walk, name);
    dz_draft_put_fingerprint(walk->draft, open.element);
    bind_definition(walk, node, DZ_BIND_CLASS);
    walk->last_name = definition.name;
    walk->last_k = definition.k;
    return r;
}

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
    uint32_t k = is_definition(kind) ? walk->last_k : next_k(walk, name);
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
    struct definition lines = {.node = node,
                               .name = 0,
                               .k = 1,
                               .first_line = (uint32_t)first_line_of(whole),
                               .last_line = (uint32_t)dz_end_line(whole)};
    uint32_t why = 0;
    struct dz_open open = open_element(walk, DZ_BINDING, &lines);
    walk->statement = open.element;
    walk->why = &why;
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
    if (is_node(node, DZ_NODE_Pass))
        return 1;
    dz_autopy PyObject *value = is_node(node, DZ_NODE_Expr) ? dz_field(node, "value") : NULL;
    return value && is_node(value, DZ_NODE_Constant);
}

static int cut_statements(struct dz_walk *walk, PyObject *body, Py_ssize_t from)
{
    for (Py_ssize_t i = from; i < PyList_GET_SIZE(body); i++) {
        PyObject *node = PyList_GET_ITEM(body, i);
        int is_import = is_node(node, DZ_NODE_Import) || is_node(node, DZ_NODE_ImportFrom);
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
            is_node(node, DZ_NODE_ImportFrom) ? dz_field(node, "module") : NULL;
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
    struct definition definition = {.node = module,
                                    .k = 1,
                                    .name = literal(walk, "<module>"),
                                    .first_line = 1,
                                    .last_line = n_lines ? n_lines : 1};
    dz_autopy PyObject *body = dz_field(module, "body");
    walk->owner = walk->statement = walk->private = DZ_NONE;
    walk->is_eager = PY_VERSION_HEX < 0x030E0000;
    dz_autopy PyObject *docstring = docstring_of(body);
    take_features(walk, body, docstring != NULL);
    struct dz_open open = open_element(walk, DZ_MODULE, &definition);
    dz_scope_enter(walk, &scope, DZ_SCOPE_MODULE);
    int r = cut_docstring(walk, &definition, body);
    if (r >= 0)
        r = cut_statements(walk, body, r);
    if (r >= 0)
        r = cut_annotations(walk, &definition, body);
    dz_scope_leave(walk, &scope);
    finish_module(walk, open);
    return r < 0 ? -1 : 0;
}
