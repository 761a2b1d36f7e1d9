import pytest
from hypothesis import event, given, note
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule


@given(some.lists(some.integers()))
def test_twice_reversed(numbers):
    event(f"length {min(len(numbers), 3)}")
    assert list(reversed(list(reversed(numbers)))) == numbers


@given(some.integers(), some.integers())
def test_is_falsified(left, right):
    note(f"{left} and {right}")
    assert left + right < 1000


@pytest.mark.parametrize("base", [2, 10])
@given(some.text(max_size=5))
def test_with_a_parameter(base, text):
    print(repr(text)[:1])
    assert len(text) < base * 10


class Counter(RuleBasedStateMachine):
    count = 0

    @rule(by=some.integers(1, 5))
    def up(self, by):
        self.count += by

    @invariant()
    def is_not_negative(self):
        assert self.count >= 0


TestCounter = Counter.TestCase
