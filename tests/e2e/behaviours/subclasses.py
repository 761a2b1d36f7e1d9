"""Who looks at the classes below one, wherever these are. In a project of its own: whatever changes may have made one."""

from . import Change, World, append, edit, write

WORLD = World("subclasses", """
    --- shapes.py
    class Shape:
        def corners(self):
            return 0

    class Circle(Shape):
        pass

    def all_shapes():
        return [shape.__name__ for shape in Shape.__subclasses__()]
    --- more_shapes.py
    from subclasses.shapes import Shape

    class Square(Shape):
        def corners(self):
            return 4
    --- aside.py
    def price(rate=1):
        return rate

    class Till:
        coins = 1
    --- test_looks.py
    import subclasses.more_shapes
    from subclasses import shapes

    def test_all_shapes():
        assert shapes.all_shapes()
    def test_circle():
        assert not shapes.Circle().corners()
    --- test_second.py
    from subclasses.more_shapes import Square
    from subclasses.shapes import Shape

    def test_shapes():
        assert len(Shape.__subclasses__()) > 0
    def test_square():
        assert Square().corners()
    --- test_aside.py
    from subclasses import aside

    def test_price():
        assert aside.price()
    def test_till():
        assert aside.Till.coins
    """, (
    Change("subclass_comes", append("more_shapes.py", "\nclass Triangle(Shape):\n    pass\n"), "looks::all_shapes second::shapes"),
    Change("subclass_comes_of_a_subclass", append("more_shapes.py", "\nclass Small(Square):\n    pass\n"),
           "looks::all_shapes second::shapes"),
    Change("body_of_a_subclass", edit("more_shapes.py", "return 4", "return 5"), "second::square"),
    Change("class_of_another_kind_comes", append("aside.py", "\nclass Shelf:\n    pass\n"), ""),
    Change("default_of_a_function_aside", edit("aside.py", "rate=1", "rate=2"), "aside::price"),
    Change("module_nobody_imports", write("shelf.py", "BOOKS = 1\n"), ""),
))  # fmt: skip
