"""Defaults, decorators, signatures: who reads the name or executed it. Annotations: who reads those."""

from . import Change, World, edit

USERS = "users::direct users::reexport users::star users::named users::annotations second::price"

WORLD = World("headers", """
    --- shop.py
    import functools

    def doubled(function):
        @functools.wraps(function)
        def around(*args):
            return 2 * function(*args)
        return around

    def price(amount, rate=2):
        return amount * rate

    def other(amount=1):
        return amount

    def annotated(amount: int) -> int:
        return amount

    class Till:
        def put(self, coins=1):
            return coins

        def take(self):
            return 1
    --- api.py
    from headers.shop import price
    --- star.py
    from headers.shop import *
    --- heirs.py
    from headers.shop import Till

    class Heir(Till):
        pass
    --- test_users.py
    import typing
    from headers import api, shop, star
    from headers.shop import price

    def test_direct():
        assert price(1)
    def test_reexport():
        assert api.price(1)
    def test_star():
        assert star.price(1)
    def test_named():
        assert callable(shop.price)
    def test_annotations():
        assert typing.get_type_hints(price) is not None
    def test_hints():
        assert typing.get_type_hints(shop.annotated)
    def test_annotated():
        assert shop.annotated(1)
    def test_other():
        assert shop.other()
    --- test_second.py
    from headers import shop

    def test_price():
        assert shop.price(1)
    def test_other():
        assert shop.other(1)
    --- test_methods.py
    from headers import heirs
    from headers.shop import Till

    def test_put():
        assert Till().put()
    def test_put_of_heir():
        assert heirs.Heir().put()
    def test_take():
        assert Till().take()
    def test_only_made():
        assert Till()
    def test_only_made_of_heir():
        assert heirs.Heir()
    """, (
    Change("default", edit("shop.py", "rate=2", "rate=3"), USERS),
    Change("parameter", edit("shop.py", "rate=2", "rate=2, extra=None"), USERS),
    Change("parameter_renamed", edit("shop.py", "def price(amount, rate=2):\n    return amount * rate",
                                     "def price(amounts, rate=2):\n    return amounts * rate"), USERS),
    Change("decorator", edit("shop.py", "def price", "@functools.lru_cache\ndef price"), USERS),
    Change("decorator_of_project", edit("shop.py", "def price", "@doubled\ndef price"), USERS),
    Change("default_of_method", edit("shop.py", "coins=1", "coins=2"), "methods::put methods::put_of_heir"),
    Change("annotation", edit("shop.py", "(amount: int)", "(amount: float)"), "users::hints"),
    Change("annotation_of_result", edit("shop.py", "-> int", "-> float"), "users::hints"),
    Change("annotation_comes", edit("shop.py", "amount, rate=2", "amount: int, rate=2"), "users::annotations"),
))  # fmt: skip
