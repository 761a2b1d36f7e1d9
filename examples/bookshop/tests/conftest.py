import pytest

from bookshop.stock import Stock

SHELF = [
    ("0-306-40615-2", "A Field Guide to Moss", 3),
    ("978-0-19-853453-2", "Moss and Stone", 12),
    ("0-8044-2957-X", "Letters from the Harbour", 1),
]


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory):
    """A shelf of 2,000 books that tests only look at: made once."""
    stock = Stock(tmp_path_factory.mktemp("catalogue") / "books.db")
    for number, title, copies in SHELF:
        stock.add(number, title, copies)
    stock.db.executemany(
        "insert into book values (?, ?, 1)", [(f"X{i:012d}", f"Annals, volume {i}") for i in range(2000)]
    )
    yield stock
    stock.close()


@pytest.fixture
def stock():
    stock = Stock()
    for book in SHELF:
        stock.add(*book)
    yield stock
    stock.close()
