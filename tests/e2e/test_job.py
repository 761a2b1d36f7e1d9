"""What pytest can do, a job can: small suites, each run plainly and as a job, and compared by the oracle.

The first half runs one suite that has something of everything under many options. The second half has a
suite of its own for each sentence. The environment is made once, by `tests/bench/suites.py fetch empty`.
"""

import collections
import dataclasses
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import textwrap

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "bench"))

import oracle  # noqa: E402
import suites  # noqa: E402

pytestmark = pytest.mark.skipif(not oracle.DAGZ_PYTHON.exists(), reason="nothing is built")


@dataclasses.dataclass(frozen=True)
class Suite:
    """A folder of tests, and the environment that they are run in."""

    folder: pathlib.Path
    python: pathlib.Path

    name = "suite"
    options = ()

    @property
    def tree(self):
        return self.folder / "tree"

    @property
    def scratch(self):
        return self.folder / "scratch"

    def write(self, files):
        for name, text in files.items():
            path = self.tree / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        return self

    def plain(self, *options, **more):
        return oracle.run(oracle.plain(self), self, options, **more)

    def job(self, *options, workers=2, fork=None, **more):
        return oracle.run(oracle.dagz(self, workers, fork), self, options, **more)

    def call(self, *words, environ=None, **more):
        """A command as a user types it, in the suite's folder."""
        (self.scratch / "tmp").mkdir(parents=True, exist_ok=True)
        environ = {"DAGZ_PYTHON": str(self.python), **(environ or {})}
        surroundings = oracle.clean_environ(self, self.scratch, environ)
        return subprocess.run(
            words, cwd=self.tree, env=surroundings, text=True, timeout=60, stdin=subprocess.DEVNULL,
            capture_output=True, preexec_fn=oracle.default_signals, **more)  # fmt: skip

    def dagz(self, *options, **more):
        return self.call(str(oracle.DAGZ_PYTHON), "-m", "pytest", "--dagz", "--dagz-all", *options, **more)


@pytest.fixture(scope="session")
def home():
    return suites.fetch(suites.environment("empty", os.environ.get("DAGZ_EMPTY_PYTHON", "3.11"))).python


@pytest.fixture
def suite(home, tmp_path):
    made = Suite(tmp_path, home)
    made.tree.mkdir()
    return made


def differences(expected, actual, **more):
    return "\n".join(map(str, oracle.differences(expected, actual, **more)))


def assert_equal(suite, *options, workers=2, without=(), **more):
    """The two runs are equal, but for what the WITHOUT kinds of difference are about. Gives both."""
    plainly = {key: more[key] for key in ("environ",) if key in more}
    expected, actual = suite.plain(*options, **plainly), suite.job(*options, workers=workers, **more)
    found = [d for d in oracle.differences(expected, actual) if d.kind not in without]
    assert not found, "\n".join(map(str, found))
    return expected, actual


# ---- one suite that has something of everything ----

ZOO = {
    "pytest.ini": """
        [pytest]
        markers = slow: takes its time
        """,
    "conftest.py": """
        import os

        import pytest

        seen = []


        def say(*words):
            # For what tests share: which of them sees it depends on which of them share a process.
            if "ZOO_SILENT" not in os.environ:
                print(*words)


        def pytest_runtest_logstart(nodeid):
            seen.append(("start", nodeid))


        def pytest_runtest_logreport(report):
            seen.append((report.when, report.outcome))


        def pytest_runtest_logfinish(nodeid):
            seen.append(("finish", nodeid))


        def pytest_warning_recorded(when, nodeid):
            seen.append((when, nodeid))


        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_makereport(item, call):
            report = yield
            report.user_properties.append(("phase", call.when))
            if report.failed:
                report.sections.append(("from a hook", f"{item.name} failed in {call.when}"))
            return report


        def pytest_assertrepr_compare(left, right):
            if isinstance(left, complex):
                return ["two complex numbers:", f"  {left} and {right}"]


        def pytest_report_teststatus(report):
            if report.when == "call" and "special" in report.keywords:
                return "special", "S", "SPECIAL"


        def pytest_make_parametrize_id(val):
            return f"<{val.real}>" if isinstance(val, complex) else None


        def pytest_report_header():
            return "a header from the conftest"


        def pytest_terminal_summary(terminalreporter, exitstatus):
            terminalreporter.section("seen")
            terminalreporter.line(f"{len(seen)} calls, exit status {int(exitstatus)}")


        def pytest_sessionfinish(session, exitstatus):
            print("sessionfinish", session.testsfailed, session.testscollected, int(exitstatus))


        def pytest_unconfigure():
            print("unconfigure", len(seen))


        @pytest.fixture(scope="session", params=["red", "green"])
        def colour(request):
            say("made", request.param)
            yield request.param
            say("gone", request.param)


        @pytest.fixture(scope="module")
        def shared():
            return []
        """,
    "test_outcomes.py": """
        import logging
        import sys
        import warnings

        import pytest


        @pytest.fixture
        def broken():
            print("before the setup fails")
            raise LookupError("broken")


        @pytest.fixture
        def breaks():
            yield
            print("before the teardown fails")
            raise LookupError("breaks")


        def test_passes():
            print("said by one that passes")


        def test_fails():
            print("said on stdout")
            print("said on stderr", file=sys.stderr)
            logging.getLogger("zoo").warning("logged %d", 1)
            assert {"a": [1, 2]} == {"a": [1, 3]}


        def test_compares():
            assert 1j == 2j


        def test_setup_fails(broken):
            pass


        def test_teardown_fails(breaks):
            pass


        def test_both_fail(breaks):
            raise ValueError("in the call")


        def test_skips():
            pytest.skip("not today")


        @pytest.mark.skip(reason="never")
        def test_is_skipped():
            pass


        @pytest.mark.xfail(reason="known")
        def test_xfails():
            assert False


        @pytest.mark.xfail
        def test_xpasses():
            pass


        @pytest.mark.xfail(strict=True, reason="must fail")
        def test_xpasses_strictly():
            pass


        def test_warns():
            warnings.warn("mind the step")
            warnings.warn("a category of its own", type("Mine", (UserWarning,), {}))


        @pytest.mark.slow
        def test_is_slow():
            pass


        def test_special():
            pass


        def test_raises_from():
            try:
                raise KeyError("inner")
            except KeyError as error:
                raise RuntimeError("outer") from error


        def test_exits():
            raise SystemExit(3)


        def test_group():
            raise ExceptionGroup("several", [ValueError("one"), KeyError("two")])


        def test_fails_without_a_traceback():
            pytest.fail("said only", pytrace=False)


        def test_recurses():
            def again(n):
                return again(n + 1)

            again(0)
        """,
    "test_ids.py": """
        import pytest


        @pytest.mark.parametrize(
            "value", ["a b", "new\\nline", "é", "\\u4e2d", "\\x1b[31m", "a::b", "a/b", "[x]", "\\x00", "", "\\ud800"]
        )
        def test_text(value):
            assert value is not None


        @pytest.mark.parametrize("value", [pytest.param(1, id="one two\\tthree"), pytest.param(2, id="ünï")])
        def test_named(value):
            print(value)
            assert value == 1


        @pytest.mark.parametrize("value", [b"\\xff", 1.5, None, print, object, 3j])
        def test_other(value):
            pass


        @pytest.mark.parametrize("value", [1, 1, 2])
        def test_twice(value):
            pass
        """,
    "test_fixtures.py": """
        import pytest
        from conftest import say


        def test_colour(colour):
            assert colour != "green"


        class TestColours:
            def test_again(self, colour, shared):
                shared.append(colour)

            @classmethod
            def setup_class(cls):
                cls.count = 1
                say("set up the class")

            def test_count(self):
                assert self.count == 1


        def test_properties(record_property, record_testsuite_property, record_xml_attribute):
            record_property("one", 1)
            record_property("of a kind", object)
            record_testsuite_property("suite", "wide")
            record_xml_attribute("assertions", 3)


        def test_tmp(tmp_path, tmp_path_factory):
            (tmp_path / "file").write_text("x")
            assert tmp_path_factory.mktemp("other").is_dir()


        def test_captured(capsys, capfd, caplog):
            pass


        def test_capfd(capfd):
            import os

            os.write(1, b"by descriptor\\n")
            assert capfd.readouterr().out == "by descriptor\\n"
            print("not read")


        def test_caplog(caplog):
            import logging

            caplog.set_level("DEBUG")
            logging.getLogger("x").debug("deep")
            assert caplog.messages == ["deep"]
            assert 0


        def test_monkeypatch(monkeypatch):
            monkeypatch.setenv("ZOO", "1")


        def test_fails_with_properties(record_property):
            record_property("left", "right")
            assert 0, "with \\ud800 a surrogate \\x00 and é"
        """,
    "test_unit.py": """
        import os
        import unittest

        from conftest import say


        class TestUnit(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                say("setUpClass")
                cls.made = 1

            @classmethod
            def tearDownClass(cls):
                say("tearDownClass")

            def test_passes(self):
                self.assertEqual(self.made, 1)

            def test_fails(self):
                self.assertEqual(self.made, 2)

            @unittest.skip("no")
            def test_skipped(self):
                pass

            @unittest.expectedFailure
            def test_expected(self):
                self.fail()

            @unittest.expectedFailure
            def test_unexpected(self):
                pass

            def test_parts(self):
                for number in range(4):
                    with self.subTest("part", number=number):
                        print("part", number)
                        self.assertNotEqual(number % 2, 1)


        class TestBadClass(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                raise LookupError("the class cannot be set up")

            def test_one(self):
                pass

            def test_two(self):
                pass


        class TestBadEnd(unittest.TestCase):
            @classmethod
            def tearDownClass(cls):
                if "ZOO_SILENT" not in os.environ:
                    raise LookupError("the class cannot be torn down")

            def test_one(self):
                pass

            def test_two(self):
                pass
        """,
    "test_parts.py": """
        def test_parts(subtests):
            for number in range(3):
                with subtests.test("part", number=number):
                    print("part", number)
                    assert number != 1


        def test_after():
            pass
        """,
    "code/words.py": '''
        """A module with examples.

        >>> longest(["a", "bb"])
        'bb'
        """


        def longest(words):
            """
            >>> longest([])
            'none'
            """
            print("looking")
            return max(words, key=len, default="")
        ''',
}


@pytest.fixture(scope="module")
def zoo(home, tmp_path_factory):
    made = Suite(tmp_path_factory.mktemp("zoo"), home)
    made.tree.mkdir()
    return made.write(ZOO)


def test_everything_is_as_plain_pytest_has_it(zoo):
    assert_equal(zoo, workers=1)


@pytest.mark.parametrize(
    ("workers", "fork"),
    [(2, "worker"), (8, "worker"), (2, "module"), (8, "module"), (2, "test"), (8, "test")],
)
def test_everything_but_what_tests_share_is_so_in_many_processes(zoo, workers, fork):
    assert_equal(zoo, workers=workers, fork=fork, environ={"ZOO_SILENT": "1"})


def test_everything_but_what_tests_share_is_so_in_spawned_workers(zoo):
    environ = {"ZOO_SILENT": "1"}
    runner = oracle.dagz(zoo, 2)
    runner = dataclasses.replace(runner, head=(*runner.head, "--dagz-start=spawn"))
    found = differences(zoo.plain(environ=environ), oracle.run(runner, zoo, environ=environ))
    assert not found, found


OPTIONS = [
    "-v", "-vv", "-q", "-qq", "-rA", "-rN", "-ra --tb=short", "--tb=line", "--tb=no", "--tb=native", "-l",
    "-k fails", "-k 'not fails and not colour'", "-m slow", "-m 'not slow' -q",
    "--color=yes", "--color=yes -v --ignore=test_unit.py",
    "--show-capture=no", "--show-capture=stderr", "-p no:cacheprovider",
    "-p no:logging", "-p no:warnings", "-W error", "-W ignore", "--disable-warnings",
    "--no-header --no-summary", "-o console_output_style=count", "-o console_output_style=classic",
    "-o junit_family=xunit1", "-o junit_family=legacy -o junit_logging=no -o junit_log_passing_tests=false",
    "--junitprefix=pre", "--doctest-modules", "--doctest-modules --doctest-continue-on-failure",
    "--import-mode=append", "--setup-show", "-o log_cli=true", "-o log_cli=true -v --log-cli-level=INFO",
    "--deselect=test_outcomes.py::test_fails", "--ignore=test_unit.py", "--runxfail", "--strict-markers",
    "--durations=2 --durations-min=5", "-o xfail_strict=true", "--assert=plain",
    "test_ids.py test_outcomes.py", "test_outcomes.py::test_fails test_ids.py::test_text test_outcomes.py",
    "--keep-duplicates test_ids.py test_ids.py", "-o verbosity_test_cases=2", "-o verbosity_subtests=1",
    "-o verbosity_assertions=2", "--last-failed", "--failed-first", "--new-first",
]  # fmt: skip
# What is told in the order of events is told in plain's order by one worker only.
IN_ORDER = ("--setup-show", "log_cli", "verbosity_subtests")


@pytest.mark.parametrize("options", OPTIONS)
def test_options_do_what_they_do(zoo, options):
    import shlex

    workers = 1 if any(word in options for word in IN_ORDER) else 2
    assert_equal(zoo, *shlex.split(options), workers=workers, environ={"ZOO_SILENT": "1"})


@pytest.mark.parametrize("options", ["-x", "--maxfail=3", "--stepwise", "--stepwise --stepwise-skip"])
def test_one_worker_stops_where_plain_pytest_stops(zoo, options):
    assert_equal(zoo, *options.split(), workers=1)


def test_output_that_is_not_captured_is_all_there(zoo):
    expected, actual = assert_equal(zoo, "-s", workers=1, without=("stdout", "stderr"))
    for text in (
        "said on stdout",
        "part 2",
        "not read",
        "made red",
        "before the teardown fails",
        "tearDownClass",
    ):
        assert actual.stdout.count(text) == expected.stdout.count(text) > 0, text


def test_what_passes_by_a_capture_of_streams_is_all_there(zoo):
    assert_equal(zoo, "--capture=sys", "--ignore=test_fixtures.py")
    expected, actual = assert_equal(zoo, "--capture=sys", workers=1, without=("stdout",))
    assert actual.stdout.count("not read") == expected.stdout.count("not read") == 1


def test_output_that_is_captured_and_told_is_all_there(zoo):
    expected, actual = assert_equal(zoo, "--capture=tee-sys", workers=1, without=("stdout", "stderr"))
    assert actual.stdout.count("said by one that passes") == expected.stdout.count("said by one that passes")


def test_no_terminal_is_no_terminal(zoo):
    assert_equal(zoo, "-p", "no:terminal", workers=1, without=("not run as asked",))


def test_nothing_selected_is_exit_code_5(zoo):
    expected, actual = assert_equal(zoo, "-k", "nothing_at_all", without=("not run as asked",))
    assert actual.status == 5


# ---- what one run leaves for the next ----

FLAKY = {
    "test_a.py": """
        import pytest


        @pytest.mark.parametrize("number", range(6))
        def test_number(number):
            assert number != 3
        """,
    "test_b.py": """
        def test_passes():
            pass


        def test_fails():
            assert 0


        def test_after():
            pass
        """,
}


def in_turn(suite, runner, *turns):
    """Runs that share a cache; each is given options, and a change to the tree before it."""
    shutil.rmtree(suite.folder / "cache", ignore_errors=True)
    told = []
    for options, change in turns:
        shutil.rmtree(suite.tree)
        suite.write({**FLAKY, **change})
        options = ["-o", f"cache_dir={suite.folder}/cache", *options.split()]
        told.append(oracle.run(runner, suite, options))
    return told


@pytest.mark.parametrize(
    "turns",
    [
        [("", {}), ("--lf", {})],
        [("", {}), ("--ff", {})],
        [("", {}), ("--lf --lfnf=none", {"test_b.py": "def test_fails(): pass"})],
        [("", {}), ("--nf", {"test_0.py": "def test_new(): pass"})],
        [("--sw", {}), ("--sw", {}), ("--sw --sw-skip", {})],
        [("", {}), ("--cache-show", {})],
        [("--lf", {}), ("--cache-clear -q", {})],
    ],
)
def test_what_failed_last_is_known_the_next_time(suite, turns):
    workers = 1 if "--sw" in turns[0][0] else 2
    expected = in_turn(suite, oracle.plain(suite), *turns)
    actual = in_turn(suite, oracle.dagz(suite, workers), *turns)
    for one, other in zip(expected, actual):
        if "cache-show" in str(turns) and other is actual[-1]:
            # In process, as always.
            other = dataclasses.replace(other, as_asked=True)
        assert not differences(one, other, texts="--sw" not in str(turns))
        assert [line for line in one.stdout.split("\n") if "stepwise" in line and "ago" not in line] == [
            line for line in other.stdout.split("\n") if "stepwise" in line and "ago" not in line
        ]


def test_a_test_that_uses_the_cache_finds_it_the_next_time(suite):
    suite.write({"test_cache.py": """
                import os


                def test_cache(request):
                    cache = request.config.cache
                    assert cache.get("own/number", None) == (None if "FIRST" in os.environ else 7)
                    cache.set("own/number", 7)
                    (cache.mkdir("folder") / "file").write_text("x")
                """})
    options = ["-o", f"cache_dir={suite.folder}/cache"]
    assert suite.job(*options, environ={"FIRST": "1"}).status == 0
    assert suite.job(*options).status == 0


# ---- stops ----


def stop(suite, body, *options, workers=1, first="def test_before(): pass"):
    suite.write({"test_stop.py": f"{first}\n\n\n{textwrap.dedent(body)}\n\n\ndef test_after():\n    pass\n"})
    return assert_equal(suite, *options, workers=workers)


def test_exit_in_a_test_ends_the_job_with_its_code_and_reason(suite):
    expected, actual = stop(
        suite,
        """
        def test_exits():
            import pytest

            pytest.exit("enough of this", 7)
        """,
    )
    assert actual.status == 7 and "enough of this" in actual.stdout


def test_exit_without_a_code_is_an_interrupt(suite):
    expected, actual = stop(suite, "def test_exits():\n    __import__('pytest').exit('enough')")
    assert actual.status == 2


def test_exit_in_a_fixture_ends_the_job(suite):
    stop(
        suite,
        """
        import pytest


        @pytest.fixture
        def leaves():
            yield
            pytest.exit("in the teardown", 9)


        def test_exits(leaves):
            pass
        """,
    )


def test_shouldstop_set_by_a_test_ends_the_job(suite):
    expected, actual = stop(suite, "def test_stops(request):\n    request.session.shouldstop = 'seen enough'")
    assert actual.status == 2 and "seen enough" in actual.stdout


def test_shouldfail_set_by_a_test_fails_the_job(suite):
    expected, actual = stop(
        suite, "def test_stops(request):\n    request.session.shouldfail = 'cannot go on'"
    )
    assert actual.status == 1 and "cannot go on" in actual.stdout


def test_a_keyboard_interrupt_raised_by_a_test_ends_the_job(suite):
    suite.write(
        {
            "test_stop.py": "def test_one(): pass\ndef test_two():\n    raise KeyboardInterrupt\ndef test_three(): pass"
        }
    )
    expected, actual = suite.plain(), suite.job(workers=1)
    assert actual.status == expected.status == 2
    assert actual.reports.keys() == expected.reports.keys()
    assert "KeyboardInterrupt" in actual.stdout


def test_a_hook_in_the_front_that_raises_ends_the_job_with_exit_code_3(suite):
    suite.write(
        {
            "conftest.py": """
                def pytest_runtest_logreport(report):
                    if report.when == "call":
                        raise LookupError("from a hook")
                """,
            "test_a.py": "import time\ndef test_one(): pass\ndef test_two(): time.sleep(0.2)",
        }
    )
    expected, actual = suite.plain(), suite.job()
    assert expected.status == actual.status == 3
    assert "LookupError: from a hook" in actual.stdout and not actual.strays


def test_a_hook_in_a_worker_that_raises_costs_the_test(suite):
    suite.write(
        {
            "conftest.py": """
                def pytest_runtest_protocol(item):
                    if item.name == "test_two":
                        raise LookupError("from a hook")
                """,
            "test_a.py": "def test_one(): pass\ndef test_two(): pass\ndef test_three(): pass",
        }
    )
    run = suite.job(workers=1)
    assert run.status == 1 and "INTERNALERROR in the worker" in run.stdout
    assert run.outcomes == {"passed": 2, "failed": 1}


@pytest.mark.parametrize(
    "hook", ["pytest_sessionfinish", "pytest_terminal_summary", "pytest_collection_finish"]
)
def test_other_hooks_that_raise_are_told_as_always(suite, hook):
    suite.write(
        {
            "conftest.py": f"def {hook}():\n    raise LookupError('from a hook')",
            "test_a.py": "def test(): pass",
        }
    )
    expected, actual = suite.plain(), suite.job()
    assert actual.status == expected.status
    text = expected.stdout + expected.stderr, actual.stdout + actual.stderr
    assert text[0].count("LookupError: from a hook") == text[1].count("LookupError: from a hook")


# ---- before there are tests ----


def test_no_tests_at_all_is_exit_code_5(suite):
    expected, actual = assert_equal(suite, without=("not run as asked",))
    assert actual.status == 5


@pytest.mark.parametrize(
    "options", ["", "--continue-on-collection-errors", "-x --continue-on-collection-errors"]
)
def test_a_file_that_cannot_be_collected_is_told_as_always(suite, options):
    suite.write(
        {
            "test_a.py": "def test_one(): pass",
            "test_b.py": "import nothing_like_that",
            "test_c.py": "def test(: pass",
        }
    )
    without = () if options.startswith("--continue") else ("not run as asked",)
    expected, actual = assert_equal(suite, *options.split(), workers=1, without=without)
    assert actual.status == (1 if options == "--continue-on-collection-errors" else actual.status)


def test_a_skipped_module_is_told(suite):
    suite.write(
        {
            "test_a.py": "import pytest\npytest.skip('not here', allow_module_level=True)",
            "test_b.py": "def test(): pass",
        }
    )
    assert_equal(suite, "-rs")


@pytest.mark.parametrize(
    "words", ["--no-such-option", "no_such_file.py", "-k 'a b'", "--dagz-workers=-1", "-p no_such_plugin"]
)
def test_a_usage_error_is_exit_code_4(suite, words):
    import shlex

    suite.write({"test_a.py": "def test(): pass"})
    assert suite.dagz(*shlex.split(words)).returncode == 4


@pytest.mark.parametrize(
    "options",
    [
        "--collect-only -q",
        "--setup-plan",
        "--fixtures",
        "--markers",
        "--version",
        "--help",
        "--dagz-workers=0 -v",
    ],
)
def test_some_options_stay_in_process(suite, options):
    suite.write(
        {
            "test_a.py": "import os, pytest\n@pytest.fixture\ndef one(): pass\ndef test(one):\n    print(os.getppid())\n"
        }
    )
    plain = suite.call(str(suite.python), "-m", "pytest", *options.replace("--dagz-workers=0", "").split())
    job = suite.dagz(*options.split())
    tidy = oracle.Normaliser(suite.python)
    assert job.returncode == plain.returncode
    told = [oracle.terminal(tidy(text)) for text in (plain.stdout, job.stdout)]
    if options == "--help":
        told = [text.partition("dagz:\n")[0].count("\n") for text in told]
        assert abs(told[0] - told[1]) < 60
    elif options == "--markers":
        assert told[0] in re.sub(r"@pytest\.mark\.dagz_.*\n\n?", "", told[1])
    else:
        assert told[0] == told[1]


def test_the_debugger_is_there_in_process(suite):
    suite.write({"test_a.py": "def test():\n    assert 0"})
    for option in ("--pdb", "--trace"):
        job = suite.dagz(option)
        assert "(Pdb)" in job.stdout and "DAGZ" not in job.stdout


def test_a_breakpoint_in_a_worker_fails_the_test_and_names_the_way_out(suite):
    suite.write({"test_a.py": "def test_one():\n    breakpoint()\ndef test_two(): pass"})
    for options in ([], ["-s"]):
        run = suite.job(*options, workers=1)
        assert run.outcomes == {"failed": 1, "passed": 1}, run.stdout
        assert "--dagz-workers=0" in run.stdout


def test_set_trace_in_a_worker_fails_the_test_and_names_the_way_out(suite):
    suite.write(
        {
            "test_a.py": "import pdb, pytest\ndef test_one():\n    pdb.set_trace()\ndef test_two():\n    pytest.set_trace()"
        }
    )
    run = suite.job(workers=1)
    assert run.outcomes == {"failed": 2}, run.stdout
    assert run.stdout.count("--dagz-workers=0") >= 2


# ---- how it is asked for ----


@pytest.mark.parametrize("way", ["addopts", "PYTEST_ADDOPTS", "DAGZ", "script", "python -m"])
def test_a_job_can_be_asked_for_in_many_ways(suite, way):
    suite.write({"test_a.py": "def test(): pass"})
    environ, words = {}, [str(oracle.DAGZ_PYTHON), "-m", "pytest"]
    if way == "addopts":
        suite.write({"pytest.ini": "[pytest]\naddopts = --dagz\n"})
    elif way == "PYTEST_ADDOPTS":
        environ["PYTEST_ADDOPTS"] = "--dagz"
    elif way == "DAGZ":
        environ["DAGZ"] = "1"
    elif way == "script":
        words = [str(oracle.DAGZ_PYTHON), str(suite.python.parent / "pytest"), "--dagz"]
    else:
        words = [str(oracle.DAGZ_PYTHON), "-W", "ignore", "-X", "dev", "-m", "pytest", "--dagz"]
    done = suite.call(*words, environ=environ)
    assert done.returncode == 0 and "DAGZ =" in done.stdout, done.stdout + done.stderr


def test_dagz_set_to_0_is_plain(suite):
    suite.write({"test_a.py": "def test(): pass"})
    done = suite.call(str(oracle.DAGZ_PYTHON), "-m", "pytest", environ={"DAGZ": "0"})
    assert done.returncode == 0 and "DAGZ =" not in done.stdout


def test_a_pytest_started_by_a_test_is_plain(suite):
    suite.write(
        {
            "pytest.ini": "[pytest]\naddopts = -p pytester --dagz\n",
            "test_a.py": """
                import subprocess
                import sys

                INNER = "def test_inner(): pass"


                def test_as_a_process(tmp_path):
                    (tmp_path / "test_inner.py").write_text(INNER)
                    words = [sys.executable, "-m", "pytest", "--dagz", "-v", "test_inner.py"]
                    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
                    assert done.returncode == 0 and "DAGZ" not in done.stdout, done.stdout


                def test_in_process(pytester):
                    pytester.makepyfile(INNER)
                    result = pytester.runpytest("--dagz")
                    result.assert_outcomes(passed=1)
                    assert "DAGZ" not in result.stdout.str()


                def test_in_process_with_failures(pytester):
                    pytester.makepyfile("def test_inner(): assert 0")
                    reports = pytester.inline_run("-x")
                    reports.assertoutcome(failed=1)


                def test_as_pytester_starts_one(pytester):
                    pytester.makepyfile(INNER)
                    pytester.runpytest_subprocess("--dagz").assert_outcomes(passed=1)
                """,
        }
    )
    run = suite.job()
    assert run.outcomes == {"passed": 4}, run.stdout


# ---- in a worker ----


def test_stdin_is_empty(suite):
    suite.write({"test_a.py": """
                import os, sys


                def test_stdin():
                    assert os.readlink("/proc/self/fd/0") == "/dev/null"
                    assert os.read(0, 1) == b""
                """})
    assert suite.job("-s").status == 0
    assert suite.job().status == 0


def test_a_stopped_clock_makes_no_negative_durations(suite):
    suite.write({"test_a.py": """
                import time

                import pytest


                @pytest.fixture
                def stopped(monkeypatch):
                    for name in ("time", "perf_counter", "monotonic", "time_ns", "perf_counter_ns", "monotonic_ns"):
                        monkeypatch.setattr(time, name, lambda: 0)
                    for name in ("sleep",):
                        monkeypatch.setattr(time, name, lambda *_: None)


                @pytest.mark.parametrize("number", range(5))
                def test_stopped(stopped, number):
                    assert time.time() == 0


                def test_left_stopped():
                    time.time = lambda: -1e9
                    time.perf_counter = lambda: -1e9
                    time.monotonic = lambda: -1e9


                def test_after():
                    pass
                """})
    run = suite.job("--durations=0", "-vv", workers=1)
    assert run.status == 0 and "negative" not in run.stderr
    block = suite.dagz("--dagz-workers=1").stdout.partition("DAGZ =")[2]
    assert not re.search(r"-\d", block), block
    for line in run.stdout.splitlines():
        assert not re.match(r"\s*-\d", line), line


@pytest.mark.parametrize("policy", ["all", "failed", "none"])
def test_temporary_folders_are_unlike_and_kept_as_asked(suite, policy):
    suite.write({"test_a.py": """
                import pytest


                @pytest.mark.parametrize("number", range(12))
                def test_tmp(tmp_path, tmp_path_factory, number):
                    print("TMP", tmp_path)
                    assert list(tmp_path.iterdir()) == []
                    (tmp_path / "file").write_text(str(number))
                    (tmp_path_factory.mktemp("more") / "file").write_text(str(number))
                    assert number != 5
                """})
    options = ["-o", f"tmp_path_retention_policy={policy}", "-o", "tmp_path_retention_count=1", "-rA"]
    base = suite.folder / "base"
    left = []
    for runner in (oracle.plain(suite), oracle.dagz(suite, 2)):
        shutil.rmtree(base, ignore_errors=True)
        run = oracle.run(runner, suite, [*options, f"--basetemp={base}"])
        assert run.outcomes == {"passed": 11, "failed": 1}, run.stdout
        names = [path.parent.name.rstrip("0123456789") for path in base.rglob("file")]
        left.append(collections.Counter(names))
    assert left[0] == left[1], left


def test_no_temporary_folder_is_made_for_those_who_want_none(suite):
    suite.write({"test_a.py": "def test(): pass"})
    assert suite.job().status == 0
    assert not [path for path in (suite.scratch / "tmp").rglob("pytest-of-*")]


def test_faulthandler_tells_of_a_hang_without_ending_it(suite):
    suite.write({"test_a.py": "import time\ndef test_hangs(): time.sleep(0.7)"})
    run = suite.job("-o", "faulthandler_timeout=0.2", workers=1)
    assert run.status == 0


def test_durations_are_those_of_the_workers(suite):
    suite.write({"test_a.py": "import time\ndef test_slow(): time.sleep(0.3)\ndef test_quick(): pass"})
    done = suite.dagz("--durations=1")
    told = re.search(r"([\d.]+)s call +test_a.py::test_slow", done.stdout)
    assert told and float(told[1]) >= 0.3, done.stdout


def test_a_session_fixture_is_set_up_once_in_each_worker(suite):
    suite.write(
        {
            "conftest.py": """
                import os

                import pytest


                @pytest.fixture(scope="session", params=["a", "b"])
                def made(request, pytestconfig):
                    with open(os.environ["MADE"], "a") as file:
                        file.write(f"{os.getpid()} {request.param} up\\n")
                    yield request.param
                    with open(os.environ["MADE"], "a") as file:
                        file.write(f"{os.getpid()} {request.param} down\\n")
                """,
            "test_a.py": "import pytest\n@pytest.mark.parametrize('n', range(9))\ndef test(made, n): pass",
        }
    )
    made = suite.folder / "made"
    run = suite.job(environ={"MADE": str(made)})
    assert run.status == 0
    lines = collections.Counter(made.read_text().splitlines())
    assert set(lines.values()) == {1}
    assert len(lines) % 2 == 0


def test_what_a_worker_leaves_open_at_its_end_is_an_error_as_always(suite):
    suite.write(
        {
            "pytest.ini": "[pytest]\nfilterwarnings = error\n",
            "test_a.py": "kept = []\ndef test_leaves():\n    kept.append(open(__file__))\n    kept.append(kept)\n"
            "def test_lets_go():\n    kept.clear()\n",
        }
    )
    expected, actual = suite.plain(), suite.job(workers=1)
    assert actual.status == expected.status


def test_sessions_own_counts_are_kept_in_each_worker(suite):
    suite.write(
        {
            "conftest.py": """
                import pytest


                @pytest.fixture(autouse=True)
                def count(request):
                    before = request.session.testsfailed
                    yield
                    print("failed before", before, "after", request.session.testsfailed)
                """,
            "test_a.py": "def test_one(): assert 0\ndef test_two(): pass",
        }
    )
    assert_equal(suite, "-rA", workers=1)


def test_names_in_any_script_come_through(suite):
    suite.write(
        {
            "test_ünï.py": "class TestÄ:\n    def test_ß(self, tmp_path):\n        print('ж\\ud800')\n        assert 0, 'д'"
        }
    )
    assert_equal(suite)


def test_ids_may_be_random(suite):
    suite.write({"test_a.py": "import pytest, uuid\n@pytest.mark.parametrize('n', [uuid.uuid4() for _ in range(9)], ids=str)\n"
                 "def test(n, request):\n    assert str(n) in request.node.nodeid"})  # fmt: skip
    assert suite.job(fork="test").outcomes == {"passed": 9}


def test_reports_with_attributes_of_their_own_come_through(suite):
    suite.write(
        {
            "conftest.py": """
                import pathlib

                import pytest

                got = []


                class Own:
                    def __init__(self, value):
                        self.value = value

                    def __str__(self):
                        return f"own {self.value}"


                @pytest.hookimpl(wrapper=True)
                def pytest_runtest_makereport(item, call):
                    report = yield
                    report.description = item.function.__doc__
                    report.numbers = (1, [2.5], {"three": None})
                    report.own = Own(4)
                    report.path = pathlib.Path("x")
                    report.where = lambda: 0
                    return report


                def pytest_runtest_logreport(report):
                    got.append((report.description, report.numbers, str(report.own), str(report.path)))


                def pytest_terminal_summary(terminalreporter):
                    for line in got:
                        terminalreporter.line(repr(line))
                """,
            "test_a.py": "def test_one():\n    'says what it is'\ndef test_two():\n    assert 0",
        }
    )
    assert_equal(suite)


def test_failures_of_items_of_a_plugin_look_as_it_makes_them(suite):
    suite.write(
        {
            "conftest.py": """
                import pytest


                def pytest_collect_file(parent, file_path):
                    if file_path.suffix == ".sums":
                        return Sums.from_parent(parent, path=file_path)


                class Wrong(Exception):
                    pass


                class Sums(pytest.File):
                    def collect(self):
                        for number, line in enumerate(self.path.read_text().splitlines()):
                            yield Sum.from_parent(self, name=line, number=number)


                class Sum(pytest.Item):
                    def __init__(self, *, number, **more):
                        super().__init__(**more)
                        self.number = number

                    def runtest(self):
                        if not eval(self.name):
                            raise Wrong(self.name)

                    def repr_failure(self, excinfo):
                        if isinstance(excinfo.value, Wrong):
                            return f"{self.name} is not so: reprcrash, reprtraceback"
                        return super().repr_failure(excinfo)

                    def reportinfo(self):
                        return self.path, self.number, f"sum: {self.name}"
                """,
            "easy.sums": "1 + 1 == 2\n2 + 2 == 5\n1 / 0\n",
        }
    )
    assert_equal(suite, "-v")


def test_warnings_of_every_kind_come_through(suite):
    suite.write(
        {
            "conftest.py": """
                def pytest_warning_recorded(warning_message, when, nodeid, location):
                    seen.append((type(warning_message.message).__name__, warning_message.message.args, when))


                seen = []


                def pytest_terminal_summary(terminalreporter):
                    for line in sorted(map(repr, seen)):
                        terminalreporter.line(line)
                """,
            "test_a.py": """
                import warnings

                import pytest


                class Two(DeprecationWarning):
                    def __init__(self, one, two):
                        super().__init__(one, two)


                def test_two():
                    warnings.warn(Two("one", 2))


                def test_own_text():
                    class Odd(FutureWarning):
                        def __str__(self):
                            return "odd"

                    warnings.warn(Odd("given"))


                def test_of_pytest():
                    warnings.warn(pytest.PytestWarning("of pytest"))


                def test_bytes():
                    import gc

                    warnings.warn("a \\ud800 surrogate")


                async def test_async():
                    pass


                @pytest.mark.unknown
                def test_returns():
                    return 1
                """,
        }
    )
    assert_equal(suite)


@pytest.mark.parametrize("signal_name", ["SIGUSR1", "SIGALRM", "SIGCHLD"])
def test_signals_are_a_tests_own(suite, signal_name):
    suite.write({"test_a.py": f"""
                import os, signal


                def test_signal():
                    seen = []
                    signal.signal(signal.{signal_name}, lambda *_: seen.append(1))
                    os.kill(os.getpid(), signal.{signal_name})
                    assert seen == [1]
                """})
    assert suite.job().status == 0


def test_plugins_for_reporting_only_see_the_front(suite):
    suite.write(
        {
            "conftest.py": """
                import os

                pids = {"report": set(), "protocol": set()}


                def pytest_runtest_logreport(report):
                    pids["report"].add(os.getpid())


                def pytest_runtest_protocol(item):
                    item.user_properties.append(("pid", os.getpid()))


                def pytest_unconfigure():
                    print("reporting processes:", len(pids["report"]), pids["report"] == {os.getpid()})
                """,
            "test_a.py": "def test_one(): pass\ndef test_two(): pass",
        }
    )
    assert "reporting processes: 1 True" in suite.job().stdout


def test_coverage_of_threads_and_children_does_not_need_us(suite):
    """A process pool inside a test works, and is gone with it."""
    suite.write({"test_a.py": """
                import multiprocessing
                from concurrent.futures import ProcessPoolExecutor


                def double(number):
                    return 2 * number


                def test_pool():
                    with ProcessPoolExecutor(2) as pool:
                        assert list(pool.map(double, range(5))) == [0, 2, 4, 6, 8]


                def test_process():
                    process = multiprocessing.get_context("fork").Process(target=double, args=(1,))
                    process.start()
                    process.join()
                    assert process.exitcode == 0


                def test_spawned():
                    with multiprocessing.get_context("spawn").Pool(1) as pool:
                        assert pool.map(abs, [-1]) == [1]
                """})
    run = suite.job()
    assert run.outcomes == {"passed": 3} and not run.strays, run.stdout
