"""What is observed of some of CPython's own tests, against an independent truth: nothing is missed, by any probe.

The whole of it, and the real projects, is ./dev proof's (tests/bench/truth.py)."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "bench"))

import cpython  # noqa: E402
import library  # noqa: E402
import truth  # noqa: E402
from test_probes import minor, probes, pythons  # noqa: E402

TESTS = ("test_generators", "test_contextlib", "test_yield_from")
PARTS = ("contextlib", "functools", "inspect", "types", "unittest", "weakref")


@pytest.mark.parametrize("python, probe", [(python, probe) for python in pythons() for probe in probes(python)],
                         ids=lambda value: value if "/" not in value else minor(value))  # fmt: skip
def test_of_the_library_and_its_tests_nothing_is_missed(python, probe, tmp_path):
    if not cpython.has_tests(python):
        pytest.skip("this python has not got its tests")
    project = library.make(library.Library("library", minor(python), pathlib.Path(python), tmp_path / "library"), TESTS, PARTS)
    verdict = truth.judge(project, probe, truth.arguments([]))
    assert verdict.tests > 100 and verdict.codes > 10 * verdict.tests
    assert not verdict.missed and not verdict.notes
