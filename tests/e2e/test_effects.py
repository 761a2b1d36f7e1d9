"""What a module's new statements write into other modules at import: whoever reads that runs, though nothing has been
observed of it yet. A project is learnt, a change is made in a copy of it, and a second job tells what it runs."""

import shutil
import subprocess

import behaviours
import pytest
from behaviours import World, append, both, clean_environ, edit, plugs, write
from conftest import EXECUTABLE
from test_behaviours import minor
from test_state import PYTHONS

WORLD = World("effects", """
    --- core.py
    TABLE = {}
    ORDER = []
    KINDS = []
    SEEN = []
    ITEMS = [1, 2]
    LIMIT = 1
    NAME = "name"
    DEBUG = 0
    _INNER = []
    OUTER = _INNER

    def register(name, function):
        _keep(name, function)

    def _keep(name, function):
        TABLE[name] = function

    def handler(name):
        def put(function):
            register(name, function)
            return function
        return put

    def wraps(function):
        def wrapped(*args):
            return function(*args)
        return wrapped

    def add(item):
        ORDER.append(item)

    def lazily():
        from effects import store
        store.SHELF.append(1)

    class Base:
        def __init_subclass__(cls):
            KINDS.append(cls.__name__)

    class Middle(Base):
        pass

    class Plain:
        def plain(self):
            return 1

    class Shop:
        value = 1
        @classmethod
        def open(cls, name):
            cls.value = name

    def inner():
        return len(_INNER)

    def other():
        return 1
    --- metas.py
    HOOKS = []

    class Meta(type):
        def __new__(meta, name, bases, space):
            HOOKS.append(name)
            return super().__new__(meta, name, bases, space)

    class Metas(metaclass=Meta):
        pass
    --- apps.py
    ROUTES = []

    class App:
        def __init__(self):
            self.paths = {}
        def route(self, path):
            ROUTES.append(path)
            return self.paths.setdefault(path, lambda function: function)
        def size(self):
            return len(self.paths)

    APP = App()

    def routes():
        return APP.size()
    --- store.py
    SHELF = []
    --- api.py
    from effects.core import *
    from effects.core import register as enrol
    --- quiet.py
    import os
    from effects import api, apps, core, metas
    from effects.core import Base, Plain, register
    from . import core as beside

    def quiet():
        return 1
    --- third.py
    VALUE = 1
    --- fills.py
    from effects import core
    def fill(item):
        core.SEEN.append(item)

    fill(1)
    target = core.SEEN
    target.append(2)
    --- late.py
    from effects import core
    core.TABLE["late"] = 1
    --- chain.py
    from effects import late
    --- test_looks.py
    from effects import apps, core, fills, metas, quiet, store

    def test_table():
        assert not core.TABLE
    def test_order():
        assert not core.ORDER
    def test_kinds():
        assert core.KINDS == ["Middle"]
    def test_hooks():
        assert metas.HOOKS == ["Metas"]
    def test_routes():
        assert apps.routes() == 0
    def test_paths():
        assert apps.ROUTES == []
    def test_shop():
        assert core.Shop.value == 1
    def test_limit():
        assert core.LIMIT == 1
    def test_items():
        assert core.ITEMS == [1, 2]
    def test_inner():
        assert core.inner() == 0
    def test_seen():
        assert core.SEEN == [1, 2]
    def test_shelf():
        assert store.SHELF == []
    --- test_second.py
    from effects.core import KINDS, TABLE

    def test_table():
        assert len(TABLE) == 0
    def test_kinds():
        assert "New" not in KINDS
    --- test_others.py
    from effects import api, core, quiet, third

    def test_other():
        assert core.other()
    def test_quiet():
        assert quiet.quiet()
    def test_plain():
        assert core.Plain().plain()
    def test_name():
        assert core.NAME
    def test_debug():
        assert not core.DEBUG
    def test_wraps():
        assert core.wraps(len)([1])
    def test_api():
        assert api.other()
    def test_third():
        assert third.VALUE
    def test_again():
        assert quiet.quiet() + core.other()
    def test_nothing():
        pass
    def test_more():
        assert core.NAME.upper()
    """)  # fmt: skip

TABLE = "looks::table second::table"
KINDS = "looks::kinds second::kinds"
INDIRECT = {
    "nothing": ("", ""),
    "call": ("def f(): pass\nregister('c', f)", TABLE),
    "call_of_module": ("core.register('c', 1)", TABLE),
    "call_by_relative_import": ("beside.register('c', 1)", TABLE),
    "call_through_reexport": ("api.enrol('c', 1)", TABLE),
    "call_through_star": ("api.register('c', 1)", TABLE),
    "call_of_own_function": ("def f():\n    core.add(1)\nf()", "looks::order"),
    "call_by_alias": ("g = core.add\ng(1)", "looks::order"),
    "call_of_lambda": ("g = lambda item: core.ORDER.append(item)\ng(1)", "looks::order"),
    "call_by_map": ("list(map(core.add, [1]))", "looks::order"),
    "call_that_imports": ("core.lazily()", "looks::shelf"),
    "item": ("core.TABLE['x'] = 1", TABLE),
    "item_through_star": ("api.TABLE['x'] = 1", TABLE),
    "item_of_alias": ("core.OUTER.append(1)", "looks::inner"),
    "item_of_own_alias": ("t = core.TABLE\nt['x'] = 1", TABLE),
    "method": ("core.ORDER.append(1)", "looks::order"),
    "name": ("core.LIMIT = 2", "looks::limit"),
    "name_by_setattr": ("setattr(core.Shop, 'value', 2)", "looks::shop"),
    "attribute_of_class": ("core.Shop.value = 2", "looks::shop"),
    "class_method": ("core.Shop.open(2)", "looks::shop"),
    "decorator": ("@core.handler('x')\ndef f(): pass", TABLE),
    "decorator_that_wraps": ("@core.wraps\ndef f(): pass", ""),
    "method_as_decorator": ("@apps.APP.route('/')\ndef f(): pass", "looks::routes looks::paths"),
    "loop": ("for x in 1, 2:\n    core.add(x)", "looks::order"),
    "loop_over": ("for x in (core.ITEMS,):\n    x.append(3)", "looks::items"),
    "branch": ("if os:\n    core.TABLE.update(x=1)", TABLE),
    "argument": ("dict.update(core.TABLE, x=1)", TABLE),
    "hook_of_base": ("class New(core.Base): pass", KINDS),
    "hook_of_base_by_name": ("class New(Base): pass", KINDS),
    "hook_of_bases_base": ("class New(core.Middle): pass", KINDS),
    "metaclass": ("class New(metaclass=metas.Meta): pass", "looks::hooks"),
    "metaclass_of_base": ("class New(metas.Metas): pass", "looks::hooks"),
    "class_without_hooks": ("class New(Plain): pass", ""),
    "class_that_mentions": ("class New(core.Plain):\n    table = core.TABLE\n    def f(self): core.add(1)", ""),
    "function": ("def f():\n    core.TABLE['x'] = 1", ""),
    "constant": ("X = core.LIMIT * 2", ""),
}  # fmt: skip
CHANGES = {
    **{name: (append("quiet.py", f"\n{text}\n"), selected) for name, (text, selected) in INDIRECT.items()},
    "import_of_what_writes": (append("third.py", "\nfrom effects import late\n"), TABLE + " others::"),
    "import_of_what_imports_it": (append("third.py", "\nimport effects.chain\n"), TABLE + " others::"),
    "import_of_new_module": (
        both(append("third.py", "\nfrom . import new\n"), write("new.py", "import effects.core as c\nc.add(1)\n")),
        "looks::order others::",
    ),
    "function_that_an_effect_has_run": (
        edit("fills.py", "append(item)", "append(item)\n    core.add(item)"), "looks::order looks::seen"),
    "what_a_name_stands_for": (edit("fills.py", "target = core.SEEN", "target = core.ORDER"), "looks::order looks::seen"),
}  # fmt: skip


def nodes(short, first):
    """Short ids; `others::` is the whole file."""
    whole = {f"effects/test_{name[:-2]}.py::" for name in short.split() if name.endswith("::")}
    ids = behaviours.expand("effects", " ".join(name for name in short.split() if not name.endswith("::")))
    return ids | {ran for ran in first.ran for path in whole if ran.startswith(path)}


@pytest.fixture
def learnt(once):
    def of(python):
        return once(f"effects-{minor(python)}", lambda folder: behaviours.learn(folder, python, 1, [WORLD, plugs.WORLD]))

    return of


@pytest.mark.parametrize("python", PYTHONS, ids=minor)
@pytest.mark.parametrize("name", CHANGES)
def test_a_new_effect_runs_who_reads_what_it_may_write(name, python, learnt, tmp_path):
    before = learnt(python)
    tree = before.copy(tmp_path / "project")
    act, selected = CHANGES[name]
    act(tree / "effects")
    must = nodes(selected, before.first)
    job = before.job(tree)
    shutil.rmtree(tree)
    assert job.ran == must, f"missed: {must - job.ran}\nfor nothing: {job.ran - must}\n{job.out}"


def test_why_tells_of_a_new_statement(learnt, tmp_path):
    tree = learnt(PYTHONS[-1]).copy(tmp_path / "project")
    append("quiet.py", "\ncore.TABLE['x'] = 1\n")(tree / "effects")
    command = [EXECUTABLE.with_name("dagz"), "why", "effects/test_second.py::test_table"]
    told = subprocess.run(command, cwd=tree, capture_output=True, text=True, env=clean_environ(DAGZ_PYTHON=str(PYTHONS[-1])))
    assert "name effects/core.py::TABLE, lines 1-1: a statement that is new may write it" in told.stdout, told
