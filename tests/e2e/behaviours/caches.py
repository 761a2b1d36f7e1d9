"""A function that ran once, for the first who asked: every test that used what it gave depends on it."""

from . import Change, World, edit

WORLD = World("caches", """
    --- shop.py
    import functools

    def made():
        return 1

    @functools.lru_cache(maxsize=None)
    def cached():
        return made()

    def looked_up():
        return 2

    MEMO = {}

    def remembered(key):
        if key not in MEMO:
            MEMO[key] = looked_up()
        return MEMO[key]

    def worked_out():
        return 3

    class Shop:
        @functools.cached_property
        def stock(self):
            return worked_out()

    SHOP = Shop()

    def asked():
        return 4

    _answer = None

    def answer():
        global _answer
        if _answer is None:
            _answer = asked()
        return _answer

    def other():
        return 1
    --- api.py
    from caches.shop import SHOP, cached
    --- star.py
    from caches.shop import *
    --- test_first.py
    from caches import shop

    def test_cached():
        assert shop.cached()
    def test_remembered():
        assert shop.remembered("a")
    def test_stock():
        assert shop.SHOP.stock
    def test_answer():
        assert shop.answer()
    def test_other():
        assert shop.other()
    --- test_second.py
    from caches import api, shop, star

    def test_cached():
        assert api.cached()
    def test_cached_by_star():
        assert star.cached()
    def test_remembered():
        assert shop.remembered("a")
    def test_stock():
        assert api.SHOP.stock
    def test_answer():
        assert shop.answer()
    def test_other():
        assert shop.other()
    """, (
    Change("function_within_lru_cache", edit("shop.py", "return 1\n\n@functools", "return 10\n\n@functools"),
           "first::cached second::cached second::cached_by_star"),
    Change("function_within_memo", edit("shop.py", "return 2", "return 20"), "first::remembered second::remembered"),
    Change("function_within_cached_property", edit("shop.py", "return 3", "return 30"), "first::stock second::stock"),
    Change("function_within_global", edit("shop.py", "return 4", "return 40"), "first::answer second::answer"),
    Change("cached_function", edit("shop.py", "    return made()", "    return made() + 1"),
           "first::cached second::cached second::cached_by_star"),
))  # fmt: skip
