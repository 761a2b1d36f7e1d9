"""What the everyday commit costs: a test or a fixture that is added runs itself, and whoever may tell that it is there."""

import hashlib
import json
import shutil

import pytest
from conftest import Suite
from test_selecting import names_of, selected


@pytest.fixture
def suite(suite):
    suite.selects = True
    return suite


def short(ran):
    return {name.partition("::")[2] for name in names_of(ran)}


class Change:
    """A project that has learnt, and what runs when one text in it is put in the place of another."""

    def __init__(self, suite, once):
        self.suite, self.once = suite, once

    def learn(self, **files):
        """Learnt once, and copied for each change."""
        self.files = files
        there = [path for path in self.suite.folder.rglob("*") if path.is_file()]
        others = {str(path.relative_to(self.suite.folder)): path.read_text() for path in there}
        name = hashlib.sha256(json.dumps([files, others], sort_keys=True).encode()).hexdigest()[:16]

        def make(folder):
            suite = Suite(shutil.copytree(self.suite.folder, folder / "suite"))
            suite.selects = True
            ran = suite.write(**files).run()
            assert ran.code == 0 and names_of(ran), ran
            again = suite.run()
            assert selected(again)[0] == 0, again
            return suite.folder

        shutil.copytree(self.once(f"learnt-{name}", make), self.suite.folder, dirs_exist_ok=True)
        return self

    def ran(self, name, old, new, code=0):
        assert self.files[name].count(old) == 1
        ran = self.suite.write(**{name: self.files[name].replace(old, new)}).run()
        assert code is None or ran.code == code, ran
        return short(ran)


@pytest.fixture
def change(suite, once):
    return Change(suite, once)


# ---- tests of a class ----

CLASSES = {
    "base": """
        class Base:
            expected = 1
            def test_of_base(self): assert self.expected < 5
            def test_other_of_base(self): pass
    """,
    "test_it": """
        import unittest
        import pytest
        from base import Base

        class TestIt:
            size = 1
            def setup_method(self): self.made = self.make()
            @pytest.fixture
            def thing(self): return self.made
            def make(self): return 2
            def test_one(self): assert self.made == 2
            def test_two(self, thing): assert thing == self.make()
            # more

        class TestOuter:
            width = 1
            def test_out(self): pass
            class TestInner:
                def test_within(self): pass

        class TestUnit(unittest.TestCase):
            def setUp(self): self.made = 1
            def test_unit(self): self.assertEqual(self.made, 1)
            def test_unit_too(self): pass
            # unit

        class TestHeir(Base):
            limit = 5
            def test_own(self): pass
            # heir

        class TestHeirOfHeir(TestHeir):
            pass
            # last

        def test_alone(): pass
        # end
    """,
}
HEIRS = {f"{heir}::{name}" for heir in ("TestHeir", "TestHeirOfHeir") for name in ("test_own", "test_of_base", "test_other_of_base")}


@pytest.mark.parametrize(
    "old, new, ran",
    [
        ("# more", "def test_new(self): pass", {"TestIt::test_new"}),
        ("# more", "@pytest.mark.parametrize('x', [1, 2])\n            def test_new(self, x): pass",
         {"TestIt::test_new[1]", "TestIt::test_new[2]"}),
        ("def test_within(self): pass", "def test_within(self): pass\n                def test_new(self): pass",
         {"TestOuter::TestInner::test_new"}),
        ("# unit", "def test_new(self): pass", {"TestUnit::test_new"}),
        ("# end", "def test_new(): pass", {"test_new"}),
        ("def test_one(self)", "def test_renamed(self)", {"TestIt::test_renamed"}),
        ("            def test_one(self): assert self.made == 2\n", "", set()),
        ("self.made == 2", "2 == self.made", {"TestIt::test_one"}),
        # Whoever runs methods of the class.
        ("width = 1", "width = 2", {"TestOuter::test_out", "TestOuter::TestInner::test_within"}),
        ("size = 1", "size = 2", {"TestIt::test_one", "TestIt::test_two"}),
        ("# more", "def teardown_method(self): pass", {"TestIt::test_one", "TestIt::test_two"}),
        ("# unit", "def tearDown(self): pass", {"TestUnit::test_unit", "TestUnit::test_unit_too"}),
    ],
    ids="method parametrized inner unit function renamed removed body outer attribute teardown tearDown".split(),
)  # fmt: skip
def test_a_test_of_a_class_is_not_the_others_business(change, old, new, ran):
    assert change.learn(**CLASSES).ran("test_it", old, new) == ran


@pytest.mark.parametrize(
    "old, new, ran",
    [
        # What is inherited, until it is not.
        ("# heir", "def test_of_base(self): assert 1", {"TestHeir::test_of_base", "TestHeirOfHeir::test_of_base"}),
        ("pass\n            # last", "def test_of_base(self): assert 1", {"TestHeirOfHeir::test_of_base"}),
        ("limit = 5", "expected = 2", HEIRS),
        ("pass\n            # last", "expected = 3", {name for name in HEIRS if "HeirOf" in name}),
    ],
    ids="overridden overridden-below attribute attribute-below".split(),
)  # fmt: skip
def test_who_inherits_a_test_is_told_what_comes_between(change, old, new, ran):
    assert change.learn(**CLASSES).ran("test_it", old, new) >= ran


@pytest.mark.parametrize(
    "old, new, ran",
    [
        ("# end", "def test_alone(): assert 1", {"test_alone"}),
        ("# end", "test_alone = lambda: None", {"test_alone"}),
        ("# end", "class TestUnit(unittest.TestCase):\n            def test_unit(self): assert 1", {"TestUnit::test_unit"}),
        ("# end", "TestUnit.setUp = lambda self: setattr(self, 'made', 1)", {"TestUnit::test_unit", "TestUnit::test_unit_too"}),
        ("# more", "def test_one(self): assert 1", {"TestIt::test_one"}),
        ("# more", "test_one = test_two", {"TestIt::test_one"}),
        ("# more", "if size:\n                def test_one(self): assert 1", {"TestIt::test_one"}),
    ],
    ids="function lambda class changed method assigned branch".split(),
)  # fmt: skip
def test_what_stands_for_a_test_may_become_another(change, old, new, ran):
    assert change.learn(**CLASSES).ran("test_it", old, new) >= ran


SKIPPED = """
    import pytest
    import unittest
    # test_alone
    def test_alone(): pass
    # TestIt
    class TestIt:
        # test_one
        def test_one(self): pass
        def test_two(self): pass
    # TestUnit
    class TestUnit(unittest.TestCase):
        # test_unit
        def test_unit(self): pass
        def test_unit_too(self): pass
"""


@pytest.mark.parametrize(
    "where, ran",
    [
        ("test_alone", {"test_alone"}),
        ("TestIt", {"TestIt::test_one", "TestIt::test_two"}),
        ("test_one", {"TestIt::test_one"}),
        ("TestUnit", {"TestUnit::test_unit", "TestUnit::test_unit_too"}),
        ("test_unit", {"TestUnit::test_unit"}),
    ],
)
@pytest.mark.parametrize("mark", ["@pytest.mark.skip", "@pytest.mark.skipif('True')"], ids=["skip", "skipif"])
def test_a_test_whose_skip_is_taken_away_runs(change, where, ran, mark):
    change.learn(test_it=SKIPPED.replace(f"# {where}\n", f"{mark}\n"))
    assert change.ran("test_it", mark, "# none") == ran


def test_a_statement_that_comes_is_seen_by_who_reads_what_it_changes(change):
    change.learn(
        lib="""
            class Thing:
                size = 1
            LIST = [1]
            def get(): return 1
            # end
        """,
        test_it="""
            import lib
            def test_class(): assert lib.Thing.size
            def test_list(): assert lib.LIST
            def test_function(): assert lib.get()
            def test_alone(): pass
        """,
    )
    assert change.ran("lib", "# end", "Thing.size = 2; LIST.append(2)") == {"test_class", "test_list"}


# Code of a test that may tell which others there are: what is put where, and whether it does.
TELLS = {
    "calls": ("self.test_helper() if hasattr(self, 'x') else None", "def test_helper(self): pass", True),
    "calls_one_that_is_not_there": ("getattr(self, 'test_' + 'new', None)", "def test_new(self): pass", True),
    "lists": ("dir(self)", "def test_new(self): pass", True),
    "lists_the_class": ("assert len([name for name in vars(type(self)) if name[:4] == 'test'])", "def test_new(self): pass", True),
    "lists_by_name": ("vars(TestIt)", "def test_new(self): pass", True),
    "gives_away": ("count(self)", "def test_new(self): pass", True),
    "has_a_request": ("count(request.instance)", "def test_new(self): pass", True),
    "evals": ("eval('self.test_new() if 0 else 1')", "def test_new(self): pass", True),
    "looks_elsewhere": ("getattr(request, 'node')", "def test_new(self): pass", False),
    "calls_no_such": ("str(self.size)", "def test_new(self): pass", False),
    "calls_another": ("self.test_helper if 0 else 1", "def test_new(self): pass", False),
}


@pytest.mark.parametrize("kind", TELLS)
@pytest.mark.parametrize("where", ["test", "helper", "setup", "fixture"])
def test_who_may_tell_which_tests_there_are_depends_on_it(change, kind, where):
    code, new, tells = TELLS[kind]
    code = code.replace("request.instance", "self") if where != "fixture" else code
    if where != "fixture":
        code = code.replace("getattr(request, 'node')", "getattr(object, 'node', 1)")
    body = {"test": "pass", "helper": "self.help()", "setup": "pass", "fixture": "pass"}
    text = """
        import pytest
        def count(obj): return len(dir(obj))
        class TestIt:
            size = 1
            def help(self): HELP
            def setup_method(self): SETUP
            @pytest.fixture(autouse=True)
            def around(self, request): FIXTURE
            def test_it(self): TEST
            # more
        class TestOther:
            def test_other(self): pass
    """
    texts = {"HELP": "pass", "SETUP": "pass", "FIXTURE": "pass", "TEST": body[where]}
    texts[{"test": "TEST", "helper": "HELP", "setup": "SETUP", "fixture": "FIXTURE"}[where]] = code
    for word, put in texts.items():
        text = text.replace(word, put)
    name = new.partition("(")[0].removeprefix("def ")
    ran = change.learn(test_it=text).ran("test_it", "# more", new)
    assert ran == {f"TestIt::{name}"} | ({"TestIt::test_it"} if tells else set())


def test_helpers_that_are_named_as_tests_are_followed(change):
    change.learn(
        test_it="""
            class TestIt:
                def test_helper(self, n=1): return n
                def test_it(self): assert self.test_helper() == 1
                def test_alone(self): pass
        """
    )
    assert change.ran("test_it", "return n", "return n + 0") == {"TestIt::test_helper", "TestIt::test_it"}
    assert change.ran("test_it", "n=1", "n=2", code=1) >= {"TestIt::test_it"}


def test_a_metaclass_of_the_project_knows_all_tests(change):
    change.learn(
        meta="""
            class Meta(type):
                def __new__(meta, name, bases, space):
                    space["names"] = [key for key in space if key.startswith("test")]
                    return super().__new__(meta, name, bases, space)
            class Base(metaclass=Meta): pass
        """,
        test_it="""
            from meta import Base
            class TestIt(Base):
                def test_it(self): assert len(self.names) < 3
                # more
            def test_alone(): pass
        """,
    )
    assert change.ran("test_it", "# more", "def test_new(self): pass") == {"TestIt::test_it", "TestIt::test_new"}


def test_a_decorator_of_a_class_knows_all_tests(change):
    change.learn(
        test_it="""
            def listed(cls):
                cls.names = [key for key in vars(cls) if key.startswith("test")]
                return cls
            @listed
            class TestIt:
                def test_it(self): assert len(self.names) < 3
                # more
            def test_alone(): pass
        """
    )
    # What the decorator may have changed beside the class is not known of the new statement.
    assert change.ran("test_it", "# more", "def test_new(self): pass") >= {"TestIt::test_it", "TestIt::test_new"}


def test_other_names_of_tests_are_all_of_the_class(change):
    (change.suite.folder / "pytest.ini").write_text("[pytest]\npython_functions = check_* test\n")
    change.learn(test_it="class TestIt:\n    def check_it(self): pass\n    # more\ndef check_alone(): pass\n")
    assert change.ran("test_it", "# more", "def check_new(self): pass") == {"TestIt::check_it", "TestIt::check_new"}


# ---- fixtures ----

FIXTURES = {
    "conftest": """
        import pytest

        @pytest.fixture(scope="session")
        def base(settings): return settings
        @pytest.fixture(scope="session")
        def settings(): return 1
        @pytest.fixture
        def dynamic(request): return request.getfixturevalue("sett" + "ings")
        @pytest.fixture
        def maybe(request):
            try:
                return request.getfixturevalue("may" + "be_not")
            except pytest.FixtureLookupError:
                return None
        @pytest.fixture(scope="session")
        def wide(request): return request.getfixturevalue("sett" + "ings")
        @pytest.fixture
        def unused(): return 1
        # more
    """,
    "test_it": """
        import pytest

        @pytest.fixture
        def own(): return 2
        def test_base(base): assert base == 1
        def test_own(own): assert own == 2
        def test_dynamic(dynamic): assert dynamic == 1
        def test_maybe(maybe): assert not maybe
        def test_wide(wide): assert wide == 1
        @pytest.mark.usefixtures("settings")
        def test_used(): pass
        def test_asks(request): request.getfixturevalue("settings")
        def test_none(): pass
        class TestIt:
            @pytest.fixture
            def here(self): return 3
            def test_here(self, here): assert here == 3
            def test_not(self): pass
        # more
    """,
    "test_other": """
        def test_base(base): assert base == 1
        def test_none(): pass
    """,
}
SETTINGS = {"test_base", "test_dynamic", "test_wide", "test_used", "test_asks"}
ALL = SETTINGS | {"test_own", "test_maybe", "test_none", "TestIt::test_here", "TestIt::test_not"}


@pytest.mark.parametrize(
    "name, old, new, ran",
    [
        ("conftest", "# more", "@pytest.fixture\n        def new(): pass", set()),
        ("conftest", "# more", "@pytest.fixture(scope='session', params=[1])\n        def new(request): pass", set()),
        ("test_it", "# more", "@pytest.fixture\n        def new(): pass", set()),
        ("conftest", "def unused", "def renamed", set()),
        ("conftest", "        @pytest.fixture\n        def unused(): return 1\n", "", set()),
        ("conftest", "return settings", "return settings + 0", {"test_base"}),
        ("conftest", "@pytest.fixture(scope=\"session\")\n        def settings(): return 1", "@pytest.fixture(scope='package')\n        def settings(): return 1",
         SETTINGS),
        # One that comes before another of its name.
        ("test_it", "# more", "@pytest.fixture(scope='session')\n        def settings(): return 1", SETTINGS),
        ("test_it", "# more", "@pytest.fixture\n        def own(): return 2", {"test_own"}),
        ("test_it", "# more", "own = 1", {"test_own"}),
        ("conftest", "# more", "@pytest.fixture\n        def own(): return 3", {"test_own"}),
        ("conftest", "# more", "@pytest.fixture\n        def maybe_not(): return 0", {"test_maybe"}),
        ("conftest", "# more", "@pytest.fixture\n        def here(): return 0", {"TestIt::test_here"}),
        # Whom all have.
        ("test_it", "# more", "@pytest.fixture(autouse=True)\n        def new(): pass", ALL),
        ("conftest", "# more", "@pytest.fixture(autouse=1)\n        def new(): pass", ALL),
        ("conftest", "# more", "def pytest_runtest_setup(item): pass", ALL),
        ("test_it", "# more", "pytestmark = pytest.mark.usefixtures('unused')", ALL),
        ("test_it", "# more", "def setup_function(): pass", ALL),
        ("conftest", "# more", "@pytest.fixture(name='anything')\n        def new(): pass", ALL),
        ("conftest", "# more", "def wrap(f): return f\n        @wrap\n        @pytest.fixture\n        def new(): pass", ALL),
    ],
    ids="new new-session new-in-file renamed removed body scope overrides again shadowed wider asked of-class autouse-file "
    "autouse hook mark setup name wrapped".split(),
)  # fmt: skip
def test_a_fixture_is_the_business_of_who_asks_for_it(change, name, old, new, ran):
    got = change.learn(**FIXTURES).ran(name, old, new, code=None)
    assert got - {"test_base"} == ran - {"test_base"} and ("test_base" in got) >= ("test_base" in ran)


@pytest.mark.parametrize("name", ["settings", "base"])
def test_a_fixture_that_a_nearer_conftest_takes_over(change, name):
    folder = change.suite.folder / "sub"
    folder.mkdir()
    conftest = folder / "conftest.py"
    conftest.write_text("import pytest\n@pytest.fixture\ndef other(): pass\n")
    (folder / "test_sub.py").write_text("def test_sub(base): pass\ndef test_none(): pass\n")
    change.learn(**FIXTURES)
    conftest.write_text(f"import pytest\n@pytest.fixture(scope='session')\ndef {name}(): return 1\n")
    # It may have been set up below for all.
    assert short(change.suite.run()) in ({"test_sub"}, {"test_sub", "test_base"})
