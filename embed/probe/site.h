/* Where in a code object of 3.11 two units can lie over its own, so that each start comes by them.
 *
 * A start is RESUME with nothing on the stack, after no more than its cells are made; that and the unit after it are
 * the place, as long as nothing jumps between them. A generator's function starts with RETURN_GENERATOR, POP_TOP; what
 * it has returned resumes elsewhere. */
#pragma once

#include "../pycompat.h"

#if PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030C0000

struct dz_site {
    uint32_t unit;
    int is_looped; /* a loop leads to its second unit: good as long as no frame of this code is in there */
};

/* Negative where there is none: not the compiler's work. Leaves co_code cached in the code object. */
int dz_site_find(PyCodeObject *code, struct dz_site *ret);

#endif
