/* Values of fixtures that outlive a test: who changes one is leant on by all who use it later.
 *
 * By the span that made the value. Who uses a value uses those that it was made of, too. */
#pragma once

#include "../pycompat.h"

/* The current span uses the value of this FixtureDef, which is there until the value is gone; it was made in that span. */
void dz_value_used(uint32_t made_in, PyObject *fixturedef);
/* It has been torn down. */
void dz_value_gone(uint32_t made_in);
/* The base span ends: of the values used in it, which it has changed. */
void dz_values_tell(void);
