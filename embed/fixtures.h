/* Fixtures that outlive the test which has them set up: a span of its own for each set-up, and who uses it.
 *
 * Three methods of pytest's are wrapped (the same in 7.2 to 9): FixtureDef.execute, FixtureDef.finish and
 * FixtureRequest._get_active_fixturedef, by which each use of a fixture comes. By a hook one would stand in the user's
 * tracebacks, and not hear of a fixture that is there already. */
#pragma once

#include "pycompat.h"

/* Once, where tests are run. Negative with an exception set. */
/* A test begins that asks for these: a list of names; None: nobody knows. */
void dz_fixtures_begin_test(PyObject *names);
int dz_fixtures_watch(void);
