"""Fixtures, hooks and the names that only pytest reads: their users, those below, those in the hook's reach."""

from . import ALL, Change, World, append, edit, write

BELOW = "sub/below::shared sub/below::plain sub/deep/deep::shared sub/deep/deep::plain"

WORLD = World("fixtures", """
    --- shop.py
    def made():
        return 1

    def unmade():
        return 1

    def other():
        return 1
    --- conftest.py
    import pytest
    from fixtures import shop

    @pytest.fixture(scope="session")
    def shared():
        yield shop.made()
        shop.unmade()

    @pytest.fixture(scope="module")
    def of_shared(shared):
        return shared

    @pytest.fixture
    def own():
        return 1
    --- sub/__init__.py
    --- sub/conftest.py
    import pytest
    --- sub/test_below.py
    def test_shared(shared):
        assert shared
    def test_plain():
        pass
    --- sub/deep/__init__.py
    --- sub/deep/test_deep.py
    def test_shared(shared):
        assert shared
    def test_plain():
        pass
    --- test_users.py
    def test_shared(shared):
        assert shared
    def test_of_shared(of_shared):
        assert of_shared
    def test_own(own):
        assert own
    def test_plain():
        pass
    --- test_second.py
    import pytest

    class TestSecond:
        def test_shared(self, shared):
            assert shared
        def test_own(self, own):
            assert own
        def test_plain(self):
            pass

    def test_plain():
        pass
    --- test_others.py
    from fixtures import shop

    def test_other():
        assert shop.other()
    def test_plain():
        pass
    """, (
    Change("body_of_session_fixture", edit("conftest.py", "yield shop.made()", "yield shop.made() + 1"),
           "users::shared users::of_shared second::TestSecond::shared sub/below::shared sub/deep/deep::shared"),
    Change("function_within_session_fixture", edit("shop.py", "def made():\n    return 1", "def made():\n    return 2"),
           "users::shared users::of_shared second::TestSecond::shared sub/below::shared sub/deep/deep::shared"),
    Change("function_within_finalizer", edit("shop.py", "def unmade():\n    return 1", "def unmade():\n    return 2"),
           "users::shared users::of_shared second::TestSecond::shared sub/below::shared sub/deep/deep::shared"),
    Change("body_of_fixture_of_fixture", edit("conftest.py", "return shared", "return shared + 1"), "users::of_shared"),
    Change("body_of_function_fixture", edit("conftest.py", "return 1", "return 2"), "users::own second::TestSecond::own"),
    Change("scope_of_fixture", edit("conftest.py", '"module"', '"class"'), "users::of_shared"),
    Change("fixture_overridden_in_nearer_conftest", append("sub/conftest.py", """
        @pytest.fixture
        def shared():
            return 2
        """), "sub/below::shared sub/deep/deep::shared"),
    Change("fixture_overridden_in_new_conftest", write("sub/deep/conftest.py", """
        import pytest
        @pytest.fixture
        def shared():
            return 2
        """), "sub/deep/deep::shared"),
    Change("fixture_overridden_in_test_file", append("test_users.py", """
        import pytest
        @pytest.fixture
        def own():
            return 2
        """), "users::own"),
    Change("autouse_fixture_in_conftest", append("sub/conftest.py", """
        @pytest.fixture(autouse=True)
        def always():
            pass
        """), BELOW),
    Change("autouse_fixture_in_test_file", append("test_second.py", """
        @pytest.fixture(autouse=True)
        def always():
            pass
        """), "second::TestSecond::shared second::TestSecond::own second::TestSecond::plain second::plain"),
    Change("autouse_fixture_in_class", edit("test_second.py", "class TestSecond:\n", """class TestSecond:
    @pytest.fixture(autouse=True)
    def always(self):
        pass
"""), "second::TestSecond::shared second::TestSecond::own second::TestSecond::plain"),
    Change("hook_of_items_below", append("sub/conftest.py", """
        def pytest_runtest_setup(item):
            pass
        """), BELOW),
    Change("hook_of_the_session", append("sub/conftest.py", """
        def pytest_collection_modifyitems(items):
            pass
        """), ALL),
    Change("setup_function", append("test_users.py", "\ndef setup_function(function):\n    pass\n"),
           "users::shared users::of_shared users::own users::plain"),
    Change("setup_module", append("test_second.py", "\ndef setup_module(module):\n    pass\n"),
           "second::TestSecond::shared second::TestSecond::own second::TestSecond::plain second::plain"),
    Change("setup_method", edit("test_second.py", "class TestSecond:\n", "class TestSecond:\n    def setup_method(self):\n        pass\n"),
           "second::TestSecond::shared second::TestSecond::own second::TestSecond::plain"),
    Change("pytestmark", edit("test_users.py", "def test_shared(shared)", "import pytest\npytestmark = pytest.mark.usefixtures('own')\n\ndef test_shared(shared)"),
           "users::shared users::of_shared users::own users::plain"),
    Change("mark_of_one_test", edit("test_second.py", "def test_plain():", "@pytest.mark.usefixtures('own')\ndef test_plain():"),
           "second::plain"),
))  # fmt: skip
