"""The oracle: plain pytest's answer is the right one, and DAGZ's must be the same.

    oracle.py click [--python 3.11] [--workers 1,2,8] [--fork worker,module,test] [-- PYTEST OPTIONS]

One suite is run plainly twice, then as asked, and everything a user or a tool can read of a run is
compared: outcome, captured sections, longrepr, properties and keywords of each report, warnings,
junit, terminal text, exit code, and what is left running. What differs between the two plain runs
is not deterministic: it is named, and left out of the comparison.

Byte for byte, but for what cannot be equal: NORMALISERS below, each with its reason.
"""

import argparse
import collections
import contextlib
import dataclasses
import difflib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

import suites

HERE = pathlib.Path(__file__).resolve().parent
DAGZ_PYTHON = pathlib.Path(
    os.environ.get("DAGZ_EXECUTABLE") or suites.CHECKOUT / "build/dagz-python"
).absolute()
# A fork for each of packaging's 62,423 tests takes a quarter of an hour on two busy cores.
TIMEOUT_S = 2400

NORMALISERS = [
    # A run's base folder is numbered by how many ran before; a worker has a sub-folder of its own.
    (re.compile(r"(pytest-of-[^/\s'\"]+/pytest-)\d+(/(?:w|dagz-|popen-gw)\d[^/\s'\"]*)?"), r"\1N"),
    # Folders of equal name are counted per base folder: a worker counts only its own.
    (re.compile(r"(pytest-of-[^/\s'\"]+/pytest-N/[^/\s'\"]*?)\d+(?=[/\s'\"):,\]]|\\|$)"), r"\1N"),
    # tempfile's names are random.
    (re.compile(r"(?<=/)tmp[a-z0-9_]{8}\b"), "tmpRANDOM"),
    # A uuid4 in a message is random, as its version digit tells.
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b"), "UUID"),
    # Where objects lie is the allocator's choice.
    (re.compile(r"\b0x[0-9a-f]{5,}\b"), "0xADDRESS"),
    # Hypothesis puts its measured run times, in base64, into junit.
    (re.compile(r"(hypothesis-statistics-[^\"]*\" value=\")[^\"]*"), r"\1STATISTICS"),
    # Durations, in words of pytest's last line and of --durations.
    (re.compile(r"\b\d+\.\d+s( \(\d+:\d\d:\d\d\))?"), "TIMEs"),
    # Process and thread numbers, where a message says that they are one.
    (re.compile(r"\b((?:pid|PID|process|Thread|tid|pid=|native_id)[ =:]+)\d+"), r"\1NUMBER"),
    # asyncio's debug mode tells of steps that took a tenth of a second: on a busy machine more of them do.
    (re.compile(r"(?:\\n|\n)?WARNING +asyncio:base_events\.py:\d+ Executing .*? took \d+\.\d+ seconds"), ""),
    # sys.executable is ours: the one thing that a program is told to see.
    (re.compile(re.escape(str(DAGZ_PYTHON))), "PYTHON"),
]

# Lines of pytest's last line and of section titles are filled up with "=" to the width of the
# terminal: a shorter duration has one more.
FILLED = re.compile(r"^=+ (.*TIMEs.*) =+$", re.M)


class Normaliser:
    """Makes texts of two runs of one environment comparable; remembers, as texts repeat."""

    def __init__(self, env_python, tree=None):
        self.rules = [(re.compile(re.escape(str(env_python))), "PYTHON"), *NORMALISERS]
        if tree is not None:
            # After a test that changes the working folder for good (pygments has one) pytest tells places by
            # whole paths, in that process.
            self.rules.append((re.compile(rf"(?<![\w/.-]){re.escape(str(tree))}/(?=[^\s:]+\.py:\d+: \w)"), ""))

    def __call__(self, text):
        if not text:
            return text
        for pattern, stand_in in self.rules:
            text = pattern.sub(stand_in, text)
        return text


@dataclasses.dataclass(frozen=True)
class Runner:
    """A way to run pytest in an environment: the command's beginning, and its end."""

    name: str
    head: tuple
    tail: tuple = ()
    environ: dict = dataclasses.field(default_factory=dict)
    # Whether DAGZ's own lines must be there: without them, plain pytest was compared with itself.
    job: bool = False


def plain(env):
    return Runner("plain", (str(env.python), "-m", "pytest"))


def xdist(env, count=2):
    return Runner(f"xdist -n {count}", plain(env).head, ("-p", "xdist", "-n", str(count)))


def dagz(env, workers=2, fork=None):
    head = (str(DAGZ_PYTHON), "-m", "pytest", "--dagz", "--dagz-all", f"--dagz-workers={workers}")
    name = f"dagz workers={workers}"
    if fork:
        head += (f"--dagz-fork={fork}",)
        name += f" fork={fork}"
    return Runner(name, head, (), {"DAGZ_PYTHON": str(env.python)}, job=True)


@dataclasses.dataclass
class Run:
    """What one run said, normalised."""

    runner: str
    # Whether it was a DAGZ job as it should, or should not, have been.
    as_asked: bool
    status: int
    stdout: str
    stderr: str
    reports: dict
    order: list
    warnings: collections.Counter
    collected: list
    finished: tuple
    internal: list
    junit: dict
    junit_totals: dict
    lastfailed: object
    # Whether pytest's rows were broken by a line that tells what runs.
    rows_broken: bool
    strays: list
    speakers: int
    wall_s: float
    outcomes: collections.Counter


def default_signals():
    """Before exec in the child. A shell without job control hands on SIGINT ignored, Python then
    installs no handler, and a test that interrupts itself spins for ever."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def clean_environ(env, scratch, more):
    """Little is handed on, the same to each: what the machine has set must not decide."""
    environ = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    environ.update(
        LANG="C.UTF-8",
        COLUMNS="100",
        # Sets are printed, and parametrized from, in the order of their hashes.
        PYTHONHASHSEED="0",
        PYTHONPATH=str(HERE / "recorder"),
        PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
        TMPDIR=str(scratch / "tmp"),
        ORACLE_FACTS=str(scratch / "facts"),
    )
    # The environment's scripts are found first, as in an activated one.
    environ["PATH"] = f"{env.python.parent}:{environ.get('PATH', '/usr/bin:/bin')}"
    environ.update(more)
    return environ


def command(runner, env, scratch, options):
    return [
        *runner.head,
        *("-p", "dagz_recorder", "-o", f"cache_dir={scratch}/cache"),
        *(f"--junitxml={scratch}/junit.xml", "-o", "junit_logging=all"),
        *env.options,
        *options,
        *runner.tail,
    ]


def run(runner, env, options=(), environ=None, timeout_s=TIMEOUT_S):
    """Runs the suite that way, in a scratch folder that has the same name for each run."""
    scratch = env.scratch
    shutil.rmtree(scratch, ignore_errors=True)
    (scratch / "tmp").mkdir(parents=True)
    surroundings = clean_environ(env, scratch, {**runner.environ, **(environ or {})})
    began = time.monotonic()
    with open(scratch / "stdout", "wb") as out, open(scratch / "stderr", "wb") as err:
        child = subprocess.Popen(
            command(runner, env, scratch, options), cwd=env.tree, env=surroundings,
            stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True,
            preexec_fn=default_signals)  # fmt: skip
        try:
            status = child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            status = None
    wall_s = time.monotonic() - began
    strays = left_running(scratch / "facts", patience_s=2 if status is not None else 0)
    end(strays)
    if status is None:
        child.wait()
    return read(runner, env, scratch, status, strays, wall_s)


def left_running(facts, patience_s):
    """Processes of the run that outlive it by more than the 2 s they are allowed, by environment:
    a daemon is found too."""
    mark = f"ORACLE_FACTS={facts}".encode()
    give_up = time.monotonic() + patience_s
    while True:
        found = []
        for entry in os.scandir("/proc"):
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and mark in open(f"{entry.path}/environ", "rb").read():
                    name = open(f"{entry.path}/cmdline", "rb").read().replace(b"\0", b" ")
                    found.append((int(entry.name), name.decode(errors="replace").strip()))
        if not found or time.monotonic() > give_up:
            return found
        time.sleep(0.05)


def end(strays):
    for pid, _ in strays:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def read(runner, env, scratch, status, strays, wall_s):
    tidy = Normaliser(env.python, env.tree)
    told = text_of(scratch / "stdout")
    result = Run(
        runner=runner.name, as_asked=is_job(told) == runner.job, status=status, strays=[name for _, name in strays], wall_s=wall_s,
        stdout=terminal(tidy(told)), stderr=tidy(text_of(scratch / "stderr")),
        reports={}, order=[], warnings=collections.Counter(), collected=[], finished=None,
        internal=[], junit={}, junit_totals={}, lastfailed=None, rows_broken=bool(STATUS.search(told)), speakers=0,
        outcomes=collections.Counter())  # fmt: skip
    read_facts(scratch / "facts", tidy, result)
    read_junit(scratch / "junit.xml", tidy, result)
    with contextlib.suppress(OSError, ValueError):
        result.lastfailed = sorted(json.loads(text_of(scratch / "cache/v/cache/lastfailed")))
    return result


def text_of(path):
    return path.read_text(encoding="utf-8", errors="surrogateescape")


def terminal(text):
    return FILLED.sub(r"=== \1 ===", without_own_block(text))


# DAGZ's own lines: a titled section before pytest's last line (which -q leaves bare), and its notes.
OWN_LINES = (
    r"j\d+: .*", r"\d+ (?:crashed|timed out|leaky|workers? recycled|died while leaving)\b.*", r"  \S.*",
    r"\d+ of \d+ tests were not run", r"(?:\d+ selected|all of \d+ run as asked), \d+ proved unaffected .*",
)  # fmt: skip
OWN_BLOCK = re.compile(rf"^=+ DAGZ =+\n(?:(?:{'|'.join(OWN_LINES)})\n)*", re.M)
OWN_NOTE = re.compile(r"^dagz\b.*\n", re.M | re.I)
# Twice a minute a log is told what runs now. That breaks a row of pytest's in two, each with its own share
# of the percents: of such a run rows are not compared, the reports are.
STATUS = re.compile(r"^dagz: \d+ of \d+ tests through;", re.M)
ROW = re.compile(r"^(?:\S.* )?[.FEsxXuRS]+(?: +\[ *\d+%\])?\n|^\n", re.M)


def is_job(text):
    return bool(OWN_BLOCK.search(text))


def without_own_block(text):
    return OWN_NOTE.sub("", OWN_BLOCK.sub("", text))


def read_facts(path, tidy, result):
    speakers = set()
    lines = path.open(encoding="ascii") if path.exists() else []
    for line in lines:
        fact = json.loads(line)
        speakers.add(fact["pid"])
        kind = fact["fact"]
        if kind == "report":
            result.reports.setdefault(fact["nodeid"], []).append(report(fact, tidy))
            result.order.append(fact["nodeid"])
            if fact["when"] == "call" or fact["outcome"] != "passed":
                result.outcomes[fact["outcome"]] += 1
        elif kind in ("start", "finish"):
            result.reports.setdefault(fact["nodeid"], []).append((kind,))
        elif kind == "warning":
            keys = ("category", "message", "file", "line", "when", "nodeid", "location")
            result.warnings[tidy(json.dumps([fact[key] for key in keys]))] += 1
        elif kind == "finished":
            result.finished = (fact["exitstatus"], fact["collected"], fact["failed"])
        elif kind == "internalerror":
            result.internal.append(tidy(fact["text"]))
        else:
            del fact["pid"]
            result.collected.append(tidy(json.dumps(fact)))
    result.speakers = len(speakers)


# A section that held nothing but what a normaliser has taken out.
EMPTY_LOG = re.compile(r'(?:, )?\["Captured log \w+", ""\](?:, )?')
REPORT = ("type", "when", "outcome", "wasxfail", "longrepr", "sections", "properties", "keywords",
          "location", "subtest")  # fmt: skip


def report(fact, tidy):
    """A report as a tuple of its fields in REPORT's order, durations left out."""
    return tuple(EMPTY_LOG.sub("", tidy(json.dumps(fact[field], sort_keys=True))) for field in REPORT)


def read_junit(path, tidy, result):
    if not path.exists():
        return
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        result.junit_totals = {"not well-formed": str(error)}
        return
    for suite in root.iter("testsuite"):
        for name, value in suite.attrib.items():
            # When and where it was, not what.
            if name not in ("time", "timestamp", "hostname"):
                result.junit_totals[name] = value
        # In the order of the tests that recorded them.
        result.junit_totals["properties"] = sorted(
            tidy(ElementTree.tostring(part, "unicode")) for part in suite.iterfind("properties/*")
        )
    for case in root.iter("testcase"):
        case.attrib.pop("time", None)
        name = f"{case.get('classname')}::{case.get('name')}"
        said = tidy(ElementTree.tostring(case, "unicode").strip())
        result.junit.setdefault(name, []).append(said)


@dataclasses.dataclass(frozen=True)
class Difference:
    kind: str
    name: str
    text: str

    def __str__(self):
        return f"{self.kind}: {self.name}\n{self.text}"


def show(expected, actual, around=1, most=14):
    """The lines that differ, few enough to read."""
    lines = difflib.unified_diff(
        str(expected).split("\n"), str(actual).split("\n"), "plain", "here", lineterm="", n=around
    )
    shown = [line[:300] for _, line in zip(range(most), lines)]
    return "\n".join("    " + line for line in shown)


def differences(expected, actual, leave_out=frozenset(), texts=True):
    """All that differs, the gravest first. LEAVE_OUT names tests that are not compared."""
    found = []
    found += compare_ends(expected, actual)
    found += compare_reports(expected, actual, leave_out)
    found += compare_counts("warning", expected.warnings, actual.warnings, leave_out)
    found += compare_junit(expected, actual, leave_out)
    if texts:
        found += compare_texts(expected, actual, leave_out)
    return found


def compare_ends(expected, actual):
    """How the run ended, and the facts that there is one of."""
    found = []

    def say(kind, want, got):
        if want != got:
            found.append(Difference(kind, "", show(want, got)))

    if not actual.as_asked:
        found.append(Difference("not run as asked", actual.runner, "    a job's summary, or none"))
    say("exit code", expected.status, actual.status)
    say("internal errors", "\n".join(expected.internal), "\n".join(actual.internal))
    say("session's own counts (exit, collected, failed)", expected.finished, actual.finished)
    say("collection", "\n".join(expected.collected), "\n".join(actual.collected))
    say("last failed", expected.lastfailed, actual.lastfailed)
    say("left running", "\n".join(expected.strays), "\n".join(actual.strays))
    say("processes that reported", expected.speakers, actual.speakers)
    return found


def compare_reports(expected, actual, leave_out):
    found = []
    for nodeid in expected.reports.keys() - actual.reports.keys() - leave_out:
        found.append(Difference("not reported", nodeid, ""))
    for nodeid in actual.reports.keys() - expected.reports.keys() - leave_out:
        found.append(Difference("not in plain", nodeid, ""))
    for nodeid in expected.reports:
        want, got = expected.reports[nodeid], actual.reports.get(nodeid)
        if got is not None and want != got and nodeid not in leave_out:
            found.append(compare_test(nodeid, want, got))
    return found


def compare_test(nodeid, want, got):
    """The first that differs among the reports of one test."""
    phases = [[r[1:3] if len(r) > 1 else r for r in reports] for reports in (want, got)]
    if phases[0] != phases[1]:
        return Difference("reports", nodeid, show(*map(str, phases)) + excuse(got))
    for one, other in zip(want, got):
        for field, left, right in zip(REPORT, one, other):
            if left != right:
                texts = (json_text(left), json_text(right))
                return Difference(field, f"{nodeid} ({one[1]})", show(*texts))
    raise AssertionError("two unequal lists of reports are equal in each part")


def excuse(reports):
    """Why a test failed here, as it tells itself."""
    texts = [json_text(r[4]) for r in reports if len(r) > 1 and r[2] == '"failed"']
    return "".join("\n    failed with: " + "\n      ".join(text.split("\n")[-12:]) for text in texts)


def json_text(text):
    """A field readable by lines; normalising may have left no valid JSON behind."""
    try:
        value = json.loads(text)
    except ValueError:
        return text.replace("\\n", "\n")
    if isinstance(value, list):
        return "\n".join(
            f"[{part[0]}]\n{part[1]}" if isinstance(part, list) and len(part) == 2 else str(part)
            for part in value
        )
    return str(value)


def compare_counts(kind, expected, actual, leave_out):
    found = []
    for what in expected.keys() | actual.keys():
        if expected[what] != actual[what] and not any(name in what for name in leave_out):
            times = f"    {expected[what]} times in plain, {actual[what]} times here"
            found.append(Difference(kind, what[:600], times))
    return found


def compare_junit(expected, actual, leave_out):
    found = []
    if expected.junit_totals != actual.junit_totals:
        totals = [json.dumps(run.junit_totals, indent=0) for run in (expected, actual)]
        found.append(Difference("junit totals", "", show(*totals)))
    left_out = {junit_name(nodeid) for nodeid in leave_out}
    for name in expected.junit.keys() | actual.junit.keys():
        want, got = sorted(expected.junit.get(name, [])), sorted(actual.junit.get(name, []))
        if want != got and name not in left_out:
            found.append(Difference("junit testcase", name, show("\n".join(want), "\n".join(got))))
    return found


def junit_name(nodeid):
    """As pytest's junit names it: dots for the path, the parameter as it is."""
    path, bracket, parameter = nodeid.partition("[")
    parts = path.split("::")
    parts[0] = parts[0].replace("/", ".").removesuffix(".py")
    return ".".join(parts[:-1]) + "::" + parts[-1] + bracket + parameter


def compare_texts(expected, actual, leave_out):
    found = []
    for stream in ("stdout", "stderr"):
        want, got = getattr(expected, stream), getattr(actual, stream)
        if actual.rows_broken:
            want, got = ROW.sub("", want), ROW.sub("", got)
        if want == got or (leave_out and stream == "stdout"):
            continue
        same_lines = sorted(want.split("\n")) == sorted(got.split("\n"))
        kind = f"{stream}, order only" if same_lines else stream
        found.append(Difference(kind, "", show(want, got, most=40)))
    return found


def undecided(first, second):
    """Tests whose two plain runs differ: nothing can be asked of them. And the other differences."""
    named, other = set(), []
    for difference in differences(first, second):
        nodeid = difference.name.rpartition(" (")[0] or difference.name
        if nodeid in first.reports or nodeid in second.reports:
            named.add(nodeid)
        elif difference.kind not in ("junit testcase", "stdout"):
            other.append(difference)
    return named, other


@dataclasses.dataclass
class Verdict:
    """One comparison: what was compared with what, and what came of it."""

    env: str
    runner: str
    outcomes: collections.Counter
    found: list
    left_out: frozenset
    expected_s: float
    actual_s: float

    @property
    def equal(self):
        return not self.found


def judge(env, expected, actual, left_out, texts=True):
    found = differences(expected, actual, left_out, texts)
    return Verdict(
        env.name, actual.runner, actual.outcomes, found, left_out, expected.wall_s, actual.wall_s
    )


def question(env, options=()):
    """Plain pytest's answer, and the tests on which it does not agree with itself."""
    first, second = run(plain(env), env, options), run(plain(env), env, options)
    if not first.reports:
        # Two runs that both fail to start are equal, and prove nothing.
        said = "\n".join(f"{first.stdout}{first.stderr}".split("\n")[-20:])
        raise SystemExit(f"oracle: plain pytest ran no test of {env.name}:\n{said}")
    named, other = undecided(first, second)
    if other:
        print(f"{env.name}: two plain runs differ beside the tests:")
        print_differences(other, 5)
    return first, frozenset(named | env.order_dependent.keys() | env.unstable.keys())


def print_differences(found, most):
    kinds = collections.Counter(difference.kind for difference in found)
    print("  " + ", ".join(f"{count} × {kind}" for kind, count in kinds.items()))
    shown = collections.Counter()
    for difference in found:
        shown[difference.kind] += 1
        if shown[difference.kind] <= most:
            print("  " + str(difference).replace("\n", "\n  "))


def print_verdict(verdict, most=3):
    told = ", ".join(f"{count} {outcome}" for outcome, count in verdict.outcomes.items())
    word = "equal" if verdict.equal else f"{len(verdict.found)} differences"
    print(f"{verdict.env} · {verdict.runner}: {word} ({told}; plain {verdict.expected_s:.1f} s, "
          f"here {verdict.actual_s:.1f} s)", flush=True)  # fmt: skip
    if verdict.found:
        print_differences(verdict.found, most)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+", help="suites, or environments as jinja2-3.11-pytest7.2")
    parser.add_argument("--python", default=None, help="CPython minors, with commas between")
    parser.add_argument("--workers", default="1,2,8")
    parser.add_argument("--fork", default="worker", help="worker, module, test")
    parser.add_argument("--runner", choices=["dagz", "plain", "xdist"], default="dagz")
    parser.add_argument("--most", type=int, default=3, help="differences shown of each kind")
    parser.add_argument("-k", "--keep", metavar="FILE", help="write every difference there")
    argv = sys.argv[1:]
    options = []
    if "--" in argv:
        options = argv[argv.index("--") + 1 :]
        argv = argv[: argv.index("--")]
    return parser.parse_args(argv), options


def runners(given, env):
    if given.runner == "plain":
        return [plain(env)]
    if given.runner == "xdist":
        return [xdist(env)]
    counts = [word if word == "auto" else int(word) for word in given.workers.split(",")]
    # "worker" is the default and is left unsaid: the shortest command is the one to prove.
    forks = [None if fork == "worker" else fork for fork in given.fork.split(",")]
    return [dagz(env, count, fork) for fork in forks for count in counts]


def main():
    given, options = parse()
    unequal = 0
    for env in suites.environments(given.names, given.python and given.python.split(",")):
        suites.fetch(env)
        expected, left_out = question(env, options)
        for name in sorted(left_out):
            reason = env.order_dependent.get(name) or env.unstable.get(name) or "two plain runs differ"
            print(f"{env.name}: left out: {name}: {' '.join(reason.split())}")
        for runner in runners(given, env):
            verdict = judge(env, expected, run(runner, env, options), left_out)
            print_verdict(verdict, given.most)
            unequal += not verdict.equal
            if given.keep:
                with open(given.keep, "a", errors="backslashreplace") as file:
                    file.write(f"# {verdict.env} {verdict.runner}\n")
                    file.writelines(f"{difference}\n" for difference in verdict.found)
    return 1 if unequal else 0


if __name__ == "__main__":
    sys.exit(main())
