"""A plugin that says what each test has really executed, by other means than DAGZ's: 3.12 and later, callbacks of
sys.monitoring that are never disabled; before, a profile function. One line of JSON for each test, to a file for each
process.

The callbacks are C functions, so that none of ours is among what is executed, and keep code objects as they are: those of
two files may be equal. For exceptions that are thrown into a generator there is no such function; that one is said to be the
library's.
"""

import json
import os
import queue
import sys
import threading

import pytest

TOOL = 0
FILE = os.environ["DAGZ_TRUTH"]
told = queue.SimpleQueue()

THROWN = "def thrown(code, offset, error): put(code)"


def start_monitoring():
    monitoring, events = sys.monitoring, sys.monitoring.events
    monitoring.use_tool_id(TOOL, "truth")
    for event in (events.PY_START, events.PY_RESUME):
        # The offset is taken for whether to wait, which nobody does.
        monitoring.register_callback(TOOL, event, told.put)
    space = {"put": told.put}
    exec(compile(THROWN, "<frozen truth>", "exec"), space)
    monitoring.register_callback(TOOL, events.PY_THROW, space["thrown"])
    monitoring.set_events(TOOL, events.PY_START | events.PY_RESUME | events.PY_THROW)


profiled = {}


def profile(frame, event, arg):
    if event == "call":
        profiled[id(frame.f_code)] = frame.f_code


def take():
    """What has run since the last time."""
    told.put(None)
    codes = {id(code): code for code in iter(told.get, None)} | profiled
    profiled.clear()
    return codes.values()


def identity(code):
    return code.co_filename, getattr(code, "co_qualname", code.co_name), code.co_firstlineno


if hasattr(sys, "monitoring"):
    start_monitoring()
else:
    threading.setprofile(profile)
    sys.setprofile(profile)


@pytest.hookimpl(tryfirst=True, hookwrapper=True)
def pytest_runtest_protocol(item):
    take()
    if not hasattr(sys, "monitoring"):
        # Tests take it off.
        sys.setprofile(profile)
    yield
    with open(f"{FILE}.{os.getpid()}", "a", encoding="utf-8") as file:
        json.dump([item.nodeid, sorted({identity(code) for code in take()})], file)
        file.write("\n")
