import pytest

from bookshop import isbn


@pytest.mark.parametrize("number", ["0-306-40615-2", "978-0-306-40615-7", "0-8044-2957-X", "080442957x", "9780198534532"])
def test_a_right_number_is_valid(number):
    assert isbn.is_valid(number)


@pytest.mark.parametrize("number", ["", "0-306-40615-3", "978-0-306-40615-8", "X804429570", "978030640615", "moss"])
def test_a_wrong_number_is_not(number):
    assert not isbn.is_valid(number)


def test_the_short_form_has_a_long_one():
    assert isbn.to_13("0-306-40615-2") == "9780306406157"


def test_the_long_form_stays():
    assert isbn.to_13("978-0-306-40615-7") == "9780306406157"


def test_a_wrong_number_has_no_long_form():
    with pytest.raises(ValueError, match="is not an ISBN"):
        isbn.to_13("0-306-40615-3")


def test_all_short_forms_of_a_range_have_one_check_digit():
    """Slow enough to be worth a worker of its own."""
    for body in range(0, 3_000_000, 997):
        code = f"{body:09d}"
        assert sum(isbn.is_valid(code + check) for check in "0123456789X") == 1
