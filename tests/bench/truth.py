"""What was observed against an independent truth, on real suites: which code each test has executed.

    truth.py [NAME…] [--python 3.12,3.13] [--probe stamp,frame] [--workers 1] [--options "-k some"]
             [--environ PYTHON_JIT=1] [--apart | --between stamp,frame] [--under ctrace,cprofile,pdb,pytest-cov-ctrace]
    truth.py --proof [--output FILE]

In the same run DAGZ observes, and a plugin records what sys.monitoring's callbacks (3.12 and later, never disabled) or a
profile function (before) report. A code object that ran in a test and is not in the test's span is missed; one that is in
the span and did not run is reported too much. Exit code 1 if anything was missed.

Too much has always been one of these: trace functions and what they call, of which neither a callback nor a profile function
is told; what a new thread does before it has the profile function (3.11); a coroutine or a generator that was collected or
closed before it had begun; what pytest does in a test's name before the plugin's turn; what runs when a code object dies,
as the plugin keeps them; what runs after cProfile has taken the profile function's place (3.11).

--between compares two probes in two runs of their own, without the plugin: with one in place the stamp cannot be alone
(embed/probe/stamp.c), and the evaluator has calls inlined nowhere.

The name "library" stands for some of CPython's own tests, with the parts of its library that they are about (library.py).
A profile function changes how the interpreter works, so --apart asks it in a run of its own, without DAGZ's probe, and
compares the outcomes too: for suites that do the same each time.

--under has each test watched by another tool as well (recorder/dagz_under.py). What that has found has to be the same where
DAGZ observes nothing.

--proof is all of it that ./dev proof asks for.
"""

import argparse
import collections
import dataclasses
import json
import pathlib
import shlex
import shutil
import subprocess
import sys

import library
import logs
import oracle
import suites

SHOWN = 10
# What ./dev proof asks for. A stamp that is alone and one that has company find out differently, so both are asked.
PROOF = (
    "pluggy jinja2 click djangorestframework starlette packaging pygments black library --python 3.12,3.13",
    "pluggy jinja2 click --python 3.12,3.13 --apart",
    "pluggy jinja2 click --python 3.12,3.13 --probe frame",
    "pluggy jinja2 click djangorestframework starlette library --python 3.11 --probe prologue,frame",
    "jinja2 click --python 3.11,3.12,3.13 --under ctrace,cprofile,pdb,pytest-cov-ctrace",
    "jinja2 click --python 3.12,3.13 --under sysmon,pytest-cov-sysmon",
    "starlette --python 3.11,3.12,3.13 --under ctrace,cprofile --options='-k \"test_concurrency or test_background\"'",
)
# Names for runs that are measured as a whole, and coverage.py's core for them.
WHOLE_RUN = {"pytest-cov-ctrace": "ctrace", "pytest-cov-sysmon": "sysmon"}
TOO_DEEP = "recursion too deep to be watched"


# ---- what was told ----


def truth(folder):
    """Nodeid: what it has executed, (file, qualname, line); the last run of it."""
    told = {}
    for path in folder.glob("truth.*"):
        for line in path.open(encoding="utf-8"):
            nodeid, codes = json.loads(line)
            told[nodeid] = {tuple(code) for code in codes}
    return told


def found(folder):
    """File: lines, of all processes, that another tool has found."""
    lines = collections.defaultdict(set)
    if (report := folder / "report.json").exists():
        for file, told in json.loads(report.read_text(encoding="utf-8"))["files"].items():
            lines[file].update(told["executed_lines"])
    for path in folder.glob("under.*"):
        for file, numbers in json.loads(path.read_text(encoding="utf-8")).items():
            lines[file].update(numbers)
    return lines


def is_project(path, tree):
    return path.startswith(f"{tree}/") and "/site-packages/" not in path


def identities(codes, tree):
    return {(code.file, code.name, code.line) for code in codes if is_project(code.file, tree) and code.kind != "generated"}


@dataclasses.dataclass
class Verdict:
    env: str
    probe: str
    how: str
    tests: int = 0
    codes: int = 0
    # Executed in the end of a fixture that outlives its test, which is no test's.
    aside: int = 0
    unobserved: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    missed: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    over: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    # Of two runs: missed in one test and too much in another, as garbage is collected when it is.
    moved: int = 0
    notes: list = dataclasses.field(default_factory=list)

    @property
    def good(self):
        return self.tests > 0 and not self.missed and not self.notes


def is_blind(span):
    """Says that it has not seen what its own process did."""
    return any(fact == "blind" and text == TOO_DEEP for fact, text, _ in span.facts)


def compare(verdict, told, job, tree):
    for log in job.values():
        for span in log.own_spans():
            if span.type != "test" or span.name not in told or not span.ended:
                continue
            real = {code for code in told[span.name] if is_project(code[0], tree)}
            own, asides = identities(span.codes, tree), identities(span.beside, tree)
            verdict.tests += 1
            verdict.codes += len(real)
            verdict.aside += len((real - own) & asides)
            unseen = verdict.unobserved if is_blind(span) else verdict.missed
            unseen.update((span.name, *code) for code in real - own - asides)
            verdict.over.update(own - real)


def set_moved_aside(verdict):
    left = collections.Counter(verdict.over)
    for test_and_code in sorted(verdict.missed):
        if left[test_and_code[1:]] > 0:
            left[test_and_code[1:]] -= 1
            del verdict.missed[test_and_code]
            verdict.moved += 1
    verdict.over = +left
    return verdict


# ---- runs ----


def environment(env, told, given, more):
    """What each of the runs is given."""
    path = [str(oracle.HERE / "recorder"), *map(str, getattr(env, "path", ()))]
    return {"DAGZ_TRUTH": str(told / "truth"), "PYTHONPATH": ":".join(path), **dict(given.environ), **more}


def how(given, *ways):
    return ", ".join([*ways, *map("=".join, given.environ), " ".join(given.options)]).rstrip(", ")


def last_job(state):
    """Its logs; none where there was no job."""
    return logs.read(logs.last_job(state)) if (state / "run").exists() else {}


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def observed(env, probe, given):
    """Nodeid: the codes of its span, of a run with that probe."""
    state = fresh(env.scratch.parent / f"{env.name}-{probe}")
    environ = environment(env, state, given, {"DAGZ_DIR": str(state), "DAGZ_PROBE": probe})
    run = oracle.run(oracle.dagz(env, given.workers), env, given.options, environ)
    job = last_job(state)
    spans = {span.name: identities(span.codes, env.tree) for log in job.values() for span in log.own_spans()
             if span.type == "test" and span.ended}  # fmt: skip
    return spans, run.status


def judge_between(env, given):
    """The same tests with one probe and with another: what the first has missed."""
    one, other = given.between.split(",")
    (mine, status), (theirs, _) = (observed(env, probe, given) for probe in (one, other))
    both = mine.keys() & theirs.keys()
    verdict = Verdict(env.name, one, f"against {other}", len(both), sum(len(theirs[name]) for name in both))
    verdict.missed.update((name, *code) for name in both for code in theirs[name] - mine[name])
    verdict.over.update(code for name in both for code in mine[name] - theirs[name])
    return set_moved_aside(verdict)


def outcomes(run):
    """Nodeid: what became of its phases."""
    place = oracle.REPORT.index("outcome")
    return {name: [report[place] for report in reports if len(report) > 1] for name, reports in run.reports.items()}


def other_outcomes(one, other):
    """A note of the tests that ended otherwise, where there are any."""
    one, other = outcomes(one), outcomes(other)
    differing = sorted(name for name in {*one, *other} if one.get(name) != other.get(name))
    return [f"{len(differing)} outcomes are not those without: {', '.join(differing[:SHOWN])}"] if differing else []


def observe(env, given, environ):
    """The run that is observed, and notes on what became of tests in one that is not."""
    runner, plugin = oracle.dagz(env, given.workers), ("-p", "dagz_truth")
    if not given.apart:
        return oracle.run(runner, env, (*plugin, *given.options), environ), []
    plain = oracle.run(runner, env, (*plugin, *given.options), {**environ, "DAGZ_PROBE": "none"})
    run = oracle.run(runner, env, given.options, environ)
    return run, other_outcomes(plain, run)


def judge(env, probe, given):
    state = fresh(env.scratch.parent / f"{env.name}-truth")
    told = fresh(state / "told")
    environ = environment(env, told, given, {"DAGZ_DIR": str(state / "dagz"), "DAGZ_PROBE": probe})
    _, notes = observe(env, given, environ)
    job = last_job(state / "dagz")
    verdict = Verdict(env.name, "/".join({log.probe for log in job.values()}), how(given, *["apart"] * given.apart))
    compare(verdict, truth(told), job, env.tree)
    verdict.notes += notes
    return set_moved_aside(verdict) if given.apart else verdict


# ---- under other tools ----


def pins(minor):
    """Of coverage.py and its plugin, as the plugins' environment has them."""
    rows = suites.table()["plugins"]["pins"]
    return [pin for pin in rows.get(minor, rows["3.13"]).split() if pin.startswith(("coverage==", "pytest-cov=="))]


def tools(env):
    """A folder with them, beside what the environment has installed."""
    folder = env.folder / "tools/site-packages"
    if not folder.exists():
        command = [env.python, "-m", "pip", "install", "-qq", "--no-deps", "--target", folder, *pins(env.minor)]
        subprocess.run(command, check=True)
    return folder


def plugins_of(tool, env, told):
    """For each test by itself, or, where pytest-cov does it, for all of the run."""
    if tool not in WHOLE_RUN:
        return ("-p", "dagz_under")
    # Not as the project has it: some leave out what they do not want to see.
    (told / "coveragerc").touch()
    return ("-p", "pytest_cov.plugin", f"--cov={env.tree}", f"--cov-report=json:{told}/report.json", f"--cov-config={told}/coveragerc")


def run_under(env, tool, told, given, more):
    environ = environment(env, told, given, {"DAGZ_UNDER": tool, "DAGZ_UNDER_FILE": str(told / "under"), "DAGZ_UNDER_TREE": str(env.tree),
                                      "COVERAGE_CORE": WHOLE_RUN.get(tool, ""), **more})  # fmt: skip
    environ["PYTHONPATH"] += f":{tools(env)}"
    options = ("-p", "dagz_truth", *plugins_of(tool, env, told), *given.options)
    return oracle.run(oracle.dagz(env, given.workers), env, options, environ)


def differences(one, other):
    """Of what two runs under the same tool have found."""
    return sorted((pathlib.Path(file).name, line) for file in {*one, *other} for line in one[file] ^ other[file])


def judge_under(env, probe, tool, given):
    state = fresh(env.scratch.parent / f"{env.name}-truth")
    with_us, without = fresh(state / "with"), fresh(state / "without")
    plain = run_under(env, tool, without, given, {"DAGZ_DIR": str(state / "none"), "DAGZ_PROBE": "none"})
    run = run_under(env, tool, with_us, given, {"DAGZ_DIR": str(state / "dagz"), "DAGZ_PROBE": probe})
    job = last_job(state / "dagz")
    verdict = Verdict(env.name, "/".join({log.probe for log in job.values()}), how(given, f"under {tool}"))
    compare(verdict, truth(with_us), job, env.tree)
    mine, theirs = found(with_us), found(without)
    if not mine:
        verdict.notes.append(f"{tool} has found nothing")
    if differing := differences(mine, theirs):
        verdict.notes.append(f"{tool} has found other lines than without: {differing[:SHOWN]}")
    verdict.notes += other_outcomes(plain, run)
    return verdict


# ---- telling ----


def tell(verdict):
    print(f"{verdict.env} {verdict.probe} {verdict.how}: {verdict.tests} tests, {verdict.codes} executions, "
          f"{verdict.missed.total()} missed, {verdict.unobserved.total()} said to be unobserved, "
          f"{verdict.over.total()} too much; {verdict.aside} of fixtures' ends, {verdict.moved} in other tests", flush=True)  # fmt: skip
    for what, codes in (("missed", verdict.missed), ("too much", verdict.over)):
        for code, count in codes.most_common(SHOWN):
            print(" ", what, count, *code)
    for note in verdict.notes:
        print(" ", note)


HEAD = ["| environment | probe | how | tests | executions | missed | said to be unobserved | in another test | too much | |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"]  # fmt: skip


def row(verdict):
    most = ", ".join(f"{count} `{code[1]}`" for code, count in verdict.over.most_common(3))
    return (f"| {verdict.env} | {verdict.probe} | {verdict.how} | {verdict.tests} | {verdict.codes} | {verdict.missed.total()} | "
            f"{verdict.unobserved.total()} | {verdict.moved} | {verdict.over.total()}{': ' if most else ''}{most} | {'; '.join(verdict.notes)} |")  # fmt: skip


def environments(names, minors):
    plain = [name for name in names if name != "library"]
    if plain or not names:
        for env in suites.environments(plain, minors):
            if pathlib.Path(env.folder).exists() or suites.interpreter(env.minor):
                yield suites.fetch(env)
    if "library" in names:
        for minor in minors or ("3.12",):
            if suites.interpreter(minor):
                yield library.environment(minor)


def judge_all(env, given):
    if given.between:
        yield judge_between(env, given)
        return
    for probe in given.probe.split(","):
        for tool in filter(None, given.under.split(",")):
            yield judge_under(env, probe, tool, given)
        if not given.under:
            yield judge(env, probe, given)


def verdicts(given):
    minors = given.python.split(",") if given.python else None
    for env in environments(given.names, minors):
        yield from judge_all(env, given)


def arguments(line=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--python", default=None)
    parser.add_argument("--probe", default="")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--between", default=None)
    parser.add_argument("--apart", action="store_true")
    parser.add_argument("--under", default="")
    parser.add_argument("--options", type=shlex.split, default=[])
    parser.add_argument("--environ", action="append", default=[], type=lambda text: text.split("=", 1))
    parser.add_argument("--proof", action="store_true")
    parser.add_argument("--output", type=pathlib.Path)
    return parser.parse_args(line)


def main():
    given = arguments()
    good, lines = True, list(HEAD)
    for line in map(arguments, map(shlex.split, PROOF)) if given.proof else [given]:
        for verdict in verdicts(line):
            tell(verdict)
            good &= verdict.good
            lines.append(row(verdict))
    text = "\n".join([*lines, ""])
    print("\n" + text)
    if given.output:
        given.output.write_text(text)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
