"""Docstrings: who reads them."""

from . import Change, World, edit

WORLD = World("docs", '''
    --- shop.py
    """A shop."""

    def price():
        """What it costs."""
        return 1

    class Till:
        """Where coins are."""

        def put(self):
            """Coins in."""
            return 1
    --- api.py
    from docs.shop import Till, price
    --- help.py
    import inspect
    from docs import shop

    def told():
        return inspect.getdoc(shop.price)
    --- test_readers.py
    from docs import api, help, shop

    def test_function():
        assert shop.price.__doc__
    def test_function_by_reexport():
        assert api.price.__doc__
    def test_told():
        assert help.told()
    def test_class():
        assert shop.Till.__doc__
    def test_method():
        assert shop.Till.put.__doc__
    def test_module():
        assert shop.__doc__
    --- test_users.py
    from docs import api, shop

    def test_price():
        assert shop.price()
    def test_price_by_reexport():
        assert api.price()
    def test_till():
        assert shop.Till()
    def test_put():
        assert api.Till().put()
    --- test_second.py
    from docs.shop import price

    def test_doc():
        assert price.__doc__
    def test_price():
        assert price()
    ''', (
    Change("docstring_of_function", edit("shop.py", "What it costs", "What is to be paid"),
           "readers::function readers::function_by_reexport readers::told second::doc"),
    Change("docstring_of_class", edit("shop.py", "Where coins are", "Where notes are"), "readers::class"),
    Change("docstring_of_method", edit("shop.py", "Coins in.", "Notes in."), "readers::method"),
    Change("docstring_of_module", edit("shop.py", "A shop.", "A stall."), "readers::module"),
    Change("docstring_nobody_reads", edit("help.py", "def told():\n", 'def told():\n    """Told."""\n'), ""),
))  # fmt: skip
