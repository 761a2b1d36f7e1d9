"""The worker's image, made once in the zygote, and a worker's life. PYTEST_DONT_REWRITE"""

import atexit
import collections
import contextlib
import faulthandler
import gc
import io
import os
import pickle
import select
import signal
import sys
import tempfile
import threading
import traceback

import pytest
from _pytest.debugging import pytestPDB
from _pytest.outcomes import Exit

import _dagz

reports = _dagz.load("_dagz.reports")
shared = _dagz.load("_dagz.shared")

# How long a child left by a test may take to show whether it returns into pytest.
STRAY_US = 100000
# Asks a worker that does not get on for the stacks of its threads; the host sends it.
STACKS = signal.SIGRTMAX - 1

# What tells users and reporters of a test is told in the front, once.
REPORTING = (
    "pytest_runtest_logstart", "pytest_runtest_logreport", "pytest_runtest_logfinish",
    "pytest_warning_recorded",
)  # fmt: skip
# Those that steer the process which runs tests by it: the session counts failures, stepwise stops at the
# first, live logging goes by phases.
STEERING = ("session", "stepwiseplugin", "logging-plugin")


class Gateway:
    def __init__(self, slot):
        self.id = f"gw{slot}"


class Node:
    """What a plugin written for pytest-xdist may want of its controller's side of a worker."""

    def __init__(self, config, slot, workers, job):
        self.config, self.gateway = config, Gateway(slot)
        self.workerinput = {
            "workerid": self.gateway.id, "workercount": workers, "testrunuid": job, "mainargv": sys.argv,
        }  # fmt: skip



class Image:
    """The interpreter as workers find it. What can be done once is done here."""

    def __init__(self, session, suite, workers, job):
        self.session, self.config = session, session.config
        self.suite = suite
        self.workers, self.job = workers, shared.unique(job)

    def prepare_in_front(self):
        """What front and workers must share: the base of temporary folders, if any test may want one."""
        factory = getattr(self.config, "_tmp_path_factory", None)
        wanted = any("tmp_path_factory" in names_of(item) for item in self.session.items)
        if factory is not None and wanted:
            factory.getbasetemp()
        self.nodes = [Node(self.config, slot, self.workers, self.job) for slot in range(self.workers)]
        hook = shared.node_hook(self.config, "pytest_configure_node")
        for node in self.nodes if hook is not None else ():
            hook(node=node)

    def prepare(self):
        """In the zygote: nothing here reports to a user any more."""
        self.strip_reporting()
        if _dagz.role == "front":
            # What was registered before the fork is the front's to run.
            atexit._clear()
        self.forwarder = Forwarder(self)
        self.config.pluginmanager.register(self.forwarder, "dagz-forwarder")
        self.forwarder.armed = True
        pytestPDB._init_pdb = refuse_debugger
        if self.suite.fixtures:
            self.config.pluginmanager.register(Fixtures(self), "dagz-fixtures")

    def strip_reporting(self):
        keep = [self.config.pluginmanager.getplugin(name) for name in STEERING]
        for name in REPORTING:
            caller = getattr(self.config.hook, name)
            for impl in list(caller.get_hookimpls()):
                if impl.plugin not in keep:
                    caller._remove_plugin(impl.plugin)

    # ---- in a worker ----

    def work(self, slot, serial):
        """What is left of pytest's run loop: whoever calls runs the tests(), in its own frame."""
        try:
            return Worker(self, slot, serial)
        except BaseException:
            traceback.print_exc()
            _dagz.leave(1)


def refuse_debugger(*args, **kwargs):
    """breakpoint(), pdb.set_trace() and pytest.set_trace() come by here."""
    __tracebackhide__ = True
    pytest.fail("dagz: a worker has no terminal to debug on; --dagz-workers=0 runs the tests in one that has")


def names_of(item):
    info = getattr(item, "_fixtureinfo", None)
    return info.names_closure if info is not None else ()


class Worker:
    def __init__(self, image, slot, serial):
        self.image, self.slot, self.serial = image, slot, serial
        self.session, self.config = image.session, image.config
        self.items = image.session.items
        self.queue = collections.deque()
        self.last = False
        self.index = self.written = shared.NONE
        self.announce()
        self.renew_tmp_path()
        self.stacks = _dagz.move_high(os.memfd_create("dagz-stacks"))
        self.renew_faulthandler()
        _dagz.say_hello(serial, [self.stacks, *self.renew_capture()])
        image.forwarder.worker = self
        image.forwarder.take_terminal()
        self.leaks = Leaks()

    # ---- made anew after the fork ----

    def announce(self):
        """As pytest-xdist's workers are known."""
        os.environ["PYTEST_XDIST_WORKER"] = f"gw{self.slot}"
        os.environ["PYTEST_XDIST_WORKER_COUNT"] = str(self.image.workers)
        os.environ["PYTEST_XDIST_TESTRUNUID"] = self.image.job
        node = self.image.nodes[self.slot]
        self.config.workerinput, self.config.workeroutput = node.workerinput, {}

    def renew_tmp_path(self):
        """A sub-folder of the front's base for each process: names are counted per base."""
        factory = getattr(self.config, "_tmp_path_factory", None)
        if factory is not None and factory._basetemp is not None:
            base = factory._basetemp / f"w{self.serial}"
            base.mkdir(mode=0o700)
            factory._basetemp = base

    def renew_capture(self):
        """Capture's files are shared with the front, offsets and all: this process gets its own, put where those
        are, so that nothing looks different. Returns their descriptors, for the host to read should this process
        end badly."""
        capturing = getattr(self.image.forwarder.capture, "_global_capturing", None)
        captures = (getattr(capturing, "out", None), getattr(capturing, "err", None))
        files = [fd for fd in (descriptor(getattr(capture, "tmpfile", None)) for capture in captures) if fd >= 0]
        for fd in files:
            with tempfile.TemporaryFile(buffering=0) as fresh:
                os.dup2(fresh.fileno(), fd, inheritable=False)
        return files

    def renew_faulthandler(self):
        if faulthandler.is_enabled():
            faulthandler.enable(file=self.stacks)
        faulthandler.register(STACKS, file=self.stacks, all_threads=True, chain=False)

    # ---- tests ----

    def tests(self):
        """Gives each item and its successor; does what is to be done before, between and after them. Tests are
        not run from here, but in the frame of the hook that pytest calls: at the depth that they have in
        pytest's own loop, so that a recursion ends where it ends there."""
        status = 1
        try:
            try:
                while (given := self.next())[0] is not None:
                    yield self.begin(*given)
                    self.end()
            except KeyboardInterrupt:
                self.cut_short()
            status = self.leave()
        except (EOFError, ConnectionError):
            status = 95
        except BaseException:
            traceback.print_exc()
        _dagz.leave(status)

    def cut_short(self):
        """The host has interrupted this process when no test's own code was running."""
        self.last = True
        self.queue.clear()
        if self.index != shared.NONE:
            self.finished(0)

    def finished(self, rss):
        _dagz.finished(self.index, _dagz.now_us() - self.began, rss)
        self.index = shared.NONE

    def next(self):
        """The next test and its successor, both committed; None after the last."""
        while len(self.queue) < 2 and not self.last:
            message = _dagz.receive_now()
            if message is None:
                # What the host does not know of the last test may be what it waits for.
                _dagz.flush()
                message = _dagz.receive()
            name, *fields = message
            if name == "give":
                last, tests = fields
                self.last = bool(last)
                self.queue.extend(
                    int.from_bytes(tests[at : at + 4], "little") for at in range(0, len(tests), 4)
                )
        if not self.queue:
            return None, None
        return self.queue.popleft(), self.queue[0] if self.queue else None

    def begin(self, index, successor):
        self.index, self.item, self.begun = index, self.items[index], False
        self.keywords = reports.keywords_of(self.item)
        self.began = _dagz.now_us()
        _dagz.started(index)
        _dagz.flush()
        return self.item, None if successor is None else self.items[successor]

    def raised(self, error):
        """What came out of the protocol of the test that runs."""
        if isinstance(error, (KeyboardInterrupt, Exit)):
            self.stop(error)
        else:
            self.broken(error)

    def end(self):
        self.image.forwarder.after_test(self.item)
        self.leaks.look(self.index)
        if _dagz.had_stray():
            self.end_with(
                "dagz: a child that the test forked returned into pytest and was ended; it has to leave by os._exit()"
            )
        rss = _dagz.rss() if self.config.option.dagz_max_rss else 0
        self.finished(rss)
        self.pass_on_stops()

    def pass_on_stops(self):
        """What ends pytest's loop ends this one. That --maxfail is reached is no news to the host."""
        for reason, text in (
            (shared.SHOULDFAIL, self.session.shouldfail), (shared.SHOULDSTOP, self.session.shouldstop),
        ):  # fmt: skip
            if not text:
                continue
            self.last = True
            self.queue.clear()
            if reason != shared.SHOULDFAIL or not self.config.option.maxfail:
                _dagz.stop(self.index, reason, shared.NONE, str(text))

    def stop(self, error):
        # pytest has not come to telling the end of this test.
        self.image.forwarder.send("unfinished")
        self.queue.clear()
        self.last = True
        if isinstance(error, Exit):
            code = shared.NONE if error.returncode is None else int(error.returncode) & 0xFF
            _dagz.stop(self.index, shared.EXIT, code, str(error.msg))
        else:
            _dagz.stop(self.index, shared.INTERRUPT, shared.NONE, "")

    def broken(self, error):
        """An error in pytest's own machinery or a plugin's: this test's, and the end of this process."""
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        self.end_with(f"INTERNALERROR in the worker that ran this test\n{text}")

    def end_with(self, text):
        out, err = (
            "".join(text for _, kind, text in getattr(self.item, "_report_sections", ()) if kind == name)
            for name in ("stdout", "stderr")
        )
        _dagz.broken(self.index, text, out, err)
        _dagz.flush()
        _dagz.leave(3)

    # ---- the end ----

    def leave(self):
        """What pytest would do at its end, as far as this process is concerned."""
        # Told to hurry while it tears fixtures down it would leave them half; the host has a limit for that.
        signal.signal(signal.SIGINT, lambda *_: None)
        # What is through is through, whatever becomes of this process now.
        _dagz.flush()
        try:
            self.session._setupstate.teardown_exact(None)
        except BaseException as error:
            self.tell_late(error)
        self.collect_garbage()
        self.image.forwarder.save_coverage()
        self.image.forwarder.send_output()
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError, AttributeError):
                pass
        _dagz.leaving(False)
        _dagz.flush()
        return 0

    def collect_garbage(self):
        """As pytest's unraisable check at its end: what nobody closed is told then."""
        try:
            from _pytest.unraisableexception import collect_unraisable, unraisable_exceptions
        except ImportError:
            return
        if unraisable_exceptions not in self.config.stash:
            return
        try:
            gc.collect()
            collect_unraisable(self.config)
        except BaseException as error:
            self.tell_late(error)

    def tell_late(self, error):
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        self.pass_on("late_error", text)

    def pass_on(self, *facts):
        """To the front, as no test's."""
        _dagz.event(shared.NONE, pickle.dumps(facts, 5))


def descriptor(file):
    try:
        return file.fileno()
    except Exception:
        return -1


class Forwarder:
    """A plugin in the worker: what the reporting hooks are told goes to the front."""

    def __init__(self, image):
        self.image, self.config = image, image.config
        self.armed = False
        self.worker = None
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
        captured = self.is_capturing()
        payload, text = b"", b""
        if captured or self.subtests or not reports.is_plain(report, worker.item, worker.keywords):
            failed = pickle.dumps(dict(self.subtests), 5) if self.subtests else b""
            payload = reports.pack(self.config, report, captured, failed)
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


class Fixtures:
    """A plugin in the worker where fixtures are shared: how long they take, and whether they hold a port.

    No wrapper, which would stand in tracebacks: one has been set up when the next one is, or the test."""

    def __init__(self, image):
        self.image = image
        self.number = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_fixture_setup(self, fixturedef, request):
        self.close()
        self.number = self.image.suite.number_of(fixturedef, request._pyfuncitem)
        if self.number is not None:
            self.binds, self.began = _dagz.watch_binds(), _dagz.now_us()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self):
        self.close()

    def close(self):
        if self.number is not None:
            _dagz.fixture_ran(self.number, _dagz.now_us() - self.began, _dagz.watch_binds() > self.binds)
            self.number = None


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
