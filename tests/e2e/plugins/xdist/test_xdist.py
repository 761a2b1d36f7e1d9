import os

import pytest


def test_worker_id(worker_id):
    assert worker_id == "master" or worker_id == os.environ["PYTEST_XDIST_WORKER"]
    assert worker_id == "master" or worker_id[:2] == "gw"


def test_run_uid(testrun_uid):
    assert testrun_uid
    assert testrun_uid == os.environ.get("PYTEST_XDIST_TESTRUNUID", testrun_uid)


def test_count():
    assert 0 < int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 1)) <= 2


def test_input(request, worker_id):
    if worker_id != "master":
        assert request.config.workerinput["workerid"] == worker_id


def test_node_hook(greeting):
    assert greeting == "from the controller"


@pytest.mark.xdist_group("together")
@pytest.mark.parametrize("number", range(6))
def test_grouped(number):
    pass
