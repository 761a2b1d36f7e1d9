"""What each probe has to see of a test's code, and what not, in each CPython: the reference (frame), and the interpreter's
own cheaper one (prologue in 3.11, stamp from 3.12 on).

The suites run once for each; a test of ours looks at what one of theirs has executed.
"""

import functools
import json
import os
import pathlib
import subprocess
import sys

import pytest

from conftest import EXECUTABLE, Suite

DAGZ = EXECUTABLE.with_name("dagz")

PROJECT = {
    "code_": """
        import asyncio, threading

        def bystander(): pass
        def idle():
            yield bystander()
        async def idle_coroutine(): bystander()

        def leaf(): return 1
        def calls(): return leaf()
        def warm():
            for _ in range(100): calls()

        def generator():
            while True:
                try: yield leaf()
                except KeyError: caught()
        def caught(): pass
        def delegating(): return (yield from generator())
        def bare():
            raise
        def endless():
            while True:
                try: return leaf()
                except KeyError: pass
        def deep(n): return deep(n - 1) if n else leaf()
        def fails(): raise KeyError
        def closure():
            kept = 1
            def inner(): return kept
            return inner()

        async def coroutine(): return leaf()
        async def awaiting():
            await asyncio.sleep(0)
            return await coroutine()
        async def async_generator():
            try: yield leaf()
            finally: caught()

        class Thing:
            def __init__(self): self.value = 1
            @property
            def read(self): return self.value
            def __getattr__(self, name): return name
            def __getitem__(self, key): return key
            def __eq__(self, other): return True
            __hash__ = None
        class Dying:
            def __init__(self): self.itself = self
            def __del__(self): caught()
        def key(value): return value
        def handler(number, frame): caught()

        gate, through = threading.Event(), threading.Event()
        def outer(): waiting()
        def waiting():
            gate.wait()
            after_gate()
            through.set()
        def after_gate(): pass

        suspended, thrown, closed, delegated = generator(), generator(), generator(), delegating()
        for each in (suspended, thrown, closed, delegated): next(each)
        waiter = awaiting()
        waiter.send(None)
        unstarted = generator()
    """,
    "test_it": """
        import asyncio, gc, os, signal, sys, threading
        import pytest
        import code_ as code

        def test_nothing(): pass
        def test_inlined(): code.warm()
        def test_inlined_again(): code.warm()
        def test_resumed(): next(code.suspended)
        def test_thrown_into(): code.thrown.throw(KeyError)
        def test_closed(): code.closed.close()
        def test_thrown_through(): code.delegated.throw(KeyError)
        def test_started_late(): next(code.unstarted)
        def test_by_method(): code.suspended.__next__(), code.suspended.send(None)
        def test_awaited():
            with pytest.raises(StopIteration): code.waiter.send(None)
        def test_event_loop(): assert asyncio.run(code.awaiting()) == 1
        def test_async_generator():
            async def first():
                async for value in code.async_generator(): return value
            assert asyncio.run(first()) == 1
        def test_new_thread():
            thread = threading.Thread(target=code.calls); thread.start(); thread.join()
        def test_callback():
            assert sorted([2, 1], key=code.key) == list(map(code.key, [1, 2]))
        def test_exec():
            space = {"code": code}
            exec("def made_here(): return code.leaf()\\nmade_here()", space)
            space["made_here"]()
        def test_dies():
            space = {}
            exec(compile("def gone(): pass\\ngone()\\ndel gone", code.__file__.replace("code_", "ghost"), "exec"), space)
        def test_replaced():
            def one(): return code.leaf()
            def other(): return 2
            other.__code__ = one.__code__
            assert other() == 1 and type(one)(one.__code__, globals())() == 1
        def test_recompiled():
            renamed = code.leaf.__code__.replace(co_name="renamed")
            assert renamed.co_code == code.leaf.__code__.co_code
            assert type(code.leaf)(renamed, vars(code))() == 1
        def test_dunders():
            thing = code.Thing()
            assert thing.read and thing.other and thing[1] and thing == 1
        def test_finalizer():
            code.Dying()
            gc.collect()
        def test_signal():
            signal.signal(signal.SIGUSR1, code.handler)
            os.kill(os.getpid(), signal.SIGUSR1)
            for _ in range(100): code.leaf()
        def test_class():
            class Local:
                value = code.leaf()
        def test_comprehension(): [n for n in range(3)]; list(n for n in range(3))
        def test_bare_raise():
            with pytest.raises(RuntimeError): code.bare()
        def test_loop(): code.endless()
        def test_deep(): code.deep(200)
        def test_too_deep():
            with pytest.raises(RecursionError): code.deep(100_000)
        def test_fails():
            with pytest.raises(KeyError): code.fails()
        def test_closure(): code.closure()
        def test_fixture_of_its_own(own): pass
        @pytest.fixture
        def own(): return code.leaf()

        def test_traced():
            lines = []
            def trace(frame, event, arg):
                if frame.f_code is code.closure.__code__: lines.append((event, frame.f_lineno))
                return trace
            before = sys.gettrace()
            sys.settrace(trace)
            code.closure()
            sys.settrace(before)
            first = code.closure.__code__.co_firstlineno
            told = [("call", 0), ("line", 1), ("line", 2), ("line", 3), ("return", 3)]
            assert lines == [(event, first + line) for event, line in told]
        def test_after_tracing(): code.calls()
        def test_profiled():
            called = []
            def profile(frame, event, arg):
                if event == "call": called.append(frame.f_code.co_name)
            sys.setprofile(profile)
            code.calls()
            sys.setprofile(None)
            assert called == ["calls", "leaf"]

        def test_read_by_others():
            import copy, dis, marshal
            for function in (code.leaf, code.generator, code.endless, code.coroutine):
                shown = function.__code__
                again = compile(open(code.__file__).read(), code.__file__, "exec")
                twin = next(c for c in again.co_consts if getattr(c, "co_name", "") == shown.co_name)
                assert shown == twin and hash(shown) == hash(twin) and shown.co_code == twin.co_code
                assert marshal.loads(marshal.dumps(shown)).co_code == shown.replace(co_name="other").co_code == twin.co_code
                assert {shown: 1}[twin] == 1 and copy.deepcopy(shown) is shown
                assert not any("ASSERTION" in each.opname for each in dis.get_instructions(function))
                if sys.version_info[:2] > (3, 10):
                    assert not any("ASSERTION" in each.opname for each in dis.get_instructions(function, adaptive=True))
        def test_truth_of_classes():
            class Meta(type):
                def __len__(cls): return 0
            class Empty(metaclass=Meta): pass
            assert not Empty and bool(AssertionError) and bool(int) and not hasattr(type, "__bool__")
    """,
    # Threads do not live on in forked workers: this file's run where it is collected.
    "test_threads": """
        import threading
        import code_ as code
        def test_starts_it():
            threading.Thread(target=code.outer, daemon=True).start()
        def test_meanwhile(): pass
        def test_goes_on():
            code.gate.set()
            assert code.through.wait(30)
    """,
    "test_atexit": """
        import atexit, os
        import code_ as code
        def test_child():
            pid = os.fork()
            if pid == 0:
                atexit.register(code.calls)
                atexit._run_exitfuncs()
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0
    """,
}


def pythons():
    """DAGZ_TEST_PYTHONS (a PATH-like list of ones with pytest), else the one that runs this."""
    return os.environ.get("DAGZ_TEST_PYTHONS", sys.executable).split(":")


@functools.cache
def minor(python):
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def probes(python):
    own = {"3.10": (), "3.11": ("prologue",)}.get(minor(python), ("stamp",))
    return ("frame", *own)


class Job:
    def __init__(self, python, probe, folder, project=PROJECT):
        self.python, self.probe = python, probe
        self.suite = Suite(folder)
        self.suite.write(**project)
        env = {"DAGZ_PYTHON": python, "DAGZ_PROBE": probe}
        self.ran = self.suite.run("-p", "no:cacheprovider", "--dagz-workers=1", env=env)

    @functools.cache
    def executed(self, nodeid):
        """Whatever of the project the test itself has executed, forked children's included; names as their __name__s."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("DAGZ")}
        command = [DAGZ, "observed", nodeid, "--json"]
        answer = subprocess.run(command, cwd=self.suite.folder, capture_output=True, text=True, env=inherited)
        assert answer.returncode == 0, answer.stderr
        own = [span for span in json.loads(answer.stdout)["spans"] if span["type"] in ("test", "fork")]
        names = {name.partition("#")[0].partition("::")[2] for span in own for name in span["functions"]}
        return {name.rpartition(".")[2] for name in names}


@pytest.fixture(scope="module", params=[(python, probe) for python in pythons() for probe in probes(python)],
                ids=lambda pair: f"{minor(pair[0])}-{pair[1]}")  # fmt: skip
def job(request, tmp_path_factory):
    (folder := tmp_path_factory.mktemp("probe") / "suite").mkdir()
    return Job(*request.param, folder)


def test_the_suite_passes_and_is_seen_by_the_probe_that_was_asked_for(job):
    assert job.ran.code == 0, job.ran
    logs = pathlib.Path(job.suite.folder, ".dagz").glob("run/*/*")
    assert all(job.probe.encode() in path.read_bytes()[:4096] for path in logs if path.name.startswith(("front", "worker")))


SEEN = {
    "inlined": "warm calls leaf",
    "inlined_again": "warm calls leaf",
    "resumed": "generator leaf",
    "thrown_into": "generator caught leaf",
    "closed": "generator",
    "thrown_through": "generator caught leaf",
    "started_late": "generator leaf",
    "by_method": "generator leaf",
    "awaited": "awaiting coroutine leaf",
    "event_loop": "awaiting coroutine leaf",
    "async_generator": "async_generator leaf caught",
    "new_thread": "calls leaf",
    "callback": "key",
    "exec": "leaf",
    "replaced": "leaf",
    "dunders": "__init__ read __getattr__ __getitem__ __eq__",
    "finalizer": "__init__ __del__ caught",
    "signal": "handler caught leaf",
    "class": "leaf",
    "bare_raise": "bare",
    "loop": "endless leaf",
    "deep": "deep leaf",
    "too_deep": "deep",
    "fails": "fails",
    "closure": "closure",
    "fixture_of_its_own": "own leaf",
    "traced": "closure",
    "after_tracing": "calls leaf",
    "profiled": "calls leaf",
    "nothing": "",
}
# Who delegates to what is thrown into goes on with what comes of that, or does not.
MAYBE = {"thrown_through": {"delegating"}}
# Parts of a function, which 3.10 does not tell whose they are.
NESTED = {"first", "inner", "one", "trace", "profile", "<listcomp>"}


@pytest.mark.parametrize("name", SEEN)
def test_what_runs_in_a_test_is_in_its_span_and_nothing_else(job, name):
    executed = job.executed(f"test_it.py::test_{name}")
    expected = {*SEEN[name].split(), f"test_{name}"}
    assert expected <= executed <= expected | MAYBE.get(name, set()) | NESTED


def test_code_that_has_died_is_in_the_span_that_it_ran_in(job):
    assert "gone" in job.executed("test_it.py::test_dies")


def test_what_runs_on_in_another_thread_belongs_to_each_span(job):
    for test in ("meanwhile", "goes_on"):
        assert {"outer", "waiting"} <= job.executed(f"test_threads.py::test_{test}")
    assert "after_gate" in job.executed("test_threads.py::test_goes_on")
    assert "after_gate" not in job.executed("test_threads.py::test_meanwhile")


def test_what_a_forked_child_does_at_its_end_is_seen(job):
    assert {"calls", "leaf"} <= job.executed("test_atexit.py::test_child")


def test_bystanders_are_in_no_span(job):
    assert not {"bystander", "idle", "idle_coroutine"} & job.executed("test_it.py::test_nothing")


BY_HAND = {
    "by_hand": """
        import dis
        def leaf(): return 1
        def without_resume(): return 1
        # As no compiler writes it: without the beginning that functions have.
        load, give = dis.opmap["LOAD_CONST"], dis.opmap["RETURN_VALUE"]
        shortest = bytes([load, 1, give, 0])
        without_resume.__code__ = without_resume.__code__.replace(co_code=shortest)
    """,
    "test_by_hand": """
        import by_hand
        def test_calls(): assert by_hand.without_resume() == 1 and by_hand.leaf() == 1
        def test_nothing(): pass
        def test_calls_again(): assert by_hand.without_resume() == 1
    """,
}


@pytest.mark.parametrize("python", [python for python in pythons() if minor(python) == "3.11"])
def test_code_that_has_no_place_for_the_prologue_is_seen_all_the_same(python, tmp_path):
    (tmp_path / "suite").mkdir()
    job = Job(python, "prologue", tmp_path / "suite", BY_HAND)
    assert job.ran.code == 0, job.ran
    assert job.executed("test_by_hand.py::test_calls") == {"without_resume", "leaf", "test_calls"}
    assert job.executed("test_by_hand.py::test_nothing") == {"test_nothing"}
    assert job.executed("test_by_hand.py::test_calls_again") == {"without_resume", "test_calls_again"}
