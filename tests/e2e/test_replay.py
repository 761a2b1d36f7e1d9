"""The history bench, a small share: a few commits of a small project, carried along, of which nothing is missed; and it does
find misses."""

import os
import pathlib
import subprocess
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "bench"))
import replay  # noqa: E402
import trial  # noqa: E402

TESTS = "import shop\n\ndef test_price():\n    assert shop.price() == 1\n\ndef test_stock():\n    assert shop.stock() == 2\n"
SHOP = "def price():\n    return 1\n\ndef stock():\n    return 2\n"
STOCK = SHOP.replace("return 2", "return 3 - 1")
# What each commit writes; the last but one touches no code.
COMMITS = [
    {"pytest.ini": "[pytest]\npythonpath = .\n", "shop.py": SHOP, "test_shop.py": TESTS},
    {"shop.py": "# A shop.\n" + SHOP},
    {"shop.py": STOCK},
    {"shop.py": STOCK.replace("return 1", "return 0")},
    {"README.md": "A shop.\n"},
    {"shop.py": STOCK, "test_shop.py": TESTS + "\ndef test_new():\n    pass\n"},
]


@pytest.fixture(autouse=True)
def trees(tmp_path, monkeypatch):
    """Where the bench has its own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "repository"
    who = {f"GIT_{role}_{what}": "a@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

    def git(*words):
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, env={**os.environ, **who})

    folder.mkdir()
    git("init", "-b", "main")
    for number, files in enumerate(COMMITS):
        for path, text in files.items():
            (folder / path).write_text(text)
        git("add", ".")
        git("commit", "-m", f"commit {number}")
    return folder


def play(repository):
    given = replay.arguments([str(repository), "--git", str(repository), "--python", sys.executable])
    return list(replay.bench(given).play_all())


def test_of_a_few_commits_none_is_missed_and_few_tests_are_run(repository):
    steps = play(repository)
    assert [step.name.partition(" ")[2] for step in steps] == [f"commit {number}" for number in (0, 1, 2, 3, 5)]
    assert not any(step.misses or step.otherwise or step.void for step in steps)
    # All; none, for a comment; the stock; the price; that once more, and the new one.
    assert [(step.selected, step.total) for step in steps] == [(2, 2), (0, 2), (1, 2), (1, 2), (2, 3)]


def test_who_leaves_everything_out_is_found_out(repository, monkeypatch):
    monkeypatch.setattr(trial, "dagz", lambda project, workers: (*trial.plain(project), "-k", "stock"))
    misses = [[miss.partition(":: ")[0].partition("::")[2].partition(":")[0] for miss in step.misses] for step in play(repository)]
    assert misses == [["test_price"], ["test_price"], ["test_price"], ["test_price"], ["test_price", "test_new"]]
