"""What need not run: test files that are not imported, and items that are taken out of the session.
PYTEST_DONT_REWRITE

The host has it from the baselines, before anything is collected. Whole files are told by their path only, and get a
collector that yields nothing. The user's own filters choose first, from all that is collected: so what is to be left
out of a file that is collected goes when every hook has had the items.
"""

import contextlib
import os
import pathlib
import shlex

import pytest

import _dagz

parameters = _dagz.load("_dagz.parameters")
unobserved = _dagz.load("_dagz.unobserved").unobserved

# Their tests look for the outcomes of others in the same session.
TIED = ("dependency", "depends")


class Proved(pytest.File):
    """Stands for a test file none of whose tests needs to run."""

    is_of_dagz = True
    # pytest makes collectors of a whole folder, also where it collects one.
    is_met = False

    def collect(self):
        self.is_met = True
        return []


def is_stub(collector):
    return getattr(collector, "is_of_dagz", False)


class Choice:
    """A plugin, where tests are collected. Until something is taken it leaves all as it is."""

    def __init__(self, config):
        self.config = config
        self.known = False
        # Tests: what their parameters have to be, several of which may do.
        self.files, self.tests = {}, {}
        self.values = parameters.Values(config)
        self.asked = frozenset()
        self.stubs, self.left = {}, []
        self.stems = {}
        self.may_stub = not any(config.pluginmanager.hasplugin(name) for name in TIED)

    def take(self, known, files, counts, tests, prints):
        """As in `chosen`, of wire.def."""
        self.known = bool(known)
        numbers = (int.from_bytes(counts[at : at + 4], "little") for at in range(0, len(counts), 4))
        self.files = dict(zip(names(files), numbers))
        for number, name in enumerate(names(tests)):
            self.tests.setdefault(name, set()).add(prints[16 * number : 16 * number + 16])
        self.asked = asked_by_name(self.config)

    @property
    def n_left(self):
        return sum(self.files[path] for path in self.left_files()) + len(self.left)

    def left_files(self):
        return [path for path, stub in self.stubs.items() if stub.is_met]

    # ---- files ----

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collect_file(self, file_path, parent):
        outcome = yield
        if not self.files or not self.may_stub or outcome.excinfo is not None or not outcome.get_result():
            return
        path = relative(file_path, self.config.rootpath)
        if self.is_to_be_left_out(path, file_path):
            stub = Proved.from_parent(parent, path=file_path)
            if stub.nodeid == path:
                self.stubs[path] = stub
                outcome.force_result([stub])

    def is_to_be_left_out(self, path, file_path):
        """A package's own file is what its tests hang on."""
        if file_path.name == "__init__.py":
            return False
        proved = path in self.files and path not in self.asked and None not in self.asked
        if file_path.suffix != ".py":
            return proved
        namesakes = self.stems.setdefault(file_path.stem, [])
        namesakes.append((path, file_path))
        if len(namesakes) > 1 and self.has_namesake(namesakes):
            self.import_stubs(namesakes, file_path)
            return False
        return proved

    def has_namesake(self, namesakes):
        """Whether pytest would import another file by that module's name, and refuse the second."""
        if self.config.getoption("importmode") == "importlib":
            return False
        *before, (_, last) = namesakes
        return any(module_name(one) == module_name(last) for path, one in before if one != last)

    def import_stubs(self, namesakes, last):
        for path, one in namesakes:
            stub = self.stubs.get(path)
            if stub is not None and one != last and module_name(one) == module_name(last):
                with contextlib.suppress(Exception, pytest.skip.Exception):
                    # What it raises is not told: it is proved to be as it was, when it was collected.
                    pytest.Module.from_parent(stub.parent, path=one).obj  # noqa: B018

    # ---- items ----

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session):
        items = session.items
        if not items or not (self.files or self.tests):
            return
        with unobserved():
            self.left = [item for item in items if self.is_left_out(item)]
        if len(self.left) < len(items):
            self.left = self.without_tied(items)
        left = set(map(id, self.left))
        items[:] = [item for item in items if id(item) not in left]

    def is_left_out(self, item):
        if item.nodeid.partition("::")[0] in self.files:
            return True
        proved = self.tests.get(item.nodeid, ())
        return parameters.ANY in proved or (bool(proved) and self.values.of(item).digest in proved)

    def without_tied(self, items):
        tied = {id(item) for item in items if any(item.get_closest_marker(name) for name in TIED)}
        left = {id(item) for item in self.left}
        return self.left if not tied - left else [item for item in self.left if id(item) not in tied]


def names(text):
    return [name.decode("utf-8", "surrogatepass") for name in text.split(b"\0")[:-1]]


def relative(path, rootpath):
    """As node ids begin; "" outside of the tree."""
    try:
        return pathlib.Path(path).relative_to(rootpath).as_posix()
    except ValueError:
        return ""


def asked_by_name(config):
    """Files of which the command line names tests. None among them: it cannot be told which."""
    found = set()
    for arg in config.args:
        name, colons, _ = str(arg).partition("::")
        if not colons:
            continue
        path = pathlib.Path(config.invocation_params.dir, name)
        # Below a link it may be told by either path.
        for place in (os.path.normpath(path), os.path.realpath(path)):
            found.add((relative(place, config.rootpath) or None) if path.exists() else None)
    return frozenset(found)


def module_name(path):
    """As pytest imports it, unless by importlib."""
    parts, folder = [path.stem], path.parent
    while (folder / "__init__.py").is_file():
        parts.append(folder.name)
        folder = folder.parent
    return ".".join(reversed(parts))


# ---- telling the host what there is ----


class Found:
    """What the collection has come to, told to the host: tests that are gone are gone from the baseline too."""

    def __init__(self, config, choice, files):
        """files: whether each was collected to its end, by node id."""
        self.config, self.choice, self.files = config, choice, files

    def tell(self, before, after):
        """before: all items as collected; after: without those that were deselected."""
        self.tell_files(before)
        if self.is_deselected_by_settings():
            chosen = {id(item) for item in after} | {id(item) for item in self.choice.left}
            _dagz.deselected(joined(item.nodeid for item in before if id(item) not in chosen))
        _dagz.left_out(
            self.choice.n_left, joined(self.choice.left_files()), joined(item.nodeid for item in self.choice.left)
        )

    def tell_files(self, before):
        items = {path: [] for path in self.files}
        for item in before:
            items.setdefault(item.nodeid.partition("::")[0], []).append(item)
        for path, found in items.items():
            told = [item for item in found if "\0" not in item.nodeid]
            complete = self.files.get(path, False) and len(told) == len(found) and self.is_whole(path)
            values = [self.choice.values.of(item) for item in told]
            _dagz.collected(
                path, complete, joined(item.nodeid for item in told),
                b"".join(one.digest for one in values), joined(one.names for one in values),
            )  # fmt: skip

    def is_whole(self, path):
        """Nothing has kept tests of this file from being found. Outside of the tree, paths stand for nothing."""
        asked = self.choice.asked
        inside = (self.config.rootpath / path).exists()
        return inside and path not in asked and None not in asked and not getattr(self.config.option, "lf", False)

    def is_deselected_by_settings(self):
        """Whether all that was deselected was so by what is in the key, and will be the next time."""
        option = self.config.option
        if any(getattr(option, name, None) for name in ("lf", "stepwise", "stepwise_skip")):
            return False
        return not chooses(self.config, given(self.config)) and not self.choice.asked


def joined(texts):
    return b"".join(text.encode("utf-8", "surrogatepass") + b"\0" for text in texts)


def given(config):
    """The command line itself, with what stands for it in the environment."""
    return shlex.split(os.environ.get("PYTEST_ADDOPTS", "")) + list(map(str, config.invocation_params.args))


def chooses(config, args):
    """Whether these arguments deselect tests."""
    try:
        option = config._parser.parse_known_args(args)
    except BaseException:
        return True
    return any(getattr(option, name, None) for name in ("keyword", "markexpr", "deselect", "lf", "stepwise"))
