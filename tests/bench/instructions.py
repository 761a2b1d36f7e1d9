"""What observing costs in instructions, which what else the machine does leaves alone: callgrind's counts with a probe
against those with none, one worker.

    instructions.py [SUITE…] [--python 3.12] [--probe default]

Of the front until it forks (start and collection), of the worker, and of all processes. A busy machine makes it slow, not
wrong; a suite that takes a second takes a minute. Two things it shows too large or not at all: long copies, which count a
byte an instruction, and what misses the caches.
"""

import argparse
import dataclasses
import pathlib
import re
import subprocess
import tempfile

import cost
import oracle
import suites

SUITES = ("pluggy", "jinja2", "click")


@dataclasses.dataclass(frozen=True)
class Part:
    """What one process did, from its start or a fork of its own to the next, or to its end."""

    pid: str
    is_cut: bool  # one of several
    began: int  # in blocks since its first ancestor's start
    instructions: int


def read(path):
    text = path.read_text(errors="replace")
    total = re.search(r"^totals: (\d+)", text, re.M)
    began = re.search(r"^desc: Timerange: Basic block (\d+)", text, re.M)
    pid, _, number = path.name.removeprefix("callgrind.").partition(".")
    return Part(pid, bool(number), int(began[1]), int(total[1])) if total and began else None


def parts(folder):
    """A child that vfork made, and that did not become another program, tells what its parent did once more: such has the
    beginning of a part that another process has."""
    found = list(filter(None, map(read, folder.iterdir())))
    cut = {part.pid for part in found if part.is_cut}
    begun = {part.began for part in found if part.pid in cut}
    return [part for part in found if part.pid in cut or part.began not in begun]


def count(env, probe):
    """Millions of instructions: of the front until it forked, of the worker, of all."""
    runner = cost.runner(env, probe)
    with tempfile.TemporaryDirectory() as box:
        box = pathlib.Path(box)
        for name in ("tmp", "counts"):
            (box / name).mkdir()
        valgrind = ["valgrind", "--tool=callgrind", "--trace-children=yes", "--dump-line=no", "--dump-before=fork",
                    f"--callgrind-out-file={box}/counts/callgrind.%p"]  # fmt: skip
        options = ["-q", "-p", "no:cacheprovider", *env.options]
        environ = oracle.clean_environ(env, box, {**runner.environ, "DAGZ_DIR": str(box / "dagz")})
        with open(box / "output", "wb") as output:
            subprocess.run([*valgrind, *runner.head, *options], cwd=env.tree, env=environ, stdin=subprocess.DEVNULL,
                           stdout=output, stderr=output, check=True)  # fmt: skip
        counted = parts(box / "counts")
    front = max((part for part in counted if part.is_cut), key=lambda part: part.instructions)
    worker = max((part for part in counted if part.pid != front.pid), key=lambda part: part.instructions)
    return [number / 1e6 for number in
            (front.instructions, worker.instructions, sum(part.instructions for part in counted))]  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=SUITES)
    parser.add_argument("--python", default="3.11,3.12,3.13")
    parser.add_argument("--probe", default="default")
    given = parser.parse_args()
    print("| CPython | suite | probe | front | worker | all |\n| --- | --- | --- | --- | --- | --- |", flush=True)
    for env in suites.environments(list(given.names), given.python.split(",")):
        suites.fetch(env)
        ratios = [f"{seen / unseen:.3f} × {unseen:,.0f} M"
                  for seen, unseen in zip(count(env, given.probe), count(env, "none"))]  # fmt: skip
        print(f"| {env.variant} | {env.suite} | {given.probe} | {' | '.join(ratios)} |", flush=True)


if __name__ == "__main__":
    main()
