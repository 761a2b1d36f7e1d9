/* Whether a statement of the module does more than bind names: an effect that goes unseen is a test that is wrongly
 * skipped, so what is not known to be local counts. What only other files can tell is left to who reads the sheet. */
#include "walk.h"

#include "known.h"
#include "nodes.h"

#include <string.h>

/* A chain's full name: through this module's imports, or a builtin's. Not told where it is anything else. */
static int put_dotted(struct dz_walk *walk, uint32_t number, struct dz_buf *to)
{
    const struct dz_names *names = &walk->draft->names;
    const struct dz_link_of_chain *chain = dz_chain_at(names, number);
    if (chain->parent != DZ_NONE) {
        if (!put_dotted(walk, chain->parent, to))
            return 0;
        dz_buf_str(to, ".");
        dz_buf_str(to, dz_name_text(names, chain->name));
        return 1;
    }
    const struct dz_name *root = dz_name_at(names, chain->name);
    if (root->dotted == DZ_NONE && root->ordinal)
        return 0;
    if (root->dotted == DZ_NONE)
        dz_buf_str(to, "builtins.");
    dz_buf_str(to, dz_name_text(names, root->dotted == DZ_NONE ? chain->name : root->dotted));
    return 1;
}

static PyObject *attribute_value(PyObject *node)
{
    return dz_field(node, "value");
}

/* As dz_walk_chain, but only asked for. */
static uint32_t chain_of(struct dz_walk *walk, PyObject *node)
{
    struct dz_names *names = &walk->draft->names;
    const struct dz_node *type = dz_node_of(node);
    if (type && type->kind == DZ_NODE_Name) {
        dz_autopy PyObject *id = dz_field(node, "id");
        return dz_names_add_chain(names, DZ_NONE, dz_names_add_object(names, id));
    }
    if (!type || type->kind != DZ_NODE_Attribute)
        return DZ_NONE;
    dz_autopy PyObject *value = attribute_value(node), *attr = dz_field(node, "attr");
    uint32_t parent = chain_of(walk, value);
    return parent == DZ_NONE ? DZ_NONE
                             : dz_names_add_chain(names, parent, dz_names_add_object(names, attr));
}

int dz_why_is_known(struct dz_walk *walk, PyObject *node, int (*is)(const char *))
{
    uint32_t chain = chain_of(walk, node);
    dz_autobuf struct dz_buf dotted = {0};
    if (chain == DZ_NONE || !dz_draft_ok(walk->draft) || !put_dotted(walk, chain, &dotted))
        return 0;
    dz_buf_put(&dotted, "", 1);
    return dz_buf_ok(&dotted) && is(dotted.data);
}

static int is_plain_name(struct dz_walk *walk, PyObject *node)
{
    dz_autopy PyObject *id = dz_field(node, "id");
    uint32_t name = dz_names_add_object(&walk->draft->names, id);
    if (!dz_draft_ok(walk->draft))
        return 0;
    return dz_name_at(&walk->draft->names, name)->is_plain;
}

static int all_plain(struct dz_walk *walk, PyObject *list)
{
    for (Py_ssize_t i = 0; PyList_Check(list) && i < PyList_GET_SIZE(list); i++)
        if (!dz_why_is_plain(walk, PyList_GET_ITEM(list, i)))
            return 0;
    return 1;
}

static int fields_are_plain(struct dz_walk *walk, PyObject *node, const char *a, const char *b)
{
    dz_autopy PyObject *left = dz_field(node, a), *right = b ? dz_field(node, b) : NULL;
    if (PyList_Check(left) ? !all_plain(walk, left) : !dz_why_is_plain(walk, left))
        return 0;
    return !right || (PyList_Check(right) ? all_plain(walk, right) : dz_why_is_plain(walk, right));
}

static int is_known_function(struct dz_walk *walk, PyObject *function)
{
    const struct dz_node *type = dz_node_of(function);
    if (type && type->kind == DZ_NODE_Subscript) {
        dz_autopy PyObject *value = dz_field(function, "value");
        return dz_why_is_known(walk, value, dz_known_local);
    }
    if (dz_why_is_known(walk, function, dz_known_local))
        return 1;
    /* A method of a value that is known: "a b".split(), Path(__file__).resolve(). */
    if (!type || type->kind != DZ_NODE_Attribute || chain_of(walk, function) != DZ_NONE)
        return 0;
    dz_autopy PyObject *value = attribute_value(function);
    return dz_why_is_plain(walk, value);
}

int dz_why_is_plain(struct dz_walk *walk, PyObject *value)
{
    const struct dz_node *type = value == Py_None ? NULL : dz_node_of(value);
    if (!type)
        return 1;
    switch (type->kind) {
    case DZ_NODE_Constant:
    case DZ_NODE_JoinedStr:
    case DZ_NODE_List:
    case DZ_NODE_Tuple:
    case DZ_NODE_Set:
    case DZ_NODE_Dict:
    case DZ_NODE_Lambda:
    case DZ_NODE_ListComp:
    case DZ_NODE_SetComp:
    case DZ_NODE_DictComp:
    case DZ_NODE_GeneratorExp:
        return 1;
    case DZ_NODE_Name:
        return is_plain_name(walk, value) || dz_why_is_known(walk, value, dz_known_plain) ||
               dz_why_is_known(walk, value, dz_known_local);
    case DZ_NODE_Attribute: {
        if (dz_why_is_known(walk, value, dz_known_plain) ||
            dz_why_is_known(walk, value, dz_known_local))
            return 1;
        dz_autopy PyObject *inner = attribute_value(value);
        return chain_of(walk, value) == DZ_NONE && dz_why_is_plain(walk, inner);
    }
    case DZ_NODE_Call: {
        dz_autopy PyObject *function = dz_field(value, "func");
        return is_known_function(walk, function);
    }
    case DZ_NODE_BinOp:
        return fields_are_plain(walk, value, "left", "right");
    case DZ_NODE_Compare:
        return fields_are_plain(walk, value, "left", "comparators");
    case DZ_NODE_UnaryOp:
        return fields_are_plain(walk, value, "operand", NULL);
    case DZ_NODE_BoolOp:
        return fields_are_plain(walk, value, "values", NULL);
    case DZ_NODE_IfExp:
        return fields_are_plain(walk, value, "body", "orelse");
    case DZ_NODE_Subscript:
    case DZ_NODE_FormattedValue:
    case DZ_NODE_Starred:
    case DZ_NODE_NamedExpr:
        return fields_are_plain(walk, value, "value", NULL);
    default:
        return 0;
    }
}

void dz_why_operands(struct dz_walk *walk, PyObject *value)
{
    if (walk->why && !walk->annotating)
        walk->flags |= DZ_OPERATES;
    if (walk->why && !(*walk->why & DZ_WHY_OPERATOR) && !dz_why_is_plain(walk, value))
        *walk->why |= DZ_WHY_OPERATOR;
}

void dz_why_call(struct dz_walk *walk, PyObject *function)
{
    if (walk->why && !(*walk->why & DZ_WHY_CALL) && !is_known_function(walk, function))
        *walk->why |= DZ_WHY_CALL;
}

static PyObject *called_or_self(PyObject *node)
{
    const struct dz_node *type = dz_node_of(node);
    return type && type->kind == DZ_NODE_Call ? dz_field(node, "func") : Py_NewRef(node);
}

/* @name.setter of a property in the same class. */
static int is_accessor(struct dz_walk *walk, PyObject *node)
{
    const struct dz_node *type = dz_node_of(node);
    if (!type || type->kind != DZ_NODE_Attribute || walk->owner == DZ_NONE)
        return 0;
    dz_autopy PyObject *attr = dz_field(node, "attr");
    const char *name = PyUnicode_AsUTF8(attr);
    return name && (strcmp(name, "setter") == 0 || strcmp(name, "deleter") == 0 ||
                    strcmp(name, "getter") == 0);
}

void dz_why_decorator(struct dz_walk *walk, PyObject *decorator)
{
    if (!walk->why)
        return;
    dz_autopy PyObject *function = called_or_self(decorator);
    if (!is_accessor(walk, function) && !dz_why_is_known(walk, function, dz_known_local))
        *walk->why |= DZ_WHY_DECORATOR;
}

void dz_why_base(struct dz_walk *walk, PyObject *base)
{
    const struct dz_node *type = dz_node_of(base);
    if (!walk->why)
        return;
    dz_autopy PyObject *class =
        type && type->kind == DZ_NODE_Subscript ? dz_field(base, "value") : Py_NewRef(base);
    if (!dz_why_is_known(walk, class, dz_known_local))
        *walk->why |= DZ_WHY_BASE;
}
