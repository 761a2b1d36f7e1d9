#include "nodes.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { MOST = 256, SLOTS = 1024 };

static struct dz_node nodes[MOST];
static unsigned n_nodes;
static uint16_t slots[SLOTS]; /* hash of the type → number of node + 1 */

static uint32_t slot_of(const PyTypeObject *type)
{
    return (uint32_t)(((uintptr_t)type >> 4) * 2654435761u) % SLOTS;
}

static const char *name_of(const PyTypeObject *type)
{
    const char *dot = strrchr(type->tp_name, '.');
    return dot ? dot + 1 : type->tp_name;
}

static enum dz_node_kind kind_of(const char *name)
{
    static const char *const names[] = {"",
#define X(name) #name,
                                        DZ_NODES
#undef X
    };
    for (unsigned i = 1; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return (enum dz_node_kind)i;
    return DZ_NODE_OTHER;
}

/* ctx follows from the place; u in u'' and comments are layout. */
static int counts(const char *field)
{
    return strcmp(field, "ctx") != 0 && strcmp(field, "kind") != 0 &&
           strcmp(field, "type_comment") != 0 && strcmp(field, "type_ignores") != 0;
}

static int read_fields(struct dz_node *node)
{
    dz_autopy PyObject *names = PyObject_GetAttrString((PyObject *)node->type, "_fields");
    if (!names || !PyTuple_Check(names))
        return -1;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++) {
        const char *name = PyUnicode_AsUTF8(PyTuple_GET_ITEM(names, i));
        if (!name)
            return -1;
        if (!counts(name))
            continue;
        if (node->n == DZ_NODE_FIELDS) {
            PyErr_Format(PyExc_SystemError, "%s has too many fields", node->type->tp_name);
            return -1;
        }
        node->fields[node->n] = PyUnicode_InternFromString(name);
        if (!node->fields[node->n++])
            return -1;
    }
    return 0;
}

static int add(PyTypeObject *type)
{
    if (n_nodes == MOST)
        return 0;
    struct dz_node *node = &nodes[n_nodes++];
    const char *name = name_of(type);
    node->type = type;
    node->kind = kind_of(name);
    node->tag = XXH32(name, strlen(name), 0);
    uint32_t slot = slot_of(type);
    while (slots[slot])
        slot = (slot + 1) % SLOTS;
    slots[slot] = (uint16_t)n_nodes;
    return read_fields(node);
}

int dz_nodes_load(void)
{
    dz_autopy PyObject *module = PyImport_ImportModule("_ast");
    dz_autopy PyObject *base = module ? PyObject_GetAttrString(module, "AST") : NULL;
    if (!base)
        return -1;
    PyObject *value;
    Py_ssize_t at = 0;
    while (PyDict_Next(PyModule_GetDict(module), &at, NULL, &value))
        if (PyType_Check(value) && PyType_IsSubtype((PyTypeObject *)value, (PyTypeObject *)base) &&
            add((PyTypeObject *)value) < 0)
            return -1;
    return 0;
}

const struct dz_node *dz_node_of(PyObject *object)
{
    const PyTypeObject *type = Py_TYPE(object);
    for (uint32_t slot = slot_of(type); slots[slot]; slot = (slot + 1) % SLOTS)
        if (nodes[slots[slot] - 1].type == type)
            return &nodes[slots[slot] - 1];
    return NULL;
}

/* The interned string for one of our literals, by the literal's address: looking attributes up by text would cost a
 * third of the time. Borrowed. */
static PyObject *interned(const char *name)
{
    static struct {
        const char *name;
        PyObject *string;
    } seen[256];
    unsigned slot = (unsigned)((uintptr_t)name * 2654435761u >> 8) % 256;
    while (seen[slot].name && seen[slot].name != name)
        slot = (slot + 1) % 256;
    if (!seen[slot].name) {
        seen[slot].string = PyUnicode_InternFromString(name);
        seen[slot].name = seen[slot].string ? name : NULL;
    }
    return seen[slot].string;
}

PyObject *dz_field(PyObject *node, const char *name)
{
    PyObject *key = interned(name), *value = key ? PyObject_GetAttr(node, key) : NULL;
    if (!value) {
        PyErr_Clear();
        value = Py_NewRef(Py_None);
    }
    return value;
}

static long number(PyObject *node, const char *name)
{
    dz_autopy PyObject *value = dz_field(node, name);
    long line = PyLong_Check(value) ? PyLong_AsLong(value) : 0;
    PyErr_Clear();
    return line > 0 && line < UINT32_MAX ? line : 0;
}

long dz_line(PyObject *node)
{
    return number(node, "lineno");
}

long dz_end_line(PyObject *node)
{
    long line = number(node, "end_lineno");
    return line ? line : dz_line(node);
}

int dz_is_node(PyObject *object, enum dz_node_kind kind)
{
    const struct dz_node *type = dz_node_of(object);
    return type && type->kind == kind;
}
