"""Every behaviour that selection promises: what a change must run runs, and of all others none does.

The worlds and their changes are in behaviours/. By default each change is tried by one of the pythons, one worker and two
in turn; DAGZ_BEHAVIOURS=all tries each by every python, with one worker and with two."""

import os
import pathlib
import shutil

import behaviours
import pytest
from behaviours import project
from test_state import PYTHONS

ENVIRON = {"WORLD_RATE": "1"}
PROJECTS = behaviours.projects()
EVERY = os.environ.get("DAGZ_BEHAVIOURS") == "all"
# More runs than must, by what is not told apart yet; that nothing is missed holds all the same.
OPEN = {
    "what is a function's own docstring is not told from that of what it looks into": "docs-docstring",
    "an import reads a registry to put something into it": "registries-registration registries-import",
    "a file that cannot be imported fails with all its tests": "removals-module_renamed_that_a_file_begins_with",
    "a conftest that comes is imported for all that lies below it": "fixtures-fixture_overridden_in_new_conftest",
    "a plugin of the project is read as a whole": "plugs-function_beside",
    "who asks for subclasses may get any": "subclasses-",
}
PARTS = tuple(part for parts in OPEN.values() for part in parts.split())


def minor(python):
    return pathlib.Path(python).parents[1].name.rpartition("-")[2]


def pairs():
    """World and change; a world that is there for its tests only is in another project with its changes."""
    seen = set()
    for world in [project.WORLD, *(world for worlds in PROJECTS for world in worlds)]:
        if world.name not in seen:
            seen.add(world.name)
            yield from ((world, change) for change in world.changes)


def ways():
    """World, change, python, workers."""
    for number, (world, change) in enumerate(pairs()):
        turns = range(2 * len(PYTHONS)) if EVERY else (number % (2 * len(PYTHONS)),)
        for turn in turns:
            yield world, change, PYTHONS[turn % len(PYTHONS)], 1 + turn // len(PYTHONS)


def name(way):
    world, change, python, workers = way
    return f"{world.name or 'project'}-{change.name}-{minor(python)}-{workers}"


@pytest.fixture
def learnt(once):
    def of(number, python, workers):
        def make(folder):
            made = behaviours.learn(folder, python, workers, PROJECTS[number], ENVIRON)
            # Asked for here, as it is the same for all.
            assert made.restless is not None
            return made

        return once(f"behaviours-{number}-{minor(python)}-{workers}", make)

    return of


@pytest.fixture
def copies(tmp_path):
    yield tmp_path
    # Ten thousand files of a run are not to be kept for three runs more.
    shutil.rmtree(tmp_path, ignore_errors=True)


def expected(learnt, world, change):
    if change.selected == behaviours.ALL:
        return set(learnt.first.ran)
    return behaviours.expand(world.name, change.selected)


def told(job, must, ran):
    lines = [f"exit code {job.code}"]
    lines += [f"missed: {nodeid}" for nodeid in sorted(must - ran)]
    lines += [f"for nothing: {nodeid}" for nodeid in sorted(ran - must)][:40]
    return "\n".join([*lines, job.out])


def check(learnt, job, must, own, change=""):
    # Who runs for nothing whatever is changed is told by a test of its own; of the changed world nobody may.
    restless = {nodeid for nodeid in learnt.restless if not nodeid.startswith(f"{own}/")} if own else set()
    ran = job.ran - restless
    if f"{own}-{change}".startswith(PARTS):
        assert ran >= must - restless, told(job, must - restless, ran)
        return
    assert ran == must - restless, told(job, must - restless, ran)
    assert job.code in ((0, 1) if must else (0,)) or any(nodeid.endswith(".py") for nodeid in must), told(job, must, ran)


@pytest.mark.parametrize("world, change, python, workers", list(ways()), ids=map(name, ways()))
def test_a_change_runs(world, change, python, workers, learnt, copies):
    number = next((number for number, worlds in enumerate(PROJECTS) if world in worlds), 0)
    before = learnt(number, python, workers)
    tree = before.copy(copies / "project")
    change.act(tree / world.name)
    must = expected(before, world, change)
    assert must == before.first.ran or len(before.first.ran - must) >= 10
    job = before.job(tree, environ={**ENVIRON, **change.environ})
    check(before, job, must, world.name, change.name)
