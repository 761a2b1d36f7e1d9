"""CPython's own tests under python and under dagz-python: they have to say the same.

    cpython.py [PYTHON…] [--modules NAME,NAME…] [--ways library,preload]

For each python with a shim and a test package: each module is run by `python -m test` and by
`dagz-python -m test`, and outcomes are compared test by test. Tests that differ are run again, up to twice by
each; what gives the same answer once on both sides is unsteady, not different. Differences have to be
told in tests/e2e/cpython-differences.md, by name. Prints a table; exits 1 when one is not told there.
"""

import argparse
import collections
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

TOP = pathlib.Path(__file__).resolve().parents[2]
TOLD = TOP / "tests/e2e/cpython-differences.md"
MODULES = """test_cmd_line test_cmd_line_script test_site test_venv test_runpy test_subprocess test_signal
    test_faulthandler test_threading test_multiprocessing_fork test_multiprocessing_spawn
    test_multiprocessing_forkserver""".split()
AGAIN = 2
LONGEST_S = 1800


def as_from_a_terminal():
    """A shell starts what it puts in the background with SIGINT ignored, and some tests wait for it."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


def environment(python, way):
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DAGZ", "VIRTUAL_ENV"))}
    env["DAGZ_PYTHON"] = python
    if way:
        env["DAGZ_EMBED"] = {"library": "1", "preload": "0"}[way]
    return env


def names_of(python, module, folder):
    """The module as `-m test` is to be told of it. 3.11.7 and 3.12.1 forgot to install three of them, but have
    what they are made of."""
    method = module.removeprefix("test_multiprocessing_")
    if method == module or subprocess.run([python, "-c", f"import test.{module}"], capture_output=True).returncode == 0:
        return [module]
    name = f"test_by_{method}"  # regrtest looks for the known names in its own folder
    lines = f"from test._test_multiprocessing import install_tests_in_module_dict as install\ninstall(globals(), {method!r})\n"
    pathlib.Path(folder, f"{name}.py").write_text(
        f"{lines}if __name__ == '__main__':\n    import unittest\n    unittest.main()\n")
    return ["--testdir", folder, name]


def outcome(case):
    kinds = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
    return kinds[0] if kinds else case.get("result", "completed")


def run(executable, names, env):
    """{test: outcome}; the module itself is one too: how its process ended."""
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder, "report.xml")
        command = [executable, "-m", "test", "--junit-xml", str(report), *names]
        try:
            ended = subprocess.run(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, timeout=LONGEST_S, preexec_fn=as_from_a_terminal)
        except subprocess.TimeoutExpired:
            return {"(process)": "timeout"}
        results = {"(process)": str(ended.returncode)}
        if report.exists():
            for case in xml.parse(report).iter("testcase"):
                results[str(case.get("name"))] = outcome(case)
        return results


def compare(python, dagz, module, way):
    """(number of tests, failures on plain python, unsteady tests, differing tests)."""
    with tempfile.TemporaryDirectory() as folder:
        return compare_names(python, dagz, names_of(python, module, folder), environment(python, way))


def compare_names(python, dagz, names, env):
    seen = [collections.defaultdict(set), collections.defaultdict(set)]
    for _ in range(1 + AGAIN):
        results = [run(executable, names, env) for executable in (python, dagz)]
        for slot, result in zip(seen, results):
            for test in results[0].keys() | results[1].keys():
                slot[test].add(result.get(test))
        differs = sorted((test for test in seen[0] if not seen[0][test] & seen[1][test]), key=str)
        if not differs:
            break
    unsteady = [test for test in seen[0] if test not in differs and len(seen[0][test] | seen[1][test]) > 1]
    failures = sum(result in ("failure", "error") for result in results[0].values())
    return len(seen[0]) - 1, failures, unsteady, differs


def pythons():
    lines = subprocess.run([sys.executable, TOP / "embed/pythons.py"], capture_output=True, text=True).stdout
    return [line.split("\t")[1] for line in lines.splitlines()]


def has_tests(python):
    return subprocess.run([python, "-c", "import test.test_cmd_line"], capture_output=True).returncode == 0


def version(python):
    ask = "import sys; print('%d.%d.%d' % sys.version_info[:3])"
    return subprocess.run([python, "-c", ask], capture_output=True, text=True).stdout.strip()


def is_told(test):
    name = test.split(" ")[0].split(".")[-1]
    return bool(re.search(rf"`[\w.]*\b{re.escape(name)}`", TOLD.read_text())) if TOLD.exists() else False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pythons", nargs="*")
    parser.add_argument("--modules", default=",".join(MODULES))
    parser.add_argument("--ways", default="", help="library, preload; empty: as the python needs it")
    options = parser.parse_args()
    dagz = os.environ.get("DAGZ_EXECUTABLE") or str(TOP / "build/dagz-python")
    untold = 0
    print("| CPython | way | module | tests | fail under python too | unsteady | different |\n|" + " --- |" * 7)
    for python in options.pythons or pythons():
        if not has_tests(python):
            print(f"| {version(python)} | | it has no test package | | | | |")
            continue
        for way in options.ways.split(","):
            for module in options.modules.split(","):
                tests, failures, unsteady, differs = compare(python, dagz, module, way)
                # No test at all proves nothing.
                untold += sum(not is_told(test) for test in differs if test not in ("(process)", "None")) + (tests == 0)
                print(f"| {version(python)} | {way or 'own'} | {module} | {tests} | {failures} | "
                      f"{len(unsteady)} | {', '.join(differs) or 0} |", flush=True)
    return untold > 0


if __name__ == "__main__":
    sys.exit(main())
