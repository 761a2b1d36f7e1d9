"""A pytest plugin that writes down what a run reported: one JSON line for each fact.

It stands on PYTHONPATH alone in its folder, so that it brings nothing else into the run, and is
loaded with -p. A fact carries the pid that stated it: under DAGZ the reporting hooks belong to one
process, as under plain pytest, and a second pid in the file is a finding.
"""

import json
import os

FACTS = "ORACLE_FACTS"


def pytest_configure(config):
    # Under xdist the workers load this plugin too, and report to the controller, which records.
    if os.environ.get(FACTS) and not os.environ.get("PYTEST_XDIST_WORKER"):
        config.pluginmanager.register(Recorder(os.environ[FACTS]), "oracle-recorder")


class Recorder:
    def __init__(self, path):
        # A line at a time: what is still buffered at a fork would be written twice.
        self.file = open(path, "a", encoding="ascii", buffering=1)

    def state(self, **fact):
        fact["pid"] = os.getpid()
        # ASCII: lone surrogates and control characters come through as they were reported.
        self.file.write(json.dumps(fact, default=repr) + "\n")

    def pytest_collectreport(self, report):
        if report.outcome != "passed":
            self.state(
                fact="collect",
                nodeid=report.nodeid,
                outcome=report.outcome,
                longrepr=report.longreprtext,
            )

    def pytest_deselected(self, items):
        self.state(fact="deselected", count=len(items))

    def pytest_runtest_logstart(self, nodeid):
        self.state(fact="start", nodeid=nodeid)

    def pytest_runtest_logfinish(self, nodeid):
        self.state(fact="finish", nodeid=nodeid)

    def pytest_runtest_logreport(self, report):
        self.state(
            fact="report",
            nodeid=report.nodeid,
            type=type(report).__name__,
            when=report.when,
            outcome=report.outcome,
            wasxfail=getattr(report, "wasxfail", None),
            longrepr=report.longreprtext,
            sections=report.sections,
            properties=report.user_properties,
            keywords=sorted(map(str, report.keywords)),
            location=report.location,
            subtest=repr(getattr(report, "context", None)),
            duration=report.duration,
        )

    def pytest_warning_recorded(self, warning_message, when, nodeid, location):
        self.state(
            fact="warning",
            category=warning_message.category.__name__,
            message=str(warning_message.message),
            file=warning_message.filename,
            line=warning_message.lineno,
            when=when,
            nodeid=nodeid,
            location=location,
        )

    def pytest_internalerror(self, excrepr):
        self.state(fact="internalerror", text=str(excrepr))

    def pytest_sessionfinish(self, session, exitstatus):
        self.state(
            fact="finished",
            exitstatus=int(exitstatus),
            collected=session.testscollected,
            failed=session.testsfailed,
        )

    def pytest_unconfigure(self):
        self.file.close()
