import random

import pytest


@pytest.mark.parametrize("number", range(5))
def test_seeded(record_property, number):
    # Seeded anew before each test: the same in any process, in any order.
    record_property("drawn", random.random())


class TestInside:
    def test_one(self, record_property):
        record_property("drawn", random.randrange(10**9))

    def test_two(self):
        print(random.random())
        assert random.random() > 1
