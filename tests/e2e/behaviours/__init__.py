"""The table of behaviours: small worlds of modules and tests, and for each change of one the tests that it reaches.

All worlds lie in one project, each a package of its own: the tests of the others are bystanders to every change. The
project is learnt once for a python and a count of workers; each change is made in a copy of what was learnt."""

import dataclasses
import functools
import os
import pathlib
import re
import shutil
import subprocess
import textwrap
import time

from conftest import EXECUTABLE, HANG_S, OUTCOME

ROOT_FILES = {
    "pytest.ini": "[pytest]\npythonpath = . places/first places/second\n",
    "conftest.py": 'pytest_plugins = ["plugs.plugin"]\n',
    "pyproject.toml": '[project]\nname = "worlds"\nversion = "1"\n[tool.other]\nwidth = 100\n',
    "README.md": "Worlds.\n",
}
# Files that could not be collected, which have no tests to tell.
BROKEN = re.compile(r"^ERROR ([^\s:]+\.py)(?: - .*)?$", re.M)
ALL = "all"


@dataclasses.dataclass(frozen=True)
class World:
    """Modules and tests as one text: a line `--- PATH` begins each file."""

    name: str
    text: str
    changes: tuple = ()

    def files(self):
        parts = re.split(r"^--- (\S+)\n", textwrap.dedent(self.text).lstrip("\n"), flags=re.M)[1:]
        return {"__init__.py": "", **dict(zip(parts[::2], parts[1::2]))}


@dataclasses.dataclass(frozen=True)
class Change:
    """What is done to a world's folder, and whom it reaches: `users::direct` is test_users.py::test_direct, `users::` that
    file when it cannot be collected any more."""

    name: str
    act: object
    selected: str = ""
    environ: dict = dataclasses.field(default_factory=dict)
    # Where what is reached depends on who has shared a process with whom.
    workers: tuple = (1, 2)


# ---- what is done to a file ----


def edit(path, old, new, count=1):
    def act(folder):
        text = (folder / path).read_text()
        assert text.count(old) == count, f"{path} has {old!r} {text.count(old)} times"
        (folder / path).write_text(text.replace(old, new))

    return act


def same_time(path, old, new):
    """Of a file's times all but its last change's can be put back."""

    def act(folder):
        was = (folder / path).stat()
        edit(path, old, new)(folder)
        assert (folder / path).stat().st_size == was.st_size
        os.utime(folder / path, ns=(was.st_atime_ns, was.st_mtime_ns))

    return act


def touch(path):
    return lambda folder: os.utime(folder / path, (1_000_000_000, 1_000_000_000))


def append(path, text):
    return lambda folder: (folder / path).write_text((folder / path).read_text() + textwrap.dedent(text))


def write(path, text=""):
    def act(folder):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        assert not (folder / path).exists()
        (folder / path).write_text(textwrap.dedent(text))

    return act


def remove(path):
    return lambda folder: (folder / path).unlink()


def rename(old, new):
    return lambda folder: (folder / old).rename(folder / new)


def mode(path, bits):
    return lambda folder: (folder / path).chmod(bits)


def link(path, target):
    def act(folder):
        (folder / path).unlink()
        (folder / path).symlink_to(target)

    return act


def both(*acts):
    def act(folder):
        for one in acts:
            one(folder)

    return act


def nothing(folder):
    pass


# ---- the project and its jobs ----


def expand(world, selected):
    """Whole node ids of what a change says in short."""
    return {nodeid(world, short) for short in selected.split()}


def nodeid(world, short):
    path, *names = short.split("::")
    folder, _, file = path.rpartition("/")
    file = "/".join(filter(None, (world, folder, f"test_{file}.py")))
    if names == [""]:
        return file
    return "::".join([file, *names[:-1], f"test_{names[-1]}"])


def write_project(folder, worlds):
    for path, text in ROOT_FILES.items():
        (folder / path).write_text(text)
    for world in worlds:
        for path, text in world.files().items():
            (folder / world.name / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / world.name / path).write_text(text)
    return folder


def clean_environ(**more):
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "DAGZ", "VIRTUAL_ENV"))}
    return {**inherited, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **more}


@dataclasses.dataclass(frozen=True)
class Job:
    """What ran, by what pytest has told of it, and all that was said."""

    code: int
    out: str
    ran: frozenset

    def failed(self):
        return {nodeid for outcome, nodeid in OUTCOME.findall(self.out) if outcome in ("FAILED", "ERROR")}


def job(folder, python, workers, *options, environ=(), under=()):
    command = [*under, EXECUTABLE, "-m", "pytest", "--dagz", f"--dagz-workers={workers}", "-q", "-rA", "--tb=short", *options]
    done = subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=HANG_S,
        env=clean_environ(DAGZ_PYTHON=str(python), **dict(environ)),
    )  # fmt: skip
    out = done.stdout + done.stderr
    # A listed test's line: anything that a test prints is captured.
    ran = {nodeid for _, nodeid in OUTCOME.findall(out)} | set(BROKEN.findall(out))
    return Job(done.returncode, out, frozenset(ran))


@dataclasses.dataclass
class Learnt:
    """A project that has a baseline. A change is made in a copy, in another folder: all times and places are other ones."""

    folder: pathlib.Path
    python: str
    workers: int
    first: Job

    def copy(self, to):
        shutil.copytree(self.folder, to, symlinks=True)
        return to

    def job(self, folder, *options, **how):
        return job(folder, self.python, self.workers, *options, **how)

    @functools.cached_property
    def restless(self):
        """What runs though nothing has changed: `nothing` fails by it, the other changes need not."""
        copy = self.copy(self.folder.with_name("restless"))
        ran = self.job(copy).ran
        shutil.rmtree(copy)
        return ran


def settle(tree):
    """Until a job that starts can tell that nothing in there was written while it ran."""
    coarse = 5  # CLOCK_REALTIME_COARSE: what files are stamped by
    last = max(path.lstat().st_ctime_ns for path in tree.rglob("*"))
    while time.clock_gettime_ns(coarse) <= last:
        time.sleep(0.001)


def learn(folder, python, workers, worlds, environ=()):
    tree = folder / "learnt"
    tree.mkdir(parents=True)
    write_project(tree, worlds)
    settle(tree)
    first = job(tree, python, workers, environ=environ)
    assert first.code == 0, first.out
    return Learnt(tree, python, workers, first)


def projects():
    """Each a list of worlds: what one looks at may be all that there is."""
    from . import bodies, plugs, positions, subclasses

    return [worlds(), [subclasses.WORLD, positions.WORLD, bodies.WORLD, plugs.WORLD]]


def worlds():
    from . import bodies, caches, classes, constants, data, docs, environ, files, fixtures, headers
    from . import novelties, params, places, plugs, registries, removals  # fmt: skip

    modules = (bodies, headers, docs, constants, classes, registries, novelties, places, removals, caches, fixtures, plugs,
               data, environ, params, files)  # fmt: skip
    return [module.WORLD for module in modules]
