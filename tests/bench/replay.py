"""The history bench: a project's commits, or its released versions, one after the other, what is learnt carried along.

    replay.py SUITE --git REPOSITORY [--steps 100] [--python 3.12]     commits that touch code, of a suite's own repository
    replay.py FOLDER --git REPOSITORY --python PYTHON                  of any: FOLDER is the root to be tested in it, as ./
    replay.py SUITE --series 8.2.0,8.2.1,…                             versions, as released
              [--until REF] [--every N] [--workers 2] [--peers] [--full] [--output FILE.json] [-- PYTEST OPTIONS]

At each step the tree is made that commit's, as `git reset` does it, and a job is run that knows what the one before has
learnt. Plain pytest runs everything, in a tree of its own: a test that the job has left out and that does not end as it last
did is asked alone, and if it ends so again, it is a MISS; and what the job has run must have ended as in plain pytest. Told
of each step: how much was selected, for which reasons, what it took against plain pytest (--full: and against a job that runs
all); with --peers beside pytest-testmon, in a third tree, that carries along what that has learnt. Exit code 1: misses."""

import argparse
import collections
import dataclasses
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys

import mutate
import oracle
import suites
import trial

CODE = ("*.py", "*.pyi", "*.toml", "*.ini", "*.cfg")
# What a side keeps over the steps; the rest of its tree is the step's.
STATE = (".dagz", ".pytest_cache", ".testmondata", ".git")


@dataclasses.dataclass
class Step:
    """What came of one."""

    name: str
    total: int = 0
    selected: int = 0
    wall_s: float = 0.0
    plain_s: float = 0.0
    full_s: float | None = None
    testmon: int | None = None
    testmon_s: float | None = None
    misses: list = dataclasses.field(default_factory=list)
    otherwise: list = dataclasses.field(default_factory=list)
    unconfirmed: list = dataclasses.field(default_factory=list)
    # How many tests each selects.
    reasons: dict = dataclasses.field(default_factory=dict)
    void: str = ""

    def share(self, count):
        return count / self.total if count is not None and self.total else None


# ---- where steps come from ----


def git(folder, *words):
    # Nothing of the user's own settings: a file must have the bytes that the commit has.
    environ = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    done = subprocess.run(["git", "-C", folder, *words], capture_output=True, text=True, env=environ)
    if done.returncode:
        raise SystemExit(f"replay: git {' '.join(map(str, words))}: {done.stderr.strip()}")
    return done.stdout.split("\n")[:-1]


class Commits:
    """Of the first parents' line, those that touch code."""

    def __init__(self, repository, given, kept):
        self.kept = kept
        shutil.rmtree(kept, ignore_errors=True)
        kept.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["git", "clone", "-q", "--no-checkout", repository, kept], check=True)
        line = git(kept, "rev-list", "--first-parent", "--reverse", given.until or "HEAD", "--", *CODE)
        self.steps = line[:: -given.every][: given.steps + 1][::-1]

    def name(self, step):
        return git(self.kept, "log", "-1", "--format=%h %s", step)[0][:70]

    def put(self, step, tree):
        """Files that the commit leaves as they are keep their times."""
        if not (tree / ".git").exists():
            shutil.rmtree(tree, ignore_errors=True)
            subprocess.run(["git", "clone", "-q", "--no-checkout", self.kept, tree], check=True)
            git(tree, "checkout", "-q", "-B", "replayed", step)
        git(tree, "reset", "-q", "--hard", step)
        git(tree, "clean", "-qfd", *(f"--exclude={name}" for name in STATE))


class Series:
    """Released versions; each replaces the one before."""

    def __init__(self, env, versions):
        self.env, self.steps = env, versions.split(",")

    def name(self, step):
        return f"{self.env.suite} {step}"

    def folder(self, step):
        folder = suites.cache() / f"{self.env.suite}-series" / step
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            suites.unpack({**suites.table()[self.env.suite], "version": step}, self.env.suite, folder, self.env.python)
        return folder

    def put(self, step, tree):
        tree.mkdir(parents=True, exist_ok=True)
        for path in tree.iterdir():
            if path.name not in STATE:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        subprocess.run(["cp", "-a", f"{self.folder(step)}/.", tree], check=True)


# ---- one step ----


class Bench:
    def __init__(self, project, steps, given):
        self.given, self.steps = given, steps
        self.plain, self.dagz, self.peer, self.full = (
            dataclasses.replace(project, name=f"{project.name}-{side}") for side in ("plain", "dagz", "testmon", "full"))  # fmt: skip
        for side in (self.plain, self.dagz, self.peer, self.full):
            shutil.rmtree(side.scratch, ignore_errors=True)
            side.scratch.mkdir(parents=True)
        # By node id: how it ended when DAGZ last ran it.
        self.known = {}
        self.options = tuple(given.options)

    def run(self, side, head, options=(), more=()):
        return trial.run(side, head, (*self.options, *options), more)

    def play(self, number, step):
        done = Step(self.steps.name(step))
        self.steps.put(step, self.dagz.tree)
        self.steps.put(step, self.plain.tree)
        done.reasons = self.reasons() if number else {}
        job = self.run(self.dagz, trial.dagz(self.dagz, self.given.workers))
        plain = self.run(self.plain, trial.plain(self.plain))
        done.total, done.wall_s, done.plain_s = len(plain.outcomes), job.wall_s, plain.wall_s
        done.selected = len(plain.outcomes.keys() & job.outcomes.keys())
        if not plain.begun:
            done.void = f"plain pytest has exit code {plain.status}, the job {job.status}"
        self.judge(done, job, plain)
        self.known = {nodeid: outcome for nodeid, outcome in {**self.known, **job.outcomes}.items() if nodeid in plain.outcomes}
        self.beside(done, step)
        return done

    def beside(self, done, step):
        if self.given.full:
            self.steps.put(step, self.full.tree)
            done.full_s = self.run(self.full, (*trial.dagz(self.full, self.given.workers), "--dagz-all")).wall_s
        if self.given.peers:
            self.steps.put(step, self.peer.tree)
            peer = mutate.run_testmon(self.peer, self.options)
            # It may come to no end: INTERNALERROR.
            if peer.begun:
                done.testmon, done.testmon_s = len(peer.outcomes), peer.wall_s

    def reasons(self):
        """Before the job, as after it nothing is to be selected any more."""
        asked = subprocess.run(
            [oracle.DAGZ_PYTHON.with_name("dagz"), "select", "--json"], cwd=self.dagz.tree, capture_output=True, text=True,
            env=trial.environ(self.dagz))  # fmt: skip
        if asked.returncode:
            return {}
        selected = json.loads(asked.stdout)["selected"]
        return dict(collections.Counter(reason_of(one) for one in selected))

    def judge(self, done, job, plain):
        broken = {nodeid.partition("::")[0] for nodeid in job.broken}
        for nodeid, outcome in plain.outcomes.items():
            if nodeid in job.outcomes:
                if job.outcomes[nodeid] != outcome:
                    self.confirm(done.otherwise, done, nodeid, job.outcomes[nodeid], outcome)
            elif nodeid.partition("::")[0] not in broken and (self.known.get(nodeid) != outcome or outcome == "failed"):
                self.confirm(done.misses, done, nodeid, self.known.get(nodeid), outcome)

    def confirm(self, to, done, nodeid, was, now):
        """Alone it must end so again, and where it was known once, not as it was known."""
        if len(to) < self.given.most:
            alone = self.run(self.plain, trial.plain(self.plain), ("--", nodeid)).outcomes.get(nodeid)
            steady = alone == now and nodeid not in self.plain.unstable
            (to if steady else done.unconfirmed).append(f"{nodeid}: {was or 'not known'}, {now} by plain pytest")

    def play_all(self):
        for number, step in enumerate(self.steps.steps):
            yield self.play(number, step)


def reason_of(selected):
    """Why, and the input that the chain ends with, without what it was and is: one reason for all that a change reaches."""
    last = (selected.get("chain") or [""])[-1]
    return f"{selected['reason']}: {CHANGED.sub('', last)}"


def kind_of(reason):
    """Of what changed the kind of input; of what is unprovable the name of it."""
    why, _, what = reason.partition(": ")
    return f"{why}: {what if why == 'unprovable' else what.partition(' ')[0]}"


# Of an input's line: which lines of the file it is, and its fingerprints.
CHANGED = re.compile(r"(, lines \d+-\d+)?(: \w+ -> \w+)?$")


# ---- telling ----


def tell(step):
    told = f"{step.selected} of {step.total}, {step.wall_s:.2f} s of {step.plain_s:.2f} s"
    told += f", testmon {step.testmon}, {step.testmon_s:.2f} s" if step.testmon is not None else ""
    print(f"{step.name}: {told} {step.void}", flush=True)
    for kind, found in (("MISS", step.misses), ("ended otherwise", step.otherwise)):
        for one in found:
            print(f"  {kind}: {one}", flush=True)


def mean(values):
    values = [value for value in values if value is not None]
    return statistics.fmean(values) if values else None


def percent(value):
    return "" if value is None else f"{100 * value:.1f} %"


def bars(steps, series):
    """Each with met or not met."""
    ours, peers = mean(s.share(s.selected) for s in steps), mean(s.share(s.testmon) for s in steps)
    if series:
        wanted = [("mean selected against testmon's", ours / peers if peers else None, 0.7)]
    else:
        wanted = [("mean selected against testmon's", ours / peers if peers else None, 0.5), ("mean selected", ours, 0.1)]
    wide = max((count for _, count in broad(steps)), default=0)
    wanted.append(("steps in which one reason selects more than half the suite", wide / len(steps) if steps else None, 0.02))
    for what, value, most in wanted:
        if value is not None:
            yield f"- {what}: {value:.3f}, at most {most}: {'met' if value <= most else 'not met'}"


def broad(steps):
    """Reasons by how many steps they select more than half the suite in."""
    found = collections.Counter(reason for step in steps for reason, count in step.reasons.items() if 2 * count > step.total)
    return found.most_common()


def summary(name, steps, series):
    """The first learns, and is not counted."""
    later = [step for step in steps[1:] if not step.void]
    times = mean(s.wall_s / s.plain_s for s in later)
    lines = ["| project | steps | void | selected | by testmon | time against plain pytest | against a full job | with a miss | ended otherwise |",
             "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
             f"| {name} | {len(later)} | {len(steps) - 1 - len(later)} | {percent(mean(s.share(s.selected) for s in later))} | "
             f"{percent(mean(s.share(s.testmon) for s in later))} | {percent(times)} | "
             f"{percent(mean(s.wall_s / s.full_s if s.full_s else None for s in later))} | {sum(bool(s.misses) for s in steps)} | "
             f"{sum(bool(s.otherwise) for s in steps)} |", "", *bars(later, series), ""]  # fmt: skip
    tally = collections.Counter()
    for step in later:
        for reason, count in step.reasons.items():
            tally[kind_of(reason)] += count
    lines += [f"- {count} selected: {kind}" for kind, count in tally.most_common(20)]
    lines += [f"- in {count} steps more than half the suite: {reason}" for reason, count in broad(later)[:20]]
    return "\n".join(lines)


def arguments(line=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name")
    parser.add_argument("--git", help="a repository, by path or URL")
    parser.add_argument("--series", help="versions, with commas between")
    parser.add_argument("--python", default=suites.usual(), help="a CPython minor of the suite's, or a python")
    parser.add_argument("--until", help="the last commit; else the repository's HEAD")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--every", type=int, default=1, help="only each n-th commit")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--most", type=int, default=5, help="tests of a step that are confirmed")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--output", type=pathlib.Path)
    argv = list(sys.argv[1:] if line is None else line)
    options = argv[argv.index("--") + 1 :] if "--" in argv else []
    given = parser.parse_args(argv[: argv.index("--")] if "--" in argv else argv)
    if bool(given.git) == bool(given.series):
        parser.error("either --git or --series")
    given.options = options
    return given


def bench(given):
    if os.sep in given.name:
        project = trial.of_folder(given.name, given.python)
        return Bench(project, Commits(given.git, given, project.scratch / "repository"), given)
    env = suites.fetch(suites.environment(given.name, given.python))
    project = trial.of_suite(env)
    steps = Series(env, given.series) if given.series else Commits(given.git, given, project.scratch / "repository")
    return Bench(project, steps, given)


def main():
    given = arguments()
    steps = []
    for step in bench(given).play_all():
        tell(step)
        steps.append(step)
        if given.output:
            given.output.write_text(json.dumps({"name": given.name, "steps": [dataclasses.asdict(s) for s in steps]}, indent=1))
    print("\n" + summary(given.name, steps, bool(given.series)))
    return 1 if any(step.misses or step.otherwise for step in steps) else 0


if __name__ == "__main__":
    sys.exit(main())
