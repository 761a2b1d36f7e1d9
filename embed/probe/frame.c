#include "frame.h"

#include "check.h"
#include "code.h"
#include "probe.h"

void (*dz_frame_met)(uint32_t number);

static uint32_t epoch = 1;
static unsigned held;
static _PyFrameEvalFunction before;

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

static PyObject *evaluate(PyThreadState *thread, dz_frame *frame, int throwing)
{
    PyCodeObject *code = dz_frame_code(frame);
    uint64_t slot = dz_code_slot(code);
    if ((uint32_t)slot != epoch && slot < DZ_CODE_NOTHING)
        meet(code);
    return before(thread, frame, throwing);
}

static PyInterpreterState *interpreter(void)
{
    return PyInterpreterState_Main();
}

void dz_frame_hold(void)
{
    if (held++)
        return;
    before = _PyInterpreterState_GetEvalFrameFunc(interpreter());
    _PyInterpreterState_SetEvalFrameFunc(interpreter(), evaluate);
}

void dz_frame_release(void)
{
    /* Somebody who has come after us is left alone: we are in the chain then until the end. */
    if (--held == 0 && _PyInterpreterState_GetEvalFrameFunc(interpreter()) == evaluate)
        _PyInterpreterState_SetEvalFrameFunc(interpreter(), before);
}

int dz_frame_is_held(void)
{
    return held > 0;
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
