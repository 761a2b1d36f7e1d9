import threading

import pytest


def test_in_time():
    print("in time")


def test_too_late():
    print("waiting")
    threading.Event().wait(20)


@pytest.mark.timeout(0.2)
def test_too_late_by_its_mark():
    threading.Event().wait(20)


@pytest.fixture
def slow():
    yield
    threading.Event().wait(20)


def test_too_late_in_teardown(slow):
    pass


@pytest.mark.parametrize("number", range(6))
def test_after(number):
    pass
