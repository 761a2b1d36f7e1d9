"""`meson install` gives a tree that works wherever it is put."""

import os
import pathlib
import shutil
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
SHOW = "import sys; print(sys.executable); print(*{line.split()[-1] for line in open('/proc/self/maps') if 'dagz-embed' in line})"


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    """The prefix, moved away from where it was installed."""
    folder = tmp_path_factory.mktemp("install")
    subprocess.run(
        ["meson", "install", "--no-rebuild", "--quiet", "-C", TOP / "build", "--destdir", folder / "stage"], check=True
    )
    (bin,) = (folder / "stage").rglob("bin")
    return pathlib.Path(shutil.move(bin.parent, folder / "elsewhere"))


def pythons():
    return os.environ.get("DAGZ_TEST_PYTHONS", "").split(":")


@pytest.mark.parametrize("python", pythons())
def test_a_moved_tree_starts_python_with_its_own_shim(moved, python):
    environ = {key: value for key, value in os.environ.items() if key not in ("DAGZ_PYTHON", "VIRTUAL_ENV")}
    if python:
        environ["DAGZ_PYTHON"] = python
    answer = subprocess.run(
        [moved / "bin/dagz-python", "-c", SHOW], env=environ, capture_output=True, text=True, check=True
    )
    executable, shim = answer.stdout.split("\n")[:2]
    assert executable == str(moved / "bin/dagz-python")
    assert pathlib.Path(shim).resolve().parent == moved / "lib/dagz"


def test_dagz_is_the_same_executable(moved):
    assert os.readlink(moved / "bin/dagz") == "dagz-python"
