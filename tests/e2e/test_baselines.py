"""`dagz gc`, and what lies in .dagz/baselines."""

import os
import subprocess
import time

from conftest import EXECUTABLE

DAY = 86400


def gc(folder, *arguments, **variables):
    return subprocess.run(
        ["dagz", "gc", *arguments],
        executable=EXECUTABLE,
        cwd=folder,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
    )


def put(path, days):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * 5000)
    os.utime(path, (time.time() - days * DAY,) * 2)
    return path


def test_gc_removes_what_was_not_used_for_long_and_says_what_it_freed(tmp_path):
    old = put(tmp_path / ".dagz/baselines/old@3.12", 91)
    young = put(tmp_path / ".dagz/baselines/young@3.12", 89)
    sheet = put(tmp_path / ".dagz/sheets/3.12" / ("0" * 32), 2)
    (tmp_path / "below").mkdir()
    done = gc(tmp_path / "below")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "dagz: 1 baseline and 1 sheet removed, 0.0 MB freed\n"
    assert not old.exists() and not sheet.exists() and young.exists()


def test_gc_all_removes_all_baselines(tmp_path):
    young = put(tmp_path / ".dagz/baselines/young@3.12", 0)
    sheet = put(tmp_path / ".dagz/sheets/3.12" / ("0" * 32), 0)
    assert gc(tmp_path, "--all").stdout == "dagz: 1 baseline and 0 sheets removed, 0.0 MB freed\n"
    assert not young.exists() and sheet.exists()


def test_gc_keeps_what_a_job_has_just_left(tmp_path, monkeypatch):
    state = tmp_path / "elsewhere"
    put(state / "baselines/main@3.12", 1)
    assert gc(tmp_path, DAGZ_DIR=str(state)).stdout == "dagz: 0 baselines and 0 sheets removed, 0.0 MB freed\n"


def test_gc_without_a_state_is_a_sentence(tmp_path):
    done = gc(tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("dagz: no .dagz here or in a folder above")


def test_gc_that_cannot_remove_says_so(tmp_path):
    put(tmp_path / ".dagz/baselines/old@3.12", 91)
    (tmp_path / ".dagz/sheets").write_text("no folder")
    done = gc(tmp_path)
    assert done.returncode == 1
    assert "sheets': Not a directory" in done.stderr


def test_gc_takes_nothing_else(tmp_path):
    done = gc(tmp_path, "--everything")
    assert done.returncode == 2
    assert done.stderr == "usage: dagz gc [--all]\n"
