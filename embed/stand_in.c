#include "stand_in.h"

#include <stddef.h>
#include <structmember.h>

struct stand_in {
    PyObject_HEAD vectorcallfunc call;
    PyObject *inner;
    dz_around *around;
};

static PyObject *call(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names)
{
    struct stand_in *stand_in = (struct stand_in *)self;
    return stand_in->around(stand_in->inner, args, nargsf, names);
}

static PyObject *bind(PyObject *self, PyObject *object, PyObject *type)
{
    (void)type;
    return object && object != Py_None ? PyMethod_New(self, object) : Py_NewRef(self);
}

static PyObject *ask_inner(PyObject *self, PyObject *name)
{
    return PyObject_GetAttr(((struct stand_in *)self)->inner, name);
}

static PyObject *describe_inner(PyObject *self)
{
    return PyObject_Repr(((struct stand_in *)self)->inner);
}

static void dealloc(PyObject *self)
{
    Py_DECREF(((struct stand_in *)self)->inner);
    Py_TYPE(self)->tp_free(self);
}

/* For what does not bind: a built-in function, or a class's method as it is had from the class. It may have been kept
 * in another class, as pytest's import hook keeps one. */
static PyTypeObject bound_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "_dagz.bound_stand_in",
    .tp_basicsize = sizeof(struct stand_in),
    .tp_dealloc = dealloc,
    .tp_vectorcall_offset = offsetof(struct stand_in, call),
    .tp_call = PyVectorcall_Call,
    .tp_getattro = ask_inner,
    .tp_repr = describe_inner,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL,
};

static PyTypeObject type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "_dagz.stand_in",
    .tp_basicsize = sizeof(struct stand_in),
    .tp_dealloc = dealloc,
    .tp_vectorcall_offset = offsetof(struct stand_in, call),
    .tp_call = PyVectorcall_Call,
    .tp_getattro = ask_inner,
    .tp_repr = describe_inner,
    .tp_descr_get = bind,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR,
};

int dz_stand_in(PyObject *owner, const char *name, dz_around *around)
{
    if (PyType_Ready(&type) < 0 || PyType_Ready(&bound_type) < 0)
        return -1;
    dz_autopy PyObject *inner = PyObject_GetAttrString(owner, name);
    if (!inner)
        return -1;
    int binds = !PyMethod_Check(inner) && !PyCFunction_Check(inner);
    dz_autopy PyObject *new = binds ? type.tp_alloc(&type, 0) : bound_type.tp_alloc(&bound_type, 0);
    if (!new)
        return -1;
    struct stand_in *stand_in = (struct stand_in *)new;
    stand_in->call = call;
    stand_in->inner = Py_NewRef(inner);
    stand_in->around = around;
    return PyObject_SetAttrString(owner, name, new);
}
