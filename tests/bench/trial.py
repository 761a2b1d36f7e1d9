"""What the benches of selection share: a project in a folder that can be made anew as it was, and what a run of it gave.

All runs of one project are in one folder of the same name, since PYTHONPATH and the like are among what a baseline is for.
What is kept aside is copied with its times; a run finds what the run before has left only where it is to.
"""

import dataclasses
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import oracle
import suites

# A broken conftest or module must not hide what the tests of the others do.
ALWAYS = ("-p", "dagz_recorder", "--continue-on-collection-errors", "-q", "--tb=short")
# Of what lies in a checkout, not the project's.
ASIDE = shutil.ignore_patterns(".dagz", ".git", "__pycache__", ".pytest_cache", ".coverage", ".testmondata*", ".benchmarks")
ROOTS = """
import sys
for path in sys.path: print(path)
for name, module in sys.modules.items():
    if name.startswith("__editable__"):
        for path in getattr(module, "MAPPING", {}).values(): print(path.rpartition("/")[0])
"""


@dataclasses.dataclass(frozen=True)
class Project:
    """Where the sources are, what runs them and how."""

    name: str
    source: pathlib.Path
    python: pathlib.Path
    options: tuple = ()
    # Tests of which nothing can be asked.
    unstable: frozenset = frozenset()

    @property
    def scratch(self):
        mark = hashlib.sha256(str(self.source).encode()).hexdigest()[:8]
        return pathlib.Path(tempfile.gettempdir(), f"dagz-trial-{mark}", self.name)

    @property
    def tree(self):
        return self.scratch / "tree"

    def keep(self, name):
        """The tree as it is now, aside."""
        copy(self.tree, self.scratch / name)

    def again(self, name):
        """The tree as it was kept."""
        copy(self.scratch / name, self.tree)


def of_suite(env):
    return Project(env.name, env.tree, env.python, tuple(env.options), frozenset({*env.order_dependent, *env.unstable}))


def of_folder(folder, python, options=()):
    folder = pathlib.Path(folder).absolute()
    return Project(folder.name, folder, pathlib.Path(python).absolute(), tuple(options))


def projects(names, minors, python, options=()):
    """Of suites by name, of folders by path."""
    for name in names:
        if os.sep in name:
            yield of_folder(name, python, options)
    known = [name for name in names if os.sep not in name]
    if known:
        for env in suites.environments(known, minors):
            yield of_suite(suites.fetch(env))


def copy(of, to):
    """With all times; whoever looks at them finds them as they were."""
    shutil.rmtree(to, ignore_errors=True)
    subprocess.run(["cp", "-a", "--reflink=auto", of, to], check=True)


def begin(project):
    """The project's sources, and nothing of an earlier run."""
    shutil.rmtree(project.scratch, ignore_errors=True)
    shutil.copytree(project.source, project.tree, symlinks=True, ignore=ASIDE)


def roots(project):
    """Where an editable install would find the project, in the copy."""
    asked = subprocess.run([project.python, "-c", ROOTS], capture_output=True, text=True, check=True, cwd="/").stdout
    source = os.path.realpath(project.source)
    found = [os.path.relpath(os.path.realpath(path), source) for path in dict.fromkeys(asked.split("\n")) if path]
    return [path for path in found if not path.startswith("..") and os.path.isdir(project.tree / path)]


# ---- running ----


@dataclasses.dataclass
class Answer:
    """What a run gave. Outcomes are passed, failed, skipped; what was not told has not run."""

    status: int
    outcomes: dict
    broken: frozenset
    deselected: int
    wall_s: float
    out: str
    # Whether there was a session that came to its end, whatever it gave.
    finished: bool = True

    @property
    def begun(self):
        """A job of which nothing is to be run has no session."""
        return self.finished or self.status in (0, 5)

    @property
    def hung(self):
        return self.status is None


def plain(project):
    return (str(project.python), "-m", "pytest")


def dagz(project, workers):
    return (str(oracle.DAGZ_PYTHON), "-m", "pytest", "--dagz", f"--dagz-workers={workers}")


def environ(project, more=()):
    given = oracle.clean_environ(project, project.scratch, {})
    roots_here = (str(project.tree / root) for root in roots(project))
    given["PYTHONPATH"] = os.pathsep.join([given["PYTHONPATH"], *roots_here])
    given["DAGZ_PYTHON"] = str(project.python)
    given.update(more)
    return {name: value for name, value in given.items() if value is not None}


def run(project, head, options=(), more=(), timeout_s=oracle.TIMEOUT_S):
    """Runs the suite in its tree as that is; output goes to files, as a pipe would be held open by strays."""
    facts = project.scratch / "facts"
    facts.unlink(missing_ok=True)
    shutil.rmtree(project.scratch / "tmp", ignore_errors=True)
    (project.scratch / "tmp").mkdir(parents=True)
    command = [*head, *ALWAYS, *project.options, *options]
    began = time.monotonic()
    with open(project.scratch / "out", "wb") as out:
        child = subprocess.Popen(
            command, cwd=project.tree, env=environ(project, more), stdin=subprocess.DEVNULL, stdout=out,
            stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=oracle.default_signals)  # fmt: skip
        status = wait(child, timeout_s)
    wall_s = time.monotonic() - began
    return read(facts, status, wall_s, (project.scratch / "out").read_text(errors="backslashreplace"))


def wait(child, timeout_s):
    try:
        return child.wait(timeout_s)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        return None


def read(facts, status, wall_s, out):
    outcomes, broken, deselected, finished = {}, set(), 0, False
    for line in facts.open(encoding="ascii") if facts.exists() else ():
        fact = json.loads(line)
        if fact["fact"] == "report":
            outcomes[fact["nodeid"]] = worse(outcomes.get(fact["nodeid"]), fact["outcome"])
        elif fact["fact"] == "collect" and fact["outcome"] == "failed":
            broken.add(fact["nodeid"])
        elif fact["fact"] == "deselected":
            deselected += fact["count"]
        finished |= fact["fact"] == "finished" and fact["exitstatus"] in (0, 1, 5)
    return Answer(status, outcomes, frozenset(broken), deselected, wall_s, out, finished)


WORST = ("passed", "skipped", "failed")


def worse(one, other):
    return max(one or "passed", other, key=WORST.index)


def sides(project, count=2):
    """Plain pytest's outcomes, and the tests whose outcomes differ between runs that nothing was changed between."""
    runs = [run(project, plain(project)) for _ in range(count)]
    first = runs[0]
    if not first.outcomes:
        raise SystemExit(f"trial: plain pytest ran no test of {project.name}:\n{first.out[-2000:]}")
    ids = set().union(*(one.outcomes for one in runs))
    unsteady = {nodeid for nodeid in ids if len({one.outcomes.get(nodeid) for one in runs}) > 1}
    return first, frozenset(unsteady | project.unstable)
