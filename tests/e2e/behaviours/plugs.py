"""A plugin of the project, named by pytest_plugins: a conftest of everything."""

from . import ALL, Change, World, append, edit

WORLD = World("plugs", """
    --- plugin.py
    import pytest
    from plugs import lib

    @pytest.fixture(scope="session")
    def plugged():
        return lib.made()

    def pytest_runtest_teardown(item):
        lib.torn()

    def pytest_report_header():
        return lib.header()
    --- lib.py
    def made():
        return 1

    def torn():
        return 2

    def header():
        return "a project"

    def other():
        return 4
    --- test_users.py
    def test_plugged(plugged):
        assert plugged
    def test_plain():
        pass
    --- test_second.py
    from plugs import lib

    def test_plugged(plugged):
        assert plugged
    def test_other():
        assert lib.other()
    """, (
    Change("body_of_fixture_of_plugin", edit("plugin.py", "return lib.made()", "return lib.made() + 1"), "users::plugged second::plugged"),
    Change("function_within_fixture_of_plugin", edit("lib.py", "return 1", "return 10"), "users::plugged second::plugged"),
    Change("function_within_hook_of_items", edit("lib.py", "return 2", "return 20"), ALL),
    Change("body_of_hook_of_items", edit("plugin.py", "lib.torn()", "lib.torn() or 1"), ALL),
    Change("hook_comes", append("plugin.py", "\ndef pytest_runtest_logstart(nodeid):\n    pass\n"), ALL),
    Change("function_beside_in_plugin", append("plugin.py", "\ndef helper():\n    return 1\n"), ""),
))  # fmt: skip
