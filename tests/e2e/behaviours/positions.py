"""Who looks at lines and sources depends on the bytes of what it executed: nobody else does."""

from . import Change, World, edit

LOOKERS = "users::source users::line users::frame second::source"

WORLD = World("positions", """
    --- shop.py
    def price():
        return 1

    def other():
        return 1
    --- api.py
    from positions.shop import price
    --- frames.py
    import sys

    from positions import shop

    def where():
        return sys._getframe().f_lineno * shop.price()
    --- test_users.py
    import inspect
    from positions import frames, shop

    def test_source():
        assert shop.price() and inspect.getsource(shop.price)
    def test_line():
        assert shop.price() and shop.price.__code__.co_firstlineno
    def test_frame():
        assert frames.where()
    def test_price():
        assert shop.price()
    --- test_second.py
    import inspect
    from positions import api, shop

    def test_source():
        assert api.price() and inspect.getsource(api.price)
    def test_price():
        assert api.price()
    def test_other():
        assert shop.other()
    """, (
    Change("comment_above", edit("shop.py", "def price", "# What it costs.\n\ndef price"), LOOKERS),
    Change("comment_within", edit("shop.py", "def price():\n", "def price():\n    # In cents.\n"), LOOKERS),
    Change("body", edit("shop.py", "def price():\n    return 1", "def price():\n    return 2"), f"{LOOKERS} users::price second::price"),
))  # fmt: skip
