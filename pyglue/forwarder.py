"""Plugins in the worker that tell the front what happens there. PYTEST_DONT_REWRITE"""

import io
import os
import pickle
import sys

import pytest

import _dagz

reports = _dagz.load("_dagz.reports")
shared = _dagz.load("_dagz.shared")


class Forwarder:
    """A plugin in the worker: what the reporting hooks are told goes to the front."""

    def __init__(self, image):
        self.image, self.config = image, image.config
        self.armed = False
        self.worker = None
        # Whether what the running test comes to is what it comes to again, with equal inputs.
        self.proves = True
        self.xml = shared.junit(self.config)
        self.properties = len(self.xml.global_properties) if self.xml is not None else 0
        if self.xml is not None:
            # Those of the collection are the front's.
            self.send_attributes("teardown", [])
        self.subtests = shared.failed_subtests(self.config)
        self.capture = self.config.pluginmanager.getplugin("capturemanager")
        self.reporter = self.config.pluginmanager.getplugin("terminalreporter")
        self.refuse_strays()

    def pytest_runtest_logstart(self):
        worker = self.worker
        if worker.begun:
            self.send("again")
        worker.begun = True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report):
        worker = self.worker
        if self.xml is not None and self.xml.node_reporters:
            self.send_attributes(report.when, self.xml.node_reporters_ordered)
        when = reports.PHASES.index(report.when) if report.when in reports.PHASES else 3
        _dagz.phase(when)
        captured = self.is_capturing()
        payload, text = b"", b""
        if captured or self.subtests or not reports.is_plain(report, worker.item, worker.keywords):
            failed = pickle.dumps(dict(self.subtests), 5) if self.subtests else b""
            payload = reports.pack(self.config, report, captured, failed)
        if report.outcome == "skipped" and not reports.is_skipped_by_inputs(worker.item, report):
            self.proves = False
        outcome = reports.outcome(report)
        if outcome == reports.FAILED:
            text = str(getattr(report, "longreprtext", ""))
        start, stop, duration = reports.times(report)
        _dagz.report(worker.index, when, outcome, start, stop, duration, text, payload)
        if captured:
            self.write_captured(report)

    def refuse_strays(self):
        """A child that a test forked goes no further on its way back than to capture, which would take its
        parent's output. In there, because a wrapper of ours would stand in the user's tracebacks."""
        inner = getattr(self.capture, "deactivate_fixture", None)

        def deactivate_fixture():
            _dagz.refuse_strays()
            inner()

        if inner is not None:
            self.capture.deactivate_fixture = deactivate_fixture

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self):
        _dagz.refuse_strays()

    def is_capturing(self):
        """Whether what is written to the terminal now is captured: so it is in the midst of a test."""
        capturing = getattr(self.capture, "_global_capturing", None)
        return capturing is not None and self.capture._method == "fd" and capturing._state == "started"

    def take_terminal(self):
        if self.reporter is not None:
            self.reporter._tw._file = Forwarding(self)

    def write_captured(self, report):
        """unittest's sub-tests are reported while output is captured, and pytest's terminal is then caught
        writing of them: it belongs to the test's output."""
        if self.reporter is None:
            return
        writer = self.reporter._tw
        kept, writer._file = writer._file, io.StringIO()
        try:
            self.bring_up_to_date(self.worker)
            writer._file = sys.__stdout__
            self.reporter.pytest_runtest_logreport(report)
        finally:
            writer._file = kept

    def bring_up_to_date(self, worker):
        """As if the tests before had been written of here, and the file or line of this one."""
        if worker.written != worker.index:
            worker.written = worker.index
            self.reporter._progress_nodeids_reported = set(range(worker.index))
            self.reporter.pytest_runtest_logstart(worker.item.nodeid, worker.item.location)

    def pytest_warning_recorded(self, warning_message, when, nodeid, location):
        if self.armed and self.worker is not None:
            self.send("warning", shared.Warned(warning_message), when, nodeid, location)

    def send(self, *facts):
        _dagz.event(self.worker.index, pickle.dumps(facts, 5))

    def after_test(self, item):
        self.subtests.clear()
        if self.xml is None:
            return
        for name, value in self.xml.global_properties[self.properties :]:
            self.send("suite_property", name, value)
        self.properties = len(self.xml.global_properties)

    def send_attributes(self, when, nodes):
        """Before the report that they are part of: with the teardown's junit's element is closed."""
        for node in nodes:
            self.send("xml_attributes", list(node.attrs.items()))
        if when == "teardown":
            self.xml.node_reporters.clear()
            self.xml.node_reporters_ordered.clear()

    def send_output(self):
        """What plugins written for pytest-xdist leave for the other side."""
        if not self.config.workeroutput or shared.node_hook(self.config, "pytest_testnodedown") is None:
            return
        try:
            self.worker.pass_on("node_down", self.worker.slot, self.config.workeroutput)
        except Exception:
            self.worker.tell_late(sys.exc_info()[1])

    def save_coverage(self):
        """pytest-cov's collector has gone on in this process: its data goes into a file of its own, which
        the front's combines at the end."""
        plugin = self.config.pluginmanager.getplugin("_cov")
        controller = getattr(plugin, "cov_controller", None)
        cov = getattr(controller, "cov", None)
        if cov is None:
            return
        cov.stop()
        cov.get_data()._suffix = f"dagz.{os.getpid()}.{self.worker.serial}"
        cov.save()


class Forwarding:
    """A file whose text goes to the front's terminal."""

    def __init__(self, forwarder):
        self.forwarder = forwarder

    def write(self, text):
        self.forwarder.send("terminal", text)
        # At once: a plugin may write why it is about to end this process.
        _dagz.flush()
        return len(text)

    def flush(self):
        pass

    def isatty(self):
        return False


# About what a fork costs, twice.
CHEAP_US = 10_000


class Fixtures:
    """A plugin in the worker where fixtures are shared: how long they take, and whether they hold a port.

    No wrapper, which would stand in tracebacks: one has been set up when the next one is, or the test."""

    def __init__(self, image):
        self.image = image
        self.number = None
        # Whether one outlives its module that another process would have to take time for.
        self.keeps = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_fixture_setup(self, fixturedef, request):
        self.close()
        self.scope = fixturedef.scope
        self.number = self.image.suite.number_of(fixturedef, request._pyfuncitem)
        if self.number is not None:
            self.binds, self.began = _dagz.watch_binds(), _dagz.now_us()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self):
        self.close()

    def close(self):
        if self.number is not None:
            took_us, pinned = _dagz.now_us() - self.began, _dagz.watch_binds() > self.binds
            self.keeps |= self.scope in ("package", "session") and (pinned or took_us > CHEAP_US)
            _dagz.fixture_ran(self.number, took_us, pinned)
            self.number = None
