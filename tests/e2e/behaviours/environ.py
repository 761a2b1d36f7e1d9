"""Environment variables: who reads them, there or not."""

from . import Change, World, nothing

WORLD = World("environ", """
    --- settings.py
    import os

    def rate():
        return os.environ["WORLD_RATE"]

    def maybe():
        return os.environ.get("WORLD_MAYBE", "none")

    def asked():
        return os.getenv("WORLD_ASKED")

    def within():
        return "WORLD_WITHIN" in os.environ

    def other():
        return 1
    --- api.py
    from environ.settings import rate
    --- once.py
    import os

    ONCE = os.environ.get("WORLD_ONCE")
    OTHER = 1
    --- conftest.py
    import pytest
    from environ import settings

    @pytest.fixture(scope="session")
    def rate():
        return settings.rate()
    --- test_users.py
    from environ import api, once, settings

    def test_rate():
        assert settings.rate()
    def test_reexport():
        assert api.rate()
    def test_fixture(rate):
        assert rate
    def test_maybe():
        assert settings.maybe()
    def test_asked():
        assert not settings.asked() or True
    def test_within():
        assert settings.within() in (True, False)
    def test_once():
        assert once.ONCE or True
    def test_other():
        assert settings.other()
    def test_put(monkeypatch):
        monkeypatch.setenv("WORLD_PUT", "1")
        assert settings.other()
    --- test_second.py
    import os

    def test_rate():
        assert os.environ["WORLD_RATE"]
    def test_fixture(rate):
        assert rate
    def test_nothing():
        assert os
    """, (
    Change("variable", nothing, "users::rate users::reexport users::fixture second::rate second::fixture", {"WORLD_RATE": "2"}),
    Change("variable_comes", nothing, "users::maybe", {"WORLD_MAYBE": "1"}),
    Change("variable_comes_that_getenv_asked_for", nothing, "users::asked", {"WORLD_ASKED": "1"}),
    Change("variable_comes_that_in_asked_for", nothing, "users::within", {"WORLD_WITHIN": "1"}),
    Change("variable_read_at_import", nothing, "users::once", {"WORLD_ONCE": "1"}),
    Change("variable_nobody_reads", nothing, "", {"WORLD_UNREAD": "1"}),
))  # fmt: skip
