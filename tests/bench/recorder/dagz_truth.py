"""A plugin that says what each test has really executed, by other means than DAGZ's: 3.12 and later, callbacks of
sys.monitoring that are never disabled; before, a profile function. One line of JSON for each test, to a file for each
process.

The callbacks are C functions, so that none of ours is among what is executed.
"""

import json
import os
import sys
import threading

import pytest

TOOL = 0
FILE = os.environ["DAGZ_TRUTH"]
seen = {}


def start_monitoring():
    monitoring = sys.monitoring
    monitoring.use_tool_id(TOOL, "truth")
    for event in (monitoring.events.PY_START, monitoring.events.PY_RESUME):
        monitoring.register_callback(TOOL, event, seen.setdefault)
    monitoring.set_events(TOOL, monitoring.events.PY_START | monitoring.events.PY_RESUME)


def profile(frame, event, arg):
    if event == "call":
        seen.setdefault(frame.f_code)


def identity(code):
    return code.co_filename, getattr(code, "co_qualname", code.co_name), code.co_firstlineno


if hasattr(sys, "monitoring"):
    start_monitoring()
else:
    threading.setprofile(profile)
    sys.setprofile(profile)


@pytest.hookimpl(tryfirst=True, hookwrapper=True)
def pytest_runtest_protocol(item):
    seen.clear()
    if not hasattr(sys, "monitoring"):
        # Tests take it off.
        sys.setprofile(profile)
    yield
    codes = list(seen)
    with open(f"{FILE}.{os.getpid()}", "a", encoding="utf-8") as file:
        json.dump([item.nodeid, [identity(code) for code in codes]], file)
        file.write("\n")
