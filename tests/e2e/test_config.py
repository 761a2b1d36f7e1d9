"""What is declared in `[tool.dagz]`: what no longer selects, and how it comes back; what is refused; `dagz config`."""

import json
import os
import re
import sqlite3
import subprocess
import sys
import textwrap
import time

import pytest
from conftest import EXECUTABLE

PROJECT = {
    "pyproject.toml": "",
    "docs/guide.md": "text",
    "data/table.txt": "1",
    "README.md": "text",
    "made.py": "VERSION = 1\n",
    "test_it.py": """
        import os
        def test_content(): assert open("docs/guide.md").read()
        def test_status(): assert os.stat("docs/guide.md").st_size
        def test_absent(): os.path.exists("docs/other.md")
        def test_listing(): assert os.listdir("docs")
        def test_top(): assert os.listdir(".")
        def test_source():
            import made
            assert made.VERSION
        def test_data(): assert open("data/table.txt").read()
        def test_plain(): pass
    """,
}
SELECTED = re.compile(r"^(\d+) selected, (\d+) proved unaffected", re.M)
ALONE = "nothing to run, pytest was not started"


class Project:
    def __init__(self, suite):
        suite.selects = True
        self.suite, self.folder = suite, suite.folder
        for name, text in PROJECT.items():
            self.put(name, text)

    def put(self, name, text=""):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return self

    def declare(self, text):
        return self.put("pyproject.toml", f"[tool.dagz]\n{text}\n")

    def settle(self):
        last = max(path.lstat().st_ctime_ns for path in [self.folder, *self.folder.rglob("*")])
        while time.clock_gettime_ns(5) <= last:
            time.sleep(0.001)

    def job(self, *options, **how):
        self.settle()
        return self.suite.run(*options, **how)

    def learnt(self, *options):
        ran = self.job(*options)
        assert ran.code == 0 and "this run makes one" in ran.out, ran
        return self

    def ran(self, *options):
        """Names of the tests that a job has run."""
        ran = self.job(*options)
        assert SELECTED.search(ran.out), ran
        return {name.partition("::")[2] for name, told in ran.outcomes.items() if told}

    def dagz(self, *words, env=None):
        self.settle()
        return subprocess.run(
            ["dagz", *words], executable=EXECUTABLE, cwd=self.folder, capture_output=True, text=True,
            env={"PATH": "/usr/bin:/bin", "DAGZ_PYTHON": sys.executable, **(env or {})},
        )  # fmt: skip

    def change_docs(self):
        (self.folder / "README.md").unlink()
        return self.put("docs/guide.md", "another text").put("docs/other.md").put("NOTES.md")


@pytest.fixture
def project(suite):
    return Project(suite)


OF_DOCS = {"test_content", "test_status", "test_absent", "test_listing", "test_top"}


# ---- ignore ----


def test_changes_of_ignored_paths_select_nothing_whatever_was_looked_at(project):
    project.declare('ignore = ["docs/**", "*.md"]').learnt().change_docs()
    assert project.ran() == set()
    ran = project.job()
    assert ALONE in ran.out and "  ignored: 5 inputs by [tool.dagz] ignore" in ran.out, ran


def test_without_being_declared_they_select(project):
    project.learnt().change_docs()
    assert project.ran() == OF_DOCS


def test_a_declaration_counts_from_the_next_job_on_and_for_what_was_learnt_before(project):
    project.learnt().change_docs().declare('ignore = ["docs/**", "*.md"]')
    assert project.ran() == set()


def test_what_is_declared_no_longer_selects_what_it_had_hidden(project):
    project.declare('ignore = ["docs/**", "*.md"]').learnt().change_docs()
    assert project.ran() == set()
    assert ALONE in project.job().out
    project.declare('ignore = ["*.md"]')
    assert project.ran() == OF_DOCS - {"test_top"}
    project.put("pyproject.toml", "")
    # The listing is another one than the one that it had when it was learnt.
    assert project.ran() == {"test_top"}


def test_what_is_not_ignored_selects_all_the_same(project):
    project.declare('ignore = ["docs/**", "*.md"]').learnt().change_docs()
    project.put("data/table.txt", "2").put("top.txt")
    assert project.ran() == {"test_data", "test_top"}


def test_an_ignored_source_selects_nothing_and_costs_no_sheet(project):
    project.declare('ignore = ["made.py"]').learnt().put("made.py", "VERSION = 2\nimport os\nos.environ['X'] = ''\n")
    sheets = len(list(project.folder.glob(".dagz/sheets/*/*")))
    assert project.ran() == set()
    assert len(list(project.folder.glob(".dagz/sheets/*/*"))) == sheets
    project.put("pyproject.toml", "")
    assert "test_source" in project.ran()


def test_a_test_that_is_new_runs_wherever_it_lies(project):
    project.declare('ignore = ["tests/**"]').put("tests/test_old.py", "def test_old(): pass\n").learnt()
    project.put("tests/test_new.py", "def test_new(): pass\n")
    assert project.ran() == {"test_new"}


def test_an_ignored_file_that_is_written_while_the_job_runs_makes_nothing_unprovable(project):
    project.put(
        "test_it.py",
        """
        import pathlib
        LOG = pathlib.Path("log.txt")
        def test_log(): LOG.write_text(LOG.read_text() + "more")
        def test_reads(): LOG.read_text()
        """,
    ).put("log.txt", "begin").learnt()
    assert "test_log" in project.ran()
    project.declare('ignore = ["log.txt"]')
    assert "test_log" in project.ran()
    assert project.ran() == set()
    assert ALONE in project.job().out
    # What was read then is not known: so it has changed as soon as it counts.
    project.put("pyproject.toml", "")
    assert project.ran() == {"test_log", "test_reads"}


def test_settings_that_are_ignored_are_read_all_the_same(project):
    """The host may answer alone only while what pytest and DAGZ read is as it was."""
    project.declare('ignore = ["*.toml", "docs/**"]').learnt().put("docs/guide.md", "another text")
    assert project.ran() == set()
    assert ALONE in project.job().out
    project.declare('ignore = ["*.toml"]')
    assert project.ran() >= {"test_content", "test_status"}


def test_pyproject_outside_of_what_is_read_selects_nothing(project):
    project.declare('ignore = ["docs/**"]').learnt()
    project.put("pyproject.toml", '[project]\nname = "it"\n[tool.dagz]\nignore = ["docs/**"]\n[tool.other]\nx = 1\n')
    assert project.ran() == set()


def test_with_another_ini_file_the_table_counts_too(project):
    project.put("pytest.ini", "[pytest]\n").declare('ignore = ["docs/**", "*.md"]').learnt().change_docs()
    assert project.ran() == set()


def test_an_audit_does_not_take_what_is_ignored_for_another_dependency(project):
    project.learnt().change_docs().put("test_it.py", PROJECT["test_it.py"] + "    def test_more(): pass\n")
    project.declare('ignore = ["docs/**", "*.md"]')
    ran = project.job("--dagz-audit=100")
    assert ran.code == 0 and "audit" in ran.out and "depended on something else" not in ran.out, ran


def test_a_miss_by_what_is_declared_says_that_it_may_be_so(project):
    project.put("test_it.py", "def test_it(): assert open('data/table.txt').read() == '1'\ndef test_b(): pass\n")
    project.declare('ignore = ["data"]').learnt().put("data/table.txt", "2").put("test_new.py", "def test_new(): pass\n")
    ran = project.job("--dagz-audit=100")
    assert ran.code == 1 and "proof of test_it.py::test_it: " in ran.out, ran
    assert re.search(r"^  of these \d+ (is|are) passed over, as \[tool.dagz\] declares$", ran.out, re.M), ran


# ---- external ----


def test_a_database_that_is_declared_external_is_taken_as_constant(project):
    database = project.folder / "test.db"
    with sqlite3.connect(database) as connection:
        connection.execute("create table t (x)")
    connection.close()
    project.put(
        "test_it.py",
        """
        import sqlite3
        def test_reads():
            connection = sqlite3.connect("test.db")
            assert connection.execute("select count(*) from t").fetchone()
            connection.close()
        def test_plain(): pass
        """,
    ).declare('external = ["./test.db", "redis:6379"]').learnt()
    with sqlite3.connect(database) as connection:
        connection.execute("insert into t values (1)")
    connection.close()
    assert project.ran() == set()
    ran = project.job()
    assert ALONE in ran.out and re.search(r"^  external: \d inputs? taken as constant$", ran.out, re.M), ran
    told = project.dagz("select", "--trace")
    assert "changed and taken as constant by [tool.dagz] external" in told.stderr
    assert "  content test.db\n" in told.stderr
    assert "external, taken as constant: ./test.db, redis:6379\n" in told.stderr
    project.declare('external = ["redis:6379"]')
    assert project.ran() == {"test_reads"}


def test_a_name_without_a_slash_is_of_no_path(project):
    project.put("redis.py", "X = 1\n").put("test_it.py", "import redis\ndef test_x(): assert redis.X\n")
    project.declare('external = ["redis.py", "redis", "http://redis"]').learnt().put("redis.py", "X = 2\n")
    assert project.ran() == {"test_x"}


# ---- what commands say ----


def test_select_tells_what_is_ignored_and_declares_it_in_json(project):
    project.declare('ignore = ["docs/**"]\nexternal = ["postgres"]').learnt().put("docs/guide.md", "another text")
    told = project.dagz("select", "--trace")
    assert told.returncode == 0 and told.stdout == "", told
    assert "0 selected, 8 proved unaffected\n2 inputs changed and ignored by [tool.dagz] ignore\n" in told.stderr, told
    assert "  content docs/guide.md\n" in told.stderr and "  status docs/guide.md\n" in told.stderr, told
    found = json.loads(project.dagz("select", "--json").stdout)
    assert found["selected"] == [] and found["skipped"] == 8
    assert sorted(found["ignored"]) == ["content docs/guide.md", "status docs/guide.md"]
    assert (found["constant"], found["external"]) == ([], ["postgres"])


def test_why_not_names_what_would_select_the_test(project):
    project.declare('ignore = ["docs/**"]\nexternal = ["postgres"]').learnt().put("docs/guide.md", "another text")
    lines = project.dagz("why-not", "test_it.py::test_content").stdout.splitlines()
    assert "  ignored by [tool.dagz] ignore: content docs/guide.md has changed" in lines
    assert "  taken as constant, as declared external: postgres" in lines
    assert not any("has changed" in line for line in project.dagz("why-not", "test_it.py::test_plain").stdout.splitlines()[2:])


def test_commands_take_what_the_file_says_now_and_not_what_the_last_job_took(project):
    project.learnt().put("docs/guide.md", "another text")
    assert len(json.loads(project.dagz("select", "--json").stdout)["selected"]) == 2
    project.declare('ignore = ["docs/**"]')
    assert json.loads(project.dagz("select", "--json").stdout)["selected"] == []


# ---- what is refused ----

WRONG = {
    'ignor = ["docs"]': "has no 'ignor': did you mean 'ignore'?",
    "workers = 4": "has no 'workers': that is an option, for addopts or the command line, --dagz-workers",
    "x = 4": "has no 'x': there are 'ignore' and 'external'",
    'ignore = "docs"': "ignore = 'docs': a list of strings is expected, as [\"docs/**\", \"*.md\"]",
    "external = [1]": "external = [1]: a list of strings is expected, as [\"postgres\", \"./var/test.db\"]",
    'ignore = ["/docs"]': "ignore: '/docs' is not below the rootdir",
    'ignore = ["a/../docs"]': "ignore: 'a/../docs' leads up",
    'ignore = ["**/*"]': "ignore: '**/*' stands for everything",
    'ignore = [""]': "ignore: '' is no glob of paths",
    'external = [" "]': "external: ' ' is no name",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_a_usage_error_of_jobs_and_commands(project, text):
    project.learnt().declare(text)
    ran = project.job()
    assert ran.code == 4 and f"ERROR: {project.folder}/pyproject.toml: [tool.dagz] {WRONG[text]}" in ran.out, ran
    told = project.dagz("select")
    assert (told.returncode, told.stdout) == (2, ""), told
    assert told.stderr.startswith(f"dagz: {project.folder}/pyproject.toml: [tool.dagz] {WRONG[text]}"), told


@pytest.mark.parametrize("text, said", [("[tool]\ndagz = 1\n", "tool.dagz is to be a table, [tool.dagz]"), ("[tool.dagz\n", "(")])
def test_a_table_that_is_none_and_a_file_that_is_no_toml_are_usage_errors(project, text, said):
    project.put("pytest.ini", "[pytest]\n").learnt().put("pyproject.toml", text)
    ran, told = project.job(), project.dagz("why", "test_it.py::test_plain")
    assert ran.code == 4 and f"ERROR: {project.folder}/pyproject.toml: " in ran.out and said in ran.out, ran
    assert told.returncode == 2 and told.stderr.startswith(f"dagz: {project.folder}/pyproject.toml: "), told


def test_a_pytest_that_is_no_job_does_not_mind(project):
    project.declare("x = 1")
    assert project.job("--dagz-workers=0").code == 0


# ---- dagz config ----


def config(project, **env):
    told = project.dagz("config", "--json", env=env)
    return told.returncode, json.loads(told.stdout)


def values(found):
    return {name: row["value"] for name, row in found.items() if name != "baselines"}


def test_config_tells_what_is_in_force_and_where_it_comes_from(project):
    project.declare('ignore = ["docs/**", "*.md"]\nexternal = ["redis"]').put("pytest.ini", "[pytest]\n").learnt()
    code, found = config(project, DAGZ_PROBE="none", PYTEST_ADDOPTS="-v")
    assert code == 0
    told = values(found)
    state = str(project.folder / ".dagz")
    assert (told["rootdir"], told["inifile"], told["state"]) == (str(project.folder), f"{project.folder}/pytest.ini", state)
    assert told["python"] == sys.executable
    assert found["python"]["from"] == f"CPython {sys.version_info[0]}.{sys.version_info[1]}, named by DAGZ_PYTHON"
    assert told["probe"] == "none" and found["probe"]["from"] == "DAGZ_PROBE"
    assert told["ignore"] == ["docs/**", "*.md"] and told["external"] == ["redis"]
    assert found["ignore"]["from"] == "[tool.dagz] of pyproject.toml"
    assert re.fullmatch("auto = [0-9]+", told["workers"]) and "by affinity" in found["workers"]["from"]
    assert (told["branch"], told["profile"], told["base"]) == ("no-git", "none", "none")
    assert told["last job"] == "j1" and found["last job"]["from"].startswith("8 to run, 0 left out: ")
    assert told["DAGZ_PROBE"] == "none" and told["PYTEST_ADDOPTS"] == "-v"
    [baseline] = found["baselines"]
    assert baseline["value"] == f"no-git@{sys.version_info[0]}.{sys.version_info[1]}@{told['key']}"
    assert re.fullmatch(r"8 tests, [0-9.]+ MB, \d+ s old: a job starts from it", baseline["from"])
    assert "baselines" in found["on disk"]["from"] and "sheets" in found["on disk"]["from"]


def test_config_tells_why_a_baseline_is_not_used(project):
    """What to look at when nothing is left out."""
    project.learnt().job("--dagz-profile=slow")
    project.job("-W", "error")
    _, found = config(project)
    reasons = sorted(row["from"].partition(": ")[2] for row in found["baselines"])
    assert reasons == ["a job starts from it", "not used: of other settings", "not used: of profile slow"]
    assert found["baselines"][0]["from"].endswith("a job starts from it")
    assert found["last job"]["from"] == "8 to run, 0 left out: everything runs: no baseline is of these settings yet"


def test_a_baseline_that_is_damaged_is_told_as_such(project):
    project.learnt()
    [path] = project.folder.glob(".dagz/baselines/*")
    path.write_bytes(path.read_bytes()[:100])
    _, found = config(project)
    assert found["baselines"][0]["from"].startswith("not usable (")


def test_looking_at_a_baseline_is_no_use_of_it(project):
    project.learnt()
    [path] = project.folder.glob(".dagz/baselines/*")
    long_ago = time.time() - 100 * 86400
    os.utime(path, (long_ago, long_ago))
    config(project)
    assert path.stat().st_atime == pytest.approx(long_ago)


def test_config_for_people_is_aligned_and_on_one_screen(project):
    project.learnt()
    lines = project.dagz("config").stdout.splitlines()
    assert len(lines) <= 24
    assert {line[:11].strip() for line in lines} >= {"rootdir", "python", "workers", "key", "baseline", "on disk", "DAGZ_PYTHON"}
    assert all(line[11] == " " and line[12] != " " for line in lines)


def test_where_no_job_has_run_config_tells_what_can_be_told(project):
    code, found = config(project)
    assert code == 0 and found["state"]["value"] == "none" and found["inifile"]["value"] == "unknown"
    assert found["rootdir"] == {"value": str(project.folder), "from": "this folder, as there is no .dagz"}
    assert found["python"]["value"] == sys.executable and found["baselines"] == []


def test_config_without_a_usable_python_says_so_and_fails(project):
    project.learnt()
    code, found = config(project, DAGZ_PYTHON="/nowhere/python")
    assert code == 1 and found["python"]["value"] == "none" and "/nowhere/python" in found["python"]["from"]


def test_config_with_a_wrong_declaration_says_what_is_wrong_and_is_a_usage_error(project):
    code, found = config(project.learnt().declare("x = 1"))
    assert code == 2 and "has no 'x'" in found["[tool.dagz]"]["from"]
    assert project.dagz("config", "--nothing").returncode == 2
