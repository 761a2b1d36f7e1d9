"""The body of a function or method: who executed it, however they came to it; not who only uses the class."""

from . import Change, World, edit, same_time

WORLD = World("bodies", """
    --- shop.py
    class Till:
        pass

    def price():
        return 1

    def helper():
        return 2

    def total():
        return helper() + 1

    def produce():
        yield 1
        yield 2

    async def fetch():
        return 3

    double = lambda number: number * 2

    def outer():
        def inner():
            return 5
        return inner()

    class Shop:
        def open(self):
            return "open"

        def close(self):
            return "closed"

        @property
        def name(self):
            return self._name

        @name.setter
        def name(self, name):
            self._name = name

        @classmethod
        def made(cls):
            return cls()

        @staticmethod
        def tax():
            return 6

        def __len__(self):
            return 7
    --- wrapped.py
    import functools

    def traced(function):
        @functools.wraps(function)
        def around(*args):
            return function(*args)
        return around

    @traced
    def decorated():
        return 4

    def plain():
        return 4
    --- api.py
    from bodies.shop import Shop, price
    --- star.py
    from bodies.shop import *
    --- pack/__init__.py
    from bodies.pack.inside import price
    --- pack/inside.py
    from bodies.shop import price
    --- heirs.py
    from bodies import shop

    class Heir(shop.Shop):
        def close(self):
            return "shut"

    class Grandchild(Heir):
        def close(self):
            return super().close()

    class Other(shop.Shop):
        def close(self):
            return super().close()
    --- report.py
    from bodies import shop

    def report():
        return shop.price()
    --- conftest.py
    import pytest
    from bodies import shop

    @pytest.fixture
    def priced():
        return shop.price()

    @pytest.fixture(scope="session")
    def takings():
        return shop.total()
    --- test_users.py
    import os
    import threading
    import bodies.pack
    import bodies.shop
    from bodies import api, star, report
    from bodies.shop import price

    def test_direct():
        assert price()
    def test_by_chain():
        assert bodies.shop.price()
    def test_indirect():
        assert report.report()
    def test_reexport():
        assert api.price()
    def test_star():
        assert star.price()
    def test_package():
        assert bodies.pack.price()
    def test_fixture(priced):
        assert priced
    def test_thread():
        thread = threading.Thread(target=price)
        thread.start()
        thread.join()
    def test_fork():
        pid = os.fork()
        if pid == 0:
            price()
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
    def test_takings(takings):
        assert takings
    --- test_second.py
    from bodies import shop

    class TestSecond:
        def test_price(self):
            assert shop.price()
        def test_total(self):
            assert shop.total()
        def test_takings(self, takings):
            assert takings
        def test_nothing(self):
            assert shop.Till
    --- test_kinds.py
    import asyncio
    from bodies import shop, wrapped

    def test_generator():
        assert list(shop.produce())
    def test_coroutine():
        assert asyncio.run(shop.fetch())
    def test_lambda():
        assert shop.double(1)
    def test_nested():
        assert shop.outer()
    def test_decorated():
        assert wrapped.decorated()
    def test_plain():
        assert wrapped.plain()
    --- test_classes.py
    from bodies import api, heirs
    from bodies.shop import Shop

    def test_only_made():
        assert Shop() is not None
    def test_open():
        assert Shop().open()
    def test_open_of_heir():
        assert heirs.Heir().open()
    def test_open_by_reexport():
        assert api.Shop().open()
    def test_close():
        assert Shop().close()
    def test_close_of_heir():
        assert heirs.Heir().close()
    def test_close_of_grandchild():
        assert heirs.Grandchild().close()
    def test_close_of_other():
        assert heirs.Other().close()
    def test_getter():
        shop = Shop()
        shop._name = "a"
        assert shop.name
    def test_setter():
        shop = Shop()
        shop.name = "a"
        assert shop._name
    def test_classmethod():
        assert isinstance(Shop.made(), Shop)
    def test_staticmethod():
        assert Shop.tax()
    def test_length():
        assert len(Shop())
    --- test_others.py
    from bodies import api, heirs, shop, star

    def test_till():
        assert shop.Till()
    def test_heir():
        assert issubclass(heirs.Heir, shop.Shop)
    def test_reexported():
        assert api.Shop
    def test_nothing():
        assert star.Till
    """, (
    Change("body_of_function", edit("shop.py", "return 1", "return 10"),
           "users::direct users::by_chain users::indirect users::reexport users::star users::package users::fixture "
           "users::thread users::fork second::TestSecond::price"),
    Change("body_of_equal_size_and_time", same_time("shop.py", "return 1\n", "return 9\n"),
           "users::direct users::by_chain users::indirect users::reexport users::star users::package users::fixture "
           "users::thread users::fork second::TestSecond::price"),
    Change("body_of_callee", edit("shop.py", "return 2", "return 20"),
           "users::takings second::TestSecond::total second::TestSecond::takings"),
    Change("body_of_generator", edit("shop.py", "yield 2", "yield 3"), "kinds::generator"),
    Change("body_of_coroutine", edit("shop.py", "return 3", "return 30"), "kinds::coroutine"),
    Change("body_of_lambda", edit("shop.py", "number * 2", "number * 3"), "kinds::lambda"),
    Change("body_of_nested", edit("shop.py", "return 5", "return 50"), "kinds::nested"),
    Change("body_of_wrapper", edit("wrapped.py", "return function(*args)", "return function(*args) or 1"), "kinds::decorated"),
    Change("body_of_wrapped", edit("wrapped.py", "def decorated():\n    return 4", "def decorated():\n    return 40"), "kinds::decorated"),
    Change("body_of_method", edit("shop.py", '"open"', '"ajar"'),
           "classes::open classes::open_of_heir classes::open_by_reexport"),
    Change("body_of_overridden_method", edit("shop.py", '"closed"', '"away"'), "classes::close classes::close_of_other"),
    Change("body_of_overriding_method", edit("heirs.py", '"shut"', '"away"'),
           "classes::close_of_heir classes::close_of_grandchild"),
    Change("body_of_getter", edit("shop.py", "return self._name", "return self._name * 2"), "classes::getter"),
    Change("body_of_setter", edit("shop.py", "self._name = name", "self._name = name * 2"), "classes::setter"),
    Change("body_of_classmethod", edit("shop.py", "return cls()", "return cls() or None"), "classes::classmethod"),
    Change("body_of_staticmethod", edit("shop.py", "return 6", "return 60"), "classes::staticmethod"),
    Change("body_of_special_method", edit("shop.py", "return 7", "return 70"), "classes::length"),
    Change("body_of_two", lambda folder: [edit("shop.py", "return 3", "return 30")(folder), edit("heirs.py", '"shut"', '"out"')(folder)],
           "kinds::coroutine classes::close_of_heir classes::close_of_grandchild"),
    Change("body_of_fixture", edit("conftest.py", "return shop.total()", "return shop.total() + 1"),
           "users::takings second::TestSecond::takings"),
))  # fmt: skip
