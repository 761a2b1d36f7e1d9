#include "resume.h"

#if PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030C0000

#include <opcode.h>

#define Py_BUILD_CORE
#include <internal/pycore_frame.h>
#undef Py_BUILD_CORE

#include "slots.h"

void (*dz_resume_met)(PyCodeObject *code);

/* Generators, coroutines and asynchronous generators are laid out alike. */
static inline void resumes(PyGenObject *generator)
{
    if (generator->gi_frame_state < FRAME_EXECUTING)
        dz_resume_met(generator->gi_code);
}

/* What stands for one has it right behind its head: coroutine_wrapper, async_generator_asend, …_athrow. */
static inline PyGenObject *behind(PyObject *other)
{
    struct other {
        PyObject_HEAD PyGenObject *generator;
    };
    return ((struct other *)other)->generator;
}

/* What it waits for by `yield from` or `await` lies on top of its stack then, and RESUME tells that. Borrowed. */
static PyObject *awaited_by(PyGenObject *generator)
{
    _PyInterpreterFrame *frame = (_PyInterpreterFrame *)generator->gi_iframe;
    if (generator->gi_frame_state != FRAME_SUSPENDED)
        return NULL;
    _Py_CODEUNIT next = frame->prev_instr[1];
    int is_resume = _Py_OPCODE(next) == RESUME || _Py_OPCODE(next) == RESUME_QUICK;
    return is_resume && _Py_OPARG(next) >= 2 ? _PyFrame_StackPeek(frame) : NULL;
}

/* Exceptions go straight to the innermost, and those around it resume with what comes of that. */
static void is_thrown_into(PyGenObject *generator)
{
    for (;;) {
        resumes(generator);
        PyObject *awaited = awaited_by(generator);
        if (!awaited || !(PyGen_CheckExact(awaited) || PyCoro_CheckExact(awaited)))
            return;
        generator = (PyGenObject *)awaited;
    }
}

/* A coroutine that was never awaited is only warned of. */
static void is_finalized(PyGenObject *generator)
{
    if (!PyCoro_CheckExact(generator) || generator->gi_frame_state == FRAME_SUSPENDED)
        is_thrown_into(generator);
}

#define DZ_ITSELF(self) ((PyGenObject *)(self))

#define DZ_NEXT(name, generator)          \
    static iternextfunc name##_inner;     \
    static PyObject *name(PyObject *self) \
    {                                     \
        resumes(generator(self));         \
        return name##_inner(self);        \
    }

#define DZ_AM_SEND(name)                                                      \
    static sendfunc name##_inner;                                             \
    static PySendResult name(PyObject *self, PyObject *value, PyObject **ret) \
    {                                                                         \
        resumes((PyGenObject *)self);                                         \
        return name##_inner(self, value, ret);                                \
    }

#define DZ_METHOD(name, how, generator)                  \
    static PyCFunction name##_inner;                     \
    static PyObject *name(PyObject *self, PyObject *arg) \
    {                                                    \
        how(generator(self));                            \
        return name##_inner(self, arg);                  \
    }

#define DZ_FAST_METHOD(name, how, generator)                                   \
    static _PyCFunctionFast name##_inner;                                      \
    static PyObject *name(PyObject *self, PyObject *const *args, Py_ssize_t n) \
    {                                                                          \
        how(generator(self));                                                  \
        return name##_inner(self, args, n);                                    \
    }

#define DZ_FINALIZE(name)                  \
    static destructor name##_inner;        \
    static void name(PyObject *self)       \
    {                                      \
        is_finalized((PyGenObject *)self); \
        name##_inner(self);                \
    }

#define DZ_METHODS(prefix, generator)                         \
    DZ_METHOD(prefix##_send, resumes, generator)              \
    DZ_FAST_METHOD(prefix##_throw, is_thrown_into, generator) \
    DZ_METHOD(prefix##_close, is_thrown_into, generator)

DZ_NEXT(generator_next, DZ_ITSELF)
DZ_NEXT(wrapper_next, behind)
DZ_NEXT(asend_next, behind)
DZ_NEXT(athrow_next, behind)
DZ_AM_SEND(generator_am_send)
DZ_AM_SEND(coroutine_am_send)
DZ_AM_SEND(asyncgen_am_send)
DZ_METHODS(generator, DZ_ITSELF)
DZ_METHODS(coroutine, DZ_ITSELF)
DZ_METHODS(wrapper, behind)
DZ_METHODS(asend, behind)
DZ_METHODS(athrow, behind)
DZ_FINALIZE(generator_finalize)
DZ_FINALIZE(coroutine_finalize)
DZ_FINALIZE(asyncgen_finalize)

#define DZ_SLOT_OF(type, kind, offset, name, ours)                      \
    {                                                                   \
        &type, kind, offset, name, (void *)ours, (void **)&ours##_inner \
    }
#define DZ_HAS_NEXT(type, ours)                                                      \
    DZ_SLOT_OF(type, DZ_SLOT_TYPE, offsetof(PyTypeObject, tp_iternext), NULL, ours), \
        DZ_SLOT_OF(type, DZ_SLOT_WRAPPER, 0, "__next__", ours)
#define DZ_HAS_FINALIZE(type, ours)                                                  \
    DZ_SLOT_OF(type, DZ_SLOT_TYPE, offsetof(PyTypeObject, tp_finalize), NULL, ours), \
        DZ_SLOT_OF(type, DZ_SLOT_WRAPPER, 0, "__del__", ours)
#define DZ_HAS_AM_SEND(type, ours) \
    DZ_SLOT_OF(type, DZ_SLOT_ASYNC, offsetof(PyAsyncMethods, am_send), NULL, ours)
#define DZ_HAS_METHODS(type, prefix)                                  \
    DZ_SLOT_OF(type, DZ_SLOT_METHOD, 0, "send", prefix##_send),       \
        DZ_SLOT_OF(type, DZ_SLOT_METHOD, 0, "throw", prefix##_throw), \
        DZ_SLOT_OF(type, DZ_SLOT_METHOD, 0, "close", prefix##_close)

static const struct dz_slot slots[] = {
    DZ_HAS_NEXT(PyGen_Type, generator_next),
    DZ_HAS_AM_SEND(PyGen_Type, generator_am_send),
    DZ_HAS_METHODS(PyGen_Type, generator),
    DZ_HAS_FINALIZE(PyGen_Type, generator_finalize),

    DZ_HAS_AM_SEND(PyCoro_Type, coroutine_am_send),
    DZ_HAS_METHODS(PyCoro_Type, coroutine),
    DZ_HAS_FINALIZE(PyCoro_Type, coroutine_finalize),

    DZ_HAS_NEXT(_PyCoroWrapper_Type, wrapper_next),
    DZ_HAS_METHODS(_PyCoroWrapper_Type, wrapper),

    DZ_HAS_AM_SEND(PyAsyncGen_Type, asyncgen_am_send),
    DZ_HAS_FINALIZE(PyAsyncGen_Type, asyncgen_finalize),

    DZ_HAS_NEXT(_PyAsyncGenASend_Type, asend_next),
    DZ_HAS_METHODS(_PyAsyncGenASend_Type, asend),

    DZ_HAS_NEXT(_PyAsyncGenAThrow_Type, athrow_next),
    DZ_HAS_METHODS(_PyAsyncGenAThrow_Type, athrow),
};
enum { N_SLOTS = sizeof slots / sizeof *slots };

int dz_resume_watch(void)
{
    return dz_slots_take(slots, N_SLOTS);
}

void dz_resume_forget(void)
{
    dz_slots_give_back(slots, N_SLOTS);
}

#endif
