"""Reports between worker and front. PYTEST_DONT_REWRITE

A report travels as pytest_report_to_serializable makes it, pickled: tuples stay tuples. One that passed and
has only pytest's own fields is not sent: the front makes an equal one from its own item and the times. That
it would be equal is not assumed but compared, each time, in the worker.
"""

import pickle

from _pytest.reports import TestReport

PHASES = ("setup", "call", "teardown")
OUTCOMES = ("passed", "failed", "skipped")
PASSED, FAILED, OTHER = range(3)


def keywords_of(item):
    """As TestReport.from_item_and_call takes them."""
    return {name: 1 for name in item.keywords}


def passed(item, keywords, when, start, stop, duration):
    report = TestReport(
        item.nodeid, item.location, keywords, "passed", None, when, (), duration, start, stop, ()
    )
    return report


def is_plain(report, item, keywords):
    """Whether passed() would make the same."""
    if type(report) is not TestReport or report.outcome != "passed" or report.sections:
        return False
    if report.nodeid != item.nodeid:
        return False
    try:
        times = (report.when, report.start, report.stop, report.duration)
    except AttributeError:
        return False
    return report.when in PHASES and passed(item, keywords, *times).__dict__ == report.__dict__


def pack(config, report, *facts):
    """The report, and what the front must know beside it to show it as this process would have."""
    data = config.hook.pytest_report_to_serializable(config=config, report=report)
    try:
        return pickle.dumps((data, extras(report), *facts), 5)
    except Exception:
        # A property of a user's own kind: what can be told of it is its text.
        return pickle.dumps((as_text(data), {}, *facts), 5)


def extras(report):
    """What a kind of report of its own holds beside pytest's fields: the serializable form of it may say less
    (the values that describe a sub-test come back as text of text)."""
    if type(report) is TestReport:
        return {}
    return {name: value for name, value in report.__dict__.items() if name == "context"}


def unpack(config, payload):
    data, more, *facts = pickle.loads(payload)
    report = config.hook.pytest_report_from_serializable(config=config, data=data)
    report.__dict__.update(more)
    return report, *facts


def as_text(value):
    """The same with everything that cannot be pickled replaced by its text."""
    if isinstance(value, dict):
        return {as_text(key): as_text(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(as_text, value)) if type(value) in (list, tuple) else str(value)
    try:
        pickle.dumps(value, 5)
    except Exception:
        return str(value)
    return value


def outcome(report):
    """What it means to those who count failures: plugins have outcomes of their own ("rerun")."""
    if report.outcome == "failed":
        return OTHER if hasattr(report, "wasxfail") else FAILED
    return PASSED if report.outcome == "passed" else OTHER


def times(report):
    """start, stop and duration as floats, whatever a plugin or a patched clock has put there."""
    return tuple(float(getattr(report, name, 0) or 0) for name in ("start", "stop", "duration"))
