"""What is deleted or renamed: who imported, executed or read it."""

from . import Change, World, both, edit, remove, rename

WORLD = World("removals", """
    --- gone.py
    VALUE = 1

    def value():
        return VALUE
    --- gone_too.py
    def value():
        return 1
    --- shop.py
    RATE = 2
    UNUSED = 1

    def price():
        return 1

    def rate():
        return RATE

    def named():
        return 1

    def other():
        return 1

    def unused():
        return 1
    --- api.py
    from removals.shop import named
    --- late.py
    def late():
        from removals import gone
        return gone.value()

    def other():
        return 1
    --- test_users.py
    from removals import late, shop

    def test_late():
        assert late.late()
    def test_price():
        assert shop.price()
    def test_rate():
        assert shop.rate()
    def test_other():
        assert shop.other()
    def test_late_other():
        assert late.other()
    --- test_second.py
    from removals import shop

    def test_price():
        assert shop.price()
    def test_rate():
        assert shop.RATE
    def test_has_price():
        assert hasattr(shop, "price")
    def test_other():
        assert shop.other()
    --- test_top.py
    from removals import gone_too

    def test_value():
        assert gone_too.value()
    def test_nothing():
        pass
    --- test_api.py
    from removals.api import named

    def test_named():
        assert named()
    """, (
    Change("module_deleted", remove("gone.py"), "users::late"),
    # pytest runs nothing where a file cannot be collected.
    Change("module_deleted_that_a_file_begins_with", remove("gone_too.py"), "top::"),
    Change("module_renamed", both(rename("gone.py", "went.py"), edit("late.py", "gone", "went", 2)), "users::late"),
    Change("module_renamed_that_a_file_begins_with", both(rename("gone_too.py", "went.py"), edit("test_top.py", "gone_too", "went", 2)),
           "top::value"),
    Change("function_deleted", edit("shop.py", "def price():\n    return 1\n", ""), "users::price second::price second::has_price"),
    # hasattr has the module in hand: it is read whole.
    Change("function_renamed", both(edit("shop.py", "def named", "def called"), edit("api.py", "import named", "import called as named")),
           "api::named second::has_price"),
    Change("imported_function_deleted", edit("shop.py", "def named():\n    return 1\n", ""), "api::"),
    Change("function_nobody_uses_deleted", edit("shop.py", "def unused():\n    return 1\n", ""), "second::has_price"),
    Change("constant_deleted", edit("shop.py", "RATE = 2\n", ""), "users::rate second::rate second::has_price"),
    Change("constant_renamed", edit("shop.py", "RATE", "PERCENT", 2), "users::rate second::rate second::has_price"),
    Change("constant_nobody_uses_deleted", edit("shop.py", "UNUSED = 1\n", ""), "second::has_price"),
))  # fmt: skip
