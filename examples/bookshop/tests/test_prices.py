import pytest

from bookshop.prices import Line, discount_percent, shown, total


@pytest.mark.parametrize("copies, percent", [(1, 0), (9, 0), (10, 5), (49, 5), (50, 10)])
def test_more_copies_more_off(copies, percent):
    assert discount_percent(copies) == percent


@pytest.mark.parametrize("cents, text", [(0, "0.00"), (5, "0.05"), (1999, "19.99"), (-250, "-2.50")])
def test_cents_are_shown_as_money(cents, text):
    assert shown(cents) == text


def test_an_empty_basket_is_free():
    assert total([]) == 0


def test_each_line_has_its_own_discount():
    assert total([Line("moss", 1000, 10), Line("stone", 500)]) == 9500 + 500


def test_a_discount_never_costs_more():
    assert all(total([Line("moss", cents, 50)]) <= 50 * cents for cents in range(20_000))
