/* Whether a probe sees what it should in this very interpreter, tried on a few functions of our own (40 us). */
#pragma once

#include "probe.h"

/* Has them run, resumed, thrown into, inlined, called from C, and let lie, between the probe's begin and take. 0 when
 * exactly those that ran are in the set, which is empty again at the end; else negative, no exception set. */
int dz_check(const struct dz_probe *probe, struct dz_bits *ran);
/* No other probe will be tried. */
void dz_check_forget(void);
