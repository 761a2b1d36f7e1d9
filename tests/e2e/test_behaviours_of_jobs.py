"""What selection promises over several jobs: branches, clones, interruptions, failures, filters, files that change under
a job, installed packages. The single changes are in test_behaviours.py."""

import os
import shutil
import signal
import subprocess
import textwrap
import time

import behaviours
import pytest
from behaviours import append, bodies, edit, plugs
from conftest import EXECUTABLE, HANG_S
from test_behaviours import EVERY, minor
from test_state import PYTHONS

PRICE = edit("bodies/shop.py", "def price():\n    return 1\n", "def price():\n    return 10\n")
USERS = behaviours.expand("bodies", next(change.selected for change in bodies.WORLD.changes if change.name == "body_of_function"))
DIRECT = "bodies/test_users.py::test_direct"


def price_is(body):
    """Whatever it was before."""

    def act(folder):
        path = folder / "bodies/shop.py"
        head, _, tail = path.read_text().partition("def price():\n")
        path.write_text(f"{head}def price():\n{textwrap.indent(body, '    ')}\n{tail[tail.index('def helper'):]}")

    return act


@pytest.fixture(scope="module", params=PYTHONS if EVERY else PYTHONS[-1:], ids=minor)
def learnt(request, once):
    return once(f"jobs-{minor(request.param)}", lambda folder: behaviours.learn(folder, request.param, 2, [bodies.WORLD, plugs.WORLD]))


@pytest.fixture
def tree(learnt, tmp_path):
    return learnt.copy(tmp_path / "project")


@pytest.fixture
def runs(learnt, tree):
    """Runs a job; gives what ran."""

    def run(*options, **how):
        job = learnt.job(how.pop("folder", tree), *options, **how)
        print(job.out)
        return set(job.ran)

    return run


def git(folder, *words):
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com",
           "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}  # fmt: skip
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, env={**os.environ, **who})


@pytest.fixture
def main(tree, runs):
    """The project as a repository, its main branch learnt."""
    (tree / ".gitignore").write_text("__pycache__\n")
    git(tree, "init", "-b", "main")
    git(tree, "add", ".")
    git(tree, "commit", "-m", "first")
    runs()
    return tree


# ---- branches and clones ----


def test_a_branch_and_back_runs_nothing_twice(main, runs):
    git(main, "checkout", "-b", "other")
    PRICE(main)
    git(main, "commit", "-am", "price")
    assert runs() == USERS
    git(main, "checkout", "main")
    assert runs() == set()
    git(main, "checkout", "other")
    assert runs() == set()


def test_what_a_branch_has_learnt_and_what_main_has_are_both_proofs(main, runs):
    """A change of main that comes to the branch is proved by main's baseline, the branch's own by the branch's."""
    git(main, "checkout", "-b", "other")
    edit("bodies/heirs.py", '"shut"', '"away"')(main)
    git(main, "commit", "-am", "heirs")
    runs()
    git(main, "checkout", "main")
    PRICE(main)
    git(main, "commit", "-am", "price")
    assert runs() == USERS
    git(main, "checkout", "other")
    git(main, "merge", "main", "-m", "both")
    assert runs() == set()


def test_a_fresh_clone_with_the_baseline_of_another_runs_nothing(main, runs, tmp_path):
    git(tmp_path, "clone", main, "clone")
    shutil.copytree(main / ".dagz", tmp_path / "clone/.dagz")
    assert runs(folder=tmp_path / "clone") == set()
    PRICE(tmp_path / "clone")
    assert runs(folder=tmp_path / "clone") == USERS


# ---- jobs that did not run all, or not to the end ----


def test_a_change_that_is_taken_back_runs_nothing_more_than_was_learnt_on_the_way(tree, runs):
    PRICE(tree)
    assert runs() == USERS
    assert runs() == set()
    price_is("return 1")(tree)
    # One baseline proves one state: whether the older one is still known is not promised, more than its users never run.
    assert runs() <= USERS
    assert runs() == set()


def test_one_test_alone_freshens_no_other(tree, runs):
    PRICE(tree)
    assert runs(DIRECT) == {DIRECT}
    assert runs() == USERS - {DIRECT}
    assert runs() == set()


def test_filters_choose_first_and_of_that_only_the_reached_runs(tree, runs):
    PRICE(tree)
    assert runs("-k", "star or till") == {"bodies/test_users.py::test_star"}
    assert runs("bodies/test_others.py") == set()
    assert runs("bodies/test_second.py") == {"bodies/test_second.py::TestSecond::test_price"}
    assert runs() == USERS - {"bodies/test_users.py::test_star", "bodies/test_second.py::TestSecond::test_price"}


def test_who_failed_runs_until_it_passes(tree, runs, learnt):
    price_is("return 0")(tree)
    first = learnt.job(tree)
    assert first.ran == USERS and first.code == 1
    failed = first.failed()
    # The thread and the child do not look at the price.
    assert len(failed) == len(USERS) - 2
    assert runs() == failed
    price_is("return 5")(tree)
    assert runs() == USERS
    assert runs() == set()


def test_who_is_left_by_the_first_failure_is_due(tree, learnt, runs):
    price_is("return 0")(tree)
    first = learnt.job(tree, "-x")
    assert first.code == 1 and first.failed()
    second = runs()
    assert USERS - first.ran <= second <= USERS
    price_is("return 1")(tree)
    assert runs() == USERS
    assert runs() == set()


def wait_for(path):
    give_up = time.monotonic() + HANG_S
    while not path.exists():
        assert time.monotonic() < give_up, f"{path} does not come"
        time.sleep(0.005)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_who_was_to_run_in_a_job_that_is_ended_runs_in_the_next(number, tree, learnt, runs, tmp_path):
    price_is(f"open({str(tmp_path / 'begun')!r}, 'w').close()\nimport time\ntime.sleep({HANG_S})\nreturn 1")(tree)
    started = start(learnt, tree)
    wait_for(tmp_path / "begun")
    started.send_signal(number)
    started.communicate(timeout=HANG_S)
    # Neither as it was learnt nor as the ended job had it.
    price_is("return 10")(tree)
    assert runs() == USERS
    assert runs() == set()


def start(learnt, tree):
    # A shell without job control hands on SIGINT ignored.
    return subprocess.Popen(
        [EXECUTABLE, "-m", "pytest", "--dagz", "--dagz-workers=2", "-q", "-rA"], cwd=tree, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        env=behaviours.clean_environ(DAGZ_PYTHON=str(learnt.python)),
    )  # fmt: skip


def test_a_file_that_is_edited_while_the_job_runs_reaches_its_readers(tree, learnt, runs, tmp_path):
    (tree / "bodies/test_waits.py").write_text(textwrap.dedent(f"""
        import os, time
        from bodies import shop
        def test_waits():
            open({str(tmp_path / 'begun')!r}, "w").close()
            while not os.path.exists({str(tmp_path / 'go')!r}):
                time.sleep(0.005)
            assert shop.price() == 1
        """))  # fmt: skip
    edit("bodies/shop.py", "return 1", "return 1 + 0")(tree)
    started = start(learnt, tree)
    wait_for(tmp_path / "begun")
    price_is("return 10")(tree)
    (tmp_path / "go").touch()
    out, _ = started.communicate(timeout=HANG_S)
    assert started.returncode == 0, out.decode()
    waits = "bodies/test_waits.py::test_waits"
    assert USERS | {waits} <= runs()
    # It waits for what is there by now, and fails with the new price.
    assert runs() == {waits}


# ---- what is installed ----


def package(site, name, version, text):
    for old in site.glob(f"{name}-*.dist-info"):
        shutil.rmtree(old)
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    (site / f"{name}.py").write_text(text)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "RECORD").write_text(f"{name}.py,sha256={version}x{len(text)},{len(text)}\n{info.name}/METADATA,,\n{info.name}/RECORD,,\n")
    return info


INSTALLED = {
    "pytest.ini": "[pytest]\npythonpath = .\n",
    "shop/__init__.py": "",
    "shop/garden.py": "def grown():\n    import moss\n    return moss.grow()\n\ndef other():\n    return 1\n",
    "shop/plugin.py": "import pytest\n\n@pytest.fixture\ndef plugged():\n    return 1\n",
    "test_users.py": """
        from shop import garden
        def test_grown():
            assert garden.grown()
        def test_in_the_test():
            import moss
            assert moss.grow()
        def test_version():
            import importlib.metadata
            assert importlib.metadata.version("moss")
        def test_other():
            assert garden.other()
        """,
    "test_others.py": "import pytest\n@pytest.mark.parametrize('n', range(10))\ndef test_other(n):\n    assert n < 10\n",
    "test_stone.py": "def test_stone():\n    import stone\n    assert stone.rest()\n",
}
MOSS = {f"test_users.py::test_{name}" for name in ("grown", "in_the_test", "version")}


class Installed:
    """A project whose python has packages of its own beside pytest."""

    def __init__(self, folder, python):
        subprocess.run([python, "-m", "venv", "--without-pip", folder / "venv"], check=True)
        self.python = folder / "venv/bin/python"
        (self.site,) = (folder / "venv/lib").glob("python*/site-packages")
        asked = [python, "-c", "import pytest; print(pytest.__file__)"]
        borrowed = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
        (self.site / "borrowed.pth").write_text(str(os.path.dirname(os.path.dirname(borrowed))) + "\n")
        package(self.site, "moss", "1.0", "def grow():\n    return 1\n")
        package(self.site, "stone", "1.0", "def rest():\n    return 1\n")
        self.tree = folder / "tree"
        for path, text in INSTALLED.items():
            (self.tree / path).parent.mkdir(parents=True, exist_ok=True)
            (self.tree / path).write_text(textwrap.dedent(text))

    def runs(self, **environ):
        job = behaviours.job(self.tree, self.python, 2, environ=environ)
        print(job.out)
        return set(job.ran)


@pytest.fixture(params=PYTHONS if EVERY else PYTHONS[:1], ids=minor)
def installed(request, tmp_path):
    return Installed(tmp_path, request.param)


def test_an_upgraded_package_reaches_who_ran_its_code_or_asked_for_its_version(installed):
    everything = installed.runs()
    assert len(everything) == 15 and installed.runs() == set()
    package(installed.site, "moss", "1.1", "def grow():\n    return 2\n")
    assert installed.runs() == MOSS
    package(installed.site, "stone", "1.1", "def rest():\n    return 2\n")
    assert installed.runs() == {"test_stone.py::test_stone"}
    assert installed.runs() == set()


def test_a_package_that_comes_reaches_nobody_who_has_not_looked_for_it(installed):
    installed.runs()
    package(installed.site, "fern", "1.0", "def grow():\n    return 1\n")
    assert installed.runs() == set()


def test_an_entry_point_of_the_projects_plugin_reaches_all(installed):
    autoload = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": ""}
    everything = installed.runs(**autoload)
    info = package(installed.site, "moss", "1.0", "def grow():\n    return 1\n")
    (info / "entry_points.txt").write_text("[pytest11]\nshop = shop.plugin\n")
    with open(info / "RECORD", "a") as record:
        record.write(f"{info.name}/entry_points.txt,,\n")
    assert installed.runs(**autoload) == everything
    assert installed.runs(**autoload) == set()
    append("shop/plugin.py", "\ndef pytest_runtest_setup(item):\n    pass\n")(installed.tree)
    assert installed.runs(**autoload) == everything
