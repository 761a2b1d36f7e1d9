"""`dagz discover`: the suite beside each other and each test in a fork of its own, and what differs."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest
from conftest import EXECUTABLE, HANG_S

DAGZ = EXECUTABLE.with_name("dagz")


class Answer:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err
        self.lines = out.splitlines()

    def __repr__(self):
        return f"exit code {self.code}\n{self.out}\n{self.err}"


def environment(env=None):
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "DAGZ"))}
    inherited.pop("VIRTUAL_ENV", None)
    return {**inherited, "DAGZ_PYTHON": sys.executable, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **(env or {})}


def start(folder, *words, env=None):
    return subprocess.Popen(
        [DAGZ, "discover", *words], cwd=folder, env=environment(env), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def end(process):
    out, err = process.communicate(timeout=2 * HANG_S)
    return Answer(process.returncode, out, err)


def discover(suite, *words, **how):
    return end(start(suite.folder, *words, **how))


def listing(folder):
    """All that lies there, but for what python and plain pytest leave."""
    return {
        path: path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
        if not {"__pycache__", ".pytest_cache"} & set(path.parts)
    }


# ---- nothing ----

CLEAN = {
    "conftest": """
        import pytest, lib
        @pytest.fixture(scope="session")
        def wide(): return lib.make(1)
    """,
    "lib": """
        import functools
        MADE = {}
        REGISTRY = []
        REGISTRY.append("lib")
        @functools.lru_cache
        def cached(n): return work(n)
        def work(n): return n + 1
        def make(n): return deep(n)
        def deep(n): return n
        def memo(n):
            if n not in MADE: MADE[n] = work(n)
            return MADE[n]
        def closure():
            kept = {}
            def get(n):
                if n not in kept: kept[n] = deep(n)
                return kept[n]
            return get
        get = closure()
    """,
    "lazy": """
        import lib
        lib.REGISTRY.append("lazy")
        def run(): return lib.deep(3)
    """,
    "test_a": """
        import lib
        def test_cached(): assert lib.cached(1) == 2
        def test_cached_again(): assert lib.cached(1) == 2
        def test_memo(): assert lib.memo(1) == 2
        def test_memo_again(): assert lib.memo(1) == 2
        def test_closure(): assert lib.get(1) == 1
        def test_closure_again(): assert lib.get(1) == 1
        def test_fixture(wide): assert wide == 1
        def test_fixture_again(wide): assert wide == 1
    """,
    "test_b": """
        import lib
        def test_cached(): assert lib.cached(1) == 2
        def test_fixture(wide): assert wide == 1
        def test_lazy():
            import lazy
            assert lazy.run() == 3
        def test_lazy_again():
            import lazy
            assert lazy.run() == 3
        def test_lazy_only():
            import lazy
        def test_registry(): assert "lib" in lib.REGISTRY
    """,
}


@pytest.mark.parametrize("workers", [(), ("--workers=2",)])
def test_what_others_have_made_and_is_leaned_on_is_no_difference(suite, workers):
    answer = discover(suite.write(**CLEAN), *workers)
    assert answer.code == 0, answer
    assert answer.out == "14 tests beside each other and each in a fork of its own: nothing differs\n"
    assert [line.split(":")[1].strip() for line in answer.err.splitlines()] == ["shared", "alone"]


def test_nothing_is_left_in_a_tree_that_no_job_has_run_in(suite):
    suite.write(**CLEAN)
    before = listing(suite.folder)
    assert discover(suite).code == 0
    assert listing(suite.folder) == before


def test_what_the_last_job_has_left_stays_as_it_is(suite):
    suite.write(**CLEAN, test_c="def test_bad(): assert 0\n")
    suite.run("-o", "cache_dir=.kept")
    (suite.folder / "pytest.ini").write_text("[pytest]\ncache_dir = .kept\n")
    before = listing(suite.folder)
    assert "test_c.py::test_bad" in (suite.folder / ".kept/v/cache/lastfailed").read_text()
    answer = discover(suite, "--", "--deselect", "test_c.py::test_bad")
    assert answer.code == 0, answer
    assert listing(suite.folder) == before


# ---- outcomes ----

ORDER = {
    "state": """
        FLAG = []
        def leave(): FLAG.append(1)
    """,
    "test_a": """
        import pytest, state
        def test_leaves(): state.leave()
        def test_needs(): assert state.FLAG
        def test_hates(): assert not state.FLAG
        def test_skips():
            if state.FLAG: pytest.skip("left")
        def test_bad(): assert 0
        def test_plain(): pass
    """,
}


def test_who_needs_what_another_leaves_and_who_is_broken_by_it(suite):
    answer = discover(suite.write(**ORDER))
    assert answer.code == 1, answer
    assert answer.lines == [
        "test_a.py::test_needs: fails alone, passes in the shared run, where it leans on test_a.py::test_leaves",
        "test_a.py::test_hates: passes alone, fails in the shared run, where it leans on test_a.py::test_leaves",
        "test_a.py::test_skips: passes alone, is skipped in the shared run, where it leans on test_a.py::test_leaves",
        "-> what a test leaves changed, have a fixture undo (monkeypatch); what one needs, have a fixture of its own make",
        "6 tests beside each other and each in a fork of its own: 3 come to another outcome, 0 have hidden dependencies",
    ]  # fmt: skip


def test_outcomes_in_json(suite):
    answer = discover(suite.write(**ORDER), "--json")
    told = json.loads(answer.out)
    assert answer.code == 1 and told["tests"] == 6 and told["hidden"] == told["flaky"] == []
    assert [(test["nodeid"], test["shared"], test["alone"]) for test in told["outcomes"]] == [
        ("test_a.py::test_needs", "passed", "failed"), ("test_a.py::test_hates", "failed", "passed"),
        ("test_a.py::test_skips", "skipped", "passed"),
    ]  # fmt: skip
    assert told["outcomes"][0]["leans_on"] == ["test_a.py::test_leaves"]
    assert "assert state.FLAG" in told["outcomes"][0]["text"] and "assert not" in told["outcomes"][1]["text"]


def test_what_no_observation_explains_is_told_as_that(suite):
    suite.write(
        state="import queue\nQUEUE = queue.SimpleQueue()\n",
        test_a="""
            import state
            def test_leaves(): state.QUEUE.put(1)
            def test_hates(): assert state.QUEUE.empty()
        """,
    )
    answer = discover(suite)
    assert answer.code == 1, answer
    assert answer.lines[0] == (
        "test_a.py::test_hates: passes alone, fails in the shared run; why, nothing that was observed tells"
    )


def test_a_flaky_test_is_told_as_flaky_and_counts_for_nothing(suite, tmp_path):
    mark = tmp_path / "ran"
    suite.write(test_a=f"""
        import pathlib
        def test_flaky():
            with open({str(mark)!r}, "a") as file: file.write("x")
            assert pathlib.Path({str(mark)!r}).read_text() != "xx"
        def test_plain(): pass
    """)
    answer = discover(suite)
    assert mark.read_text() == "xxxx"
    assert answer.code == 0, answer
    assert answer.lines[0] == "test_a.py::test_flaky: flaky, as it differed and then did not"
    assert "nothing differs, 1 flaky" in answer.lines[-1] and len(answer.lines) == 2


# ---- dependencies ----

HIDDEN = {
    "state": """
        import queue
        KEPT = queue.SimpleQueue()



        def load():
            return deep()
        def deep(): return 1
        def get():
            if KEPT.empty(): KEPT.put(load())
            return 1
    """,
    "test_a": """
        import pytest, state
        def test_first(): assert state.get() == 1
        @pytest.mark.parametrize("n", range(3))
        def test_later(n): assert state.get() == 1
        def test_plain(): pass
    """,
}


def test_what_is_kept_where_no_observation_looks_is_a_hidden_dependency(suite):
    answer = discover(suite.write(**HIDDEN))
    assert answer.code == 1, answer
    first, advice, last = answer.lines
    assert first.startswith("test_a.py::test_later[0] and 2 more: alone it also depends on ")
    assert "function state.py::load#1, lines 7-8" in first and "state.py::deep#1, lines 9-9" in first
    assert first.endswith("; in the shared run test_a.py::test_first had done that")
    assert "dagz_always" in advice
    assert last.endswith(": 0 come to another outcome, 3 have hidden dependencies")


def test_a_hidden_dependency_is_what_selection_would_miss(suite):
    """Told rightly: a change of it does not select the test."""
    suite.selects = True
    assert discover(suite.write(**HIDDEN)).code == 1
    suite.run("--dagz-workers=1")
    state = suite.folder / "state.py"
    state.write_text(state.read_text().replace("return deep()", "return deep() + 1"))
    ran = suite.run("--dagz-workers=1")
    assert [name for name, told in ran.outcomes.items() if told] == ["test_a.py::test_first"], ran


def test_dependencies_in_json_have_the_way_to_them(suite):
    answer = discover(suite.write(**HIDDEN), "--json")
    told = json.loads(answer.out)
    assert answer.code == 1 and told["outcomes"] == told["flaky"] == [] and told["outcome_only"] == 0
    assert [test["nodeid"] for test in told["hidden"]] == [f"test_a.py::test_later[{n}]" for n in range(3)]
    for test in told["hidden"]:
        (load,) = [found for found in test["hidden"] if found["input"].startswith("function state.py::load#1")]
        assert load["had_by"] == "test_a.py::test_first"
        assert load["chain"][-1] == "function state.py::load#1"


def test_who_runs_each_time_has_nothing_to_hide(suite):
    suite.write(**HIDDEN)
    tests = suite.folder / "test_a.py"
    tests.write_text(tests.read_text().replace("import pytest, state", "import pytest, state\npytestmark = pytest.mark.dagz_always"))
    answer = discover(suite)
    assert answer.code == 0 and "nothing differs (of 5 that run in each job only outcomes are compared)" in answer.out, answer


def test_what_is_declared_not_to_matter_is_not_told(suite):
    suite.write(**HIDDEN)
    (suite.folder / "pyproject.toml").write_text('[tool.pytest.ini_options]\n[tool.dagz]\nignore = ["state.py"]\n')
    answer = discover(suite)
    assert answer.code == 0 and answer.lines[-1].endswith("nothing differs"), answer


def test_below_the_rootdir_it_is_the_same(suite):
    suite.write(**HIDDEN)
    (suite.folder / "pytest.ini").write_text("[pytest]\ntestpaths = .\npythonpath = .\n")
    below = suite.folder / "below"
    below.mkdir()
    answer = end(start(below, "--", ".."))
    assert answer.code == 1 and "function state.py::load#1, lines 7-8" in answer.out, answer
    assert list(below.iterdir()) == []


# ---- what it is asked for ----


@pytest.mark.parametrize("words", [("--workers=0",), ("--workers=",), ("--workers=x",), ("--workers=9999",), ("-k", "x"), ("test_a.py",)])
def test_usage(suite, words):
    answer = discover(suite, *words)
    assert answer.code == 2 and answer.err.startswith("usage: dagz discover ") and not answer.out, answer


def test_options_behind_the_dashes_are_pytests(suite):
    answer = discover(suite.write(**ORDER), "--", "-k", "hates or plain", "-q")
    assert answer.code == 0 and answer.out.startswith("2 tests "), answer


def test_what_did_not_run_in_both_is_counted(suite):
    answer = discover(suite.write(**ORDER), "--workers=1", "--", "-x")
    assert answer.code == 1 and answer.lines[-1].endswith("; 4 others did not run in both"), answer


@pytest.mark.parametrize("text, code, why", [
    ("", 5, "dagz: no tests were collected"), ("import nothing_of_that_name\n", 2, "dagz: pytest has not run the suite to its end"),
])  # fmt: skip
def test_where_there_is_nothing_to_compare_pytest_has_its_say(suite, text, code, why):
    answer = discover(suite.write(test_a=text))
    assert answer.code == code and answer.err.splitlines()[-1] == why and not answer.out, answer
    assert ("no tests ran" if code == 5 else "nothing_of_that_name") in answer.err
    assert not (suite.folder / ".dagz").exists()


def test_an_option_that_pytest_does_not_know(suite):
    answer = discover(suite.write(**ORDER), "--", "--nothing-of-that-name")
    assert answer.code == 4 and "unrecognized arguments: --nothing-of-that-name" in answer.err, answer


def test_without_a_python_that_can_be_used(suite):
    answer = discover(suite.write(**ORDER), env={"DAGZ_PYTHON": "/nowhere/python"})
    assert answer.code == 78 and "/nowhere/python" in answer.err, answer


def test_where_nothing_is_observed_nothing_is_compared(suite):
    answer = discover(suite.write(**HIDDEN), env={"DAGZ_PROBE": "none"})
    assert answer.code == 3 and not answer.out, answer
    assert answer.err.splitlines()[-1].startswith("dagz: nothing was observed, and nothing can be compared")


def test_help_names_it():
    told = subprocess.run([DAGZ, "--help"], capture_output=True, text=True)
    assert "discover [--json] [--workers=N] [-- PYTEST OPTION...]" in told.stdout


# ---- who else is there ----

SLOW = """
    import pathlib, time
    def test_slow():
        pathlib.Path({mark!r}).touch()
        time.sleep({seconds})
"""


def wait_for(path):
    deadline = time.monotonic() + HANG_S
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert path.exists()


def wait_for_nobody_in(folder):
    """A job that has lost who started it ends in order."""
    deadline = time.monotonic() + HANG_S
    while time.monotonic() < deadline:
        places = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                places.append((process / "cwd").readlink())
        if folder not in places:
            return
        time.sleep(0.05)
    raise AssertionError("somebody is left")


def test_two_at_once_do_not_meet(suite):
    suite.write(**ORDER)
    both = [start(suite.folder), start(suite.folder)]
    first, second = map(end, both)
    assert first.code == second.code == 1 and first.out == second.out, (first, second)
    assert not (suite.folder / ".dagz").exists()


def test_a_job_that_runs_meanwhile_keeps_its_state(suite, tmp_path):
    mark = tmp_path / "began"
    suite.write(test_a=SLOW.format(mark=str(mark), seconds=0.5))
    process = start(suite.folder)
    wait_for(mark)
    assert suite.run().code == 0
    assert end(process).code == 0
    state = suite.folder / ".dagz"
    assert list((state / "baselines").iterdir()) and (state / "run/j1").exists() and not (state / "discover").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_job_and_leaves_nothing(suite, tmp_path, number):
    mark = tmp_path / "began"
    process = start(suite.write(test_a=SLOW.format(mark=str(mark), seconds=600)).folder)
    wait_for(mark)
    process.send_signal(number)
    answer = end(process)
    assert answer.code == 2 and answer.err.splitlines()[-1] == "dagz: interrupted", answer
    assert not (suite.folder / ".dagz").exists()


def test_what_one_that_was_killed_has_left_the_next_one_takes_away(suite, tmp_path):
    mark = tmp_path / "began"
    process = start(suite.write(test_a=SLOW.format(mark=str(mark), seconds=1)).folder)
    wait_for(mark)
    process.kill()
    process.communicate(timeout=HANG_S)
    wait_for_nobody_in(suite.folder)
    (left,) = (suite.folder / ".dagz/discover").iterdir()
    os.utime(left, (0, 0))
    assert discover(suite).code == 0
    assert not left.exists()


def test_a_tree_that_cannot_be_written_is_one_sentence(suite):
    suite.write(**ORDER)
    (suite.folder / ".dagz").write_text("a file")
    answer = discover(suite)
    assert answer.code == 3 and len(answer.err.splitlines()) == 1 and "cannot make the folder" in answer.err, answer
