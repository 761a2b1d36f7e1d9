"""DAGZ's pytest plugin: its options, and whether this pytest is the front of a job. PYTEST_DONT_REWRITE

The same file serves a stock python, as an installed plugin: there it can only start `dagz-python` in its
own place.
"""

import argparse
import os
import re
import shutil
import sys

from _pytest.config import UsageError, hookimpl

_dagz = sys.modules.get("_dagz")

UNITS = {"": 1, "B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def worker_count(text):
    if text == "auto":
        return "auto"
    try:
        count = int(text)
    except ValueError:
        count = -1
    if not 0 <= count <= 4096:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of workers: 'auto', or 0 to 4096")
    return count


def seconds(text):
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 < value <= 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is no time limit: seconds, more than 0")
    return value


def size(text):
    digits = text.rstrip("BKMGbkmg")
    try:
        value = int(digits) * UNITS[text[len(digits) :].upper()]
    except (ValueError, KeyError):
        value = -1
    if not 1 << 20 <= value < 1 << 62:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no limit of memory: a number with K, M or G, at least 1M"
        )
    return value


def share(text):
    try:
        value = float(text.removesuffix("%"))
    except ValueError:
        value = -1
    if not 0 <= value <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is no share: a percentage, 0 to 100")
    return value


def reference(text):
    # As git takes it for an option, or for more than one word.
    if not text or text.startswith("-") or not text.isprintable() or " " in text:
        raise argparse.ArgumentTypeError(f"{text!r} is no branch, tag or commit")
    return text


def profile(text):
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name: up to 64 letters, digits, '_', '.' and '-'")
    return text


def pytest_addoption(parser):
    group = parser.getgroup("dagz", "run under DAGZ, on forked workers")
    group.addoption("--dagz", action="store_true", default=False, help="run the suite as a DAGZ job")
    group.addoption(
        "--dagz-workers", metavar="N|auto", type=worker_count, default="auto",
        help="worker processes; auto: as many as there are cores, and work for; 0: in this process",
    )  # fmt: skip
    group.addoption(
        "--dagz-fork", choices=["worker", "module", "test"], default="worker",
        help="what gets a fresh fork: a worker (default), each test module, each test",
    )  # fmt: skip
    group.addoption(
        "--dagz-start", choices=["fork", "spawn", "none"], default="fork",
        help="how workers start: forked after collection (default), spawned to collect on their own, "
        "or none: in this process",
    )  # fmt: skip
    group.addoption(
        "--dagz-timeout", metavar="SECONDS", type=seconds, default=None,
        help="wall time that one test may take, its fixtures included; then it has failed (default: none)",
    )  # fmt: skip
    group.addoption(
        "--dagz-max-rss", metavar="BYTES|K|M|G", type=size, default=None,
        help="replace a worker between two tests when it is larger than this (default: none)",
    )  # fmt: skip
    group.addoption(
        "--dagz-all", action="store_true", default=False,
        help="run what is proved unaffected, too; what is observed is kept all the same",
    )  # fmt: skip
    group.addoption(
        "--dagz-base", metavar="REF", type=reference, default=None,
        help="the branch whose baseline proves tests, beside this branch's own (default: the main branch)",
    )  # fmt: skip
    group.addoption(
        "--dagz-profile", metavar="NAME", type=profile, default=None,
        help="keep the baselines of this kind of run apart from others'",
    )  # fmt: skip
    group.addoption(
        "--dagz-audit", metavar="PERCENT", type=share, default=None,
        help="run this share of what is proved unaffected all the same, and compare",
    )  # fmt: skip


def pytest_configure(config):
    for line in (
        "dagz_always: run this test in each job, whatever has changed",
        "dagz_inputs(*globs): files below the rootdir that this test depends on, though nothing tells that it reads them",
    ):
        config.addinivalue_line("markers", line)


def is_asked(option):
    return option.dagz or os.environ.get("DAGZ", "0") not in ("", "0")


def is_inside_job():
    return "DAGZ_JOB" in os.environ or (_dagz is not None and _dagz.role != "python")


def runs_pytest_plainly():
    """Whether executing the same command again would do the same: `-m pytest`, or pytest's script."""
    words = sys.orig_argv[1:]
    while words and words[0].startswith("-") and words[0] != "-m" and not words[0].startswith("-c"):
        words = words[2:] if words[0] in ("-W", "-X", "--check-hash-based-pycs") else words[1:]
    if not words:
        return False
    if words[0] == "-m":
        return words[1:2] in (["pytest"], ["py.test"])
    return os.path.basename(words[0]) in ("pytest", "py.test")


def executable():
    """dagz-python: ours where this is it already, else beside this file's installation, else on PATH."""
    if _dagz is not None:
        return _dagz.executable
    here = os.path.dirname(os.path.abspath(__file__))
    for place in ("..", "../../../bin"):
        beside = os.path.normpath(os.path.join(here, place, "dagz-python"))
        if os.access(beside, os.X_OK):
            return beside
    return shutil.which("dagz-python")


def start_job(early_config):
    if early_config.invocation_params.plugins or not runs_pytest_plainly():
        return
    program = executable()
    if not program:
        raise UsageError("--dagz: dagz-python is not on PATH, nor where this plugin was installed")
    environ = dict(os.environ, DAGZ_REEXEC="1")
    if _dagz is None:
        environ.setdefault("DAGZ_PYTHON", sys.executable)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(program, [program, *sys.orig_argv[1:]], environ)


@hookimpl(tryfirst=True, hookwrapper=True)
def pytest_load_initial_conftests(early_config):
    """The outermost of all: any later, capture has begun, and a new program's output would be lost."""
    if is_asked(early_config.known_args_namespace) and not is_inside_job():
        start_job(early_config)
    if _dagz is not None:
        _dagz.span_root(str(early_config.rootpath))
    yield


def stays_here(option):
    """Options that want pytest's own process, as always."""
    return (
        option.dagz_workers == 0
        or option.dagz_start == "none"
        or option.collectonly
        or getattr(option, "usepdb", False)
        or getattr(option, "trace", False)
        or getattr(option, "setupplan", False)
    )


@hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """Before xdist's: its -n is taken as the number of workers, and xdist stays out of it."""
    if _dagz is None or _dagz.role == "python" or hasattr(config, "workerinput"):
        return
    option = config.option
    if config.invocation_params.plugins or stays_here(option):
        _dagz.stop_observing()
        return
    if getattr(_dagz, "front", None) is not None:
        # A pytest started in this process by the first one's tests or hooks is no job.
        return
    taken = take_from_xdist(option)
    if _dagz.role == "worker":
        _dagz.front = _dagz.load("_dagz.spawned").Spawned(config)
    else:
        _dagz.front = _dagz.load("_dagz.front").Front(config, taken, declared(config.rootpath))
    config.pluginmanager.register(_dagz.front, "dagz-front")


def declared(rootpath):
    found = _dagz.load("_dagz.declared")
    if _dagz.role == "replay":
        # What it says counted when the job began.
        return found.Declared()
    try:
        with _dagz.load("_dagz.unobserved").unobserved():
            return found.read(rootpath)
    except found.WrongError as wrong:
        raise UsageError(str(wrong)) from None


def take_from_xdist(option):
    count = getattr(option, "numprocesses", None)
    if not hasattr(option, "numprocesses"):
        return None
    option.numprocesses, option.dist, option.tx, option.distload = None, "no", [], False
    if not count:
        return None
    if option.dagz_workers == "auto" and isinstance(count, int):
        option.dagz_workers = count
    return count


if _dagz is not None and __name__ != "_dagz.plugin":
    # In dagz-python this installed copy stands aside for the one that is built in.
    for name in [name for name in globals() if name.startswith("pytest_")]:
        del globals()[name]
