"""`dagz sheet`: a source cut into elements. What does not change the program leaves every fingerprint as it was; what
does, changes the elements that it should, and no other."""

import ast
import json
import os
import pathlib
import subprocess
import sys
import textwrap

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
DAGZ = pathlib.Path(os.environ.get("DAGZ_EXECUTABLE") or TOP / "build/dagz-python").absolute().with_name("dagz")
PYTHONS = [python for python in os.environ.get("DAGZ_TEST_PYTHONS", "").split(":") if python] or [sys.executable]

BASE = '''
"""The module's."""
import os
from pkg import helper, other as alias
from lib import *

LIMIT = 10
NAMES = ["a", "b"]
WIDTH: int = LIMIT * 2


def plain(a, b=LIMIT, *rest: int) -> str:
    """What it does."""
    def inner(x):
        return x + a
    return inner(b)


@helper.decorate("x")
async def decorated(x):
    return await x


class Thing(helper.Base):
    """A thing."""
    size: int = 3
    color = "red"

    def method(self, arg=1):
        return self.size

    @property
    def value(self):
        return 1

    @value.setter
    def value(self, v):
        self.v = v


for number in (lambda: 1)():
    pass
first = lambda x: x + 1
helper.register(plain)
helper.register(Thing)
'''


def environ(python, state):
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("DAGZ", "PYTHON"))}
    return {**clean, "DAGZ_PYTHON": str(python), "DAGZ_DIR": str(state)}


def dagz(python, state, *arguments):
    return subprocess.run(
        [DAGZ, "sheet", *arguments], env=environ(python, state), capture_output=True, text=True, timeout=120
    )


@pytest.fixture(params=PYTHONS)
def python(request):
    return request.param


@pytest.fixture
def cut(python, tmp_path):
    """The sheet of a text, as --json has it."""
    state = tmp_path / "state"
    state.mkdir()

    def cut(text, name="m.py"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        answer = dagz(python, state, path, "--json")
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout)

    cut.state = state
    cut.python = python
    return cut


def prints(sheet):
    return {
        (element["kind"], element["id"].partition("::")[2]): element["fingerprint"] for element in sheet["elements"]
    }


def changed(before, after):
    """Names of elements that came, went or changed; the module's own has all that is in it."""
    before, after = prints(before), prints(after)
    return {
        f"{kind} {name.removesuffix('#1')}"
        for kind, name in before.keys() | after.keys()
        if kind != "module" and before.get((kind, name)) != after.get((kind, name))
    }


def element(sheet, kind, name):
    (found,) = [e for e in sheet["elements"] if e["kind"] == kind and e["id"].endswith(f"::{name}")]
    return found


def reads(element):
    return {read["name"] for read in element["reads"]}


# ---- what does not count ----


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: "#!/usr/bin/python\n# -*- coding: utf-8 -*-\n" + text,
        lambda text: text.replace("LIMIT = 10", "LIMIT = 10  # as many as there are"),
        lambda text: text.replace("\n", "\n\n"),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace('"a", "b"', "'a',\n    'b',\n"),
        lambda text: text.replace("return x + a", "return (x + (a))"),
        lambda text: text.replace("LIMIT = 10", "LIMIT = 0xA"),
        lambda text: text.replace('"red"', 'u"re" "d"'),
        lambda text: text.replace("    ", "  "),
        lambda text: text.replace("import os\n", "import os; pass\n"),
        lambda text: text.replace("from pkg import helper, other as alias", "from pkg import other as alias, helper"),
        lambda text: text.replace("self, arg=1", "\n        self,\n        arg=1,\n    "),
        lambda text: text.replace("\n\n", "\n\f\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("return self.size", "\\\n  return \\\n  self.size"),
        lambda text: text.rstrip("\n"),
        lambda text: text.replace("def inner(x):\n        return x + a", "def inner(x): return x + a"),
        lambda text: text.replace("    ", "\t"),
        lambda text: text.replace('"red"', 'f"red"').replace('f"red"', "r'red'"),
    ],
    ids="shebang comment blank newlines quotes parentheses number kind indent pass imports commas feeds returns mark "
    "backslash end line tabs raw".split(),
)
def test_layout_does_not_count(cut, edit):
    assert changed(cut(BASE), cut(edit(BASE))) == set()


def test_a_function_that_is_moved_is_the_same(cut):
    start, end = BASE.index("@helper.decorate"), BASE.index("class Thing")
    moved = BASE[:start] + BASE[end:] + BASE[start:end]
    assert changed(cut(BASE), cut(moved)) == set()


# ---- what counts, and for whom ----


@pytest.mark.parametrize(
    "old, new, expected",
    [
        ("return inner(b)", "return inner(a)", {"function plain"}),
        ("return x + a", "return x - a", {"function plain"}),
        ("b=LIMIT", "b=NAMES", {"header plain", "binding plain"}),
        ("*rest: int", "*rest: str", {"annotation plain"}),
        ("-> str", "-> int", {"annotation plain"}),
        ("What it does.", "What it did.", {"docstring plain"}),
        ("The module's.", "The module.", {"docstring <module>"}),
        ('decorate("x")', 'decorate("y")', {"header decorated", "effect decorated"}),
        ("return await x", "return 1", {"function decorated"}),
        ("LIMIT = 10", "LIMIT = 11", {"binding LIMIT"}),
        ("LIMIT * 2", "LIMIT * 3", {"binding WIDTH"}),
        ("WIDTH: int", "WIDTH: str", {"annotation <module>"}),
        ('color = "red"', 'color = "blue"', {"class Thing", "effect Thing"}),
        ("size: int", "size: float", {"annotation Thing"}),
        ("size: int = 3", "size: int = 4", {"class Thing", "effect Thing"}),
        ("size: int", "(size): int", {"annotation Thing"}),
        ("A thing.", "The thing.", {"docstring Thing"}),
        ("helper.Base", "alias.Base", {"header Thing", "class Thing", "effect Thing"}),
        ("return self.size", "return self.color", {"function Thing.method"}),
        ("arg=1", "arg=2", {"header Thing.method"}),
        ("self.v = v", "self.w = v", {"function Thing.value#2"}),
        ("    @property\n", "    @helper\n", {"header Thing.value", "class Thing", "effect Thing"}),
        ("def method", "def renamed", {"class Thing", "effect Thing"}
            | {f"{kind} Thing.{name}" for kind in ("function", "header") for name in ("method", "renamed")}),
        ("lambda x: x + 1", "lambda x: x + 2", {"function <lambda>#2"}),
        ("lambda x: x + 1", "lambda y: x + 1", {"function <lambda>#2"}),
        ("other as alias", "another as alias", {"binding alias"}),
        ("import os\n", "import os\nimport sys\n", {"binding sys"}),
        ("from lib import *", "from lib2 import *", {"binding <lib.*>", "binding <lib2.*>"}),
        ("helper.register(Thing)\n", "", {"effect <helper.register>#2"}),
        ("async def decorated(x):\n    return await x", "def decorated(x):\n    return x",
            {"header decorated", "effect decorated", "function decorated"}),
        ("return inner(b)", "yield inner(b)", {"header plain", "binding plain", "function plain"}),
        ("return inner(b)", "yield from inner(b)", {"header plain", "binding plain", "function plain"}),
        ("return x + a", "yield x + a", {"function plain"}),
        ("return x + a", "return (lambda: (yield x))", {"function plain"}),
        ("return await x", "yield x", {"header decorated", "effect decorated", "function decorated"}),
        ("return self.size", "yield self.size",
            {"header Thing.method", "function Thing.method", "class Thing", "effect Thing"}),
        ("lambda x: x + 1", "lambda x: (yield x)", {"function <lambda>#2", "binding first"}),
    ],
)  # fmt: skip
def test_an_edit_changes_its_elements_only(cut, old, new, expected):
    assert old in BASE
    assert changed(cut(BASE), cut(BASE.replace(old, new, 1))) == expected


def test_effects_that_are_swapped_are_changed(cut):
    lines = BASE.strip("\n").split("\n")
    lines[-1], lines[-2] = lines[-2], lines[-1]
    assert changed(cut(BASE), cut("\n".join(lines))) == {"effect <helper.register>", "effect <helper.register>#2"}


def test_the_order_of_bindings_counts_for_who_reads_them(cut):
    before = cut("X = 1\nY = X\nX = 2\n")
    after = cut("X = 1\nX = 2\nY = X\n")
    assert changed(before, after) == {"binding Y"}


def test_future_annotations_change_all_and_other_futures_nothing(cut):
    before, after = cut("def f(): pass\n"), cut("from __future__ import annotations\ndef f(): pass\n")
    assert {"function f", "header f", "binding f"} <= changed(before, after)
    assert changed(before, cut("from __future__ import division\ndef f(): pass\n")) == {"binding division"}


def test_text_of_a_debugging_f_string_counts(cut):
    before, after = cut("y = 1\nx = f'{y = }'\n"), cut("y = 1\nx = f'{y=}'\n")
    assert changed(before, after) == {"binding x"}


def test_a_generator_whose_body_changes_is_a_generator_still(cut):
    before, after = "async def f():\n yield 1\ndef g():\n yield 1\n", "async def f():\n yield 2\ndef g():\n yield from h\n"
    assert changed(cut(before), cut(after)) == {"function f", "function g"}


# ---- names ----


def test_equal_names_are_numbered(cut):
    sheet = cut(
        """
        if helper:
            def f(): return 1
        else:
            def f(): return 2
        class A:
            @property
            def p(self): return 1
            @p.setter
            def p(self, v): pass
        def _(): pass
        def _(): return 1
        """.replace("\n        ", "\n")
    )
    names = {e["id"].partition("::")[2] for e in sheet["elements"] if e["kind"] == "function"}
    assert names == {"f#1", "f#2", "A.p#1", "A.p#2", "_#1", "_#2"}
    assert sheet["elements"][element(sheet, "function", "A.p#2")["owner"]]["qualname"] == "A"


def test_ids_are_never_given_twice(cut, python):
    paths = library(python)[:30]
    cut_all(python, cut.state, paths)
    for path in paths:
        answer = dagz(python, cut.state, path, "--json")
        elements = json.loads(answer.stdout)["elements"]
        ids = [(e["kind"] in ("binding", "effect"), e["kind"], e["id"]) for e in elements]
        assert len(ids) == len(set(ids)), path


@pytest.mark.parametrize(
    "text, expected",
    [
        ("def f(x): return x + g(y)", {"g", "y"}),
        ("def f():\n x = 1\n def g(): return x + z\n return g", {"z"}),
        ("def f():\n global x\n x = 1\n def g(): return x", {"x"}),
        ("def f():\n x = 1\n def g():\n  global x\n  return x", {"x"}),
        ("def f(): return [x for x in x]", {"x"}),
        ("def f(): return [x for y in z for x in y]", {"z"}),
        ("def f(): return (y := 1) + y", set()),
        ("def f(): return [y := v for v in w] + [y]", {"w"}),
        ("def f():\n class A:\n  x = 1\n  def g(self): return x", {"x"}),
        ("def f():\n try: pass\n except E as e: return e", {"E"}),
        ("def f():\n import a.b\n return a.b.c", set()),
        ("def f():\n for i, (j, *k) in m: print(i, j, k)", {"m", "print"}),
        ("def f():\n with o as (p, q): return p", {"o"}),
        ("def f():\n n += 1", set()),
        ("def f():\n match s:\n  case [a, *b] | {'k': a, **b} if a: return b\n  case C.D: pass", {"s", "C.D"}),
        ("def f(): return a.b.c(d.e)[g].h", {"a.b.c", "d.e", "g"}),
        ("def f():\n x: y = 1\n return x", {"y"}),
        ("def f():\n del x", set()),
        ("def f(*a, b, **c): return a, b, c", set()),
        ("def f(): return lambda q, r=s: q + r", {"s"}),
    ],
)
def test_global_names_are_read(cut, text, expected):
    assert reads(element(cut(text), "function", "f#1")) == expected


@pytest.mark.parametrize(
    "body, name, mode",
    [
        ("n += 1", "n", {"augmented"}),
        ("n += 1\n n = 2", "n", {"augmented"}),
        ("n += n", "n", {"augmented", "value"}),
        ("n += 1\n return n", "n", {"augmented", "value"}),
        ("n += 1\n n()", "n", {"augmented", "called"}),
        ("n[0] += 1", "n", {"value", "item"}),
        ("m.n += 1", "m.n", {"augmented", "stored"}),
        ("m.n += m.n", "m.n", {"augmented", "stored", "value"}),
        ("m.n = 1", "m.n", {"stored"}),
        ("del m.n", "m.n", {"stored"}),
        ("m.n.o += 1\n m.n()", "m.n", {"called"}),
    ],
)
def test_a_count_is_told_from_a_read(cut, body, name, mode):
    sheet = cut(f"def f():\n global n\n {body}\n")
    (read,) = [read for read in element(sheet, "function", "f#1")["reads"] if read["name"] == name]
    assert set(read["mode"]) == mode


@pytest.mark.parametrize(
    "body, expected",
    [
        ("self.n += 1", {"n": {"augmented", "stored"}}),
        ("self.n += self.n", {"n": {"augmented", "stored", "value"}}),
        ("self.n = 1", {"n": {"stored"}}),
        ("self.n[0] = 1", {"n": {"value", "item"}}),
        ("return self.n", {"n": {"value"}}),
        ("self.n()", {"n": {"called"}}),
        ("self.m.n += 1", {"m": {"value"}, "n": {"augmented", "stored"}}),
        ("g().m.n += 1", {"m": {"value"}, "n": {"augmented", "stored"}}),
        ("g().n += 1\n return g().n", {"n": {"augmented", "stored", "value"}}),
        ("g().m.n()", {"m": {"value"}, "n": {"called"}}),
        ("import a.b", {"a": {"value"}, "b": {"value"}}),
    ],
)
def test_attributes_of_what_is_no_global_say_how_they_are_used(cut, body, expected):
    sheet = cut(f"def f(self):\n {body}\n")
    assert {a["name"]: set(a["mode"]) for a in element(sheet, "function", "f#1")["attributes"]} == expected


def test_private_names_are_told_as_they_are_at_run_time(cut):
    sheet = cut("""
class _A:
    __n = 0
    def __f(self, x=_A.__n): _A.__n += __g(self.__m, self.__o__, "__p", __import__(x))
    class B:
        def f(self): return self.__m
def f(): return _A.__n, _A._A__n, __g
class __:
    __n = 0
""")
    assert {b["name"] for b in element(sheet, "class", "_A#1")["binds"]} == {"_A__n", "_A__f", "B"}
    method = element(sheet, "function", "_A.__f#1")
    assert reads(method) == {"_A._A__n", "_A__g", "__import__"}
    assert {a["name"] for a in method["attributes"]} == {"_A__m", "__o__"}
    assert method["words"] == ["__p"]
    assert [a["name"] for a in element(sheet, "function", "_A.B.f#1")["attributes"]] == ["_B__m"]
    assert reads(element(sheet, "function", "f#1")) == {"_A.__n", "_A._A__n", "__g"}
    assert {b["name"] for b in element(sheet, "class", "__#1")["binds"]} == {"__n"}


def test_a_function_tells_the_globals_that_it_writes(cut):
    sheet = cut("def f():\n global x, y\n x = 1\n import y\n z = 2\n")
    assert {bind["name"] for bind in element(sheet, "function", "f#1")["binds"]} == {"x", "y"}


def test_strings_that_name_something_are_read(cut):
    sheet = cut(
        'def f():\n    g("pkg.mod:attr", "a + b[c]", "not a name", "%s", "data/in.txt", "etc", "x" * 3, "http://a/b")\n'
    )
    found = element(sheet, "function", "f#1")
    assert {"pkg.mod.attr", "a", "b", "c", "etc", "x"} <= set(found["words"])
    assert not {"not", "name"} & set(found["words"])
    assert found["paths"] == ["data/in.txt"]


def test_annotations_that_are_strings_are_read(cut):
    sheet = cut('def f(a: "pkg.T", b: "List[X]"): pass\n')
    assert reads(element(sheet, "annotation", "f#1")) == {"pkg.T", "List", "X"}


def test_doctests_are_read(cut):
    sheet = cut('def f():\n    """\n    >>> from m import x\n    >>> x.y(z)\n    """\n')
    assert {"m.x", "x.y", "z"} <= set(element(sheet, "docstring", "f#1")["words"])


def test_imports_are_told_in_order(cut):
    sheet = cut(
        "import a.b\nfrom . import c as d\ntry:\n  from ..e import *\nexcept ImportError: pass\n"
        "def f():\n  from g import h\nif TYPE_CHECKING:\n  import i\nimport os.path\nfrom .os import j\n"
    )
    rows = [(i["module"], i["name"], i["bound"], i["level"], set(i["flags"])) for i in sheet["imports"]]
    assert rows == [
        ("a.b", None, "a", 0, set()),
        ("", "c", "d", 1, {"from"}),
        ("e", None, None, 2, {"from", "star", "maybe"}),
        ("g", "h", "h", 0, {"from"}),
        ("i", None, "i", 0, {"typing", "maybe"}),
        ("os.path", None, "os", 0, {"standard"}),
        ("os", "j", "j", 1, {"from"}),
    ]
    assert sheet["elements"][sheet["imports"][3]["element"]]["qualname"] == "f"


@pytest.mark.parametrize(
    "text, kind",
    [
        ("x = 1", "binding"),
        ("x = [f for f in 'abc']", "binding"),
        ("import re\nx = re.compile('a')", "binding"),
        ("from re import compile as c\nx = c('a')", "binding"),
        ("import re\nre.compile = 1\nx = 1", "binding"),
        ("x = y()", "effect"),
        ("x = y + 1", "effect"),
        ("Y = 1\nx = Y + 1", "binding"),
        ("x = ' '.join(['a'])", "binding"),
        ("len = y\nx = len([])", "effect"),
        ("def x(): y()", "binding"),
        ("@y\ndef x(): pass", "effect"),
        ("import functools\n@functools.lru_cache(maxsize=3)\ndef x(): pass", "binding"),
        ("import functools\n@functools.lru_cache(maxsize=y())\ndef x(): pass", "effect"),
        ("import pytest\n@pytest.mark.skip\ndef x(): pass", "binding"),
        ("def x(a=y()): pass", "effect"),
        ("class x: pass", "binding"),
        ("class x(Exception): pass", "binding"),
        ("class x(y): pass", "effect"),
        ("class x(metaclass=y): pass", "effect"),
        ("class x(**y): pass", "effect"),
        ("from abc import ABCMeta\nclass x(metaclass=ABCMeta): pass", "binding"),
        ("class x:\n y()", "effect"),
        ("class x:\n def f(self): y()", "binding"),
    ],
)
def test_a_statement_is_a_binding_only_where_it_does_nothing_else(cut, text, kind):
    found = [e for e in cut(text)["elements"] if e["kind"] in ("binding", "effect")]
    assert found[-1]["qualname"] == "x" and found[-1]["kind"] == kind


@pytest.mark.parametrize(
    "text, flag",
    [
        ("if TYPE_CHECKING: import x", "typing"),
        ("if typing.TYPE_CHECKING:\n import x", "typing"),
        ("if TYPE_CHECKING: import x\nelse: x()", None),
        ("if TYPE_CHECKING: import x\nelif y: x()", None),
        ("try:\n if TYPE_CHECKING: import x\n register()\nfinally: pass", None),
        ("class A:\n if TYPE_CHECKING: x: int\n y()", None),
        ("if __name__ == '__main__': main()", "main"),
        ("if '__main__' == __name__: main()", None),
        ("if __name__ != '__main__': main()", None),
        ("if __name__ == 'shop': main()", None),
        ("if __name__ == '__main__' == x: main()", None),
        ("if __name__ == '__main__': main()\nelse: other()", None),
        ("while x:\n if __name__ == '__main__': main()", None),
    ],
)
def test_a_statement_that_never_runs_is_told_where_all_of_it_never_does(cut, text, flag):
    (found,) = [e for e in cut(text)["elements"] if e["kind"] in ("binding", "effect")]
    assert set(found["flags"]) & {"typing", "main"} == ({flag} if flag else set())


# ---- real sources ----


def cut_all(python, state, paths):
    """On all cores; after that each is only shown."""
    dagz(python, state, "--check", *paths)


def library(python):
    code = "import os; print(os.path.dirname(os.__file__))"
    folder = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    return sorted(pathlib.Path(folder).glob("*.py"))[:110]


FIND_CODE = """
import sys, types, json
def walk(code, found):
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found.append([constant.co_firstlineno, bool(constant.co_flags & 2), constant.co_name,
                          getattr(constant, "co_qualname", None)])
            walk(constant, found)
    return found
print(json.dumps({path: walk(compile(open(path, "rb").read(), path, "exec"), []) for path in sys.argv[1:]}))
"""


def test_every_code_object_is_found_once(cut, python):
    paths = library(python)
    cut_all(python, cut.state, paths)
    answer = subprocess.run([python, "-W", "ignore", "-c", FIND_CODE, *paths], capture_output=True, text=True, check=True)
    for path, codes in json.loads(answer.stdout).items():
        sheet = json.loads(dagz(python, cut.state, path, "--json").stdout)
        wanted = "".join(f"{line} {int(function)} {qualname or name}\n" for line, function, name, qualname in codes)
        found = subprocess.run(
            [DAGZ, "sheet", "--find", path], env=environ(python, cut.state), input=wanted, capture_output=True, text=True
        ).stdout.split()
        assert len(found) == len(codes)
        for (line, function, name, qualname), number in zip(codes, found):
            hit = sheet["elements"][int(number)]
            assert hit["kind"] in ("function", "class"), (path, line, name, qualname, hit)
            assert hit["lines"][0] <= line <= hit["lines"][1]
            if qualname:
                outer = qualname.partition(".<locals>.")[0]
                same = [e for e in sheet["elements"] if e["kind"] == hit["kind"]
                        and e["qualname"] == outer and e["lines"][0] <= line <= e["lines"][1]
                        and (".<locals>." in qualname or e["lines"][0] == line)]  # fmt: skip
                assert [hit] == same or name in global_names(path), (path, line, qualname, hit, same)


GENERIC = '''
def f[T: (int, str)](x: T = lambda y=1: 2): pass
class A[T](list[T]):
    @staticmethod
    def m[U](x: U): pass
type X[V] = list[V]
'''


def test_type_parameters_are_the_headers_code(cut, tmp_path):
    if not cut.python.rpartition("/bin/")[0].endswith(("3.12", "3.13", "3.14")):
        pytest.skip("no type parameters")
    sheet = cut(GENERIC)
    wanted = {
        "2 1 <generic parameters of f>": ("header", "f"),
        "2 1 f": ("function", "f"),
        "2 1 <lambda>": ("function", "<lambda>"),
        "3 1 <generic parameters of A>": ("header", "A"),
        "3 0 A": ("class", "A"),
        "4 1 A.<generic parameters of m>": ("header", "A.m"),
        "4 1 A.m": ("function", "A.m"),
        "6 1 <generic parameters of X>": ("binding", "X"),
    }
    asked = "\n".join(wanted) + "\n"
    answer = subprocess.run(
        [DAGZ, "sheet", "--find", tmp_path / "m.py"], env=environ(cut.python, cut.state), input=asked, capture_output=True, text=True
    )
    found = [sheet["elements"][int(number)] for number in answer.stdout.split()]
    assert [(e["kind"], e["qualname"]) for e in found] == list(wanted.values())


def global_names(path):
    tree = ast.parse(pathlib.Path(path).read_bytes())
    return {name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names}


UNPARSE = """
import ast, sys, pathlib
for path in sys.argv[2:]:
    tree = ast.parse(pathlib.Path(path).read_bytes())
    text = ast.unparse(tree)
    if ast.dump(ast.parse(text)) == ast.dump(tree):
        (pathlib.Path(sys.argv[1]) / pathlib.Path(path).name).write_text(text, encoding="utf-8", errors="surrogatepass")
"""


def test_sources_written_anew_from_their_parse_are_the_same(cut, python, tmp_path):
    paths = library(python)[:60]
    subprocess.run([python, "-W", "ignore", "-c", UNPARSE, tmp_path, *paths], check=True)
    cut_all(python, cut.state, [*paths, *tmp_path.glob("*.py")])
    equal = 0
    for path in paths:
        if (tmp_path / path.name).exists():
            one, two = (json.loads(dagz(python, cut.state, p, "--json").stdout) for p in (path, tmp_path / path.name))
            assert changed(one, two) == set(), path
            equal += 1
    assert equal > 20


# ---- what cannot be cut ----


@pytest.mark.parametrize(
    "text, sentence",
    [
        (b"def f(:\n", "SyntaxError"),
        (b"x = 1\nreturn x\n", "'return' outside function (line 2)"),
        (b"x = '\xff'\n", "utf-8"),
        (b"# coding: nonsense\n", "nonsense"),
        (b"x = 1\0\n", "null bytes"),
    ],
)
def test_a_source_that_python_refuses_has_a_sheet_that_says_so(python, tmp_path, text, sentence):
    path = tmp_path / "m.py"
    path.write_bytes(text)
    for _ in range(2):
        answer = dagz(python, tmp_path, path)
        assert answer.returncode == 1
        assert sentence in answer.stderr
    assert len(list((tmp_path / "sheets").glob("*/*"))) == 1


def test_a_source_in_another_encoding_is_cut(cut):
    sheet = cut("# coding: latin-1\nx = 'é'\n".encode("latin-1"))
    assert changed(sheet, cut("x = 'é'\n")) == set()


def test_a_file_that_is_gone_is_told(python, tmp_path):
    answer = dagz(python, tmp_path, tmp_path / "none.py")
    assert answer.returncode == 1
    assert "No such file" in answer.stderr


def test_a_sheet_is_made_once_per_content(cut):
    cut("x = 1\n")
    (kept,) = cut.state.glob("sheets/*/*")
    before = kept.stat().st_ino
    cut("x = 1\n", name="n.py")
    assert [p.stat().st_ino for p in cut.state.glob("sheets/*/*")] == [before]


def test_a_damaged_sheet_is_made_again(cut):
    before = cut("x = 1\n")
    (kept,) = cut.state.glob("sheets/*/*")
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert cut("x = 1\n") == before
    assert kept.read_bytes() == whole


def test_many_files_are_checked_at_once(python, tmp_path):
    for i in range(60):
        (tmp_path / f"m{i}.py").write_text(f"x = {i}\n")
    (tmp_path / "bad.py").write_text("(\n")
    answer = dagz(python, tmp_path, "--check", *sorted(tmp_path.glob("*.py")))
    assert answer.returncode == 1
    assert [line.partition(": ")[0] for line in answer.stdout.splitlines()] == [str(tmp_path / "bad.py")]
    assert len(list(tmp_path.glob("sheets/*/*"))) == 61


def test_names_in_strings_are_not_mixed_up(cut):
    """Each string's parse is gone before the next is made, and may lie where the last one lay."""
    sheet = cut("".join(f"def f{i}(): return g('first{i} + second{i}', 'x[third{i}]')\n" for i in range(500)))
    for i in range(500):
        assert element(sheet, "function", f"f{i}#1")["words"] == [f"first{i}", f"second{i}", "x", f"third{i}"]


# ---- the process that parses ----


def test_nesting_without_end_costs_that_file_only(python, tmp_path):
    (tmp_path / "deep.py").write_text("x = " + "-" * 200_000 + "1\n")
    (tmp_path / "good.py").write_text("x = 1\n")
    answer = dagz(python, tmp_path, "--check", tmp_path / "deep.py", tmp_path / "good.py")
    assert [line.partition(": ")[0] for line in answer.stdout.splitlines()] == [str(tmp_path / "deep.py")]
    assert len(list(tmp_path.glob("sheets/*/*"))) >= 1


def test_a_long_chain_is_no_deep_one(cut):
    sheet = cut("x = " + "a." * 900 + "b\ny = " + "1 + " * 900 + "1\n")
    assert len(max(reads(element(sheet, "binding", "x#1")), key=len)) == 1801


def test_neither_site_nor_environment_has_a_say(python, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('user code')\n")
    (tmp_path / "m.py").write_text("x = 1\n")
    env = {**environ(python, tmp_path), "PYTHONPATH": str(tmp_path), "PYTHONOPTIMIZE": "2", "PYTHONWARNINGS": "error"}
    answer = subprocess.run(
        [DAGZ, "sheet", "m.py"], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120
    )
    assert answer.returncode == 0 and not answer.stderr
    assert "binding" in answer.stdout


# ---- bare classes ----

TESTS = '''
class TestIt:
    size = 1

    def make(self):
        return self.size

    @mark(LIMIT)
    def test_one(self, x=WIDTH):
        assert self.make()

    class Inner:
        def test_within(self):
            pass
'''


@pytest.mark.parametrize(
    "old, new",
    [
        ("    class Inner", "    def test_two(self): pass\n\n    class Inner"),
        ("    class Inner", "    async def test_two(self): pass\n\n    class Inner"),
        ("    class Inner", "    @mark\n    def testing(self): pass\n\n    class Inner"),
        ("        def test_within", "        def test_more(self): pass\n        def test_within"),
        ("test_one", "test_other"),
        ("@mark(LIMIT)", "@mark(WIDTH)"),
        ("x=WIDTH", "x=2"),
    ],
    ids="new async decorated inner renamed decorator default".split(),
)  # fmt: skip
def test_a_bare_class_is_without_its_tests(cut, old, new):
    before, after = cut(TESTS), cut(TESTS.replace(old, new))
    assert "class TestIt" in changed(before, after) or new == "x=2"
    assert "bare TestIt" not in changed(before, after)
    assert not reads(element(before, "bare", "TestIt#1"))


@pytest.mark.parametrize(
    "old, new",
    [
        ("size = 1", "size = 2"),
        ("def make", "def made"),
        ("    class Inner", "    def check_two(self): pass\n\n    class Inner"),
        ("    class Inner", "    test_two = make\n\n    class Inner"),
        ("    class Inner", "    if size:\n        def test_two(self): pass\n\n    class Inner"),
        ("    class Inner", "    def test_one(self): pass\n\n    class Inner"),
        ("    class Inner", "    other = test_one\n\n    class Inner"),
        ("        def test_within", "        x = 1\n        def test_within"),
        ("TestIt:", "TestIt(Base):"),
    ],
    ids="statement member other assigned branch again used inner base".split(),
)  # fmt: skip
def test_all_else_of_a_class_is_in_its_bare_one(cut, old, new):
    assert "bare TestIt" in changed(cut(TESTS), cut(TESTS.replace(old, new)))


@pytest.mark.parametrize(
    "more",
    ["other = test_one", "test_one = mark(make)", "del test_one", "x = sorted(vars())", "x = [f for f in (test_one,)]"],
)
def test_a_class_whose_statements_use_its_tests_has_no_bare_one(cut, more):
    kinds = {(e["kind"], e["qualname"]) for e in cut(TESTS + f"    {more}\n")["elements"]}
    assert ("class", "TestIt") in kinds and ("bare", "TestIt") not in kinds and ("bare", "TestIt.Inner") in kinds


def test_a_class_without_tests_has_no_bare_one(cut):
    assert not [e for e in cut(BASE)["elements"] if e["kind"] == "bare"]


# ---- outlines ----

PARAMETERS = '''
import pytest
from pytest import mark as m
from lib import CASES, made, mock

@pytest.mark.parametrize("x", CASES, ids=str)
@m.parametrize("y", argvalues=made(CASES), indirect=["y"])
@m.skipif(CASES == [1], reason="one")
def test_it(x, y, z=1):
    pass

@pytest.fixture(params=CASES, scope="module")
def given(request):
    return request.param

@pytest.mark.parametrize("z", CASES)
class TestIt:
    size = 1

    @pytest.fixture(params=CASES)
    def own(self, request):
        pass

    @pytest.mark.parametrize("w", CASES)
    def test_within(self, w, z, own):
        pass
'''


@pytest.mark.parametrize(
    "old, new",
    [
        ('"x", CASES', '"x", [1, 2]'),
        ("ids=str", "ids=lambda x: 1"),
        ("made(CASES)", "[made(x) for x in CASES]"),
        ("params=CASES, scope", "params=[made()], scope"),
        ('"z", CASES', '"z", [1]'),
        ("params=CASES)", "params=[1])"),
        ('"w", CASES', '"w", {1: 2}'),
    ],
)  # fmt: skip
def test_an_outline_is_without_the_values_of_parameters(cut, old, new):
    what = changed(cut(PARAMETERS), cut(PARAMETERS.replace(old, new)))
    assert any(name.startswith("header ") for name in what)
    assert not [name for name in what if name.startswith(("outline ", "bare "))], what


@pytest.mark.parametrize(
    "old, new, outline",
    [
        ('"x", CASES', '"xx", CASES', "test_it"),
        ('CASES, ids=str', 'CASES', "test_it"),
        ('CASES, ids=str', 'CASES, False, ids=str', "test_it"),
        ('indirect=["y"]', "indirect=True", "test_it"),
        ("CASES == [1]", "CASES == [2]", "test_it"),
        ("z=1", "z=2", "test_it"),
        ("def test_it", "async def test_it", "test_it"),
        ("scope=", "autouse=", "given"),
        ("params=CASES, ", "", "given"),
        ('"z", CASES', '"zz", CASES', "TestIt"),
        ('"w", CASES', '"ww", CASES', "TestIt.test_within"),
    ],
)  # fmt: skip
def test_all_else_of_a_header_is_in_its_outline(cut, old, new, outline):
    before, after = cut(PARAMETERS), cut(PARAMETERS.replace(old, new))
    has = [{(e["kind"], e["qualname"]) for e in sheet["elements"]} for sheet in (before, after)]
    assert ("outline", outline) in has[0]
    assert ("outline", outline) not in has[1] or f"outline {outline}" in changed(before, after)


def test_an_outline_reads_no_values(cut):
    sheet = cut(PARAMETERS)
    assert reads(element(sheet, "outline", "test_it#1")) == {"pytest.mark.parametrize", "m.parametrize", "m.skipif", "CASES"}
    assert reads(element(sheet, "outline", "given#1")) == {"pytest.fixture"}
    assert "CASES" in reads(element(sheet, "header", "given#1"))


@pytest.mark.parametrize(
    "old, new",
    [
        ('@pytest.mark.parametrize("x", CASES, ids=str)', '@made\n@pytest.mark.parametrize("x", CASES, ids=str)'),
        ("z=1", "z=made()"),
        ("from pytest import mark as m", "from lib import mark as m"),
    ],
)
def test_where_something_else_may_look_at_the_values_there_is_no_outline(cut, old, new):
    kinds = {(e["kind"], e["qualname"]) for e in cut(PARAMETERS.replace(old, new))["elements"]}
    assert ("outline", "test_it") not in kinds and ("outline", "given") in kinds


@pytest.mark.parametrize("mark", ['"x", *CASES', "*CASES", "**CASES", '"x"', 'argnames="x"'])
def test_values_that_do_not_stand_there_are_not_left_out(cut, mark):
    kinds = {(e["kind"], e["qualname"]) for e in cut(f"import pytest\n@pytest.mark.parametrize({mark})\ndef f(x): pass\n")["elements"]}
    assert ("header", "f") in kinds and ("outline", "f") not in kinds


@pytest.mark.parametrize(
    "body, is_told",
    [
        ("return self.x", False),
        ("self.x.y = self.f(1)", False),
        ("super().f()", False),
        ("return lambda: self.x", False),
        ("return [self.x for self in ()]", False),
        ("f(self)", True),
        ("self.x = self", True),
        ("return type(self)", True),
        ("return self.__class__", True),
        ("return self.__class__.x", True),
        ("return __class__", True),
        ("return lambda: f(self)", True),
        ("def inner(): f(self)", True),
    ],
)
def test_a_method_tells_whether_it_gives_away_what_it_is_called_on(cut, body, is_told):
    sheet = cut(f"class A:\n    def m(self, other):\n        other\n        {body}\n")
    assert ("self" in element(sheet, "function", "A.m#1")["flags"]) == is_told


@pytest.mark.parametrize(
    "decorators, is_plain",
    [
        ("@pytest.fixture", True),
        ("@pytest.fixture()", True),
        ("@p.fixture(scope='module', params=[1], ids=str)", True),
        ("@f(autouse=False)", True),
        ("@pytest.fixture\n@helper", True),
        ("@pytest.fixture(autouse=True)", False),
        ("@pytest.fixture(autouse=LIMIT)", False),
        ("@pytest.fixture(name='other')", False),
        ("@pytest.fixture(**LIMIT)", False),
        ("@pytest.fixture('module')", False),
        ("@helper\n@pytest.fixture", False),
        ("@helper.fixture", False),
        ("@fixture", False),
        ("@pytest.mark.x", False),
        ("", False),
    ],
)
@pytest.mark.parametrize("around", ["", "class A:\n"], ids=["module", "class"])
def test_a_header_tells_a_fixture_that_is_nothing_more(cut, decorators, is_plain, around):
    text = f"{decorators}\ndef made(): pass\n".lstrip()
    top = "import pytest\nimport pytest as p\nfrom pytest import fixture as f\n"
    sheet = cut(top + around + (textwrap.indent(text, "  ") if around else text))
    assert ("fixture" in element(sheet, "header", ("A." if around else "") + "made#1")["flags"]) == is_plain
