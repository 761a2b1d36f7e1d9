"""What a second job in a tree runs, and what it makes of the rest: files not imported, exit codes, options, the key."""

import contextlib
import os
import pathlib
import platform
import re
import signal
import socket
import threading
import time

import pytest

PROJECT = {
    "lib": "def one(): return 1\ndef two(): return 2\n",
    "test_a": """
        import lib
        print("test_a is imported")
        def test_one(): assert lib.one() == 1
        def test_plain(): pass
    """,
    "test_b": """
        import lib
        print("test_b is imported")
        def test_two(): assert lib.two()
        def test_other(): pass
    """,
}


@pytest.fixture
def suite(suite):
    suite.selects = True
    return suite


# CLOCK_REALTIME_COARSE, by which the kernel dates what is written.
COARSE = 5
SELECTED = re.compile(r"^(\d+) selected, (\d+) proved unaffected \(baseline .+\)$", re.M)


def selected(ran):
    """How many were selected, and how many proved."""
    found = SELECTED.findall(ran.out)
    assert len(found) == 1, ran
    return tuple(map(int, found[0]))


def names_of(ran):
    return {name for name, told in ran.outcomes.items() if told}


def learned(suite, *options, **how):
    """A project whose tests have run."""
    ran = suite.write(**PROJECT).run(*options, **how)
    assert ran.code == 0 and len(names_of(ran)) == 4 and "this run makes one" in ran.out, ran
    return suite


def settle(path):
    """Until a job that starts can tell that it was not written while it ran."""
    while time.clock_gettime_ns(COARSE) <= path.stat().st_ctime_ns:
        time.sleep(0.001)


# ---- what runs ----


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_a_second_run_without_changes_runs_nothing_and_is_green(suite, start):
    ran = learned(suite).run(f"--dagz-start={start}")
    assert ran.code == 0 and not names_of(ran) and selected(ran) == (0, 4), ran
    assert "is imported" not in ran.out


def test_the_block_is_there_under_q_too(suite):
    ran = learned(suite).run("-q")
    assert ran.code == 0 and selected(ran) == (0, 4), ran


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_a_changed_function_runs_who_executed_it_and_imports_no_other_file(suite, start):
    learned(suite, "-s").write(lib=PROJECT["lib"].replace("return 2", "return 3"))
    ran = suite.run(f"--dagz-start={start}", "-s")
    assert ran.code == 0 and names_of(ran) == {"test_b.py::test_two"} and selected(ran) == (1, 3), ran
    assert "test_b is imported" in ran.out and "test_a is imported" not in ran.out


@pytest.mark.parametrize("how", ["import *", "import number, whole"])
def test_fixtures_that_a_conftest_imports_are_as_its_own(suite, how):
    fixtures = """
        import pytest
        @pytest.fixture(params=[1])
        def number(request): return request.param
        @pytest.fixture
        def whole(): return 7
    """
    learned(suite).write(
        shared=fixtures,
        conftest=f"from shared {how}\n",
        test_c="""
            def test_number(number): assert number < 3
            def test_whole(whole): assert whole == 7
        """,
    )
    assert suite.run().code == 0 and not names_of(suite.run())
    ran = suite.write(shared=fixtures.replace("params=[1]", "params=[1, 2]")).run()
    assert ran.code == 0 and {"test_c.py::test_number[1]", "test_c.py::test_number[2]"} <= names_of(ran), ran
    if how == "import *":
        autouse = fixtures.replace("@pytest.fixture\n", "@pytest.fixture(autouse=True)\n")
        assert "test_a.py::test_plain" in names_of(suite.write(shared=autouse).run())


PACKAGE = {
    "lib.py": "def prepare(): return 1\n",
    "one/__init__.py": "",
    "one/test_a.py": "def test_first(): pass\ndef test_again(): pass\n",
    "one/deep/__init__.py": "import lib\ndef setup_module(): lib.prepare()\n",
    "one/deep/test_b.py": "def test_deep(): pass\ndef test_deep_again(): pass\n",
    "two/__init__.py": "",
    "two/test_c.py": "def test_other(): pass\n",
}


@pytest.mark.parametrize(
    "path, text, expected",
    [
        ("lib.py", "def prepare(): return 1 / 0\n", "deep deep_again"),
        ("one/deep/__init__.py", "def setup_module(): raise ValueError\n", "deep deep_again"),
        ("one/__init__.py", "def setup_module(): raise ValueError\n", "first again deep deep_again"),
    ],
)
def test_what_a_package_does_before_its_first_test_is_for_all_of_its_tests(suite, path, text, expected):
    for name, content in {**PACKAGE, "pytest.ini": "[pytest]\npythonpath = .\n"}.items():
        (suite.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (suite.folder / name).write_text(content)
    assert suite.run("--dagz-workers=1").code == 0
    (suite.folder / path).write_text(text)
    settle(suite.folder / path)
    ran = suite.run("--dagz-workers=1")
    assert ran.code == 1 and {name.rpartition("test_")[2] for name in names_of(ran)} == set(expected.split()), ran
    assert {tuple(told) for name, told in ran.outcomes.items() if told} == {("error",)}


@pytest.mark.parametrize("change", ["raise ValueError", "REGISTRY.append(1 / 0)"])
def test_an_import_that_fails_in_a_test_fails_in_each_that_would_import_it(suite, change):
    """Only the first one of a process has done so, and what that wrote nobody has read."""
    lazy = "REGISTRY = []\nREGISTRY.append(1)\ndef run(): return 1\n"
    suite.write(lazy=lazy, between="import lazy\n", test_a="""
        def test_first():
            import lazy
        def test_again():
            import lazy
            assert lazy.run() == 1
        def test_by_another():
            import between
        def test_by_another_again():
            import between
        def test_plain(): pass
    """)
    assert suite.run("--dagz-workers=1").code == 0
    suite.write(lazy=lazy.replace("def run", f"{change}\ndef run"))
    settle(suite.folder / "lazy.py")
    ran = suite.run("--dagz-workers=1")
    assert ran.code == 1 and selected(ran) == (4, 1), ran
    assert set(ran.outcomes) == {f"test_a.py::test_{name}" for name in ("first", "again", "by_another", "by_another_again")}


def test_what_an_import_in_a_test_has_done_unseen_is_for_each_that_would_import_it(suite):
    """Nobody looks into a queue: what the first one's import has put there, the second one finds."""
    suite.write(
        lib="import queue\nQUEUE = queue.SimpleQueue()\n",
        lazy="import lib\nlib.QUEUE.put(1)\n",
        test_a="""
            import lib
            def test_first():
                import lazy
            def test_again():
                import lazy
                assert not lib.QUEUE.empty()
            def test_plain(): pass
        """,
    )
    assert suite.run("--dagz-workers=1").code == 0
    suite.write(lazy="import lib\nlib.QUEUE.empty()\n")
    settle(suite.folder / "lazy.py")
    ran = suite.run("--dagz-workers=1")
    assert ran.code == 1 and selected(ran) == (2, 1), ran


def test_who_asks_for_the_size_of_a_file_alone_depends_on_it(suite):
    data = suite.folder / "data.txt"
    data.write_text("one")
    settle(data)
    sized = """
        import os, pathlib
        data = str(pathlib.Path(__file__).parent / "data.txt")
        def test_size(): assert os.path.getsize(data) == 3
        def test_none(): pass
    """
    assert suite.write(test_size=sized).run().code == 0
    data.write_text("two")
    ran = suite.run()
    assert ran.code == 0 and not names_of(ran), ran
    data.write_text("three")
    ran = suite.run()
    assert ran.code == 1 and names_of(ran) == {"test_size.py::test_size"}, ran


def test_a_failure_is_selected_until_it_passes(suite):
    learned(suite).write(lib=PROJECT["lib"].replace("return 2", "return 0"))
    for _ in range(2):
        ran = suite.run()
        assert ran.code == 1 and names_of(ran) == {"test_b.py::test_two"}, ran
    suite.write(lib=PROJECT["lib"])
    assert suite.run().code == 0
    assert selected(suite.run()) == (0, 4)


@pytest.mark.parametrize("reads", ["os.environ['SHOP_RATE']", "os.getenv('SHOP_RATE')", "dict(os.environ)['SHOP_RATE']", "os.environ.get('SHOP_RATE')"])
def test_who_reads_a_variable_depends_on_the_test_that_has_left_it_set(suite, reads):
    setter = """
        import os
        def test_set(): os.environ["SHOP_RATE"] = "1"
        def test_patched(monkeypatch): monkeypatch.setenv("SHOP_OTHER", "1")
    """
    reader = f"""
        import os
        def test_reads(): assert {reads} == "1"
        def test_other(): assert os.environ.get("SHOP_OTHER") is None
        def test_plain(): pass
    """
    options = ["--dagz-workers=1", "--dagz-fork=worker"]
    assert learned(suite, *options).write(test_c=setter, test_d=reader).run(*options).code == 0
    assert not names_of(suite.run(*options))
    ran = suite.write(test_c=setter.replace('RATE"] = "1"', 'RATE"] = "2"')).run(*options)
    assert ran.code == 1 and names_of(ran) == {"test_c.py::test_set", "test_d.py::test_reads"}, ran


BREAKS = [
    "from rates import missing", "from os import missing", "import shop", "print(undefined)", "assert 0", "def late(value=undefined): pass",
    "class Late(undefined): pass", "class Late:\n    value = undefined", "class Late:\n    def late(self, value=undefined): pass",
    "VALUE = undefined", "VALUE = rates.missing", "VALUE: undefined = 1", "def late(value: undefined): pass",
    "@undefined\ndef late(): pass", "VALUE = int('x')", "class Late(bool): pass", "VALUE = check()",
]  # fmt: skip


@pytest.mark.parametrize("line", BREAKS)
def test_a_statement_that_nobody_reads_may_fail_all_the_same(suite, line):
    """Then none of the files can be collected that import the module; of the others, nothing runs."""
    lib = "import rates\ndef check(): raise ValueError\ndef one(): return rates.RATE\n"
    learned(suite).write(
        rates="import sys\nRATE = 1\n", broken=lib, shop="from broken import one\ndef two(): return one()\n",
        test_c="import shop\ndef test_two(): assert shop.two() == 1\ndef test_plain(): pass\n",
        test_d="def test_late():\n    import shop\ndef test_plain(): pass\n",
    )  # fmt: skip
    assert suite.run().code == 0
    # A circle of imports fails when there is something to be taken from it.
    line = "from shop import two" if line == "import shop" else line
    ran = suite.write(broken=lib + line + "\n").run()
    assert ran.code == 2 and "ERROR test_c.py" in ran.out and "test_a.py" not in ran.out, ran
    assert suite.run().code == 2
    assert suite.write(broken=lib).run().code == 0


def test_a_statement_that_nobody_reads_runs_no_test(suite):
    lib = "def one(): return 1\n"
    learned(suite).write(broken=lib, test_c="import broken\nprint('test_c is imported')\ndef test_one(): assert broken.one()\n")
    assert suite.run("-s").code == 0
    ran = suite.write(broken=lib + "VALUE = one()\n").run("-s")
    assert ran.code == 0 and not names_of(ran) and "test_c is imported" in ran.out and "test_a is" not in ran.out, ran
    # What cannot fail need not be tried.
    ran = suite.write(broken=lib + "VALUE = one()\ndef two(three=3): return three\n").run("-s")
    assert ran.code == 0 and not names_of(ran) and "test_c is imported" not in ran.out, ran


def test_the_order_of_imports_in_a_circle_decides_whether_they_can_be_done(suite):
    shop = "import rates\nimport till\ndef one(): return till.two()\n"
    learned(suite).write(
        till="import rates\nLIMIT = 1\ndef two(): return LIMIT\n", rates="from till import LIMIT\n", shop=shop,
        test_c="import shop\ndef test_one(): assert shop.one()\n",
    )  # fmt: skip
    assert suite.run().code == 0
    ran = suite.write(shop=shop.replace("import rates\nimport till", "import till\nimport rates")).run()
    assert ran.code == 2 and "ERROR test_c.py" in ran.out, ran


@pytest.mark.parametrize("imports", ["from . import rates", "from shop import rates", "import shop.rates", "from .rates import RATE"])
def test_a_module_that_its_package_imports_is_read_through_the_package(suite, imports):
    learned(suite)
    (suite.folder / "shop").mkdir()
    (suite.folder / "shop/__init__.py").write_text(f"{imports}\n")
    rates = suite.folder / "shop/rates.py"
    rates.write_text("RATE = 1\nOTHER = 1\n")
    name = "RATE" if "RATE" in imports else "rates.RATE"
    suite.write(test_c=f"import shop\ndef test_rate(): assert shop.{name} == 1\ndef test_plain(): pass\n")
    assert suite.run().code == 0
    rates.write_text("RATE = 2\nOTHER = 1\n")
    ran = suite.run()
    assert ran.code == 1 and names_of(ran) == {"test_c.py::test_rate"}, ran


def test_a_name_is_found_behind_any_number_of_stars(suite):
    learned(suite)
    (suite.folder / "shop").mkdir()
    (suite.folder / "shop/__init__.py").write_text("".join(f"from .rates_{i} import *\n" for i in range(100)))
    for i in range(100):
        (suite.folder / f"shop/rates_{i}.py").write_text(f"RATE_{i} = 1\n")
    suite.write(test_c="import shop\ndef test_first(): assert shop.RATE_0 == 1\ndef test_last(): assert shop.RATE_99 == 1\n")
    assert suite.run().code == 0
    (suite.folder / "shop/rates_99.py").write_text("RATE_99 = 2\n")
    ran = suite.run()
    assert ran.code == 1 and names_of(ran) == {"test_c.py::test_last"}, ran


def test_modules_of_a_package_that_lie_elsewhere_are_read(suite):
    learned(suite)
    for name in ("shop", "plugs", "one/split", "two/split"):
        (suite.folder / name).mkdir(parents=True)
    (suite.folder / "shop/__init__.py").write_text(
        "import os\n__path__.append(os.path.join(os.path.dirname(__path__[0]), 'plugs'))\nfrom . import rates\n"
    )
    (suite.folder / "plugs/rates.py").write_text("RATE = 1\n")
    for name in ("one", "two"):
        (suite.folder / name / "split/__init__.py").write_text("import pkgutil\n__path__ = pkgutil.extend_path(__path__, __name__)\n")
    (suite.folder / "two/split/rates.py").write_text("RATE = 1\n")
    (suite.folder / "pytest.ini").write_text("[pytest]\npythonpath = . one two\n")
    suite.write(
        test_c="""
            import shop
            from split import rates
            def test_shop(): assert shop.rates.RATE == 1
            def test_split(): assert rates.RATE == 1
        """,
    )
    assert suite.run().code == 0
    for path, name in (("plugs/rates.py", "shop"), ("two/split/rates.py", "split")):
        (suite.folder / path).write_text("RATE = 2\n")
        ran = suite.run()
        assert ran.code == 1 and names_of(ran) == {f"test_c.py::test_{name}"}, ran
        (suite.folder / path).write_text("RATE = 1\n")
        assert suite.run().code == 0


def test_each_who_imports_from_a_package_without_an_init_depends_on_there_being_none(suite):
    learned(suite)
    for path in ("one/spaced", "two/spaced"):
        (suite.folder / path).mkdir(parents=True)
        (suite.folder / path / f"{path[:3]}_rates.py").write_text("RATE = 1\n")
    (suite.folder / "pytest.ini").write_text("[pytest]\npythonpath = . one two\n")
    suite.write(
        test_c="""
            def test_first():
                from spaced import one_rates
            def test_second():
                import spaced.two_rates
            def test_plain(): pass
        """,
    )
    assert suite.run("--dagz-workers=1", "--dagz-fork=worker").code == 0
    (suite.folder / "one/spaced/__init__.py").write_text("")
    ran = suite.run()
    assert ran.code == 1 and names_of(ran) == {"test_c.py::test_first", "test_c.py::test_second"}, ran


@pytest.mark.parametrize(
    "imports",
    ["__import__(name).RATE", "__import__('importlib').import_module(name).RATE", "made('import ' + name + ' as m; x = m.RATE')",
     "made('from ' + name + ' import RA' + 'TE as x')", "made('from ' + name + ' import *; x = globals()[\"RA\" + \"TE\"]')"],
)  # fmt: skip
def test_who_imports_a_module_by_a_computed_name_reads_it(suite, imports):
    learned(suite).write(
        rates="RATE = 1\nOTHER = 1\n",
        test_c=f"""
            import rates
            def made(text):
                names = {{}}
                exec(text, names)
                return names["x"]
            def test_plain(): assert rates.OTHER == 1
            def test_rate():
                name = "ra" + "tes"
                assert {imports} == 1
        """,
    )
    assert suite.run().code == 0
    ran = suite.write(rates="RATE = 2\nOTHER = 1\n").run()
    assert ran.code == 1 and names_of(ran) == {"test_c.py::test_rate"}, ran


def test_new_tests_and_files_run_and_the_gone_are_forgotten(suite):
    learned(suite).write(test_c="def test_new(): pass", test_b=PROJECT["test_b"].rstrip() + "\n        def test_more(): pass\n")
    ran = suite.run()
    assert names_of(ran) >= {"test_c.py::test_new", "test_b.py::test_more"} and ran.code == 0, ran
    assert selected(suite.run()) == (0, 6)
    (suite.folder / "test_c.py").unlink()
    suite.write(test_b=PROJECT["test_b"])
    suite.run()
    assert selected(suite.run()) == (0, 4)


def test_all_runs_everything_and_learns(suite):
    ran = learned(suite).run("--dagz-all")
    assert ran.code == 0 and len(names_of(ran)) == 4, ran
    assert selected(suite.run()) == (0, 4)


def test_what_all_did_not_come_to_is_still_proved(suite):
    ran = learned(suite).run("--dagz-all", "-k", "test_one")
    assert names_of(ran) == {"test_a.py::test_one"}, ran
    assert selected(suite.run()) == (0, 4)


@pytest.mark.parametrize("option", ["--junitxml=report.xml", "--junitxml={elsewhere}/report.xml", "-ocache_dir={elsewhere}/cache"])
def test_what_the_first_run_has_written_of_itself_is_not_looked_at_by_the_second(suite, tmp_path, option):
    option = option.format(elsewhere=tmp_path)
    (suite.folder / "conftest.py").write_text("import pathlib\nassert not pathlib.Path('none').exists()\n")
    learned(suite, option)
    assert selected(suite.run(option)) == (0, 4)
    (suite.folder / "none").write_text("")
    assert suite.run(option).code != 0


# ---- the user's own filters ----


def test_a_named_file_or_test_is_left_out_when_it_is_proved(suite):
    learned(suite)
    for asked, proved in (("test_a.py", 2), ("test_a.py::test_one", 1)):
        ran = suite.run(asked)
        assert ran.code == 0 and not names_of(ran) and selected(ran) == (0, proved), ran


def test_what_a_filter_leaves_out_stays_due(suite):
    learned(suite).write(lib=PROJECT["lib"].replace("return 1", "return 2 - 1").replace("return 2\n", "return 1 + 1\n"))
    ran = suite.run("-k", "test_one")
    assert names_of(ran) == {"test_a.py::test_one"}, ran
    ran = suite.run()
    assert names_of(ran) == {"test_b.py::test_two"} and selected(ran) == (1, 3), ran


def test_one_named_test_of_a_new_tree_leaves_the_others_to_be_run(suite):
    suite.write(**PROJECT)
    assert names_of(suite.run("test_a.py::test_one")) == {"test_a.py::test_one"}
    ran = suite.run()
    assert names_of(ran) >= {"test_a.py::test_plain", "test_b.py::test_two", "test_b.py::test_other"}, ran
    assert selected(suite.run()) == (0, 4)


def test_a_filter_in_the_settings_deselects_for_good(suite):
    (suite.folder / "pytest.ini").write_text("[pytest]\naddopts = -k 'not plain'\n")
    suite.write(**PROJECT)
    assert len(names_of(suite.run())) == 3
    ran = suite.run()
    assert ran.code == 0 and selected(ran) == (0, 3), ran
    assert "is imported" not in ran.out


def test_x_leaves_what_did_not_run_due(suite):
    learned(suite).write(
        lib="def one(): return 0\ndef two(): return 2 + 0\n",
        **{name: PROJECT[name] for name in ("test_a", "test_b")},
    )
    ran = suite.run("-x", "--dagz-workers=1")
    assert ran.code == 1 and names_of(ran) == {"test_a.py::test_one"}, ran
    ran = suite.run("--dagz-workers=1")
    assert names_of(ran) == {"test_a.py::test_one", "test_b.py::test_two"}, ran


# ---- files that are touched ----

TOUCHING = {
    "test_it": """
        import os, pathlib
        page = pathlib.Path("page.html")
        def test_reads(): assert page.read_text()
        def test_touches():
            assert page.read_text()
            os.utime(page, (12345, 67890))
            page.touch()
            assert page.read_text()
        def test_other(): pass
    """
}


def test_a_file_that_tests_only_touch_proves(suite):
    page = suite.folder / "page.html"
    page.write_text("one")
    settle(page)
    suite.write(**TOUCHING)
    assert len(names_of(suite.run())) == 3
    assert selected(suite.run()) == (0, 3)
    page.write_text("two")
    settle(page)
    ran = suite.run()
    assert names_of(ran) == {"test_it.py::test_reads", "test_it.py::test_touches"}, ran
    assert selected(suite.run()) == (0, 3)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers of its system calls")
def test_a_file_that_was_changed_since_the_last_look_and_changed_back_is_not_proved_by_being_touched(suite):
    """test_reads has met something else, which an unobserved hand has taken back before the job has ended."""
    page = suite.folder / "page.html"
    page.write_text("one")
    settle(page)
    suite.write(
        test_it=TOUCHING["test_it"].rstrip()
        + """
        def test_z_is_reverted():
            import ctypes
            if page.read_text() == "two":
                libc = ctypes.CDLL(None)
                file = libc.syscall(2, b"page.html", 1)
                libc.syscall(1, file, b"one", 3)
                libc.syscall(3, file)
    """
    )
    suite.run("--dagz-workers=1")
    suite.run("--dagz-workers=1")
    assert selected(suite.run("--dagz-workers=1")) == (0, 4)
    page.write_text("two")
    settle(page)
    suite.run("--dagz-workers=1")
    assert page.read_text() == "one"
    ran = suite.run("--dagz-workers=1")
    assert names_of(ran) >= {"test_it.py::test_reads", "test_it.py::test_touches"}, ran


# ---- outcomes ----


def test_skips_by_marks_are_proofs_and_those_of_the_moment_are_none(suite):
    suite.write(
        test_it="""
            import pytest, unittest
            @pytest.mark.skip
            def test_mark(): assert 0
            @pytest.mark.skipif("True")
            def test_text(): assert 0
            @pytest.mark.xfail
            def test_xfail(): assert 0
            def test_moment(): pytest.skip("now")
            @pytest.fixture
            def gone(): pytest.skip("now")
            def test_fixture(gone): pass
            class Test(unittest.TestCase):
                @unittest.skip("never")
                def test_unit(self): assert 0
                def test_unit_moment(self): self.skipTest("now")
        """
    )
    assert len(suite.run().cases) == 7
    ran = suite.run()
    assert set(ran.cases) == {"test_moment", "test_fixture", "test_unit_moment"}
    assert ran.code == 0 and selected(ran) == (3, 4), ran


def test_always_is_always(suite):
    suite.write(test_it="import pytest\n@pytest.mark.dagz_always\ndef test_it(): pass\ndef test_other(): pass\n")
    for _ in range(2):
        ran = suite.run("--strict-markers")
        assert ran.code == 0 and "test_it.py::test_it" in names_of(ran), ran
    assert selected(ran) == (1, 1)


def test_declared_inputs_are_inputs(suite):
    (suite.folder / "data").mkdir()
    (suite.folder / "data/one.json").write_text("1")
    suite.write(
        test_it="""
            import pytest
            @pytest.mark.dagz_inputs("data/*.json")
            def test_it(): pass
            def test_other(): pass
        """
    )
    settle(suite.folder / "data/one.json")
    assert len(names_of(suite.run("--strict-markers"))) == 2
    assert selected(suite.run("--strict-markers")) == (0, 2)
    (suite.folder / "data/one.json").write_text("2")
    settle(suite.folder / "data/one.json")
    assert names_of(suite.run("--strict-markers")) == {"test_it.py::test_it"}
    (suite.folder / "data/two.json").write_text("1")
    settle(suite.folder / "data/two.json")
    assert names_of(suite.run("--strict-markers")) == {"test_it.py::test_it"}
    assert selected(suite.run("--strict-markers")) == (0, 2)


def test_what_fails_behind_the_last_test_is_no_proof(suite):
    suite.write(
        test_it="""
            import gc, pytest
            class Late:
                def __del__(self): raise ValueError("late")
            kept = []
            def test_it(): kept.append(Late()); kept[0].me = kept[0]; kept.clear()
        """
    )
    for _ in range(2):
        ran = suite.run("-W", "error")
        assert ran.code == 1 and names_of(ran) == {"test_it.py::test_it"}, ran


# ---- exit codes ----


def test_a_suite_without_tests_is_5_and_one_that_is_proved_is_0(suite):
    assert suite.write(test_none="").run().code == 5
    assert suite.run().code == 5
    suite.write(test_some="def test_it(): pass")
    assert suite.run().code == 0
    assert suite.run().code == 0


def test_a_collection_error_is_told_though_all_else_is_proved(suite):
    learned(suite).write(test_c="import nothing_of_that_name")
    for _ in range(2):
        ran = suite.run()
        assert ran.code == 2 and "nothing_of_that_name" in ran.out, ran
    (suite.folder / "test_c.py").unlink()
    assert selected(suite.run()) == (0, 4)


def test_two_files_of_one_name_are_refused_though_one_is_left_out(suite):
    for name in ("a", "b"):
        (suite.folder / name).mkdir()
    (suite.folder / "a/test_same.py").write_text("def test_it(): pass\n")
    assert suite.run().code == 0
    (suite.folder / "b/test_same.py").write_text("def test_it(): pass\n")
    ran = suite.run()
    assert ran.code == 2 and "import file mismatch" in ran.out, ran


def test_doctests_of_a_file_that_is_left_out_are_left_out(suite):
    suite.write(test_it='def double(n):\n    """\n    >>> double(2)\n    4\n    """\n    return 2 * n\ndef test_it(): pass\n')
    assert len(names_of(suite.run("--doctest-modules"))) == 2
    ran = suite.run("--doctest-modules")
    assert ran.code == 0 and selected(ran) == (0, 2), ran
    path = suite.folder / "test_it.py"
    path.write_text(path.read_text().replace("2 * n", "3 * n"))
    ran = suite.run("--doctest-modules")
    assert ran.code == 1 and "test_it.py::test_it.double" in names_of(ran), ran


DOCUMENTED = """
    LIMIT = 1
    def told():
        \"\"\"
        >>> LIMIT
        1
        \"\"\"
    def other():
        \"\"\"
        >>> 1
        1
        \"\"\"
    class Till:
        \"\"\"
        >>> from lib import two
        >>> two()
        2
        \"\"\"
        def put(self):
            \"\"\"
            >>> import rates
            >>> rates.RATE
            3
            \"\"\"
    __test__ = {"more": ">>> LIMIT\\n1\\n"}
"""


@pytest.mark.parametrize(
    "file, old, new, ran",
    [
        ("shop.py", ">>> LIMIT\n    1", ">>> LIMIT\n    2", {"shop.told"}),
        ("shop.py", "LIMIT = 1", "LIMIT = 2", {"shop.told"}),
        ("shop.py", "from lib import two", "from lib import one as two", {"shop.Till"}),
        ("lib.py", "def two(", "def gone(", {"shop.Till"}),
        ("rates.py", "RATE = 3", "RATE = 4", {"shop.Till.put"}),
        ("told.txt", "3", "4", {"told.txt"}),
        ("rates.py", "RATE = 3", "RATE = 3\nMORE = 4", {"shop.Till.put", "told.txt"}),
    ],
)
def test_a_doctest_depends_on_its_examples_and_on_what_they_read(suite, file, old, new, ran):
    learned(suite).write(shop=DOCUMENTED, rates="RATE = 3\n")
    (suite.folder / "told.txt").write_text(">>> import rates\n>>> rates.RATE\n3\n")
    settle(suite.folder / "told.txt")
    options = ["--doctest-modules", "--doctest-glob=*.txt"]
    assert suite.run(*options).code == 0 and selected(suite.run(*options)) == (0, 10)
    path = suite.folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    names = {name.rpartition("::")[2] for name in names_of(suite.run(*options)) if name.startswith(("shop", "told"))}
    # Whoever spells an item by its module's __test__ depends on all of the file.
    assert names - {"shop.__test__.more"} >= ran and "shop.other" not in names, names


LOOKED_INTO = {
    "look": """
        import inspect
        TABLE = []
        def told(it): return it.__doc__
        def arguments(it): return sorted(inspect.signature(it).parameters), it.__annotations__
        def through(it): return told(it)
        def command(function):
            TABLE.append(function)
            function.help = function.__doc__
            return function
        class Base:
            def __init_subclass__(cls): cls.text = cls.__doc__
    """,
    "shop": """
        from look import Base, command
        def price(amount: int):
            \"\"\"Price.\"\"\"
        @command
        def sell(amount: int):
            \"\"\"Sell.\"\"\"
        class Till(Base):
            \"\"\"Till.\"\"\"
            def put(self, coin: int):
                \"\"\"Put.\"\"\"
        ALL = [price]
        def beside():
            \"\"\"Beside.\"\"\"
    """,
    "test_c": """
        import pytest
        import look, shop
        @pytest.fixture
        def made(): return shop.price
        def test_function(): assert look.told(shop.price) == "Price."
        def test_called_by_another(): assert look.through(shop.price) == "Price."
        def test_fixture(made): assert look.told(made) == "Price."
        def test_table(): assert look.told(shop.ALL[0]) == "Price."
        def test_annotations(): assert look.arguments(shop.price)[1] == {"amount": int}
        def test_method(): assert look.told(shop.Till().put) == "Put."
        def test_decorated(): assert shop.sell.help == "Sell."
        def test_registry(): assert [look.told(each) for each in look.TABLE] == ["Sell."]
        def test_subclass(): assert shop.Till.text == "Till."
        def test_module(): assert look.told(shop) is None
        def test_beside(): assert shop.beside() is None
    """,
}


@pytest.mark.parametrize(
    "old, new, failed",
    [
        ("Price.", "Prices.", "function called_by_another fixture table"),
        ("price(amount: int)", "price(amount: float)", "annotations"),
        ("Put.", "Puts.", "method"),
        ("Sell.", "Sells.", "decorated registry"),
        ("Till.\"", "Tills.\"", "subclass"),
        ("from look", "'Shop.'\n        from look", "module"),
        ("Beside.", "Besides.", ""),
    ],
)
def test_texts_are_read_by_who_gives_something_to_code_that_looks_inside(suite, old, new, failed):
    assert learned(suite).write(**LOOKED_INTO).run().code == 0
    assert not names_of(suite.run())
    assert old in LOOKED_INTO["shop"]
    ran = suite.write(shop=LOOKED_INTO["shop"].replace(old, new)).run()
    assert {name for name, told in ran.outcomes.items() if told == ["failed"]} == {f"test_c.py::test_{name}" for name in failed.split()}
    assert "test_c.py::test_beside" not in names_of(ran), ran


# ---- settings ----


@pytest.mark.parametrize(
    "words",
    ["--dagz-audit=101", "--dagz-audit=some", "--dagz-base=-x", "--dagz-base=", "--dagz-profile=a/b", "--dagz-profile="],
)
def test_a_bad_value_is_a_usage_error(suite, words):
    ran = suite.write(**PROJECT).run(words)
    assert ran.code == 4 and words.partition("=")[0] in ran.out, ran
    assert not names_of(ran)


@pytest.mark.parametrize("options", [["-v"], ["-q"], ["--tb=short"], ["-x"], ["--durations=3"], ["--color=yes"], ["-rA"]])
def test_how_it_is_shown_is_not_in_the_key(suite, options):
    assert selected(learned(suite).run(*options)) == (0, 4)


@pytest.mark.parametrize("options", [["-s"], ["-W", "error"], ["-o", "xfail_strict=1"], ["-p", "no:doctest"]])
def test_what_tests_may_see_is_in_the_key(suite, options):
    ran = learned(suite).run(*options)
    assert ran.code == 0 and len(names_of(ran)) == 4, ran
    assert "no baseline is of these settings" in ran.out


def test_a_run_with_other_options_costs_nothing_of_what_is_known_of_the_usual_ones(suite):
    ran = learned(suite).run("-s", "-k", "test_one")
    assert names_of(ran) == {"test_a.py::test_one"}, ran
    assert selected(suite.run()) == (0, 4)
    assert selected(suite.run("-s", "-k", "test_one")) == (0, 1)


@pytest.mark.parametrize("env", [{"TZ": "Asia/Tokyo"}, {"LC_ALL": "C"}, {"PYTHONHASHSEED": "5"}])
def test_the_environment_that_all_of_python_reads_is_in_the_key(suite, env):
    ran = learned(suite).run(env=env)
    assert ran.code == 0 and len(names_of(ran)) == 4, ran


def test_a_variable_that_nobody_reads_selects_nothing(suite):
    assert selected(learned(suite).run(env={"NOBODY_READS": "this"})) == (0, 4)


def test_a_profile_has_a_baseline_of_its_own(suite):
    ran = learned(suite).run("--dagz-profile=other")
    assert len(names_of(ran)) == 4, ran
    assert selected(suite.run("--dagz-profile=other")) == (0, 4)
    assert selected(suite.run()) == (0, 4)


# ---- audits ----

AUDITED = re.compile(r"^  audit: (\d+) of the proved ran \([\d.]+ % asked, seed [0-9a-f]{8}\), (\d+) missed", re.M)


def audited(ran):
    """How many ran, and how many of them were missed."""
    found = AUDITED.findall(ran.out)
    assert len(found) == 1, ran
    return tuple(map(int, found[0]))


@pytest.fixture
def outside():
    """A value that no job observes: told by a server to whoever connects."""

    class Outside:
        values = ["1"]
        asked = 0

    def serve():
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection:
                    connection.sendall(Outside.values[min(Outside.asked, len(Outside.values) - 1)].encode())
                    Outside.asked += 1

    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, daemon=True).start()
    Outside.port = server.getsockname()[1]
    yield Outside
    server.shutdown(socket.SHUT_RDWR)
    server.close()


def asking(suite, port):
    (suite.folder / "pytest.ini").write_text("[pytest]\n")
    return suite.write(
        **PROJECT,
        test_net=f"""
        import os, socket
        def value():
            with socket.create_connection(("127.0.0.1", {port})) as connection:
                return connection.recv(10).decode()
        def test_asks():
            got = value()
            if got == "dies": os.abort()
            assert got == "1"
    """,
    )


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_an_audit_that_finds_nothing_is_green(suite, start):
    ran = learned(suite).run("--dagz-audit=100", f"--dagz-start={start}")
    assert ran.code == 0 and len(names_of(ran)) == 4 and selected(ran) == (0, 4), ran
    assert audited(ran) == (4, 0) and "MISSED" not in ran.out, ran
    assert selected(suite.run()) == (0, 4)


def test_an_audit_of_nothing_runs_nothing(suite):
    ran = learned(suite).run("--dagz-audit=0")
    assert ran.code == 0 and not names_of(ran) and selected(ran) == (0, 4), ran


def test_a_share_is_audited_and_what_was_selected_anyway_is_not_part_of_it(suite):
    text = "".join(f"def test_{i}(): pass\n" for i in range(200))
    suite.write(**PROJECT, test_many=text).run()
    suite.write(lib=PROJECT["lib"].replace("return 2", "return 3"))
    ran = suite.run("--dagz-audit=50")
    n, missed = audited(ran)
    assert ran.code == 0 and 60 < n < 140 and not missed and selected(ran) == (1, 203), ran
    assert len(names_of(ran)) == n + 1
    assert selected(suite.run()) == (0, 204)


@pytest.mark.parametrize("value", ["2", "dies"])
@pytest.mark.parametrize("options", [[], ["-x"], ["--dagz-workers=1"]])
def test_an_audit_shows_what_was_missed_with_its_proof_and_fails(suite, outside, value, options):
    asking(suite, outside.port).run()
    assert selected(suite.run()) == (0, 5)
    outside.values = [value]
    outside.asked = 0
    ran = suite.run("--dagz-audit=100", *options)
    assert ran.code == 1 and audited(ran)[1] == 1 and outside.asked == 2, ran
    assert ran.outcomes["test_net.py::test_asks"] == ["failed"] and len(ran.cases["test_asks"]) == 1, ran
    assert "  MISSED, as it was proved unaffected and was not: test_net.py::test_asks\n" in ran.out, ran
    assert "  proof of test_net.py::test_asks: by baseline no-git@" in ran.out, ran
    ran = suite.run()
    assert ran.code == 1 and names_of(ran) == {"test_net.py::test_asks"}, ran


def test_an_audit_tells_a_flaky_test_from_a_missed_one(suite, outside):
    asking(suite, outside.port).run()
    outside.values = ["2", "1"]
    outside.asked = 0
    ran = suite.run("--dagz-audit=100", "-x")
    assert ran.code == 0 and audited(ran) == (5, 0) and "1 flaky" in ran.out, ran
    assert ran.outcomes["test_net.py::test_asks"] == ["passed"] and outside.asked == 2, ran
    ran = suite.run()
    assert names_of(ran) == {"test_net.py::test_asks"} and selected(ran) == (1, 4), ran


def test_what_is_skipped_in_an_audit_was_missed_too(suite, outside):
    asking(suite, outside.port)
    suite.write(test_net=(suite.folder / "test_net.py").read_text().replace('assert got == "1"', 'got == "1" or __import__("pytest").skip()'))
    suite.run()
    outside.values = ["2"]
    ran = suite.run("--dagz-audit=100")
    assert ran.code == 1 and audited(ran) == (5, 1) and "MISSED" in ran.out, ran


def test_an_audit_lists_who_depended_on_something_else_and_stays_green(suite, outside):
    asking(suite, outside.port)
    suite.write(test_net=(suite.folder / "test_net.py").read_text().replace('assert got == "1"', 'got == "1" or open("test_a.py").close()'))
    suite.run()
    outside.values = ["2"]
    ran = suite.run("--dagz-audit=100")
    assert ran.code == 0 and audited(ran) == (5, 0), ran
    assert "1 came to the same, and depended on something else" in ran.out, ran
    assert "other dependencies: test_net.py::test_asks" in ran.out, ran


def test_filters_choose_first_in_an_audit_too(suite):
    ran = learned(suite).run("--dagz-audit=100", "-k", "test_one")
    assert ran.code == 0 and names_of(ran) == {"test_a.py::test_one"} and audited(ran) == (1, 0), ran
    assert selected(suite.run()) == (0, 4)


# ---- what goes wrong ----


def kill_who_looks(suite, process, number=signal.SIGKILL):
    """The process that looks for what is proved, if it is met while it does."""
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while process.poll() is None:
        for pid in children.read_text().split():
            with contextlib.suppress(OSError):
                if pathlib.Path(f"/proc/{pid}/comm").read_text() == "dagz-choice\n":
                    os.kill(int(pid), number)
                    return


def damage(suite):
    for path in (suite.folder / ".dagz/baselines").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-9] + b"not at all")


def test_a_damaged_baseline_costs_a_full_run_and_one_line(suite):
    damage(learned(suite))
    ran = suite.run()
    assert ran.code == 0 and len(names_of(ran)) == 4, ran
    assert len(re.findall(r"^.*everything runs.*$", ran.out, re.M)) == 1, ran
    assert selected(suite.run()) == (0, 4)


def test_who_looks_for_what_is_proved_is_waited_for_half_a_minute(suite):
    learned(suite)
    for _ in range(20):
        # With what pytest alone can do, the host does not look first.
        process = suite.start("--cache-clear")
        kill_who_looks(suite, process, signal.SIGSTOP)
        ran = suite.end(process)
        assert ran.code == 0, ran
        if "was not found in 30 s" in ran.out:
            assert len(names_of(ran)) == 4, ran
            break
    else:
        pytest.fail("it was never met")
    assert selected(suite.run()) == (0, 4)


def test_who_looks_for_what_is_proved_may_be_killed(suite):
    learned(suite)
    for _ in range(20):
        process = suite.start("--cache-clear")
        kill_who_looks(suite, process)
        ran = suite.end(process)
        assert ran.code == 0, ran
        if "was killed by SIGKILL" in ran.out:
            assert len(names_of(ran)) == 4, ran
            break
        assert selected(ran) == (0, 4)
    else:
        pytest.fail("it was never met")
    assert selected(suite.run()) == (0, 4)


def test_a_tree_that_cannot_be_written_runs_everything(suite):
    learned(suite)
    state = suite.folder / ".dagz"
    state.rename(suite.folder / "away")
    state.write_text("no folder")
    ran = suite.run()
    assert ran.code == 0 and len(names_of(ran)) == 4 and "nothing is kept" in ran.out, ran
