/* The stamp (3.12 and later): what the interpreter's own bookkeeping tells, for nothing.
 *
 * RESUME brings a code object's instrumentation version up to the interpreter's when it starts or resumes with another,
 * and throw() does too. So whatever has run is set back by one when that is taken, and who is up to the interpreter's
 * again has run since. That costs 330 instructions for each function of the project that a span touches, and a look at
 * each code object of the project: 1 ns warm, 3 to 5 ns cold.
 *
 * A new version for each span, as sys.monitoring makes one, would have pytest's own functions and the library's looked
 * through again as well: 1.6 % of a suite like jinja2's in version 3.12, for nothing. The interpreter must do no more
 * for a code that is set back than for one it has not met, which the self-check tells.
 *
 * Blind where a trace, profile or monitoring callback runs: for the first two the evaluator sees (dz_span_distrust), the
 * third is said to be unobserved (dz_span_monitored). */
#pragma once

#include "probe.h"
