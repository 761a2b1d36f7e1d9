/* The one door to what differs between versions of CPython (3.10 to 3.14). */
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#if PY_VERSION_HEX < 0x030A0000
#error "CPython 3.10 or later is needed"
#endif

/* As in the shim's name. */
#ifdef Py_GIL_DISABLED
#define DZ_PYTHON_VERSION Py_STRINGIFY(PY_MAJOR_VERSION) "." Py_STRINGIFY(PY_MINOR_VERSION) "t"
#else
#define DZ_PYTHON_VERSION Py_STRINGIFY(PY_MAJOR_VERSION) "." Py_STRINGIFY(PY_MINOR_VERSION)
#endif

static inline void dz_decrefp(PyObject **slot)
{
    Py_XDECREF(*slot);
}
/* Owned, released at the end of the scope. */
#define dz_autopy __attribute__((cleanup(dz_decrefp)))

/* The text of an attribute, otherwise where there is none; *keep: what it is borrowed from, to be released. Clears what it
 * raises. */
static inline const char *dz_attribute_text(PyObject *object, const char *name, PyObject **keep,
                                            const char *otherwise)
{
    *keep = PyObject_GetAttrString(object, name);
    const char *text = *keep && PyUnicode_Check(*keep) ? PyUnicode_AsUTF8(*keep) : NULL;
    if (!text)
        PyErr_Clear();
    return text ? text : otherwise;
}

/* PyLong_AsInt is public from 3.13 on. -1 with an exception set where it does not fit. */
static inline int dz_int(PyObject *value)
{
    int overflow;
    long number = PyLong_AsLongAndOverflow(value, &overflow);
    if (overflow || number != (int)number) {
        PyErr_SetString(PyExc_OverflowError, "number does not fit an int");
        return -1;
    }
    return (int)number;
}

/* Says it in sys.executable and in the configuration that sub-interpreters are made from. */
static inline int dz_set_executable(const char *path)
{
    dz_autopy PyObject *executable = PyUnicode_DecodeFSDefault(path);
    if (!executable)
        return -1;
#if PY_VERSION_HEX >= 0x030E0000
    return PyConfig_Set("executable", executable);
#else
    /* Exported by all of 3.10 to 3.13, but declared for CPython's own parts only. */
    extern const PyConfig *_Py_GetConfig(void);
    PyConfig *config = (PyConfig *)_Py_GetConfig();
    PyStatus status = PyConfig_SetBytesString(config, &config->executable, path);
    if (PyStatus_Exception(status)) {
        PyErr_NoMemory();
        return -1;
    }
    return PySys_SetObject("executable", executable);
#endif
}

/* ---- code objects and frames ---- */

#if PY_VERSION_HEX >= 0x030C0000
#define dz_request_extra_index PyUnstable_Eval_RequestCodeExtraIndex
#define dz_code_set_extra PyUnstable_Code_SetExtra
#else
#define dz_request_extra_index _PyEval_RequestCodeExtraIndex
#define dz_code_set_extra _PyCode_SetExtra
#endif

/* What co_extra points to (Objects/codeobject.c, _PyCodeObjectExtra: the same from 3.6 to 3.14). Read directly: the
 * call costs 2 to 5 % more on each frame. The probe's self-check would see another layout. */
struct dz_code_extra {
    Py_ssize_t size;
    void *slots[1];
};

static inline void *dz_code_extra(PyCodeObject *code, Py_ssize_t index)
{
    struct dz_code_extra *extra = (struct dz_code_extra *)code->co_extra;
    return extra && extra->size > index ? extra->slots[index] : NULL;
}

static inline PyObject *dz_code_qualname(PyCodeObject *code)
{
#if PY_VERSION_HEX >= 0x030B0000
    return code->co_qualname;
#else
    return code->co_name;
#endif
}

/* A warm call of a class enters __init__ without asking whether there is an evaluator: CALL_ALLOC_AND_ENTER_INIT lacks
 * the check that other inlined calls have (Python/bytecodes.c). The self-check would tell of another such version. */
#define DZ_EVALUATOR_MISSES_INIT (PY_VERSION_HEX >= 0x030D0000 && PY_VERSION_HEX < 0x030E0000)

/* The code of a frame that is about to be evaluated; borrowed. Internal struct _PyInterpreterFrame: the code is its
 * fifth word in 3.11, its first from 3.12 on; tagged in its low bits in 3.14. */
#if PY_VERSION_HEX >= 0x030B0000
typedef struct _PyInterpreterFrame dz_frame;
#else
#include <frameobject.h>
typedef PyFrameObject dz_frame;
#endif

static inline PyCodeObject *dz_frame_code(dz_frame *frame)
{
#if PY_VERSION_HEX >= 0x030E0000
    return (PyCodeObject *)(*(uintptr_t *)frame & ~(uintptr_t)3);
#elif PY_VERSION_HEX >= 0x030C0000
    return *(PyCodeObject **)frame;
#elif PY_VERSION_HEX >= 0x030B0000
    return ((PyCodeObject **)frame)[4];
#else
    return frame->f_code;
#endif
}

/* The innermost frame of this thread, and the one outside of it; NULL: none. Only the thread itself changes them, so it
 * may read them without the interpreter's lock. */
static inline dz_frame *dz_frame_of(PyThreadState *thread)
{
#if PY_VERSION_HEX >= 0x030D0000
    return thread->current_frame;
#elif PY_VERSION_HEX >= 0x030B0000
    return thread->cframe->current_frame;
#else
    return thread->frame;
#endif
}

/* The seventh word in 3.11, the second from 3.12 on. */
static inline dz_frame *dz_frame_outer(dz_frame *frame)
{
#if PY_VERSION_HEX >= 0x030C0000
    return ((dz_frame **)frame)[1];
#elif PY_VERSION_HEX >= 0x030B0000
    return ((dz_frame **)frame)[6];
#else
    return frame->f_back;
#endif
}

/* ---- dicts ---- */

/* Another number after each change, until 3.13; there not of what lies in an instance itself, whose stores by-pass it. */
#define DZ_DICT_HAS_VERSION (PY_VERSION_HEX < 0x030E0000)
#define DZ_DICT_KEEPS_VERSION(dict) \
    (DZ_DICT_HAS_VERSION && (PY_VERSION_HEX < 0x030D0000 || !((PyDictObject *)(dict))->ma_values))
#if DZ_DICT_HAS_VERSION
static inline uint64_t dz_dict_version(PyObject *dict)
{
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wdeprecated-declarations\"")
        uint64_t version = ((PyDictObject *)dict)->ma_version_tag;
    _Pragma("GCC diagnostic pop") return version;
}
#endif
