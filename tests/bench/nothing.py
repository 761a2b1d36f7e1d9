"""What a job costs that has nothing to run: beside `python -c pass`, on 5,000 tests in 500 files.

    nothing.py [PYTHON]     DAGZ_EXECUTABLE or build/dagz-python; PYTHON: one that has pytest

The two run in turn, so that what else the machine does falls on both; medians are compared, and the CPU time of all
their processes. The bars: twice `python -c pass`, and 50 ms. Exits 1 when one is not met.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

import start

FILES, TESTS = 500, 10
TIMES, MOST_MS = 2, 50


def make(tree):
    tree.joinpath("pytest.ini").write_text("[pytest]\n")
    for number in range(FILES):
        tests = "".join(f"def test_{test}(): pass\n" for test in range(TESTS))
        tree.joinpath(f"test_{number}.py").write_text(tests)


def job(dagz, env):
    return subprocess.run([dagz, "-m", "pytest", "--dagz", "-q"], env=env, capture_output=True, text=True)


def learn(dagz, env):
    """Until a job is answered without a python: the second one, unless the tree was written to while the first ran."""
    for _ in range(3):
        ran = job(dagz, env)
        if "pytest was not started" in ran.stdout:
            return
    sys.exit(f"python is started each time; the last job has said:\n{ran.stdout}{ran.stderr}")


def main(python):
    dagz = os.environ.get("DAGZ_EXECUTABLE") or str(start.TOP / "build/dagz-python")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "DAGZ"))}
    env |= {"DAGZ_PYTHON": python, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    commands = [[python, "-c", "pass"], [dagz, "-m", "pytest", "--dagz", "-q"]]
    with tempfile.TemporaryDirectory() as tree:
        make(pathlib.Path(tree))
        os.chdir(tree)
        learn(dagz, env)
        plain, ours = start.interleaved(commands, env, quiet=True)
        os.chdir("/")
    missed = ours[0] > TIMES * plain[0] or ours[0] * 1e3 > MOST_MS
    print(f"{FILES * TESTS:,} tests in {FILES} files, by {start.name(python)}\n")
    print("| | wall ms | CPU ms |\n| --- | ---: | ---: |")
    print(f"| `python -c pass` | {plain[0] * 1e3:.2f} | {plain[1] * 1e3:.2f} |")
    print(f"| nothing to run | {ours[0] * 1e3:.2f} | {ours[1] * 1e3:.2f} |")
    print(f"| times | {ours[0] / plain[0]:.2f} | {ours[1] / plain[1]:.2f} |")
    print(f"\nat most {TIMES} times, and {MOST_MS} ms: {'not met' if missed else 'met'}")
    sys.exit(missed)


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else sys.executable)
