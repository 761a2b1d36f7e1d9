"""What is new and named by nobody reaches nobody."""

from . import Change, World, append, edit, write

WORLD = World("novelties", """
    --- shop.py
    import os
    import json

    RATE = 2

    def price():
        return RATE

    class Till:
        def put(self):
            return os.sep and json.dumps(1)
    --- api.py
    from novelties.shop import Till, price
    --- star.py
    from novelties.shop import *

    def starred():
        return price()
    --- pack/__init__.py
    from novelties.shop import price
    --- test_users.py
    from novelties import api, pack, shop, star

    def test_price():
        assert shop.price()
    def test_reexport():
        assert api.price()
    def test_star():
        assert star.starred()
    def test_package():
        assert pack.price()
    def test_till():
        assert shop.Till().put()
    --- test_second.py
    from novelties.shop import Till, price

    def test_price():
        assert price()
    def test_till():
        assert Till()
    """, (
    Change("function_nobody_names", append("shop.py", "\ndef discount():\n    return 1\n"), ""),
    Change("constant_nobody_names", append("shop.py", "\nDISCOUNT = 1\n"), ""),
    Change("class_nobody_names", append("shop.py", "\nclass Shelf:\n    books = 1\n"), ""),
    Change("module_nobody_imports", write("shelf.py", "def books():\n    return 1\n"), ""),
    Change("package_nobody_imports", write("shelves/__init__.py", "BOOKS = 1\n"), ""),
    Change("import_nobody_uses", edit("shop.py", "import os\n", "import os\nimport string\n"), ""),
    Change("imports_sorted", edit("shop.py", "import os\nimport json\n", "import json\nimport os\n"), ""),
    Change("type_checking_only", append("shop.py", "\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import decimal\n"), ""),
))  # fmt: skip
