"""Runs one command and tells what its whole tree of processes cost.

    meter.py REPORT [--memory] COMMAND…

CPU is what the kernel charged to all that was waited for; being subreaper, the meter waits for
orphans too, so that nothing is cheaper for having been abandoned. Memory is the sum of PSS over
the tree, sampled: it is asked for in a run of its own, since reading smaps holds the sampled up.
"""

import contextlib
import ctypes
import json
import os
import resource
import signal
import sys
import threading
import time

PR_SET_CHILD_SUBREAPER = 36
EVERY_S = 0.02


def descendants(pid):
    """All below PID, each once. A process that ends while we look is not there."""
    found, waiting = [], [pid]
    while waiting:
        parent = waiting.pop()
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{parent}/task"):
                with open(f"/proc/{parent}/task/{thread}/children") as file:
                    children = [int(word) for word in file.read().split()]
                found += children
                waiting += children
    return found


def pss_bytes(pid):
    with contextlib.suppress(OSError):
        with open(f"/proc/{pid}/smaps_rollup") as file:
            for line in file:
                if line.startswith("Pss:"):
                    return int(line.split()[1]) * 1024
    return 0


def sample(peak, done):
    while not done.wait(EVERY_S):
        now = sum(pss_bytes(pid) for pid in descendants(os.getpid()))
        peak[0] = max(peak[0], now)


def start(command):
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.execvp(command[0], command)
    return pid


def wait_for_all(first):
    """The first's status and the time at which it ended, once none is left."""
    status = ended = None
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, how = os.wait()
            if pid == first:
                status, ended = os.waitstatus_to_exitcode(how), time.monotonic()
    return status, ended


def main():
    report, *command = sys.argv[1:]
    memory = command[0] == "--memory"
    if memory:
        command = command[1:]
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise SystemExit("meter: cannot become subreaper: " + os.strerror(ctypes.get_errno()))
    peak, done = [0], threading.Event()
    sampler = threading.Thread(target=sample, args=(peak, done))
    began = time.monotonic()
    child = start(command)
    if memory:
        sampler.start()
    status, ended = wait_for_all(child)
    done.set()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    facts = {
        "status": status,
        "began": began,
        "wall_s": ended - began,
        "cpu_s": used.ru_utime + used.ru_stime,
        "peak_bytes": peak[0],
    }
    with open(report, "w") as file:
        json.dump(facts, file)


if __name__ == "__main__":
    main()
