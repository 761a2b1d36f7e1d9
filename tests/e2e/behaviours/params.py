"""Lists of parameters: new and changed ids only."""

from . import Change, World, edit

WORLD = World("params", """
    --- shop.py
    PAIRS = [(1, 1), (2, 4)]

    def square(number):
        return number * number
    --- pairs.py
    from params.shop import PAIRS
    --- conftest.py
    import pytest

    @pytest.fixture(params=[1, 2])
    def number(request):
        return request.param

    def pytest_generate_tests(metafunc):
        if "generated" in metafunc.fixturenames:
            metafunc.parametrize("generated", [1, 2])
    --- test_users.py
    import pytest
    from params.pairs import PAIRS
    from params.shop import square

    @pytest.mark.parametrize("number", [1, 2, 3])
    def test_square(number):
        assert square(number)

    @pytest.mark.parametrize("number", [1, 2], ids=["one", "two"])
    def test_named(number):
        assert square(number)

    @pytest.mark.parametrize("pair", PAIRS, ids=["a", "b"])
    def test_pair(pair):
        assert pair

    def test_fixture(number):
        assert square(number)

    def test_generated(generated):
        assert square(generated)

    def test_plain():
        assert square(1)
    --- test_second.py
    import pytest
    from params.shop import square

    @pytest.mark.parametrize("number", [1, 2])
    @pytest.mark.parametrize("other", [1, 2])
    class TestSecond:
        def test_square(self, number, other):
            assert square(number) * other

    def test_plain():
        assert square(1)
    """, (
    Change("parameter_comes", edit("test_users.py", "[1, 2, 3]", "[1, 2, 3, 4]"), "users::square[4]"),
    Change("parameter_changes", edit("test_users.py", "[1, 2, 3]", "[1, 5, 3]"), "users::square[5]"),
    Change("parameter_goes", edit("test_users.py", "[1, 2, 3]", "[1, 3]"), ""),
    Change("parameter_changes_behind_its_id", edit("test_users.py", '[1, 2], ids', '[1, 3], ids'), "users::named[two]"),
    Change("parameter_of_a_constant", edit("shop.py", "(2, 4)", "(3, 9)"), "users::pair[b]"),
    Change("parameter_of_fixture_comes", edit("conftest.py", "params=[1, 2]", "params=[1, 2, 3]"), "users::fixture[3]"),
    Change("parameter_of_generator_comes", edit("conftest.py", '"generated", [1, 2]', '"generated", [1, 2, 3]'), "users::generated[3]"),
    Change("parameter_of_class_comes", edit("test_second.py", '"number", [1, 2]', '"number", [1, 2, 3]'),
           "second::TestSecond::square[1-3] second::TestSecond::square[2-3]"),
))  # fmt: skip
