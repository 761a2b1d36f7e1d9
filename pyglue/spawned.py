"""--dagz-start=spawn: a worker that configures and collects for itself, unseen. PYTEST_DONT_REWRITE"""

import os

import pytest

import _dagz

shared = _dagz.load("_dagz.shared")


class Spawned:
    def __init__(self, config):
        self.config = config
        os.environ["DAGZ_JOB"] = "starting"
        self.collecting = shared.Collecting()
        config.pluginmanager.register(self.collecting, "dagz-collecting")
        self.choice = _dagz.load("_dagz.choice").Choice(config)
        config.pluginmanager.register(self.choice, "dagz-choice")

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config):
        """The front has told all there is to tell of the start."""
        reporter = config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            # Kept open for as long as the process lives.
            self.silence = open(os.devnull, "w")
            reporter._tw._file = self.silence

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self):
        """What the front leaves out is left out here."""
        _, known, files, counts, tests, *_, prints, _ = _dagz.receive()
        self.choice.take(known, files, counts, tests, prints)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        _dagz.settle()
        name, slot, serial, workers, job, digest, folder = _dagz.receive()
        if shared.digest(session.items) != digest.decode():
            self.give_up(session)
        os.environ["DAGZ_JOB"] = job.decode()
        self.collecting.close()
        suite = shared.Suite(session)
        image = _dagz.load("_dagz.worker").Image(session, suite, workers, job.decode(), folder, self.collecting)
        image.prepare_in_front()
        image.prepare()
        worker = image.work(slot, serial)
        for item, successor in worker.tests():
            try:
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=successor)
            except BaseException as error:
                worker.raised(error)

    def give_up(self, session):
        text = f"dagz: a spawned worker has collected other tests than the front ({len(session.items)} of them)"
        _dagz.stop(shared.INTERNAL, shared.NONE, text)
        _dagz.flush()
        _dagz.leave(3)
