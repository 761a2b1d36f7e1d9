"""How fast sources are cut: lines per second of CPU time, over a python's own library, with the bar beside it.

    cut.py [PYTHON…] [--state FOLDER]
"""

import argparse
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
BAR = 60_000


def library(python):
    code = "import os; print(os.path.dirname(os.__file__))"
    return pathlib.Path(subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip())


def cpu_s(command, env):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(python):
    files = sorted(path for path in library(python).glob("*.py"))
    lines = sum(path.read_bytes().count(b"\n") for path in files)
    with tempfile.TemporaryDirectory() as state:
        env = {**os.environ, "DAGZ_PYTHON": str(python), "DAGZ_DIR": state}
        command = [TOP / "build/dagz", "sheet", "--check", *files]
        return lines, cpu_s(command, env), cpu_s(command, env)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pythons", nargs="*", default=[sys.executable])
    for python in parser.parse_args().pythons:
        lines, cut, again = measure(python)
        rate = lines / cut
        print(
            f"{python}: {lines} lines in {cut:.2f} s CPU, {rate:,.0f} lines/s per core; "
            f"bar {BAR:,}: {'met' if rate >= BAR else 'not met'}; all kept: {again:.2f} s"
        )


main()
