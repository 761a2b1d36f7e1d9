import pytest

from bookshop.stock import NotEnough

MOSS = "0-306-40615-2"


def test_what_is_added_is_there(stock):
    stock.add("978-0-306-40615-7", "A Field Guide to Moss", 2)
    assert stock.copies(MOSS) == 5


def test_what_is_taken_is_gone(stock):
    stock.take(MOSS, 2)
    assert stock.copies(MOSS) == 1


def test_more_than_there_is_cannot_be_taken(stock):
    with pytest.raises(NotEnough, match="3 left"):
        stock.take(MOSS, 4)
    assert stock.copies(MOSS) == 3


def test_an_unknown_book_has_no_copies(stock):
    assert stock.copies("978-0-306-40616-4") == 0


@pytest.mark.parametrize("word, found", [("moss", 2), ("Harbour", 1), ("sea", 0), ("annals", 2000)])
def test_a_word_finds_titles(catalogue, word, found):
    assert len(catalogue.find(word)) == found


def test_titles_come_in_order(catalogue):
    assert catalogue.find("moss") == ["A Field Guide to Moss", "Moss and Stone"]
