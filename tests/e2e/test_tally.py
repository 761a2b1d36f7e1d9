"""What ./dev test says last: however a run of the tests ends, it does not say that all is well when it is not."""

import importlib.util
import os
import pathlib
import subprocess
import sys
import textwrap

import pytest

TALLY = pathlib.Path(__file__).resolve().parents[1] / "tally.py"
XDIST = importlib.util.find_spec("xdist")
PASSES = '<testsuites><testsuite><testcase name="a"/><testcase name="b"><skipped/></testcase></testsuite></testsuites>'


def tally(*arguments):
    """Exit code and last line."""
    told = subprocess.run([sys.executable, TALLY, *arguments], capture_output=True, text=True)
    return told.returncode, told.stdout.splitlines()[-1]


def judged(folder, text):
    """What is told of a run of these tests on two processes, as ./dev has it told."""
    if not XDIST:
        pytest.skip("./dev test has xdist")
    (folder / "test_it.py").write_text(textwrap.dedent(text))
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "2", "--dist", "worksteal", "--junitxml=it.xml"],
        cwd=folder, env={**clean, "PYTHONPATH": str(pathlib.Path(XDIST.origin).parents[1])}, capture_output=True, text=True,
    )  # fmt: skip
    return tally(*["--failed"] * (ran.returncode != 0), folder / "it.xml"), ran.stdout


@pytest.fixture
def passes(tmp_path):
    (tmp_path / "passes.xml").write_text(PASSES)
    return tmp_path / "passes.xml"


def test_all_is_well_where_all_files_say_so(passes):
    assert tally(passes, passes) == (0, "2 passed, 0 failed, 2 skipped")


def test_a_file_that_was_not_written_is_a_failure(passes, tmp_path):
    assert tally(passes, tmp_path / "none.xml") == (1, "1 passed, 1 failed, 1 skipped")


def test_a_file_that_was_half_written_is_a_failure(passes, tmp_path):
    (tmp_path / "half.xml").write_text(PASSES[:40])
    assert tally(passes, tmp_path / "half.xml") == (1, "1 passed, 1 failed, 1 skipped")


def test_a_part_that_ended_badly_is_a_failure_whatever_the_files_say(passes):
    assert tally(passes, "--failed") == (1, "1 passed, 1 failed, 1 skipped")


def test_no_test_at_all_is_not_well(tmp_path):
    (tmp_path / "empty.xml").write_text("<testsuites/>")
    assert tally(tmp_path / "empty.xml") == (1, "0 passed, 0 failed")


def test_a_process_that_dies_costs_the_test_that_it_ran(tmp_path):
    told, out = judged(tmp_path, """
        import os
        def test_before(): pass
        def test_dies(): os._exit(0)
        def test_after(): pass
    """)
    assert told == (1, "2 passed, 1 failed"), out


def test_a_run_that_is_interrupted_is_not_well(tmp_path):
    told, out = judged(tmp_path, """
        import os, signal, time
        def test_before(): pass
        def test_interrupts():
            os.kill(os.getppid(), signal.SIGINT)
            signal.pause()
        def test_after(): pass
    """)
    assert told[0] == 1 and "0 failed" not in told[1], out


def test_files_that_cannot_be_collected_are_a_failure(tmp_path):
    told, out = judged(tmp_path, "import nothing_of_the_kind\n")
    assert told == (1, "0 passed, 1 failed"), out
