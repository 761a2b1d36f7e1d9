#include "definition.h"

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

uint32_t dz_next_k(struct dz_walk *walk, uint32_t name)
{
    return dz_draft_ok(walk->draft) ? ++dz_name_at(&walk->draft->names, name)->k : 1;
}

uint32_t dz_field_name(struct dz_walk *walk, PyObject *node, const char *field)
{
    dz_autopy PyObject *name = dz_field(node, field);
    return dz_names_add_object(&walk->draft->names, name);
}

void dz_bind_definition(struct dz_walk *walk, PyObject *node, uint32_t mode)
{
    dz_autopy PyObject *name = dz_field(node, "name");
    dz_scope_bind(walk, dz_walk_name(walk, name), mode);
}

uint32_t dz_literal(struct dz_walk *walk, const char *name)
{
    return dz_names_add(&walk->draft->names, name, strlen(name));
}

/* ---- elements ---- */

long dz_first_line(PyObject *node)
{
    dz_autopy PyObject *decorators = dz_field(node, "decorator_list");
    if (PyList_Check(decorators) && PyList_GET_SIZE(decorators))
        return dz_line(PyList_GET_ITEM(decorators, 0));
    return dz_line(node);
}

struct dz_definition dz_define(struct dz_walk *walk, PyObject *node, uint32_t name)
{
    struct dz_definition definition = {.node = node,
                                       .name = qualname(walk, name),
                                       .first_line = (uint32_t)dz_first_line(node),
                                       .last_line = (uint32_t)dz_end_line(node)};
    definition.k = dz_next_k(walk, definition.name);
    if (definition.last_line < definition.first_line)
        definition.last_line = definition.first_line;
    return definition;
}

struct dz_open dz_open_element(struct dz_walk *walk, enum dz_element_kind kind,
                               const struct dz_definition *definition)
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
void dz_close_element(struct dz_walk *walk, struct dz_open open, enum dz_close how)
{
    dz_draft_close(walk->draft, open, how, how == DZ_CLOSE_AT_ONCE);
}

/* ---- docstrings ---- */

PyObject *dz_docstring_of(PyObject *body)
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

int dz_cut_docstring(struct dz_walk *walk, const struct dz_definition *definition, PyObject *body)
{
    dz_autopy PyObject *text = dz_docstring_of(body);
    if (!text)
        return 0;
    struct dz_definition lines = *definition;
    lines.first_line = (uint32_t)dz_line(PyList_GET_ITEM(body, 0));
    lines.last_line = (uint32_t)dz_end_line(PyList_GET_ITEM(body, 0));
    struct dz_open open = dz_open_element(walk, DZ_DOCSTRING, &lines);
    int r = dz_walk_any(walk, text);
    if (r == 0)
        r = dz_words_of_doctest(walk, text);
    dz_close_element(walk, open, DZ_CLOSE_LATER);
    return r < 0 ? -1 : 1;
}

/* ---- annotations ---- */

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
        if (dz_is_node(node, DZ_NODE_AnnAssign)) {
            dz_autopy PyObject *target = dz_field(node, "target"),
                               *annotation = dz_field(node, "annotation");
            /* (x): int is evaluated, and annotates nothing. */
            dz_autopy PyObject *simple = dz_field(node, "simple");
            dz_autopy PyObject *name = PyObject_IsTrue(simple) == 1 ? dz_field(target, "id") : NULL;
            if (name ? put_annotation(walk, name, annotation) < 0
                     : dz_walk_any(walk, annotation) < 0)
                return -1;
        }
        int is_compound = dz_is_node(node, DZ_NODE_If) || dz_is_node(node, DZ_NODE_Try) ||
                          dz_is_node(node, DZ_NODE_TryStar) || dz_is_node(node, DZ_NODE_For) ||
                          dz_is_node(node, DZ_NODE_While) || dz_is_node(node, DZ_NODE_With) ||
                          dz_is_node(node, DZ_NODE_Match) || dz_is_node(node, DZ_NODE_match_case) ||
                          dz_is_node(node, DZ_NODE_ExceptHandler);
        for (unsigned j = 0; is_compound && j < sizeof blocks / sizeof *blocks; j++) {
            dz_autopy PyObject *block = dz_field(node, blocks[j]);
            if (annotate_statements(walk, block) < 0)
                return -1;
        }
    }
    return 0;
}

void dz_enter_parameters(struct dz_walk *walk, PyObject *node, struct dz_scope *scope)
{
    dz_autopy PyObject *parameters = dz_field(node, "type_params");
    dz_scope_enter(walk, scope, DZ_SCOPE_COMPREHENSION);
    for (Py_ssize_t i = 0; PyList_Check(parameters) && i < PyList_GET_SIZE(parameters); i++)
        dz_scope_bind(walk, dz_field_name(walk, PyList_GET_ITEM(parameters, i), "name"),
                      DZ_BIND_VALUE);
}

int dz_cut_annotations(struct dz_walk *walk, const struct dz_definition *definition, PyObject *body)
{
    struct dz_draft *draft = walk->draft;
    struct dz_open open = dz_open_element(walk, DZ_ANNOTATION, definition);
    struct dz_scope scope;
    uint32_t *why = walk->why, does = 0;
    walk->why = walk->is_eager ? &does : NULL;
    walk->annotating++;
    walk->functions++;
    dz_enter_parameters(walk, definition->node, &scope);
    int r = body ? annotate_statements(walk, body) : annotate_arguments(walk, definition->node);
    dz_scope_leave(walk, &scope);
    walk->functions--;
    walk->annotating--;
    walk->why = why;
    if (why)
        *walk->why_of_all |= does;
    if (!dz_draft_ok(draft))
        return r;
    if (draft->bytes.len == open.bytes_at) {
        dz_draft_drop(draft, open);
        return r;
    }
    if (walk->is_eager)
        dz_draft_element(draft, open.element)->flags |= DZ_IS_EAGER;
    /* What gives a value and does nothing else is for who reads it. The module's stand in many places: each statement
     * reads its own. */
    int is_at_once = does & ~(uint32_t)DZ_WHY_OPERATOR && walk->statement != DZ_NONE;
    dz_draft_close(draft, open, is_at_once ? DZ_CLOSE_AT_ONCE : DZ_CLOSE_LATER,
                   walk->is_eager && walk->statement != DZ_NONE);
    return r;
}

/* ---- headers ---- */

static int is_parametrize(const char *dotted)
{
    return strcmp(dotted, "pytest.mark.parametrize") == 0;
}

static int is_pytests_fixture(const char *dotted)
{
    return strcmp(dotted, "pytest.fixture") == 0 || strcmp(dotted, "pytest_asyncio.fixture") == 0;
}

static void hollow_out(struct dz_hollows *hollows, PyObject *value)
{
    if (hollows->n < DZ_HOLLOWS_MOST)
        hollows->nodes[hollows->n++] = value;
}

/* parametrize(argnames, argvalues, indirect, ids) */
static void hollow_positional(struct dz_hollows *hollows, PyObject *args)
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(args); i++) {
        PyObject *value = PyList_GET_ITEM(args, i);
        if (dz_is_node(value, DZ_NODE_Starred))
            return;
        if (i == 1 || i == 3)
            hollow_out(hollows, value);
    }
}

/* That there are such stays. */
static void hollow_keywords(struct dz_hollows *hollows, PyObject *keywords, const char *values)
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(keywords); i++) {
        PyObject *keyword = PyList_GET_ITEM(keywords, i);
        dz_autopy PyObject *name = dz_field(keyword, "arg"), *value = dz_field(keyword, "value");
        if (PyUnicode_Check(name) && (PyUnicode_CompareWithASCIIString(name, values) == 0 ||
                                      PyUnicode_CompareWithASCIIString(name, "ids") == 0))
            hollow_out(hollows, value);
    }
}

static void find_hollows(struct dz_walk *walk, struct dz_hollows *hollows, PyObject *decorator)
{
    if (!dz_is_node(decorator, DZ_NODE_Call))
        return;
    dz_autopy PyObject *function = dz_field(decorator, "func"), *args = dz_field(decorator, "args"),
                       *keywords = dz_field(decorator, "keywords");
    if (dz_why_is_known(walk, function, is_parametrize)) {
        hollow_positional(hollows, args);
        hollow_keywords(hollows, keywords, "argvalues");
    } else if (dz_why_is_known(walk, function, is_pytests_fixture))
        hollow_keywords(hollows, keywords, "params");
}

static int walk_decorator(struct dz_walk *walk, struct dz_hollows *hollows, PyObject *decorator)
{
    hollows->n = 0;
    find_hollows(walk, hollows, decorator);
    dz_why_decorator(walk, decorator);
    walk->hollows = hollows->n ? hollows : NULL;
    int64_t chain = dz_walk_chain(walk, decorator);
    walk->hollows = NULL;
    if (chain < 0)
        return -1;
    dz_walk_use(walk, decorator, chain, DZ_READ_CALLED);
    return 0;
}

static int walk_decorators(struct dz_walk *walk, struct dz_hollows *hollows, PyObject *node)
{
    dz_autopy PyObject *decorators = dz_field(node, "decorator_list");
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(decorators); i++) {
        if (walk_decorator(walk, hollows, PyList_GET_ITEM(decorators, i)) < 0)
            return -1;
    }
    return 0;
}

/* Neither under another name nor for all; `**` may hold anything. */
static int is_plain_keyword(PyObject *keyword)
{
    static const char *const plain[] = {"scope", "params", "ids", "loop_scope"};
    dz_autopy PyObject *name = dz_field(keyword, "arg"), *value = dz_field(keyword, "value");
    if (!PyUnicode_Check(name))
        return 0;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (PyUnicode_CompareWithASCIIString(name, plain[i]) == 0)
            return 1;
    dz_autopy PyObject *constant =
        dz_is_node(value, DZ_NODE_Constant) ? dz_field(value, "value") : NULL;
    return PyUnicode_CompareWithASCIIString(name, "autouse") == 0 && constant == Py_False;
}

/* What is on top of it could make it anything. */
static int is_plain_fixture(struct dz_walk *walk, PyObject *node)
{
    dz_autopy PyObject *decorators = dz_field(node, "decorator_list");
    PyObject *top = PyList_GET_SIZE(decorators) ? PyList_GET_ITEM(decorators, 0) : NULL;
    if (!top || !dz_is_node(top, DZ_NODE_Call))
        return top && dz_why_is_known(walk, top, is_pytests_fixture);
    dz_autopy PyObject *function = dz_field(top, "func"), *args = dz_field(top, "args"),
                       *keywords = dz_field(top, "keywords");
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(keywords); i++)
        if (!is_plain_keyword(PyList_GET_ITEM(keywords, i)))
            return 0;
    return !PyList_GET_SIZE(args) && dz_why_is_known(walk, function, is_pytests_fixture);
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

/* A method's is not its class's: what a class is without it does nothing more. */
static void note_why(struct dz_walk *walk, struct dz_open open, uint32_t does)
{
    if (!walk->why || !dz_draft_ok(walk->draft))
        return;
    dz_draft_element(walk->draft, open.element)->why = does;
    *walk->why_of_all |= does;
}

/* why: what the header does without its hollows. What nobody knows, as another decorator, may look into the marks; how a
 * class is made comes before it has any. */
static uint32_t cut_outline(struct dz_walk *walk, struct dz_open open, size_t gaps_at, uint32_t why)
{
    if (!(why & ~(uint32_t)(DZ_WHY_BASE | DZ_WHY_OPERATOR))) {
        uint32_t outline = dz_draft_outline(walk->draft, open, gaps_at);
        if (outline != DZ_NONE && dz_draft_ok(walk->draft))
            dz_draft_element(walk->draft, outline)->why = why;
        return outline;
    }
    walk->draft->gaps.len = gaps_at;
    return DZ_NONE;
}

int dz_cut_header(struct dz_walk *walk, struct dz_definition *definition, int is_class)
{
    struct dz_open open = dz_open_element(walk, DZ_HEADER, definition);
    struct dz_scope scope;
    struct dz_hollows hollows = {.n = 0};
    size_t gaps_at = walk->draft->gaps.len;
    uint32_t *why = walk->why, does = 0;
    walk->why = why ? &does : NULL;
    int r = walk_decorators(walk, &hollows, definition->node);
    dz_draft_digest(walk->draft, open.bytes_at, definition->decorators);
    dz_enter_parameters(walk, definition->node, &scope);
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
    walk->why = why;
    note_why(walk, open, does | hollows.why);
    uint32_t outline = cut_outline(walk, open, gaps_at, does);
    dz_close_element(walk, open, DZ_CLOSE_AT_ONCE);
    walk->last_outline = outline;
    if (!is_class && is_plain_fixture(walk, definition->node) && dz_draft_ok(walk->draft))
        dz_draft_element(walk->draft, open.element)->flags |= DZ_IS_FIXTURE;
    return r < 0 ? -1 : (int)open.element;
}
