"""The mutation bench, a small share: mutants of the example project, of which nothing is missed; and it does find misses."""

import pathlib
import sys
import tempfile

import pytest
from conftest import CHECKOUT

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "bench"))
import mutate  # noqa: E402
import mutators  # noqa: E402
import trial  # noqa: E402

BOOKSHOP = CHECKOUT / "examples/bookshop"
# Of each sort one: of a body, of what is bound, of what pytest reads, of files.
ONLY = "body_raises,body_compares,default,constant,setup_added,file_deleted"


@pytest.fixture(autouse=True)
def trees(tmp_path, monkeypatch):
    """Where the bench has its own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def bench(*options):
    given = mutate.arguments([*options, "--only", ONLY, "--mutants", "6", "--most", "1"])
    return mutate.Bench(trial.of_folder(BOOKSHOP, sys.executable), given)


def test_of_a_few_mutants_none_is_missed():
    verdicts = list(bench("--seed", "3").verdicts())
    assert [verdict.mutator for verdict in verdicts] == sorted(ONLY.split(","), key=mutators.NAMES.index)
    assert not [verdict for verdict in verdicts if verdict.misses or verdict.void]
    # Most mutants break a test: of these the bench could have told a miss.
    assert sum(verdict.selected for verdict in verdicts) > 0
    assert sum(verdict.selected for verdict in verdicts) < sum(verdict.total for verdict in verdicts)


def test_who_leaves_everything_out_is_found_out(monkeypatch):
    lazy = bench("--seed", "3")
    monkeypatch.setattr(trial, "dagz", lambda project, workers: (*trial.plain(project), "-k", "no_test_has_this_name"))
    missed = [verdict for verdict in lazy.verdicts() if verdict.misses]
    assert len(missed) >= 4
    assert all(nodeid.startswith("tests/") for verdict in missed for nodeid in verdict.misses if "more suspects" not in nodeid)


@pytest.mark.parametrize("name", mutators.NAMES)
def test_each_mutation_parses_and_is_told_as_a_diff(name, tmp_path):
    sources = mutators.Sources(BOOKSHOP)
    found = [mutation for mutation, _ in zip(mutators.draw(sources, mutate.random.Random(1), [name]), range(20))]
    # It has neither data files nor a folder of tests without a conftest.
    assert found or name in ("sub_conftest", "data_changed", "data_mode", "data_link")
    for mutation in found:
        assert mutation.diff(BOOKSHOP)
        assert all(compile(text, path, "exec") for path, text in mutation.texts.items() if path.endswith(".py") and text is not None)


def test_an_import_graph_goes_through_packages_conftests_and_relative_imports(tmp_path):
    files = {"pkg/__init__.py": "", "pkg/a.py": "from . import b", "pkg/b.py": "", "pkg/c.py": "import json",
             "tests/conftest.py": "import pkg.c", "tests/test_a.py": "def test():\n    from pkg.a import x", "tests/test_d.py": ""}  # fmt: skip
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    graph = mutate.imports.Imports(mutators.Sources(tmp_path))
    tests = ["tests/test_a.py", "tests/test_d.py"]

    def reached(*paths, **more):
        return graph.reached_by(mutators.Mutation("", dict.fromkeys(paths, b""), **more), tests)

    assert reached("pkg/b.py") == {"tests/test_a.py"}
    assert reached("pkg/c.py") == reached("pkg/__init__.py") == set(tests)
    assert reached("pkg/new.py") == set()
    assert reached("pkg/data.txt") == reached(environ={"A": "1"}) == set(tests)
