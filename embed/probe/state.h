/* What a span leaves changed in its process: names of the project's modules and what stands behind them
 * (probe/snapshot.h). Who reads one of them later depends on that span; who does is found when logs are read, by the
 * names in sheets. What was put back is no change.
 *
 * Looked at are the modules of which code ran in the span, those that they have names for, and those that were
 * imported in it, new or not; once something has changed there, all. */
#pragma once

#include "../pycompat.h"

#include "../../host/base/bits.h"

/* The base span ends, in which these codes ran: what it changed becomes facts of it (DZ_FACT_WROTE). */
void dz_state_tell(const struct dz_bits *ran);
/* The base span ends, and nobody is to be told: all is taken as it is now. */
void dz_state_settle(void);

/* A module of this name is imported. */
void dz_state_use(PyObject *name);

/* A module whose statements are running: what they put into it is no change. */
struct dz_import;
/* NULL when there is no memory. */
struct dz_import *dz_state_importing(PyObject *spec);
/* They have run, in a nested span, in which these codes did: what has changed elsewhere is the nested span's, and the test's
 * that is the base. */
void dz_state_imported(struct dz_import *import, const struct dz_bits *ran);
