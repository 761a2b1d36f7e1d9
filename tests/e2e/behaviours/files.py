"""Test files and what is in them."""

from . import Change, World, append, edit, remove, rename, write

WORLD = World("files", """
    --- shop.py
    def price():
        return 1
    --- test_one.py
    from files import shop

    LIMIT = 1

    def helped():
        return shop.price()

    def test_first():
        assert shop.price()
    def test_helped():
        assert helped()
    def test_limit():
        assert LIMIT
    def test_plain():
        pass

    class TestClass:
        value = 1

        def test_value(self):
            assert self.value
        def test_other(self):
            pass
    --- test_two.py
    from files import shop

    def test_price():
        assert shop.price()
    def test_plain():
        pass
    --- test_three.py
    from files.test_one import helped

    def test_helped():
        assert helped()
    def test_plain():
        pass
    --- deep/__init__.py
    --- deep/test_deep.py
    def test_plain():
        pass
    def test_other():
        pass
    """, (
    Change("body_of_test", edit("test_one.py", "def test_plain():\n    pass", "def test_plain():\n    assert 1"), "one::plain"),
    Change("body_of_method", edit("test_one.py", "def test_other(self):\n        pass", "def test_other(self):\n        assert 1"),
           "one::TestClass::other"),
    Change("helper_of_tests", edit("test_one.py", "return shop.price()", "return shop.price() + 1"), "one::helped three::helped"),
    Change("constant_of_tests", edit("test_one.py", "LIMIT = 1", "LIMIT = 2"), "one::limit"),
    Change("attribute_of_class", edit("test_one.py", "value = 1", "value = 2"), "one::TestClass::value one::TestClass::other"),
    Change("test_renamed", edit("test_two.py", "def test_plain", "def test_simple"), "two::simple"),
    Change("test_comes", append("test_two.py", "\ndef test_new():\n    pass\n"), "two::new"),
    Change("test_comes_before_others", edit("test_two.py", "def test_price", "def test_new():\n    pass\ndef test_price"), "two::new"),
    Change("test_goes", edit("test_two.py", "def test_plain():\n    pass\n", ""), ""),
    Change("file_comes", write("test_new.py", "def test_one():\n    pass\ndef test_two():\n    pass\n"), "new::one new::two"),
    Change("file_comes_deeper", write("deep/test_new.py", "def test_one():\n    pass\n"), "deep/new::one"),
    Change("file_goes", remove("test_two.py"), ""),
    Change("file_renamed", rename("deep/test_deep.py", "deep/test_deeper.py"), "deep/deeper::plain deep/deeper::other"),
    Change("file_that_is_no_python", edit("test_two.py", "def test_plain():", "def test_plain(:"), "two::"),
    Change("file_nobody_collects", write("notes.txt", "none\n"), ""),
))  # fmt: skip
