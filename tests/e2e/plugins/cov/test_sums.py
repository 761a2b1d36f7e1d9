from parts import sums


def test_add():
    assert sums.add(1, 2) == 3


def test_zero():
    assert sums.add(0, 2) == 2


def test_thread():
    words = []
    sums.in_a_thread(words)
    assert words
