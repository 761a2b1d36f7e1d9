"""The bench: plain pytest, xdist with two workers and DAGZ, side by side in one run.

    bench.py [SUITE…] [--rounds 3] [--quick] [--output FILE]

Each round runs the three one after the other, so that what else the machine does falls on all;
figures are medians over the rounds. Memory has a run of its own (meter.py tells why). Prints
markdown: the table, and each bar with met or not met. Exit code 0 says that it ran; bars are read.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

import oracle
import suites

HERE = pathlib.Path(__file__).resolve().parent
PROJECTS = ["jinja2", "click", "pygments", "packaging"]
MADE = ["5,000 empty tests, one file", "5,000 empty tests, 500 files"]
MEGABYTE = 1e6


@dataclasses.dataclass
class Case:
    """Something to run: an environment, where to stand, and pytest's options."""

    name: str
    env: suites.Environment
    options: tuple
    samples: dict = dataclasses.field(default_factory=dict)
    peaks: dict = dataclasses.field(default_factory=dict)

    @property
    def empty(self):
        return self.name in MADE


@dataclasses.dataclass
class Sample:
    wall_s: float
    cpu_s: float
    first_s: float


def project(name):
    env = suites.environment(name, "3.11")
    suites.fetch(env)
    return Case(name, env, env.options)


def made_case(name, write):
    """A suite made on the spot, in the environment that holds pytest and nothing else of note."""
    env = suites.fetch(suites.environment("empty", "3.11"))
    tree = env.folder / "trees" / name.replace(" ", "-").replace(",", "")
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    (tree / "pytest.ini").write_text("[pytest]\n")
    write(tree)
    return Case(name, Elsewhere(env, tree), ())


class Elsewhere:
    """An environment with another tree."""

    def __init__(self, env, tree):
        self.env, self.tree = env, tree

    def __getattr__(self, name):
        return getattr(self.env, name)


def one_file(count):
    def write(tree):
        source = f"import pytest\n@pytest.mark.parametrize('n', range({count}))\ndef test_it(n): pass\n"
        (tree / "test_it.py").write_text(source)

    return write


def many_files(count, tests):
    def write(tree):
        for number in range(count):
            lines = [f"def test_{test}(): pass\n" for test in range(tests)]
            (tree / f"test_{number}.py").write_text("".join(lines))

    return write


def cases(names):
    found = [project(name) for name in PROJECTS if not names or name in names]
    if not names or "empty" in names:
        found.append(made_case(MADE[0], one_file(5000)))
        found.append(made_case(MADE[1], many_files(500, 10)))
    return found


def auto(env):
    head = (str(oracle.DAGZ_PYTHON), "-m", "pytest", "--dagz", "--dagz-all")
    return oracle.Runner("--dagz", head, (), {"DAGZ_PYTHON": str(env.python)}, job=True)


def runners(env):
    return [oracle.plain(env), dataclasses.replace(oracle.xdist(env), name="-n 2"), auto(env)]


def measure(case, runner, memory=False):
    """One run; None if it did not end as a green suite should."""
    with tempfile.TemporaryDirectory() as box:
        box = pathlib.Path(box)
        (box / "tmp").mkdir()
        environ = oracle.clean_environ(case.env, box, runner.environ)
        environ["PYTHONPATH"] = os.pathsep.join(
            filter(None, [str(HERE / "stopwatch"), runner.environ.get("PYTHONPATH")]))  # fmt: skip
        environ["BENCH_FIRST"] = str(box / "first")
        options = ["-q", "-p", "no:cacheprovider", "-p", "dagz_stopwatch", *case.options]
        meter = [sys.executable, str(HERE / "meter.py"), str(box / "report")]
        meter += ["--memory"] if memory else []
        with open(box / "output", "wb") as output:
            subprocess.run(
                [*meter, *runner.head, *options, *runner.tail], cwd=case.env.tree, env=environ,
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, timeout=oracle.TIMEOUT_S,
                check=True)  # fmt: skip
        facts = json.loads((box / "report").read_text())
        told = (box / "output").read_text(errors="replace")
        if facts["status"] != 0 or oracle.is_job(told) != runner.job:
            last = "\n".join(told.split("\n")[-12:])
            print(f"{case.name}, {runner.name}: exit {facts['status']}\n{last}", file=sys.stderr)
            return None
        first = min(map(float, (box / "first").read_text().split())) - facts["began"]
    if memory:
        return facts["peak_bytes"]
    return Sample(facts["wall_s"], facts["cpu_s"], first)


def run_case(case, rounds):
    ways = runners(case.env)
    for runner in ways:
        # Not counted: bytecode is compiled, files come into the page cache, durations are learnt.
        measure(case, runner)
    for _ in range(rounds):
        for runner in ways:
            sample = measure(case, runner)
            if sample:
                case.samples.setdefault(runner.name, []).append(sample)
    for runner in ways:
        case.peaks[runner.name] = measure(case, runner, memory=True)
    case.peaks["8 workers"] = measure(case, oracle.dagz(case.env, 8), memory=True)


def middle(case, name, field):
    values = [getattr(sample, field) for sample in case.samples.get(name, ())]
    return statistics.median(values) if values else None


def figure(value, form):
    return form.format(value) if value is not None else "failed"


def table(done):
    lines = ["| suite | run as | wall s | CPU s | first test s | peak PSS MB |",
             "| --- | --- | --- | --- | --- | --- |"]  # fmt: skip
    for case in done:
        for runner in runners(case.env):
            columns = [case.name, f"`pytest {runner.name}`" if runner.name != "plain" else "`pytest`"]
            columns += [
                figure(middle(case, runner.name, field), "{:.2f}")
                for field in ("wall_s", "cpu_s", "first_s")
            ]
            peak = case.peaks.get(runner.name)
            columns.append(figure(peak and peak / MEGABYTE, "{:.0f}"))
            lines.append("| " + " | ".join(columns) + " |")
    return lines


class Bars:
    """The promises, one line each: what was promised, what came out, met or not."""

    def __init__(self):
        self.lines = ["| bar | measured | |", "| --- | --- | --- |"]

    def add(self, promise, value, limit, form="{:.2f}"):
        if value is None or limit is None:
            outcome = "not measured"
        else:
            outcome = f"{form.format(value)} of {form.format(limit)}"
        met = value is not None and limit is not None and value <= limit
        self.lines.append(f"| {promise} | {outcome} | {'met' if met else '**not met**'} |")


def times(value, factor):
    return value * factor if value is not None else None


def judge_case(case, bars):
    plain = {f: middle(case, "plain", f) for f in ("wall_s", "cpu_s", "first_s")}
    ours = {f: middle(case, "--dagz", f) for f in ("wall_s", "cpu_s", "first_s")}
    theirs = {f: middle(case, "-n 2", f) for f in ("wall_s", "cpu_s", "first_s")}
    if case.empty:
        bars.add(f"{case.name}: wall ≤ 0.9 × plain, s", ours["wall_s"], times(plain["wall_s"], 0.9))
    elif plain["wall_s"] and plain["wall_s"] > 15:
        share = plain["first_s"] / plain["wall_s"]
        limit = (0.55 + 0.5 * share) * plain["wall_s"]
        bars.add(f"{case.name}: wall ≤ (0.55 + 0.5 × {share:.2f}) × plain, s", ours["wall_s"], limit)
    factor = 1.2 if case.empty else 1.1
    bars.add(f"{case.name}: CPU ≤ {factor} × plain, s", ours["cpu_s"], times(plain["cpu_s"], factor))
    for field, words in (("wall_s", "wall"), ("cpu_s", "CPU"), ("first_s", "first test")):
        bars.add(f"{case.name}: {words} ≤ xdist's, s", ours[field], theirs[field])
    peak = {name: value and value / MEGABYTE for name, value in case.peaks.items()}
    bars.add(f"{case.name}: peak ≤ xdist's, MB", peak.get("--dagz"), peak.get("-n 2"), "{:.0f}")
    room = peak.get("plain") and peak["plain"] + 8 * 30
    bars.add(f"{case.name}: 8 workers ≤ one copy + 30 MB each, MB", peak.get("8 workers"), room, "{:.0f}")


def fork_cost_ms(rounds):
    """CPU of a fork per test, over that of a worker that lives on: the same empty tests."""
    count = 1000
    case = made_case("1000 empty tests", one_file(count))
    used = {}
    for _ in range(rounds):
        for fork in ("worker", "test"):
            sample = measure(case, oracle.dagz(case.env, 2, fork))
            if sample:
                used.setdefault(fork, []).append(sample.cpu_s)
    if len(used) < 2:
        return None
    return (statistics.median(used["test"]) - statistics.median(used["worker"])) / count * 1000


def one_test_ms(rounds):
    """Wall of one test with DAGZ, over plain pytest's."""
    case = made_case("one test", one_file(1))
    walls = {}
    for _ in range(max(rounds, 5) * 2):
        for runner in (oracle.plain(case.env), auto(case.env)):
            sample = measure(case, runner)
            if sample:
                walls.setdefault(runner.name, []).append(sample.wall_s)
    if len(walls) < 2:
        return None
    return (statistics.median(walls["--dagz"]) - statistics.median(walls["plain"])) * 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help=f"of {', '.join(PROJECTS)}, empty")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one round")
    parser.add_argument("--output", type=pathlib.Path)
    given = parser.parse_args()
    rounds = 1 if given.quick else given.rounds
    done = cases(given.names)
    for case in done:
        print(f"bench: {case.name}", file=sys.stderr, flush=True)
        run_case(case, rounds)
    bars = Bars()
    for case in done:
        judge_case(case, bars)
    bars.add("a fork per test ≤ 1.5 ms of CPU, ms", fork_cost_ms(rounds), 1.5)
    bars.add("one test ≤ 30 ms over plain, ms", one_test_ms(rounds), 30, "{:.0f}")
    head = f"Medians of {rounds} rounds, CPython 3.11, {os.cpu_count()} cores."
    text = "\n".join([head, "", *table(done), "", *bars.lines, ""])
    print(text)
    if given.output:
        given.output.write_text(text)


if __name__ == "__main__":
    main()
