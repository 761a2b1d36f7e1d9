"""Bad options, bad places, too little of everything: each has an answer, and nothing is lost."""

import os
import pathlib
import shutil
import subprocess
import sys

import conftest
import pytest
from conftest import EXECUTABLE

PASSING = "def test_a(): pass\ndef test_b(): pass\n"
FAILING = PASSING + "def test_c(): assert 0, 'for a reason'\n"


def is_whole(ran):
    """All that the suite has to say has been said."""
    assert ran.code == 1, ran
    assert dict(ran.cases) == {"test_a": ["passed"], "test_b": ["passed"], "test_c": ["failure"]}, ran
    assert "1 failed, 2 passed" in ran.out and "for a reason" in ran.out, ran


# ---- options ----


@pytest.mark.parametrize("option", [
    "--dagz-xyz", "--dagz-workers=-1", "--dagz-workers=many", "--dagz-workers=1.5", "--dagz-workers=",
    "--dagz-workers=99999999999999999999", "--dagz-workers=5000", "--dagz-fork=never", "--dagz-start=later",
    "--dagz-timeout=0", "--dagz-timeout=-1", "--dagz-timeout=soon", "--dagz-timeout=nan", "--dagz-timeout=1e300",
    "--dagz-timeout=inf", "--dagz-max-rss=1", "--dagz-max-rss=-1G", "--dagz-max-rss=much", "--dagz-max-rss=1X",
    "--dagz-max-rss=9999999999999999999999G", "--dagz-max-rss=",
])  # fmt: skip
def test_a_usage_error_for(option, suite):
    suite.write(test_it=PASSING)
    ran = suite.run(option)
    assert ran.code == 4 and "usage:" in ran.out and option.partition("=")[0] in ran.out, ran
    assert "Traceback" not in ran.out and not ran.cases, ran


def test_absurdly_many_workers_are_as_many_as_there_is_work_for(suite):
    suite.write(test_it=FAILING)
    is_whole(suite.run("--dagz-workers=4096"))


# ---- places ----


DAMAGES = {
    "is_a_file": lambda state: state.write_text("?"),
    "is_a_link_to_nowhere": lambda state: state.symlink_to("nowhere/at/all"),
    "holds_folders_where_files_belong": lambda state: [
        (state / name).mkdir(parents=True) for name in ("durations", ".gitignore", "jobs.db", "baselines/main")
    ],
    "holds_files_where_folders_belong": lambda state: (
        state.mkdir(), [(state / name).write_text("?") for name in ("run", "baselines", "sheets")]
    ),
    "holds_rubbish": lambda state: (
        state.mkdir(), (state / "run/j7").mkdir(parents=True), (state / "run/jx").mkdir(),
        (state / "durations").write_bytes(bytes(range(256)) * 100), (state / "run/j7/results").write_bytes(b"\0" * 99),
        (state / "run/j7/lock").mkdir(), (state / "run/j9223372036854775807").mkdir(), (state / "run/j3").write_text(""),
    ),
    "has_empty_files": lambda state: (state.mkdir(), (state / "durations").touch()),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
def test_a_state_that(name, suite):
    suite.write(test_it=FAILING)
    DAMAGES[name](suite.folder / ".dagz")
    is_whole(suite.run("--dagz-workers=2"))
    is_whole(suite.run("--dagz-workers=2"))


def held_by_modes():
    """The tests may run as root, whom no mode keeps out: then without what makes root so."""
    if os.geteuid():
        return []
    if not shutil.which("setpriv"):
        pytest.skip("root, and no setpriv")
    return ["setpriv", "--inh-caps=-all", "--bounding-set=-all"]


def test_a_tree_that_may_not_be_written_to(suite):
    suite.write(test_it=FAILING)
    suite.folder.chmod(0o555)
    ran = suite.run("--dagz-workers=2", "-p", "no:cacheprovider", under=held_by_modes())
    suite.folder.chmod(0o755)
    is_whole(ran)
    assert "nothing is kept of this job" in ran.out and "Permission denied" in ran.out, ran


def in_namespace(script):
    """A command that sees mounts of its own."""
    under = ["unshare", "-m", "sh", "-c", f'{script} || exit 99; exec "$@"', "sh"]
    tried = subprocess.run([*under, "true"], stderr=subprocess.PIPE)
    if tried.returncode:
        pytest.skip(f"no mounts of our own: {tried.stderr.decode(errors='replace')}")
    return under


def test_a_read_only_tree(suite):
    suite.write(test_it=FAILING)
    under = in_namespace(f"mount --bind {suite.folder} {suite.folder} && mount -o remount,bind,ro {suite.folder}"
                         f" && cd {suite.folder}")  # fmt: skip
    ran = suite.run("--dagz-workers=2", under=under)
    is_whole(ran)
    assert "nothing is kept of this job" in ran.out and "Read-only file system" in ran.out, ran


def test_a_full_disk(suite):
    state = suite.folder.parent / "state"
    state.mkdir()
    suite.write(test_it=FAILING)
    under = in_namespace(f"mount -t tmpfs -o size=64k none {state} && dd if=/dev/zero of={state}/fill bs=4k 2>/dev/null;"
                         f" test -s {state}/fill")  # fmt: skip
    ran = suite.run("--dagz-workers=2", under=under, env={"DAGZ_DIR": str(state / "dagz")})
    is_whole(ran)
    assert "No space left on device" in ran.out, ran


def test_a_disk_that_becomes_full_while_it_runs(suite):
    state = suite.folder.parent / "state"
    state.mkdir()
    suite.write(test_it=FAILING.replace("assert 0", "print('x' * 1000000); assert 0"))
    under = in_namespace(f"mount -t tmpfs -o size=128k none {state}")
    ran = suite.run("--dagz-workers=2", under=under, env={"DAGZ_DIR": str(state / "dagz")})
    is_whole(ran)
    assert "cannot keep results" in ran.out and "No space left on device" in ran.out, ran


def test_no_shared_memory(suite):
    suite.write(test_it=FAILING)
    is_whole(suite.run("--dagz-workers=2", under=in_namespace("mount -t tmpfs -o ro,size=4k none /dev/shm")))


def test_without_proc_a_sentence_says_so(suite):
    suite.write(test_it=FAILING)
    ran = suite.run("--dagz-workers=2", under=in_namespace("mount -t tmpfs none /proc"))
    assert ran.code == 78 and "/proc" in ran.out, ran


@pytest.mark.parametrize("most", [20, 25, 64])
def test_few_descriptors(most, suite):
    suite.write(test_it=FAILING)
    is_whole(suite.run("--dagz-workers=4", under=["sh", "-c", f'ulimit -n {most}; exec "$@"', "sh"]))


# ---- shims ----


def of_another_python(folder, own):
    other = next(shim for shim in folder.glob("dagz-embed-*.so") if shim != own)
    shutil.copy(other, own)


def of_another_dagz(folder, own):
    """One row of the wire is another."""
    shim = own.read_bytes()
    assert b"DZ_U32(serial)" in shim
    own.write_bytes(shim.replace(b"DZ_U32(serial)", b"DZ_U64(serial)"))


@pytest.mark.parametrize("embed", ["", "0"])
@pytest.mark.parametrize("harm, said", [
    (of_another_python, "and what was opened for it was built for"), (of_another_dagz, "is of another DAGZ than dagz-python"),
])  # fmt: skip
def test_a_shim_that_is_none_of_ours(harm, said, embed, suite, tmp_path, monkeypatch):
    monkeypatch.setattr(conftest, "EXECUTABLE", tmp_path / "dagz-python")
    shims = list(EXECUTABLE.parent.glob("dagz-embed-*.so"))
    for file in [EXECUTABLE, *shims]:
        shutil.copy(file, tmp_path)
    if len(shims) == 1 and harm is of_another_python:
        pytest.skip("there is a shim for one python only")
    harm(tmp_path, tmp_path / "dagz-embed-{}.{}.so".format(*sys.version_info))
    ran = suite.write(test_it=PASSING).run(env={"DAGZ_EMBED": embed})
    assert ran.code == 78 and ran.out.startswith("dagz-python: ") and said in ran.out, ran
    assert ran.out.count("\n") == 1


# ---- two at once ----


def test_two_jobs_in_one_tree_at_once(suite, tmp_path):
    suite.write(test_it="""
        import os, threading, time
        def test_a():
            open(os.environ["MINE"], "w").close()
            while not os.path.exists(os.environ["OTHER"]):
                time.sleep(0.01)
        def test_b(): pass
        def test_c(): assert 0, "for a reason"
    """)
    names = [str(tmp_path / "one"), str(tmp_path / "two")]
    first = suite.start("--dagz-workers=1", env={"MINE": names[0], "OTHER": names[1]})
    other = type(suite)(suite.folder)
    other.junit = tmp_path / "other.xml"
    second = other.start("--dagz-workers=1", env={"MINE": names[1], "OTHER": names[0]})
    ran = suite.end(first), other.end(second)
    for one in ran:
        is_whole(one)
    assert {"j1:", "j2:"} == {word for one in ran for word in ("j1:", "j2:") if word in one.out}, ran
    # The next one finds both ended.
    is_whole(suite.run("--dagz-workers=1", env={"MINE": names[0], "OTHER": names[0]}))


# ---- nothing to do ----


def test_no_tests_is_5(suite):
    ran = suite.run()
    assert ran.code == 5, ran


def test_no_such_file_is_4(suite):
    ran = suite.run("nowhere.py")
    assert ran.code == 4, ran


def test_a_folder_and_a_test_with_odd_names(suite):
    folder = suite.folder / "odd \N{SNOWMAN} name"
    folder.mkdir()
    (folder / "test_it.py").write_text(FAILING)
    os.symlink(pathlib.Path("test_it.py"), folder / "also.txt")
    is_whole(suite.run("--dagz-workers=2"))
