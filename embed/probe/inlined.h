/* CPython 3.13 inlines a warm call of a class whatever the evaluator is (CALL_ALLOC_AND_ENTER_INIT is the one of the inlining
 * instructions that does not ask): its __init__ goes unseen by the evaluator. So code that is about to run under it has
 * these instructions put back to the plain one. They become warm again, by calls that are seen: within one epoch of
 * the evaluator that is enough. */
#pragma once

#include "../pycompat.h"

#if PY_VERSION_HEX >= 0x030D0000 && PY_VERSION_HEX < 0x030E0000
#define DZ_INLINES_CLASSES 1
/* Runs no Python code. */
void dz_inlined_undo(PyCodeObject *code);
#else
#define DZ_INLINES_CLASSES 0
static inline void dz_inlined_undo(PyCodeObject *code)
{
    (void)code;
}
#endif
