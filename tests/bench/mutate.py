"""The mutation bench: a small change of any kind, what DAGZ selects for it, and whether all it leaves out is as it was.

    mutate.py [SUITE…|FOLDER…] [--python 3.12|PYTHON] [--mutants 300] [--seed 1] [--workers 2] [--only constant,default]
              [--peers] [--output FILE.json] [-- PYTEST OPTIONS]

A project is learnt once. For each mutant (mutators.py has the kinds) the learnt tree is made anew, changed, and run as a job.
Then plain pytest runs everything on the mutant: a test that the job has left out and that does not end as it did before is
asked alone, on the mutant and on what was not changed. If it differs there, too, it is a MISS: told with the mutant, and the
exit code is 1. Beside that, on the same mutants: what a static import graph by files selects, and with --peers what
pytest-testmon does, and in how many mutants it leaves out a test that ends otherwise."""

import argparse
import collections
import dataclasses
import json
import pathlib
import random
import statistics
import subprocess
import sys
import warnings

import cost
import imports
import mutators
import suites
import trial

SUITES = ("pluggy", "jinja2", "click", "djangorestframework", "starlette")
# A mutant may never end: so much longer than the suite takes, it is given up, for each way to run.
PATIENCE_S, PATIENCE = 60, 5


@dataclasses.dataclass
class Verdict:
    """One mutant: how much of the suite was selected, by whom, and what was missed."""

    number: int
    mutator: str
    where: str
    diff: str
    total: int
    selected: int = 0
    graph: int = 0
    testmon: int | None = None
    testmon_missed: int = 0
    misses: list = dataclasses.field(default_factory=list)
    # Ended otherwise in the whole run and not alone: order or chance.
    unconfirmed: list = dataclasses.field(default_factory=list)
    status: int | None = None
    wall_s: float = 0.0
    void: str = ""

    def share(self, count):
        return count / self.total if count is not None else None


class Bench:
    def __init__(self, project, given):
        self.project, self.given = project, given
        trial.begin(project)
        self.sources = mutators.Sources(project.tree)
        self.roots = trial.roots(project)
        self.imports = imports.Imports(self.sources, self.roots)
        self.options = tuple(given.options)
        self.limit = {}
        self.was, self.unsteady = self.learn()
        self.limit = {"timeout_s": PATIENCE_S + PATIENCE * self.was.wall_s}

    def run(self, head, options=(), more=()):
        return trial.run(self.project, head, (*self.options, *options), more, **self.limit)

    def learn(self):
        """Keeps the trees that mutants begin with; gives how the tests end, and which of them not always so."""
        self.project.keep("pure")
        was, unsteady = trial.sides(self.project)
        if self.given.peers:
            self.project.again("pure")
            run_testmon(self.project, self.options)
            self.project.keep("testmon")
        self.project.again("pure")
        job = self.run(trial.dagz(self.project, self.given.workers))
        unsteady |= {nodeid for nodeid in was.outcomes if job.outcomes.get(nodeid) != was.outcomes[nodeid]}
        if len(unsteady) * 10 > len(was.outcomes):
            raise SystemExit(f"mutate: the learning run of {self.project.name} is not as plain pytest's:\n{job.out[-3000:]}")
        self.project.keep("learnt")
        return was, unsteady

    # ---- one mutant ----

    def play(self, number, mutation):
        verdict = Verdict(number, mutation.mutator, mutation.where, mutation.diff(self.project.scratch / "pure"), len(self.was.outcomes))
        environ = dict(mutation.environ)
        job = self.on("learnt", mutation, lambda: self.run(trial.dagz(self.project, self.given.workers), (), environ))
        plain = self.on("pure", mutation, lambda: self.run(trial.plain(self.project), (), environ))
        if job.hung or plain.hung:
            verdict.void = "a test hangs" if plain.hung else "the job hangs, plain pytest does not"
            verdict.misses = [] if plain.hung else ["the job itself"]
            return verdict
        if not plain.begun and not job.begun:
            verdict.void = "no run begins"
            return verdict
        verdict.status, verdict.wall_s = job.status, job.wall_s
        verdict.selected = len(self.told(job))
        verdict.graph = self.by_graph(mutation)
        self.judge(verdict, mutation, job, plain)
        if self.given.peers:
            peer = self.on("testmon", mutation, lambda: run_testmon(self.project, self.options, environ, **self.limit))
            if peer.begun:
                verdict.testmon = len(self.told(peer))
                verdict.testmon_missed = len(self.left_out(peer, plain))
        return verdict

    def on(self, kept, mutation, run):
        self.project.again(kept)
        mutation.apply(self.project.tree)
        return run()

    def by_graph(self, mutation):
        files = collections.Counter(nodeid.partition("::")[0] for nodeid in self.was.outcomes)
        return sum(files[file] for file in self.imports.reached_by(mutation, files))

    def otherwise(self, plain):
        """Tests that do not end as they did: of files that cannot be collected those that have gone, too."""
        broken = {nodeid.partition("::")[0] for nodeid in plain.broken}
        for nodeid, outcome in self.was.outcomes.items():
            now = plain.outcomes.get(nodeid)
            gone = now is None and (nodeid.partition("::")[0] in broken or not plain.outcomes)
            if nodeid not in self.unsteady and (gone or now not in (None, outcome)):
                yield nodeid

    def told(self, answer):
        """Tests that a run has told of: they have run, or their file cannot be collected."""
        broken = {nodeid.partition("::")[0] for nodeid in answer.broken}
        return {nodeid for nodeid in self.was.outcomes if nodeid in answer.outcomes or nodeid.partition("::")[0] in broken}

    def left_out(self, answer, plain):
        """What ends otherwise and was not told of, by a run that has begun: where none begins, its exit code tells."""
        if not answer.begun:
            return []
        told = self.told(answer)
        return [nodeid for nodeid in self.otherwise(plain) if nodeid not in told]

    def judge(self, verdict, mutation, job, plain):
        if not plain.begun and job.begun:
            verdict.misses.append(f"the whole: plain pytest has exit code {plain.status}, the job {job.status}")
        suspects = self.left_out(job, plain)
        for nodeid in suspects:
            if len(verdict.misses) >= self.given.most:
                verdict.misses.append(f"and {len(suspects) - self.given.most} more suspects")
                break
            (verdict.misses if self.differs_alone(nodeid, mutation) else verdict.unconfirmed).append(nodeid)

    def differs_alone(self, nodeid, mutation):
        """Asked twice of the mutant, once of what was not changed."""
        alone = [self.alone(nodeid, mutation) for _ in range(2)] + [self.alone(nodeid, mutators.Mutation(""))]
        return alone[0] == alone[1] != alone[2]

    def alone(self, nodeid, mutation):
        answer = self.on("pure", mutation, lambda: self.run(trial.plain(self.project), ("--", nodeid), dict(mutation.environ)))
        return answer.outcomes.get(nodeid, f"exit code {answer.status}")

    # ---- all of them ----

    def verdicts(self):
        with warnings.catch_warnings():
            # Of what the sources escape in strings.
            warnings.simplefilter("ignore")
            dice = random.Random(f"{self.given.seed} {self.project.name}")
            only = self.given.only.split(",") if self.given.only else None
            draws = mutators.draw(mutators.Sources(self.project.scratch / "pure"), dice, only)
            for number, mutation in enumerate(draws):
                if number >= self.given.mutants:
                    return
                if number + 1 >= self.given.first:
                    yield self.play(number + 1, mutation)


def run_testmon(project, options=(), more=(), **limit):
    """Learns in the project's tree, or selects by what it has learnt there: with a suite's own -m, too, which it otherwise takes
    for a wish to run all."""
    there = {"PYTHONPATH": f"{trial.environ(project)['PYTHONPATH']}:{cost.peers_folder(peers_of(project))}",
             "TESTMON_DATAFILE": str(project.tree / ".testmondata")}  # fmt: skip
    return trial.run(project, trial.plain(project), ("-p", "testmon.pytest_testmon", "--testmon", "--testmon-forceselect", *options), {**dict(more), **there}, **limit)


def peers_of(project):
    """An environment of that python's version, beside which the peers are."""
    asked = [project.python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    minor = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    return suites.fetch(suites.environment("empty", minor))


# ---- telling ----


def percent(shares):
    shares = [share for share in shares if share is not None]
    return f"{100 * statistics.fmean(shares):.1f} %" if shares else ""


def row(name, verdicts):
    live = [verdict for verdict in verdicts if not verdict.void]
    missed = sum(bool(verdict.misses) for verdict in verdicts)
    peer = sum(bool(verdict.testmon_missed) for verdict in live)
    return (f"| {name} | {len(verdicts)} | {percent(v.share(v.selected) for v in live)} | {percent(v.share(v.graph) for v in live)} | "
            f"{percent(v.share(v.testmon) for v in live)} | {missed} | {peer if any(v.testmon is not None for v in live) else ''} | "
            f"{sum(bool(v.unconfirmed) for v in live)} | {len(verdicts) - len(live)} |")  # fmt: skip


HEAD = ["| mutator | mutants | selected | by import graph | by testmon | with a miss | testmon's with one | unconfirmed | void |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"]  # fmt: skip


def table(name, verdicts):
    by_mutator = collections.defaultdict(list)
    for verdict in verdicts:
        by_mutator[verdict.mutator].append(verdict)
    rows = [row(mutator, by_mutator[mutator]) for mutator in mutators.NAMES if mutator in by_mutator]
    return [*HEAD, *rows, row(f"**{name}**", verdicts)]


def tell(name, verdict):
    told = f"{verdict.selected} of {verdict.total}, graph {verdict.graph}"
    told += f", testmon {verdict.testmon}" if verdict.testmon is not None else ""
    print(f"{name} {verdict.number} {verdict.mutator} {verdict.where}: {verdict.void or told}", flush=True)
    for nodeid in verdict.misses:
        print(f"  MISS: {nodeid}", flush=True)
    if verdict.misses:
        print("  " + verdict.diff.replace("\n", "\n  "), flush=True)


def arguments(line=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--python", default=suites.usual(), help="CPython minors, or the python that a folder's tests run on")
    parser.add_argument("--mutants", type=int, default=300)
    parser.add_argument("--first", type=int, default=1, help="the number of the first that is played")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", default="", help="mutators, with commas between")
    parser.add_argument("--most", type=int, default=5, help="tests of a mutant that are confirmed")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--output", type=pathlib.Path)
    argv = list(sys.argv[1:] if line is None else line)
    options = argv[argv.index("--") + 1 :] if "--" in argv else []
    given = parser.parse_args(argv[: argv.index("--")] if "--" in argv else argv)
    given.options = options
    return given


def judge(project, given):
    verdicts = []
    for verdict in Bench(project, given).verdicts():
        tell(project.name, verdict)
        verdicts.append(verdict)
    return verdicts


def main():
    given = arguments()
    minors = None if "/" in given.python else given.python.split(",")
    found = {}
    for project in trial.projects(given.names or SUITES, minors, given.python, ()):
        found[project.name] = judge(project, given)
        print("\n" + "\n".join(table(project.name, found[project.name])) + "\n", flush=True)
        if given.output:
            told = {name: [dataclasses.asdict(verdict) for verdict in verdicts] for name, verdicts in found.items()}
            given.output.write_text(json.dumps({"seed": given.seed, "projects": told}, indent=1))
    misses = [verdict for verdicts in found.values() for verdict in verdicts if verdict.misses]
    print(f"{sum(map(len, found.values()))} mutants, {len(misses)} with a miss")
    return 1 if misses else 0


if __name__ == "__main__":
    sys.exit(main())
