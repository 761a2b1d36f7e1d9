"""Plugins that people use work under DAGZ: each small project in plugins/ gives plain pytest's answer.

The comparison is the oracle's (tests/bench/oracle.py); what a plugin leaves in files of its own is
compared here. The environment is made once, by `tests/bench/suites.py fetch plugins`.
"""

import contextlib
import dataclasses
import functools
import html
import json
import os
import pathlib
import re
import shutil
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "bench"))

import oracle  # noqa: E402
import suites  # noqa: E402

PROJECTS = sorted(path.name for path in (HERE / "plugins").iterdir() if path.is_dir())



@dataclasses.dataclass(frozen=True)
class Project:
    """A copy of a project's folder, run in the environment that has all the plugins."""

    name: str
    folder: pathlib.Path
    python: pathlib.Path

    options = ()

    @property
    def tree(self):
        return self.folder / "tree"

    @property
    def scratch(self):
        return self.folder / "scratch"


@pytest.fixture(scope="session")
def environment():
    return suites.fetch(suites.environment("plugins", os.environ.get("DAGZ_PLUGINS_PYTHON", "3.11")))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("projects")


@pytest.fixture
def project(environment, place):
    """Always in the same place: plain pytest's answer, which names it, is asked for once."""

    def copy(name):
        made = Project(name, place / name, environment.python)
        shutil.rmtree(made.folder, ignore_errors=True)
        shutil.copytree(HERE / "plugins" / name, made.tree)
        return made

    return copy


@functools.cache
def plainly(project, options=()):
    """What plain pytest says, and what its plugins write."""
    return oracle.run(oracle.plain(project), project, options), written(project)


def renew(project):
    """The project's folder as it was: what one run has written must not help the next."""
    shutil.rmtree(project.tree)
    shutil.copytree(HERE / "plugins" / project.name, project.tree)


def compared(project, runner):
    """What plain pytest's plugins wrote, what the other run's did, and how the runs differ."""
    expected, kept = plainly(project)
    renew(project)
    actual = oracle.run(runner, project)
    found = oracle.differences(expected, actual)
    return kept, written(project), "\n".join(map(str, found))


def written(project):
    """Reports that plugins write into the project's folder, read for comparison."""
    texts = {}
    with contextlib.suppress(OSError):
        texts["coverage"] = coverage_of(project.tree / "coverage.json")
    with contextlib.suppress(OSError):
        texts["html"] = html_report(project.tree / "report.html", oracle.Normaliser(project.python))
    return texts


def coverage_of(path):
    facts = json.loads(path.read_text())
    # When it was.
    del facts["meta"]["timestamp"]
    return facts


def html_report(path, tidy):
    """What pytest-html says of each test; its order is that of the reports, durations are durations."""
    blob = re.search(r'data-jsonblob="([^"]*)"', path.read_text()).group(1)
    facts = json.loads(tidy(html.unescape(blob)))
    for tests in facts["tests"].values():
        for test in tests:
            test.pop("duration", None)
            test["resultsTableRow"] = [cell for cell in test["resultsTableRow"] if "duration" not in cell]
    return facts


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("name", [name for name in PROJECTS if name != "xdist"])
def test_gives_what_plain_pytest_gives(project, name, workers):
    made = project(name)
    expected, actual, found = compared(made, oracle.dagz(made, workers))
    assert not found, found
    assert actual == expected


@pytest.mark.parametrize("name", ["cov", "django", "rerunfailures", "asyncio"])
def test_gives_it_with_a_fork_for_each_test(project, name):
    made = project(name)
    expected, actual, found = compared(made, oracle.dagz(made, 2, "test"))
    assert not found, found
    assert actual == expected


def test_coverage_is_complete(project):
    """The report is compared above; this one says that there is something to compare."""
    made = project("cov")
    oracle.run(oracle.dagz(made, 2), made)
    assert written(made)["coverage"]["totals"]["missing_lines"] == 1


def test_tests_keep_the_order_that_a_plugin_gave_them(project):
    """One worker: an order can be seen."""
    made = project("order")
    expected, _ = plainly(made)
    actual = oracle.run(oracle.dagz(made, 1), made)
    assert actual.order == expected.order


def test_shuffled_tests_start_in_the_shuffled_order(project):
    made = project("randomly")
    expected, _ = plainly(made)
    actual = oracle.run(oracle.dagz(made, 1), made)
    assert actual.order == expected.order


def test_xdist_installed_beside(project):
    made = project("xdist")
    _, _, found = compared(made, oracle.dagz(made, 2))
    assert not found, found


@pytest.mark.parametrize("name", ["cov", "django", "html", "randomly", "rerunfailures"])
def test_plugins_that_know_xdist_work_with_it_beside(project, name):
    """They have hooks for its controller and its workers, and choose by what they find."""
    made = project(name)
    expected, kept = plainly(made, ("-p", "xdist"))
    renew(made)
    actual = oracle.run(oracle.dagz(made, 2), made, ("-p", "xdist"))
    found = oracle.differences(expected, actual)
    assert not found, "\n".join(map(str, found))
    assert written(made) == kept


def test_a_test_that_its_plugin_ends_with_its_process_is_one_failure(project):
    """pytest-timeout's other method leaves by os._exit: plain pytest ends there."""
    made = project("timeout")
    run = oracle.run(oracle.dagz(made, 2), made, ("-o", "timeout_method=thread"))
    assert run.outcomes == {"passed": 7, "failed": 3}
    assert run.stdout.count("+ Timeout +") >= 3


def test_xdist_worker_count_is_taken(project):
    """-n in addopts is taken as the number of workers, and is told in one line."""
    made = project("xdist")
    expected, _ = plainly(made)
    head = (str(oracle.DAGZ_PYTHON), "-m", "pytest", "--dagz", "--dagz-all", "-n", "2")
    runner = oracle.Runner("--dagz -n 2", head, (), {"DAGZ_PYTHON": str(made.python)}, job=True)
    actual = oracle.run(runner, made)
    assert actual.status == 0 and actual.as_asked
    assert actual.outcomes == expected.outcomes
    assert "created: 2/2 workers" not in actual.stdout


@pytest.mark.parametrize("name", PROJECTS)
def test_the_oracle_tells_a_run_that_lost_a_test(project, name):
    """The comparison itself can fail: plain pytest without one of the tests is told apart."""
    made = project(name)
    whole, _ = plainly(made)
    lost = next(nodeid for nodeid in whole.reports)
    runner = oracle.Runner("one test lost", oracle.plain(made).head, ("--deselect", lost))
    kinds = {found.kind for found in oracle.differences(whole, oracle.run(runner, made))}
    assert {"not reported", "junit testcase", "junit totals", "stdout"} <= kinds


def test_the_oracle_tells_a_run_that_was_no_job(project):
    """Plain pytest under the job's name is not an equal answer."""
    made = project("mock")
    whole, _ = plainly(made)
    runner = dataclasses.replace(oracle.plain(made), job=True)
    kinds = {found.kind for found in oracle.differences(whole, oracle.run(runner, made))}
    assert kinds == {"not run as asked"}


@pytest.mark.parametrize("name", PROJECTS)
def test_the_oracle_finds_two_plain_runs_equal(project, name):
    made = project(name)
    expected, actual, found = compared(made, oracle.plain(made))
    assert not found, found
    assert actual == expected
