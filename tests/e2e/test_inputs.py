"""Inputs of a source, through the real cut: which edits change which."""

import textwrap

import pytest
from now import ABSENT, PROGRAM, PYTHONS, Tree, element, source

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="the program that tells inputs is not built")

MODULE = '''
"""The module's."""
import os
from pkg import plugins
from pkg.base import Base, tool
from . import near

LIMIT = 10
WIDTH = LIMIT * 2


def plain(a, b=LIMIT):
    """What it does."""
    return a + b


class Thing(Base):
    """A thing."""
    size = 3

    def method(self, arg=1):
        return self.size


def set_limit(n):
    global LIMIT
    LIMIT = n


if LIMIT == 10:
    maybe = 1

tool.register(plain)
tool.register(Thing)
'''

NAMES = ["LIMIT", "WIDTH", "plain", "Thing", "maybe", "nobody"]


@pytest.fixture(params=PYTHONS)
def tree(request, tmp_path):
    return Tree(tmp_path, request.param)


def changes(tree, before, after, *inputs):
    """Which of the inputs differ from one text to the other."""
    inputs = inputs or [source("name", "m.py", name) for name in NAMES] + [
        source(kind, "m.py") for kind in ("effects", "shape", "hooks", "whole")
    ]
    tree.write("m.py", textwrap.dedent(before))
    was = tree.prints(*inputs)
    tree.write("m.py", textwrap.dedent(after))
    now = tree.prints(*inputs)
    assert "unknown" not in was + now
    return {i[3] or i[0] for i, old, new in zip(inputs, was, now) if old != new}


EVERYWHERE = {"shape", "whole"}


@pytest.mark.parametrize(
    "edit, expected",
    [
        (lambda text: text, set()),
        (lambda text: text.replace("\n", "  # why\n", 3) + "\n\n", set()),
        (lambda text: text.replace("return a + b", "return a - b"), {"whole"}),
        (lambda text: text.replace("What it does", "What it did"), {"whole"}),
        (lambda text: text.replace("return self.size", "return 4"), {"whole"}),
        (lambda text: text.replace("b=LIMIT", "b=LIMIT + 1"), {"plain"} | EVERYWHERE),
        (lambda text: text.replace("def plain(a, b=LIMIT)", "def plain(a: int, b: int = LIMIT)"), {"whole"}),
        (lambda text: text.replace("LIMIT = 10", "LIMIT = 11"), {"LIMIT"} | EVERYWHERE),
        (lambda text: text.replace("LIMIT * 2", "LIMIT * 3"), {"WIDTH"} | EVERYWHERE),
        # An import that no code reads may be of a fixture; a base may look into the class.
        (lambda text: text.replace("size = 3", "size = 4"), {"Thing", "effects"} | EVERYWHERE),
        (lambda text: text.replace("(Base)", ""), {"Thing", "effects", "hooks"} | EVERYWHERE),
        # A method's default is its header's, and of the class it is no part.
        (lambda text: text.replace("arg=1", "arg=2"), EVERYWHERE),
        (lambda text: text.replace("maybe = 1", "maybe = 2"), {"maybe"} | EVERYWHERE),
        (lambda text: text.replace("maybe = 1", "maybe = nobody = 1"), {"maybe", "nobody"} | EVERYWHERE),
        (lambda text: text.replace("    global LIMIT\n", ""), {"LIMIT", "whole"}),
        (lambda text: text.replace("    LIMIT = n", "    LIMIT = n + 1"), {"LIMIT", "whole"}),
        (lambda text: text + "LIMIT = 12\n", {"LIMIT"} | EVERYWHERE),
        (lambda text: text + "del WIDTH\n", {"WIDTH"} | EVERYWHERE),
        (lambda text: text + "def another(): pass\n", EVERYWHERE),
        (lambda text: text.replace("import os", "import functools, os"), EVERYWHERE),
        (lambda text: text.replace("import Base, tool", "import tool, Base"), EVERYWHERE),
        (lambda text: text.replace("from pkg import plugins\n", ""), {"effects", "hooks"} | EVERYWHERE),
        (lambda text: text.replace("from . import near", "from .. import near"), {"effects", "hooks"} | EVERYWHERE),
        # What a call is given it may change.
        (lambda text: text.replace("tool.register(plain)\n", ""), {"plain", "effects"} | EVERYWHERE),
        (
            lambda text: text.replace(
                "tool.register(plain)\ntool.register(Thing)", "tool.register(Thing)\ntool.register(plain)"
            ),
            {"effects"} | EVERYWHERE,
        ),
    ],
)
def test_an_edit_changes_what_it_should_and_nothing_else(tree, edit, expected):
    assert changes(tree, MODULE, edit(MODULE)) == expected


def test_a_function_that_is_moved_is_the_same(tree):
    mover = 'def set_limit(n):\n    global LIMIT\n    LIMIT = n\n\n\n'
    moved = MODULE.replace(mover, "").replace("class Thing", mover + "class Thing")
    assert changes(tree, MODULE, moved) == EVERYWHERE


def test_what_is_not_there_is_absent(tree):
    tree.write("m.py", MODULE)
    assert tree.prints(
        source("name", "m.py", "nobody"),
        source("name", "gone.py", "LIMIT"),
        element("m.py", "function", "nobody"),
        element("m.py", "function", "plain", 2),
        source("whole", "gone.py"),
    ) == [ABSENT] * 5
    assert ABSENT not in tree.prints(element("m.py", "function", "plain"), source("name", "m.py", "plain"))


def test_what_python_refuses_is_not_known(tree):
    tree.write("m.py", "def f(:\n")
    assert tree.prints(source("name", "m.py", "f"), source("whole", "m.py")) == ["unknown"] * 2


# ---- what only pytest reads ----

TESTS = '''
import pytest
from pytest import fixture as f
from pkg import helper
from fixtures import imported

once = pytest.fixture(scope="module")
pytestmark = pytest.mark.slow


@pytest.fixture(params=[1, 2])
def number(request):
    return request.param


@f
def letter():
    return "a"


@once
def opened():
    return open("x")


class TestThings:
    color = "red"

    @pytest.fixture(autouse=True)
    def ready(self):
        yield 1

    def test_color(self):
        assert self.color


def setup_module():
    helper()


def pytest_configure(config):
    pass


@pytest.mark.usefixtures("letter")
def test_it(number, size=1):
    assert helper(number)
'''


@pytest.mark.parametrize(
    "edit, is_changed",
    [
        (lambda text: text.replace("helper()\n", "helper(1)\n"), False),
        (lambda text: text.replace("size=1", "size=2"), False),
        (lambda text: text.replace("slow", "fast"), True),
        (lambda text: text.replace("pytestmark = pytest.mark.slow\n", ""), True),
        (lambda text: text.replace("params=[1, 2]", "params=[1, 3]"), True),
        (lambda text: text.replace("return request.param", "return 7"), False),
        (lambda text: text.replace("@f\ndef letter()", "@f\ndef letter(number)"), True),
        (lambda text: text.replace("def opened()", "def opened(number)"), True),
        (lambda text: text.replace('scope="module"', 'scope="session"'), True),
        (lambda text: text.replace("autouse=True", "autouse=False"), True),
        (lambda text: text.replace("def ready(self)", "def ready(self, number)"), True),
        (lambda text: text.replace('"red"', '"blue"'), False),
        (lambda text: text.replace("def setup_module()", "def setup_modules()"), True),
        (lambda text: text.replace("(config)", "()"), True),
        (lambda text: text.replace('usefixtures("letter")', 'usefixtures("number")'), False),
        (lambda text: text.replace("import helper", "import helper, other"), True),
        (lambda text: text.replace("import helper", "import helper, other") + "other()\n", False),
        (lambda text: text.replace("import imported", "import *"), True),
        (lambda text: text + "def test_more(): pass\n", False),
        (lambda text: text + "collect_ignore = []\n", True),
        (lambda text: text + "def helper(): pass\n", False),
        (lambda text: text.replace("import pytest\n", "import os\nimport pytest\nfrom shutil import rmtree\n"), False),
    ],
)
def test_hooks_are_what_pytest_finds_by_name(tree, edit, is_changed):
    assert edit(TESTS) != TESTS
    assert changes(tree, TESTS, edit(TESTS), source("hooks", "m.py")) == ({"hooks"} if is_changed else set())


def test_fixtures_that_change_places_are_the_same_hooks(tree):
    at, end = TESTS.index("@f\n"), TESTS.index("@once\n")
    moved = TESTS[:at] + TESTS[end:] + TESTS[at:end]
    assert changes(tree, TESTS, moved, source("hooks", "m.py")) == set()


def test_a_module_without_hooks_has_none(tree):
    tree.write("m.py", "def f(): pass\n")
    assert tree.prints(source("hooks", "m.py")) == [ABSENT]
