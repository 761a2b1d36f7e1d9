"""Parametrized tests: which values are the same as before, and which test runs where one is another."""

import importlib.util
import itertools
import textwrap
import types

import pytest
from behaviours import settle
from conftest import CHECKOUT
from test_precision import short
from test_selecting import names_of, selected


@pytest.fixture
def suite(suite):
    suite.selects = True
    return suite


class Change:
    """A project that has learnt, and what runs when one text in it is put in the place of another."""

    def __init__(self, suite):
        self.suite = suite

    def learn(self, **files):
        self.files = files
        ran = self.suite.write(**files).run()
        assert ran.code == 0 and names_of(ran), ran
        assert selected(self.suite.run())[0] == 0
        return self

    def ran(self, name, old, new, code=0):
        assert self.files[name].count(old) == 1
        ran = self.suite.write(**{name: self.files[name].replace(old, new)}).run()
        assert code is None or ran.code == code, ran
        return short(ran)


@pytest.fixture
def change(suite):
    return Change(suite)


# ---- what is the same value ----

LIB = """
    import dataclasses
    import enum
    import functools
    import typing

    class Colour(enum.Enum):
        RED = 1
        BLUE = 2
        GREEN = 2.5

    class Bits(enum.Flag):
        ONE = 1
        TWO = 2

    class Text(str):
        pass

    class Plain:
        def __init__(self, value):
            self.value = value

    class Point(typing.NamedTuple):
        x: int
        y: int

    @dataclasses.dataclass
    class Box:
        value: object

    class Maker:
        @staticmethod
        def make():
            return 1
        @classmethod
        def of(cls):
            return cls
        class Inner:
            pass

    def twice(number):
        return 2 * number

    def thrice(number):
        return 3 * number

    def closure():
        def inner():
            pass
        return inner

    shared = [1]
    SENTINEL = object()
"""

HEAD = """
    import datetime, decimal, functools, math, pathlib, re, uuid
    import pytest
    import lib
    from lib import *
"""
FUNCTION = """
    @pytest.mark.parametrize("value", [VALUE, OTHER], ids=["a", "b"])
    def test_NUMBER(value):
        pass
"""


def functions(values, other="'other'"):
    """A test of each value, and of another one."""
    texts = [FUNCTION.replace("VALUE", value).replace("OTHER", other).replace("NUMBER", str(n)) for n, value in enumerate(values)]
    return "".join([HEAD, *texts])

# The id stays, the value is another one.
OTHERS = [
    ("1", "2"), ("1", "True"), ("1", "1.0"), ("0", "False"), ("0.0", "-0.0"), ("1.5", "complex(1.5)"), ("'1'", "b'1'"),
    ("b'1'", "bytearray(b'1')"), ("(1,)", "[1]"), ("[1, 2]", "[2, 1]"), ("[[1], 2]", "[[1, 2]]"), ("{1}", "frozenset({1})"),
    ("{1: 2}", "{1: 3}"), ("{'a': 1, 'b': 2}", "{'b': 2, 'a': 1}"), ("None", "..."), ("'a', ''", "'', 'a'"), ("math.nan", "math.inf"),
    ("10 ** 5000", "10 ** 5000 + 1"), ("'\\udc80'", "'\\udc81'"), ("Colour.RED", "Colour.BLUE"), ("Bits.ONE", "Bits.TWO"), ("twice", "thrice"),
    ("len", "abs"), ("str.upper", "str.lower"), ("Maker.make", "Maker"), ("Maker", "Maker.Inner"), ("Maker.of", "Maker.make"),
    ("int", "bool"), ("math", "re"), ("lib", "re"), ("[shared, shared]", "[[1], [1]]"), ("re.compile('a')", "re.compile('a', re.I)"),
    ("re.compile('a')", "re.compile(b'a')"), ("range(3)", "range(4)"), ("slice(1)", "slice(2)"), ("decimal.Decimal('1.0')", "decimal.Decimal('1.00')"),
    ("datetime.date(2024, 1, 1)", "datetime.date(2024, 1, 2)"), ("datetime.time(1, fold=0)", "datetime.time(1, fold=1)"),
    ("pathlib.Path('a')", "pathlib.PurePosixPath('a')"), ("pathlib.Path('a')", "'a'"), ("uuid.UUID(int=1)", "uuid.UUID(int=2)"),
    ("Point(1, 2)", "Point(2, 1)"), ("Point(1, 2)", "(1, 2)"), ("Box(1)", "Box(2)"), ("Box([1])", "Box((1,))"), ("Box(1)", "{'value': 1}"),
    ("list[int]", "list[str]"), ("functools.partial(twice, 1)", "functools.partial(twice, 2)"),
    ("pytest.param(1)", "pytest.param(2)"), ("pytest.param(1)", "pytest.param(1, marks=pytest.mark.xfail)"),
    ("pytest.param(1, marks=pytest.mark.xfail)", "pytest.param(1, marks=pytest.mark.xfail(strict=True, reason='x'))"),
    ("pytest.param(1, marks=[pytest.mark.one(1)])", "pytest.param(1, marks=[pytest.mark.one(2)])"),
    ("pytest.param(1, marks=[pytest.mark.one(a=1)])", "pytest.param(1, marks=[pytest.mark.one(a=2)])"),
]  # fmt: skip
OTHERS = [pair for pair in OTHERS if "', '" not in pair[0]]


@pytest.fixture(scope="module")
def glue():
    spec = importlib.util.spec_from_file_location("parameters", CHECKOUT / "pyglue/parameters.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def values(monkeypatch):
    """Makes a value of its text, each time anew."""
    lib = types.ModuleType("lib")
    monkeypatch.setitem(__import__("sys").modules, "lib", lib)
    exec(textwrap.dedent(LIB), vars(lib))
    names = {**vars(lib), "lib": lib, "pytest": pytest}
    exec(textwrap.dedent(HEAD).replace("from lib import *", ""), names)
    return lambda text: eval(text, dict(names))


def form_of(glue, value):
    form = glue.Form()
    form.put(value)
    return form


MORE = [
    "[]", "()", "{}", "set()", "frozenset()", "''", "b''", "bytearray()", "[[]]", "[[], []]", "[()]", "([],)", "-1", "10 ** 40", "1e300",
    "1j", "-1j", "complex(0.0, -0.0)", "complex(0.0, 0.0)", "math.nan", "math.inf", "NotImplemented", "'[]'", "'1;'", "['1', ';']", "['1;']",
    "{'a': {}}", "{'a': []}", "[1, [2, 3]]", "[[1, 2], 3]", "[1, 2, 3]", "{1, 2}", "{(1, 2)}", "{1, (2,)}", "datetime.datetime(2024, 1, 1)",
    "datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)", "datetime.timedelta(1)", "Box(Box(1))", "Point([], [])", "Colour",
    "Colour.GREEN", "Box", "Point", "sum", "float", "ValueError", "pathlib", "functools.partial(twice)", "slice(None)", "range(0)",
]  # fmt: skip


def test_forms_are_equal_where_values_are_and_nowhere_else(glue, values):
    texts = {text for pair in OTHERS for text in pair if not text.startswith("pytest.param")} | set(MORE)
    texts -= {"Bits.TWO", "Maker.of"}
    forms = {text: form_of(glue, values(text)) for text in texts}
    for text, form in forms.items():
        again = form_of(glue, values(text))
        assert again.digest() == form.digest() and again.names == form.names, text
    for (one, form), (other, its) in itertools.combinations(forms.items(), 2):
        assert form.digest() != its.digest(), (one, other)


def test_a_sequence_of_marks_has_the_forms_of_all_of_them(glue):
    """What is made on the way is not taken for what was made before in its place."""
    def form(*numbers):
        return form_of(glue, [pytest.mark.one(number, a=[number], b={"c": number}).mark for number in numbers]).digest()

    forms = {form(*numbers) for numbers in itertools.product(range(3), repeat=3)}
    assert len(forms) == 27


@pytest.mark.parametrize("text", ["[[1] * 200_000]", "list(range(200_000))", "Plain(1)", "(n for n in ())", "type('X', (), {})", "lambda: 1", "Text('a')",
                                  "SENTINEL", "Bits.ONE | Bits.TWO", "closure()", "type('I', (int,), {})(1)", "memoryview(b'')", "re.match('', '')"])  # fmt: skip
def test_what_cannot_be_told_or_is_too_much_has_no_form(glue, values, text):
    with pytest.raises(glue.Untold):
        form_of(glue, values(text))


def test_what_holds_itself_or_is_too_deep_has_no_endless_form(glue):
    ring = []
    ring.append(ring)
    assert form_of(glue, ring).digest() != form_of(glue, [[]]).digest()
    deep = []
    for _ in range(1000):
        deep = [deep]
    with pytest.raises(glue.Untold):
        form_of(glue, deep)


def test_no_code_of_users_runs_for_a_form(glue):
    class Meta(type):
        def __eq__(cls, other):
            raise AssertionError
        def __hash__(cls):
            raise AssertionError
        def __getattribute__(cls, name):
            raise AssertionError

    class Wary(metaclass=Meta):
        def __getattribute__(self, name):
            raise AssertionError
        __class__ = property(__getattribute__)
        __repr__ = __hash__ = __eq__ = __iter__ = __getattribute__

    for value in (Wary(), [Wary()], Wary):
        with pytest.raises(glue.Untold):
            form_of(glue, value)


@pytest.fixture
def ini(suite):
    (suite.folder / "pytest.ini").write_text("[pytest]\npythonpath = .\nmarkers = one\n")


def test_another_value_behind_the_same_id_runs(change, ini):
    change.learn(lib=LIB, test_it=functions(old for old, _ in OTHERS))
    change.suite.write(test_it=functions(new for _, new in OTHERS))
    ran = short(change.suite.run())
    assert ran == {f"test_{number}[a]" for number in range(len(OTHERS))}


# Whether these are the same nobody can tell, and each id of the function runs.
UNTOLD = ["Plain(1)", "Text('a')", "lambda: 1", "closure()", "iter([1])", "SENTINEL", "Bits.ONE | Bits.TWO", "[Plain(1)]",
          "pytest.param(1, marks=pytest.mark.one(Plain(1)))", "'a'.upper", "Plain(1).__init__", "functools.partial(closure())"]  # fmt: skip


def test_where_a_value_cannot_be_told_from_others_each_id_runs(change, ini):
    change.learn(lib=LIB, test_it=functions(UNTOLD))
    change.suite.write(test_it=functions(UNTOLD, "'another'"))
    assert short(change.suite.run()) == {f"test_{number}[{name}]" for number in range(len(UNTOLD)) for name in "ab"}


def test_spelled_in_another_way_it_is_the_same_value(change, ini):
    change.learn(lib=LIB, test_it=functions(["(1, 'a', [2.0, {'x': None}])", "{1, 'b', (2,)}", "Colour.RED"]))
    change.suite.write(test_it=functions(["(2 - 1, chr(97), [4 / 2, dict(x=None)])", "{(2,), 'b', 1}", "lib.Colour(1)"]))
    assert short(change.suite.run()) == set()
    ran = change.suite.run()
    assert selected(ran) == (0, 6) and "pytest was not started" in ran.out


# ---- where values come from ----

SOURCES = {
    "constant": ("CASES = [1, 2]", "CASES = [1, 3]"),
    "call": ("def make(): return [1, 2]\nCASES = make()", "def make(): return [1, 3]\nCASES = make()"),
    "comprehension": ("CASES = [n for n in (1, 2)]", "CASES = [n for n in (1, 3)]"),
    "loop": ("CASES = [1]\nfor n in (2,):\n    CASES.append(n)", "CASES = [1]\nfor n in (3,):\n    CASES.append(n)"),
}
USERS = {
    "name": "@pytest.mark.parametrize('value', CASES, ids=['a', 'b'])",
    "attribute": "@pytest.mark.parametrize('value', cases.CASES, ids=['a', 'b'])",
    "keyword": "@pytest.mark.parametrize(argnames=['value'], argvalues=[(n,) for n in CASES], ids=['a', 'b'])",
    "ids": "@pytest.mark.parametrize('value', CASES, ids=lambda n: 'ab'[CASES.index(n)])",
    "under": "@pytest.mark.parametrize('value', CASES, ids=['a', 'b'])\n@pytest.mark.filterwarnings('ignore')",
}


def test_of_values_that_are_made_elsewhere_only_another_one_runs(change):
    files = {f"cases_{source}": old for source, (old, _) in SOURCES.items()}
    for source in SOURCES:
        for user, mark in USERS.items():
            head = f"import pytest\nimport cases_{source} as cases\nfrom cases_{source} import CASES\nAGAIN = CASES\n"
            files[f"test_{source}_{user}"] = f"{head}{mark}\ndef test_{source}_{user}(value): assert value\ndef test_plain(): pass\n"
    change.learn(**files)
    change.suite.write(**{f"cases_{source}": new for source, (_, new) in SOURCES.items()})
    assert short(change.suite.run()) == {f"test_{source}_{user}[b]" for source in SOURCES for user in USERS}


def test_who_reads_the_list_itself_runs(change):
    change.learn(
        test_it="""
            import pytest
            CASES = [1, 2]
            @pytest.mark.parametrize("value", CASES)
            def test_it(value): assert value in CASES
            @pytest.mark.parametrize("value", CASES)
            def test_other(value): pass
        """
    )
    assert change.ran("test_it", "[1, 2]", "[1, 2, 3]") == {"test_it[1]", "test_it[2]", "test_it[3]", "test_other[3]"}


def test_of_a_folder_that_is_listed_only_the_new_file_runs(change):
    data = change.suite.folder / "data"
    data.mkdir()

    def ran():
        settle(change.suite.folder)
        return short(change.suite.run())

    for name in ("one", "two"):
        (data / name).write_text(name)
    settle(change.suite.folder)
    change.learn(
        test_it="""
            import os, pytest
            HERE = os.path.dirname(os.path.abspath(__file__))
            @pytest.mark.parametrize("name", sorted(os.listdir(HERE + "/data")))
            def test_it(name): assert open(os.path.join(os.path.dirname(__file__), "data", name)).read()
            def test_plain(): pass
        """
    )
    (data / "three").write_text("three")
    assert ran() == {"test_it[three]"}
    (data / "one").write_text("two")
    assert ran() == {"test_it[one]"}
    (data / "two").unlink()
    assert ran() == set()


def test_what_a_value_names_is_what_its_test_depends_on(change):
    change.learn(
        lib="""
            import enum
            class Colour(enum.Enum):
                RED = 1
                BLUE = 2
                def shade(self): return 1
            class Shape:
                size = 1
            def twice(n): return 2 * n
            def unused(n=1): return n
        """,
        test_it="""
            import pytest
            from lib import Colour, Shape, twice, unused
            @pytest.mark.parametrize("made", [twice, 1], ids=["a", "b"])
            def test_function(made): assert made == 1 or made(1)
            @pytest.mark.parametrize("made", [Colour.RED, 1], ids=["a", "b"])
            def test_member(made): assert made == 1 or made.shade()
            @pytest.mark.parametrize("made", [Shape, 1], ids=["a", "b"])
            def test_class(made): assert getattr(made, "size", 1)
            @pytest.mark.parametrize("made", [unused, 1], ids=["a", "b"])
            def test_header(made): pass
        """,
    )
    assert change.ran("lib", "return 2 * n", "return 3 * n") == {"test_function[a]"}
    change.files["lib"] = change.files["lib"].replace("return 2 * n", "return 3 * n")
    assert change.ran("lib", "def shade(self): return 1", "def shade(self): return 2") == {"test_member[a]"}
    change.files["lib"] = change.files["lib"].replace("shade(self): return 1", "shade(self): return 2")
    assert change.ran("lib", "size = 1", "size = 2") == {"test_class[a]"}
    change.files["lib"] = change.files["lib"].replace("size = 1", "size = 2")
    assert change.ran("lib", "unused(n=1)", "unused(n=2)") == {"test_header[a]"}


@pytest.mark.skipif(not hasattr(pytest, "HIDDEN_PARAM"), reason="since pytest 8.4")
def test_one_that_gets_parameters_without_another_id_runs(change):
    files = {
        "conftest": """
            import pytest
            @pytest.fixture
            def value(): return 0
            def pytest_generate_tests(metafunc):
                if "value" in metafunc.fixturenames:
                    PARAMETRIZE
        """,
        "test_it": "def test_it(value): assert value == 0\ndef test_plain(): pass\n",
    }
    hidden = 'metafunc.parametrize("value", [1], ids=[pytest.HIDDEN_PARAM])'
    files["conftest"] = files["conftest"].replace("PARAMETRIZE", "pass")
    change.learn(**files)
    assert change.ran("conftest", "pass", hidden, code=1) == {"test_it"}


def test_of_values_that_a_hook_finds_only_another_one_runs(change):
    files = {
        "lib": "def cases(): return [1, 2]\n",
        "conftest": """
            import lib
            def pytest_generate_tests(metafunc):
                if "value" in metafunc.fixturenames:
                    metafunc.parametrize("value", lib.cases(), ids=["a", "b"])
        """,
        "test_it": "def test_it(value): pass\ndef test_plain(): pass\n",
    }
    change.learn(**files)
    assert change.ran("lib", "[1, 2]", "[1, 3]") == {"test_it[b]"}


HOOKS = [
    "metafunc.config.shop = 1", "metafunc.definition.add_marker('slow')", "setattr(metafunc.config, 'shop', 1)",
    "metafunc.fixturenames.append('more')",
]  # fmt: skip


@pytest.mark.parametrize("does", HOOKS)
def test_a_hook_that_does_more_than_to_find_values_reaches_all(change, does):
    change.learn(
        conftest=f"""
            import pytest
            @pytest.fixture
            def more(): pass
            def pytest_generate_tests(metafunc):
                if "value" in metafunc.fixturenames:
                    metafunc.parametrize("value", [1, 2])
                    {does}
        """,
        test_it="def test_it(value): pass\n",
    )
    assert change.ran("conftest", "[1, 2]", "[1, 2, 3]") == {"test_it[1]", "test_it[2]", "test_it[3]"}


# ---- what else a parametrization says ----

REST = """
    import pytest
    @pytest.fixture
    def value(request): return getattr(request, "param", 0)
    @pytest.fixture(params=[1, 2], ids=str)
    def number(request): return request.param
    @pytest.mark.parametrize("value", [1, 2])
    def test_it(value): pass
    def test_number(number): pass
    def test_plain(): pass
"""


REACHES = [
    ('"value", [1, 2])', '"value", [1, 2], indirect=True)', "test_it[1] test_it[2]"),
    ('"value", [1, 2])', '"value", [1, 2], scope="module")', "test_it[1] test_it[2]"),
    ("(value): pass", "(value, number): pass", "test_it[1-1] test_it[1-2] test_it[2-1] test_it[2-2]"),
    ("test_it(value)", "test_it(value, _=1)", "test_it[1] test_it[2]"),
    ('@pytest.mark.parametrize("value"', '@pytest.mark.one\n    @pytest.mark.parametrize("value"', "test_it[1] test_it[2]"),
    ('"value", [1, 2])', '"value", [1, 2], ids=["a", "b"])', "test_it[a] test_it[b]"),
    ("params=[1, 2]", "params=[1, 3]", "test_number[3]"),
    ("params=[1, 2], ids=str", "params=[1, 3], ids=['1', '2']", "test_number[2]"),
    ("params=[1, 2]", 'params=[1, 2], scope="module"', "test_number[1] test_number[2]"),
    ("return request.param", "return request.param + 1", "test_number[1] test_number[2]"),
]  # fmt: skip


def test_all_else_of_a_header_reaches_each_id(change, ini):
    change.learn(**{f"test_{number}": REST for number in range(len(REACHES))})
    for number, (old, new, _) in enumerate(REACHES):
        assert REST.count(old) == 1, old
        change.suite.write(**{f"test_{number}": REST.replace(old, new)})
    expected = {f"test_{number}.py::{name}" for number, (_, _, ran) in enumerate(REACHES) for name in ran.split()}
    assert names_of(change.suite.run()) == expected


ASKS = [
    "request.node.callspec.indices", "list(request.node.iter_markers())", "request.node.own_markers", "test_ask.pytestmark",
    'request.node.get_closest_marker("parametrize")', 'request.node.keywords["parametrize"]',
]  # fmt: skip


def test_who_asks_for_more_than_its_own_values_runs_for_each_of_them(change):
    text = """
        import pytest
        @pytest.fixture
        def place(request): return request.param_index
        @pytest.fixture
        def own(request): return request.node.callspec.indices
        @pytest.mark.parametrize("given", [1, 2])
        def test_other(given): pass
        @pytest.mark.parametrize("given", [1, 2])
        def test_asks_by_fixture(given, own): pass
        @pytest.mark.parametrize("place", [1, 2], indirect=True)
        def test_has_a_place(place): pass
    """
    for number, asks in enumerate(ASKS):
        asks = asks.replace("test_ask", f"test_{number}")
        text += f"""
        @pytest.mark.parametrize("given", [1, 2])
        def test_{number}(given, request): {asks}
    """
    change.learn(test_it=text)
    change.suite.write(test_it=text.replace("[1, 2]", "[0, 1, 2]"))
    asking = ["asks_by_fixture", "has_a_place", *range(len(ASKS))]
    assert short(change.suite.run()) == {"test_other[0]", *(f"test_{name}[{given}]" for name in asking for given in range(3))}


DECORATED = """
    import functools, pytest
    def counted(function):
        @functools.wraps(function)
        def inner(value):
            assert len(function.pytestmark[0].args[1]) == 2
        return inner
    @counted
    @pytest.mark.parametrize("value", [1, 2])
    def test_it(value): pass
"""


def test_what_decorates_on_top_of_the_list_may_look_at_it(change):
    change.learn(test_it=DECORATED)
    assert change.ran("test_it", "[1, 2]", "[1, 2, 3]", code=1) == {"test_it[1]", "test_it[2]", "test_it[3]"}


# ---- what tests do to values ----


def test_a_value_that_an_earlier_test_has_changed_proves_nothing(change):
    files = {
        "test_it": """
            import pytest
            @pytest.mark.parametrize("other", [1, 2])
            @pytest.mark.parametrize("value", [[0], [1]])
            def test_it(value, other): value.append(other)
            @pytest.mark.parametrize("value", [[0], [1]])
            def test_other(value): value.append(1)
        """
    }
    change.suite.write(**files).run("--dagz-workers=1")
    ran = change.suite.run("--dagz-workers=1")
    assert short(ran) == {"test_it[value0-2]", "test_it[value1-2]"}, ran
    assert "an earlier test has changed its parameters" in ran.out


# ---- from job to job ----

TWO = """
    import pytest
    @pytest.mark.parametrize("value", [1, 2], ids=["a", "b"])
    def test_it(value): pass
    def test_plain(): pass
"""


def test_when_it_has_been_seen_that_values_are_the_same_nothing_is_collected(change):
    change.learn(test_it=TWO)
    assert change.suite.write(test_it=TWO.replace('2], ids=["a", "b"]', '2, 3], ids=["a", "b", "c"]')).run().code == 0
    ran = change.suite.run()
    assert selected(ran) == (0, 4) and "pytest was not started" in ran.out, ran


def test_a_record_is_of_the_values_that_it_ran_with(change):
    """A part of the file is collected with another value; then the value is what it was when all was."""
    change.learn(test_it=TWO)
    new = TWO.replace("[1, 2]", "[3, 2]")
    ran = change.suite.write(test_it=new).run("test_it.py::test_it[a]")
    assert short(ran) == {"test_it[a]"}
    ran = change.suite.write(test_it=TWO).run()
    assert short(ran) == {"test_it[a]"}, ran
    assert selected(change.suite.run()) == (0, 3)


def test_a_job_that_was_cut_off_leaves_what_has_another_value_due(change):
    change.learn(test_it=TWO, test_before="def test_before(): pass")
    change.suite.write(test_it=TWO.replace("[1, 2]", "[3, 2]"), test_before="def test_before(): assert 0")
    assert short(change.suite.run("-x", "--dagz-workers=1")) == {"test_before"}
    change.suite.write(test_before="def test_before(): pass")
    assert short(change.suite.run()) == {"test_before", "test_it[a]"}


def test_an_audit_is_of_what_is_proved_with_its_values(change):
    change.learn(test_it=TWO.replace("(value): pass", "(value): assert value < 3"))
    change.suite.write(test_it=TWO.replace("(value): pass", "(value): assert value < 3").replace("[1, 2]", "[3, 2]"))
    ran = change.suite.run("--dagz-audit=100")
    assert names_of(ran) == {"test_it.py::test_it[a]", "test_it.py::test_it[b]", "test_it.py::test_plain"}, ran
    assert "audit: 2 of the proved ran" in ran.out and "0 missed" in ran.out and ran.code == 1, ran


def test_with_all_asked_for_all_run(change):
    change.learn(test_it=TWO)
    change.suite.write(test_it=TWO.replace("[1, 2]", "[1, 3]"))
    assert len(names_of(change.suite.run("--dagz-all"))) == 3


def test_workers_that_collect_for_themselves_take_the_list_for_the_values(change):
    change.learn(test_it=TWO)
    change.suite.write(test_it=TWO.replace("[1, 2]", "[1, 3]"))
    ran = change.suite.run("--dagz-start=spawn")
    assert ran.code == 0 and short(ran) == {"test_it[a]", "test_it[b]"}, ran
    assert selected(change.suite.run("--dagz-start=spawn")) == (0, 3)
