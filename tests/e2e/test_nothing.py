"""A job with nothing to run starts no python; whatever could make a difference does start one."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from xml.etree import ElementTree

import pytest

PROJECT = {
    "pytest.ini": "[pytest]\n",
    "conftest.py": "",
    "lib.py": "def one(): return 1\n",
    "tests/conftest.py": "import pytest\n@pytest.fixture\ndef number(): return 1\n",
    "tests/test_a.py": "import lib\ndef test_one(): assert lib.one() == 1\ndef test_plain(): pass\n",
    "tests/deep/test_b.py": "def test_number(number): assert number\n",
    "tests/notes.dat": "",
}
# Each python of the environment that starts leaves a line.
MARKING = "import os\nopen(os.environ['MARK'], 'a').write('started\\n')\n"
ALONE = re.compile(r"^nothing to run, pytest was not started: [0-9.]+ s wall$", re.M)


class Project:
    def __init__(self, suite, box):
        suite.selects = True
        self.suite, self.folder, self.box = suite, suite.folder, box
        self.mark = box / "mark"
        (box / "site").mkdir()
        (box / "site" / "sitecustomize.py").write_text(MARKING)
        for name, text in PROJECT.items():
            self.put(name, text)
        self.settle()

    def put(self, name, text=""):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))

    def settle(self):
        """Until what is written next is dated later than what was written last."""
        last = max(path.lstat().st_ctime_ns for path in [self.folder, *self.folder.rglob("*")])
        while time.clock_gettime_ns(5) <= last:
            time.sleep(0.001)

    def job(self, *options, env=None, **how):
        """The job, with how many pythons it has started."""
        self.mark.unlink(missing_ok=True)
        env = {"MARK": str(self.mark), "PYTHONPATH": str(self.box / "site"), **(env or {})}
        ran = self.suite.run(*options, env=env, **how)
        ran.n_pythons = len(self.mark.read_text().splitlines()) if self.mark.exists() else 0
        assert bool(ALONE.search(ran.out)) == (ran.n_pythons == 0), (ran.n_pythons, ran)
        return ran

    def learn(self, *options, **how):
        ran = self.job(*options, **how)
        assert ran.code == 0 and ran.n_pythons, ran
        return self

    def known(self, *options, **how):
        """Learnt, and answered once without a python."""
        self.learn(*options, **how)
        ran = self.job(*options, **how)
        assert ran.code == 0 and not ran.n_pythons, ran
        self.settle()
        return self


@pytest.fixture
def project(suite, tmp_path):
    (tmp_path / "box").mkdir()
    return Project(suite, tmp_path / "box")


# ---- what is said ----


def test_a_second_job_without_changes_starts_no_python_and_says_how_many_are_left_out(project):
    ran = project.known().job()
    assert ran.code == 0 and "0 selected, 3 proved unaffected (baseline " in ran.out, ran
    assert re.fullmatch(r"=+ 3 proved unaffected in [0-9.]+s =+", ran.out.splitlines()[-1]), ran
    assert all(len(line) == 80 for line in ran.out.splitlines() if line.startswith("=")), ran


def test_under_q_the_block_is_the_same(project):
    ran = project.known("-q").job("-q")
    assert "0 selected, 3 proved unaffected (baseline " in ran.out, ran
    assert re.fullmatch(r"3 proved unaffected in [0-9.]+s", ran.out.splitlines()[-1]), ran


def test_under_qq_the_block_stands_alone(project):
    ran = project.known("-qq").job("-qq")
    assert ran.out.splitlines()[-1].startswith("0 selected, 3 proved unaffected"), ran


def test_colour_is_as_asked_for(project):
    ran = project.known("--color=yes").job("--color=yes")
    assert ran.out.splitlines()[-1].startswith("\033[32m="), ran


def test_the_host_writes_the_empty_junit_file_as_pytest_does(project):
    project.learn()
    folder = project.box / "new" / "folder"
    option = f"--junitxml={folder / 'report.xml'}"
    # By pytest, with nothing to run.
    assert project.job(option).n_pythons
    theirs = ElementTree.parse(folder / "report.xml").getroot()
    shutil.rmtree(folder.parent)
    ran = project.job(option)
    assert not ran.n_pythons and f"generated xml file: {folder / 'report.xml'} -" in ran.out, ran
    ours = ElementTree.parse(folder / "report.xml").getroot()
    measured = {"time", "timestamp"}
    for one, other in zip(ours.iter(), theirs.iter(), strict=True):
        assert one.tag == other.tag and {*one.attrib} == {*other.attrib} | ({"name"} & {*one.attrib})
        assert all(one.get(name) == value for name, value in other.attrib.items() if name not in measured)


def test_an_unwritable_junit_file_is_left_to_pytest(project):
    project.learn()
    option = f"--junitxml={project.box / 'report.xml'}"
    project.job(option)
    (project.box / "report.xml").unlink()
    (project.box / "report.xml").mkdir()
    assert project.job(option).n_pythons


@pytest.mark.skipif(not shutil.which("strace"), reason="no strace")
def test_nothing_of_python_is_opened_or_executed(project):
    trace = project.box / "trace"
    project.known().job(under=("strace", "-f", "-e", "trace=execve,openat,open", "-o", str(trace)))
    lines = [line for line in trace.read_text().splitlines() if " = -1 " not in line]
    assert len([line for line in lines if "execve(" in line]) == 1, lines
    opened = [re.search(r'"([^"]*)"', line)[1] for line in lines if "open" in line and '"' in line]
    assert not [path for path in opened if "libpython" in path or "dagz-embed" in path or path.endswith(".py")], opened


def test_a_job_that_has_run_nothing_is_enough_to_know_the_command(project):
    project.learn()
    ran = project.job("tests")
    assert ran.n_pythons and "0 selected, 3 proved" in ran.out, ran
    assert not project.job("tests").n_pythons


# ---- what changes nothing ----


def touch(project):
    os.utime(project.folder / "lib.py", (1, 1))


def comment(project):
    project.put("lib.py", "# A comment.\ndef one(): return 1\n")


def add_data(project):
    project.put("tests/more.dat", "data")


def add_passing_variable(project):
    project.env = {"GITHUB_RUN_ID": "123"}


@pytest.mark.parametrize("change", [touch, comment, add_data, add_passing_variable], ids=lambda one: one.__name__)
def test_what_makes_no_difference_starts_no_python(project, change):
    project.known()
    change(project)
    ran = project.job(env=getattr(project, "env", None))
    assert not ran.n_pythons and "0 selected, 3 proved" in ran.out, ran


# ---- what makes python start ----


def new_test_file(project):
    project.put("tests/test_new.py", "def test_new(): pass\n")
    return "1 passed"


def new_test_file_far_below(project):
    project.put("tests/deep/test_new.py", "def test_new(): pass\n")
    return "1 passed"


def new_folder(project):
    project.put("tests/more/test_new.py", "def test_new(): pass\n")
    return "1 passed"


def new_folder_elsewhere(project):
    project.put("others/test_new.py", "def test_new(): pass\n")
    return "1 passed"


def new_link(project):
    project.put("../away/test_new.py", "def test_new(): pass\n")
    (project.folder / "tests" / "link").symlink_to(project.folder.parent / "away")
    return "1 passed"


def new_conftest(project):
    project.put("tests/deep/conftest.py", "import pytest\n@pytest.fixture\ndef number(): return 0\n")
    return "1 failed"


def changed_ini(project):
    project.put("pytest.ini", "[pytest]\npython_functions = test_ check_\n")


def new_ini_of_higher_rank(project):
    project.put("pytest.toml", "[pytest]\n")


def new_ini_above(project):
    (project.folder / "pytest.ini").unlink()
    (project.folder.parent / "pytest.ini").write_text("[pytest]\n")


def changed_conftest(project):
    project.put("tests/conftest.py", "import pytest\n@pytest.fixture\ndef number(): return 0\n")
    return "1 failed"


def changed_source(project):
    project.put("lib.py", "def one(): return 2\n")
    return "1 failed"


def changed_test(project):
    project.put("tests/deep/test_b.py", "def test_number(number): assert not number\n")
    return "1 failed"


def removed_test_file(project):
    (project.folder / "tests/deep/test_b.py").unlink()
    return "0 selected, 2 proved unaffected"


def removed_folder(project):
    shutil.rmtree(project.folder / "tests/deep")
    return "0 selected, 2 proved unaffected"


def record_of(project):
    (found,) = (project.folder / ".dagz" / "invocations").iterdir()
    return found


def damaged_record(project):
    path = record_of(project)
    bytes = bytearray(path.read_bytes())
    bytes[len(bytes) // 2] ^= 0x40
    path.write_bytes(bytes)


def truncated_record(project):
    path = record_of(project)
    path.write_bytes(path.read_bytes()[:-20])


def empty_record(project):
    record_of(project).write_bytes(b"")


def record_of_another_dagz(project):
    path = record_of(project)
    bytes = bytearray(path.read_bytes())
    bytes[8] ^= 1
    path.write_bytes(bytes)


def folder_in_place_of_the_record(project):
    path = record_of(project)
    path.unlink()
    path.mkdir()


def removed_baseline(project):
    shutil.rmtree(project.folder / ".dagz" / "baselines")
    return "3 passed"


def damaged_baseline(project):
    for path in (project.folder / ".dagz" / "baselines").iterdir():
        path.write_bytes(b"x" * 100)
    return "3 passed"


CHANGES = [
    new_test_file, new_test_file_far_below, new_folder, new_folder_elsewhere, new_link, new_conftest, changed_ini,
    new_ini_of_higher_rank, new_ini_above, changed_conftest, changed_source, changed_test, removed_test_file,
    removed_folder, damaged_record, truncated_record, empty_record, record_of_another_dagz,
    folder_in_place_of_the_record, removed_baseline, damaged_baseline,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda one: one.__name__)
def test_what_may_make_a_difference_starts_python(project, change):
    project.known()
    told = change(project)
    ran = project.job()
    assert ran.n_pythons and (told or "") in ran.out, ran
    assert ran.code == (1 if told and "failed" in told else 0), ran


@pytest.mark.parametrize(
    "env",
    [
        {"PYTEST_ADDOPTS": "-v"}, {"PYTEST_PLUGINS": "lib"}, {"DAGZ_PROBE": "none"}, {"LANG": "C"}, {"TZ": "Asia/Tokyo"},
        {"PYTHONHASHSEED": "3"}, {"PYTHONPATH": "."}, {"HOME": "/"},
    ],
    ids=lambda env: next(iter(env)),
)  # fmt: skip
def test_another_environment_starts_python(project, env):
    project.known()
    (project.folder / "sitecustomize.py").write_text(MARKING)
    assert project.job(env=env).n_pythons


@pytest.mark.parametrize("options", [("-v",), ("tests",), ("-k", "one"), ("--dagz-all",), ("--lf",), ("-p", "lib")])
def test_another_command_starts_python(project, options):
    assert project.known().job(*options).n_pythons


def test_another_folder_to_start_in_starts_python(project):
    project.known()
    assert not project.job(f"--rootdir={project.folder}").code
    project.suite.folder = project.folder / "tests"
    assert project.job().n_pythons


def test_a_variable_that_the_load_reads_starts_python_when_it_is_another(project):
    project.put("conftest.py", "import os\nLEVEL = os.environ.get('LEVEL')\n")
    project.settle()
    project.known(env={"LEVEL": "1"})
    assert project.job(env={"LEVEL": "2"}).n_pythons


def test_a_file_that_the_load_looks_for_starts_python_when_it_appears(project):
    project.put("conftest.py", "import os\nHAS = os.path.exists(os.path.join(os.path.dirname(__file__), 'flag'))\n")
    project.settle()
    project.known()
    project.put("flag")
    assert project.job().n_pythons


# ---- what is never answered without pytest ----


HOOK = "def {}({}): open('left', 'w').close()\n"


@pytest.mark.parametrize(
    "hook, arguments",
    [("pytest_sessionfinish", "session"), ("pytest_terminal_summary", "terminalreporter"), ("pytest_unconfigure", "config")],
)  # fmt: skip
def test_a_project_that_has_a_say_at_the_end_of_a_session_has_it(project, hook, arguments):
    project.put("conftest.py", HOOK.format(hook, arguments))
    project.settle()
    project.learn()
    for _ in range(2):
        (project.folder / "left").unlink()
        ran = project.job()
        assert ran.n_pythons and (project.folder / "left").exists(), ran


@pytest.mark.parametrize("option", ["--lf", "--ff", "--nf", "--cache-clear", "--debug", "--dagz-all", "--dagz-audit=50"])
def test_an_option_that_wants_more_of_pytest_starts_python_each_time(project, option):
    project.learn(option)
    for _ in range(2):
        assert project.job(option).n_pythons


def test_a_log_file_is_pytests_to_write(project):
    project.put("pytest.ini", "[pytest]\nlog_file = told.log\n")
    project.settle()
    project.learn()
    for _ in range(2):
        assert project.job().n_pythons


def test_a_failed_test_keeps_python_starting_until_it_passes(project):
    project.put("tests/test_a.py", "import os\ndef test_one(): assert not os.path.exists('broken')\n")
    project.put("broken")
    project.settle()
    for _ in range(2):
        ran = project.job()
        assert ran.code == 1 and ran.n_pythons, ran
    (project.folder / "broken").unlink()
    assert project.job().n_pythons
    assert not project.job().n_pythons


def test_a_session_that_ends_badly_is_no_answer_for_the_next(project):
    project.put("conftest.py", """
        import os
        def pytest_configure(config):
            if os.path.exists(os.environ["BAD"]):
                config.add_cleanup(lambda: os._exit(7))
    """)  # fmt: skip
    project.settle()
    bad = project.box / "bad"
    bad.write_text("")
    env = {"BAD": str(bad)}
    for _ in range(2):
        ran = project.job(env=env)
        assert ran.code == 7 and ran.n_pythons, ran


def test_a_suite_without_tests_stays_exit_code_5(suite, tmp_path):
    (tmp_path / "box").mkdir()
    project = Project(suite, tmp_path / "box")
    shutil.rmtree(project.folder / "tests")
    for _ in range(3):
        ran = project.job()
        assert ran.code == 5 and ran.n_pythons, ran


def test_a_file_that_came_while_the_job_ran_is_looked_at_by_the_next(project):
    project.put("tests/test_a.py", """
        def test_one():
            with open("tests/test_made.py", "w") as file:
                file.write("def test_made(): assert 0\\n")
    """)  # fmt: skip
    project.settle()
    assert project.job().code == 0
    ran = project.job()
    assert ran.n_pythons and "test_made" in ran.out and ran.code == 1, ran


# ---- environments ----


@pytest.fixture(scope="module")
def venv(tmp_path_factory):
    """An environment of its own that sees this one's packages."""
    folder = tmp_path_factory.mktemp("venv") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, capture_output=True)
    (packages,) = folder.glob("lib/python3*/site-packages")
    packages.joinpath("seen.pth").write_text(str(pathlib.Path(pytest.__file__).parents[1]) + "\n")
    return folder, packages


def test_a_distribution_that_is_installed_starts_python(project, venv):
    folder, packages = venv
    env = {"DAGZ_PYTHON": str(folder / "bin" / "python")}
    project.known(env=env)
    (packages / "new-1.0.dist-info").mkdir()
    (packages / "new-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: new\nVersion: 1.0\n")
    assert project.job(env=env).n_pythons
    assert not project.job(env=env).n_pythons
    shutil.rmtree(packages / "new-1.0.dist-info")


@pytest.mark.parametrize("name, text", [("new.pth", "\n"), ("sitecustomize.py", MARKING)])
def test_what_python_reads_as_it_starts_starts_python(project, venv, name, text):
    folder, packages = venv
    env = {"DAGZ_PYTHON": str(folder / "bin" / "python")}
    project.known(env=env)
    (packages / name).write_text(text)
    assert project.job(env=env).n_pythons
    (packages / name).unlink()


def test_another_pyvenv_cfg_starts_python(project, venv):
    folder, _ = venv
    env = {"DAGZ_PYTHON": str(folder / "bin" / "python")}
    project.known(env=env)
    with open(folder / "pyvenv.cfg", "a") as file:
        file.write("prompt = other\n")
    assert project.job(env=env).n_pythons


# ---- what goes wrong ----


def test_who_looks_may_be_killed(project):
    report = project.box / "report.xml"
    project.known(f"--junitxml={report}")
    report.unlink()
    # There it waits for a reader.
    os.mkfifo(report)
    env = {"MARK": str(project.mark), "PYTHONPATH": str(project.box / "site")}
    process = project.suite.start(f"--junitxml={report}", env=env)
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while not (found := children.read_text().split()):
        pass
    while pathlib.Path(f"/proc/{found[0]}/comm").read_text() != "dagz-nothing\n":
        pass
    os.kill(int(found[0]), signal.SIGKILL)
    while pathlib.Path(f"/proc/{found[0]}").exists():
        pass
    told = report.read_text()
    ran = project.suite.end(process)
    assert ran.code == 0 and "0 selected, 3 proved" in ran.out and 'tests="0"' in told, (ran, told)
    assert not ALONE.search(ran.out), ran


def test_a_state_that_lies_elsewhere_has_its_records_there(project):
    env = {"DAGZ_DIR": str(project.box / "state")}
    project.known(env=env)
    assert not (project.folder / ".dagz").exists() and (project.box / "state" / "invocations").exists()
