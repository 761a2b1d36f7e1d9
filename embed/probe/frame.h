/* The reference probe: a frame evaluator (PEP 523), which sees each start and each resume of a code object, in any
 * thread, however it came to be.
 *
 * While one is set, Python-to-Python calls are not inlined (3.11 and later): calls cost up to twice as much, and none of
 * them escapes it. It is set for as long as something asks for it. */
#pragma once

#include "../pycompat.h"

/* What it calls for a code object that has not run yet since the epoch began. */
extern void (*dz_frame_met)(uint32_t number);

/* As often as it was asked for, it has to be let go. */
void dz_frame_hold(void);
void dz_frame_release(void);
/* In a forked child: nobody has asked. */
void dz_frame_reset(void);

/* From here on every code object is new again. */
void dz_frame_next_epoch(void);

/* Whether it sees what it should, in this interpreter: 0, or negative and a sentence. */
int dz_frame_check(const char **ret_why);
