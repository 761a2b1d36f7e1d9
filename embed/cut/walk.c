/* The walk is generic: a node gives its class and its fields, in python's own order. Named below is only what means
 * more: what binds or reads a name, what is an element, and what does more than bind when the module runs. */
#include "walk.h"

#include "nodes.h"

#include <string.h>

/* The parser's own limit is lower; a stack of 8 MB has room for it. */
enum { DEEPEST = 10000 };

/* ---- what is hashed ---- */

void dz_walk_put(struct dz_walk *walk, const void *bytes, size_t size)
{
    dz_buf_put(&walk->draft->bytes, bytes, size);
}

void dz_walk_put_number(struct dz_walk *walk, uint32_t number)
{
    dz_buf_put(&walk->draft->bytes, &number, sizeof number);
}

void dz_walk_put_name(struct dz_walk *walk, uint32_t number)
{
    if (!dz_draft_ok(walk->draft))
        return;
    const struct dz_name *name = dz_name_at(&walk->draft->names, number);
    dz_walk_put_number(walk, name->size);
    dz_walk_put(walk, walk->draft->names.text.data + name->at, name->size);
}

static int put_text(struct dz_walk *walk, char type, PyObject *string)
{
    Py_ssize_t size;
    const char *text = PyUnicode_AsUTF8AndSize(string, &size);
    dz_autopy PyObject *bytes = NULL;
    if (!text) {
        PyErr_Clear();
        bytes = PyUnicode_AsEncodedString(string, "utf-8", "surrogatepass");
        if (!bytes)
            return -1;
        text = PyBytes_AS_STRING(bytes);
        size = PyBytes_GET_SIZE(bytes);
    }
    dz_walk_put(walk, &type, 1);
    dz_walk_put_number(walk, (uint32_t)size);
    dz_walk_put(walk, text, (size_t)size);
    return 0;
}

static int put_int(struct dz_walk *walk, PyObject *value)
{
    int overflow;
    long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (!overflow) {
        dz_walk_put(walk, PyBool_Check(value) ? "?" : "i", 1);
        dz_walk_put(walk, &number, sizeof number);
        return 0;
    }
    /* In hexadecimal, which has no limit of digits. */
    dz_autopy PyObject *text = PyNumber_ToBase(value, 16);
    return text ? put_text(walk, 'I', text) : -1;
}

static int put_constant(struct dz_walk *walk, PyObject *value)
{
    if (value == Py_None || value == Py_Ellipsis) {
        dz_walk_put(walk, value == Py_None ? "N" : ".", 1);
    } else if (PyLong_Check(value)) {
        return put_int(walk, value);
    } else if (PyUnicode_Check(value)) {
        return put_text(walk, 's', value);
    } else if (PyBytes_Check(value)) {
        dz_walk_put(walk, "b", 1);
        dz_walk_put_number(walk, (uint32_t)PyBytes_GET_SIZE(value));
        dz_walk_put(walk, PyBytes_AS_STRING(value), (size_t)PyBytes_GET_SIZE(value));
    } else if (PyFloat_Check(value)) {
        double number = PyFloat_AS_DOUBLE(value);
        dz_walk_put(walk, "f", 1);
        dz_walk_put(walk, &number, sizeof number);
    } else if (PyComplex_Check(value)) {
        Py_complex number = PyComplex_AsCComplex(value);
        dz_walk_put(walk, "c", 1);
        dz_walk_put(walk, &number, sizeof number);
    } else {
        PyErr_Format(PyExc_SystemError, "a constant of type %s in a parse",
                     Py_TYPE(value)->tp_name);
        return -1;
    }
    return 0;
}

/* ---- small helpers ---- */

static uint32_t mangled(struct dz_walk *walk, uint32_t number)
{
    struct dz_names *names = &walk->draft->names;
    const struct dz_name *name = dz_name_at(names, number);
    const char *text = dz_name_text(names, number), *class = dz_name_text(names, walk->private);
    if (name->size < 2 || text[0] != '_' || text[1] != '_' ||
        strcmp(text + name->size - 2, "__") == 0 || memchr(text, '.', name->size))
        return number;
    class += strspn(class, "_");
    dz_autobuf struct dz_buf whole = {0};
    dz_buf_fmt(&whole, "_%s%s", class, text);
    return !*class ? number : dz_buf_ok(&whole) ? dz_names_add(names, whole.data, whole.len) : 0;
}

uint32_t dz_walk_name(struct dz_walk *walk, PyObject *identifier)
{
    uint32_t name = dz_names_add_object(&walk->draft->names, identifier);
    return walk->private == DZ_NONE || !dz_draft_ok(walk->draft) ? name : mangled(walk, name);
}

static void bind(struct dz_walk *walk, PyObject *identifier, uint32_t mode)
{
    if (identifier != Py_None)
        dz_scope_bind(walk, dz_walk_name(walk, identifier), mode);
}

static int bind_field(struct dz_walk *walk, PyObject *node, const char *field)
{
    dz_autopy PyObject *name = dz_field(node, field);
    bind(walk, name, DZ_BIND_VALUE);
    return 0;
}

static enum dz_node_kind kind_of(PyObject *value)
{
    const struct dz_node *type = dz_node_of(value);
    return type ? type->kind : DZ_NODE_OTHER;
}

static enum dz_node_kind context_of(PyObject *node)
{
    dz_autopy PyObject *context = dz_field(node, "ctx");
    return kind_of(context);
}

static void put_tag(struct dz_walk *walk, PyObject *node)
{
    const struct dz_node *type = dz_node_of(node);
    dz_walk_put_number(walk, type ? type->tag : 0);
}

int dz_walk_field(struct dz_walk *walk, PyObject *node, const char *field)
{
    dz_autopy PyObject *value = dz_field(node, field);
    return dz_walk_any(walk, value);
}

static int walk_fields(struct dz_walk *walk, PyObject *node)
{
    const struct dz_node *type = dz_node_of(node);
    dz_walk_put_number(walk, type->tag);
    for (unsigned i = 0; i < type->n; i++) {
        dz_autopy PyObject *value = PyObject_GetAttr(node, type->fields[i]);
        if (!value)
            return -1;
        if (dz_walk_any(walk, value) < 0)
            return -1;
    }
    return 0;
}

int dz_walk_statements(struct dz_walk *walk, PyObject *list, Py_ssize_t from)
{
    for (Py_ssize_t i = from; i < PyList_GET_SIZE(list); i++)
        if (dz_walk_any(walk, PyList_GET_ITEM(list, i)) < 0)
            return -1;
    return 0;
}

/* ---- expressions ---- */

static void use_attribute(struct dz_walk *walk, PyObject *node, uint32_t mode)
{
    dz_autopy PyObject *attr = dz_field(node, "attr");
    dz_draft_use(walk->draft, DZ_USE_ATTRIBUTE, dz_walk_name(walk, attr), mode);
}

void dz_walk_use(struct dz_walk *walk, PyObject *node, int64_t chain, uint32_t mode)
{
    if (walk->annotating)
        mode = DZ_READ_ANNOTATION;
    if (!dz_draft_ok(walk->draft))
        return;
    if (chain != DZ_NONE)
        dz_draft_use(walk->draft, DZ_USE_READ, (uint32_t)chain, mode);
    else if (kind_of(node) == DZ_NODE_Attribute)
        use_attribute(walk, node, mode);
}

/* How the node itself is used, the caller knows; what it is an attribute of is loaded. */
static int64_t walk_attribute_chain(struct dz_walk *walk, PyObject *node)
{
    put_tag(walk, node);
    dz_autopy PyObject *value = dz_field(node, "value"), *attr = dz_field(node, "attr");
    int64_t parent = dz_walk_chain(walk, value);
    uint32_t name = dz_walk_name(walk, attr);
    dz_walk_put_name(walk, name);
    if (parent >= 0 && parent != DZ_NONE)
        return dz_names_add_chain(&walk->draft->names, (uint32_t)parent, name);
    if (parent == DZ_NONE && kind_of(value) == DZ_NODE_Attribute)
        dz_walk_use(walk, value, DZ_NONE, DZ_READ_VALUE);
    return parent;
}

int64_t dz_walk_chain(struct dz_walk *walk, PyObject *node)
{
    enum dz_node_kind kind = kind_of(node);
    if (kind == DZ_NODE_Name) {
        put_tag(walk, node);
        dz_autopy PyObject *id = dz_field(node, "id");
        uint32_t name = dz_walk_name(walk, id);
        dz_walk_put_name(walk, name);
        return dz_draft_ok(walk->draft) ? dz_names_add_chain(&walk->draft->names, DZ_NONE, name)
                                        : 0;
    }
    if (kind != DZ_NODE_Attribute)
        return dz_walk_any(walk, node) < 0 ? -1 : (int64_t)DZ_NONE;
    if (++walk->depth > DEEPEST) {
        PyErr_SetString(PyExc_RecursionError, "nested too deeply");
        return -1;
    }
    int64_t chain = walk_attribute_chain(walk, node);
    walk->depth--;
    return chain;
}

static int walk_name(struct dz_walk *walk, PyObject *node)
{
    int64_t chain = dz_walk_chain(walk, node);
    enum dz_node_kind context = context_of(node);
    if (chain < 0 || !dz_draft_ok(walk->draft))
        return chain < 0 ? -1 : 0;
    uint32_t name = dz_chain_at(&walk->draft->names, (uint32_t)chain)->name;
    if (context == DZ_NODE_Store || context == DZ_NODE_Del)
        dz_scope_bind(walk, name, context == DZ_NODE_Del ? DZ_BIND_DELETE : DZ_BIND_VALUE);
    else
        dz_walk_use(walk, node, chain, DZ_READ_VALUE);
    return 0;
}

static int walk_attribute_as(struct dz_walk *walk, PyObject *node, uint32_t mode)
{
    int64_t chain = dz_walk_chain(walk, node);
    if (mode & DZ_READ_STORED)
        dz_why(walk, DZ_WHY_STORE);
    if (chain >= 0)
        dz_walk_use(walk, node, chain, mode);
    return chain < 0 ? -1 : 0;
}

static int walk_attribute(struct dz_walk *walk, PyObject *node)
{
    int is_load = context_of(node) == DZ_NODE_Load;
    return walk_attribute_as(walk, node, is_load ? DZ_READ_VALUE : DZ_READ_STORED);
}

static int walk_subscript(struct dz_walk *walk, PyObject *node)
{
    put_tag(walk, node);
    dz_autopy PyObject *value = dz_field(node, "value");
    int64_t chain = dz_walk_chain(walk, value);
    if (chain < 0)
        return -1;
    int is_load = context_of(node) == DZ_NODE_Load;
    dz_walk_use(walk, value, chain, is_load ? DZ_READ_VALUE : DZ_READ_VALUE | DZ_READ_ITEM);
    if (is_load)
        dz_why_operands(walk, value);
    else
        dz_why(walk, DZ_WHY_STORE);
    return dz_walk_field(walk, node, "slice");
}

static int walk_call(struct dz_walk *walk, PyObject *node)
{
    put_tag(walk, node);
    dz_autopy PyObject *function = dz_field(node, "func");
    dz_why_call(walk, function);
    int64_t chain = dz_walk_chain(walk, function);
    if (chain < 0)
        return -1;
    dz_walk_use(walk, function, chain, DZ_READ_CALLED);
    return dz_walk_field(walk, node, "args") < 0 ? -1 : dz_walk_field(walk, node, "keywords");
}

static int walk_constant(struct dz_walk *walk, PyObject *node)
{
    put_tag(walk, node);
    dz_autopy PyObject *value = dz_field(node, "value");
    if (put_constant(walk, value) < 0)
        return -1;
    return PyUnicode_Check(value) ? dz_words_of(walk, value) : 0;
}

static int walk_named(struct dz_walk *walk, PyObject *node)
{
    put_tag(walk, node);
    dz_autopy PyObject *target = dz_field(node, "target"), *id = dz_field(target, "id");
    uint32_t name = dz_walk_name(walk, id);
    dz_walk_put_name(walk, name);
    dz_scope_bind_outside(walk, name, DZ_BIND_VALUE);
    return dz_walk_field(walk, node, "value");
}

/* Operators, and what asks for the truth of a value. */
static int walk_operator(struct dz_walk *walk, PyObject *node)
{
    dz_why_operands(walk, node);
    return walk_fields(walk, node);
}

static int walk_lambda(struct dz_walk *walk, PyObject *node)
{
    if (!walk->functions)
        return dz_cut_lambda(walk, node);
    put_tag(walk, node);
    dz_autopy PyObject *arguments = dz_field(node, "args");
    if (dz_walk_arguments(walk, arguments) < 0)
        return -1;
    struct dz_scope scope;
    int yields = walk->yields;
    dz_scope_enter(walk, &scope, DZ_SCOPE_FUNCTION);
    int r = dz_walk_bind_arguments(walk, arguments);
    if (r == 0)
        r = dz_walk_field(walk, node, "body");
    dz_scope_leave(walk, &scope);
    walk->yields = yields;
    return r;
}

/* ---- functions in functions, and what all functions share ---- */

/* Names, defaults and, in a function, annotations too: there they are part of its body. */
int dz_walk_arguments(struct dz_walk *walk, PyObject *arguments)
{
    return walk_fields(walk, arguments);
}

/* An argument is a name and an annotation; an element of its own has the latter, outside of functions. */
static int walk_argument(struct dz_walk *walk, PyObject *node)
{
    if (walk->functions)
        return walk_fields(walk, node);
    put_tag(walk, node);
    return dz_walk_field(walk, node, "arg");
}

static int bind_list(struct dz_walk *walk, PyObject *list)
{
    for (Py_ssize_t i = 0; PyList_Check(list) && i < PyList_GET_SIZE(list); i++)
        bind_field(walk, PyList_GET_ITEM(list, i), "arg");
    return 0;
}

int dz_walk_bind_arguments(struct dz_walk *walk, PyObject *arguments)
{
    static const char *const lists[] = {"posonlyargs", "args", "kwonlyargs"};
    static const char *const single[] = {"vararg", "kwarg"};
    for (unsigned i = 0; i < 3; i++) {
        dz_autopy PyObject *list = dz_field(arguments, lists[i]);
        bind_list(walk, list);
    }
    for (unsigned i = 0; i < 2; i++) {
        dz_autopy PyObject *arg = dz_field(arguments, single[i]);
        if (arg != Py_None)
            bind_field(walk, arg, "arg");
    }
    return 0;
}

static uint32_t own_name(struct dz_walk *walk, PyObject *node)
{
    dz_autopy PyObject *name = dz_field(node, "name");
    return dz_names_add_object(&walk->draft->names, name);
}

/* Type parameters have a scope around the whole; where there are none it is one more that is empty. */
static int walk_inner(struct dz_walk *walk, PyObject *node, int is_class)
{
    dz_autopy PyObject *parameters = dz_field(node, "type_params");
    if (parameters != Py_None && dz_walk_any(walk, parameters) < 0)
        return -1;
    if (is_class &&
        (dz_walk_field(walk, node, "bases") < 0 || dz_walk_field(walk, node, "keywords") < 0))
        return -1;
    dz_autopy PyObject *arguments = is_class ? NULL : dz_field(node, "args");
    if (arguments &&
        (dz_walk_arguments(walk, arguments) < 0 || dz_walk_field(walk, node, "returns") < 0))
        return -1;
    struct dz_scope scope;
    int yields = walk->yields;
    uint32_t private = walk->private;
    dz_scope_enter(walk, &scope, is_class ? DZ_SCOPE_CLASS : DZ_SCOPE_FUNCTION);
    if (is_class)
        walk->private = own_name(walk, node);
    int r = arguments ? dz_walk_bind_arguments(walk, arguments) : 0;
    if (r == 0)
        r = dz_walk_field(walk, node, "body");
    dz_scope_leave(walk, &scope);
    walk->private = private;
    walk->yields = yields;
    return r;
}

static int walk_nested(struct dz_walk *walk, PyObject *node, int is_class)
{
    put_tag(walk, node);
    dz_autopy PyObject *name = dz_field(node, "name");
    dz_walk_put_name(walk, dz_walk_name(walk, name));
    if (dz_walk_field(walk, node, "decorator_list") < 0)
        return -1;
    struct dz_scope scope;
    dz_scope_enter(walk, &scope, DZ_SCOPE_FUNCTION);
    int r = walk_inner(walk, node, is_class);
    dz_scope_leave(walk, &scope);
    bind(walk, name, is_class ? DZ_BIND_CLASS : DZ_BIND_FUNCTION);
    return r;
}

static int walk_function(struct dz_walk *walk, PyObject *node)
{
    return walk->functions ? walk_nested(walk, node, 0) : dz_cut_function(walk, node);
}

static int walk_class(struct dz_walk *walk, PyObject *node)
{
    return walk->functions ? walk_nested(walk, node, 1) : dz_cut_class(walk, node);
}

/* ---- statements ---- */

static int is_single_name(PyObject *targets)
{
    return PyList_Check(targets) && PyList_GET_SIZE(targets) == 1 &&
           kind_of(PyList_GET_ITEM(targets, 0)) == DZ_NODE_Name;
}

static void set_plain(struct dz_walk *walk, PyObject *target)
{
    dz_autopy PyObject *id = dz_field(target, "id");
    uint32_t name = dz_walk_name(walk, id);
    if (dz_draft_ok(walk->draft))
        dz_name_at(&walk->draft->names, name)->is_plain = 1;
}

static int walk_assign(struct dz_walk *walk, PyObject *node)
{
    dz_autopy PyObject *targets = dz_field(node, "targets"), *value = dz_field(node, "value");
    int is_plain = walk->why && dz_why_is_plain(walk, value);
    for (Py_ssize_t i = 0; walk->why && i < PyList_GET_SIZE(targets); i++)
        if (kind_of(PyList_GET_ITEM(targets, i)) != DZ_NODE_Name)
            dz_why_operands(walk, value);
    int r = walk_fields(walk, node);
    if (is_plain && walk->scope->kind == DZ_SCOPE_MODULE && !walk->branches &&
        is_single_name(targets))
        set_plain(walk, PyList_GET_ITEM(targets, 0));
    return r;
}

static int walk_augmented_name(struct dz_walk *walk, PyObject *target)
{
    dz_autopy PyObject *id = dz_field(target, "id");
    uint32_t chain = dz_names_add_chain(&walk->draft->names, DZ_NONE, dz_walk_name(walk, id));
    dz_walk_use(walk, target, chain, DZ_READ_AUGMENTED);
    return walk_name(walk, target);
}

/* The target is read, too, and may be changed in place. */
static int walk_augmented(struct dz_walk *walk, PyObject *node)
{
    dz_autopy PyObject *target = dz_field(node, "target");
    dz_why_operands(walk, target);
    put_tag(walk, node);
    int r = kind_of(target) == DZ_NODE_Name ? walk_augmented_name(walk, target)
            : kind_of(target) == DZ_NODE_Attribute
                ? walk_attribute_as(walk, target, DZ_READ_STORED | DZ_READ_AUGMENTED)
                : dz_walk_any(walk, target);
    if (r < 0 || dz_walk_field(walk, node, "op") < 0)
        return -1;
    return dz_walk_field(walk, node, "value");
}

/* x: int without a value binds nothing, but in a function x is a local one. */
static int walk_target(struct dz_walk *walk, PyObject *node, PyObject *target)
{
    dz_autopy PyObject *value = dz_field(node, "value");
    if (kind_of(target) != DZ_NODE_Name || value != Py_None || walk->functions)
        return dz_walk_any(walk, target);
    dz_autopy PyObject *id = dz_field(target, "id");
    dz_walk_put_name(walk, dz_walk_name(walk, id));
    return 0;
}

static int walk_annotated(struct dz_walk *walk, PyObject *node)
{
    put_tag(walk, node);
    dz_autopy PyObject *target = dz_field(node, "target"), *value = dz_field(node, "value");
    size_t bytes_at;
    int is_plain = walk->why && value != Py_None && dz_why_is_plain(walk, value);
    if (walk_target(walk, node, target) < 0)
        return -1;
    bytes_at = walk->draft->bytes.len;
    if (walk->functions || walk->is_eager) {
        walk->annotating++;
        int r = dz_walk_field(walk, node, "annotation");
        walk->annotating--;
        if (r < 0)
            return -1;
    }
    /* Outside of functions it is an element of its own; here it is only read. */
    if (!walk->functions && dz_draft_ok(walk->draft))
        walk->draft->bytes.len = bytes_at;
    int r = dz_walk_any(walk, value);
    if (is_plain && walk->scope->kind == DZ_SCOPE_MODULE && !walk->branches &&
        kind_of(target) == DZ_NODE_Name)
        set_plain(walk, target);
    return r;
}

static int walk_declaration(struct dz_walk *walk, PyObject *node, int is_global)
{
    put_tag(walk, node);
    dz_autopy PyObject *names = dz_field(node, "names");
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(names); i++) {
        uint32_t name = dz_walk_name(walk, PyList_GET_ITEM(names, i));
        dz_walk_put_name(walk, name);
        if (!dz_draft_ok(walk->draft))
            return 0;
        if (is_global)
            dz_scope_declare_global(walk, name);
        else
            dz_scope_declare(walk, name);
    }
    return 0;
}

static int walk_branches(struct dz_walk *walk, PyObject *node)
{
    walk->branches++;
    int r = walk_fields(walk, node);
    walk->branches--;
    return r;
}

static int walk_loop(struct dz_walk *walk, PyObject *node, const char *condition)
{
    dz_autopy PyObject *value = dz_field(node, condition);
    dz_why_operands(walk, value);
    return walk_branches(walk, node);
}

static int is_type_checking(PyObject *test)
{
    enum dz_node_kind kind = kind_of(test);
    if (kind != DZ_NODE_Name && kind != DZ_NODE_Attribute)
        return 0;
    dz_autopy PyObject *name = dz_field(test, kind == DZ_NODE_Name ? "id" : "attr");
    return PyUnicode_CompareWithASCIIString(name, "TYPE_CHECKING") == 0;
}

/* Whether a list has this one and no other, of that kind and text. */
static int is_only(PyObject *list, enum dz_node_kind kind, const char *field, const char *text)
{
    if (PyList_GET_SIZE(list) != 1 || kind_of(PyList_GET_ITEM(list, 0)) != kind)
        return 0;
    dz_autopy PyObject *value = field ? dz_field(PyList_GET_ITEM(list, 0), field) : NULL;
    return !field || (PyUnicode_Check(value) && PyUnicode_CompareWithASCIIString(value, text) == 0);
}

/* __name__ == "__main__" */
static int is_main(PyObject *test)
{
    if (kind_of(test) != DZ_NODE_Compare)
        return 0;
    dz_autopy PyObject *left = dz_field(test, "left"), *ops = dz_field(test, "ops"),
                       *comparators = dz_field(test, "comparators");
    dz_autopy PyObject *id = kind_of(left) == DZ_NODE_Name ? dz_field(left, "id") : NULL;
    return id && PyUnicode_CompareWithASCIIString(id, "__name__") == 0 &&
           is_only(ops, DZ_NODE_Eq, NULL, NULL) &&
           is_only(comparators, DZ_NODE_Constant, "value", "__main__");
}

uint32_t dz_walk_never(PyObject *node)
{
    dz_autopy PyObject *test = dz_field(node, "test"), *orelse = dz_field(node, "orelse");
    if (PyList_GET_SIZE(orelse))
        return 0;
    return is_type_checking(test) ? DZ_IS_TYPING : is_main(test) ? DZ_IS_MAIN : 0;
}

/* What is only there for type checkers never runs, and what it imports is not imported. */
static int walk_typing(struct dz_walk *walk, PyObject *node)
{
    uint32_t *why = walk->why;
    walk->why = NULL;
    walk->typing++;
    int r = dz_walk_field(walk, node, "body");
    walk->typing--;
    walk->why = why;
    return r;
}

static int walk_if(struct dz_walk *walk, PyObject *node)
{
    dz_autopy PyObject *test = dz_field(node, "test");
    int is_typing = is_type_checking(test);
    if (!is_typing)
        dz_why_operands(walk, test);
    put_tag(walk, node);
    if (dz_walk_any(walk, test) < 0)
        return -1;
    walk->branches++;
    int r = is_typing ? walk_typing(walk, node) : dz_walk_field(walk, node, "body");
    if (r == 0)
        r = dz_walk_field(walk, node, "orelse");
    walk->branches--;
    return r;
}

static int walk_with(struct dz_walk *walk, PyObject *node)
{
    dz_autopy PyObject *items = dz_field(node, "items");
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items); i++) {
        dz_autopy PyObject *context = dz_field(PyList_GET_ITEM(items, i), "context_expr");
        dz_why_operands(walk, context);
    }
    return walk_branches(walk, node);
}

static int walk_bound(struct dz_walk *walk, PyObject *node, const char *field)
{
    bind_field(walk, node, field);
    return walk_fields(walk, node);
}

static int walk_raise(struct dz_walk *walk, PyObject *node)
{
    dz_why(walk, DZ_WHY_RAISE);
    return walk_fields(walk, node);
}

/* Its value is evaluated when asked for. */
static int walk_type_alias(struct dz_walk *walk, PyObject *node)
{
    put_tag(walk, node);
    if (dz_walk_field(walk, node, "name") < 0)
        return -1;
    struct dz_scope scope;
    uint32_t *why = walk->why;
    walk->why = NULL;
    walk->functions++;
    dz_scope_enter(walk, &scope, DZ_SCOPE_FUNCTION);
    int r = dz_walk_field(walk, node, "type_params");
    if (r == 0)
        r = dz_walk_field(walk, node, "value");
    dz_scope_leave(walk, &scope);
    walk->functions--;
    walk->why = why;
    return r;
}

/* ---- all ---- */

static int walk_node(struct dz_walk *walk, PyObject *node, enum dz_node_kind kind)
{
    switch (kind) {
    case DZ_NODE_Name:
        return walk_name(walk, node);
    case DZ_NODE_Attribute:
        return walk_attribute(walk, node);
    case DZ_NODE_Subscript:
        return walk_subscript(walk, node);
    case DZ_NODE_Call:
        return walk_call(walk, node);
    case DZ_NODE_Constant:
        return walk_constant(walk, node);
    case DZ_NODE_NamedExpr:
        return walk_named(walk, node);
    case DZ_NODE_BinOp:
    case DZ_NODE_UnaryOp:
    case DZ_NODE_BoolOp:
    case DZ_NODE_Compare:
    case DZ_NODE_IfExp:
    case DZ_NODE_FormattedValue:
    case DZ_NODE_Starred:
        return walk_operator(walk, node);
    case DZ_NODE_Lambda:
        return walk_lambda(walk, node);
    case DZ_NODE_ListComp:
        return dz_cut_comprehension(walk, node, "<listcomp>");
    case DZ_NODE_SetComp:
        return dz_cut_comprehension(walk, node, "<setcomp>");
    case DZ_NODE_DictComp:
        return dz_cut_comprehension(walk, node, "<dictcomp>");
    case DZ_NODE_GeneratorExp:
        return dz_cut_comprehension(walk, node, "<genexpr>");
    case DZ_NODE_FunctionDef:
    case DZ_NODE_AsyncFunctionDef:
        return walk_function(walk, node);
    case DZ_NODE_ClassDef:
        return walk_class(walk, node);
    case DZ_NODE_arg:
        return walk_argument(walk, node);
    case DZ_NODE_Assign:
        return walk_assign(walk, node);
    case DZ_NODE_AugAssign:
        return walk_augmented(walk, node);
    case DZ_NODE_AnnAssign:
        return walk_annotated(walk, node);
    case DZ_NODE_Global:
    case DZ_NODE_Nonlocal:
        return walk_declaration(walk, node, kind == DZ_NODE_Global);
    case DZ_NODE_Import:
    case DZ_NODE_ImportFrom:
        return dz_walk_import(walk, node);
    case DZ_NODE_If:
        return walk_if(walk, node);
    case DZ_NODE_For:
        return walk_loop(walk, node, "iter");
    case DZ_NODE_While:
        return walk_loop(walk, node, "test");
    case DZ_NODE_Match:
        return walk_loop(walk, node, "subject");
    case DZ_NODE_comprehension: {
        dz_autopy PyObject *iterable = dz_field(node, "iter");
        dz_why_operands(walk, iterable);
        return walk_fields(walk, node);
    }
    case DZ_NODE_With:
        return walk_with(walk, node);
    case DZ_NODE_Try:
    case DZ_NODE_TryStar:
        return walk_branches(walk, node);
    case DZ_NODE_TypeAlias:
        return walk_type_alias(walk, node);
    case DZ_NODE_Raise:
    case DZ_NODE_Assert:
        return walk_raise(walk, node);
    case DZ_NODE_ExceptHandler:
    case DZ_NODE_MatchAs:
    case DZ_NODE_MatchStar:
    case DZ_NODE_TypeVar:
    case DZ_NODE_ParamSpec:
    case DZ_NODE_TypeVarTuple:
        return walk_bound(walk, node, "name");
    case DZ_NODE_MatchMapping:
        return walk_bound(walk, node, "rest");
    case DZ_NODE_Yield:
    case DZ_NODE_YieldFrom:
        walk->yields = 1;
        return walk_fields(walk, node);
    default:
        return walk_fields(walk, node);
    }
}

static int is_hollow(const struct dz_walk *walk, const PyObject *value)
{
    for (unsigned i = 0; i < walk->hollows->n; i++)
        if (walk->hollows->nodes[i] == value)
            return 1;
    return 0;
}

/* What it does is the header's, and not the outline's. */
static int walk_hollow(struct dz_walk *walk, PyObject *value)
{
    struct dz_hollows *hollows = walk->hollows;
    size_t bytes_at = walk->draft->bytes.len, uses_at = dz_draft_n_uses(walk->draft);
    uint32_t *why = walk->why;
    if (why)
        walk->why = &hollows->why;
    walk->hollows = NULL;
    int r = dz_walk_any(walk, value);
    walk->hollows = hollows;
    walk->why = why;
    if (r == 0)
        dz_draft_gap(walk->draft, bytes_at, uses_at, 0, DZ_NONE);
    return r;
}

int dz_walk_any(struct dz_walk *walk, PyObject *value)
{
    if (walk->hollows && is_hollow(walk, value))
        return walk_hollow(walk, value);
    const struct dz_node *type = dz_node_of(value);
    if (type) {
        if (++walk->depth > DEEPEST) {
            PyErr_SetString(PyExc_RecursionError, "nested too deeply");
            return -1;
        }
        int r = walk_node(walk, value, type->kind);
        walk->depth--;
        return r;
    }
    if (!PyList_Check(value))
        return put_constant(walk, value);
    dz_walk_put(walk, "[", 1);
    dz_walk_put_number(walk, (uint32_t)PyList_GET_SIZE(value));
    return dz_walk_statements(walk, value, 0);
}

void dz_walk_clear(struct dz_walk *walk)
{
    dz_buf_free(&walk->bound);
    dz_buf_free(&walk->prefix);
    Py_CLEAR(walk->quoted);
}
