/* Resumes in 3.11: a generator, coroutine or asynchronous generator is sent to, thrown into, closed or finalized by
 * functions of its type and of those that stand for one; ours come before them. */
#pragma once

#include "../pycompat.h"

#if PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030C0000

/* What they call for the code that is about to resume, or to start; it runs no Python code. */
extern void (*dz_resume_met)(PyCodeObject *code);

/* Negative when a function is not where it should be: nothing is changed then. */
int dz_resume_watch(void);
void dz_resume_forget(void);

#endif
