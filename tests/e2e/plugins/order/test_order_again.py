import pytest


@pytest.mark.order(3)
def test_third():
    print("third")


@pytest.mark.order(1)
def test_first():
    print("first")


@pytest.mark.order("last")
def test_last():
    assert "last" == "least"


@pytest.mark.order(2)
def test_second():
    print("second")


@pytest.mark.order(before="test_third")
def test_before_the_third():
    pass


def test_whenever():
    pass
