"""What front and worker both know of the suite: which tests share which fixtures. PYTEST_DONT_REWRITE"""

import contextlib
import hashlib
import marshal
import os
import pickle
import sys
import uuid
import warnings

import pytest

import _dagz

choice = _dagz.load("_dagz.choice")
unobserved = _dagz.load("_dagz.unobserved").unobserved

try:
    from _pytest.junitxml import xml_key
except ImportError:
    xml_key = None

try:
    from _pytest.subtests import failed_subtests_key
except ImportError:
    failed_subtests_key = None

# enum dz_end_reason
DONE, EXIT, INTERRUPT, SHOULDSTOP, SHOULDFAIL, INTERNAL = range(6)
# A number that stands for nothing.
NONE = 0xFFFFFFFF

# Fixtures of pytest's own that are made in no time and hold nothing are not shared in a sense that counts;
# those it makes of setup_module, setup_class and setUpClass are users' code.
USERS_OWN = ("_xunit_setup_", "_unittest_setUpClass", "xunit_setup_", "unittest_setUpClass")


def junit(config):
    return config.stash.get(xml_key, None) if xml_key is not None else None


def node_hook(config, name):
    """A hook that pytest-xdist has for its controller's side, where that is installed. pytest-cov is not asked:
    it has been told that this run is not distributed, its data is combined without it."""
    manager = config.pluginmanager
    if not manager.hasplugin("xdist"):
        return None
    return manager.subset_hook_caller(name, [manager.getplugin("_cov")])


def failed_subtests(config):
    """How many sub-tests have failed, by test. pytest counts them where they run, and makes a failure of the
    test that passed where it is shown: worker and front hold those of one test only, the same ones."""
    return config.stash.get(failed_subtests_key, {}) if failed_subtests_key is not None else {}


def is_shared(fixturedef):
    if fixturedef.scope == "function":
        return False
    if fixturedef.argname.lstrip("_").startswith(tuple(name.lstrip("_") for name in USERS_OWN)):
        return True
    return not getattr(fixturedef.func, "__module__", "").startswith("_pytest.")


def key_of(fixturedef, item, params):
    """Names one instance: what is set up once for all tests with the same key."""
    scope, name = fixturedef.scope, fixturedef.argname
    if scope == "class":
        node = item.getparent(pytest.Class) or item.getparent(pytest.Module)
    elif scope == "module":
        node = item.getparent(pytest.Module)
    elif scope == "package":
        node = item.getparent(pytest.Package)
    else:
        node = None
    where = node.nodeid if node is not None else ""
    param = f"[{params[name]}]" if name in params else ""
    return f"{scope}:{where}:{fixturedef.baseid}::{name}{param}"


class Suite:
    """The tests as the host is told of them: numbered as they stand in session.items."""

    def __init__(self, session):
        self.fixtures = {}
        self.modules = {}
        self.classes = {}
        self.shared = {}
        self.tests = [self.test(item) for item in session.items]

    def test(self, item):
        uses = self.uses(item)
        return (
            number(self.modules, item.nodeid.partition("::")[0]),
            self.class_of(item),
            b"".join(use.to_bytes(4, "little") for use in uses),
            item.nodeid,
            pickle.dumps(item.location, 5),
        )

    def class_of(self, item):
        parent = item.parent
        return number(self.classes, id(parent)) if isinstance(parent, pytest.Class) else NONE

    def uses(self, item):
        info = getattr(item, "_fixtureinfo", None)
        if info is None:
            return ()
        found = self.shared.get(id(info))
        if found is None:
            found = [defs[-1] for defs in info.name2fixturedefs.values() if defs and is_shared(defs[-1])]
            # The info is kept with it: an id is good as long as its object lives.
            self.shared[id(info)] = found = (found, info)
        params = getattr(getattr(item, "callspec", None), "indices", {}) if found[0] else {}
        return [number(self.fixtures, key_of(fixturedef, item, params)) for fixturedef in found[0]]

    def number_of(self, fixturedef, item):
        """Of a fixture that is being set up for this item, or None."""
        if not is_shared(fixturedef):
            return None
        params = getattr(getattr(item, "callspec", None), "indices", {})
        return self.fixtures.get(key_of(fixturedef, item, params))


def pass_remarks_on():
    """On how this process observes, to the host."""
    while (text := _dagz.take_remark()) is not None:
        _dagz.remark(text)


def digest(items):
    """Of the node ids in their order: equal in two processes that have collected the same."""
    text = "\n".join(item.nodeid for item in items)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def unique(job):
    """A job's number with its host's pid and start: the same in all its processes, and in no other job's, where
    the number counts within one tree only."""
    host = os.getppid()
    with open(f"/proc/{host}/stat", "rb") as file:
        started = file.read().rpartition(b") ")[2].split()[19].decode()
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{job} {host} {started}").hex


def number(table, key):
    return table.setdefault(key, len(table))


class Warned:
    """A warnings.WarningMessage on its way. Its category goes by name, and what it was made with as far as that
    is plain: the front imports nothing for it, and may not know the class."""

    def __init__(self, message):
        kind = message.category
        # Made anew from the same arguments it says the same, if it is of a kind that says what it was given.
        args = message.message.args if is_plain(message.message.args) else None
        base = next(base for base in kind.__mro__ if base.__module__ == "builtins")
        self.kind = (kind.__module__, kind.__qualname__, base)
        self.said = (args, str(message.message))
        self.where = (message.filename, message.lineno, message.line)

    def warning(self):
        filename, lineno, line = self.where
        kind = find_class(*self.kind) or make_class(*self.kind)
        return warnings.WarningMessage(self.message(kind), kind, filename, lineno, line=line)

    def message(self, kind):
        args, text = self.said
        with contextlib.suppress(Exception):
            made = kind.__new__(kind, *args)
            made.args = args
            if str(made) == text:
                return made
        kind = make_class(*self.kind)
        kind.__str__ = lambda self: text
        return kind(*(args or (text,)))


def is_plain(value):
    """Whether it is made of Python's own simplest types only: it comes through as it is, wherever."""
    try:
        marshal.dumps(value)
    except ValueError:
        return False
    return True


def find_class(module, qualname, base):
    found = sys.modules.get(module)
    for name in qualname.split("."):
        found = getattr(found, name, None)
    return found if isinstance(found, type) and issubclass(found, base) else None


def make_class(module, qualname, base):
    return type(qualname.rpartition(".")[2], (base,), {"__module__": module, "__qualname__": qualname})


class Order:
    """Notes the collection's order before plugins change it, to tell whether they have."""

    def __init__(self):
        self.before = None

    @pytest.hookimpl(tryfirst=True, hookwrapper=True)
    def pytest_collection_modifyitems(self, items):
        self.before = list(items)
        yield

    def is_kept(self, items):
        """Whether they stand as collected, or as pytest itself groups them by parameters of fixtures."""
        if self.before is None or self.follows(items, self.before):
            return True
        from _pytest.fixtures import reorder_items

        return self.follows(items, list(reorder_items(self.before)))

    @staticmethod
    def follows(items, order):
        place = {id(item): index for index, item in enumerate(order)}
        places = [place.get(id(item), -1) for item in items]
        return all(one <= other for one, other in zip(places, places[1:]))


class Collecting:
    """A plugin: what happens while a test file is collected belongs to a span of that file, all else to the load."""

    def __init__(self):
        self.spans = {}
        # Whether all of it was collected without an error, by node id.
        self.files = {}

    @pytest.hookimpl(tryfirst=True, hookwrapper=True)
    def pytest_make_collect_report(self, collector):
        file = collector.getparent(pytest.File)
        if file is None or choice.is_stub(file):
            yield
            return
        before = _dagz.span_base(self.span_of(file.nodeid))
        outcome = yield
        _dagz.span_base(before)
        passed = outcome.excinfo is None and outcome.get_result().outcome == "passed"
        self.files[file.nodeid] = passed and self.files.get(file.nodeid, True)

    def span_of(self, nodeid):
        span = self.spans.get(nodeid)
        if span is None:
            span = self.spans[nodeid] = _dagz.span(_dagz.COLLECT, nodeid)
        return span

    def of_test(self, nodeid):
        return self.spans.get(nodeid.partition("::")[0], 0)

    def close(self):
        for span in self.spans.values():
            _dagz.span_close(span)
