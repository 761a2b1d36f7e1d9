"""Class attributes, bases, overriding methods, slots, fields, members: who uses the class or one below it."""

from . import Change, World, append, edit

WORLD = World("classes", """
    --- kinds.py
    class Mixin:
        extra = 1

    class Base:
        value = 1

        def get(self):
            return self.value

    class Middle(Base):
        def own(self):
            return 1

    class Leaf(Middle):
        pass

    class Aside:
        value = 1
    --- more.py
    import dataclasses
    import enum

    class Slotted:
        __slots__ = ("a",)

    @dataclasses.dataclass
    class Point:
        x: int = 1
        y: int = 2

    @dataclasses.dataclass
    class Deep(Point):
        z: int = 3

    class Color(enum.Enum):
        RED = 1
        GREEN = 2
    --- made.py
    class Meta(type):
        def __call__(cls):
            return super().__call__()

    class Made(metaclass=Meta):
        pass
    --- api.py
    from classes.kinds import Base, Middle
    --- star.py
    from classes.kinds import *
    --- heirs.py
    from classes import api

    class Heir(api.Base):
        pass

    class MiddleHeir(api.Middle):
        pass
    --- conftest.py
    import pytest
    from classes import kinds

    @pytest.fixture
    def leaf():
        return kinds.Leaf()
    --- test_users.py
    from classes import api, heirs, kinds, star

    def test_base():
        assert kinds.Base().get()
    def test_base_by_reexport():
        assert api.Base().get()
    def test_base_by_star():
        assert star.Base().get()
    def test_base_only_named():
        assert kinds.Base
    def test_middle():
        assert kinds.Middle().get()
    def test_leaf():
        assert kinds.Leaf().get()
    def test_fixture(leaf):
        assert leaf.get()
    def test_heir():
        assert heirs.Heir().get()
    def test_heir_of_middle():
        assert heirs.MiddleHeir().get()
    def test_aside():
        assert kinds.Aside().value
    def test_mixin():
        assert kinds.Mixin.extra
    --- test_second.py
    from classes.heirs import Heir
    from classes.kinds import Aside

    class TestSecond:
        def test_heir(self):
            assert Heir.value
        def test_aside(self):
            assert Aside.value
        def test_nothing(self):
            pass
    --- test_more.py
    from classes import made, more

    def test_slotted():
        assert more.Slotted()
    def test_point():
        assert more.Point().x
    def test_deep():
        assert more.Deep().x
    def test_color():
        assert len(more.Color) > 1
    def test_made():
        assert made.Made()
    """, (
    Change("class_attribute", edit("kinds.py", "class Base:\n    value = 1", "class Base:\n    value = 2"),
           "users::base users::base_by_reexport users::base_by_star users::base_only_named users::middle users::leaf users::fixture "
           "users::heir users::heir_of_middle second::TestSecond::heir"),
    Change("class_attribute_comes", edit("kinds.py", "class Leaf(Middle):\n    pass", "class Leaf(Middle):\n    value = 3"),
           "users::leaf users::fixture"),
    Change("overriding_method", edit("kinds.py", "    def own(self):", "    def get(self):\n        return 9\n\n    def own(self):"),
           "users::middle users::leaf users::fixture users::heir_of_middle"),
    Change("overriding_method_in_another_file", edit("heirs.py", "class Heir(api.Base):\n    pass",
                                                     "class Heir(api.Base):\n    def get(self):\n        return 9"),
           "users::heir second::TestSecond::heir"),
    Change("bases", edit("kinds.py", "class Middle(Base)", "class Middle(Mixin, Base)"),
           "users::middle users::leaf users::fixture users::heir_of_middle"),
    Change("base_of_another_file", edit("heirs.py", "class Heir(api.Base)", "class Heir(api.Middle)"),
           "users::heir second::TestSecond::heir"),
    Change("slots", edit("more.py", '("a",)', '("a", "b")'), "more::slotted"),
    Change("dataclass_field", edit("more.py", "y: int = 2", "y: int = 3"), "more::point more::deep"),
    Change("dataclass_field_comes", edit("more.py", "    z: int = 3", "    z: int = 3\n    w: int = 4"), "more::deep"),
    Change("enum_member", edit("more.py", "    GREEN = 2", "    GREEN = 2\n    BLUE = 3"), "more::color"),
    Change("metaclass_method", edit("made.py", "return super().__call__()", "return super().__call__() or None"), "more::made"),
    Change("metaclass_keyword", edit("made.py", "class Made(metaclass=Meta)", "class Made"), "more::made"),
    Change("class_beside", append("kinds.py", "\nclass Beside(Base):\n    value = 5\n"), ""),
))  # fmt: skip
