"""What a start costs: `dagz-python -c pass` against `python -c pass`, for each python.

    start.py [PYTHON…]      DAGZ_EXECUTABLE or build/dagz-python; without names, the pythons that have a shim

The two run in turn, so that what else the machine does falls on both; medians are compared. Instructions by
valgrind where it is installed. The bar: 1.10 in each column. Exits 1 when it is not met.
"""

import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = int(os.environ.get("ROUNDS", 200))
BAR = 1.10
TOP = Path(__file__).resolve().parents[2]


def one(argv, env, quiet=False):
    actions = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)] if quiet else []
    begin = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, env, file_actions=actions)
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - begin
    if status:
        sys.exit(f"{argv} left with {status}")
    return wall, usage.ru_utime + usage.ru_stime


def interleaved(commands, env, quiet=False):
    """For each command (wall, CPU) in seconds, as medians."""
    runs = [[] for _ in commands]
    for turn in range(ROUNDS + 5):
        for slot, command in zip(runs, commands):
            result = one(command, env, quiet)
            if turn >= 5:
                slot.append(result)
    return [tuple(statistics.median(column) for column in zip(*slot)) for slot in runs]


def instructions(command, env):
    """Of all processes that the command goes through, by exec or fork."""
    if not shutil.which("valgrind"):
        return None
    run = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--trace-children=yes", *command],
        capture_output=True, text=True, env=env)
    return sum(int(n.replace(",", "")) for n in re.findall(r"Collected : ([\d,]+)", run.stderr)) or None


def pythons():
    lines = subprocess.run([sys.executable, TOP / "embed/pythons.py"], capture_output=True, text=True).stdout
    return [line.split("\t")[1] for line in lines.splitlines()]


def name(python):
    ask = "import sys; print('%d.%d.%d' % sys.version_info[:3])"
    version = subprocess.run([python, "-c", ask], capture_output=True, text=True).stdout.strip()
    return f"{version} {os.path.realpath(python)}"


def main(chosen):
    dagz = os.environ.get("DAGZ_EXECUTABLE") or str(TOP / "build/dagz-python")
    missed = False
    print(f"{'python':44} {'wall ms':>15} {'':>5} {'CPU ms':>15} {'':>5} {'M instructions':>15}")
    for python in chosen or pythons():
        env = dict(os.environ, DAGZ_PYTHON=python)
        commands = [[python, "-c", "pass"], [dagz, "-c", "pass"]]
        plain, ours = interleaved(commands, env)
        row, ratios = [f"{name(python):44}"], []
        for a, b in zip(plain, ours):
            ratios.append(b / a)
            row.append(f"{a * 1e3:7.2f} {b * 1e3:7.2f} {b / a:5.3f}")
        counts = [instructions(command, env) for command in commands]
        if all(counts):
            ratios.append(counts[1] / counts[0])
            row.append(f"{counts[0] / 1e6:7.2f} {counts[1] / 1e6:7.2f} {ratios[-1]:5.3f}")
        missed |= max(ratios) > BAR
        print(*row, flush=True)
    return missed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
