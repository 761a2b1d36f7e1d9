"""Processes of a job killed at random moments while it observes: a small share of tests/bench/kills.py."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "bench"))
import kills  # noqa: E402


def test_whoever_is_killed_when_ever_what_passed_is_known_wholly(tmp_path):
    tally = kills.play(kills.Project(tmp_path, sys.executable), 20, 1)
    assert tally.passed and not tally.wrong
