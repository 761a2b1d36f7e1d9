"""What is registered at import, by decorators, bases and statements: who looks into the registry."""

from . import Change, World, append, both, edit

WORLD = World("registries", """
    --- core.py
    HANDLERS = {}

    def register(name):
        def put(function):
            HANDLERS[name] = function
            return function
        return put

    def handler(name):
        return HANDLERS[name]

    def other():
        return 1
    --- plugins/__init__.py
    from registries.plugins import one
    from registries.plugins import two
    --- plugins/one.py
    from registries.core import register

    @register("one")
    def one():
        return 1
    --- plugins/two.py
    from registries.core import register

    @register("two")
    def two():
        return 2
    --- known.py
    KNOWN = []

    class Known:
        def __init_subclass__(cls):
            KNOWN.append(cls.__name__)

    class First(Known):
        pass

    def first():
        return KNOWN[0]
    --- orders.py
    ORDER = []
    ORDER.append("a")
    ORDER.append("b")
    BESIDE = 1

    def order():
        return "".join(ORDER)

    def beside():
        return BESIDE
    --- test_looks.py
    import registries.plugins
    from registries import core, known, orders

    def test_handlers():
        assert sorted(core.HANDLERS)
    def test_call():
        assert core.handler("one")()
    def test_known():
        assert known.first()
    def test_order():
        assert orders.order()
    --- test_second.py
    import registries.plugins
    from registries.core import HANDLERS
    from registries.orders import ORDER

    def test_handlers():
        assert len(HANDLERS) > 0
    def test_order():
        assert ORDER
    --- test_others.py
    import registries.plugins
    from registries import core, known, orders

    def test_other():
        assert core.other()
    def test_first():
        assert known.First()
    def test_beside():
        assert orders.beside()
    def test_nothing():
        pass
    """, (
    Change("registration_comes", append("plugins/two.py", '\n@register("three")\ndef three():\n    return 3\n'),
           "looks::handlers looks::call second::handlers"),
    Change("registration_changes", edit("plugins/two.py", '"two"', '"too"'), "looks::handlers looks::call second::handlers"),
    Change("import_that_registers_removed", edit("plugins/__init__.py", "from registries.plugins import two\n", ""),
           "looks::handlers looks::call second::handlers"),
    Change("imports_that_register_swapped", both(
        edit("plugins/__init__.py", "import two", "import three"), edit("plugins/__init__.py", "import one", "import two"),
        edit("plugins/__init__.py", "import three", "import one")), "looks::handlers looks::call second::handlers"),
    Change("body_of_registered_function", edit("plugins/one.py", "return 1", "return 10"), "looks::call"),
    # What a new effect names it may have changed: who uses a class of that kind has its base in hand.
    Change("subclass_of_hook_comes", append("known.py", "\nclass Second(Known):\n    pass\n"), "looks::known others::first"),
    Change("two_effects_swapped", edit("orders.py", 'ORDER.append("a")\nORDER.append("b")\n', 'ORDER.append("b")\nORDER.append("a")\n'),
           "looks::order second::order"),
    Change("effect_removed", edit("orders.py", 'ORDER.append("b")\n', ""), "looks::order second::order"),
))  # fmt: skip
