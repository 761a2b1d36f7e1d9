/* Python's own classes of the parse (`_ast`): which one a node is, and its fields. */
#pragma once

#include "../pycompat.h"

#include <stdint.h>

/* Those that mean something to us; all others are walked field by field. */
/* clang-format off */
#define DZ_NODES \
    X(Name) X(Attribute) X(Subscript) X(Call) X(Constant) X(JoinedStr) X(Lambda) X(ListComp) \
    X(SetComp) X(DictComp) X(GeneratorExp) X(NamedExpr) X(List) X(Tuple) X(Set) X(Dict) X(BinOp) \
    X(UnaryOp) X(BoolOp) X(Compare) X(IfExp) X(FunctionDef) X(AsyncFunctionDef) X(ClassDef) \
    X(Expr) X(Pass) X(Assign) X(AugAssign) X(AnnAssign) X(For) X(While) X(If) X(With) X(Try) \
    X(TryStar) X(Match) X(match_case) X(Raise) X(Assert) X(Delete) X(Global) X(Nonlocal) \
    X(Import) X(ImportFrom) X(ExceptHandler) X(MatchAs) X(MatchStar) X(MatchMapping) \
    X(TypeAlias) X(TypeVar) X(ParamSpec) X(TypeVarTuple) X(comprehension) X(arg) X(Load) \
    X(Store) X(Del) X(Expression) X(Starred) X(FormattedValue) X(Yield) X(YieldFrom) X(Eq)
/* clang-format on */

enum dz_node_kind {
    DZ_NODE_OTHER,
#define X(name) DZ_NODE_##name,
    DZ_NODES
#undef X
};

enum { DZ_NODE_FIELDS = 8 };

struct dz_node {
    PyTypeObject *type;
    enum dz_node_kind kind;
    uint32_t tag; /* of its name: the same in each process */
    uint8_t n;
    PyObject *fields[DZ_NODE_FIELDS]; /* those that count, in the order of the parse */
};

/* Reads the table out of `_ast`. -1 with an exception set. */
int dz_nodes_load(void);
/* NULL where it is no node. */
const struct dz_node *dz_node_of(PyObject *object);
int dz_is_node(PyObject *object, enum dz_node_kind kind);

/* A field's value, new reference; None where the node has none such in this version. */
PyObject *dz_field(PyObject *node, const char *name);
long dz_line(PyObject *node);
long dz_end_line(PyObject *node);
