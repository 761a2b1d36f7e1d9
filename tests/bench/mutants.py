"""Ten mutants for each suite: the oracle must hold for tests that end badly as well.

    mutants.py click [--python 3.11] [--seed 1] [--workers 2] [--fork worker]

Ten test functions, chosen by a seeded draw among those that pass, are changed in the suite's own
source, one for each row of MUTANTS, and the two runs compared as ever. A mutant that kills its
process would end plain pytest as well: there the right answer is made by a stand-in that merely
fails, and the test must come out as one failed report that names what killed it.
"""

import argparse
import ast
import collections
import contextlib
import dataclasses
import random
import shutil
import sys

import oracle
import suites

STAND_IN = "mutant: a stand-in for a death"

FIXTURES = '''

import pytest as _mutant_pytest


@_mutant_pytest.fixture
def _mutant_bad_setup():
    print("mutant: before a setup that fails")
    raise LookupError("mutant: setup")


@_mutant_pytest.fixture
def _mutant_bad_teardown():
    yield
    print("mutant: before a teardown that fails")
    raise LookupError("mutant: teardown")
'''

OUTPUT = """\
import sys as _sys, logging as _logging, os as _os
for _number in range(2000): print("mutant: a line of output", _number, "\\x1b[31m\\x07\\x00\\u2028é")
_sys.stderr.write("mutant: a line on stderr\\n" * 500)
_logging.getLogger("mutant").error("mutant: a log record %d", 7)
_os.write(1, b"mutant: not utf-8: \\xff\\xfe\\n")
assert not "mutant: told much\""""


@dataclasses.dataclass(frozen=True)
class Mutant:
    """What is put at the beginning of a test function's body; or the fixture it is made to use."""

    name: str
    body: str = ""
    fixture: str = ""
    # What the failed report must name, where the body kills its process.
    death: str = ""


MUTANTS = [
    Mutant("fails", '_left, _right = {"a": 1}, {"a": [2] * 9}\nassert _left == _right, "mutant"'),
    Mutant("errs in setup", fixture="_mutant_bad_setup"),
    Mutant("errs in teardown", fixture="_mutant_bad_teardown"),
    Mutant("raises SystemExit", 'raise SystemExit("mutant: exit")'),
    Mutant("tells much", OUTPUT),
    Mutant("warns", 'import warnings as _w; _w.warn("mutant: a warning", UserWarning)'),
    Mutant("skips", 'import pytest as _p; _p.skip("mutant: skipped")'),
    Mutant("is expected to fail", 'import pytest as _p; _p.xfail("mutant: expected")'),
    Mutant("segfaults", "import os as _os; _os.kill(_os.getpid(), 11)", death="SIGSEGV"),
    Mutant("leaves by os._exit", "import os as _os; _os._exit(7)", death="7"),
]

# One function may stand for thousands of parametrized tests; a mutant shall stay a mutant.
MOST_TESTS = 20
MOST_DEATHS = 3


@dataclasses.dataclass(frozen=True)
class Target:
    """A test function in the suite's source and the tests made of it."""

    file: str
    path: tuple
    nodeids: tuple


def targets(run, tree):
    """Functions all of whose tests passed, found in the source that is said to hold them."""
    tests = collections.defaultdict(list)
    for nodeid, reports in run.reports.items():
        told = [r for r in reports if len(r) > 1]
        (file, line, domain) = oracle.json.loads(told[0][oracle.REPORT.index("location")])
        outcomes = {r[oracle.REPORT.index("outcome")] for r in told}
        if file.endswith(".py") and outcomes == {'"passed"'} and len(told) == 3:
            # Parameters may hold dots, colons and brackets; a function's name cannot.
            tests[file, tuple(domain.partition("[")[0].split("."))].append(nodeid)
        else:
            tests[file, tuple(domain.partition("[")[0].split("."))].append(None)
    found = []
    for (file, path), nodeids in sorted(tests.items()):
        if None not in nodeids and locate(tree / file, path):
            found.append(Target(file, path, tuple(nodeids)))
    return found


def locate(file, path):
    """The definition of a function, if there is one, and it has a body on lines of its own."""
    with contextlib.suppress(OSError, SyntaxError):
        body = ast.parse(file.read_text()).body
        for name in path:
            kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
            named = [node for node in body if isinstance(node, kinds) and node.name == name]
            if len(named) != 1:
                return None
            body = named[0].body
        if not isinstance(named[0], ast.ClassDef) and body[0].lineno > named[0].lineno:
            return named[0]
    return None


def draw(run, tree, seed):
    """One target for each mutant; no two in one file if there are files enough."""
    dice = random.Random(f"{seed} {tree.parent.name}")
    pool = targets(run, tree)
    dice.shuffle(pool)
    pairs, files = [], collections.Counter()
    for mutant in MUTANTS:
        most = MOST_DEATHS if mutant.death else MOST_TESTS
        fit = [target for target in pool if len(target.nodeids) <= most]
        if not fit:
            raise SystemExit(f"mutants: no test function of {tree} can be made one that {mutant.name}")
        target = min(fit, key=lambda target: files[target.file])
        pool.remove(target)
        files[target.file] += 1
        pairs.append((mutant, target))
    return pairs


def mutate(source, pairs, deadly):
    """The source with these mutants in it, from the last line up so that line numbers hold."""
    lines = source.split("\n")
    edits = []
    for mutant, path in pairs:
        node = find(source, path)
        body = mutant.body
        if mutant.death and not deadly:
            body = f'raise AssertionError("{STAND_IN}")'
        if mutant.fixture:
            mark = f'@__import__("pytest").mark.usefixtures("{mutant.fixture}")'
            edits.append((first_line(node), node.col_offset, mark))
        else:
            edits.append((first_line(node.body[0]), node.body[0].col_offset, body))
    for line, indent, text in sorted(edits, reverse=True):
        lines[line - 1 : line - 1] = [" " * indent + part for part in text.split("\n")]
    return "\n".join(lines) + FIXTURES


def first_line(node):
    """Where a statement begins: ast says of a decorated one where its "def" is."""
    return min([node.lineno, *(mark.lineno for mark in getattr(node, "decorator_list", ()))])


def find(source, path):
    body = ast.parse(source).body
    for name in path:
        (node,) = [node for node in body if getattr(node, "name", None) == name]
        body = node.body
    return node


@contextlib.contextmanager
def planted(env, pairs, deadly):
    """The suite's tree with the mutants in it; as it was before, afterwards."""
    restore(env)
    kept = env.folder / "originals"
    by_file = collections.defaultdict(list)
    for mutant, target in pairs:
        by_file[target.file].append((mutant, target.path))
    for file, changes in by_file.items():
        (kept / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(env.tree / file, kept / file)
        source = (env.tree / file).read_text()
        (env.tree / file).write_text(mutate(source, changes, deadly))
    try:
        yield
    finally:
        restore(env)


def restore(env):
    """Puts back what a killed run may have left changed."""
    kept = env.folder / "originals"
    for file in [path for path in kept.rglob("*") if path.is_file()]:
        shutil.copy2(file, env.tree / file.relative_to(kept))
    shutil.rmtree(kept, ignore_errors=True)


def question(env, pairs, options=()):
    """What plain pytest says of the mutants, stand-ins for the deaths."""
    with planted(env, pairs, deadly=False):
        return oracle.question(env, options)


def judge(env, pairs, expected, left_out, runner, options=()):
    dead = {nodeid: m.death for m, target in pairs if m.death for nodeid in target.nodeids}
    with planted(env, pairs, deadly=True):
        actual = oracle.run(runner, env, options)
    # A death is told in DAGZ's words, which no text of plain pytest's can equal.
    verdict = oracle.judge(env, expected, actual, left_out | dead.keys(), texts=False)
    verdict.found += [found for found in map(lambda item: autopsy(*item, actual), dead.items()) if found]
    verdict.left_out = left_out
    verdict.runner += " + mutants"
    return verdict


def autopsy(nodeid, death, actual):
    """What is wrong with how a dead test was told, if anything is."""
    told = [r for r in actual.reports.get(nodeid, []) if len(r) > 1]
    failed = [r for r in told if r[oracle.REPORT.index("outcome")] == '"failed"']
    phases = [r[1:3] for r in told]
    if len(failed) != 1 or any(r[1:3] == ('"call"', '"passed"') for r in told):
        return oracle.Difference("death", nodeid, f"    not one failed report, but {phases}")
    if death not in failed[0][oracle.REPORT.index("longrepr")]:
        said = failed[0][oracle.REPORT.index("longrepr")]
        return oracle.Difference("death", nodeid, f"    does not name {death}: {said[:300]}")
    cases = actual.junit.get(oracle.junit_name(nodeid), [])
    if len(cases) != 1:
        return oracle.Difference("death", nodeid, f"    {len(cases)} testcases in junit, not one")
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+")
    parser.add_argument("--python", default=None)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", default="2")
    parser.add_argument("--fork", default="worker")
    parser.add_argument("--runner", choices=["dagz", "plain", "xdist"], default="dagz")
    parser.add_argument("--most", type=int, default=3)
    given = parser.parse_args()
    unequal = 0
    for env in suites.environments(given.names, given.python and given.python.split(",")):
        suites.fetch(env)
        restore(env)
        pairs = draw(oracle.run(oracle.plain(env), env), env.tree, given.seed)
        for mutant, target in pairs:
            print(f"{env.name}: {target.file}::{'.'.join(target.path)} {mutant.name}")
        expected, left_out = question(env, pairs)
        for runner in oracle.runners(given, env):
            verdict = judge(env, pairs, expected, left_out, runner)
            oracle.print_verdict(verdict, given.most)
            unequal += not verdict.equal
    return 1 if unequal else 0


if __name__ == "__main__":
    sys.exit(main())
