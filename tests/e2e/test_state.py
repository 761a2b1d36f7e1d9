"""What tests share within a process: who uses what another has made depends on how it was made.

One suite has a file for each kind of shared work and state. In each, two tests use what `made` made, whoever comes
first; a third uses nothing of it. The suite is run in both orders, on one worker and two, with processes recycled, and
what `dagz observed` tells of each test is held against that."""

import functools
import json
import os
import re
import subprocess
import sys
import textwrap

import pytest
from conftest import EXECUTABLE

PYTHONS = os.environ.get("DAGZ_TEST_PYTHONS", sys.executable).split(":")
DAGZ = EXECUTABLE.parent / "dagz"

# Kind: what its module has, and what a test of it says. `made` is what both depend on.
CACHES = {
    "lru_cache": ("""
        import functools
        @functools.lru_cache
        def made(x):
            return helper(x)
        def helper(x):
            return x + 1
        """, "assert kind.made(1) == 2", "helper"),
    "cache": ("""
        import functools
        @functools.cache
        def made():
            return [1]
        """, "assert kind.made() == [1]"),
    "cache_of_method": ("""
        import functools
        class Shop:
            @functools.lru_cache(maxsize=None, typed=True)
            def made(self, name):
                return name * 2
        SHOP = Shop()
        """, "assert kind.SHOP.made('a') == 'aa'"),
    "cache_of_static": ("""
        import functools
        class Shop:
            @staticmethod
            @functools.cache
            def made():
                return 1
        """, "assert kind.Shop.made() == 1"),
    "cache_within": ("""
        import functools
        @functools.cache
        def outer():
            return inner() + 1
        @functools.cache
        def inner():
            return made()
        def made():
            return 1
        """, "assert kind.outer() == 2"),
    "cache_recursive": ("""
        import functools
        @functools.cache
        def fib(n):
            return made(n) if n < 2 else fib(n - 1) + fib(n - 2)
        def made(n):
            return n
        """, "assert kind.fib(200) > 0"),
    "cache_by_c": ("""
        import functools
        @functools.cache
        def made(n):
            return -n
        """, "assert sorted(map(kind.made, [1, 2]), key=kind.made.__call__) == [-1, -2][::-1][::-1]"),
    "cache_many": ("""
        import functools
        @functools.lru_cache(None)
        def filled(n):
            return made() if n == 390 else n
        def made():
            return 1
        """, "assert [kind.filled(n) for n in range(400)]"),
    "cache_of_library": ("""
        import fnmatch
        class Pattern(str):
            def __len__(self):
                return made(self)
        def made(text):
            return str.__len__(text)
        PATTERN = Pattern("a*")
        """, "import fnmatch; assert fnmatch.filter(['ab', 'b'], kind.PATTERN) == ['ab']"),
    "cache_of_object": ("""
        import functools
        class Maker:
            def __call__(self):
                return made()
        def made():
            return 1
        cached = functools.lru_cache(Maker())
        """, "assert kind.cached() == 1"),
}  # fmt: skip

PROPERTIES = {
    "property": ("""
        import functools
        class Shop:
            @functools.cached_property
            def made(self):
                return helper()
        def helper():
            return 1
        SHOP = Shop()
        """, "assert kind.SHOP.made == 1", "helper"),
    "property_of_many": ("""
        import functools
        class Shop:
            @functools.cached_property
            def filled(self):
                return made() if self is SHOPS[-1] else 0
        def made():
            return 1
        SHOPS = [Shop() for _ in range(40)]
        """, "assert sum(shop.filled for shop in kind.SHOPS) == 1"),
    "property_derived": ("""
        import functools
        class lazily(functools.cached_property):
            pass
        class Shop:
            @lazily
            def made(self):
                return [1]
        SHOPS = {"a": Shop()}
        """, "assert kind.SHOPS['a'].made == [1]"),
    "property_without_weak_references": ("""
        import functools
        class Shop(tuple):
            @functools.cached_property
            def made(self):
                return len(self)
        SHOP = Shop("abc")
        """, "assert kind.SHOP.made == 3"),
    "property_by_super": ("""
        import functools
        class Base:
            @functools.cached_property
            def value(self):
                return made()
        class Shop(Base):
            value = None
            def get(self):
                return super().value
        def made():
            return 1
        SHOP = Shop()
        """, "assert kind.SHOP.get() == 1"),
    "property_of_another_kind": ("""
        class lazily:
            def __init__(self, function):
                self.function = function
            def __set_name__(self, owner, name):
                self.name = name
            def __get__(self, instance, owner=None):
                value = instance.__dict__[self.name] = self.function(instance)
                return value
        class Shop:
            @lazily
            def of_another_kind(self):
                return made()
        def made():
            return 1
        SHOP = Shop()
        """, "assert kind.SHOP.of_another_kind == 1"),
    "property_by_hand": ("""
        class Shop:
            def by_hand(self):
                if not hasattr(self, "_by_hand"):
                    self._by_hand = made()
                return self._by_hand
        def made():
            return 1
        SHOP = Shop()
        """, "assert kind.SHOP.by_hand() == 1"),
    "property_by_name": ("""
        import functools, operator
        class Shop:
            @functools.cached_property
            def made(self):
                return 1
        SHOP = Shop()
        """, "assert [getattr(kind.SHOP, 'ma' + 'de') for _ in range(100)] == [1] * 100"),
}  # fmt: skip

MIME_TYPES = f"{'content' if os.path.exists('/etc/mime.types') else 'absent'} /etc/mime.types"

# What the standard library keeps: a file or a variable that was looked at once.
LIBRARY = {
    "linecache": ("open('linecache.txt', 'w').write('1')", "import linecache; assert linecache.getlines('linecache.txt') == ['1\\n']",
                  "content linecache.txt"),
    "gettext": ("""
        import os, pathlib, struct
        folder = pathlib.Path("catalogs/en/LC_MESSAGES")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "gettext.mo").write_bytes(struct.pack("<7I", 0x950412de, 0, 0, 28, 28, 0, 28))
        """, "import gettext; gettext.translation('gettext', 'catalogs', ['en'])", "content catalogs/en/LC_MESSAGES/gettext.mo"),
    "gettext_class": ("""
        import gettext, os, pathlib
        folder = pathlib.Path("catalogs/en/LC_MESSAGES")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "other.mo").write_bytes(b"")
        class Translations(gettext.NullTranslations):
            def _parse(self, file):
                made()
        def made():
            pass
        """, "import gettext; gettext.translation('other', 'catalogs', ['en'], class_=kind.Translations)"),
    "mimetypes": ("", "import mimetypes; mimetypes.guess_type('a.txt')", MIME_TYPES),
    "mimetypes_object": ("", "import mimetypes; mimetypes.MimeTypes().guess_type('a.txt')", MIME_TYPES),
    "mimetypes_type": ("""
        def add():
            import mimetypes
            if not mimetypes.guess_type("a.kindly")[0]:
                mimetypes.add_type(made(), ".kindly")
        def made():
            return "text/kindly"
        """, "import mimetypes; kind.add(); assert mimetypes.guess_type('a.kindly')[0] == 'text/kindly'"),
    "tempfile": ("", "import tempfile; tempfile.gettempdir()", "variable TMPDIR"),
    "opener": ("", "import urllib.request; urllib.request.urlopen('data:,x')", "variable *"),
    "browsers": ("", "import webbrowser as b; b.register('x', None, b.GenericBrowser('x')); b.get('x')", "variable BROWSER"),
    "os_release": ("", "import platform; platform.freedesktop_os_release()", "content /etc/os-release"),
    "filecmp": ("""
        import pathlib
        pathlib.Path("filecmp_1").write_text("1")
        pathlib.Path("filecmp_2").write_text("2")
        """, "import filecmp; assert not filecmp.cmp('filecmp_1', 'filecmp_2', shallow=False)", "content filecmp_1"),
    "zipimport": ("""
        import sys, zipfile
        with zipfile.ZipFile("kind.zip", "w") as archive:
            archive.writestr("zipped.py", "")
        """, "assert not other.look('kind.zip')", "content kind.zip"),
    "path_hook": ("""
        import sys
        class Finder:
            def find_spec(self, name, target=None):
                return None
        def hook(path):
            if path != "kind-path":
                raise ImportError(path)
            made()
            return Finder()
        def made():
            pass
        sys.path_hooks.append(hook)
        """, "assert not other.look('kind-path')"),
    "metadata": ("", "import importlib.metadata; importlib.metadata.version('pluggy')", "distribution pluggy"),
    "abc_hook": ("""
        import abc
        class Hooked(abc.ABC):
            @classmethod
            def __subclasshook__(cls, other):
                return made()
        def made():
            return True
        """, "assert isinstance(1, kind.Hooked)"),
    "abc_hook_below": ("""
        import abc
        class Above(abc.ABC):
            pass
        class Hooked(Above):
            @classmethod
            def __subclasshook__(cls, other):
                return made()
        def made():
            return True
        """, "assert issubclass(int, kind.Above)"),
    "abc_register": ("""
        import abc
        class Registry(abc.ABC):
            pass
        class Registered:
            pass
        def register():
            if not isinstance(Registered(), Registry):
                made()
        def made():
            Registry.register(Registered)
        """, "kind.register(); assert isinstance(kind.Registered(), kind.Registry)"),
    "codec": ("""
        import codecs
        def search(name):
            return made() if name == "kindly" else None
        def made():
            return codecs.lookup("ascii")
        codecs.register(search)
        """, "assert 'a'.encode('kindly') == b'a'"),
    "zoneinfo": ("""
        import pathlib, struct, zoneinfo
        (pathlib.Path("zones") / "Kind").parent.mkdir(exist_ok=True)
        (pathlib.Path("zones") / "Kind").write_bytes(b"TZif" + bytes(16) + struct.pack(">7lh4s", 0, 0, 0, 0, 1, 4, 0, 0, b"UTC"))
        zoneinfo.reset_tzpath(to=[pathlib.Path("zones").absolute()])
        """, "import zoneinfo; zoneinfo.ZoneInfo('Kind')", "content zones/Kind"),
}  # fmt: skip

# What else is made once. A whole test file; {kind} has `made` and nothing that runs it.
SHARED = {
    "fixture_session": """
        @pytest.fixture(scope="session")
        def shared():
            return kind.made()
        def test_one(shared): assert shared == 1
        def test_other(): pass
        def test_two(shared): assert shared == 1
        """,
    "fixture_module_of_fixture": """
        @pytest.fixture(scope="module")
        def inner():
            return kind.made()
        @pytest.fixture(scope="module")
        def shared(inner):
            return inner
        def test_one(shared): assert shared == 1
        def test_other(): pass
        def test_two(shared): assert shared == 1
        """,
    "fixture_class": """
        @pytest.fixture(scope="class")
        def shared():
            return kind.made()
        class TestIt:
            def test_one(self, shared): assert shared == 1
            def test_other(self): pass
            def test_two(self, shared): assert shared == 1
        """,
    "fixture_package_by_value": """
        @pytest.fixture(scope="package")
        def shared():
            return kind.made()
        def test_one(request): assert request.getfixturevalue("shared") == 1
        def test_other(): pass
        def test_two(request): assert request.getfixturevalue("shared") == 1
        """,
    "fixture_end": """
        @pytest.fixture(scope="module")
        def shared():
            yield 1
            kind.made()
        def test_one(shared): assert shared == 1
        def test_other(): pass
        def test_two(shared): assert shared == 1
        """,
    "fixture_end_added": """
        @pytest.fixture(scope="module")
        def shared(request):
            request.addfinalizer(kind.made)
        def test_one(shared): pass
        def test_other(): pass
        def test_two(shared): pass
        """,
    "fixture_with_parameters": """
        @pytest.fixture(scope="module", params=[1, 2])
        def shared(request):
            return kind.made() if request.param == 2 else 1
        @pytest.mark.parametrize("shared", [2], indirect=True)
        def test_one(shared): assert shared == 1
        @pytest.mark.parametrize("shared", [1], indirect=True)
        def test_other(shared): pass
        @pytest.mark.parametrize("shared", [2], indirect=True)
        def test_two(shared): assert shared == 1
        """,
    "fixture_of_one_with_parameters": """
        @pytest.fixture(scope="module", params=[1, 2])
        def inner(request):
            return request.param
        @pytest.fixture(scope="module")
        def shared(inner):
            return kind.made()
        def test_one(shared): assert shared == 1
        def test_other(inner): pass
        def test_two(shared): assert shared == 1
        """,
    "fixture_used_by_one_with_parameters": """
        @pytest.fixture(scope="module")
        def shared():
            return kind.made()
        @pytest.fixture(scope="module", params=[1, 2])
        def outer(request):
            return request.getfixturevalue("shared") if request.param == 2 else 1
        @pytest.mark.parametrize("outer", [2], indirect=True)
        def test_one(outer): assert outer == 1
        @pytest.mark.parametrize("outer", [1], indirect=True)
        def test_other(outer): pass
        @pytest.mark.parametrize("outer", [2], indirect=True)
        def test_two(outer): assert outer == 1
        """,
    "fixture_overrides": """
        @pytest.fixture(scope="module")
        def base():
            return kind.made()
        class TestIt:
            @pytest.fixture(scope="class")
            def base(self, base):
                return base
            def test_one(self, base): assert base == 1
            def test_two(self, base): assert base == 1
        class TestOther:
            @pytest.fixture(scope="class")
            def base(self):
                return 1
            def test_other(self, base): pass
        """,
    "fixture_of_all": """
        class TestIt:
            @pytest.fixture(scope="class", autouse=True)
            def shared(self):
                return kind.made()
            def test_one(self): pass
            def test_two(self): pass
        class TestOther:
            def test_other(self): pass
        """,
    "fixture_cached": """
        import functools
        @functools.cache
        def cached():
            return kind.made()
        @pytest.fixture(scope="module")
        def first():
            return cached()
        @pytest.fixture(scope="module")
        def second():
            return cached()
        def test_one(first): assert first == 1
        def test_other(): pass
        def test_two(second): assert second == 1
        """,
    "unittest_class": """
        import unittest
        class TestIt(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                cls.value = kind.made()
            def test_one(self): assert self.value == 1
            def test_two(self): assert self.value == 1
        class TestOther(unittest.TestCase):
            def test_other(self): pass
        """,
    "unittest_class_end": """
        import unittest
        class TestIt(unittest.TestCase):
            @classmethod
            def tearDownClass(cls):
                kind.made()
            def test_one(self): pass
            def test_two(self): pass
        class TestOther(unittest.TestCase):
            def test_other(self): pass
        """,
    "unittest_class_cleanup": """
        import unittest
        class TestIt(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                cls.addClassCleanup(kind.made)
            def test_one(self): pass
            def test_two(self): pass
        class TestOther(unittest.TestCase):
            def test_other(self): pass
        """,
    "unittest_module": """
        import unittest
        def setUpModule():
            global of_module
            of_module = kind.made()
        class TestIt(unittest.TestCase):
            def test_one(self): assert of_module == 1
            def test_two(self): assert of_module == 1
        """,
    "xunit_module": """
        def setup_module():
            global of_module
            of_module = kind.made()
        def test_one(): assert of_module == 1
        def test_two(): assert of_module == 1
        """,
    "xunit_module_end": """
        def teardown_module():
            kind.made()
        def test_one(): pass
        def test_two(): pass
        """,
    "conftest": """
        def test_one(pytestconfig): assert pytestconfig.stash[pytest.shared] == 2
        def test_two(pytestconfig): assert pytestconfig.stash[pytest.shared] == 2
        """,
    "xunit_class": """
        class TestIt:
            @classmethod
            def setup_class(cls):
                cls.value = kind.made()
            def test_one(self): assert self.value == 1
            def test_two(self): assert self.value == 1
        class TestOther:
            def test_other(self): pass
        """,
    "import_of_module": """
        def test_one():
            import {kind}_lazy
            assert {kind}_lazy.VALUE == 1
        def test_other(): pass
        def test_two():
            import {kind}_lazy
            assert {kind}_lazy.VALUE == 1
        """,
    "import_of_function": """
        def test_one():
            import {kind}_lazy
            assert {kind}_lazy.get() == 1
        def test_other(): pass
        def test_two():
            import {kind}_lazy
            assert {kind}_lazy.get() == 1
        """,
    "import_that_fails": """
        def test_one():
            with pytest.raises(RuntimeError):
                import {kind}_fails
        def test_other(): pass
        def test_two():
            with pytest.raises(RuntimeError):
                import {kind}_fails
        """,
    "import_by_attribute": """
        import kind_import_by_attribute_late as module
        def test_one(): assert module.late == 1
        def test_other(): pass
        def test_two(): assert module.late == 1
        """,
    "import_by_name": """
        import importlib
        def test_one():
            assert importlib.import_module("{kind}_" + "lazy").VALUE == 1
        def test_other(): pass
        def test_two():
            assert importlib.import_module("{kind}_" + "lazy").VALUE == 1
        """,
    "import_of_context": """
        def test_one():
            import {kind}_lazy
            assert {kind}_lazy.CONTEXT.get() == 1
        def test_other(): pass
        def test_two():
            import {kind}_lazy
            assert {kind}_lazy.CONTEXT.get() == 1
        """,
    "import_of_generated": """
        def test_one():
            import {kind}_lazy
            assert {kind}_lazy.Generated(1).value == 1
        def test_other(): pass
        def test_two():
            import {kind}_lazy
            assert {kind}_lazy.Generated(1).value == 1
        """,
    "import_of_subclass": """
        def test_one():
            import {kind}_lazy
            assert {kind}_lazy.Sub().value == 1
        def test_other(): pass
        def test_two():
            import {kind}_lazy
            assert {kind}_lazy.Sub().value == 1
        """,
    "dispatch": """
        def test_one():
            import {kind}_lazy
            assert {kind}_lazy.dispatch(1) == 1
        def test_other(): pass
        def test_two():
            import {kind}_lazy
            assert {kind}_lazy.dispatch(1) == 1
        """,
    "memo": """
        memo = {{}}
        def remembered(function):
            def call():
                if function not in memo:
                    memo[function] = function()
                return memo[function]
            return call
        cached = remembered(kind.made)
        def test_one(): assert cached() == 1
        def test_other(): pass
        def test_two(): assert cached() == 1
        """,
}

# What it makes reaches all tests.
CONFTEST = """
    import pytest
    import kind_conftest
    def pytest_configure(config):
        pytest.shared = pytest.StashKey()
        config.stash[pytest.shared] = kind_conftest.made() + 1
    def pytest_collection_modifyitems(items):
        items[:] = reversed(items) if {reverses} else items
    """

MADE = """
    def made():
        return 1
    """
LAZY = """
    import contextvars, dataclasses, functools
    import {kind}
    VALUE = {kind}.made()
    CONTEXT = contextvars.ContextVar("context", default={kind}.made())
    def get():
        return VALUE
    @dataclasses.dataclass
    class Generated:
        value: int
    class Descriptor:
        def __set_name__(self, owner, name):
            self.value = {kind}.made()
        def __get__(self, instance, owner):
            return self.value
    class Base:
        def __init_subclass__(cls):
            {kind}.made()
    class Sub(Base):
        value = Descriptor()
    @functools.singledispatch
    def dispatch(one):
        return None
    @dispatch.register
    def _(one: int):
        return {kind}.made()
    """
LATE = """
    import {kind}
    def __getattr__(name):
        if name != "late":
            raise AttributeError(name)
        globals()["late"] = {kind}.made()
        return globals()["late"]
    """
FAILS = """
    import {kind}_lazy
    raise RuntimeError({kind}_lazy.VALUE)
    """

KINDS = {**CACHES, **PROPERTIES, **LIBRARY}


def source(kind):
    _, use, *_ = KINDS[kind]
    return textwrap.dedent(f"""
        import kind_{kind} as kind
        import other

        def test_one():
            {use}

        def test_other():
            assert other.run() == 1

        def test_two():
            {use}
        """)


def write_shared(suite):
    for name, tests in SHARED.items():
        kind = f"kind_{name}"
        texts = {"": MADE, "_lazy": LAZY, "_late": LATE, "_fails": FAILS}
        suite.write(**{kind + end: textwrap.dedent(text).format(kind=kind) for end, text in texts.items()})
        head = f"import pytest\nimport {kind} as kind\n"
        suite.write(**{f"test_{name}": head + textwrap.dedent(tests.format(kind=kind))})


class Job:
    def __init__(self, suite, python, *options, env=None):
        self.suite, self.ran = suite, suite.run(*options, env={"DAGZ_PYTHON": python, **(env or {})})
        assert self.ran.code == 0, self.ran.out

    @functools.cached_property
    def told(self):
        """Nodeid: spans, of all tests of the job."""
        command = [DAGZ, "observed", "--json", *self.ran.outcomes]
        told = subprocess.run(command, cwd=self.suite.folder, capture_output=True, text=True)
        assert told.returncode == 0, told.stderr
        tests = json.loads(told.stdout)
        return {test["nodeid"]: test["spans"] for test in (tests if isinstance(tests, list) else [tests])}

    def spans(self, nodeid):
        return self.told[nodeid]

    def own_facts(self, nodeid):
        return set(facts(self.spans(nodeid)[0]))

    def facts(self, nodeid):
        return {fact for span in self.spans(nodeid) for fact in facts(span)}

    def functions(self, nodeid):
        return {fact.partition(" ")[2] for fact in self.facts(nodeid) if fact.startswith("function ")}


def facts(span):
    """What was seen in a span, as a kind lists it."""
    yield from (f"function {plain_name(name)}" for name in span["functions"])
    yield from (f"{path['fact']} {path['path']}" for path in span["paths"])
    yield from (f"variable {variable['name']}" for variable in span["environment"])
    yield from (f"distribution {name}" for name in span["distributions"])


def plain_name(function):
    """Without its class and its number."""
    path, _, name = function.partition("::")
    return f"{path}::{name.partition('#')[0].rpartition('.')[2]}"



@pytest.fixture(params=PYTHONS, ids=lambda path: path.rpartition("/bin/")[0].rpartition("/")[2] or path)
def python(request):
    return request.param


def write_kinds(suite):
    suite.write(other="""
        import importlib.util, sys
        def run():
            return 1
        def look(entry):
            sys.path.insert(0, entry)
            try:
                return importlib.util.find_spec("is_not_there")
            finally:
                sys.path.remove(entry)
        """)
    for kind, (module, *_) in KINDS.items():
        suite.write(**{f"kind_{kind}": module})
        (suite.folder / f"test_{kind}.py").write_text(source(kind))


ORDERS = {
    "forward": ["--dagz-workers=1"],
    "backward": ["--dagz-workers=1"],
    "two": ["--dagz-workers=2"],
    "module": ["--dagz-workers=2", "--dagz-fork=module"],
    "test": ["--dagz-workers=2", "--dagz-fork=test"],
    "recycled": ["--dagz-workers=1", "--dagz-max-rss=1M"],
}


@pytest.mark.parametrize("order", ORDERS)
def test_who_uses_what_another_made_depends_on_how_it_was_made(suite, python, order):
    write_kinds(suite)
    names = ["test_one", "test_other", "test_two"]
    nodes = [f"test_{kind}.py::{name}" for kind in KINDS for name in names]
    job = Job(suite, python, *ORDERS[order], *(nodes[::-1] if order == "backward" else nodes))
    wrong = []
    for kind, (_, _, *more) in KINDS.items():
        made = more[0] if more and " " in more[0] else f"function kind_{kind}.py::{more[0] if more else 'made'}"
        for name, expected in (("test_one", True), ("test_two", True), ("test_other", False)):
            nodeid = f"test_{kind}.py::{name}"
            if (made in job.facts(nodeid)) != expected:
                wrong.append((nodeid, made, expected))
        second = {"forward": "test_two", "backward": "test_one"}.get(order)
        if second and kind not in LIBRARY and made in job.own_facts(f"test_{kind}.py::{second}"):
            wrong.append((f"test_{kind}.py::{second}", made, "shared"))
    assert not wrong, json.dumps(wrong, indent=1)


def test_a_function_that_binds_to_nothing_does_not_in_our_place_either(suite, python):
    """As pytest's own import hook keeps PathFinder's in its class."""
    suite.write(test_it="""
        import codecs, importlib.machinery
        class Keeps:
            find = importlib.machinery.PathFinder.find_spec
            register = codecs.register
        def test_bound_already():
            assert Keeps().find("json").name == "json" and Keeps.find("json").name == "json"
        def test_built_in():
            Keeps().register(lambda name: None)
            Keeps.register(lambda name: None)
        def test_of_the_class():
            assert importlib.machinery.PathFinder().find_spec("json").name == "json"
    """)
    ran = suite.run("--dagz-workers=1", env={"DAGZ_PYTHON": python})
    assert ran.code == 0, ran


@pytest.mark.parametrize("order", ORDERS)
def test_who_uses_what_is_made_once_depends_on_how_it_was_made(suite, python, order):
    write_shared(suite)
    suite.write(conftest=CONFTEST.format(reverses=order == "backward"))
    job = Job(suite, python, *ORDERS[order])
    nodes = [line.split()[1] for line in job.ran.out.splitlines() if line.startswith("PASSED test_")]
    assert len(nodes) >= sum(tests.count("def test_") for tests in SHARED.values())
    wrong = []
    for nodeid in nodes:
        kind = nodeid.partition(".py")[0].removeprefix("test_")
        expected = {"kind_conftest.py::made"} | ({f"kind_{kind}.py::made"} if "test_other" not in nodeid else set())
        made = {function for function in job.functions(nodeid) if function.endswith("::made")}
        if made != expected:
            wrong.append((nodeid, sorted(made ^ expected)))
    assert not wrong, wrong


AS_EVER = '''
    import copy, functools, gc, inspect, pickle, sys, threading, weakref
    import pytest

    @functools.lru_cache(maxsize=3, typed=True)
    def cached(a, *, b=1):
        """Told."""
        return [a, b]

    def test_what_is_told_of_it():
        assert cached.cache_parameters() == {"maxsize": 3, "typed": True}
        assert cached(1) is cached(1) and cached(1.0) is not cached(1) and cached(1, b=2) == [1, 2]
        assert tuple(cached.cache_info()) == (2, 3, 3, 3)
        assert cached(4) and tuple(cached.cache_info()) == (2, 4, 3, 3)
        cached.cache_clear()
        assert tuple(cached.cache_info()) == (0, 0, 3, 0)
        assert cached(5) and tuple(cached.cache_info()) == (0, 1, 3, 1)

    def test_it_is_itself():
        assert cached.__wrapped__.__code__.co_name == "cached" and cached.__doc__ == "Told."
        assert str(inspect.signature(cached)) == "(a, *, b=1)" and repr(cached).startswith("<functools._lru_cache")
        assert copy.copy(cached) is cached and copy.deepcopy(cached) is cached
        assert pickle.loads(pickle.dumps(cached)) is cached

    def test_errors_come_through():
        @functools.lru_cache
        def fails(n):
            raise ValueError(n)
        for _ in range(2):
            with pytest.raises(ValueError) as caught:
                fails(3)
            assert [entry.name for entry in caught.traceback] == ["test_errors_come_through", "fails"]
        assert tuple(fails.cache_info())[:2] == (0, 2)
        with pytest.raises(TypeError, match="unhashable"):
            fails([])
        with pytest.raises(TypeError, match="argument"):
            cached(1, 2, 3)

    def test_nothing_is_kept_alive():
        class Thing:
            pass
        def make():
            thing = Thing()
            @functools.lru_cache
            def get():
                return thing, get
            get()
            return weakref.ref(thing), weakref.ref(get)
        gc.collect()
        references = make()
        gc.collect()
        assert [reference() for reference in references] == [None, None]

    def test_references():
        def plain(x):
            return x
        before = sys.getrefcount(plain)
        wrapper = functools._lru_cache_wrapper(plain, 5, False, functools._CacheInfo)
        assert wrapper(1) == 1 and sys.getrefcount(plain) == before + 1
        del wrapper
        assert sys.getrefcount(plain) == before

    def test_recursion_is_as_deep():
        @functools.cache
        def down(n):
            return 0 if n == 0 else 1 + down(n - 1)
        deep = 0
        try:
            for n in range(20, 4000, 20):
                down.cache_clear()
                deep = down(n)
        except RecursionError:
            pass
        print(f"deep: {deep}", file=open("deep", "a"))

    def test_builtins_and_classes():
        assert [functools.lru_cache(abs)(-1), functools.lru_cache(list)("ab")] == [1, ["a", "b"]]
        never = functools.lru_cache(0)(lambda: [])
        assert never() is not never() and never.cache_info().misses == 2

    def test_threads():
        @functools.lru_cache(50)
        def squared(n):
            return n * n
        found = []
        def run():
            found.append([squared(n % 70) for n in range(5000)])
        threads = [threading.Thread(target=run) for _ in range(4)]
        [thread.start() for thread in threads], [thread.join() for thread in threads]
        assert found == [[(n % 70) ** 2 for n in range(5000)]] * 4
        info = squared.cache_info()
        assert info.hits + info.misses == 20000 and info.currsize == 50

    class Lazy:
        @functools.cached_property
        def value(self):
            return [1]

    def test_cached_property():
        lazy = Lazy()
        assert lazy.value is lazy.value and vars(lazy) == {"value": [1]}
        del lazy.value
        assert lazy.value == [1] and isinstance(Lazy.value, functools.cached_property)
        alive = weakref.ref(lazy)
        del lazy
        assert alive() is None

    def test_cached_property_is_no_data_descriptor():
        lazy = Lazy()
        assert not inspect.isdatadescriptor(Lazy.value) and not hasattr(Lazy.value, "__set__")
        lazy.value = 5
        assert lazy.value == 5 and vars(lazy) == {"value": 5}
        vars(lazy)["value"] = 6
        assert lazy.value == 6 and lazy.__dict__.pop("value") == 6 and lazy.value == [1]
        object.__setattr__(lazy, "value", 7)
        assert lazy.value == 7 and copy.copy(lazy).value == 7
        del lazy.value
        assert not vars(lazy)
        print(f"deleted: {why(delattr, lazy, 'value')}", file=open("told", "a"))

    def why(function, *arguments):
        try:
            return function(*arguments)
        except Exception as error:
            return repr(error)

    class Fails:
        @functools.cached_property
        def value(self):
            raise ValueError(self)
        def __repr__(self):
            return "it"

    class Bare:
        __slots__ = ()
        value = functools.cached_property(lambda self: 1)

    class Meta(type):
        @functools.cached_property
        def value(cls):
            return 1
        @functools.cached_property
        def other(cls):
            return 2

    class OfMeta(metaclass=Meta):
        value = 3

    class Late:
        pass
    Late.value = functools.cached_property(lambda self: 1)

    class counted(functools.cached_property):
        asked = 0
        def __get__(self, instance, owner=None):
            counted.asked += 1
            return super().__get__(instance, owner)

    class OfCounted:
        value = counted(lambda self: 1)

    def test_cached_property_that_is_counted():
        thing = OfCounted()
        assert [thing.value for _ in range(100)] == [1] * 100 and counted.asked == 1

    def test_cached_property_elsewhere():
        bare, fails, late = Bare(), Fails(), Late()
        late.value = 5
        assert late.value == 5 and OfMeta.value == 3
        OfMeta.value = 4
        assert OfMeta.value == 4 and inspect.getattr_static(OfMeta, "value") == 4
        del OfMeta.value, late.value
        print([why(getattr, bare, "value"), why(setattr, bare, "value", 1), why(delattr, bare, "value"),
               why(getattr, fails, "value"), why(delattr, fails, "value"), vars(fails), why(getattr, late, "value"),
               why(getattr, OfMeta, "value"), why(getattr, OfMeta, "other"), why(delattr, OfMeta, "value"),
               why(functools.cached_property.__get__, Lazy.value, None), why(Lazy.value.__get__, Lazy(), Lazy),
               why(functools.cached_property.__get__, 1, Lazy())], file=open("told", "a"))
    '''


def after_addresses(line):
    return re.sub("0x[0-9a-f]+", "0x", line)


def test_caches_are_as_ever(suite, python):
    suite.write(test_as_ever=AS_EVER)
    job = Job(suite, python, "--dagz-workers=1")
    assert job.ran.outcomes and all(outcomes == ["passed"] for outcomes in job.ran.outcomes.values())
    told = [suite.lines(name) for name in ("deep", "told")]
    (suite.folder / "deep").unlink(), (suite.folder / "told").unlink()
    subprocess.run([python, "-m", "pytest", "-q"], cwd=suite.folder, check=True, capture_output=True)
    for ours, plain in zip(told, [suite.lines(name) for name in ("deep", "told")], strict=True):
        assert list(map(after_addresses, ours)) == list(map(after_addresses, plain))


def test_an_emptied_cache_is_nobodys(suite, python):
    suite.write(
        kind="""
            import functools
            @functools.cache
            def cached(n):
                return odd() if n % 2 else even()
            def odd():
                return 1
            def even():
                return 0
            """,
        test_kind="""
            from kind import cached
            def test_odd():
                assert cached(1) == 1
            def test_even():
                cached.cache_clear()
                assert cached(2) == 0
            def test_later():
                assert cached(2) == 0
            """,
    )
    job = Job(suite, python, "--dagz-workers=1")
    assert "kind.py::odd" in job.functions("test_kind.py::test_odd")
    for name in ("test_even", "test_later"):
        functions = job.functions(f"test_kind.py::{name}")
        assert "kind.py::odd" not in functions and "kind.py::even" in functions


def test_an_instance_is_nobody_elses(suite, python):
    suite.write(
        kind="""
            import functools
            class Shop:
                def __init__(self, make):
                    self.make = make
                @functools.cached_property
                def value(self):
                    return self.make()
            SHOP = Shop(lambda: shared())
            EMPTIED = Shop(lambda: emptied())
            def shared():
                return 1
            def emptied():
                return 2
            def own():
                return 3
            """,
        test_kind="""
            import kind
            def test_first():
                assert kind.SHOP.value == 1 and kind.EMPTIED.value == 2
            def test_own():
                assert kind.Shop(kind.own).value == 3
            def test_empties():
                del kind.EMPTIED.value
                kind.EMPTIED.make = kind.own
                assert kind.EMPTIED.value == 3
            def test_second():
                assert kind.SHOP.value == 1
            def test_emptied():
                assert kind.EMPTIED.value == 3
            """,
    )
    job = Job(suite, python, "--dagz-workers=1")
    expected = {"first": {"shared", "emptied"}, "own": {"own"}, "empties": {"own"}, "second": {"shared"}, "emptied": {"own"}}
    for name, wanted in expected.items():
        functions = job.functions(f"test_kind.py::test_{name}")
        assert {f for f in ("shared", "emptied", "own") if f"kind.py::{f}" in functions} == wanted, name
