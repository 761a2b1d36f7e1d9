/* The stamp (3.12 and later): what the interpreter's own bookkeeping tells, for nothing.
 *
 * RESUME brings a code object's instrumentation version up to the interpreter's when it starts or resumes after a
 * change, and throw() does too. So a span begins with a change that means nothing (an event of our tool without a
 * callback, on or off), and whatever code is not older at the end has run. Costs a look at each code object of the
 * project at the end: 1 ns warm, 3 to 5 ns cold.
 *
 * Blind where a trace, profile or (3.12) monitoring callback runs: dz_span_distrust. */
#pragma once

#include "probe.h"
