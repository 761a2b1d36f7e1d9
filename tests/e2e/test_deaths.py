"""A worker that dies, in whatever way, costs the test it held, and nothing else."""

import collections
import contextlib
import os
import pathlib

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
    "hangs": ("hang()", "longer than the 0.5 s"),
    "blocks_every_signal_and_hangs": (BLOCK, "longer than the 0.5 s"),
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


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("fork", ["worker", "module", "test"])
@pytest.mark.parametrize("name", ["segfaults", "leaves_with_0", "closes_all_descriptors"])
def test_a_death_costs_one_test_also_with(fork, workers, name, suite):
    way, cause = WAYS[name]
    suite.write(test_it=with_way(way), test_more="def test_other(): pass")
    ran = suite.run(f"--dagz-workers={workers}", f"--dagz-fork={fork}")
    assert ran.outcomes.pop("test_more.py::test_other") == ran.cases.pop("test_other") == ["passed"], ran
    is_the_loss_of_one_test(ran, cause)


@pytest.mark.parametrize("option", ["-x", "--maxfail=1"])
def test_a_death_is_a_failure_for(option, suite):
    suite.write(test_it=with_way("os.abort()"))
    ran = suite.run("--dagz-workers=1", option)
    assert ran.code == 1 and ran.cases["test_dies"] == ["failure"] and ran.cases["test_before"] == ["passed"], ran
    assert "test_after" not in ran.cases and "stopping after 1 failures" in ran.out, ran


def test_maxfail_counts_deaths_and_failures(suite):
    suite.write(test_it="""
        import os
        def test_a(): assert 0
        def test_b(): os.abort()
        def test_c(): pass
        def test_d(): os._exit(0)
        def test_e(): pass
    """)
    ran = suite.run("--dagz-workers=1", "--maxfail=3")
    assert ran.code == 1, ran
    assert dict(ran.cases) == {
        "test_a": ["failure"], "test_b": ["failure"], "test_c": ["passed"], "test_d": ["failure"],
    }, ran  # fmt: skip


PLACES = {
    "setting_up": "WAY; yield",
    "tearing_down": "yield; WAY",
}


@pytest.mark.parametrize("scope", ["function", "session"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("way", ["segfault", "hang"])
def test_one_test_is_to_blame_for_a_fixture_that_dies(place, scope, way, suite):
    suite.write(test_it=f"""
        import ctypes, sys, threading
        import pytest

        def segfault():
            ctypes.string_at(0)

        def hang():
            threading.Event().wait()

        @pytest.fixture(scope={scope!r})
        def deadly():
            {PLACES[place].replace("WAY", way + "()")}

        def test_before():
            pass

        def test_dies(deadly):
            print("last words")

        if {scope!r} == "function":
            def test_after():
                pass
    """)
    ran = suite.run("--dagz-workers=1", "--dagz-timeout=0.5")
    others = ["test_before", "test_after"] if scope == "function" else ["test_before"]
    is_the_loss_of_one_test(ran, "SIGSEGV" if way == "segfault" else "longer than the 0.5 s", others)
    # Where it was: faulthandler's word of it.
    assert f"in {way}" in ran.texts["test_dies"] and "in deadly" in ran.texts["test_dies"], ran


def test_a_hanging_test_is_told_with_the_stack_of_each_thread(suite):
    suite.write(test_it="""
        import threading
        event = threading.Event()

        def wait_in_a_thread():
            event.wait()

        def test_hangs():
            threading.Thread(target=wait_in_a_thread, daemon=True).start()
            event.wait()
    """)
    ran = suite.run("--dagz-workers=1", "--dagz-timeout=0.5")
    assert ran.code == 1 and "1 timed out" in ran.out, ran
    assert "in wait_in_a_thread" in ran.texts["test_hangs"] and "in test_hangs" in ran.texts["test_hangs"], ran


def test_a_death_while_leaving_fails_the_job_and_no_test(suite):
    suite.write(test_it="""
        import atexit, ctypes
        def test_it(): atexit.register(ctypes.string_at, 0)
    """)
    ran = suite.run("--dagz-workers=1")
    assert ran.code == 1 and dict(ran.cases) == {"test_it": ["passed"]}, ran
    assert "1 worker died while leaving" in ran.out and "SIGSEGV" in ran.out, ran


def test_a_worker_that_hangs_while_leaving_is_ended(suite):
    suite.write(test_it="""
        import atexit, threading
        def hang(): threading.Event().wait()
        def test_it(): atexit.register(hang)
    """)
    ran = suite.run("--dagz-workers=1", "--dagz-timeout=0.5")
    assert ran.code == 1 and dict(ran.cases) == {"test_it": ["passed"]}, ran
    assert "1 worker died while leaving" in ran.out and "in hang" in ran.out, ran


def test_what_hangs_ignores_signals_and_is_ended_all_the_same(suite):
    suite.write(test_it="""
        import signal
        def test_spins():
            for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
                signal.signal(number, signal.SIG_IGN)
            while True:
                pass
        def test_after(): pass
    """)
    ran = suite.run("--dagz-workers=1", "--dagz-timeout=0.5")
    assert ran.code == 1 and ran.cases["test_after"] == ["passed"], ran
    assert "longer than the 0.5 s" in ran.texts["test_spins"], ran


def test_processes_that_die_before_any_test_end_the_job(suite):
    suite.write(conftest="""
        import os
        FRONT = os.getpid()
        os.register_at_fork(after_in_child=lambda: os.getppid() != FRONT and os._exit(9))
    """, test_it="def test_a(): pass\ndef test_b(): pass")
    ran = suite.run("--dagz-workers=1")
    assert ran.code == 3, ran
    assert "workers die before they can take a test" in ran.out and "exit status 9" in ran.out, ran


# ---- memory ----


@pytest.fixture
def memory_group():
    """A cgroup with a limit, and how to enter it."""
    root = pathlib.Path("/sys/fs/cgroup")
    old = root / "memory"
    group = (old if old.is_dir() else root) / f"dagz-test-{os.getpid()}"
    limits = {"memory.limit_in_bytes": "300M"} if old.is_dir() else {"memory.max": "300M", "memory.swap.max": "0"}
    try:
        group.mkdir()
        for name, value in limits.items():
            (group / name).write_text(value)
    except OSError as error:
        with contextlib.suppress(OSError):
            group.rmdir()
        pytest.skip(f"no cgroup of our own: {error}")
    yield group
    group.rmdir()


def test_a_worker_that_is_out_of_memory_by_a_cgroup(suite, memory_group):
    suite.write(test_it=with_way("kept = [bytearray(b'x') * (1 << 24) for _ in range(60)]"))
    enter = ["sh", "-c", f"echo $$ >{memory_group}/cgroup.procs; exec \"$@\"", "sh"]
    ran = suite.run("--dagz-workers=1", under=enter)
    is_the_loss_of_one_test(ran, "killed by SIGKILL")


def test_a_test_without_address_space_fails_by_itself(suite):
    suite.write(test_it=with_way(
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 28, 1 << 28))\nkept = bytearray(1 << 30)"))
    ran = suite.run("--dagz-workers=1")
    is_the_loss_of_one_test(ran, "MemoryError")


def test_a_worker_over_max_rss_is_recycled_between_tests(suite):
    suite.write(test_it="""
        import os
        import pytest
        kept = []
        @pytest.mark.parametrize("n", range(4))
        def test_it(n):
            kept.append(bytearray(b"x") * (80 << 20))
            print("by", os.getpid())
    """)
    ran = suite.run("--dagz-workers=1", "--dagz-max-rss=64M")
    assert ran.code == 0 and len(ran.cases) == 4, ran
    assert "recycled" in ran.out, ran
    # A worker that grows has one more committed; it does not have all of them.
    assert len({line for line in ran.out.splitlines() if line.startswith("by ")}) > 1, ran


# ---- output ----


def test_thirty_megabytes_of_output_come_through(suite):
    suite.write(test_it="""
        def test_big():
            for number in range(30 << 10):
                print(f"{number:08}", "x" * 1014)
            assert 0
    """)
    ran = suite.run("--dagz-workers=1", "-o", "junit_logging=all")
    assert ran.code == 1 and ran.cases == {"test_big": ["failure"]}, ran.out[-2000:]
    assert ran.texts["test_big"].count("x" * 1014) == 30 << 10
    assert ran.out.count("x" * 1014) == 30 << 10


NASTY = "lone \\udc80\\ud800, control \\x01\\x1b[31m\\x7f, nul \\0, end"


def test_nasty_characters_come_through(suite, tmp_path):
    suite.write(test_it=f'''
        import sys, warnings
        import pytest
        text = "{NASTY}"
        def test_output():
            sys.stdout.buffer.write(text.encode("utf-8", "surrogatepass"))
            assert 0
        def test_assertion():
            assert text == "", text
        @pytest.mark.parametrize("value", [text])
        def test_parameter(value):
            assert 0
        def test_skipped():
            pytest.skip(text.replace("\\0", ""))
        def test_warning():
            warnings.warn(text)
    ''')
    ran = suite.run("--dagz-workers=2")
    plain = suite.run("--dagz-workers=0")
    assert ran.code == plain.code != 0, ran
    assert dict(ran.cases) == dict(plain.cases) and ran.texts == plain.texts, ran
    assert collections.Counter(ran.outcomes) == collections.Counter(plain.outcomes), ran


def test_the_last_output_of_a_dead_test_is_shown_whatever_it_is(suite):
    suite.write(test_it='''
        import os, sys
        def test_dies():
            os.write(1, b"\\xff\\xfe\\x00\\x01 last words")
            os.abort()
    ''')
    ran = suite.run("--dagz-workers=1", "-o", "junit_logging=all")
    assert ran.code == 1 and "last words" in ran.out and "last words" in ran.texts["test_dies"], ran


def test_live_words_with_s_go_where_the_user_looks(suite):
    suite.write(test_it='''
        import os
        def test_dies():
            os.write(1, b"last words")
            os.abort()
        def test_after(): pass
    ''')
    ran = suite.run("--dagz-workers=1", "-s")
    assert ran.code == 1 and "last words" in ran.out and ran.cases["test_after"] == ["passed"], ran
