"""The proof on real projects: every suite, Python and way to run against plain pytest, as a table.

    proof.py [NAME…] [--python 3.11] [--quick] [--output FILE]

Exit code 0 if all is equal. A Python that this machine has not got is told, not passed over in
silence: CPython 3.14 is run where there is one (Debian forky has it).
"""

import argparse
import pathlib
import sys
import time

import mutants
import oracle
import suites

# What each project is asked on the first Python; the others are there to tell of the Python.
WAYS = [(1, None), (2, None), (8, None), (2, "module"), (2, "test")]
FEWER = [(2, None)]
FIRST = "3.11"
SEED = 1


def ways(env, quick):
    return WAYS if env.variant == FIRST and not quick else FEWER


def prove(env, quick):
    """All verdicts on one environment."""
    suites.fetch(env)
    mutants.restore(env)
    expected, left_out = oracle.question(env)
    for workers, fork in ways(env, quick):
        yield oracle.judge(env, expected, oracle.run(oracle.dagz(env, workers, fork), env), left_out)
    if env.variant == FIRST and not quick:
        pairs = mutants.draw(expected, env.tree, SEED)
        asked, mutants_left_out = mutants.question(env, pairs)
        for fork in (None, "test"):
            runner = oracle.dagz(env, 2, fork)
            yield mutants.judge(env, pairs, asked, left_out | mutants_left_out, runner)


def outcome(verdict):
    if verdict.equal:
        return "equal"
    return f"**{len(verdict.found)} differ**"


def row(verdict):
    told = ", ".join(f"{count} {name}" for name, count in sorted(verdict.outcomes.items()))
    return (f"| {verdict.env} | {verdict.runner} | {told} | {outcome(verdict)} | "
            f"{verdict.expected_s:.1f} | {verdict.actual_s:.1f} |")  # fmt: skip


HEAD = ["| environment | run as | outcomes | against plain pytest | plain s | here s |",
        "| --- | --- | --- | --- | --- | --- |"]  # fmt: skip


def excuses(env, left_out):
    for name in sorted(left_out):
        reason = env.order_dependent.get(name) or env.unstable.get(name)
        yield f"- {env.name}: `{name}`: {reason or 'two plain runs differ'}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--python", default=None, help="variants, with commas between")
    parser.add_argument("--quick", action="store_true", help="two workers only, no mutants")
    parser.add_argument("--output", type=pathlib.Path)
    given = parser.parse_args()
    began, lines, notes, unequal = time.monotonic(), list(HEAD), [], 0
    for env in suites.environments(given.names, given.python and given.python.split(",")):
        if not suites.interpreter(env.minor):
            notes.append(f"- {env.name}: not run: there is no CPython {env.minor} here")
            continue
        for verdict in prove(env, given.quick):
            oracle.print_verdict(verdict)
            lines.append(row(verdict))
            unequal += not verdict.equal
            notes += [note for note in excuses(env, verdict.left_out) if note not in notes]
    notes.append(f"- {len(lines) - len(HEAD)} comparisons, {unequal} unequal, "
                 f"{(time.monotonic() - began) / 60:.0f} minutes")  # fmt: skip
    text = "\n".join([*lines, "", *notes, ""])
    print("\n" + text)
    if given.output:
        given.output.write_text(text)
    return 1 if unequal else 0


if __name__ == "__main__":
    sys.exit(main())
