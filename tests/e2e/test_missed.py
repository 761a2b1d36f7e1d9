"""What `dagz observed` has missed once, or nearly: each a way in which code comes to run and is not seen."""

import sys

import pytest

from test_observed import functions, observed


# The probe that has least to do with the evaluator.
CHEAPEST = "prologue" if sys.version_info[:2] == (3, 11) else ""


def own(spans, kind, name):
    """What one span has executed itself, without the ordinals."""
    return {function.partition("#")[0] for function in spans[kind, name]["functions"]}


def doubts(spans):
    return sorted(doubt for span in spans.values() for doubt in span["unobserved"])


WARM = """
    class Simple:
        def __init__(self, value): self.value = value
    class Renamed: pass
    def make_renamed(self, value): self.value = value
    Renamed.__init__ = make_renamed
    class Container:
        def __getitem__(self, key): return key
        @property
        def size(self): return 1
    def numbers():
        yield 1
        yield 2
    def with_default(one, two=2): return two
    def work():
        return Simple(1), Renamed(2), Container()[1], Container().size, list(numbers()), with_default(1)
    def warm():
        for _ in range(1000): work()
    ALL = {"Simple.__init__", "make_renamed", "Container.__getitem__", "Container.size", "numbers", "with_default"}
"""


def test_calls_that_have_become_warm_are_seen_in_each_kind_of_span(suite):
    """3.13 inlines the call of a class whatever the evaluator is."""
    suite.write(
        lib=WARM,
        conftest="""
            import pytest, lib
            @pytest.fixture(scope="module")
            def made(): return lib.work()
        """,
        lazy="import lib\nlib.work()\n",
        test_a="""
            import functools, os
            import lib
            @functools.lru_cache
            def cached(): return lib.work()
            def test_warm(): lib.warm()
            def test_fixture(made): pass
            def test_fixture_again(made): pass
            def test_import(): import lazy
            def test_cached(): cached()
            def test_cached_again(): cached()
            def test_child():
                if (pid := os.fork()) == 0:
                    lib.work()
                    os._exit(0)
                os.waitpid(pid, 0)
        """,
    )
    assert suite.run("--dagz-workers=1").code == 0
    work = {f"lib.py::{name}" for name in (
        "Simple.__init__", "make_renamed", "Container.__getitem__", "Container.size", "numbers", "with_default")}  # fmt: skip
    for test, kind, name in (
        ("test_fixture_again", "fixture", "::made"), ("test_import", "py.import", "lazy"),
        ("test_cached_again", "cache", "test_a.cached"), ("test_child", "fork", "fork"),
    ):  # fmt: skip
        assert work <= own(observed(suite, f"test_a.py::{test}"), kind, name), test


def test_a_finalizer_that_fails_says_so_itself(suite):
    suite.write(test_a="""
        import pytest
        @pytest.fixture(scope="module")
        def fails():
            yield
            raise ValueError("of the finalizer")
        def test_it(fails): pass
    """)
    ran = suite.run("--dagz-workers=1")
    assert ran.code == 1
    assert "ValueError: of the finalizer" in ran.out and "SystemError" not in ran.out


DEEP = """
    import sys
    import pytest
    def deep(n): return deep(n - 1) if n else 0
    def go(n):
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(1000000)
        try: deep(n)
        finally: sys.setrecursionlimit(limit)
        after()
    def after(): pass
    @pytest.fixture(scope="module")
    def made(): go(60000)
    def test_fixture(made): pass
    def test_body(): go(60000)
"""


@pytest.mark.skipif(sys.version_info < (3, 11), reason="calls take of C's stack anyway")
@pytest.mark.parametrize("probe", ["", "frame"])
def test_a_recursion_is_as_deep_as_without_us(suite, probe):
    ran = suite.write(test_a=DEEP).run("--dagz-workers=1", env={"DAGZ_PROBE": probe})
    assert ran.code == 0, ran
    spans = observed(suite, "test_a.py::test_fixture")
    # The stamp sees fixtures too, and is in no call's way.
    by_evaluator = probe == "frame" or sys.version_info < (3, 12)
    assert spans["fixture", "test_a.py::made"]["unobserved"] == ["recursion too deep to be watched"] * by_evaluator
    assert "test_a.py::after" in own(spans, "fixture", "test_a.py::made")


@pytest.mark.skipif(sys.version_info < (3, 12), reason="there is no sys.monitoring")
def test_tests_find_each_number_for_tools_free_and_may_take_all(suite):
    suite.write(test_a="""
        import sys
        import pytest
        def one(): pass
        def two(): pass
        @pytest.fixture
        def all_tools():
            for number in range(6): sys.monitoring.use_tool_id(number, "theirs")
            yield
            for number in range(6): sys.monitoring.free_tool_id(number)
        def test_all(all_tools): one()
        def test_again(all_tools): two()
        def test_late():
            for number in range(6): sys.monitoring.use_tool_id(number, "theirs")
            for number in range(2): sys.monitoring.set_events(number, sys.monitoring.events.PY_START)
        def test_after(): two()
        def test_later(): one()
    """)
    assert suite.run("--dagz-workers=1").code == 0
    for test, called in {"all": {"one"}, "again": {"two"}, "late": set(), "after": {"two"}, "later": {"one"}}.items():
        seen = functions(observed(suite, f"test_a.py::test_{test}"))
        assert seen == {f"test_a.py::{name}" for name in {*called, f"test_{test}", *["all_tools"] * (test in ("all", "again"))}}


def test_code_that_was_there_before_pytest(suite):
    suite.write(
        sitecustomize="""
            import builtins
            def early(): return 3
            builtins.early = early
        """,
        test_a="def test_it(): assert early() == 3\n",
    )
    assert suite.run("--dagz-workers=1", env={"PYTHONPATH": str(suite.folder)}).code == 0
    assert "sitecustomize.py::early" in functions(observed(suite, "test_a.py::test_it"))


def test_a_sub_interpreter_is_not_observed_and_said_to_be(suite):
    suite.write(test_a="""
        import pytest
        def test_it():
            testcapi = pytest.importorskip("_testcapi")
            assert testcapi.run_in_subinterp("import sys") == 0
        def test_other(): pass
    """)
    ran = suite.run("--dagz-workers=1")
    if "SKIPPED" in ran.out:
        pytest.skip("this python has no _testcapi")
    assert doubts(observed(suite, "test_a.py::test_it")) == ["sub-interpreter"]
    assert not doubts(observed(suite, "test_a.py::test_other"))


def test_trace_functions_and_what_they_call(suite):
    suite.write(test_a="""
        import sys, threading
        import pytest
        def traced(): pass
        def called(): pass
        def trace(*args): called()
        @pytest.mark.parametrize("module", [sys, threading])
        @pytest.mark.parametrize("setter", ["settrace", "setprofile"])
        def test_it(setter, module):
            set = getattr(module, setter)
            set(trace)
            thread = threading.Thread(target=traced)
            thread.start(); thread.join()
            traced()
            set(None)
        def test_other(): pass
    """)
    assert suite.run("--dagz-workers=1").code == 0
    for setter in ("settrace", "setprofile"):
        for module in ("sys", "threading"):
            seen = functions(observed(suite, f"test_a.py::test_it[{setter}-{module}]"))
            assert {f"test_a.py::{name}" for name in ("traced", "called", "trace")} <= seen, (setter, module)
    assert functions(observed(suite, "test_a.py::test_other")) == {"test_a.py::test_other"}


@pytest.mark.skipif(sys.version_info < (3, 12), reason="there is no sys.monitoring")
@pytest.mark.parametrize("probe", ["", "frame"])
def test_callbacks_of_sys_monitoring_and_what_they_call_are_not_observed_and_said_to_be_so(suite, probe):
    suite.write(test_a="""
        import functools, sys
        import pytest
        monitoring = sys.monitoring
        PY_START = monitoring.events.PY_START
        def monitored(): pass
        def called(): pass
        def callback(*args): called()
        class Callback:
            def method(self, *args): called()
            def __call__(self, *args): called()
        def begin(callback):
            monitoring.use_tool_id(1, "ours")
            monitoring.register_callback(1, PY_START, callback)
            monitoring.set_events(1, PY_START)
        def end():
            monitoring.set_events(1, 0)
            monitoring.register_callback(1, PY_START, None)
            monitoring.free_tool_id(1)
        KINDS = {"function": callback, "method": Callback().method, "partial": functools.partial(callback), "instance": Callback()}
        @pytest.mark.parametrize("kind", KINDS)
        def test_it(kind):
            begin(KINDS[kind])
            monitored()
            end()
        def test_begins(): begin(callback)
        def test_goes_on(): monitored()
        def test_ends(): end()
        def test_other(): pass
    """)
    assert suite.run("--dagz-workers=1", env={"DAGZ_PROBE": probe}).code == 0
    for name in ("it[function]", "it[method]", "it[partial]", "it[instance]", "goes_on"):
        spans = observed(suite, f"test_a.py::test_{name}")
        assert "test_a.py::monitored" in functions(spans), name
        if probe == "frame":
            assert "test_a.py::called" in functions(spans), name
        else:
            assert doubts(spans) == ["callback of sys.monitoring"], name
    assert functions(observed(suite, "test_a.py::test_other")) == {"test_a.py::test_other"}
    assert not doubts(observed(suite, "test_a.py::test_other"))


def test_a_trace_function_that_imports(suite):
    """3.13 stamps nothing meanwhile, not even what is called to find out which version it is."""
    suite.write(
        lib="def bystander(): pass\n",
        lazy="VALUE = 1\n",
        test_a="""
            import sys
            import lib
            def traced(): pass
            def trace(frame, event, arg):
                import lazy
            def test_it():
                sys.settrace(trace)
                traced()
                sys.settrace(None)
            def test_other(): pass
        """,
    )
    assert suite.run("--dagz-workers=1").code == 0
    spans = observed(suite, "test_a.py::test_it")
    assert own(spans, "test", "test_a.py::test_it") == {"test_a.py::test_it", "test_a.py::traced", "test_a.py::trace"}
    assert functions(observed(suite, "test_a.py::test_other")) == {"test_a.py::test_other"}


def with_places_for(suite, number):
    """Somebody has taken all places that code objects have for others but that many."""
    suite.write(
        sitecustomize=f"""
            import ctypes, sys
            name = "_PyEval_RequestCodeExtraIndex" if sys.version_info < (3, 12) else "PyUnstable_Eval_RequestCodeExtraIndex"
            for _ in range({254 - number}): getattr(ctypes.pythonapi, name)(None)
        """,
        test_a="""
            def called(): pass
            def test_it(): called()
            def test_other(): pass
        """,
    )
    return suite.run("--dagz-workers=1", env={"PYTHONPATH": str(suite.folder)})


@pytest.mark.skipif(sys.version_info < (3, 11), reason="there is only the evaluator")
def test_where_the_cheaper_probe_does_not_hold_the_evaluator_watches_and_the_block_says_so(suite):
    ran = with_places_for(suite, 1)
    if sys.version_info[:2] == (3, 13):
        # There the evaluator does not see all by itself.
        assert ran.code == 0 and "nothing is observed" in " ".join(ran.out.split()), ran
        return
    assert ran.code == 0 and "frame evaluator, which costs more" in " ".join(ran.out.split()), ran
    assert functions(observed(suite, "test_a.py::test_it")) == {"test_a.py::test_it", "test_a.py::called"}
    assert functions(observed(suite, "test_a.py::test_other")) == {"test_a.py::test_other"}


@pytest.mark.skipif(sys.version_info < (3, 12), reason="there is no sys.monitoring")
def test_where_the_stamps_do_not_tell_what_ran_the_block_says_so(suite):
    """The self-check fails: events can be switched on and off, and nothing comes of it."""
    suite.write(
        sitecustomize="import sys\nsys.monitoring.set_events = lambda tool, events: None\n",
        test_a="""
            def called(): pass
            def test_it(): called()
            def test_other(): pass
        """,
    )
    ran = suite.run("--dagz-workers=1", env={"PYTHONPATH": str(suite.folder)})
    assert ran.code == 0 and len(ran.outcomes) == 2, ran
    block = " ".join(ran.out.split())
    if sys.version_info[:2] == (3, 13):
        assert "nothing is observed" in block, ran
        return
    # From 3.14 on there is a version without an event: what is set back is seen all the same.
    if sys.version_info < (3, 14):
        assert "stamps do not tell what has run" in block and "frame evaluator, which costs more" in block, ran
    assert functions(observed(suite, "test_a.py::test_it")) == {"test_a.py::test_it", "test_a.py::called"}


def test_a_debug_build_is_not_observed_unless_somebody_says_how(suite):
    suite.write(sitecustomize="import sys\nsys.gettotalrefcount = lambda: 0\n", test_a="def test_it(): pass\n")
    ran = suite.run("--dagz-workers=1", env={"PYTHONPATH": str(suite.folder)})
    assert ran.code == 0 and len(ran.outcomes) == 1 and "this python is a debug build: nothing is observed" in ran.out, ran
    assert suite.run("--dagz-workers=1", env={"PYTHONPATH": str(suite.folder), "DAGZ_PROBE": "frame"}).code == 0
    assert functions(observed(suite, "test_a.py::test_it")) == {"test_a.py::test_it"}


def test_where_there_is_no_place_at_all_nothing_is_observed_and_the_block_says_so(suite):
    ran = with_places_for(suite, 0)
    assert ran.code == 0 and "nothing is observed" in " ".join(ran.out.split()), ran


def test_a_thread_that_has_just_entered_a_function(suite):
    """It may be kept waiting for the interpreter's lock at the function's first instruction, while the next test begins."""
    suite.write(
        lib="""
            import threading
            stop, counts = threading.Event(), [0]
            def entered(): counts[0] += 1
            def spin():
                while not stop.is_set(): entered()
        """,
        test_a="""
            import sys, threading, time
            import pytest, lib
            def test_starts():
                sys.setswitchinterval(1e-6)
                for _ in range(3): threading.Thread(target=lib.spin, daemon=True).start()
            @pytest.mark.parametrize("n", range(300))
            def test_meanwhile(n):
                before = lib.counts[0]
                while lib.counts[0] == before: time.sleep(0)
            def test_ends(): lib.stop.set()
        """,
    )
    ran = suite.run("--dagz-workers=1", env={"DAGZ_PROBE": CHEAPEST})
    assert ran.code == 0, ran
    for n in range(0, 300, 10):
        assert "lib.py::entered" in functions(observed(suite, f"test_a.py::test_meanwhile[{n}]"))
