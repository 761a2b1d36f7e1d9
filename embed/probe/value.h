/* Values of fixtures that outlive a test: who changes one is leant on by all who use it later.
 *
 * By the span that made the value. Who uses a value uses those that it was made of, too. */
#pragma once

#include "../pycompat.h"

/* The current span uses the value that was made in this one. */
void dz_value_used(uint32_t made_in, PyObject *value);
/* It is about to be torn down. */
void dz_value_gone(uint32_t made_in);
/* The base span ends: of the values used in it, which it has changed. */
void dz_values_tell(void);
