/* How deep a recursion is under the evaluator. From 3.11 on a Python function that calls one does so on the heap, and only
 * the recursion limit, which a test may raise, ends it; under an evaluator each call takes of C's stack, which has an
 * end (3.11: the process's; 3.12, 3.13: a count). Where half of that is gone, calls are better not seen. */
#pragma once

#include "../pycompat.h"

#if PY_VERSION_HEX >= 0x030C0000 && PY_VERSION_HEX < 0x030E0000

extern int dz_depth_least;

/* How many C calls there may be, this thread is not deep in yet. */
void dz_depth_note(void);

static inline int dz_depth_is_great(PyThreadState *thread)
{
    return thread->c_recursion_remaining < dz_depth_least;
}

#elif PY_VERSION_HEX >= 0x030B0000

enum { DZ_DEPTH_LOOK = 500 };

int dz_depth_has_little_stack(void);

static inline void dz_depth_note(void)
{
}

static inline int dz_depth_is_great(PyThreadState *thread)
{
#if PY_VERSION_HEX >= 0x030E0000
    int depth = thread->py_recursion_limit - thread->py_recursion_remaining;
#else
    int depth = thread->recursion_limit - thread->recursion_remaining;
#endif
    return depth > DZ_DEPTH_LOOK && dz_depth_has_little_stack();
}

#else

/* Python's functions call by C's stack anyway. */
static inline void dz_depth_note(void)
{
}

static inline int dz_depth_is_great(PyThreadState *thread)
{
    (void)thread;
    return 0;
}

#endif
