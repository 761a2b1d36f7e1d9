import pytest

tries = {}


def nth_try(name):
    tries[name] = tries.get(name, 0) + 1
    return tries[name]


def test_passes_at_once():
    pass


def test_passes_the_second_time():
    print("try", nth_try("second"))
    assert tries["second"] == 2


def test_passes_the_third_time():
    assert nth_try("third") == 3


def test_never_passes():
    assert nth_try("never") == 0


@pytest.mark.flaky(reruns=1)
def test_is_given_one_more_try():
    assert nth_try("flaky") == 2


@pytest.fixture
def shaky():
    assert nth_try("shaky") == 2
    return "steady"


def test_fixture_is_set_up_again(shaky):
    assert shaky == "steady"
