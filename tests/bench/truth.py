"""What was observed against an independent truth, on real suites: which code each test has executed.

    truth.py [NAME…] [--python 3.12,3.13] [--probe stamp] [--workers 1] [--apart | --between stamp,frame]

In the same run DAGZ observes, and a plugin records what sys.monitoring's callbacks (3.12 and later, never disabled) or a
profile function (before) report. A code object that ran in a test and is not in the test's span is missed; one that is in
the span and did not run is reported too much. Exit code 1 if anything was missed.

--between compares two probes in two runs of their own, without the plugin: with one in place the stamp cannot be alone
(embed/probe/stamp.c), and the evaluator has calls inlined nowhere.

The name "cpython" stands for some of CPython's own tests, copied into a project of their own. A profile function changes
how the interpreter works, so --apart asks it in a run of its own, without DAGZ's probe, and compares the outcomes too:
for suites that do the same each time.
"""

import argparse
import collections
import json
import pathlib
import shutil
import subprocess
import sys

import bench
import logs
import oracle
import suites

CPYTHON = """test_generators test_coroutines test_contextlib test_contextlib_async test_functools test_dataclasses test_descr
    test_asyncgen test_genexps test_exceptions test_sys_settrace test_inspect test_dis test_code test_pickle test_copy
    test_weakref test_gc test_threading test_generator_stop test_with test_super test_property test_decorators
    test_yield_from test_raise test_scope test_compile test_marshal test_types test_typing""".split()


def truth(folder):
    """Nodeid: what it has executed, (file, qualname, line); the last run of it."""
    told = {}
    for path in folder.glob("truth.*"):
        for line in path.open(encoding="utf-8"):
            nodeid, codes = json.loads(line)
            told[nodeid] = {tuple(code) for code in codes}
    return told


def is_project(path, tree):
    return path.startswith(f"{tree}/") and "/site-packages/" not in path


def identities(codes, tree):
    return {(code.file, code.name, code.line) for code in codes if is_project(code.file, tree) and code.kind != "generated"}


def compare(told, job, tree):
    """Counters of what was missed and reported too much, by code; how many tests and codes were compared."""
    missed, over, tests, codes = collections.Counter(), collections.Counter(), 0, 0
    for log in job.values():
        asides = identities({code for span in log.own_spans() if span.type == "fixture" for code in span.codes}, tree)
        for span in log.own_spans():
            if span.type != "test" or span.name not in told or not span.ended:
                continue
            real = {code for code in told[span.name] if is_project(code[0], tree)}
            own = identities(span.codes, tree)
            tests, codes = tests + 1, codes + len(real)
            missed.update((span.name, *code) for code in real - own - asides)
            over.update(own - real)
    return missed, over, tests, codes


def observed(env, probe, workers):
    """Nodeid: the codes of its span, of a run with that probe."""
    state = env.scratch.parent / f"{env.name}-{probe}"
    shutil.rmtree(state, ignore_errors=True)
    run = oracle.run(oracle.dagz(env, workers), env, (), {"DAGZ_DIR": str(state), "DAGZ_PROBE": probe})
    job = logs.read(logs.last_job(state))
    spans = {span.name: identities(span.codes, env.tree) for log in job.values() for span in log.own_spans()
             if span.type == "test" and span.ended}  # fmt: skip
    return spans, run.status


def judge_between(env, probes, workers):
    """The same tests with one probe and with another: what the first has missed."""
    (one, status), (other, _) = (observed(env, probe, workers) for probe in probes)
    both = one.keys() & other.keys()
    missed = [(name, *code) for name in both for code in other[name] - one[name]]
    over = [(name, *code) for name in both for code in one[name] - other[name]]
    print(f"{env.name} {probes[0]} against {probes[1]} workers={workers}: {len(both)} tests, "
          f"{sum(len(other[name]) for name in both)} executions, {len(missed)} missed, {len(over)} too much; exit {status}", flush=True)  # fmt: skip
    for what, codes in (("missed", missed), ("too much", over)):
        for code in codes[:10]:
            print(" ", what, *code)
    return not missed and both


def cpython(minor):
    """The interpreter's own tests, as somebody's project."""
    env = suites.fetch(suites.environment("empty", minor))
    tree = env.folder / "trees/cpython"
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    (tree / "pytest.ini").write_text("[pytest]\npython_files = test_*.py\n")
    where = "import test, os; print(os.path.dirname(test.__file__))"
    library = subprocess.run([env.python, "-c", where], capture_output=True, text=True, check=True).stdout.strip()
    for name in CPYTHON:
        source = pathlib.Path(library, f"{name}.py")
        if source.exists():
            shutil.copy(source, tree)
    return bench.Elsewhere(env, tree)


def observe(env, workers, environ, apart):
    """The run that is observed, and whether one that is not gave the same outcomes."""
    runner, plugin = oracle.dagz(env, workers), ("-p", "dagz_truth")
    if not apart:
        return oracle.run(runner, env, plugin, environ), True
    plain = oracle.run(runner, env, plugin, {**environ, "DAGZ_PROBE": "none"})
    run = oracle.run(runner, env, (), environ)
    return run, {name: plain.reports[name] for name in plain.reports} == run.reports


def judge(env, probe, workers, apart):
    scratch = env.scratch
    state = scratch.parent / f"{env.name}-truth"
    shutil.rmtree(state, ignore_errors=True)
    (state / "told").mkdir(parents=True)
    environ = {"DAGZ_TRUTH": str(state / "told/truth"), "DAGZ_DIR": str(state / "dagz")}
    if probe:
        environ["DAGZ_PROBE"] = probe
    run, same = observe(env, workers, environ, apart)
    job = logs.read(logs.last_job(state / "dagz"))
    probes = {log.probe for log in job.values()}
    missed, over, tests, codes = compare(truth(state / "told"), job, env.tree)
    size = sum(path.stat().st_size for path in logs.last_job(state / "dagz").iterdir())
    print(f"{env.name} {'/'.join(probes)} workers={workers}: {tests} tests, {codes} executions, {sum(missed.values())} missed, "
          f"{sum(over.values())} too much; exit {run.status}{'' if same else ', OTHER OUTCOMES'}, logs {size >> 10} KB", flush=True)  # fmt: skip
    for code, count in missed.most_common(10):
        print("  missed", count, *code)
    for code, count in over.most_common(10):
        print("  too much", count, *code)
    return sum(missed.values()) == 0 and tests > 0


def judge_one(env, given):
    if given.between:
        return bool(judge_between(env, given.between.split(","), given.workers))
    return judge(env, given.probe, given.workers, given.apart)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--python", default=None)
    parser.add_argument("--probe", default=None)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--between", default=None)
    parser.add_argument("--apart", action="store_true")
    given = parser.parse_args()
    minors = given.python.split(",") if given.python else None
    good = True
    names = [name for name in given.names if name != "cpython"]
    for env in suites.environments(names, minors) if names or not given.names else ():
        if pathlib.Path(env.folder).exists() or suites.interpreter(env.minor):
            suites.fetch(env)
            good &= judge_one(env, given)
    for minor in minors or ("3.12",) if "cpython" in given.names else ():
        good &= judge_one(cpython(minor), given)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
