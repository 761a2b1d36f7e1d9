/* Fixtures that outlive the test which has them set up: a span of its own for each set-up, and who uses it.
 *
 * Four methods of pytest's are wrapped (the same in 7.2 to 9): FixtureDef.execute, FixtureDef.finish,
 * FixtureRequest._get_active_fixturedef, by which each use of a fixture comes, and Package.setup. By a hook one would stand in the user's
 * tracebacks, and not hear of a fixture that is there already. */
#pragma once

#include "pycompat.h"

/* A test begins, pytest's item, that asks for these: a list of names; None: nobody knows. */
void dz_fixtures_begin_test(PyObject *item, PyObject *names);
/* Once, where tests are run. Negative with an exception set. */
int dz_fixtures_watch(void);
