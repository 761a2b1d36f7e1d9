"""What the kernel was asked for, against what the spans have: a small share of tests/bench/strace.py."""

import pathlib
import shutil
import subprocess
import sys
import types

import pytest
import test_paths

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "bench"))
import strace  # noqa: E402


def can_trace():
    return shutil.which("strace") and subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode == 0


@pytest.mark.skipif(not can_trace(), reason="no strace, or none that may trace")
def test_each_path_that_a_process_asks_for_is_in_some_span(tmp_path):
    suite = test_paths.write(tmp_path)
    environment = types.SimpleNamespace(
        name="ways", tree=suite.folder, scratch=tmp_path.with_name("scratch") / "ways", python=pathlib.Path(sys.executable), options=()
    )
    status, job, told = strace.run(environment, 1, test_paths.FOUND)
    seen, excused, holes = strace.compare(job, told, environment)
    assert status == 0
    assert seen > 500 and not holes
    # Little of it need not be told, and what is not told is found.
    assert sum(map(len, excused.values())) < 0.5 * seen
    del told.facts[str(suite.folder / "data/stat.txt")]
    assert {look.path for look in strace.compare(job, told, environment)[2]} == {str(suite.folder / "data/stat.txt")}
