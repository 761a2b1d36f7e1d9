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
    assert done.stdout == "dagz: 1 baseline, 1 sheet and what was known of 0 commands removed, 0.0 MB freed\n"
    assert not old.exists() and not sheet.exists() and young.exists()


def test_gc_all_removes_all_baselines(tmp_path):
    young = put(tmp_path / ".dagz/baselines/young@3.12", 0)
    sheet = put(tmp_path / ".dagz/sheets/3.12" / ("0" * 32), 0)
    assert gc(tmp_path, "--all").stdout == "dagz: 1 baseline, 0 sheets and what was known of 0 commands removed, 0.0 MB freed\n"
    assert not young.exists() and sheet.exists()


def test_gc_keeps_what_a_job_has_just_left(tmp_path, monkeypatch):
    state = tmp_path / "elsewhere"
    put(state / "baselines/main@3.12", 1)
    assert gc(tmp_path, DAGZ_DIR=str(state)).stdout == "dagz: 0 baselines, 0 sheets and what was known of 0 commands removed, 0.0 MB freed\n"


def record_of(suite):
    """What a job leaves of its command, for the next one like it."""
    suite.selects = True
    suite.write(test_it="def test_it(): pass")
    while time.clock_gettime_ns(5) <= (suite.folder / "test_it.py").stat().st_ctime_ns:
        time.sleep(0.001)
    assert suite.run().code == 0
    [record] = (suite.folder / ".dagz/invocations").iterdir()
    return record


def age(path, days):
    os.utime(path, (time.time() - days * DAY,) * 2)


COMMAND = "dagz: 0 baselines, 0 sheets and what was known of 1 command removed, "
NOTHING = "dagz: 0 baselines, 0 sheets and what was known of 0 commands removed, "


def test_gc_removes_what_is_known_of_commands_that_nobody_gives_any_more(suite):
    record = record_of(suite)
    assert gc(suite.folder).stdout.startswith(NOTHING) and record.exists()
    age(record, 80)
    # That gc has looked at it is no use; that a job has been answered by it is.
    assert gc(suite.folder).stdout.startswith(NOTHING)
    assert time.time() - record.stat().st_atime > 79 * DAY
    assert "pytest was not started" in suite.run().out
    assert time.time() - record.stat().st_atime < DAY
    age(record, 91)
    assert gc(suite.folder).stdout.startswith(COMMAND) and not record.exists()
    assert "pytest was not started" not in suite.run().out


def test_gc_removes_records_that_are_of_another_dagz_or_damaged(suite):
    record = record_of(suite)
    content = bytearray(record.read_bytes())
    for at in (0, 8, len(content) - 1):
        content[at] ^= 1
        record.write_bytes(content)
        assert gc(suite.folder).stdout.startswith(COMMAND) and not record.exists()
        content[at] ^= 1


def test_gc_takes_a_record_that_a_job_is_writing_only_when_it_was_left(suite):
    record = record_of(suite)
    new = record.rename(record.with_name(record.name + ".new"))
    assert gc(suite.folder, "--all").stdout.find("what was known of 0 commands") > 0 and new.exists()
    age(new, 2)
    assert gc(suite.folder).stdout.startswith(COMMAND) and not new.exists()


def test_gc_all_removes_all_records(suite):
    record = record_of(suite)
    assert "what was known of 1 command removed" in gc(suite.folder, "--all").stdout and not record.exists()


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
