"""What a test leaves changed in its process: whoever reads it later depends on that test.

One suite has a file for each kind of state. In each, one test writes, one reads, and one does neither. It is run in both
orders, on one worker and two, with processes recycled; the reader depends on the writer exactly if it came later in the
same process."""

import pytest
from test_state import ORDERS, Job, python  # noqa: F401

# Kind: what its module has, what the writing test says, and the reading one.
LEFT = {
    "name": ("VALUE = 1", "kind.VALUE = 2", "assert kind.VALUE"),
    "name_by_function": ("""
        VALUE = None
        def put(value):
            global VALUE
            VALUE = value
        def get():
            return VALUE
        """, "kind.put([])", "assert kind.get() is None or kind.get() == []"),
    "name_that_comes": ("def get():\n    return globals().get('VALUE')", "kind.VALUE = 2", "kind.get()"),
    "name_that_goes": ("VALUE = 1\ndef get():\n    return VALUE", "del kind.VALUE",
                       "with contextlib.suppress(NameError): kind.get()"),
    "name_by_string": ("VALUE = 1", "setattr(kind, 'VALUE', 2)", "assert getattr(kind, 'VALUE')"),
    "name_by_computed_string": ("VALUE = 1", "setattr(kind, 'VAL' + 'UE', 2)", "assert getattr(kind, 'VAL' + 'UE')"),
    "name_in_vars": ("VALUE = 1", "kind.VALUE = 2", "assert [vars(kind)[name] for name in sorted(vars(kind)) if name > 'V']"),
    "list": ("VALUES = []\ndef get():\n    return list(VALUES)", "kind.VALUES.append(1)", "kind.get()"),
    "list_that_was_long": ("VALUES = list(range(500))", "kind.VALUES[250] = 0", "assert kind.VALUES"),
    "dict": ("VALUES = {}\ndef put(key):\n    VALUES[key] = 1", "kind.put('a')", "assert 'b' not in kind.VALUES"),
    "dict_of_lists": ("VALUES = {'a': []}", "kind.VALUES['a'].append(1)", "assert 'a' in kind.VALUES"),
    "dict_that_makes": ("import collections\nVALUES = collections.defaultdict(list)", "kind.VALUES['a']", "len(kind.VALUES)"),
    "set": ("VALUES = {1, 2}", "kind.VALUES.add(3)", "assert 1 in kind.VALUES"),
    "set_filled_anew": ("VALUES = set(range(300))", "kind.VALUES.clear(); kind.VALUES.update(range(1000, 1300))",
                        "assert kind.VALUES"),
    "list_of_two_names": ("VALUES = []\nSAME = {'a': VALUES}", "kind.SAME['a'].append(1)", "kind.VALUES.copy()"),
    "dict_of_classes_that_grows": ("""
        class Shop:
            value = 1
        class Other(Shop):
            pass
        SHOPS = {"a": Shop}
        def put():
            SHOPS.setdefault("b", Other)
        """, "kind.put(); kind.SHOPS['a'].value = 2", "assert kind.SHOPS['a'].value"),
    "deque": ("import collections\nVALUES = collections.deque([1], 5)", "kind.VALUES.append(3)", "assert 1 in kind.VALUES"),
    "bytes": ("VALUES = bytearray(b'ab')", "kind.VALUES[0] = 1", "assert kind.VALUES"),
    "weak_dict": ("""
        import weakref
        class Thing:
            pass
        THING, VALUES = Thing(), weakref.WeakKeyDictionary()
        """, "kind.VALUES[kind.THING] = 1", "assert len(kind.VALUES) < 2"),
    "tuple_of_lists": ("VALUES = ([], [])", "kind.VALUES[1].append(2)", "assert kind.VALUES"),
    "class": ("class Shop:\n    value = 1", "kind.Shop.value = 2", "assert kind.Shop.value"),
    "class_by_instance": ("class Shop:\n    values = []", "kind.Shop().values.append(1)", "kind.Shop().values"),
    "class_by_method": ("""
        class Shop:
            value = 1
            def put(self):
                type(self).value = 2
            def get(self):
                return self.value
        """, "kind.Shop().put()", "assert kind.Shop().get()"),
    "class_by_heir": ("class Shop:\n    value = 1\nclass Heir(Shop):\n    pass", "kind.Shop.value = 2", "assert kind.Heir.value"),
    "class_by_instance_of_heir": ("""
        class Shop:
            value = 1
        class Heir(Shop):
            pass
        HEIR = Heir()
        """, "kind.Shop.value = 2", "assert kind.HEIR.value"),
    "class_by_instances_in_list": ("class Shop:\n    value = 1\nSHOPS = [Shop()]", "kind.Shop.value = 2",
                                   "assert [shop.value for shop in kind.SHOPS]"),
    "class_method_replaced": ("""
        class Shop:
            def get(self):
                return 1
        """, "kind.Shop.get = lambda self: 2", "assert kind.Shop().get()"),
    "class_within_class": ("class Shop:\n    class Shelf:\n        value = 1", "kind.Shop.Shelf.value = 2", "kind.Shop.Shelf.value"),
    "instance": ("class Shop:\n    value = 1\nSHOP = Shop()", "kind.SHOP.value = 2", "assert kind.SHOP.value"),
    "instance_with_slots": ("class Shop:\n    __slots__ = 'value'\nSHOP = Shop()\nSHOP.value = 1", "kind.SHOP.value = 2",
                            "assert kind.SHOP.value"),
    "instance_that_is_a_dict": ("class Shop(dict):\n    pass\nSHOP = Shop(a=1)", "kind.SHOP['a'] = 2", "assert kind.SHOP['a']"),
    "instance_in_dict": ("class Shop:\n    value = 1\nSHOPS = {'a': Shop()}", "kind.SHOPS['a'].value = 2", "kind.SHOPS['a']"),
    "instance_by_method": ("""
        class Shop:
            def __init__(self):
                self.values = {}
            def put(self, key):
                self.values[key] = 1
            def get(self, key):
                return self.values.get(key)
        SHOP = Shop()
        """, "kind.SHOP.put('a')", "kind.SHOP.get('b')"),
    "instance_by_bound_method": ("""
        class Shop:
            def __init__(self):
                self.values = {}
            def put(self, key):
                self.values[key] = 1
            def get(self, key):
                return self.values.get(key)
        put, get = (lambda shop: (shop.put, shop.get))(Shop())
        """, "kind.put('a')", "kind.get('b')"),
    "memo_of_decorator": ("""
        import functools
        def memo(function):
            known = {}
            @functools.wraps(function)
            def ask(key):
                if key not in known:
                    known[key] = function(key)
                return known[key]
            return ask
        @memo
        def twice(n):
            return 2 * n
        """, "assert kind.twice(2) == 4", "assert kind.twice(2) == 4"),
    "memo_in_default": ("""
        def twice(n, known={}):
            return known.setdefault(n, 2 * n)
        """, "assert kind.twice(2) == 4", "assert kind.twice(2) == 4"),
    "memo_on_function": ("""
        def twice(n):
            twice.last = getattr(twice, "last", n)
            return 2 * n
        """, "assert kind.twice(2) == 4", "assert kind.twice(2) == 4"),
    "enclosed": ("""
        def make():
            value = 1
            def put(new):
                nonlocal value
                value = new
            return put, lambda: value
        put, get = make()
        """, "kind.put(2)", "assert kind.get()"),
    "list_beyond_a_thousand": ("VALUES = list(range(2000))", "kind.VALUES.append(1)", "assert kind.VALUES"),
    "dict_beyond_a_thousand": ("VALUES = dict.fromkeys(range(2000))", "kind.VALUES[-1] = 1", "assert kind.VALUES"),
    "key_that_is_no_name": ("VALUES = {1: 1, (1, 2): 1}", "del kind.VALUES[1]; kind.VALUES[2] = 1", "assert kind.VALUES"),
    "named_tuple": ("import collections\nPAIR = collections.namedtuple('Pair', 'one other')([], [])", "kind.PAIR.one.append(1)",
                    "assert kind.PAIR"),
    "of_this_thread": ("import threading\nLOCAL = threading.local()", "kind.LOCAL.value = 1", "getattr(kind.LOCAL, 'value', 0)"),
    "instance_by_its_dict": ("class Shop:\n    pass\nSHOP = Shop()\nSHOP.value = 1\nVALUES = vars(SHOP)", "kind.SHOP.value = 2",
                             "assert kind.VALUES['value']"),
    "by_import_within": ("import kind_package.settings", "import kind_package.settings as settings; settings.DEBUG = 1",
                         "from kind_package import settings; assert settings.DEBUG"),
    "by_either_import": ("""
        try:
            import kind_package.missing as either
        except ImportError:
            import kind_package.either as either
        def get():
            return either.DEBUG
        """, "import kind_package.either; kind_package.either.DEBUG = 1", "assert kind.get()"),
    "by_path": ("import kind_package.paths", "mock.patch('kind_package.paths.ROOT', 1).start()",
                "from kind_package import paths; assert paths.ROOT"),
    "context_variable": ("import contextvars\nVALUE = contextvars.ContextVar('value', default=1)", "kind.VALUE.set(2)",
                         "assert kind.VALUE.get()"),
    "other_name_of_list": ("import kind_list_kept as kept\nfrom kind_list_kept import VALUES as ITEMS", "kind.ITEMS.append(1)",
                           "assert kind.kept.get() is not None"),
    "list_kept": ("VALUES = []\ndef get():\n    return VALUES", "kind.VALUES.append(1)", "kind.get()"),
    "registry": ("""
        REGISTRY = {}
        def register(name):
            return lambda function: REGISTRY.setdefault(name, function)
        def call(name):
            return REGISTRY[name]() if name in REGISTRY else None
        """, "kind.register('a')(lambda: 1)", "kind.call('a')"),
}  # fmt: skip

# As above; but what the writer does is none of the reader's business.
NOT_LEFT = {
    "patched": ("VALUE = 1", "with mock.patch.object(kind, 'VALUE', 2): pass", "assert kind.VALUE == 1"),
    "put_back": ("VALUES = []", "kind.VALUES.append(1); kind.VALUES.pop()", "assert not kind.VALUES"),
    "the_same_again": ("VALUE = 1000\nNAME = 'abc'", "kind.VALUE = int('1000'); kind.NAME = ''.join('abc')", "kind.VALUE, kind.NAME"),
    "counter": ("COUNT = 0\ndef count():\n    global COUNT\n    COUNT += 1", "kind.count()", "kind.count()"),
    "counter_of_class": ("""
        class Shop:
            made = 0
            name = "a"
            def __init__(self):
                Shop.made += 1
        """, "kind.Shop()", "assert kind.Shop().name"),
    "logger": ("import logging\nLOG = logging.getLogger('kind')", "kind.LOG.setLevel(10)", "kind.LOG.debug('text')"),
    "imported_late": ("VALUE = 1", "import kind_package.late", "import kind_package; assert kind.VALUE"),
    "key_put_back": ("VALUES = {(1, 2): 1}", "kind.VALUES[tuple([1, 2])] = kind.VALUES.pop((1, 2))", "assert kind.VALUES"),
    "copied": ("""
        class Shop:
            pass
        SHOPS, SHOP = [Shop], Shop()
        def make(shop=Shop):
            return shop()
        """, "import copy, pickle; copy.copy(kind.SHOP); pickle.dumps(kind.SHOP)", "assert kind.SHOPS and kind.make"),
    "dict_of_method_made": ("class Shop:\n    other = 1\n    def ask(self, n=1):\n        return n",
                            "assert not vars(kind.Shop.ask); kind.Shop.other = 2", "assert kind.Shop().ask() == 1"),
    "another_attribute": ("class Shop:\n    one = other = 1\nSHOP = Shop()", "kind.SHOP.one = 2", "assert kind.SHOP.other"),
    "another_name": ("ONE = OTHER = 1", "kind.ONE = 2", "assert kind.OTHER"),
    "own": ("", "VALUES = []; VALUES.append(1)", "VALUES = []"),
    "warning": ("import warnings\ndef warn():\n    warnings.warn('text', stacklevel=1)", "kind.warn()", "kind.warn()"),
}  # fmt: skip

PACKAGE = {"__init__": "", "late": "", "settings": "DEBUG = 2", "either": "DEBUG = 2", "paths": "ROOT = 2"}

KINDS = {**LEFT, **NOT_LEFT}

NOTES = """
    import os, pytest

    @pytest.fixture(autouse=True)
    def note(request):
        with open(os.environ["NOTES"], "a") as notes:
            notes.write(f"{os.getpid()} {request.node.nodeid}\\n")
"""


def write_kinds(suite):
    suite.write(other="def run():\n    return 1\n", conftest=NOTES)
    (suite.folder / "kind_package").mkdir()
    for name, text in PACKAGE.items():
        (suite.folder / "kind_package" / f"{name}.py").write_text(text)
    for kind, (module, write, read) in KINDS.items():
        suite.write(**{f"kind_{kind}": module})
        (suite.folder / f"test_{kind}.py").write_text(
            "import contextlib\nfrom unittest import mock\n"
            f"import kind_{kind} as kind, other\n"
            f"def test_write():\n    {write}\n"
            "def test_other():\n    assert other.run() == 1\n"
            f"def test_read():\n    {read}\n"
        )


def who_ran(notes):
    """Nodeid: (process, place in the order)."""
    lines = (line.split(" ", 1) for line in notes.read_text().splitlines())
    return {nodeid: (pid, place) for place, (pid, nodeid) in enumerate(lines)}


@pytest.mark.parametrize("order", ORDERS)
def test_a_reader_depends_on_who_wrote_before_it_in_its_process(suite, python, order, tmp_path_factory):  # noqa: F811
    write_kinds(suite)
    notes = tmp_path_factory.mktemp("notes") / "notes"
    nodes = [f"test_{kind}.py::test_{name}" for kind in KINDS for name in ("write", "other", "read")]
    job = Job(suite, python, *ORDERS[order], *(nodes[::-1] if order == "backward" else nodes), env={"NOTES": str(notes)})
    ran, wrong, read_later = who_ran(notes), [], 0
    for kind in KINDS:
        writer, reader = f"test_{kind}.py::test_write", f"test_{kind}.py::test_read"
        is_later = ran[writer][0] == ran[reader][0] and ran[writer][1] < ran[reader][1]
        read_later += is_later
        for nodeid, expected in ((reader, kind in LEFT and is_later), (f"test_{kind}.py::test_other", False)):
            leant = {span["name"] for span in job.spans(nodeid) if span["type"] == "test"} - {nodeid}
            if (writer in leant) != expected:
                wrong.append((nodeid, expected, sorted(leant)))
    assert not wrong, "\n".join(map(str, wrong))
    if order == "forward":
        assert read_later == len(KINDS)
    elif order in ("backward", "test"):
        assert read_later == 0
    else:
        assert len({pid for pid, _ in ran.values()}) > 1


FIXTURES = """
    import pytest

    class Box:
        value = 1

    @pytest.fixture(scope="session")
    def box():
        return Box()

    @pytest.fixture(scope="module")
    def around(box):
        return {"box": box}

    @pytest.fixture(scope="class")
    def rows():
        return [[]]

    @pytest.fixture(scope="module", params=["a", "b"])
    def by_parameter(request):
        return {}

    @pytest.fixture
    def fresh():
        return []
"""

FIXTURE_TESTS = """
    class TestRows:
        def test_write_rows(self, rows):
            rows[0].append(1)
        def test_read_rows(self, rows):
            assert rows
        def test_other(self):
            pass

    def test_write_box(box):
        box.value = 2

    def test_read_box(box):
        assert box.value

    def test_read_around(around):
        assert around

    def test_write_by_parameter(by_parameter):
        by_parameter["a"] = 1

    def test_read_by_parameter(by_parameter):
        assert len(by_parameter) < 2

    def test_write_fresh(fresh):
        fresh.append(1)

    def test_read_fresh(fresh):
        assert not fresh
"""


def test_who_uses_a_fixtures_value_depends_on_who_changed_it(suite, python):  # noqa: F811
    suite.write(conftest=FIXTURES, test_fixtures=FIXTURE_TESTS)
    job = Job(suite, python, "--dagz-workers=1")
    expected = {
        "TestRows::test_read_rows": {"TestRows::test_write_rows"},
        "TestRows::test_other": set(),
        "test_write_box": set(),
        "test_read_box": {"test_write_box"},
        "test_read_around": {"test_write_box"},
        "test_read_by_parameter[a]": {"test_write_by_parameter[a]"},
        "test_read_by_parameter[b]": {"test_write_by_parameter[b]"},
        "test_read_fresh": set(),
    }
    for name, writers in expected.items():
        nodeid = f"test_fixtures.py::{name}"
        leant = {span["name"].partition("::")[2] for span in job.spans(nodeid) if span["type"] == "test"}
        assert leant - {name} == writers, nodeid


def test_what_an_import_changes_elsewhere_is_its_own(suite, python):  # noqa: F811
    suite.write(
        registry="NAMES = []\ndef names():\n    return NAMES\n",
        plugin="import registry\ndef say():\n    return 'plugin'\nregistry.NAMES.append(say())\n",
        test_a="def test_imports():\n    import plugin\n",
        test_b="import registry\ndef test_reads():\n    assert registry.names()\ndef test_other():\n    pass\n",
    )
    job = Job(suite, python, "--dagz-workers=1")
    spans = {(span["type"], span["name"]) for span in job.spans("test_b.py::test_reads")}
    assert ("py.import", "plugin") in spans and "plugin.py::say" in job.functions("test_b.py::test_reads")
    assert ("py.import", "plugin") not in {(span["type"], span["name"]) for span in job.spans("test_b.py::test_other")}


def test_what_an_import_changes_of_a_class_its_heirs_have_in_a_module_that_is_half_there(suite, python):  # noqa: F811
    suite.write(
        shop="class Shop:\n    value = 1\n",
        first="",
        second="import shop\nshop.Shop.value = 2\n",
        heirs="""
            import gc, shop
            class Gone(shop.Shop):
                pass
            import first
            del Gone
            gc.collect()
            class Heir(shop.Shop):
                pass
            import second
        """,
        test_a="def test_imports():\n    import heirs\n",
        test_b="def test_reads():\n    from heirs import Heir as Read\n    assert Read.value\n",
    )
    job = Job(suite, python, "--dagz-workers=1")
    assert ("py.import", "second") in {(span["type"], span["name"]) for span in job.spans("test_b.py::test_reads")}


RESET = """
    import pytest

    @pytest.fixture(scope="session")
    def rows():
        return [[bytes(1000)] for _ in range(100)]
"""


def test_a_fixtures_value_that_somebody_drops_is_not_looked_at(suite, python):  # noqa: F811
    suite.write(
        conftest=RESET,
        test_it="""
            def test_drops(request, rows):
                rows[0].append(1)
                (request._get_active_fixturedef("rows")).cached_result = None
                del rows
            def test_other():
                pass
        """,
    )
    assert "2 passed" in Job(suite, python, "--dagz-workers=1").ran.out


def test_nothing_is_kept_alive_or_made_otherwise(suite, python):  # noqa: F811
    suite.write(
        kept="""
            import sys
            class Thing:
                def __init__(self):
                    self.value = []
            THING, THINGS, COUNTED = Thing(), [Thing()], object()
            def count(name):
                return sys.getrefcount(globals()[name])
            BEFORE = count("COUNTED")
            def names():
                return [name for name in vars(THING)]
        """,
        test_it="""
            import weakref
            import kept

            def test_counts():
                assert kept.count("COUNTED") == kept.BEFORE

            def test_gone_at_once():
                died = []
                one, other = weakref.ref(kept.THING, died.append), weakref.ref(kept.THINGS[0], died.append)
                del kept.THING, kept.THINGS[0]
                assert died == [one, other]

            def test_more_of_it():
                kept.THING = kept.Thing()
                assert kept.names() == ["value"] and kept.count("THING") == kept.BEFORE
        """,
    )
    job = Job(suite, python, "--dagz-workers=1")
    assert "3 passed" in job.ran.out


ODD = """
    import collections, enum, gc, importlib.util, sys, types, weakref

    CALLS = []

    class Meta(type):
        def __getattribute__(cls, name):
            CALLS.append(name)
            return super().__getattribute__(name)
        def __subclasses__(cls):
            CALLS.append("subclasses")
        def __instancecheck__(cls, other):
            CALLS.append("instancecheck")
        def __hash__(cls):
            CALLS.append("hash")
            return 1
        def __eq__(cls, other):
            CALLS.append("eq")
            return cls is other

    class Odd(metaclass=Meta):
        def noticed(name):
            def call(self, *rest):
                CALLS.append(name)
                return object.__getattribute__(self, *rest) if name == "getattribute" else 1
            return call
        __getattribute__ = noticed("getattribute")
        __eq__, __hash__, __bool__, __len__, __iter__ = map(noticed, ("eq", "hash", "bool", "len", "iter"))
        __dict__ = property(noticed("dict"))
        __class__ = property(noticed("class"))

    class OddDict(dict):
        def __getitem__(self, key):
            CALLS.append("getitem")
        def __len__(self):
            CALLS.append("len")
            return 0
        def __iter__(self):
            CALLS.append("iter")
            return iter(())
        items = keys = values = __iter__

    class Of:
        def __get__(self, instance, owner):
            CALLS.append("get")
        def __set_name__(self, owner, name):
            pass

    class Owner:
        one = Of()
        other = property(lambda self: CALLS.append("property"))
        __slots__ = ("slot", "__dict__", "__weakref__")

    ODD, ODD_DICT, OWNER = Odd(), OddDict(a=[1]), Owner()
    ODDS, KEYED, NUMBERS = [ODD, Odd], {ODD: 1, OWNER: ODD}, {ODD, 1}
    PROXY, GONE = weakref.proxy(OWNER), weakref.proxy(Owner())
    WEAK = weakref.WeakValueDictionary(one=OWNER)

    ITSELF = []
    ITSELF.append(ITSELF)
    ROUND = {"deque": collections.deque([ITSELF])}
    ROUND["round"] = ROUND
    OWNER.owner = OWNER
    OWNER.bound = types.MethodType(print, OWNER)
    LONG = list(range(100_000))
    WIDE = tuple((n, [n], (n, (n, (n, (n, (n,)))))) for n in range(3000))

    def encloses():
        def inner():
            return inner
        inner.inner = inner
        return inner
    INNER = encloses()

    class OddModule(types.ModuleType):
        def __getattribute__(self, name):
            CALLS.append(name)
            return super().__getattribute__(name)
        @property
        def __dict__(self):
            CALLS.append("dict")
            return {}

    def put(name, module, **names):
        for key, value in names.items():
            types.ModuleType.__setattr__(module, key, value)
        sys.modules[name] = module

    put("odd_module", OddModule("odd_module"), __file__=__file__)
    put("odd_file", types.ModuleType("odd_file"), __file__=ODD)
    put("no_file", types.ModuleType("no_file"), __file__=None)
    sys.modules["none"] = None
    sys.modules["odd_thing"] = ODD

    def load_late(name):
        spec = importlib.util.find_spec(name)
        spec.loader = importlib.util.LazyLoader(spec.loader)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module

    LATE = load_late("late")
    gc.disable()
    CALLS.clear()

    def calls():
        found = CALLS[:]
        CALLS.clear()
        return found
"""


@pytest.mark.parametrize("probe", ["frame", "prologue", "none"])
def test_nothing_of_the_suites_own_is_called_by_who_looks(suite, python, probe):  # noqa: F811
    suite.write(
        odd=ODD,
        late="import pathlib\npathlib.Path('late.txt').write_text('loaded')\nVALUE = 1\n",
        test_it="""
            import gc, pathlib, sys
            import odd

            def test_writes():
                del odd.CALLS[:]
                odd.LONG.append(1)
                odd.ITSELF.append(2)
                odd.OWNER.owner = [odd.OWNER]
                odd.WIDE[5][1].append(1)
                odd.Owner.more = 1
            def test_nobody_was_called():
                assert odd.calls() == []
                assert not gc.isenabled()
                assert not pathlib.Path("late.txt").exists()
            def test_loads_late():
                assert odd.LATE.VALUE == 1
                del sys.modules["no_file"], sys.modules["late"]
                gc.enable()
            def test_is_as_it_was():
                assert gc.isenabled() and odd.calls() == []
        """,
    )
    ran = suite.run("--dagz-workers=1", env={"DAGZ_PYTHON": python, "DAGZ_PROBE": probe})
    assert "4 passed" in ran.out, ran.out


def test_what_many_tests_add_to_is_told_without_each_leaning_on_all(suite, python):  # noqa: F811
    suite.write(
        log="LINES = []\ndef say(line):\n    LINES.append(line)\n",
        test_it="""
            import log, pytest
            @pytest.mark.parametrize("n", range(20))
            def test_it(n):
                log.say(str(n))
        """,
    )
    job = Job(suite, python, "--dagz-workers=1")
    told = [[span for span in job.spans(f"test_it.py::test_it[{n}]") if span["type"] == "test"] for n in range(20)]
    assert [len(spans) for spans in told] == list(range(1, 21))
    assert all(sum(on.startswith("test ") for on in span["leans_on"]) < 2 for spans in told for span in spans)


def test_what_modules_share_is_told_of_each_of_them(suite, python):  # noqa: F811
    of_base = "from base import BOX\ndef put():\n    BOX.rows[0].append(1)\ndef get():\n    return len(BOX.rows[0])\n"
    suite.write(
        base="class Box:\n    def __init__(self):\n        self.rows = ([],)\nBOX = Box()\n",
        one=of_base,
        two=of_base,
        three=of_base,
        test_it="""
            import one, three, two
            def test_write_one():
                one.put()
            def test_read_two():
                assert two.get()
            def test_write_three():
                three.put()
            def test_read_one():
                assert one.get()
            def test_other():
                pass
            def test_read_three():
                assert three.get()
        """,
    )
    job = Job(suite, python, "--dagz-workers=1")
    writers = {"test_it.py::test_write_one", "test_it.py::test_write_three"}
    read = {name: writers & {span["name"] for span in job.spans(f"test_it.py::test_{name}")}
            for name in ("read_two", "read_one", "other", "read_three")}  # fmt: skip
    assert read.pop("read_two") == {"test_it.py::test_write_one"}
    assert read == {"read_one": writers, "other": set(), "read_three": writers}


def test_a_test_that_changes_a_thousand_names_is_told_of(suite, python):  # noqa: F811
    suite.write(
        many="\n".join(f"N{n} = {n}" for n in range(1000)),
        test_it="""
            import many
            def test_write():
                for n in range(1000):
                    setattr(many, f"N{n}", -1)
            def test_read():
                assert many.N999
            def test_other():
                pass
        """,
    )
    job = Job(suite, python, "--dagz-workers=1")
    assert "test_it.py::test_write" in {span["name"] for span in job.spans("test_it.py::test_read")}
    assert "test_it.py::test_write" not in {span["name"] for span in job.spans("test_it.py::test_other")}


def test_a_change_that_cannot_be_told_makes_its_test_unobserved(suite, python):  # noqa: F811
    suite.write(
        kind="def run():\n    pass\n",
        test_it="""
            import kind
            def test_it():
                kind.run()
                setattr(kind, "\\udc80", 1)
            def test_other():
                kind.run()
        """,
    )
    job = Job(suite, python, "--dagz-workers=1")
    assert job.spans("test_it.py::test_it")[0]["unobserved"] == ["a name whose change cannot be told"]
    assert job.spans("test_it.py::test_other")[0]["unobserved"] == []
