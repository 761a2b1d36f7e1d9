import warnings

import pytest


def test_passes():
    print("said on the way")


def test_fails():
    print("said before")
    assert [1, 2, 3] == [1, 2, 4]


@pytest.fixture
def broken():
    raise LookupError("broken")


def test_errs(broken):
    pass


def test_skips():
    pytest.skip("not today")


@pytest.mark.xfail(reason="known")
def test_is_expected_to_fail():
    assert False


def test_adds(extras):
    from pytest_html import extras as kinds

    extras.append(kinds.text("an extra text", name="note"))
    extras.append(kinds.url("http://localhost/"))


def test_warns():
    warnings.warn("mind the step", UserWarning)
