"""`dagz setup PYTHON` makes a stock python start jobs."""

import os
import pathlib
import subprocess
import venv

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def dagz_python():
    return os.path.abspath(os.environ.get("DAGZ_EXECUTABLE") or TOP / "build/dagz-python")


@pytest.fixture(scope="module")
def stock(tmp_path_factory):
    """A python of its own that sees this one's pytest: nothing else of the machine is touched."""
    folder = tmp_path_factory.mktemp("stock") / "venv"
    venv.create(folder, symlinks=True)
    python = folder / "bin/python"
    (purelib,) = folder.glob("lib/python*/site-packages")
    (purelib / "borrowed.pth").write_text(os.path.dirname(os.path.dirname(pytest.__file__)) + "\n")
    return python


def run(stock, tree, *options, **environ):
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("DAGZ", "PYTEST"))}
    return subprocess.run(
        [stock, "-m", "pytest", *options], cwd=tree, env={**clean, **environ}, capture_output=True, text=True
    )


def setup(dagz_python, python):
    return subprocess.run([os.path.join(os.path.dirname(dagz_python), "dagz"), "setup", python], capture_output=True, text=True)


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_it.py").write_text("def test_it(): pass\n")
    return tmp_path


def test_a_stock_pytest_knows_no_dagz_before(stock, tree):
    answer = run(stock, tree, "--dagz")
    assert answer.returncode == 4
    assert "unrecognized arguments: --dagz" in answer.stderr


def test_a_stock_pytest_starts_a_job_after(dagz_python, stock, tree):
    answer = setup(dagz_python, stock)
    assert answer.returncode == 0, answer.stderr
    assert "= DAGZ =" not in run(stock, tree).stdout
    job = run(stock, tree, "--dagz")
    assert job.returncode == 0, job.stdout + job.stderr
    assert "= DAGZ =" in job.stdout
    assert job.stdout.count("test session starts") == 1
    asked = run(stock, tree, DAGZ="1")
    assert "= DAGZ =" in asked.stdout


def test_the_installed_plugin_and_the_built_in_one_get_on(dagz_python, stock, tree):
    setup(dagz_python, stock)
    environ = {**os.environ, "DAGZ_PYTHON": str(stock)}
    job = subprocess.run(
        [dagz_python, "-m", "pytest", "--dagz"], cwd=tree, env=environ, capture_output=True, text=True
    )
    assert job.returncode == 0, job.stdout + job.stderr
    assert job.stdout.count("= DAGZ =") == 1


def test_what_is_no_python_is_told(dagz_python, tmp_path):
    answer = setup(dagz_python, tmp_path / "nowhere")
    assert answer.returncode == 1
    assert "nowhere" in answer.stderr
    usage = subprocess.run([os.path.join(os.path.dirname(dagz_python), "dagz"), "setup"], capture_output=True, text=True)
    assert usage.returncode == 2
