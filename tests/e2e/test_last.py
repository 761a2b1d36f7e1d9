"""`dagz last`, and what a job's block says of what is proved and what cannot be."""

import json
import os
import re
import subprocess
import time

import pytest
from conftest import EXECUTABLE

SUITE = {
    "test_it": """
        import subprocess, time, pytest
        def test_slow(): time.sleep(0.3)
        def test_child(): subprocess.run(["true"])
        def test_another(): subprocess.run(["true"])
        def test_bad(): assert 1 + 1 == 3
        def test_skipped(): pytest.skip("now")
    """,
}


@pytest.fixture
def suite(suite):
    suite.selects = True
    return suite.write(**SUITE)


def last(suite, *words):
    return subprocess.run(
        ["dagz", "last", *words], executable=EXECUTABLE, cwd=suite.folder, env={"PATH": os.environ["PATH"]},
        capture_output=True, text=True,
    )  # fmt: skip


def test_last_tells_what_ran_what_failed_and_what_could_not_be_proved(suite):
    suite.run()
    suite.run()
    told = last(suite)
    assert (told.returncode, told.stderr) == (0, "")
    lines = told.stdout.splitlines()
    assert lines[0] == "j2: 4 ran or were to, 1 left out, 1 failed, 0 not run"
    assert lines[1] == "unprovable: 2 child"
    assert set(lines[2:6]) == {
        "passed test_it.py::test_child", "passed test_it.py::test_another", "failed test_it.py::test_bad",
        "skipped test_it.py::test_skipped",
    }  # fmt: skip
    assert "---- test_it.py::test_bad" in lines and "assert (1 + 1) == 3" in told.stdout


def test_last_in_json(suite):
    suite.run()
    suite.run()
    told = json.loads(last(suite, "--json").stdout)
    assert told["job"] == "j2" and told["skipped"] == 1 and told["unprovable"] == {"child": 2}
    outcomes = {test["nodeid"].rpartition("::")[2]: test["outcome"] for test in told["selected"]}
    assert outcomes == {"test_child": "passed", "test_another": "passed", "test_bad": "failed", "test_skipped": "skipped"}
    assert ["text" in test for test in told["selected"]].count(True) == 1


def test_last_of_a_job_that_was_stopped_tells_what_had_not_run(suite):
    suite.run("-x", "--dagz-workers=1")
    told = json.loads(last(suite, "--json").stdout)
    assert {test["outcome"] for test in told["selected"]} >= {"passed", "failed", "not run"}


def test_last_of_a_test_whose_process_died_tells_how(suite):
    suite.write(test_it="import os\ndef test_dies(): os.abort()\n").run()
    (test,) = json.loads(last(suite, "--json").stdout)["selected"]
    assert test["outcome"] == "failed" and "SIGABRT" in test["text"]


def test_last_without_a_job_is_a_sentence(suite):
    told = last(suite)
    assert told.returncode == 1 and told.stderr.startswith("dagz: no .dagz here or in a folder above")
    (suite.folder / ".dagz").mkdir()
    told = last(suite)
    assert told.returncode == 1 and told.stderr.startswith("dagz: no job has left what it collected")
    assert last(suite, "--all").returncode == 2


def test_results_that_are_cut_short_or_damaged_are_told_as_far_as_they_go(suite):
    suite.run()
    folder = suite.folder / ".dagz/run/j1"
    for name in ("results", "suite"):
        whole = (folder / name).read_bytes()
        for size in range(0, len(whole), 7):
            (folder / name).write_bytes(whole[:size])
            assert last(suite, "--json").returncode == 0
        (folder / name).write_bytes(whole[:-30] + b"\xff" * 30)
        assert last(suite).returncode == 0
        (folder / name).write_bytes(whole)


def test_the_block_says_what_is_unprovable_and_what_was_saved(suite):
    suite.run()
    ran = suite.run()
    assert "\n  unprovable: 2 child\n" in ran.out, ran
    (saved,) = re.findall(r"^  saved: (\d+\.\d\d) s that the tests left out took$", ran.out, re.M)
    assert 0.3 <= float(saved) < 5


def test_of_many_reasons_the_block_says_the_three_that_are_the_most_frequent(suite):
    names = [f"data{i}" for i in range(5)]
    reads = "".join(f"def test_{name}(): open('{name}').close()\n" for name in names)
    # By C, which nobody is told of.
    touches = "".join(f"    ctypes.CDLL(None).utimes(b'{name}', None)\n" for name in names)
    for name in names:
        (suite.folder / name).write_text("one")
    suite.write(test_it=f"import ctypes\n{reads}def test_touches():\n{touches}")
    suite.run("--dagz-workers=1")
    ran = suite.run("--dagz-workers=1")
    (line,) = re.findall(r"^  unprovable: .*$", ran.out, re.M)
    assert line.count("1 data") == 3 and line.endswith(", and for other reasons"), ran


# ---- a job with nothing to run ----

QUIET = {"test_it": "def test_one(): pass\ndef test_two(): pass\n"}
ALONE = "nothing to run, pytest was not started"


@pytest.fixture
def quiet(suite):
    """Learnt, and then nothing to run."""
    path = suite.write(**QUIET).folder / "test_it.py"
    settle(path)
    assert suite.run().code == 0
    assert ALONE in suite.run().out
    settle(path)
    return suite


def settle(path):
    while time.clock_gettime_ns(5) <= path.stat().st_ctime_ns:
        time.sleep(0.001)


def test_a_job_with_nothing_to_run_is_the_last_one(quiet):
    told = last(quiet)
    assert told.returncode == 0 and told.stdout == f"{ALONE}: 2 left out (the job before it is j1)\n", told
    found = json.loads(last(quiet, "--json").stdout)
    assert found == {"job": None, "selected": [], "skipped": 2, "unprovable": {}}


def test_the_next_job_that_runs_something_is_the_last_one_again(quiet):
    quiet.write(test_it=QUIET["test_it"] + "def test_three(): pass\n")
    settle(quiet.folder / "test_it.py")
    assert quiet.run().code == 0
    assert last(quiet).stdout.startswith("j2: 1 ran or were to, 2 left out")
    assert ALONE in quiet.run().out
    assert "3 left out (the job before it is j2)" in last(quiet).stdout


def test_a_job_that_collected_nothing_is_not_taken_for_the_one_before_it(quiet):
    quiet.write(test_bad="raise SystemError\n")
    assert quiet.run().code == 2
    told = last(quiet)
    assert ALONE not in told.stdout and "j1" not in told.stdout, told


def test_where_it_cannot_be_kept_the_job_goes_on(quiet):
    kept = quiet.folder / ".dagz/run/nothing"
    kept.unlink()
    kept.mkdir()
    ran = quiet.run()
    assert ran.code == 0 and ALONE in ran.out, ran
    told = last(quiet)
    assert told.returncode == 1 and told.stderr.startswith("dagz: cannot read what the last job in "), told


def test_a_kept_file_that_is_damaged_is_a_sentence(quiet):
    (quiet.folder / ".dagz/run/nothing").write_bytes(b"x" * 100)
    told = last(quiet)
    assert told.returncode == 1 and "Bad message" in told.stderr, told
