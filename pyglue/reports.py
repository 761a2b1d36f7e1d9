"""Reports between worker and front. PYTEST_DONT_REWRITE

A report travels as pytest_report_to_serializable makes it, marshalled: tuples stay tuples. One that passed and
has only pytest's own fields is not sent: the front makes an equal one from its own item and the times. That
it would be equal is not assumed but compared, each time, in the worker.
"""

import marshal
import operator
import pickle

from _pytest._code.code import ExceptionRepr
from _pytest.reports import TestReport

try:
    from _pytest.skipping import evaluate_skip_marks
except ImportError:
    evaluate_skip_marks = None

PHASES = ("setup", "call", "teardown")
OUTCOMES = ("passed", "failed", "skipped")
PASSED, FAILED, OTHER = range(3)


def keywords_of(item):
    """As TestReport.from_item_and_call takes them."""
    return {name: 1 for name in item.keywords}


# Parsing a node id anew for each report costs as much as the rest of it, where pytest has them parsed.
NODE_ID = operator.attrgetter("_id" if hasattr(TestReport, "id") else "nodeid")


def node_id(text):
    """What NODE_ID gives for an item of that name."""
    return TestReport(text, None, {}, "passed", None, "call")._id if hasattr(TestReport, "id") else text


def passed(item, keywords, when, start, stop, duration):
    return TestReport(
        NODE_ID(item), item.location, keywords, "passed", None, when, (), duration, start, stop, ()
    )


def is_plain(report, item, keywords):
    """Whether passed() would make the same."""
    if type(report) is not TestReport or report.outcome != "passed" or report.sections:
        return False
    try:
        times = (report.when, report.start, report.stop, report.duration)
    except AttributeError:
        return False
    return report.when in PHASES and passed(item, keywords, *times).__dict__ == report.__dict__


def pack(config, report, *facts):
    """The report, and what the front must know beside it to show it as this process would have."""
    data = config.hook.pytest_report_to_serializable(config=config, report=report)
    more = extras(report)
    if "longrepr" in more:
        data["longrepr"] = None
    try:
        return b"m" + marshal.dumps((data, more, facts))
    except ValueError:
        pass
    # A property of a user's own kind: as it is, should the front know the kind; else what can be told of it is
    # its text.
    plain = marshal.dumps((as_text(data), as_text(more), facts))
    try:
        return b"p" + pickle.dumps((pickle.dumps((data, more, facts), 5), plain), 5)
    except Exception:
        return b"m" + plain


def extras(report):
    """What the serializable form of the report loses: how a failure that is none of Python's exceptions looks,
    and the values that describe a sub-test (they come back as text of text)."""
    more = {}
    if report.longrepr is not None and not isinstance(report.longrepr, ExceptionRepr):
        more["longrepr"] = report.longrepr
    if type(report) is not TestReport and "context" in report.__dict__:
        more["context"] = report.context
    return more


def unpack(config, payload):
    if payload[:1] == b"m":
        data, more, facts = marshal.loads(payload[1:])
    else:
        whole, plain = pickle.loads(payload[1:])
        try:
            data, more, facts = pickle.loads(whole)
        except Exception:
            data, more, facts = marshal.loads(plain)
    report = config.hook.pytest_report_from_serializable(config=config, data=data)
    report.__dict__.update(more)
    return report, *facts


def as_text(value):
    """The same with everything that is not plain replaced by its text."""
    if type(value) is dict:
        return {as_text(key): as_text(part) for key, part in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(as_text, value))
    try:
        marshal.dumps(value)
    except ValueError:
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


def is_skipped_by_inputs(item, report):
    """Whether this skip is no decision of the moment: an expected failure, or a mark that skips the test before any
    of it runs. Marks are asked once more, as the report does not tell them from a fixture's skip."""
    if hasattr(report, "wasxfail"):
        return True
    owners = (getattr(item, "obj", None), getattr(item, "cls", None))
    if any(getattr(owner, "__unittest_skip__", False) for owner in owners):
        return True
    try:
        return evaluate_skip_marks is not None and evaluate_skip_marks(item) is not None
    except BaseException:
        return False
