#include "prologue.h"

#if PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030C0000

#include <opcode.h>
#include <string.h>

#define Py_BUILD_CORE
#include <internal/pycore_frame.h>
#undef Py_BUILD_CORE

#include "audit.h"
#include "check.h"
#include "code.h"
#include "resume.h"
#include "site.h"
#include "slots.h"

#include "../span.h"
#include "../../host/base/mem.h"

/* A code object of interest. What it points to lives as long as the process, as code objects point to it. */
struct watched {
    PyCodeObject *code; /* borrowed: its end is heard of; NULL: has ended */
    uint32_t number;
    struct dz_site site;
    _Py_CODEUNIT units[2]; /* what is under ours */
    uint8_t has_run, is_armed, was_quick;
    struct watched *next; /* that has run, or, when free, that is free */
};

enum { BLOCK = 512 };

struct block {
    struct block *next;
    struct watched all[BLOCK];
};

static struct {
    Py_ssize_t place; /* of the extra slot that leads to it */
    struct block *blocks;
    struct watched *free, *ran;
    int is_on, is_resting;
    int is_unfit; /* something has run, or will, that is not seen */
    int loads;
    struct dz_bits left_out;
} prologue = {.place = -1};

static struct watched *watched_of(PyCodeObject *code)
{
    return dz_code_extra(code, prologue.place);
}

static void note(struct watched *watched)
{
    if (watched->has_run)
        return;
    watched->has_run = 1;
    watched->next = prologue.ran;
    prologue.ran = watched;
}

static void distrust(const char *why)
{
    prologue.is_unfit = 1;
    dz_span_distrust(why);
}

/* ---- laying over, and lifting ---- */

static _Py_CODEUNIT *units_of(const struct watched *watched)
{
    return _PyCode_CODE(watched->code) + watched->site.unit;
}

static const _Py_CODEUNIT ours[2] = {_Py_MAKECODEUNIT(LOAD_ASSERTION_ERROR, 0),
                                     _Py_MAKECODEUNIT(POP_JUMP_BACKWARD_IF_TRUE, 2)};

static void lay(struct watched *watched)
{
    _Py_CODEUNIT *units = units_of(watched);
    memcpy(watched->units, units, sizeof watched->units);
    watched->was_quick = watched->code->co_warmup == 0;
    memcpy(units, ours, sizeof ours);
    watched->is_armed = 1;
}

/* Code is quickened once, at its eighth start or loop: what lies under ours then has to be made up for, or stays as it
 * is for ever. */
static _Py_CODEUNIT quickened(_Py_CODEUNIT unit)
{
    switch (_Py_OPCODE(unit)) {
    case RESUME:
        return _Py_MAKECODEUNIT(RESUME_QUICK, _Py_OPARG(unit));
    case LOAD_GLOBAL:
        return _Py_MAKECODEUNIT(LOAD_GLOBAL_ADAPTIVE, _Py_OPARG(unit));
    case EXTENDED_ARG:
        return _Py_MAKECODEUNIT(EXTENDED_ARG_QUICK, _Py_OPARG(unit));
    default:
        return unit;
    }
}

/* What somebody else has written there meanwhile stays. */
static void lift(struct watched *watched)
{
    int is_late = !watched->was_quick && watched->code->co_warmup == 0;
    _Py_CODEUNIT *units = units_of(watched);
    watched->is_armed = 0;
    for (int i = 0; i < 2; i++)
        if (units[i] == ours[i])
            units[i] = is_late ? quickened(watched->units[i]) : watched->units[i];
        else
            distrust("somebody else writes into code objects");
}

/* ---- arming ---- */

static int has_greenlets(void)
{
    return PyDict_GetItemString(PyImport_GetModuleDict(), "greenlet") != NULL;
}

/* Or may: frames that greenlets have put aside are on no thread's stack. */
static int is_on_a_stack(PyCodeObject *code)
{
    PyInterpreterState *interpreter = PyInterpreterState_Main();
    for (PyThreadState *thread = PyInterpreterState_ThreadHead(interpreter); thread;
         thread = PyThreadState_Next(thread))
        for (_PyInterpreterFrame *frame = thread->cframe->current_frame; frame;
             frame = frame->previous)
            if (frame->f_code == code)
                return 1;
    return has_greenlets();
}

/* Where a function starts, threads let go of the interpreter's lock: this one goes on between ours then. */
static int is_being_entered(const struct watched *watched)
{
    PyInterpreterState *interpreter = PyInterpreterState_Main();
    for (PyThreadState *thread = PyInterpreterState_ThreadHead(interpreter); thread;
         thread = PyThreadState_Next(thread)) {
        _PyInterpreterFrame *frame = thread->cframe->current_frame;
        if (frame && frame->f_code == watched->code && frame->prev_instr == units_of(watched))
            return 1;
    }
    return 0;
}

/* A loop that is on a stack would jump between ours: such a code is taken to have run. */
static void arm(struct watched *watched)
{
    if (prologue.is_resting || watched->is_armed)
        return;
    if ((watched->site.is_looped && is_on_a_stack(watched->code)) || is_being_entered(watched))
        note(watched);
    else
        lay(watched);
}

/* ---- what ours call ---- */

/* Between our two units nothing else runs, so it is the innermost frame's. */
static void spring(void)
{
    _PyInterpreterFrame *frame = PyThreadState_Get()->cframe->current_frame;
    struct watched *watched = frame ? watched_of(frame->f_code) : NULL;
    if (!watched || !watched->is_armed || frame->prev_instr != units_of(watched) + 1)
        return;
    lift(watched);
    note(watched);
}

/* As PyObject_IsTrue() goes on where there is no nb_bool: metaclasses written in C inherit ours. */
static int size_of(PyObject *type)
{
    PyMappingMethods *mapping = Py_TYPE(type)->tp_as_mapping;
    PySequenceMethods *sequence = Py_TYPE(type)->tp_as_sequence;
    Py_ssize_t size = 1;
    if (mapping && mapping->mp_length)
        size = mapping->mp_length(type);
    else if (sequence && sequence->sq_length)
        size = sequence->sq_length(type);
    return size > 0 ? 1 : (int)size;
}

static inquiry is_true_inner;

static int is_true(PyObject *type)
{
    if (type == PyExc_AssertionError)
        spring();
    return is_true_inner ? is_true_inner(type) : size_of(type);
}

static void resumes(PyCodeObject *code)
{
    struct watched *watched = watched_of(code);
    if (watched && !watched->has_run)
        note(watched);
}

/* ---- what others read of code ---- */

static struct watched *lift_from(PyObject *code)
{
    struct watched *watched = PyCode_Check(code) ? watched_of((PyCodeObject *)code) : NULL;
    if (!watched || !watched->is_armed)
        return NULL;
    lift(watched);
    return watched;
}

static void lay_again(struct watched *watched)
{
    if (watched)
        lay(watched);
}

static richcmpfunc compare_inner;

static PyObject *compare(PyObject *one, PyObject *other, int op)
{
    struct watched *first = lift_from(one), *second = lift_from(other);
    PyObject *answer = compare_inner(one, other, op);
    lay_again(first);
    lay_again(second);
    return answer;
}

static hashfunc hash_inner;

static Py_hash_t hash(PyObject *code)
{
    struct watched *lifted = lift_from(code);
    Py_hash_t answer = hash_inner(code);
    lay_again(lifted);
    return answer;
}

static getter adaptive_inner;

static PyObject *adaptive(PyObject *code, void *closure)
{
    struct watched *lifted = lift_from(code);
    PyObject *answer = adaptive_inner(code, closure);
    lay_again(lifted);
    return answer;
}

#define DZ_OF_CODE(kind, offset, name, ours)                                   \
    {                                                                          \
        &PyCode_Type, kind, offset, name, (void *)ours, (void **)&ours##_inner \
    }
static const struct dz_slot slots[] = {
    {&PyType_Type, DZ_SLOT_NUMBER, offsetof(PyNumberMethods, nb_bool), NULL, (void *)is_true,
     (void **)&is_true_inner},
    DZ_OF_CODE(DZ_SLOT_TYPE, offsetof(PyTypeObject, tp_richcompare), NULL, compare),
    DZ_OF_CODE(DZ_SLOT_WRAPPER, 0, "__eq__", compare),
    DZ_OF_CODE(DZ_SLOT_WRAPPER, 0, "__ne__", compare),
    DZ_OF_CODE(DZ_SLOT_TYPE, offsetof(PyTypeObject, tp_hash), NULL, hash),
    DZ_OF_CODE(DZ_SLOT_WRAPPER, 0, "__hash__", hash),
    DZ_OF_CODE(DZ_SLOT_GETTER, 0, "_co_code_adaptive", adaptive),
};
enum { N_SLOTS = sizeof slots / sizeof *slots };

/* ---- which codes there are ---- */

static void add_block(void)
{
    struct block *block = dz_alloc(sizeof *block);
    if (!block)
        return;
    block->next = prologue.blocks;
    prologue.blocks = block;
    for (int i = 0; i < BLOCK; i++) {
        block->all[i].next = prologue.free;
        prologue.free = &block->all[i];
    }
}

static struct watched *new_watched(PyCodeObject *code, uint32_t number)
{
    if (!prologue.free)
        add_block();
    struct watched *watched = prologue.free;
    if (!watched)
        return NULL;
    prologue.free = watched->next;
    *watched = (struct watched){.code = code, .number = number};
    return watched;
}

static void discard(struct watched *watched)
{
    watched->code = NULL;
    watched->next = prologue.free;
    prologue.free = watched;
}

/* The code object has died, or has been let go. One that has run is still asked for. */
static void ended(void *slot)
{
    struct watched *watched = slot;
    if (!watched)
        return;
    watched->is_armed = 0;
    if (watched->has_run)
        watched->code = NULL;
    else
        discard(watched);
}

static void watch(PyCodeObject *code, uint32_t number)
{
    struct watched *watched = new_watched(code, number);
    if (!watched || dz_site_find(code, &watched->site) < 0) {
        if (watched)
            discard(watched);
        distrust("a code object has no place for the probe");
        return;
    }
    if (dz_code_set_extra((PyObject *)code, prologue.place, watched) < 0) {
        PyErr_Clear();
        discard(watched);
        distrust("a code object has no place for the probe");
        return;
    }
    /* `def f(): raise` puts nothing on its stack: ours need room for one. */
    if (code->co_stacksize < 1)
        code->co_stacksize = 1;
    arm(watched);
}

/* A package's file that is met in the load is run in it, and needs no looking at after it. */
static void leave_out_package(uint32_t number)
{
    if (prologue.loads && dz_code_is_package(number) && dz_bits_set(&prologue.left_out, number) < 0)
        prologue.is_unfit = 1;
}

static void meet_with_constants(PyCodeObject *code)
{
    uint32_t number = watched_of(code) ? 0 : dz_code_number(code);
    if (!number)
        return;
    leave_out_package(number);
    if (!dz_bits_has(&prologue.left_out, number))
        watch(code, number);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(code->co_consts); i++) {
        PyObject *constant = PyTuple_GET_ITEM(code->co_consts, i);
        if (PyCode_Check(constant))
            meet_with_constants((PyCodeObject *)constant);
    }
}

void dz_prologue_meet(PyCodeObject *code)
{
    if (!prologue.is_on || PyInterpreterState_Get() != PyInterpreterState_Main())
        return;
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    meet_with_constants(code);
    PyErr_Restore(type, value, traceback);
}

static void meet_object(PyObject *object)
{
    if (PyFunction_Check(object))
        dz_prologue_meet((PyCodeObject *)PyFunction_GET_CODE(object));
    else if (PyGen_CheckExact(object) || PyCoro_CheckExact(object) || PyAsyncGen_CheckExact(object))
        dz_prologue_meet(((PyGenObject *)object)->gi_code);
}

/* Whatever was there before us. */
static int meet_all(void)
{
    dz_autopy PyObject *gc = PyImport_ImportModule("gc");
    dz_autopy PyObject *objects = gc ? PyObject_CallMethod(gc, "get_objects", NULL) : NULL;
    if (!objects)
        return -1;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(objects); i++)
        meet_object(PyList_GET_ITEM(objects, i));
    PyInterpreterState *interpreter = PyInterpreterState_Main();
    for (PyThreadState *thread = PyInterpreterState_ThreadHead(interpreter); thread;
         thread = PyThreadState_Next(thread))
        for (_PyInterpreterFrame *frame = thread->cframe->current_frame; frame;
             frame = frame->previous)
            dz_prologue_meet(frame->f_code);
    return 0;
}

/* ---- begin, take and the rest ---- */

static void begin(void)
{
    struct watched *ran = prologue.ran;
    prologue.ran = NULL;
    while (ran) {
        struct watched *watched = ran;
        ran = watched->next;
        watched->has_run = 0;
        if (watched->code)
            arm(watched);
        else
            discard(watched);
    }
}

static void take(struct dz_bits *ran)
{
    for (struct watched *watched = prologue.ran; watched; watched = watched->next)
        if (dz_bits_set(ran, watched->number) < 0)
            prologue.is_unfit = 1;
    if (prologue.loads && dz_bits_or(ran, &prologue.left_out) < 0)
        prologue.is_unfit = 1;
}

static void for_all(void (*each)(struct watched *watched))
{
    for (struct block *block = prologue.blocks; block; block = block->next)
        for (int i = 0; i < BLOCK; i++)
            if (block->all[i].code)
                each(&block->all[i]);
}

static void lift_one(struct watched *watched)
{
    if (watched->is_armed)
        lift(watched);
}

static void arm_one(struct watched *watched)
{
    if (!watched->has_run)
        arm(watched);
}

static void rest(int is_resting)
{
    prologue.is_resting = is_resting;
    for_all(is_resting ? lift_one : arm_one);
}

static int is_unfit(void)
{
    return prologue.is_unfit;
}

static void let_go(struct watched *watched)
{
    if (!dz_bits_has(&prologue.left_out, watched->number))
        return;
    lift_one(watched);
    dz_code_set_extra((PyObject *)watched->code, prologue.place, NULL);
}

static void leave_out(const struct dz_bits *ran)
{
    for (uint32_t number = 1; (number = dz_bits_next(ran, number)) != UINT32_MAX; number++)
        if (dz_code_is_package(number))
            dz_bits_set(&prologue.left_out, number);
    prologue.loads = 0;
    for_all(let_go);
}

/* ---- the start ---- */

static void stop(void)
{
    if (!prologue.is_on)
        return;
    rest(1);
    dz_slots_give_back(slots, N_SLOTS);
    dz_resume_forget();
    prologue.is_on = 0;
}

static int start(void)
{
    prologue.place = dz_request_extra_index(ended);
    dz_resume_met = resumes;
    if (prologue.place < 0 || dz_slots_take(slots, N_SLOTS) < 0)
        return -1;
    if (dz_resume_watch() < 0) {
        dz_slots_give_back(slots, N_SLOTS);
        return -1;
    }
    prologue.is_on = prologue.loads = 1;
    return dz_audit_watch() < 0 ? -1 : meet_all();
}

static int check(const char **ret_why)
{
    struct dz_bits ran = {0};
    int r = start();
    if (r == 0)
        r = dz_check(&dz_probe_prologue, &ran);
    if (r == 0 && prologue.is_unfit)
        r = -1;
    if (r < 0) {
        PyErr_Clear();
        stop();
        *ret_why = "what lies over the start of functions does not tell what has run: code is "
                   "watched by the frame evaluator, which costs more";
    }
    dz_bits_free(&ran);
    return r;
}

/* It has been started by its check. */
static int started(void)
{
    return prologue.is_on ? 0 : -1;
}

const struct dz_probe dz_probe_prologue = {
    .name = "prologue",
    .check = check,
    .start = started,
    .begin = begin,
    .take = take,
    .stop = stop,
    .rest = rest,
    .is_unfit = is_unfit,
    .leave_out = leave_out,
    .bears_profiles = 1,
};

#endif
