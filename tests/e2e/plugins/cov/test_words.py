import pytest

from parts import words


@pytest.mark.parametrize("given", [[], ["a"], ["a", "bb"], ["bb", "a"]])
def test_longest(given):
    assert words.longest(given) == max(given, key=len, default="")


def test_book_fails():
    assert words.Book("moby").cry() == "moby"
