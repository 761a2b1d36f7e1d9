/* The armed prologue (3.11): the first units of each function call back once and restore themselves.
 *
 * LOAD_ASSERTION_ERROR, POP_JUMP_BACKWARD_IF_TRUE lie over a code object's start (site.h). Whether AssertionError is true
 * is asked of its type, whose slot for that is ours: it puts the units back, notes the code, and the jump leads to what
 * was there all the time. So a code object costs one call for each span that it runs in, and nothing after that; at the
 * next span's begin those that ran are armed anew, no others. Resumes are heard of by resume.h.
 *
 * Nobody is to see what lies there: the bytes of co_code are kept in the code object before, and comparing code lifts it.
 * A trace function would see it, line by line: `rest`. A code object has to be met before it first runs: by the audit
 * events of whatever makes one executable, with the ones that it contains. Code that C has made out of nothing and runs
 * by PyEval_EvalCode has no event and is not seen; nor is that of sub-interpreters. */
#pragma once

#include "probe.h"

/* Nothing where it is not on. */
void dz_prologue_meet(PyCodeObject *code);
