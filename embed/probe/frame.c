#include "frame.h"

#include "check.h"
#include "code.h"
#include "depth.h"
#include "probe.h"

#include "../span.h"

void (*dz_frame_met)(uint32_t number);

static uint32_t epoch = 1;
static unsigned held, unseen;
static _PyFrameEvalFunction before, over; /* over: stands in our place, and calls us */

/* Not inlined into the path that each call takes. */
__attribute__((noinline)) static void meet(PyCodeObject *code)
{
    uint32_t number = dz_code_number(code);
    if (!number)
        return;
    uint64_t slot = (uint64_t)number << 32 | epoch;
    dz_code_set_extra((PyObject *)code, dz_code_index, (void *)(uintptr_t)slot);
    dz_frame_met(number);
}

static void install(void);

/* On the heap again, as without us. */
__attribute__((noinline)) static PyObject *evaluate_unseen(PyThreadState *thread, dz_frame *frame,
                                                           int throwing)
{
    unseen++;
    dz_span_blind("recursion too deep to be watched");
    _PyInterpreterState_SetEvalFrameFunc(PyInterpreterState_Main(), before);
    PyObject *value = before(thread, frame, throwing);
    unseen--;
    if (held)
        install();
    return value;
}

static PyObject *evaluate(PyThreadState *thread, dz_frame *frame, int throwing)
{
    PyCodeObject *code = dz_frame_code(frame);
    uint64_t slot = dz_code_slot(code);
    if ((uint32_t)slot != epoch && slot < DZ_CODE_NOTHING)
        meet(code);
    if (dz_depth_is_great(thread))
        return evaluate_unseen(thread, frame, throwing);
    return before(thread, frame, throwing);
}

static PyInterpreterState *interpreter(void)
{
    return PyInterpreterState_Main();
}

static void install(void)
{
    _PyFrameEvalFunction current = _PyInterpreterState_GetEvalFrameFunc(interpreter());
    if (current == evaluate || current == over)
        return;
    before = current;
    _PyInterpreterState_SetEvalFrameFunc(interpreter(), evaluate);
}

void dz_frame_hold(void)
{
    dz_depth_note();
    if (held++ == 0 || unseen)
        install();
}

void dz_frame_release(void)
{
    _PyFrameEvalFunction current = _PyInterpreterState_GetEvalFrameFunc(interpreter());
    if (--held)
        return;
    if (current == evaluate)
        _PyInterpreterState_SetEvalFrameFunc(interpreter(), before);
    else if (current != before)
        /* Somebody who has come after us is left alone: we are in the chain then until the end. */
        over = current;
}

void dz_frame_reset(void)
{
    if (held) {
        held = 1;
        dz_frame_release();
    }
}

void dz_frame_next_epoch(void)
{
    epoch++;
}

/* ---- the self-check ---- */

static struct dz_bits seen;

static void note(uint32_t number)
{
    dz_bits_set(&seen, number);
}

int dz_frame_check(const char **ret_why)
{
    void (*met)(uint32_t) = dz_frame_met;
    dz_frame_met = note;
    dz_frame_hold();
    int r = dz_check(&dz_probe_frame, &seen);
    dz_frame_release();
    dz_frame_met = met;
    if (r < 0)
        *ret_why = "the frame evaluator does not see in this interpreter what it should";
    return r;
}
