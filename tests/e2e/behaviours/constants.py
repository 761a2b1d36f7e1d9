"""Module constants: whose executed code reads them, by whatever name; and what was made of them at import."""

from . import Change, World, edit

WORLD = World("constants", """
    --- rates.py
    RATE = 2
    DOUBLE = RATE * 2
    UNUSED = 1
    TABLE = {"a": 1}

    def get():
        return RATE

    def get_table():
        return TABLE["a"]

    def other():
        return 1
    --- made.py
    def make():
        return 5

    MADE = make()

    def other():
        return 1
    --- derived.py
    from constants.rates import RATE

    def by_default(rate=RATE):
        return rate

    class Holder:
        rate = RATE

    def other():
        return 1
    --- uses.py
    from constants.rates import RATE

    def used():
        return RATE
    --- chain.py
    import constants.rates

    def chained():
        return constants.rates.RATE
    --- again.py
    from constants.uses import RATE

    def again():
        return RATE
    --- star.py
    from constants.rates import *

    def starred():
        return RATE

    def other():
        return 1
    --- pack/__init__.py
    from constants.rates import RATE as KNOWN
    --- alias.py
    from constants import pack

    def aliased():
        return pack.KNOWN
    --- strings.py
    from constants import rates

    def by_string():
        return getattr(rates, "RATE")
    --- whole.py
    SEEN = 1
    UNSEEN = 1

    def seen():
        return SEEN

    def all_of_it():
        return sorted(name for name in globals() if name.isupper())
    --- twice.py
    VALUE = 1
    VALUE = 2

    def value():
        return VALUE

    def other():
        return 1
    --- either.py
    import sys

    if sys.maxsize > 1:
        MODE = 1
    else:
        MODE = 2

    def mode():
        return MODE

    def other():
        return 1
    --- named.py
    __all__ = ["FIRST", "SECOND"]
    FIRST = 1
    SECOND = 2
    --- star_named.py
    from constants.named import *

    def first():
        return FIRST

    def second():
        return SECOND

    def other():
        return 1
    --- conftest.py
    import pytest
    from constants import rates

    @pytest.fixture(scope="module")
    def rate():
        return rates.RATE
    --- test_users.py
    from constants import again, alias, chain, made, rates, star, strings, uses

    def test_in_its_module():
        assert rates.get()
    def test_in_the_test():
        assert rates.RATE
    def test_used():
        assert uses.used()
    def test_chained():
        assert chain.chained()
    def test_again():
        assert again.again()
    def test_starred():
        assert star.starred()
    def test_aliased():
        assert alias.aliased()
    def test_by_string():
        assert strings.by_string()
    def test_fixture(rate):
        assert rate
    def test_patched(monkeypatch):
        monkeypatch.setattr("constants.rates.RATE", 5)
        assert rates.other()
    def test_double():
        assert rates.DOUBLE
    def test_made():
        assert made.MADE
    def test_table():
        assert rates.get_table()
    --- test_second.py
    from constants.made import MADE, make
    from constants.rates import RATE

    def test_rate():
        assert RATE
    def test_made():
        assert MADE
    def test_make():
        assert make()
    def test_nothing():
        pass
    --- test_statements.py
    from constants import either, star_named, twice

    def test_value():
        assert twice.value()
    def test_mode():
        assert either.mode()
    def test_first():
        assert star_named.first()
    def test_second():
        assert star_named.second()
    def test_others():
        assert twice.other() and either.other() and star_named.other()
    --- test_derived.py
    from constants import derived

    def test_default():
        assert derived.by_default()
    def test_holder():
        assert derived.Holder.rate
    def test_other():
        assert derived.other()
    --- test_whole.py
    from constants import whole

    def test_all_of_it():
        assert whole.all_of_it()
    def test_seen():
        assert whole.seen()
    --- test_others.py
    from constants import again, chain, made, rates, star

    def test_other():
        assert rates.other()
    def test_made():
        assert made.other()
    def test_star():
        assert star.other()
    def test_functions():
        assert again.again and chain.chained
    """, (
    Change("constant", edit("rates.py", "RATE = 2", "RATE = 3"),
           "users::in_its_module users::in_the_test users::used users::chained users::again users::starred users::aliased "
           "users::by_string users::fixture users::patched users::double second::rate derived::default derived::holder"),
    Change("constant_of_another", edit("rates.py", "RATE * 2", "RATE * 3"), "users::double users::by_string"),
    Change("function_that_made_a_constant", edit("made.py", "return 5", "return 6"), "users::made second::made second::make"),
    Change("constant_that_is_changed_in_a_function", edit("rates.py", '{"a": 1}', '{"a": 2}'), "users::table users::by_string"),
    # Who has a module in hand, not a name of it, may read any.
    Change("constant_nobody_reads", edit("rates.py", "UNUSED = 1", "UNUSED = 2"), "users::by_string"),
    Change("constant_of_a_module_read_whole", edit("whole.py", "UNSEEN = 1", "UNSEEN = 2"), "whole::all_of_it"),
    Change("bindings_swapped", edit("twice.py", "VALUE = 1\nVALUE = 2\n", "VALUE = 2\nVALUE = 1\n"), "statements::value"),
    Change("binding_that_wins_removed", edit("twice.py", "VALUE = 2\n", ""), "statements::value"),
    Change("binding_within_if", edit("either.py", "MODE = 1", "MODE = 3"), "statements::mode"),
    Change("condition_of_binding", edit("either.py", "maxsize > 1", "maxsize < 1"), "statements::mode"),
    # Who takes names by a star leans on the list as a whole.
    Change("name_taken_from_all", edit("named.py", '"FIRST", "SECOND"', '"FIRST"'), "statements::first statements::second"),
    Change("constant_bound_to_another", edit("alias.py", "return pack.KNOWN", "return pack.KNOWN + 1"), "users::aliased"),
    Change("constant_by_another_import", edit("pack/__init__.py", "from constants.rates import RATE as KNOWN", "KNOWN = 1"),
           "users::aliased"),
))  # fmt: skip
