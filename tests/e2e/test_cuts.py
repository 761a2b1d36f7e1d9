"""Sheets of what a job has met: made beside it, once for each content, and no test fails for want of one."""

import contextlib
import os
import pathlib
import signal
import time

import pytest

PROJECT = {
    "conftest": "import shared\n",
    "shared": "def part(): return 5\n",
    "lazy": "def late(): return 6\n",
    "unused": "def nobody(): pass\n",
    "test_a": """
        import shared
        def test_part(): assert shared.part() == 5
        def test_late():
            import lazy
            assert lazy.late() == 6
    """,
}
MET = {"conftest", "shared", "lazy", "test_a"}
# A second of work.
LARGE = "def f():\n" + "".join(f"    a{n} = [{n}, (1, 2, 3), 'x']\n" for n in range(40_000))
WAITS = """
    import os, time, shared
    def test_it():
        open("running", "w").close()
        while not os.path.exists("go"):
            time.sleep(0.01)
        shared.part()
"""


def sheets(suite):
    return {path.name: path.stat().st_mtime_ns for path in (suite.folder / ".dagz/sheets").rglob("*") if path.is_file()}


def children(pid):
    return [child for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()]


def wait_until(condition, process):
    while process.poll() is None:
        found = condition()
        if found:
            return found
        time.sleep(0.005)
    return None


def cutters(host):
    """Processes below the host that parse sources."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "comm").read_text() == "dagz-cut\n" and is_below(int(folder.name), host):
                found.append(int(folder.name))
        except OSError:
            pass
    return found


def is_below(pid, host):
    while pid > 1 and pid != host:
        pid = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return pid == host


@pytest.mark.parametrize("workers", ["1", "2"])
def test_each_source_that_was_met_has_a_sheet_once(suite, workers):
    ran = suite.write(**PROJECT).run(f"--dagz-workers={workers}")
    assert ran.code == 0 and "dagz: " not in ran.out, ran
    first = sheets(suite)
    assert len(first) == len(MET)
    assert suite.run(f"--dagz-workers={workers}").code == 0
    assert sheets(suite) == first
    (suite.folder / "shared.py").write_text("def part(): return 2 + 3\n")
    assert suite.run(f"--dagz-workers={workers}").code == 0
    assert len(sheets(suite)) == len(MET) + 1 and first.items() <= sheets(suite).items()


def test_where_nothing_is_observed_nothing_is_cut(suite):
    ran = suite.write(**PROJECT).run(env={"DAGZ_PROBE": "none"})
    assert ran.code == 0 and not sheets(suite) and "dagz: " not in ran.out, ran


def first_look_is_over(suite, process):
    """It has made sheets, and is gone."""
    comms = (pathlib.Path(f"/proc/{child}/comm") for child in children(process.pid))
    with contextlib.suppress(OSError):
        return sheets(suite) and "dagz-sheets\n" not in [comm.read_text() for comm in comms]


@pytest.mark.parametrize("edit", ["change", "remove", "change in time"])
def test_a_source_that_changes_while_the_job_runs_is_not_known_and_said_so(suite, edit):
    suite.write(shared=PROJECT["shared"], test_a=WAITS, late="VALUE = 1\n")
    (suite.folder / "test_a.py").write_text((suite.folder / "test_a.py").read_text().replace("shared\n", "shared, late\n"))
    # The first look comes when the collection is over, so the change has to be there by then.
    (suite.folder / "conftest.py").write_text("""
import pathlib, time
def pytest_collection_finish():
    pathlib.Path("collected").touch()
    while not pathlib.Path("changed").exists():
        time.sleep(0.01)
""")
    process = suite.start("--dagz-workers=1")
    assert wait_until((suite.folder / "collected").exists, process)
    path = suite.folder / "shared.py"
    path.unlink() if edit == "remove" else path.write_text("def part(): return 50\n")
    (suite.folder / "changed").touch()
    if edit == "change in time":
        assert wait_until(lambda: first_look_is_over(suite, process), process)
    (suite.folder / "go").touch()
    ran = suite.end(process)
    assert ran.code == 0, ran
    assert f"dagz: what ran of '{path}' is not known: it was changed while the job ran\n" in ran.out, ran


def test_what_a_test_writes_and_changes_is_no_news(suite):
    suite.write(test_a="""
        import sys
        def test_it(monkeypatch):
            monkeypatch.syspath_prepend(".")
            for n in range(3):
                sys.modules.pop("made", None)
                with open("made.py", "w") as file:
                    file.write(f"def f(): return {n}\\n" + "#" * n)
                import made
                made.f()
            with open("made.py", "w") as file:
                file.write("nothing of the kind")
    """)
    ran = suite.run("--dagz-workers=1")
    assert ran.code == 0 and "dagz: " not in ran.out, ran


def test_no_room_for_sheets_costs_a_sentence(suite):
    suite.write(**PROJECT)
    (suite.folder / ".dagz").mkdir()
    (suite.folder / ".dagz/sheets").write_text("not a folder")
    ran = suite.run("--dagz-workers=1")
    assert ran.code == 0 and "dagz: what ran is not known: cannot make '" in ran.out, ran


def test_whoever_cuts_may_be_killed(suite):
    process = suite.write(test_a="import large\ndef test_it(): pass\n", large=LARGE).start("--dagz-workers=1")
    killed = 0
    while pids := wait_until(lambda: cutters(process.pid), process):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                killed += 1
    ran = suite.end(process)
    assert killed and ran.code == 0, ran
    assert "dagz: what ran" in ran.out and "was ended by signal 9" in ran.out, ran


def test_what_has_run_before_ctrl_c_is_known(suite):
    process = suite.write(shared=PROJECT["shared"], test_a="def test_first(): pass\n", test_b=WAITS).start("--dagz-workers=1")
    assert wait_until((suite.folder / "running").exists, process)
    process.send_signal(signal.SIGINT)
    ran = suite.end(process)
    assert ran.code == 2 and len(sheets(suite)) == 3 and "dagz: " not in ran.out, ran


def test_nobody_has_to_wait_for_whoever_cuts(suite):
    """Ctrl-C ends it, and what pytest has said stands."""
    process = suite.write(test_a="import large\ndef test_it(): pass\n", large=LARGE).start("--dagz-workers=1")
    (pid,) = wait_until(lambda: cutters(process.pid), process)
    os.kill(pid, signal.SIGSTOP)
    # Nobody but those that cut is left when pytest's process is gone.
    wait_until(lambda: len(children(process.pid)) == 1, process)
    process.send_signal(signal.SIGINT)
    ran = suite.end(process)
    assert ran.code == 0 and ran.cases["test_it"] == ["passed"] and "dagz: " not in ran.out, ran
