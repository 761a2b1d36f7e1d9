"""A plugin that has each test run under a tool that watches code too: DAGZ_UNDER names which. What the tool itself has
found goes to a file for each process, to be compared with what it finds where DAGZ observes nothing.

    ctrace, sysmon, pytrace    coverage.py by that core, begun and ended with each test, threads included
    cprofile                   cProfile
    pdb                        a debugger that steps through every line and says nothing
"""

import collections
import cProfile
import json
import os
import pdb
import sys
import threading

import pytest

import dagz_truth

TOOL = os.environ["DAGZ_UNDER"]
FILE = os.environ["DAGZ_UNDER_FILE"]
TREE = os.environ["DAGZ_UNDER_TREE"]
found = collections.defaultdict(set)


class Coverage:
    tool = None

    def begin(self):
        import coverage

        if not Coverage.tool:
            os.environ["COVERAGE_CORE"] = TOOL
            Coverage.tool = coverage.Coverage(data_file=None, config_file=False, source=[TREE])
        Coverage.tool.start()

    def end(self):
        Coverage.tool.stop()
        data = Coverage.tool.get_data()
        for file in data.measured_files():
            found[file].update(data.lines(file))


class Profile:
    def begin(self):
        self.tool = cProfile.Profile()
        self.tool.enable()

    def end(self):
        self.tool.disable()
        for entry in self.tool.getstats():
            if not isinstance(entry.code, str):
                found[entry.code.co_filename].add(entry.code.co_firstlineno)
                if not hasattr(sys, "monitoring"):
                    # It has taken the place of the truth's own.
                    dagz_truth.told.put(entry.code)


class Debugger(pdb.Pdb):
    """Steps, and lets threads be stepped through as well."""

    def __init__(self):
        super().__init__(readrc=False)

    def interaction(self, frame, *others):
        found[frame.f_code.co_filename].add(frame.f_lineno)
        self.set_step()

    def user_call(self, frame, arguments):
        self.interaction(frame)

    def user_return(self, frame, value):
        self.interaction(frame)

    def begin(self):
        threading.settrace(self.trace_dispatch)
        self.set_trace()

    def end(self):
        threading.settrace(None)
        sys.settrace(None)


TOOLS = {"cprofile": Profile, "pdb": Debugger}


def write():
    # The project's only: what pytest itself does differs from run to run.
    lines = {file: sorted(numbers) for file, numbers in found.items() if file.startswith(TREE)}
    with open(f"{FILE}.{os.getpid()}", "w", encoding="utf-8") as file:
        json.dump(lines, file)


@pytest.hookimpl(tryfirst=True, hookwrapper=True)
def pytest_runtest_call():
    tool = TOOLS.get(TOOL, Coverage)()
    tool.begin()
    try:
        yield
    finally:
        tool.end()
        write()
