"""What observing costs: the same suite with each probe and with none, one after the other in each round.

    cost.py [SUITE…] [--python 3.11,3.12] [--rounds 5] [--probes default,frame] [--peers] [--output FILE]

CPU seconds of the whole tree of processes, one worker; medians of the ratios to the DAGZ_PROBE=none of the same round.
The bars are those of a learning run: geometric mean and worst over the suites; an empty test; a function touched.

--peers: what others of the kind cost, against plain pytest in the same round: coverage.py with a context for each test,
and pytest-testmon's first run, which also learns.
"""

import argparse
import functools
import math
import pathlib
import statistics
import subprocess
import sys

import bench
import oracle
import suites

SUITES = ("pluggy", "jinja2", "click", "djangorestframework", "starlette", "pygments")
TESTS, FUNCTIONS = 2000, 1000
PEERS = {
    "coverage.py": ("-p", "pytest_cov", "--cov=.", "--cov-config=/dev/null", "--cov-context=test", "--cov-report="),
    "testmon": ("-p", "testmon.pytest_testmon", "--testmon-noselect"),
}


def runner(env, probe):
    """One worker, told which probe; "default" is what the interpreter gets by itself."""
    made = oracle.dagz(env, 1)
    made.environ["DAGZ_PROBE"] = "" if probe == "default" else probe
    return oracle.dataclasses.replace(made, name=probe)


def peers_folder(env):
    """Beside the environment, in which nothing is to be installed that its suite does not ask for."""
    folder = env.folder.parent / f"peers-{env.minor}"
    if not folder.exists():
        subprocess.run([env.python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-deps", "--target",
                        folder, "coverage", "pytest-cov", "pytest-testmon"], check=True)  # fmt: skip
    return folder


def peer(env, name):
    plain = oracle.plain(env)
    data = {"COVERAGE_FILE": str(env.scratch / "coverage"), "TESTMON_DATAFILE": str(env.scratch / "testmon")}
    environ = {"PYTHONPATH": str(peers_folder(env)), **data}
    for path in env.scratch.glob("testmon*"):
        path.unlink()
    env.scratch.mkdir(parents=True, exist_ok=True)
    return oracle.dataclasses.replace(plain, name=name, head=(*plain.head, *PEERS[name]), environ=environ)


def samples(case, ways, rounds):
    """CPU seconds by way, a list each; the first round is not counted."""
    used = {way: [] for way in ways}
    for number in range(rounds + 1):
        for way, make in ways.items():
            sample = bench.measure(case, make())
            if sample is None:
                return None
            if number:
                used[way].append(sample.cpu_s)
    return used


def of_probes(case, probes, rounds):
    ways = {probe: functools.partial(runner, case.env, probe) for probe in ("none", *probes)}
    return samples(case, ways, rounds)


def of_peers(case, rounds):
    ways = {name: functools.partial(peer, case.env, name) for name in PEERS}
    return samples(case, {"none": functools.partial(oracle.plain, case.env), **ways}, rounds)


def ratio(used, probe):
    return statistics.median(one / other for one, other in zip(used[probe], used["none"]))


def difference(used, probe):
    return statistics.median(one - other for one, other in zip(used[probe], used["none"]))


def made(minor, name, write):
    env = suites.fetch(suites.environment("empty", minor))
    tree = env.folder / "trees" / name.replace(" ", "-")
    bench.shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    (tree / "pytest.ini").write_text("[pytest]\n")
    write(tree)
    return bench.Case(name, bench.Elsewhere(env, tree), ())


def touching(tree):
    """Each test calls each of so many functions once."""
    functions = "".join(f"def f{number}(): pass\n" for number in range(FUNCTIONS))
    listed = ", ".join(f"f{number}" for number in range(FUNCTIONS))
    (tree / "many.py").write_text(f"{functions}ALL = [{listed}]\n")
    (tree / "test_it.py").write_text(
        "import pytest, many\n@pytest.mark.parametrize('n', range(500))\n"
        "def test_it(n):\n    for function in many.ALL: function()\n"
    )


def known(minor):
    """Environments of this minor version that are pinned and whose suites are asked for."""
    return {env.suite: env for env in suites.environments(minors=[minor])}


def judge(minor, names, probes, rounds, lines):
    ratios = {probe: [] for probe in probes}
    for name in names:
        env = known(minor).get(name)
        if env is None:
            continue
        suites.fetch(env)
        used = of_probes(bench.Case(env.name, env, env.options), probes, rounds)
        if used is None:
            lines.append(f"| {minor} | {name} | failed | |")
            continue
        for probe in probes:
            ratios[probe].append(ratio(used, probe))
            lines.append(f"| {minor} | {name} | {probe} | {ratios[probe][-1]:.3f} × {statistics.median(used['none']):.2f} s |")
            print(lines[-1], file=sys.stderr, flush=True)
    for probe in probes:
        if ratios[probe]:
            mean = math.exp(statistics.fmean(map(math.log, ratios[probe])))
            lines.append(f"| {minor} | all | {probe} | geometric mean {mean:.3f}, worst {max(ratios[probe]):.3f} |")


def judge_made(minor, probes, rounds, lines):
    empty = of_probes(made(minor, f"{TESTS} empty tests", bench.one_file(TESTS)), probes, rounds)
    many = of_probes(made(minor, "many functions", touching), probes, rounds)
    for probe in probes:
        if empty and many:
            each_ms = difference(empty, probe) / TESTS * 1e3
            touched_us = difference(many, probe) / 500 / FUNCTIONS * 1e6
            lines.append(f"| {minor} | made | {probe} | an empty test +{each_ms:.3f} ms (bar 0.05), "
                         f"a function touched {touched_us:.3f} us (bar 0.15) |")  # fmt: skip


def judge_peers(minor, names, rounds, lines):
    for name in names:
        env = known(minor).get(name)
        if env is None:
            continue
        suites.fetch(env)
        used = of_peers(bench.Case(env.name, env, env.options), rounds)
        for way in PEERS:
            told = f"{ratio(used, way):.3f} × {statistics.median(used['none']):.2f} s of plain pytest" if used else "failed"
            lines.append(f"| {minor} | {name} | {way} | {told} |")
            print(lines[-1], file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=None)
    parser.add_argument("--python", default="3.11,3.12,3.13")
    parser.add_argument("--probes", default="default")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--output", type=pathlib.Path)
    given = parser.parse_args()
    lines = ["| CPython | suite | probe | CPU against DAGZ_PROBE=none |", "| --- | --- | --- | --- |"]
    names = [name for name in given.names or SUITES if name != "made"]
    for minor in given.python.split(","):
        judge(minor, names, given.probes.split(","), given.rounds, lines)
        if given.peers:
            judge_peers(minor, names, given.rounds, lines)
        if not given.names or "made" in given.names:
            judge_made(minor, given.probes.split(","), given.rounds, lines)
    text = "\n".join([*lines, ""])
    print(text)
    if given.output:
        given.output.write_text(text)


if __name__ == "__main__":
    main()
