"""Files that are read, looked at, listed, linked."""

from . import Change, World, edit, link, mode, same_time, touch, write


WORLD = World("data", """
    --- shop.py
    import os
    import pathlib
    import string

    HERE = pathlib.Path(__file__).parent

    def price():
        return int((HERE / "price.txt").read_text())

    def label():
        return string.Template((HERE / "label.tmpl").read_text()).substitute(name="moss")

    def may_write():
        return os.stat(HERE / "run.sh").st_mode & 0o100

    def linked():
        return (HERE / "link.txt").read_text()

    def size():
        return os.path.getsize(HERE / "sized.txt")
    --- once.py
    import pathlib

    VALUE = (pathlib.Path(__file__).parent / "once.txt").read_text()
    OTHER = 1
    --- price.txt
    1
    --- label.tmpl
    a $name
    --- run.sh
    true
    --- one.txt
    1
    --- two.txt
    2
    --- link.txt
    1
    --- sized.txt
    1
    --- once.txt
    1
    --- unread.txt
    1
    --- conftest.py
    import pytest
    from data import shop

    @pytest.fixture(scope="session")
    def price():
        return shop.price()
    --- test_users.py
    import os
    import pathlib
    from data import once, shop

    def test_price():
        assert shop.price()
    def test_fixture(price):
        assert price
    def test_label():
        assert shop.label()
    def test_mode():
        assert shop.may_write() in (0, 0o100)
    def test_link():
        assert shop.linked()
    def test_size():
        assert shop.size()
    def test_once():
        assert once.VALUE
    --- test_second.py
    from data import shop

    def test_price():
        with open(shop.HERE / "price.txt") as file:
            assert file.read()
    def test_fixture(price):
        assert price
    def test_relative():
        with open("data/price.txt") as file:
            assert file.read()
    def test_nothing():
        assert shop.HERE
    --- test_others.py
    from data import shop

    def test_shop():
        assert shop
    """, (
    Change("content", edit("price.txt", "1", "2"),
           "users::price users::fixture second::price second::fixture second::relative"),
    Change("content_of_equal_size_and_time", same_time("price.txt", "1", "3"),
           "users::price users::fixture second::price second::fixture second::relative"),
    Change("template", edit("label.tmpl", "a $name", "the $name"), "users::label"),
    Change("mode", mode("run.sh", 0o755), "users::mode"),
    Change("file_becomes_a_link", link("link.txt", "two.txt"), "users::link"),
    Change("size", edit("sized.txt", "1", "10"), "users::size"),
    Change("content_read_at_import", edit("once.txt", "1", "2"), "users::once"),
    Change("content_nobody_reads", edit("unread.txt", "1", "2"), ""),
    Change("file_beside", write("new.txt", "1"), ""),
    Change("touched", touch("price.txt"), ""),
))  # fmt: skip
