"""Processes of a job killed at random moments while it observes: what was reported as passed is known wholly.

    kills.py [--kills 1000] [--seed 1] [--python PYTHON] [--probe frame]

One project with all that is observed in it is run again and again by two workers. In each run workers are killed with
SIGKILL, several times or never, and perhaps the front, the zygote or the host at last. Then the logs have to read back; each
test that the run has reported as passed, by junit or by the results that it kept, must have the same dependencies as in
a run that nobody disturbed, and no more doubts; and no process of the run may be left two seconds later. Prints a table;
exits 1 if anything is otherwise. What went wrong is told with its run's number: --seed with it plays the same one first.
"""

import argparse
import collections
import dataclasses
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import xml.etree.ElementTree as ElementTree

import logs
import oracle
import suites

DAGZ = oracle.DAGZ_PYTHON.with_name("dagz")
# Protection against hanging only.
HANG_S = 120
WHO = ("worker", "front", "zygote", "host")

PROJECT = {
    "conftest.py": """
        import os
        import pytest
        import lib
        def pytest_configure(config): lib.configure()
        def pytest_collection_modifyitems(items): lib.order(items)
        @pytest.fixture(scope="session")
        def base():
            yield lib.read("session.txt")
            base_ends()
        def base_ends(): lib.read("session-end.txt")
        @pytest.fixture(scope="module")
        def table(base):
            yield os.listdir(lib.path("listed"))
            table_ends()
        def table_ends(): pass
        @pytest.fixture(scope="class")
        def shape():
            yield lib.first()
            shape_ends()
        def shape_ends(): pass
        @pytest.fixture
        def own():
            yield lib.second()
            lib.leave()
        @pytest.fixture(autouse=True)
        def every(): os.environ.get("KILLS_EVERY")
        """,
    "lib.py": """
        import functools, os
        def path(name): return os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", name)
        def read(name):
            with open(path(name)) as file: return file.read()
        def configure(): read("settings.txt")
        def order(items): assert not os.path.exists(path("order.txt"))
        def first(): return 1
        def second(): return 2
        def leave(): pass
        @functools.lru_cache(maxsize=None)
        def known(name): return fill()
        def fill(): return read("cached.txt")
        class Thing:
            @functools.cached_property
            def size(self): return measure()
        def measure(): return os.stat(path("measured.txt")).st_size
        def endless():
            while True: yield step()
        def step(): return 3
        def in_child(): return deeper()
        def deeper(): return os.environ.get("KILLS_CHILD")
        def in_thread(): return second()
        """,
    "lazy.py": """
        import lib
        VALUE = lib.read("lazy.txt")
        def use(): return VALUE
        """,
    "test_NAME.py": """
        import os, signal, subprocess, threading, time
        import pytest
        import lib
        NUMBERS = lib.endless()
        next(NUMBERS)
        def fork(leave):
            pid = os.fork()
            if pid == 0:
                lib.in_child()
                leave()
            os.waitpid(pid, 0)
        def test_plain(): lib.first()
        def test_base(base): assert base
        def test_base_again(base): assert base
        def test_table(table): assert table
        def test_table_again(table, base): assert table
        class TestShape:
            def test_one(self, shape): pass
            def test_two(self, shape, own): pass
        def test_own(own): pass
        def test_cached(): lib.known("NAME")
        def test_cached_again(): lib.known("NAME")
        def test_cached_property(): lib.Thing().size
        def test_lazy():
            import lazy
            lazy.use()
        def test_lazy_again():
            import lazy
            lazy.use()
        def test_fork(): fork(lambda: os._exit(0))
        def test_fork_is_killed(): fork(lambda: os.kill(os.getpid(), signal.SIGKILL))
        def test_subprocess(): subprocess.run(["/bin/true"], check=True)
        def test_thread():
            thread = threading.Thread(target=lib.in_thread)
            thread.start()
            thread.join()
        def test_generator(): next(NUMBERS)
        def test_file(): lib.read("NAME.txt")
        def test_absent(): assert not os.path.exists(lib.path("absent.txt"))
        def test_names(): os.listdir(lib.path("listed"))
        def test_environment(): os.environ.get("KILLS_FOUND"), os.environ.get("KILLS_LOST")
        @pytest.mark.parametrize("ms", [0, 1, 3, 10, 30, 60])
        def test_takes(ms):
            time.sleep(ms / 1000)
            lib.second()
        """,
}
FILES = ("session", "session-end", "settings", "cached", "measured", "lazy", "a", "b", "c")


def write(folder):
    (folder / "data/listed").mkdir(parents=True)
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "data/listed/in.txt").touch()
    for name in FILES:
        (folder / f"data/{name}.txt").write_text(name)
    for name, text in PROJECT.items():
        for letter in "abc" if "NAME" in name else ("",):
            (folder / name.replace("NAME", letter)).write_text(textwrap.dedent(text).replace("NAME", letter))


# ---- a run ----


@dataclasses.dataclass
class Ran:
    state: pathlib.Path
    status: int
    out: str
    seconds: float
    killed: collections.Counter
    passed: set = dataclasses.field(default_factory=set)
    left: list = dataclasses.field(default_factory=list)


class Project:
    """The project in a folder of its own, and how it is run."""

    def __init__(self, folder, python, probe=""):
        self.tree, self.folder = folder / "tree", folder
        write(self.tree)
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "DAGZ", "VIRTUAL_ENV"))}
        self.environ |= {"DAGZ_PYTHON": str(python), "DAGZ_PROBE": probe, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "KILLS_FOUND": "1"}
        # Compiled once: what writes a .pyc runs other code than what reads it.
        self.run(2)
        self.order = self.collected()

    def collected(self):
        command = [oracle.DAGZ_PYTHON, "-m", "pytest", "-p", "no:cacheprovider", "--collect-only", "-q"]
        told = subprocess.run(command, cwd=self.tree, env=self.environ, capture_output=True, text=True, check=True).stdout
        return [line for line in told.splitlines() if "::" in line]

    def run(self, workers, disturb=lambda process, killed: None):
        state = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        environ = self.environ | {"DAGZ_DIR": str(state / "dagz"), "ORACLE_FACTS": str(state / "facts")}
        command = [oracle.DAGZ_PYTHON, "-m", "pytest", "--dagz", "--dagz-all", f"--dagz-workers={workers}", "-p", "no:cacheprovider",
                   f"--junitxml={state}/junit.xml", "-rA"]  # fmt: skip
        began, killed = time.monotonic(), collections.Counter()
        with open(state / "out", "wb") as out:
            process = subprocess.Popen(command, cwd=self.tree, env=environ, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
            disturb(process, killed)
            process.wait(HANG_S)
        seconds = time.monotonic() - began
        ran = Ran(state, process.returncode, (state / "out").read_text(errors="replace"), seconds, killed)
        ran.left = [name for _, name in oracle.left_running(state / "facts", 2)]
        return ran

    def dependencies(self, ran, nodeid):
        """What is told of it: sets by name; None if nothing is."""
        command = [DAGZ, "observed", nodeid, "--json"]
        environ = self.environ | {"DAGZ_DIR": str(ran.state / "dagz")}
        answer = subprocess.run(command, cwd=self.tree, env=environ, capture_output=True, text=True)
        if answer.returncode not in (0, 1):
            raise RuntimeError(f"dagz observed {nodeid}: exit code {answer.returncode}: {answer.stderr}")
        return digest(json.loads(answer.stdout)["spans"]) if answer.returncode == 0 else None


def digest(spans):
    """What the spans hold of the project, whichever holds it."""
    return {
        "functions": {name for span in spans for name in span["functions"]},
        "paths": {(path["path"], path["fact"]) for span in spans for path in span["paths"] if not path["path"].startswith("/")},
        "environment": {(name["name"], name["found"]) for span in spans for name in span["environment"]
                        if name["name"].startswith("KILLS")},
        "unobserved": {doubt for span in spans for doubt in span["unobserved"]},
    }  # fmt: skip


def passed_by_junit(path):
    """By file and name, as junit has no ids; nothing where it was not written to its end."""
    try:
        cases = list(ElementTree.parse(path).iter("testcase"))
    except (OSError, ElementTree.ParseError):
        return set()
    for case in cases:
        if not len(case):
            yield "::".join([case.get("classname").replace(".Test", "::Test").replace("::", ".py::", 1)
                             if ".Test" in case.get("classname") else case.get("classname") + ".py", case.get("name")])  # fmt: skip


def passed_by_results(path, order):
    """Of the job's own records, which outlive host and front."""
    if not path.exists():
        return
    for name, row in logs.frames(path.read_bytes()):
        told = list(logs.frames(row["frames"])) if name == "result" else []
        outcomes = [report["outcome"] for kind, report in told if kind == "report"]
        if len(outcomes) == 3 and not any(outcomes) and not any(kind == "death" for kind, _ in told):
            yield order[row["test"]]


# ---- killing ----


def children(pid):
    """Of one that ends meanwhile, those that were seen before."""
    found = []
    try:
        for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
            found += [int(word) for word in (thread / "children").read_text().split()]
    except OSError:
        pass
    return found


def makes_sheets(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().startswith("dagz-sheets")
    except OSError:
        return True


def alive(host, who):
    """Pids of these processes of the job: host, then the front, the zygote, the workers, each forked by the one before."""
    level = [host]
    for _ in range(("host", "front", "zygote", "worker").index(who)):
        level = [child for pid in level[:1] for child in children(pid) if not makes_sheets(child)]
    return level if who in ("host", "worker") else level[:1]


class Killer:
    """Kills as it was planned: at each moment one of those, if the job has one by then or later. Where workers are killed
    moments count from when there is one: before that there is nothing to lose."""

    def __init__(self, rng, longest_s):
        who = ["worker"] * rng.choice([0, 1, 2, 4, 8])
        who += rng.choice([[], ["front"], ["zygote"], ["host"]]) if who else [rng.choice(WHO[1:])]
        # All workers first, as there is none when the others are gone.
        moments = sorted(rng.uniform(0, longest_s / 2 if who[0] == "worker" else longest_s) for _ in who)
        self.plan, self.rng = list(zip(moments, who)), rng

    def __call__(self, process, killed):
        if self.plan[0][1] == "worker":
            self.wait_for(process, "worker")
        began = time.monotonic()
        for moment, who in self.plan:
            if self.is_over(process, began + moment - time.monotonic()):
                return
            pids = self.wait_for(process, who)
            if not pids:
                return
            try:
                os.kill(self.rng.choice(pids), signal.SIGKILL)
                killed[who] += 1
            except ProcessLookupError:
                pass

    def wait_for(self, process, who):
        """Pids, or none if the job is over before."""
        while not (pids := alive(process.pid, who)):
            if self.is_over(process, 0.002):
                return []
        return pids

    @staticmethod
    def is_over(process, seconds):
        try:
            process.wait(max(seconds, 0))
            return True
        except subprocess.TimeoutExpired:
            return False


# ---- judging ----


def is_finalizer(name):
    """It ran in the processes that came to their end; who uses the fixture depends on it there."""
    return name.partition("#")[0].endswith("_ends") or name == "data/session-end.txt"


def essential(told):
    return {
        what: {one for one in values if not is_finalizer(one if isinstance(one, str) else one[0])}
        for what, values in told.items()
    }


def difference(expected, told):
    """What is wrong with these dependencies; nothing if they are whole."""
    if told is None:
        return ["nothing is known of it"]
    wrong = []
    for what, values in expected.items():
        missing, more = essential(expected)[what] - told[what], told[what] - values
        wrong += [f"{what}: {text} {sorted(map(str, some))}" for text, some in (("missing", missing), ("too much", more)) if some]
    return wrong


def judge(project, expected, ran):
    """All that is wrong with a run."""
    (folder,) = list((ran.state / "dagz/run").glob("j*")) or [ran.state]
    ran.passed = {*passed_by_junit(ran.state / "junit.xml"), *passed_by_results(folder / "results", project.order)}
    wrong = [f"left running: {name}" for name in ran.left]
    for nodeid in project.order:
        told = project.dependencies(ran, nodeid)
        if nodeid in ran.passed:
            wrong += [f"{nodeid}: {text}" for text in difference(expected[nodeid], told)]
    return wrong


def undisturbed(project):
    """What each test depends on, the same however many workers there are."""
    told = []
    for workers in (1, 2, 2):
        ran = project.run(workers)
        if ran.status or ran.left:
            raise SystemExit(f"kills: the project does not pass undisturbed: {ran.left}\n{ran.out}")
        told.append({nodeid: project.dependencies(ran, nodeid) for nodeid in project.order})
        shutil.rmtree(ran.state)
    for nodeid in project.order:
        for other in told[1:]:
            wrong = difference(told[0][nodeid], other[nodeid])
            if wrong:
                raise SystemExit(f"kills: {nodeid} differs between two undisturbed runs: {wrong}")
    return told[0]


@dataclasses.dataclass
class Tally:
    killed: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    statuses: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    jobs: int = 0
    passed: int = 0
    wrong: list = dataclasses.field(default_factory=list)


def play(project, kills, seed):
    """Jobs until that many processes were killed."""
    expected, tally = undisturbed(project), Tally()
    longest_s = project.run(2).seconds
    while tally.killed.total() < kills:
        number = seed + tally.jobs
        ran = project.run(2, Killer(random.Random(number), longest_s))
        wrong = judge(project, expected, ran)
        tally.jobs += 1
        tally.killed += ran.killed
        tally.passed += len(ran.passed)
        tally.statuses[ran.status] += 1
        tally.wrong += [f"--seed {number} ({dict(ran.killed)}, exit code {ran.status}): {text}" for text in wrong]
        for text in wrong:
            print(f"--seed {number} ({dict(ran.killed)}, exit code {ran.status}, {ran.state}): {text}", flush=True)
        if not wrong:
            shutil.rmtree(ran.state)
    return tally


def print_table(tally):
    print("| killed | times |\n| --- | --- |")
    for who in WHO:
        print(f"| {who} | {tally.killed[who]} |")
    print(f"\n{tally.jobs} jobs, exit codes {dict(sorted(tally.statuses.items()))}; {tally.killed.total()} kills; "
          f"{tally.passed} tests reported as passed; {len(tally.wrong)} differences")  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--python", default=None)
    parser.add_argument("--probe", default="")
    given = parser.parse_args()
    minor = "{}.{}".format(*sys.version_info)
    python = given.python or suites.fetch(suites.environment("empty", minor)).python
    folder = pathlib.Path(tempfile.mkdtemp(prefix="dagz-kills-"))
    tally = play(Project(folder, python, given.probe), given.kills, given.seed)
    print_table(tally)
    if not tally.wrong:
        shutil.rmtree(folder)
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
