"""What commits to real projects were: each selected all tests once, and reaches few. Beside each a change that must be seen."""

import pytest
from test_precision import Change
from test_selecting import names_of, selected


@pytest.fixture
def change(suite, once):
    suite.selects = True
    return Change(suite, once)


# ---- words that only look as if they asked for lines or names ----

WORDS = {
    "lib": """
        import words
        # more

        class Context:
            help = "text"
            def __init__(self): self.stack = []
            def push(self, item): self.stack.append(item)
            def eval(self): return self.help

        def used():
            context = Context()
            context.push(1)
            return context.stack, context.eval(), words.globals()
    """,
    "words": "def globals(): return 1\n",
    "test_it": """
        from lib import used
        def test_used(): assert used() == ([1], "text", 1)
        def test_other(): pass
    """,
}


def test_an_attribute_that_is_called_stack_is_nobodys_stack(change):
    change.learn(**WORDS)
    assert change.ran("lib", "# more", "# more, and another line\n\n        MORE = 1") == set()
    assert change.ran("lib", '"text"', '"text" ""') == set()
    assert change.ran("lib", "self.stack = []", "self.stack = [2]", 1) == {"test_used"}


@pytest.mark.parametrize(
    "files",
    [
        {"lib": "import inspect as look\n# more\ndef line(): return look.stack(0)[0].lineno\n"},
        {
            "compat": "from inspect import *\nfrom inspect import stack\n",
            "lib": "from compat import *\n# more\ndef line(): return stack(0)[0].lineno\n",
        },
        {
            "compat": "from inspect import stack\n",
            "lib": "from compat import*\n# more\ndef line(): return stack(0)[0].lineno\n",
        },
    ],
    ids=["renamed", "star", "close_star"],
)  # fmt: skip
def test_by_whatever_name_inspects_stack_is_one(suite, files):
    suite.selects = True
    files = {**files, "test_it": "import lib\ndef test_line(): assert lib.line() == 3\ndef test_other(): pass\n"}
    suite.write(**files).run()
    ran = suite.write(**{**files, "lib": files["lib"].replace("# more", "# more\n")}).run()
    assert ran.code == 1 and names_of(ran) == {"test_it.py::test_line"}, ran


# ---- annotations, and classes whose statements do something ----

CLASS = {
    "lib": """
        import typing as t
        import enum

        class Mark(enum.Enum):
            ONE = 1
            TWO = 2
            @classmethod
            def of(cls, function): return getattr(function, "mark", None)

        def one(function):
            function.mark = Mark.ONE
            return function

        def marked(other):
            def mark(function):
                if Mark.of(other) is not Mark.TWO:
                    function.mark = Mark.TWO
                return function
            return mark

        SEEN = []
        def seen(function):
            SEEN.append(function.__name__)
            return function

        class Thing:
            made = "thing"
            # members
            @one
            def name(self) -> "str": return self.made
            def other(self) -> t.Optional["Thing"]: return None

        Thing.kind = "late"

        @one
        def first(): return Thing.kind
        # more
    """,
    "test_it": """
        import lib
        def test_name(): assert lib.Thing().name() == "thing"
        def test_kind(): assert lib.Thing.kind == "late"
        def test_first(): assert lib.first() == "late"
        def test_mark(): assert lib.Mark.ONE.value == 1
        def test_seen(): assert lib.SEEN == []
        def test_none(): pass
    """,
}


@pytest.mark.parametrize(
    "old, new, ran, code",
    [
        ('-> t.Optional["Thing"]', "-> t.Any", set(), 0),
        ('-> "str"', "-> str", {"test_name"}, 0),
        ("# more", "@one\n        def new(): pass", set(), 0),
        ("# more", "@marked(first)\n        def new(): pass", {"test_first"}, None),
        ("# more", "@seen\n        def new(): pass", {"test_seen"}, 1),
        ("# members", "@seen\n            def new(self): pass", {"test_seen", "test_name", "test_kind", "test_first"}, 1),
        ("# more", "Mark.ONE.more = 1", {"test_mark"}, None),
        ("# more", "Thing.made = 5", {"test_name", "test_kind", "test_first"}, 1),
        ('Thing.kind = "late"', 'Thing.kind = "later"', {"test_name", "test_kind", "test_first"}, 1),
        ('Thing.kind = "late"', 'Thing.kind = first.__name__ if 0 else "late"', {"test_name", "test_kind", "test_first"}, None),
    ],
    ids="annotation of_what_runs decorated by_a_call registers method_registers member attribute  late late_by_call".split(),
)  # fmt: skip
def test_a_new_statement_is_the_business_of_who_reads_what_it_writes(change, old, new, ran, code):
    """A class is more than its members to who has it: all three that read it run where it changes."""
    found = change.learn(**CLASS).ran("lib", old, new, None)
    assert ran == found if code == 0 else ran <= found


@pytest.mark.parametrize(
    "kind, change",
    [("class Registry:", "Registry.all().append(function)"), ("class Flag: pass\n        class Registry(Flag):", "held = Registry.items\n            held.append(function)")],
    ids=["given", "flag"],
)  # fmt: skip
def test_what_a_class_gives_is_changed_by_who_has_it(suite, kind, change):
    suite.selects = True
    files = {
        "reg": f"""
        {kind}
            items = []
            @classmethod
            def all(cls): return cls.items
        def register(function):
            {change}
            return function
        """,
        "lib": "import reg\n# more\n",
        "test_it": """
            import lib, reg
            def test_items(): assert reg.Registry.items == []
            def test_other(): pass
        """,
    }
    suite.write(**files).run()
    ran = suite.write(lib="import reg\n@reg.register\ndef new(): pass\n").run()
    assert ran.code == 1 and names_of(ran) >= {"test_it.py::test_items"}, ran


# ---- what ends an import ----

FAILING = {
    "pkg": "BASE = 1\n",
    "util": """
        import pkg
        LIMIT = pkg.BASE
        def check(value):
            return value
        # util
    """,
    "lib": """
        import util
        # more
        UNREAD = 1
        CHECKED = util.check(2)
        def used() -> "int": return 1
    """,
    "test_it": """
        import lib
        def test_used(): assert lib.used() == 1
    """,
    "test_late": """
        def test_late():
            import lib
            assert lib
    """,
    "test_other": "def test_other(): pass\n",
}


@pytest.mark.parametrize(
    "name, old, new",
    [
        ("lib", "UNREAD = 1", "UNREAD = nowhere"),
        ("lib", "UNREAD = 1", "UNREAD = 'x'.nowhere"),
        ("lib", "UNREAD = 1", "UNREAD = int('x')"),
        ("lib", "UNREAD = 1", "UNREAD = 1 / 0"),
        ("lib", "UNREAD = 1", "UNREAD = {}['key']"),
        ("lib", "UNREAD = 1", "UNREAD, MORE = 1"),
        ("lib", "UNREAD = 1", "for each in 5: pass"),
        ("lib", "UNREAD = 1", "assert not 1"),
        ("lib", "UNREAD = 1", "import nowhere"),
        ("lib", "UNREAD = 1", "from os import nowhere"),
        ("lib", "UNREAD = 1", "UNREAD = used\n        used = 2"),
        ("lib", '-> "int"', "-> nowhere"),
        ("lib", '-> "int"', "-> used"),
        ("lib", "util.check(2)", "util.check(2, 3)"),
        ("util", "return value", "raise ValueError(value)"),
        ("util", "# util", "raise ValueError"),
        ("pkg", "BASE = 1", "BASE: nowhere = 1"),
        ("pkg", "BASE = 1", "BASES = 1"),
    ],
)
def test_what_ends_an_import_ends_it_for_all_who_need_it(change, name, old, new):
    """Nobody reads what the statement gives, or nobody did."""
    change.learn(**FAILING)
    files = {**FAILING, name: FAILING[name].replace(old, new)}
    ran = change.suite.write(**files).run()
    assert ran.code == 2 and "1 error" in ran.out and "ERROR test_it.py" in ran.out, ran
    ran = change.suite.run("--continue-on-collection-errors")
    assert ran.code == 1 and "test_late.py::test_late" in names_of(ran) and "test_other.py::test_other" not in names_of(ran), ran
    assert "ERROR test_it.py" in ran.out, ran


@pytest.mark.parametrize(
    "name, old, new",
    [
        ("lib", "UNREAD = 1", "UNREAD = 5"),
        ("lib", "UNREAD = 1", "UNREAD = 1\n        OTHER = UNREAD"),
        ("lib", "return 1", "return nowhere if 0 else 1"),
        ("util", "# util", "import json"),
        ("util", "# util", "def check_it(value): return nowhere"),
    ],
)
def test_what_cannot_end_an_import_collects_nothing(change, name, old, new):
    change.learn(**FAILING)
    files = {**FAILING, name: FAILING[name].replace(old, new)}
    ran = change.suite.write(**files).run()
    assert ran.code == 0 and "test_other.py::test_other" not in names_of(ran), ran
    assert len(names_of(ran)) <= 1, ran


# ---- imports ----

IMPORTS = {
    "util": """
        import os
        os.environ["UTIL"] = "1"
        def one(): return 1
        def two(): return 2
        def __getattr__(name):
            if name == "three": return globals()["_" + name]
            raise AttributeError(name)
        def _three(): return 3
        # util
    """,
    "lib": """
        from util import one
        # more
        def used(): return one()
    """,
    "test_it": """
        import lib
        def test_used(): assert lib.used() == 1
        def test_other(): pass
    """,
    "test_three": """
        import util
        def test_three(): assert util.three() == 3
    """,
}


def test_one_more_name_of_a_module_imports_nothing_more(change):
    change.learn(**IMPORTS)
    assert change.ran("lib", "# more", "from util import two") == set()
    assert change.ran("util", "# util", "def four(): return 4") == {"test_three"}
    assert change.ran("util", '"_" + name', '"one"', 1) >= {"test_three"}


def test_a_new_import_of_what_reaches_outside_is_everybodys(change):
    change.learn(**IMPORTS, late="import os\nos.environ['LATE'] = '1'\n")
    assert change.ran("lib", "# more", "import late") >= {"test_used", "test_other"}


# ---- behind children ----


def test_who_comes_behind_a_module_that_started_children_is_proved(suite):
    """What those tests have left is not there any more."""
    suite.selects = True
    suite.write(
        lib="CACHE = {}\ndef get(): return CACHE.setdefault('key', 1)\n",
        test_a="""
            import subprocess, sys, lib
            def test_child():
                subprocess.run([sys.executable, "-c", ""], check=True)
                lib.get()
        """,
        test_b="""
            import lib
            def test_get(): assert lib.get() == 1
            def test_none(): pass
        """,
    ).run("--dagz-workers=1")
    ran = suite.run("--dagz-workers=1")
    assert names_of(ran) == {"test_a.py::test_child"}, ran


def test_a_session_fixture_that_takes_its_time_is_not_made_twice(suite):
    suite.selects = True
    suite.write(
        conftest="""
            import time, pathlib, pytest
            @pytest.fixture(scope="session")
            def slow():
                with open("made.txt", "a") as file: file.write("x")
                time.sleep(0.05)
        """,
        test_a="""
            import subprocess, sys
            def test_child(slow): subprocess.run([sys.executable, "-c", ""], check=True)
        """,
        test_b="def test_b(slow): pass\n",
    ).run("--dagz-workers=1")
    assert (suite.folder / "made.txt").read_text() == "x"


# ---- what has gone ----


def test_a_test_file_that_has_gone_is_forgotten(suite):
    suite.selects = True
    suite.write(
        lib="def used(): return 1\n",
        test_a="import lib\ndef test_a(): assert lib.used()\n",
        test_b="import lib\ndef test_b(): assert lib.used()\n",
    ).run()
    (suite.folder / "test_a.py").unlink()
    suite.run()
    assert "nothing to run" in suite.run().out
    ran = suite.write(lib="def used(): return 2\n").run()
    assert names_of(ran) == {"test_b.py::test_b"} and selected(ran) == (1, 0), ran
