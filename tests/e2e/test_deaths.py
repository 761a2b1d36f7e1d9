"""A worker that dies, in whatever way, costs the test it held, and nothing else."""

import collections
import contextlib
import os
import pathlib
import signal

import pytest

TESTS = """
    import atexit, ctypes, os, resource, signal, subprocess, sys, threading
    import pytest

    def hang():
        threading.Event().wait()

    @pytest.fixture(scope="session")
    def base():
        with open("setups", "a") as file:
            file.write(f"{os.getpid()}\\n")

    def test_before(base):
        pass

    def test_dies(base):
        print("last words")
        print("last complaint", file=sys.stderr)
        WAY

    def test_after(base):
        pass

    def test_last(base):
        pass
"""

OVERWRITE = """null = os.open(os.devnull, os.O_RDWR)
for name in os.listdir("/proc/self/fd"):
    os.dup2(null, int(name))"""

RUBBISH = """for name in os.listdir("/proc/self/fd"):
    try:
        os.write(int(name), b"rubbish" * 1000)
    except OSError:
        pass"""

BLOCK = "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\nhang()"

WAYS = {
    "is_killed_by_SIGKILL": ("os.kill(os.getpid(), signal.SIGKILL)", "killed by SIGKILL"),
    "is_killed_by_SIGTERM": ("os.kill(os.getpid(), signal.SIGTERM)", "killed by SIGTERM"),
    "segfaults": ("ctypes.string_at(0)", "killed by SIGSEGV"),
    "aborts": ("os.abort()", "killed by SIGABRT"),
    "leaves_with_0": ("os._exit(0)", "exit status 0"),
    "leaves_with_7": ("os._exit(7)", "exit status 7"),
    "executes_what_ends": ("os.execv('/bin/true', ['true'])", "exit status 0"),
    "executes_what_stays": ("os.execv('/bin/sleep', ['sleep', '1000'])", "closed its connection"),
    "closes_all_descriptors": ("os.closerange(0, 1 << 17)", "closed its connection"),
    "closes_all_descriptors_and_hangs": ("os.closerange(0, 1 << 17)\nhang()", "closed its connection"),
    "overwrites_all_descriptors": (OVERWRITE, "closed its connection"),
    "overwrites_all_descriptors_and_hangs": (OVERWRITE + "\nhang()", "closed its connection"),
    "writes_rubbish_into_all_descriptors": (RUBBISH, "rubbish"),
    "writes_rubbish_into_all_descriptors_and_hangs": (RUBBISH + "\nhang()", "rubbish"),
    "lets_a_child_return_into_pytest": ("os.fork()", "returned into pytest"),
    "lets_a_child_raise_into_pytest": ("if os.fork() == 0: raise ValueError('child')", "returned into pytest"),
    "waits_for_a_child_that_returns_into_pytest": (
        "pid = os.fork()\nif pid:\n    os.waitpid(pid, 0)", "returned into pytest",
    ),
    "stops_itself": ("os.kill(os.getpid(), signal.SIGSTOP)", "stopped by SIGSTOP"),
    "hangs": ("hang()", "ran longer than the 0.5 s"),
    "blocks_every_signal_and_hangs": (BLOCK, "ran longer than the 0.5 s"),
    "has_no_address_space_left_and_dies": (
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 20, 1 << 20))\nos.kill(os.getpid(), signal.SIGABRT)",
        "killed by SIGABRT",
    ),
}  # fmt: skip

OTHERS = ("test_before", "test_after", "test_last")


def with_way(way):
    return TESTS.replace("WAY", way.replace("\n", "\n        "))


def is_the_loss_of_one_test(ran, cause, others=OTHERS, lost="test_dies"):
    assert ran.code == 1, ran
    expected = {f"test_it.py::{name}": ["passed"] for name in others}
    assert dict(ran.outcomes) == {**expected, f"test_it.py::{lost}": ["failed"]}, ran
    assert dict(ran.cases) == {**dict.fromkeys(others, ["passed"]), lost: ["failure"]}, ran
    assert cause in ran.texts[lost], ran
    assert cause in ran.out, ran


@pytest.mark.parametrize("name", WAYS)
def test_a_worker_that(name, suite):
    way, cause = WAYS[name]
    suite.write(test_it=with_way(way))
    ran = suite.run("--dagz-workers=1", "--dagz-timeout=0.5" if "hang()" in way and "longer" in cause else "-v")
    is_the_loss_of_one_test(ran, cause)
    # What it has written stands beside the failure, and its fixtures were set up once more.
    if name != "writes_rubbish_into_all_descriptors":
        # There it has been taken from capture's files before the host could look.
        assert "last words" in ran.out and "last complaint" in ran.out, ran
    assert len(set(suite.lines("setups"))) == len(suite.lines("setups")) == 2
