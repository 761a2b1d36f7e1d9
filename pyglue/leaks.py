"""Children and threads that a test leaves in its worker. PYTEST_DONT_REWRITE"""

import contextlib
import os
import select
import threading

import _dagz

# How long a child left by a test may take to show whether it returns into pytest.
STRAY_US = 100000


class Leaks:
    """What a test leaves behind: children and threads that were not there before it."""

    def __init__(self):
        self.children = frozenset()
        self.threads = set(threading._active)

    def look(self, index):
        names = []
        if _dagz.has_children():
            children = frozenset(children_now())
            fresh = sorted(children - self.children)
            names += [f"child {pid} ({name_of(pid)})" for pid in fresh]
            wait_for_strays(fresh)
            self.children = children
        elif self.children:
            self.children = frozenset()
        threads = threading._active
        if threads.keys() != self.threads:
            names += [f"thread {threads[key].name}" for key in list(threads) if key not in self.threads]
            self.threads = set(threads)
        if names:
            _dagz.leaky(index, ", ".join(names))


def children_now():
    found = []
    for task in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{task}/children", "rb") as file:
                found += [int(pid) for pid in file.read().split() if is_alive(int(pid))]
        except OSError:
            pass
    return found


def wait_for_strays(pids):
    """Children forked by the test, and still as they were forked: any that is on its way back into pytest is
    given the time to get there, as it is this test that has to answer for it."""
    mine = name_of(os.getpid())
    deadline = _dagz.now_us() + STRAY_US
    for pid in pids:
        with contextlib.suppress(OSError):
            if name_of(pid) == mine:
                fd = os.pidfd_open(pid)
                select.select([fd], [], [], max(0, deadline - _dagz.now_us()) / 1e6)
                os.close(fd)


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b") ")[2][:1] not in (b"Z", b"X", b"")
    except OSError:
        return False


def name_of(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode(errors="replace").strip()[:80]
    except OSError:
        return "gone"
