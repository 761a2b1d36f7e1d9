"""The worker's image, made once in the zygote, and a worker's life. PYTEST_DONT_REWRITE"""

import atexit
import collections
import faulthandler
import gc
import os
import pickle
import signal
import sys
import tempfile
import traceback

import pytest
from _pytest.debugging import pytestPDB
from _pytest.outcomes import Exit

import _dagz

forwarder = _dagz.load("_dagz.forwarder")
inputs = _dagz.load("_dagz.inputs")
leaks = _dagz.load("_dagz.leaks")
reports = _dagz.load("_dagz.reports")
shared = _dagz.load("_dagz.shared")

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

    def __init__(self, session, suite, workers, job, folder, collecting):
        self.session, self.config = session, session.config
        self.suite = suite
        self.folder, self.collecting = folder, collecting
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
        self.forwarder = forwarder.Forwarder(self)
        self.config.pluginmanager.register(self.forwarder, "dagz-forwarder")
        self.forwarder.armed = True
        pytestPDB._init_pdb = refuse_debugger
        self.fixtures = forwarder.Fixtures(self)
        if self.suite.fixtures:
            self.config.pluginmanager.register(self.fixtures, "dagz-fixtures")
        _dagz.watch_fixtures()

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


def module_of(item):
    return item.nodeid.partition("::")[0]


def closure_of(item):
    """The fixtures that a test asks for, and those that these ask for; None where it cannot be known."""
    names = getattr(getattr(item, "_fixtureinfo", None), "names_closure", None)
    return None if names is None else sorted(set(names))


class Worker:
    def __init__(self, image, slot, serial):
        self.image, self.slot, self.serial = image, slot, serial
        self.session, self.config = image.session, image.config
        self.items = image.session.items
        self.queue = collections.deque()
        self.last = self.doubtful = False
        self.index = self.written = shared.NONE
        _dagz.worker_log(image.folder, serial)
        _dagz.take_doubt()
        self.announce()
        self.renew_tmp_path()
        self.stacks = _dagz.move_high(os.memfd_create("dagz-stacks"))
        self.renew_faulthandler()
        _dagz.say_hello(serial, [self.stacks, *self.renew_capture()])
        image.forwarder.worker = self
        image.forwarder.take_terminal()
        self.leaks = leaks.Leaks()

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
                    if self.is_to_renew():
                        break
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

    def finished(self, rss, proves=False):
        _dagz.finished(self.index, _dagz.now_us() - self.began, rss, proves)
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
        collected = self.image.collecting.of_test(self.item.nodeid)
        _dagz.begin_test(self.item, self.item.nodeid, collected, closure_of(self.item))
        self.image.forwarder.proves = True
        self.read_inputs()
        self.look_at_values()
        self.began = _dagz.now_us()
        _dagz.started(index)
        _dagz.flush()
        return self.item, None if successor is None else self.items[successor]

    def read_inputs(self):
        """What the test is marked to depend on is read in its span, as if by itself."""
        for mark in self.item.iter_markers("dagz_inputs"):
            for pattern in mark.args:
                inputs.read(self.config.rootpath, pattern)

    def look_at_values(self):
        """A test before may have changed what this one is called with."""
        choice = self.config.pluginmanager.getplugin("dagz-choice")
        if choice is not None and choice.values.are_changed(self.item):
            _dagz.unprovable("an earlier test has changed its parameters")

    def raised(self, error):
        """What came out of the protocol of the test that runs."""
        if isinstance(error, (KeyboardInterrupt, Exit)):
            self.stop(error)
        else:
            self.broken(error)

    def end(self):
        _dagz.span_end()
        shared.pass_remarks_on()
        self.image.forwarder.after_test(self.item)
        self.leaks.look(self.index)
        if _dagz.had_stray():
            self.end_with(
                "dagz: a child that the test forked returned into pytest and was ended; it has to leave by os._exit()"
            )
        rss = _dagz.rss() if self.config.option.dagz_max_rss else 0
        self.finished(rss, self.image.forwarder.proves and not self.is_always())
        self.pass_on_stops()

    def is_to_renew(self):
        """At a module's end, where something of it was not seen: those behind it would be as doubtful by what it has left.
        The host gives their tests to a fresh fork."""
        self.doubtful |= _dagz.take_doubt()
        if not self.queue or module_of(self.items[self.queue[0]]) == module_of(self.item):
            return False
        doubtful, self.doubtful = self.doubtful, False
        return doubtful and not self.image.fixtures.keeps

    def is_always(self):
        return self.item.get_closest_marker("dagz_always") is not None

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
                _dagz.stop(reason, shared.NONE, str(text))

    def stop(self, error):
        # pytest has not come to telling the end of this test.
        self.image.forwarder.send("unfinished")
        self.queue.clear()
        self.last = True
        if isinstance(error, Exit):
            code = shared.NONE if error.returncode is None else int(error.returncode) & 0xFF
            _dagz.stop(shared.EXIT, code, str(error.msg))
        else:
            _dagz.stop(shared.INTERRUPT, shared.NONE, "")

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
        _dagz.leaving()
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
        _dagz.spoilt()
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
