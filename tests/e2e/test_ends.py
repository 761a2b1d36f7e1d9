"""The end of a job whose front, zygote or host dies, and of one that is interrupted: what was known is shown,
and nothing is left behind."""

import contextlib
import errno
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import sys
import time

import pytest

# Protection against hanging only.
HANG_S = 60

KILL = """
    import ctypes, os, signal
    import pytest

    def parent(pid):
        with open(f"/proc/{pid}/stat") as file:
            return int(file.read().rpartition(") ")[2].split()[1])

    ZYGOTE = os.getppid
    def FRONT(): return parent(os.getppid())
    def HOST(): return parent(FRONT())
"""

WAITING = KILL + """
    @pytest.fixture(scope="session")
    def base():
        yield
        open("torn-down", "w").close()

    def test_before(base):
        pass

    def test_waits(base):
        print("last words")
        with open("host", "w") as file:
            file.write(str(HOST()))
        os.rename("host", "started")
        signal.pause()

    def test_after(base):
        pass
"""


def until(condition, what):
    """Waits for what another process is to do: there is nothing to be told by."""
    deadline = time.monotonic() + HANG_S
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {HANG_S} s for {what}"
        time.sleep(0.01)
    return found


def descendants(root):
    parents = {}
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError, ValueError):
            state, parent = pathlib.Path(f"/proc/{int(name)}/stat").read_text().rpartition(") ")[2].split()[:2]
            if state not in "ZX":
                parents[int(name)] = int(parent)
    found, more = set(), {root}
    while more:
        found |= more
        more = {pid for pid, parent in parents.items() if parent in more} - found
    return found - {root}


def is_there(pid):
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    return False


def host_once_it_waits(suite):
    return int(until(lambda: suite.lines("started"), "the test to start")[0])


# ---- the front ----


FRONT_DEATHS = {
    "killed_by_a_test": ("", "os.kill(FRONT(), signal.SIGKILL)\n        signal.pause()", "killed by SIGKILL"),
    "left_in_a_hook": (
        "STATE = []\ndef pytest_runtest_logreport(report):\n    import os\n"
        "    if 'test_ends' in report.nodeid and os.path.exists('once'):\n"
        "        os.remove('once')\n        os._exit(0)", "pass", "exit status 0",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FRONT_DEATHS)
def test_what_was_known_is_shown_when_the_front_was(name, suite):
    conftest, body, cause = FRONT_DEATHS[name]
    (suite.folder / "once").touch()
    (suite.folder / "conftest.py").write_text(conftest)
    suite.write(test_it=KILL + f"""
    def test_passes(): pass
    def test_fails(): assert 0, "for a reason"
    def test_ends():
        {body}
    """)
    ran = suite.run("--dagz-workers=1")
    assert ran.code not in (0, 5), ran
    assert f"the process with pytest's reporters {'was ' if 'SIG' in cause else 'left with '}{cause}" in ran.out, ran
    assert ran.cases["test_passes"] == ["passed"] and ran.cases["test_fails"] == ["failure"], ran
    assert "for a reason" in ran.texts["test_fails"], ran
    assert re.search(r"1 failed, \d passed", ran.out), ran


def test_the_host_says_it_plainly_when_the_replay_dies_too(suite):
    suite.write(conftest="""
        import ctypes
        def pytest_runtest_logreport(report):
            if report.failed:
                ctypes.string_at(0)
    """, test_it="""
        import pytest
        def test_passes(): pass
        def test_skipped(): pytest.skip("why")
        @pytest.mark.parametrize("value", ["a::b", "<&>"])
        def test_fails(value): assert 0, "for a reason \\x1b"
        class TestIt:
            def test_passes_too(self): pass
    """)
    ran = suite.run("--dagz-workers=1")
    assert ran.code == 3, ran
    assert "was killed by SIGSEGV" in ran.out and "FAILED test_it.py::test_fails[a::b]" in ran.out, ran
    assert ran.cases["test_passes"] == ["passed"] and ran.cases["test_skipped"] == ["skipped"], ran
    assert ran.cases["test_fails[a::b]"] == ["failure"] and "for a reason" in ran.texts["test_fails[a::b]"], ran


@pytest.mark.parametrize("way, code, said", [
    ("ctypes.string_at(0)", 128 + signal.SIGSEGV, "was killed by SIGSEGV"),
    ("os.kill(os.getpid(), 9)", 128 + signal.SIGKILL, "was killed by SIGKILL"),
    ("os._exit(7)", 7, ""),
])  # fmt: skip
def test_the_front_dies_while_it_collects(way, code, said, suite):
    suite.write(test_it=f"import ctypes, os\n{way}\ndef test_it(): pass")
    ran = suite.run()
    assert ran.code == code, ran
    assert not said or (said in ran.out and "no test was run" in ran.out), ran


def test_an_internal_error_of_the_front_is_pytests(suite):
    suite.write(conftest="def pytest_runtest_logreport(report): raise RuntimeError('in the hook')",
                test_it="def test_it(): pass")  # fmt: skip
    ran = suite.run("--dagz-workers=1")
    assert ran.code == 3 and "INTERNALERROR" in ran.out and "in the hook" in ran.out, ran


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_descriptors_that_the_user_passed_on_are_there(start, suite):
    suite.write(test_it="""
        import os
        def test_read():
            assert os.pread(3, 5, 0) == b"hello"
            assert os.pread(77, 5, 0) == b"hello"
        def test_no_other_is_the_hosts():
            opened = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}")]
            assert not [name for name in opened if "eventpoll" in name or "/.dagz/" in name], opened
    """)
    (suite.folder / "file").write_text("hello")
    ran = suite.run("--dagz-workers=1", f"--dagz-start={start}",
                    under=["bash", "-c", 'exec 3<file 77<file; exec "$@"', "bash"])  # fmt: skip
    assert ran.code == 0 and len(ran.cases) == 2, ran


# ---- the zygote ----


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_what_a_test_forks_has_its_descriptors(start, suite):
    suite.write(test_it="""
        import os
        def descriptors():
            links = {fd: f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd")}
            # High ones are ours, and are not the child's.
            return {fd: os.readlink(link) for fd, link in links.items() if os.path.exists(link) and int(fd) < 1000}
        def test_fork():
            before = descriptors()
            pid = os.fork()
            if pid == 0:
                os._exit(0 if before.items() <= descriptors().items() else 7)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    """)
    ran = suite.run("--dagz-workers=1", f"--dagz-start={start}")
    assert ran.code == 0, ran


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("fork", ["worker", "test"])
def test_a_job_survives_its_zygote(workers, fork, suite):
    suite.write(test_it=KILL + """
    def test_before(): pass
    def test_kills(): os.kill(ZYGOTE(), signal.SIGKILL)
    @pytest.mark.parametrize("n", range(5))
    def test_after(n): pass
    """)
    ran = suite.run(f"--dagz-workers={workers}", f"--dagz-fork={fork}")
    assert ran.code == 0, ran
    assert len(ran.cases) == 7 and all(told == ["passed"] for told in ran.cases.values()), ran


def test_a_worker_that_dies_without_a_zygote_costs_one_test(suite):
    suite.write(test_it=KILL + """
    def test_dies():
        os.kill(ZYGOTE(), signal.SIGKILL)
        os.abort()
    def test_after(): pass
    """)
    ran = suite.run("--dagz-workers=1")
    assert ran.code == 1 and dict(ran.cases) == {"test_dies": ["failure"], "test_after": ["passed"]}, ran


# ---- the host ----


def test_nothing_is_left_running_when_the_host_is_killed(suite):
    suite.write(test_it=WAITING.replace("print(", """import subprocess
        subprocess.Popen(["sleep", "1000"], start_new_session=True)
        subprocess.run(["sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 & :"])
        print(""", 1))
    process = suite.start("--dagz-workers=2")
    host = host_once_it_waits(suite)
    below = descendants(host)
    assert len(below) >= 5
    os.kill(host, signal.SIGKILL)
    began = time.monotonic()
    until(lambda: not any(map(is_there, below)), "all of the job to end")
    assert time.monotonic() - began < 2
    assert suite.end(process).code == -signal.SIGKILL
    # What it has left in .dagz is no hindrance, and goes.
    suite.write(test_it="def test_it(): pass")
    ran = suite.run("--dagz-workers=1")
    assert ran.code == 0 and ran.cases["test_it"] == ["passed"] and "j2:" in ran.out, ran
    assert not (suite.folder / ".dagz/run/j1").exists()


# ---- interrupts ----


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_orderly_end_by(number, suite):
    suite.write(test_it=WAITING)
    process = suite.start("--dagz-workers=2")
    host = host_once_it_waits(suite)
    below = descendants(host)
    os.kill(host, number)
    ran = suite.end(process)
    assert ran.code == 2 and "KeyboardInterrupt" in ran.out, ran
    assert ran.cases["test_before"] == ["passed"] and "1 passed" in ran.out, ran
    assert "test_after" not in ran.cases and "2 of 3 tests were not run" in ran.out, ran
    assert (suite.folder / "torn-down").exists(), ran
    assert not any(map(is_there, below))


STUBBORN = WAITING.replace("signal.pause()", """while True:
            try:
                signal.pause()
            except KeyboardInterrupt:
                open("interrupted", "w").close()""")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_one_ends_it_at_once(number, suite):
    suite.write(test_it=STUBBORN)
    process = suite.start("--dagz-workers=1")
    host = host_once_it_waits(suite)
    os.kill(host, number)
    until((suite.folder / "interrupted").exists, "the test to be interrupted")
    os.kill(host, number)
    ran = suite.end(process)
    assert ran.code == 2 and ran.cases["test_before"] == ["passed"], ran


def test_a_test_that_does_not_give_in_is_ended(suite):
    suite.write(test_it=STUBBORN)
    process = suite.start("--dagz-workers=1")
    os.kill(host_once_it_waits(suite), signal.SIGTERM)
    ran = suite.end(process)
    assert ran.code == 2 and ran.cases["test_before"] == ["passed"] and "failure" not in str(ran.cases), ran


def test_an_interrupt_while_collecting(suite):
    suite.write(test_it="""
        import os, signal
        with open("host", "w") as file:
            file.write(str(os.getppid()))
        os.rename("host", "started")
        signal.pause()
    """)
    process = suite.start()
    os.kill(host_once_it_waits(suite), signal.SIGTERM)
    ran = suite.end(process)
    assert ran.code == 2 and "KeyboardInterrupt" in ran.out, ran


class Terminal:
    """A job on a terminal of its own, as a user's shell would start it."""

    def __init__(self, suite, *options):
        self.master, slave = pty.openpty()
        # TIOCSCTTY by opening: the first terminal that a session's leader opens becomes its own.
        name = os.ttyname(slave)
        self.process = suite.start(
            *options, stdout=slave, stderr=slave,
            under=[sys.executable, "-c", ENTER_TERMINAL, name], start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        self.text = b""

    def read(self):
        if not select.select([self.master], [], [], HANG_S)[0]:
            pytest.fail(f"the terminal says no more\n{self.text.decode(errors='replace')}")
        try:
            data = os.read(self.master, 65536)
        except OSError as error:
            assert error.errno == errno.EIO
            data = b""
        self.text += data
        return bool(data)

    def type(self, keys):
        os.write(self.master, keys)

    def end(self):
        while self.read():
            pass
        os.close(self.master)
        return self.process.wait(HANG_S), self.text.decode(errors="replace")


ENTER_TERMINAL = "import os, sys; os.close(os.open(sys.argv[1], os.O_RDWR)); os.execv(sys.argv[2], sys.argv[2:])"


def test_ctrl_c_is_an_orderly_end(suite):
    suite.write(test_it=WAITING)
    terminal = Terminal(suite, "--dagz-workers=2")
    host = host_once_it_waits(suite)
    below = descendants(host)
    terminal.type(b"\x03")
    code, text = terminal.end()
    assert code == 2 and "KeyboardInterrupt" in text and "1 passed" in text, text
    assert (suite.folder / "torn-down").exists(), text
    assert not any(map(is_there, below))


def test_ctrl_c_twice_ends_at_once(suite):
    suite.write(test_it=STUBBORN)
    terminal = Terminal(suite, "--dagz-workers=1")
    host_once_it_waits(suite)
    terminal.type(b"\x03")
    until((suite.folder / "interrupted").exists, "the test to be interrupted")
    # A key that is held down is one; the second is another once the first has been taken.
    began = time.monotonic()
    until(lambda: time.monotonic() - began > 0.3, "a moment")
    terminal.type(b"\x03")
    code, text = terminal.end()
    assert code == 2 and "KeyboardInterrupt" in text, text


def test_the_terminal_goes_away(suite):
    suite.write(test_it=WAITING)
    terminal = Terminal(suite, "--dagz-workers=1")
    below = descendants(host_once_it_waits(suite))
    os.close(terminal.master)
    assert terminal.process.wait(HANG_S) != 0
    assert not any(map(is_there, below))


def test_SIGUSR1_tells_what_runs(suite):
    suite.write(test_it=WAITING)
    process = suite.start("--dagz-workers=1")
    host = host_once_it_waits(suite)
    said = b""
    while b"test_waits (" not in said:
        # The host may hear of the test's start a little later than we do.
        os.kill(host, signal.SIGUSR1)
        data = os.read(process.stdout.fileno(), 65536)
        assert data, said
        said += data
    assert b"1 of 3 tests through" in said and b"gw0 test_it.py::test_waits" in said
    os.kill(host, signal.SIGINT)
    suite.end(process)


# ---- what tests leave behind ----


LEFT = {
    "child": ("subprocess.Popen(['sleep', '1000'])", "sleep 1000"),
    "session": ("subprocess.Popen(['sleep', '1000'], start_new_session=True)", "sleep 1000"),
    "daemon": ("subprocess.run(['sh', '-c', 'setsid sleep 1000 >/dev/null 2>&1 & :'])", "sleep 1000"),
    "daemon_that_ignores_SIGTERM": (
        "subprocess.run(['sh', '-c', 'trap \"\" TERM; setsid sleep 1000 >/dev/null 2>&1 & :'])", "sleep 1000"),
    "thread": ("threading.Thread(target=threading.Event().wait, name='forgotten', daemon=True).start()", "forgotten"),
}  # fmt: skip


def those_in(folder):
    """Pids of the processes that have it for their current folder; of some it is not to be known."""
    for path in pathlib.Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            if os.readlink(path) == str(folder):
                yield path.parent.name


@pytest.mark.parametrize("name", LEFT)
def test_what_a_test_leaves_is_named_and_ended(name, suite):
    way, said = LEFT[name]
    suite.write(test_it=f"""
        import subprocess, threading
        def test_leaves():
            {way}
        def test_after(): pass
    """)
    process = suite.start("--dagz-workers=1", "-q")
    until(lambda: process.poll() is not None, "the job to end")
    # Who was killed dies when the kernel comes to it; nothing else would make an end of these.
    until(lambda: not list(those_in(suite.folder)), "what the test has left to be ended")
    ran = suite.end(process)
    assert ran.code == 0, ran
    assert "1 leaky" in ran.out and said in ran.out and "test_it.py::test_leaves" in ran.out, ran


# ---- PID 1 ----


def test_a_job_as_PID_1(suite):
    suite.write(test_it="""
        import os, subprocess
        def test_passes():
            subprocess.run(["sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 & :"])
        def test_dies(): os.abort()
    """)
    under = ["unshare", "--pid", "--fork", "--mount-proc"]
    if subprocess.run([*under, "true"], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("no namespaces here")
    ran = suite.run("--dagz-workers=2", under=under)
    assert ran.code == 1 and ran.cases["test_passes"] == ["passed"] and ran.cases["test_dies"] == ["failure"], ran


def test_PID_1_is_stopped_as_docker_stops_it(suite):
    suite.write(test_it=WAITING.replace("str(HOST())", "'1'"))
    under = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if subprocess.run([*under, "true"], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("no namespaces here")
    process = suite.start("--dagz-workers=1", under=under)
    host_once_it_waits(suite)
    host, = (pid for pid in descendants(process.pid)
             if pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[1] == str(process.pid))
    os.kill(host, signal.SIGTERM)
    ran = suite.end(process)
    assert ran.code == 2 and (suite.folder / "torn-down").exists(), ran
