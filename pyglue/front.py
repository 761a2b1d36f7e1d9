"""The front: collects, has the zygote forked, and then is where pytest's reporters live. PYTEST_DONT_REWRITE"""

import contextlib
import gc
import os
import pickle
import signal
import sys
import threading
import time

import pytest
from _pytest.reports import TestReport

import _dagz

choice = _dagz.load("_dagz.choice")
reports = _dagz.load("_dagz.reports")
shared = _dagz.load("_dagz.shared")

FORKS = ("worker", "module", "test")
STARTS = ("fork", "spawn")
# What a reporter's hook may take from Ctrl-C on, before another one cuts it short.
PATIENCE_S = 1


def sockets():
    """Open in this process, but for the two that are ours."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            where = os.readlink(f"/proc/self/fd/{name}")
            if where.startswith("socket:") and int(name) not in _dagz.descriptors():
                found.append(f"the socket on descriptor {name}")
    return found


def files_of(items):
    return {item.nodeid.partition("::")[0] for item in items}


class Recalled:
    """Stands in for an item that the front before this one has collected."""

    keywords = ()

    def __init__(self, nodeid, location, hook):
        self.nodeid, self.location, self.ihook = nodeid, location, hook
        self._id = reports.node_id(nodeid)


class Interrupts:
    """Ctrl-C while the front serves: it waits until no hook is running, as a report that is cut in two would be
    lost to junit. A second one does not wait for a hook that hangs."""

    def __init__(self):
        self.waiting = self.pending = False
        self.since = 0
        self.before = signal.getsignal(signal.SIGINT)

    def take(self):
        """A handler of the user's own stays."""
        if self.before is signal.default_int_handler:
            signal.signal(signal.SIGINT, self.interrupt)

    def give_back(self):
        if signal.getsignal(signal.SIGINT) == self.interrupt:
            signal.signal(signal.SIGINT, self.before)

    def interrupt(self, number, frame):
        now = time.monotonic()
        if self.waiting or (self.pending and now - self.since > PATIENCE_S):
            self.before(number, frame)
        elif not self.pending:
            self.pending, self.since = True, now

    def wait(self, receive):
        self.waiting = True
        try:
            if self.pending:
                self.pending = False
                raise KeyboardInterrupt
            return receive()
        finally:
            self.waiting = False


class Front:
    def __init__(self, config, xdist_count, declared):
        self.config = config
        self.xdist_count = xdist_count
        self.declared = declared
        self.option = config.option
        self.live = None
        # In a process that was forked to run tests; the rest of this is the front's then.
        self.worker = None
        self.block = ""
        self.nodes = []
        self.late_errors = []
        self.ended = self.unfinished = False
        self.interrupts = Interrupts()
        self.order = shared.Order()
        config.pluginmanager.register(self.order, "dagz-order")
        self.collecting = shared.Collecting()
        config.pluginmanager.register(self.collecting, "dagz-collecting")
        self.choice = choice.Choice(config)
        config.pluginmanager.register(self.choice, "dagz-choice")
        self.folder = b""
        self.walk = _dagz.load("_dagz.nothing").Walk()
        config.pluginmanager.register(self.walk, "dagz-walk")
        os.environ["DAGZ_JOB"] = "starting"

    # ---- where pytest calls ----

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self, session):
        reporter = self.config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            self.live = _dagz.load("_dagz.terminal").Terminal(reporter, self.summary)
        if self.xdist_count:
            self.say(f"dagz: -n {self.xdist_count} is taken as the number of workers")

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session):
        """Role replay: nothing is collected, what was recorded is shown."""
        if _dagz.role != "replay":
            with shared.unobserved():
                self.ask_what_to_leave_out()
                self.hear_what_to_leave_out()
            return None
        session.items = []
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        if _dagz.role == "replay":
            return self.replay(session)
        failed = session.testsfailed and not self.option.continue_on_collection_errors
        if failed or not (session.items or self.choice.known):
            return None
        self.tell_suite(session)
        if not session.items:
            # What is proved counts among the suite's tests: there are some, and nothing is wrong.
            session.testscollected = self.choice.n_left
        end = self.run(session)
        if self.worker is None:
            return self.finish(session, end)
        # Forked, and back in this frame: it stands where pytest's own run loop does.
        for item, successor in self.worker.tests():
            try:
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=successor)
            except BaseException as error:
                self.worker.raised(error)

    # ---- what need not run ----

    def ask_what_to_leave_out(self):
        """Plugins, conftests and settings are there. Not earlier: what else is a session need not collect."""
        option = self.option
        _dagz.resolved(
            str(self.config.rootpath), os.environ.get("DAGZ_DIR", ""), str(self.config.inipath or ""),
            _dagz.load("_dagz.key").key(self.config), option.dagz_base or "", option.dagz_profile or "",
            option.dagz_all, option.dagz_audit or 0.0, *self.declared.fields(),
        )  # fmt: skip
        _dagz.flush()

    def hear_what_to_leave_out(self):
        while (message := self.receive())[0] != "chosen":
            if message[0] == "note":
                self.say(message[1].decode(errors="replace"))
        _, known, files, counts, tests, _, _, self.folder, *_, prints, _ = message
        self.choice.take(known, files, counts, tests, prints)

    # ---- telling the host ----

    def tell_suite(self, session):
        self.tell_settings(session)
        if not session.items:
            # Nobody is forked who would need it, and be waited for.
            self.keep_log(self.folder)
        shared.pass_remarks_on()
        self.items = session.items
        with shared.unobserved():
            found = choice.Found(self.config, self.choice, self.collecting.files)
            before = self.order.before or []
            found.tell(before, self.items)
            files = {*found.files, *self.choice.left_files(), *files_of(before)}
            _dagz.load("_dagz.nothing").tell(self.config, self.choice, files, self.walk)
        suite = shared.Suite(session)
        for key in suite.fixtures:
            _dagz.fixture(key)
        for test in suite.tests:
            _dagz.test(*test)
        self.suite = suite
        spawns = self.option.dagz_start == "spawn"
        _dagz.ready(shared.digest(self.items) if spawns else b"")
        _dagz.flush()

    def tell_settings(self, session):
        option = self.option
        workers = 0 if option.dagz_workers == "auto" else option.dagz_workers
        if getattr(option, "stepwise", False) or getattr(option, "stepwise_skip", False):
            workers = 1
        # The option is the terminal plugin's, which may be switched off.
        verbose = getattr(option, "verbose", 0)
        terminal = bool(self.live and self.live.is_tty and verbose >= 0)
        _dagz.settings(
            workers, FORKS.index(option.dagz_fork),
            STARTS.index(option.dagz_start), int((option.dagz_timeout or 0) * 1e6),
            option.dagz_max_rss or 0, option.maxfail or 0,
            not self.order.is_kept(session.items), terminal,
            getattr(shared.junit(self.config), "logfile", ""),
        )  # fmt: skip

    # ---- the run ----

    def run(self, session):
        self.interrupts.take()
        try:
            end = self.serve(session)
        except KeyboardInterrupt:
            end = self.interrupted(session)
        except BaseException:
            # A hook's error is an internal one, as always; workers and host must not wait for us.
            self.wind_up()
            raise
        finally:
            self.interrupts.give_back()
        return end

    def interrupted(self, session):
        """Ctrl-C: what runs may end, the host sees to that; a second one ends the waiting too."""
        where = sys.exc_info()[1]
        _dagz.enough(True)
        _dagz.flush()
        self.block = self.serve(session)[3].decode(errors="replace")
        raise where

    def wind_up(self):
        _dagz.enough(True)
        _dagz.flush()
        while (message := self.receive())[0] != "end":
            pass
        self.acknowledge()
        self.block = message[-1].decode(errors="replace")

    def serve(self, session):
        while True:
            message = self.receive()
            name = message[0]
            if name == "result":
                self.show(session, *message[1:])
            elif name == "note":
                self.say(message[1].decode(errors="replace"))
            elif name == "live":
                self.show_live(message[1].decode(errors="replace"))
            elif name == "make_zygote":
                self.make_zygote(session, *message[1:])
                if self.worker is not None:
                    return None
            elif name == "test":
                self.recall(*message[1:])
            elif name == "end":
                self.show_live("")
                self.acknowledge()
                return message[1:]

    def acknowledge(self):
        """From now on the exit status of this process is pytest's, and the job's."""
        _dagz.leaving()
        _dagz.flush()

    def receive(self):
        try:
            return self.interrupts.wait(_dagz.receive)
        except (EOFError, ConnectionError) as error:
            pytest.exit(f"dagz: the job's host is gone ({error}); what follows is what was known", 3)

    def tell_what_forks_lose(self):
        """Threads, and connections that two processes would share: said once."""
        lost = [f"thread {thread.name}" for thread in threading.enumerate() if thread is not threading.current_thread()]
        lost += sockets()
        if lost:
            self.say(f"dagz: workers are forked without {', '.join(lost[:5])}: --dagz-start=spawn has them in each")

    def make_zygote(self, session, workers, job, folder):
        self.tell_what_forks_lose()
        job = job.decode()
        os.environ["DAGZ_JOB"] = job
        worker = _dagz.load("_dagz.worker")
        image = worker.Image(session, self.suite, workers, job, folder, self.collecting)
        image.prepare_in_front()
        self.keep_log(folder)
        self.nodes = image.nodes
        sys.stdout.flush()
        sys.stderr.flush()
        gc.freeze()
        born = _dagz.fork_zygote(image.prepare)
        if born is not None:
            self.worker = image.work(*born)
            return
        _dagz.observe_reports()
        gc.unfreeze()

    def keep_log(self, folder):
        """What was observed so far, complete: workers go on from there."""
        self.collecting.close()
        if not folder or not _dagz.keep_log(folder):
            shared.pass_remarks_on()
            _dagz.stop_observing()

    # ---- showing ----

    def show(self, session, index, frames):
        messages = _dagz.frames(frames)
        if index < len(self.items):
            self.show_test(session, self.items[index], messages)
        else:
            for message in messages:
                self.replay_event(None, message[2])

    def show_test(self, session, item, messages):
        hook = item.ihook
        hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        keywords = reports.keywords_of(item)
        for message in messages:
            name = message[0]
            if name == "report":
                self.show_report(item, keywords, *message[2:])
            elif name == "event":
                self.replay_event(item, message[2])
            elif name == "death":
                for report in self.reports_of_death(item, keywords, *message[2:]):
                    hook.pytest_runtest_logreport(report=report)
        if not self.unfinished:
            hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        self.unfinished = False
        if session.shouldfail or session.shouldstop:
            self.stop_giving(session)

    def show_report(self, item, keywords, when, outcome, start, stop, duration, text, payload):
        if payload:
            report, captured, failed = reports.unpack(self.config, payload)
        else:
            report = reports.passed(item, keywords, reports.PHASES[when], start, stop, duration)
            captured, failed = False, b""
        counted = shared.failed_subtests(self.config)
        counted.clear()
        counted.update(pickle.loads(failed) if failed else ())
        with self.live.muted() if captured and self.live else contextlib.nullcontext():
            item.ihook.pytest_runtest_logreport(report=report)

    def reports_of_death(self, item, keywords, text, out, err):
        """One failed report for a test whose process could not report, and a teardown that carries the
        output to those who take it from there."""
        sections = [
            (f"Captured {name} call", captured.decode(errors="replace"))
            for name, captured in (("stdout", out), ("stderr", err))
            if captured
        ]
        text = text.decode(errors="replace")
        yield TestReport(item.nodeid, item.location, keywords, "failed", text, "call", sections)
        yield TestReport(item.nodeid, item.location, dict(keywords), "passed", None, "teardown", sections)

    def replay_event(self, item, payload):
        kind, *facts = pickle.loads(payload)
        getattr(self, f"on_{kind}")(item, *facts)

    def on_again(self, item):
        """A plugin runs the test once more, and tells it as another one."""
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)

    def on_unfinished(self, item):
        """pytest.exit or an interrupt came out of the test: its end is not told."""
        self.unfinished = True

    def on_node_down(self, item, slot, output):
        node = self.nodes[slot] if slot < len(self.nodes) else self.node_of_spawned(slot)
        node.workeroutput = output
        try:
            shared.node_hook(self.config, "pytest_testnodedown")(node=node, error=None)
        except Exception as error:
            # Workers have no pytest_sessionfinish, in which plugins fill what they look for here.
            self.say(f"dagz: a plugin's pytest_testnodedown failed: {error!r}")

    def node_of_spawned(self, slot):
        """It was made where the worker configured itself; here there is none yet."""
        return _dagz.load("_dagz.worker").Node(self.config, slot, 0, os.environ["DAGZ_JOB"])

    def on_warning(self, item, message, when, nodeid, location):
        self.config.hook.pytest_warning_recorded.call_historic(
            kwargs=dict(warning_message=message.warning(), when=when, nodeid=nodeid, location=location)
        )

    def on_terminal(self, item, text):
        if self.live is not None:
            self.live.write_through(text)

    def on_suite_property(self, item, name, value):
        xml = shared.junit(self.config)
        if xml is not None:
            xml.add_global_property(name, value)

    def on_xml_attributes(self, item, attributes):
        xml = shared.junit(self.config)
        if xml is not None:
            for name, value in attributes:
                xml.node_reporter(item.nodeid).add_attribute(name, value)

    def on_late_error(self, item, text):
        """Raised as a worker left: pytest would have shown it at its own end."""
        self.late_errors.append(text)

    def stop_giving(self, session):
        if not self.ended:
            self.ended = True
            _dagz.enough(False)
            _dagz.flush()

    def say(self, text):
        if self.live is not None:
            self.live.line(text)

    def show_live(self, text):
        if self.live is not None:
            self.live.show(text)

    def summary(self):
        """What stands before pytest's last line."""
        return self.block

    # ---- the end ----

    def finish(self, session, end):
        reason, code, text, block = end
        text = text.decode(errors="replace")
        self.block = block.decode(errors="replace")
        if self.late_errors:
            self.config.add_cleanup(self.raise_late_errors)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        if reason == shared.DONE and code:
            # A worker died when no test was left to answer for it: the block tells.
            session.testsfailed += 1
        if reason == shared.EXIT:
            pytest.exit(text, None if code == shared.NONE else code)
        if reason == shared.INTERRUPT:
            raise KeyboardInterrupt(text) if text else KeyboardInterrupt
        if reason == shared.SHOULDSTOP:
            session.shouldstop = text
            raise session.Interrupted(text)
        if reason == shared.SHOULDFAIL:
            session.shouldfail = text
            raise session.Failed(text)
        if reason == shared.INTERNAL:
            raise RuntimeError(text)
        return True

    def raise_late_errors(self):
        raise RuntimeError("raised as a worker left:\n" + "\n".join(self.late_errors))

    # ---- role replay ----

    def replay(self, session):
        """Shows what the host has kept of a front that died."""
        self.items = []
        _dagz.ready(b"")
        _dagz.flush()
        end = self.serve(session)
        session.testscollected = len(self.items)
        return self.finish(session, end)

    def recall(self, module, klass, uses, nodeid, location):
        nodeid = nodeid.decode("utf-8", "surrogatepass")
        self.items.append(Recalled(nodeid, pickle.loads(location), self.config.hook))
