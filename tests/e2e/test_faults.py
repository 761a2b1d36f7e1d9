"""Whatever call of the host fails, a job ends: with the right answer, or with a sentence that says what failed.

`tests/fault/fault.c` is preloaded into the host and makes one call of one function fail. One call of each function
is taken, by a seed: DAGZ_FAULTS=NUMBER is another seed, DAGZ_FAULTS=all takes all calls, failing in all ways."""

import os
import pathlib
import random
import re
import struct
import subprocess
import sys
import time
import uuid

import pytest
from conftest import EXECUTABLE, Suite

FAULT = EXECUTABLE.parent / "tests/fault.so"
WHICH = os.environ.get("DAGZ_FAULTS", "1")

pytestmark = pytest.mark.skipif(not FAULT.exists(), reason="fault.so is not built")

RIGHT = {"test_first": "passed", "test_second": "passed", "test_third": "passed", "test_fails": "failure"}
MODULES = {
    "test_one": """
        def test_first():
            print("out of the first")

        def test_second():
            pass
    """,
    "test_two": """
        def test_third():
            pass

        def test_fails():
            assert False
    """,
}

WAYS = {
    "socketpair": ["EMFILE"],
    "fork": ["EAGAIN"],
    "signalfd": ["EMFILE"],
    "epoll_create1": ["EMFILE"],
    "epoll_ctl": ["ENOSPC"],
    "epoll_wait": ["EINTR"],
    "eventfd": ["EMFILE"],
    "pipe2": ["EMFILE"],
    "recvmsg": ["EINTR", "EAGAIN", "ENOMEM", "short"],
    "sendmsg": ["EAGAIN", "EPIPE", "short"],
    "send": ["EINTR", "EAGAIN", "EPIPE", "short"],
    "open": ["EMFILE", "EACCES"],
    "fopen": ["EMFILE"],
    "fstat": ["EIO"],
    "mkdir": ["ENOSPC", "EROFS"],
    "write": ["ENOSPC", "EINTR", "short"],
    "read": ["EINTR", "EIO"],
    "fsync": ["EIO"],
    "rename": ["ENOSPC"],
    "mkostemp": ["ENOSPC"],
    "fchmod": ["EPERM"],
    "flock": ["ENOLCK"],
    "fcntl": ["EMFILE"],
    "waitpid": ["EINTR", "ECHILD"],
    "kill": ["EPERM"],
    "prctl": ["EINVAL"],
    "getrlimit": ["EPERM"],
    "setrlimit": ["EPERM"],
    "sched_getaffinity": ["ENOSYS"],
    "opendir": ["EMFILE"],
    "readdir": ["EIO"],
    "realpath": ["EACCES"],
    "mmap": ["ENOMEM"],
    "dlopen": ["ENOENT"],
    "calloc": ["ENOMEM"],
}
# What goes on failing, as memory and descriptors do when there are none left.
LASTING = {"calloc": ["ENOMEM"], "socketpair": ["EMFILE"], "fork": ["EAGAIN"], "open": ["EMFILE"], "write": ["ENOSPC"]}
# Jobs of other kinds, and the functions that have another part in them.
KINDS = {
    "fork": (["--dagz-workers=2"], WAYS),
    "auto": (["--dagz-workers=auto"], ["sched_getaffinity", "fopen"]),
    "spawn": (["--dagz-workers=2", "--dagz-start=spawn"], ["socketpair", "fork", "fcntl", "calloc", "waitpid", "recvmsg"]),
    "dying": (["--dagz-workers=2"], ["socketpair", "fork", "fcntl", "calloc", "waitpid", "send", "kill", "write"]),
}
# In a job of kind "dying" the process with pytest's reporters dies with the third result.
DIES = """
    import os, pathlib, signal
    shown = []

    def pytest_runtest_logreport(report):
        shown.append(report.nodeid)
        if len(set(shown)) == 3 and not pathlib.Path("died").exists():
            pathlib.Path("died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
"""


ONCE = {name: errors[0] for name, errors in WAYS.items()} | {"setenv": "ENOMEM", "execv": "EACCES"}


def faults(function):
    """The ways in which one call of this function is failed: [(error, every later one too)]."""
    return [(error, "") for error in WAYS[function]] + [(error, "+") for error in LASTING.get(function, [])]


def read_tally(path):
    rows = struct.iter_unpack("24sQ", path.read_bytes())
    return {name.rstrip(b"\0").decode(): value for name, value in rows}


class Host:
    """Jobs over one tiny suite, each with a fault."""

    def __init__(self, suite, kind):
        self.suite = suite.write(**MODULES, **({"conftest": DIES} if kind == "dying" else {}))
        self.options = [*KINDS[kind][0], "-p", "no:cacheprovider"]
        self.tally_file = suite.folder.parent / "tally"

    def tally(self):
        return read_tally(self.tally_file)

    def run(self, fault):
        mark = uuid.uuid4().hex
        (self.suite.folder / "died").unlink(missing_ok=True)
        preload = {"LD_PRELOAD": str(FAULT), "FAULT_TALLY": str(self.tally_file), "DAGZ_TEST_MARK": mark}
        ran = self.suite.run(*self.options, env=preload | ({"FAULT": fault} if fault else {}))
        ran.left = left_behind(mark)
        return ran


def left_behind(mark):
    """Processes of a job that outlive it by two seconds."""
    deadline = time.monotonic() + 2
    while (found := list(marked(mark))) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def marked(mark):
    for path in pathlib.Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in path.read_bytes():
                yield (path.parent / "cmdline").read_bytes()
        except OSError:
            pass


def complaint(ran):
    """What is wrong with how this job ended, or None."""
    if ran.code < 0:
        return f"the host was killed by signal {-ran.code}"
    if ran.left:
        return f"left behind: {ran.left}"
    # pytest's own entry for an internal error is no test.
    cases = {name: outcomes for name, outcomes in ran.cases.items() if name != "internal"}
    told = {name: outcome for name, outcomes in cases.items() for outcome in outcomes}
    if any(len(outcomes) != 1 for outcomes in cases.values()):
        return "a test has not one outcome"
    wrong = {name: outcome for name, outcome in told.items() if RIGHT.get(name) != outcome}
    if wrong:
        return f"wrong outcomes: {wrong}"
    shown = {nodeid.rpartition("::")[2]: outcomes for nodeid, outcomes in ran.outcomes.items()}
    if ran.code == 1 and told == RIGHT and len(shown) == len(RIGHT):
        return None
    if ran.code == 0:
        return "exit code 0"
    if not re.search(r"^(?:!+ |INTERNALERROR> \w+: )?(?:dagz|dagz-python): \w", ran.out, re.M):
        return "no sentence says what failed"
    return None


@pytest.fixture(scope="module")
def count(tmp_path_factory):
    """How often the host calls each function when nothing fails."""
    counted = {}

    def of(kind):
        if kind not in counted:
            folder = tmp_path_factory.mktemp("counted") / "suite"
            folder.mkdir()
            host = Host(Suite(folder), kind)
            ran = host.run("")
            assert complaint(ran) is None, ran
            counted[kind] = host.tally()
        return counted[kind]

    return of


def taken(kind, function, n):
    """Which of n calls are failed, and how."""
    every = [f"{function}:{i}{lasting}:{error}" for error, lasting in faults(function) for i in range(1, n + 1)]
    if WHICH == "all" or not every:
        return every
    return [random.Random(f"{WHICH} {kind} {function}").choice(every)]


@pytest.mark.parametrize("kind, function", [(kind, name) for kind, (_, names) in KINDS.items() for name in names])
def test_a_job_ends_well_when_a_call_fails(suite, count, kind, function):
    host = Host(suite, kind)
    complaints = []
    for fault in taken(kind, function, count(kind)[function]):
        ran = host.run(fault)
        wrong = complaint(ran)
        if wrong:
            complaints.append(f"--- {fault}, called from {host.tally()['struck']:#x}: {wrong}\n{ran}")
    assert not complaints, "\n".join(complaints)


# ---- role python ----


def start_python(python, fault, tally):
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("DAGZ", "VIRTUAL_ENV"))}
    # Executed, as a python in this process would have its own calls failed.
    environ |= {"DAGZ_PYTHON": str(python), "DAGZ_EMBED": "0", "LD_PRELOAD": str(FAULT), "FAULT_TALLY": str(tally)}
    if fault:
        environ["FAULT"] = fault
    return subprocess.run(
        [EXECUTABLE, "-c", "raise SystemExit(7)"], env=environ, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("way", ["by its file", "by a script"])
def test_python_starts_or_says_why_when_a_call_fails(way, tmp_path):
    """All calls of all functions: a start is cheap."""
    python, tally = pathlib.Path(sys.executable), tmp_path / "tally"
    if way == "by a script":
        # One that has to be asked which python it is.
        python = tmp_path / "python"
        python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        python.chmod(0o755)
    assert start_python(python, "", tally).returncode == 7
    complaints = []
    for function, n in read_tally(tally).items():
        for i in range(1, n + 1) if function in ONCE else []:
            fault = f"{function}:{i}:{ONCE[function]}"
            ran = start_python(python, fault, tally)
            if ran.returncode != 7 and not (ran.returncode == 78 and re.match("dagz-python: .", ran.stderr)):
                complaints.append(f"{fault}: exit code {ran.returncode}: {ran.stderr}")
    assert not complaints, "\n".join(complaints)
