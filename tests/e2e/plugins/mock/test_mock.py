import os
import random

import pytest


def test_patches(mocker):
    mocker.patch("os.getcwd", return_value="/nowhere")
    assert os.getcwd() == "/nowhere"


def test_is_undone():
    assert os.getcwd() != "/nowhere"


def test_spies(mocker):
    spy = mocker.spy(random, "randrange")
    random.randrange(3)
    spy.assert_called_once_with(3)


def test_tells_the_difference(mocker):
    called = mocker.Mock()
    called(1, word="one")
    called.assert_called_once_with(2, word="two")


@pytest.mark.parametrize("number", range(4))
def test_session_mock(session_mocker, number):
    assert session_mocker.Mock(return_value=number)() == number


def test_patched_time(mocker):
    """A test that stops the clock must not make durations of it."""
    mocker.patch("time.perf_counter", return_value=0.0)
    mocker.patch("time.time", return_value=0.0)
    mocker.patch("time.monotonic", return_value=0.0)
