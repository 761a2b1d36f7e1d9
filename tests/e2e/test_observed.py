"""`dagz observed`: what a job has seen of its tests, read back from its logs."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from conftest import EXECUTABLE
from test_bad_input import in_namespace

DAGZ = EXECUTABLE.with_name("dagz")
NO_PLUGINS = ("-p", "no:cacheprovider")

PROJECT = {
    "conftest": """
        import pytest, shared
        @pytest.fixture(scope="session")
        def base(): return shared.make()
    """,
    "shared": """
        def make(): return part()
        def part(): return 5
        def bystander(): pass
    """,
    "lazy": """
        import shared
        VALUE = shared.part()
    """,
    "test_a": """
        import os, signal, threading
        import shared
        class Thing:
            @property
            def value(self): return shared.part()
        def nested():
            def inner(): return [n for n in range(3)]
            return inner()
        def test_plain(): assert nested() == [0, 1, 2]
        def test_property(): assert Thing().value == 5
        def test_fixture(base): assert base == 5
        def test_fixture_again(base): assert base == 5
        def test_import():
            import lazy
        def test_thread():
            thread = threading.Thread(target=shared.make)
            thread.start(); thread.join()
        def test_nothing(): pass
    """,
}


def ask(folder, *arguments, env=None):
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("DAGZ")}
    return subprocess.run(
        [DAGZ, "observed", *arguments], cwd=folder, capture_output=True, text=True, env={**inherited, **(env or {})}
    )


def observed(suite, nodeid, env=None):
    """Every span by its type and name."""
    answer = ask(suite.folder, nodeid, "--json", env=env)
    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout)
    assert told["nodeid"] == nodeid
    return {(span["type"], span["name"]): span for span in told["spans"]}


def functions(spans):
    """All of them, without the ordinal."""
    return {name.partition("#")[0] for span in spans.values() for name in span["functions"]}


@pytest.fixture
def project(suite):
    return suite.write(**PROJECT)


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("probe", ["", "frame"])
def test_each_test_shows_what_it_executed_and_through_which_span(project, workers, probe):
    assert project.run(f"--dagz-workers={workers}", env={"DAGZ_PROBE": probe}).code == 0
    plain = observed(project, "test_a.py::test_plain")
    own = plain["test", "test_a.py::test_plain"]
    assert {name.partition("#")[0] for name in own["functions"]} == {"test_a.py::nested", "test_a.py::test_plain"}
    assert {("load", "load"), ("collect", "test_a.py")} <= set(plain)
    assert not own["unobserved"]
    assert functions(observed(project, "test_a.py::test_property")) == {
        "shared.py::part", "test_a.py::Thing.value", "test_a.py::test_property"}  # fmt: skip
    assert "shared.py::make" in functions(observed(project, "test_a.py::test_thread"))
    assert functions(observed(project, "test_a.py::test_nothing")) == {"test_a.py::test_nothing"}
    for test in ("test_plain", "test_fixture", "test_thread"):
        assert "shared.py::bystander" not in functions(observed(project, f"test_a.py::{test}"))


@pytest.mark.parametrize("options", [("--dagz-workers=1",), ("--dagz-workers=2",), ("--dagz-fork=test",),
                                     ("--dagz-start=spawn", "--dagz-workers=2")])  # fmt: skip
def test_who_uses_a_fixture_depends_on_its_set_up(project, options):
    assert project.run(*options).code == 0
    for test in ("test_fixture", "test_fixture_again"):
        spans = observed(project, f"test_a.py::{test}")
        assert {"conftest.py::base", "shared.py::make", "shared.py::part"} <= functions(spans)
        assert ("fixture", "::base") in spans
    assert ("fixture", "::base") not in observed(project, "test_a.py::test_plain")


def test_what_an_import_runs_is_in_a_span_of_its_own(project):
    assert project.run("--dagz-workers=1").code == 0
    spans = observed(project, "test_a.py::test_import")
    assert [name.partition("#")[0] for name in spans["py.import", "lazy"]["functions"]] == ["shared.py::part"]
    assert ("py.import", "lazy") not in observed(project, "test_a.py::test_plain")


CHILDREN = """
    import os, signal, sys, multiprocessing
    def in_child(): return deep()
    def deep(): return 1
    def fork(leave):
        pid = os.fork()
        if pid == 0:
            in_child()
            leave()
        return os.waitpid(pid, 0)
    def test_exit(): fork(lambda: os._exit(0))
    def test_killed(): fork(lambda: os.kill(os.getpid(), signal.SIGKILL))
    def test_process():
        process = multiprocessing.get_context("fork").Process(target=in_child)
        process.start(); process.join()
        assert process.exitcode == 0
    def test_bystander(): pass
"""


def test_what_a_forked_child_does_belongs_to_its_test(suite):
    assert suite.write(test_a=CHILDREN).run("--dagz-workers=1").code == 0
    for test in ("test_exit", "test_killed", "test_process"):
        spans = observed(suite, f"test_a.py::{test}")
        assert {"test_a.py::in_child", "test_a.py::deep"} <= functions(spans), test
        assert ("fork", "fork") in spans
    assert functions(observed(suite, "test_a.py::test_bystander")) == {"test_a.py::test_bystander"}


def test_a_child_that_is_killed_is_not_fully_observed(suite):
    assert suite.write(test_a=CHILDREN).run("--dagz-workers=1").code == 0
    assert observed(suite, "test_a.py::test_killed")["fork", "fork"]["unobserved"]


def test_a_test_that_kills_its_worker_is_not_complete_and_the_others_are(suite):
    suite.write(test_a="""
        import os, signal
        def work(): pass
        def test_before(): work()
        def test_dies():
            work()
            os.kill(os.getpid(), signal.SIGKILL)
        def test_after(): work()
    """)
    assert suite.run("--dagz-workers=1").code == 1
    for test in ("test_before", "test_after"):
        (span,) = [span for (kind, _), span in observed(suite, f"test_a.py::{test}").items() if kind == "test"]
        assert span["functions"] and not span["unobserved"]
    dead = observed(suite, "test_a.py::test_dies")["test", "test_a.py::test_dies"]
    assert dead["unobserved"]


@pytest.mark.parametrize("probe", ["", "frame"])
def test_what_a_fixture_raises_is_what_is_told(suite, probe):
    suite.write(test_a="""
        import pytest
        @pytest.fixture(scope="module")
        def fails_at_the_end():
            yield 1
            raise ValueError("at the end")
        @pytest.fixture(scope="module")
        def fails_at_once():
            raise KeyError("at once")
        def test_once(fails_at_once): pass
        def test_end(fails_at_the_end): pass
    """)
    ran = suite.run("--dagz-workers=1", env={"DAGZ_PROBE": probe})
    assert ran.code == 1 and "ValueError: at the end" in ran.out and "KeyError: 'at once'" in ran.out, ran
    assert "SystemError" not in ran.out


# ---- elements ----


def own(suite, test):
    return observed(suite, f"test_a.py::{test}")["test", f"test_a.py::{test}"]


def test_functions_of_one_name_are_told_apart(suite):
    suite.write(
        shop="""
        import sys
        class Thing:
            @property
            def value(self): return 1
            @value.setter
            def value(self, value): pass
        def _(): return 1
        first = _
        def _(): return 2
        if sys.platform == "none":
            def branch(): return 1
        else:
            def branch(): return 2
        """,
        test_a="""
        import shop
        def test_getter(): shop.Thing().value
        def test_setter(): shop.Thing().value = 1
        def test_first(): shop.first()
        def test_second(): shop._()
        def test_branch(): shop.branch()
        """,
    )
    assert suite.run("--dagz-workers=1").code == 0
    expected = {"getter": "Thing.value#1", "setter": "Thing.value#2", "first": "_#1", "second": "_#2", "branch": "branch#2"}
    for test, function in expected.items():
        span = own(suite, f"test_{test}")
        assert set(span["functions"]) == {f"shop.py::{function}", f"test_a.py::test_{test}#1"}
        assert not span["unobserved"]


def test_what_stands_in_a_function_belongs_to_it(suite):
    suite.write(
        shop="""
        def outer():
            class Inner:
                def method(self):
                    return [(lambda: n)() for n in range(2)]
            return sum(n for n in Inner().method())
        double = lambda x: [x for _ in range(2)]
        class Thing:
            key = lambda self: sorted(n for n in (2, 1))
            sizes = [n for n in range(3)]
        """,
        test_a="""
        import shop
        def test_outer(): shop.outer()
        def test_module(): shop.double(1)
        def test_class(): shop.Thing().key()
        def test_none(): shop.Thing.sizes
        """,
    )
    assert suite.run("--dagz-workers=1").code == 0
    expected = {"outer": {"outer"}, "module": {"<lambda>"}, "class": {"Thing.<lambda>"}, "none": set()}
    for test, names in expected.items():
        assert set(own(suite, f"test_{test}")["functions"]) == {
            f"test_a.py::test_{test}#1", *(f"shop.py::{name}#1" for name in names)}  # fmt: skip


def test_without_a_sheet_a_function_has_its_name_and_the_span_says_why(project):
    assert project.run("--dagz-workers=1").code == 0
    shutil.rmtree(project.folder / ".dagz/sheets")
    with (project.folder / "test_a.py").open("a") as source:
        source.write("# changed\n")
    span = own(project, "test_nothing")
    assert span["functions"] == ["test_a.py::test_nothing"]
    assert span["unobserved"] == [
        "test_a.py: there is no sheet of the source as it was loaded: it was changed while the job ran, or could not be cut"
    ]


def test_code_of_a_template_counts_as_its_file(suite):
    (suite.folder / "page.html").write_text("<h1>def render(): pass</h1>")
    suite.write(
        conftest="""
        import pathlib
        path = pathlib.Path(__file__).with_name("page.html")
        made = {}
        exec(compile("def render():\\n def block(): pass\\n block()", str(path), "exec"), made)
        """,
        test_a="""
        import conftest
        def test_it(): conftest.made["render"]()
        """,
    )
    assert suite.run("--dagz-workers=1").code == 0
    span = own(suite, "test_it")
    assert span["functions"] == ["test_a.py::test_it#1"] and not span["unobserved"]
    assert span["paths"] == [{"path": "page.html", "fact": "content"}]


# ---- asked wrongly ----


def test_a_test_that_was_not_run(project):
    assert project.run("-k", "plain").code == 0
    answer = ask(project.folder, "test_a.py::test_nothing")
    assert answer.returncode == 1 and "has not run 'test_a.py::test_nothing'" in answer.stderr


def test_without_a_job(tmp_path):
    answer = ask(tmp_path, "test_a.py::test_nothing")
    assert answer.returncode == 1 and "no .dagz here" in answer.stderr


@pytest.mark.parametrize("arguments", [(), ("--json",), ("--yaml", "one")])
def test_usage(tmp_path, arguments):
    answer = ask(tmp_path, *arguments)
    assert answer.returncode == 2 and "usage: dagz observed NODEID... [--json]" in answer.stderr


def test_from_a_folder_below(project):
    assert project.run("-k", "plain").code == 0
    below = project.folder / "below"
    below.mkdir()
    answer = ask(below, "test_a.py::test_plain")
    assert answer.returncode == 0 and "test_a.py::nested" in answer.stdout


# ---- what stands in the way ----


def test_no_probe_observes_nothing_and_says_so(project):
    assert project.run(env={"DAGZ_PROBE": "none"}).code == 0
    answer = ask(project.folder, "test_a.py::test_plain")
    assert answer.returncode == 1 and "no job has left what it observed" in answer.stderr


def test_a_probe_that_is_none_is_told_and_the_tests_run(project):
    ran = project.run(env={"DAGZ_PROBE": "crystal-ball"})
    assert ran.code == 0
    assert "  observed: DAGZ_PROBE names no probe of this interpreter" in ran.out


def test_names_may_hold_any_character(suite):
    suite.write(test_a="""
        import pytest
        def größe(): return 1
        @pytest.mark.parametrize("text", ["a b", "x::y", "new\\nline", "ü", "[", "%s"])
        def test_it(text): größe()
    """)
    assert suite.run("--dagz-workers=1").code == 0
    for name in ("a b", "x::y", "new\\nline", "\\xfc", "[", "%s"):
        assert "test_a.py::größe" in functions(observed(suite, f"test_a.py::test_it[{name}]"))


def test_names_may_hold_any_byte(suite):
    suite.write(test_a="""
        import os
        def test_it():
            assert not os.path.exists(b"no \\xfe\\xff")
            os.environb.get(b"NO_\\xfe")
    """)
    assert suite.run("--dagz-workers=1").code == 0
    own = observed(suite, "test_a.py::test_it")["test", "test_a.py::test_it"]
    assert {"path": "no \\xfe\\xff", "fact": "absent"} in own["paths"]
    assert {"name": "NO_\\xfe", "found": False} in own["environment"]


def logs_of(suite):
    return sorted((suite.folder / ".dagz/run/j1").glob("[wf][or][ro][nk]*"))


@pytest.mark.parametrize("harm", ["cut", "flip", "empty", "noise"])
def test_a_damaged_log_costs_its_spans_and_no_more(project, harm):
    """No end of a span is taken from what is not whole: never a crash, never a full set that is none."""
    assert project.run("--dagz-workers=1").code == 0
    (log,) = [path for path in logs_of(project) if path.name == "worker-0"]
    whole = log.read_bytes()
    used = len(whole.rstrip(b"\0"))
    for at in range(0, used, max(used // 40, 1)):
        broken = {
            "cut": whole[:at],
            "flip": whole[:at] + bytes([whole[at] ^ 0x5A]) + whole[at + 1 :],
            "empty": b"",
            "noise": whole[:at] + os.urandom(64) + whole[at + 64 :],
        }[harm]
        log.write_bytes(broken)
        answer = ask(project.folder, "test_a.py::test_thread", "--json")
        assert answer.returncode in (0, 1), answer
        if answer.returncode == 0:
            own = json.loads(answer.stdout)["spans"][0]
            assert own["unobserved"] or "shared.py::make" in {name.partition("#")[0] for name in own["functions"]}


def test_the_jobs_folder_vanishes_while_it_runs(suite):
    suite.write(test_a="""
        import pathlib, shutil
        import pytest
        def work(): pass
        def test_before(): work()
        def test_vanishes():
            for job in pathlib.Path(__file__).parent.glob(".dagz/run/j*"):
                shutil.rmtree(job)
        @pytest.mark.parametrize("n", range(200))
        def test_after(n): work()
    """)
    ran = suite.run("--dagz-workers=1")
    assert ran.code == 0
    assert len(ran.outcomes) == 202
    assert "was removed while the job ran: nothing is kept of what it saw" in ran.out, ran
    assert ask(suite.folder, "test_a.py::test_before").returncode == 1


def test_a_disk_without_room_is_told_and_the_tests_run(project):
    state = project.folder / ".dagz"
    state.mkdir()
    under = in_namespace(f"mount -t tmpfs -o size=72k none {state}")
    ran = project.run("--dagz-workers=1", under=under)
    assert ran.code == 0
    assert "could not write" in ran.out, ran


def test_a_source_that_changes_while_it_is_imported_and_one_that_does_not_parse(suite):
    suite.write(
        test_a="def test_it(): pass\n",
        broken="def (:\n",
        test_b="""
            import pytest
            def test_it():
                with pytest.raises(SyntaxError):
                    import broken
        """,
    )
    assert suite.run("--dagz-workers=1").code == 0
    assert ("py.import", "broken") in observed(suite, "test_b.py::test_it")


# ---- kills ----


def test_workers_of_a_second_zygote_are_observed_and_have_what_the_front_has_done_meanwhile(suite):
    suite.write(
        lib="""
            import functools
            @functools.lru_cache
            def known(): return make()
            def make(): return 1
            def of_reporter(): known()
        """,
        late="def use(): return VALUE\ndef make(): return 1\nVALUE = make()\n",
        conftest="""
            import lib
            def pytest_runtest_logreport(report):
                import late
                lib.of_reporter()
        """,
        test_a="""
            import os, pathlib, signal
            import lib
            def test_before(): pass
            def test_kills():
                os.kill(os.getppid(), signal.SIGKILL)
                os.kill(os.getpid(), signal.SIGKILL)
            def test_after(): lib.known()
            def test_late():
                import late
                late.use()
        """,
    )
    ran = suite.run("--dagz-workers=1")
    assert ran.code == 1 and ran.outcomes["test_a.py::test_late"] == ["passed"], ran
    for test, executed in (("after", {"lib.py::make"}), ("late", {"late.py::use", "late.py::make"})):
        spans = observed(suite, f"test_a.py::test_{test}")
        assert ("load", "reports") in spans and {"lib.py::of_reporter", *executed} <= functions(spans)
        assert not [span["unobserved"] for span in spans.values() if span["unobserved"]]
    assert ("load", "reports") not in observed(suite, "test_a.py::test_before")


def test_what_a_killed_job_has_met_is_cut_when_it_is_asked_for(suite):
    suite.write(test_a="""
        import os, signal
        import work
        def test_before(): work.one()
        def test_kills(): os.kill(int(os.environ["HOST"]), signal.SIGKILL)
    """, work="def one(): pass\n")
    under = ["sh", "-c", 'export HOST=$$; exec "$@"', "sh"]
    assert suite.run("--dagz-workers=1", under=under).code == -signal.SIGKILL
    told = observed(suite, "test_a.py::test_before", env={"DAGZ_PYTHON": sys.executable})
    assert {"test_a.py::test_before#1", "work.py::one#1"} == {name for span in told.values() for name in span["functions"]}
    assert not [span["unobserved"] for span in told.values() if span["unobserved"]]
