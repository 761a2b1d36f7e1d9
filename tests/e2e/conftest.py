"""What the end-to-end tests share: a suite in a folder of its own, and the real executable to run it with.

The suite's python is the one that runs these tests. Several processes share them: none leans on what another has done,
nor on a name, a place or a moment that it has for itself."""

import collections
import fcntl
import os
import pathlib
import pickle
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import xml.etree.ElementTree as ElementTree

import pytest

# What runs these tests may come by it (./dev test: xdist); what they run has nothing of that.
os.environ.pop("PYTHONPATH", None)
# A shell without job control has these ignored by what it starts in the background, and so would be who is tested.
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
EXECUTABLE = pathlib.Path(os.environ.get("DAGZ_EXECUTABLE") or CHECKOUT / "build/dagz-python").absolute()
# Protection against hanging only: nothing here is expected to take as long.
HANG_S = 60
OUTCOME = re.compile(r"^(PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS) ([^\s]+::[^\n]*?)(?: - .*)?$", re.M)


class Ran:
    """What a job left: exit code, terminal, and each outcome that it told, of -rA and of junit."""

    def __init__(self, code, out, junit):
        self.code, self.out = code, out
        self.outcomes = collections.defaultdict(list)
        for outcome, nodeid in OUTCOME.findall(out):
            self.outcomes[nodeid.rpartition("/")[2]].append(outcome.lower())
        self.cases = collections.defaultdict(list)
        self.texts = {}
        for case in testcases(junit):
            told = [part for part in case if part.tag in ("failure", "error", "skipped")]
            self.cases[case.get("name")].append(told[0].tag if told else "passed")
            self.texts[case.get("name")] = "".join(case.itertext())

    def __repr__(self):
        return f"exit code {self.code}\n{self.out}\n{dict(self.cases)}"


def testcases(junit):
    try:
        return list(ElementTree.parse(junit).iter("testcase")) if junit.exists() else []
    except ElementTree.ParseError as error:
        # Older versions of pytest leave it half where a lone surrogate is to be written.
        return [ElementTree.Element("testcase", name=f"cannot be read: {error}")]


class Suite:
    # Whether a second job leaves out what is proved: most tests want it run.
    selects = False

    def __init__(self, folder):
        self.folder = folder
        self.junit = folder.parent / "junit.xml"

    def write(self, **modules):
        for name, text in modules.items():
            (self.folder / f"{name}.py").write_text(textwrap.dedent(text))
        return self

    def lines(self, name):
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def start(self, *options, under=(), env=None, **how):
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "DAGZ"))}
        inherited.pop("VIRTUAL_ENV", None)
        self.junit.unlink(missing_ok=True)
        whole = [] if self.selects else ["--dagz-all"]
        command = [*under, EXECUTABLE, "-m", "pytest", "--dagz", *whole, "-rA", f"--junitxml={self.junit}", *options]
        how.setdefault("stdout", subprocess.PIPE)
        how.setdefault("stderr", subprocess.STDOUT)
        return subprocess.Popen(
            command, cwd=self.folder, stdin=subprocess.DEVNULL,
            env={**inherited, "DAGZ_PYTHON": sys.executable, **(env or {})}, **how,
        )  # fmt: skip

    def end(self, process):
        try:
            out, _ = process.communicate(timeout=HANG_S)
        except subprocess.TimeoutExpired:
            # What it has said tells more than the time-out.
            process.send_signal(signal.SIGKILL)
            out, _ = process.communicate()
            pytest.fail(f"the job hangs\n{out.decode(errors='replace')}")
        return Ran(process.returncode, (out or b"").decode(errors="replace"), self.junit)

    def run(self, *options, **how):
        return self.end(self.start(*options, **how))


class Once:
    """Makes what is dear to make and never changed, by the first of the processes of a run that asks for it; the others
    wait and are given the same. `make` gets a folder for it, and what it gives must be good to pickle."""

    def __init__(self, folder):
        self.folder, self.known = folder, {}

    def __call__(self, name, make):
        if name not in self.known:
            self.known[name] = self.first(self.folder / name, make)
        return self.known[name]

    def first(self, folder, make):
        folder.mkdir(parents=True, exist_ok=True)
        made = folder / "made"
        with open(folder / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                # Of one who has failed to make it there may be a part.
                shutil.rmtree(folder / "folder", ignore_errors=True)
                (folder / "folder").mkdir()
                told = pickle.dumps(make(folder / "folder"))
                made.write_bytes(told)
            return pickle.loads(made.read_bytes())


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    base = tmp_path_factory.getbasetemp()
    return Once((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "once")


@pytest.fixture
def suite(tmp_path):
    (tmp_path / "suite").mkdir()
    return Suite(tmp_path / "suite")
