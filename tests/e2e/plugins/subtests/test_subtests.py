import unittest

import pytest


def test_all_pass(subtests):
    for number in range(3):
        with subtests.test(number=number):
            print("part", number)


def test_some_fail(subtests):
    for number in range(4):
        with subtests.test("part", number=number):
            print("part", number)
            assert number % 2 == 0


def test_one_skips(subtests):
    with subtests.test("first"):
        pytest.skip("not this part")
    with subtests.test("second"):
        pass


def test_fails_after(subtests):
    with subtests.test("inside"):
        assert "inside" == "outside"
    raise LookupError("after the parts")


class TestUnit(unittest.TestCase):
    def test_parts(self):
        for number in range(3):
            with self.subTest("unit", number=number):
                self.assertNotEqual(number, 1)
