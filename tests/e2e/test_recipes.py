"""What README tells people to write works: its recipes are read out of it and run.

Containers are played by what is here: an installed tree stands for /opt/dagz, a PID namespace for Docker,
and a pip that borrows this python's pytest for the one that would ask the network.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
README = (TOP / "README.md").read_text()


def block(language, first):
    """The fenced block of that language that begins so."""
    found = [text for text in re.findall(rf"```{language}\n(.*?)```", README, re.S) if text.startswith(first)]
    assert len(found) == 1, f"README has {len(found)} such blocks"
    return found[0]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    stage = tmp_path_factory.mktemp("stage")
    build = pathlib.Path(os.environ.get("DAGZ_EXECUTABLE") or TOP / "build/dagz-python").absolute().parent
    subprocess.run(["meson", "install", "--no-rebuild", "--quiet", "-C", build, "--destdir", stage], check=True)
    (bin,) = stage.rglob("bin")
    return bin.parent


@pytest.fixture
def project(tmp_path):
    shutil.copytree(TOP / "examples/bookshop", tmp_path / "bookshop", ignore=shutil.ignore_patterns(".dagz"))
    return tmp_path / "bookshop"


def environ(**more):
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("DAGZ", "PYTEST", "PYTHON"))}
    return {**clean, **more}


def borrow_pytest(script):
    """`pip install pytest` without the network."""
    site = os.path.dirname(os.path.dirname(pytest.__file__))
    borrow = f"echo {site} > $(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path(\"purelib\"))')/borrowed.pth"
    assert ".venv/bin/pip install pytest" in script
    return script.replace(".venv/bin/pip install pytest", borrow)


def run_script(script, project, installed, **more):
    script = borrow_pytest(script).replace("/opt/dagz", str(installed))
    path = f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-euc", script], cwd=project, env=environ(PATH=path, **more), capture_output=True, text=True
    )


def assert_green(answer, project):
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "= DAGZ =" in answer.stdout
    (suite,) = ElementTree.parse(project / "report.xml").iter("testsuite")
    assert int(suite.get("tests")) == 36 and suite.get("failures") == suite.get("errors") == "0"
    assert (project / ".dagz/durations").exists()


def test_the_gitlab_job(project, installed):
    text = block("yaml", "test:")
    script = "\n".join(re.findall(r"^    - (.*)$", text, re.M))
    variables = dict(re.findall(r"^    ([A-Z_]+): (.*)$", text, re.M))
    assert variables
    assert_green(run_script(script, project, installed, **variables), project)


def test_the_github_job(project, installed):
    lines = block("yaml", "jobs:").partition("- run: |\n")[2]
    script = "\n".join(line.strip() for line in lines.splitlines())
    assert_green(run_script(script, project, installed), project)


@pytest.mark.skipif(
    subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", "true"], capture_output=True).returncode != 0,
    reason="PID namespaces cannot be made here",
)
def test_the_docker_entrypoint(project, installed):
    text = block("dockerfile", "FROM")
    entrypoint = json.loads(re.search(r"^ENTRYPOINT (.*)$", text, re.M).group(1))
    command = json.loads(re.search(r"^CMD (.*)$", text, re.M).group(1))
    argv = [part.replace("/opt/dagz", str(installed)) for part in entrypoint + command]
    answer = subprocess.run(
        ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", *argv], cwd=project,
        env=environ(DAGZ_PYTHON=sys.executable), capture_output=True, text=True)  # fmt: skip
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "36 passed" in answer.stdout and "= DAGZ =" in answer.stdout


def test_the_hook_before_each_commit(project, installed, tmp_path):
    hook = block("sh", "#!/bin/sh").replace("/opt/dagz", str(installed)).replace(".venv/bin/python", sys.executable)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
    subprocess.run([*git, "init", "-q"], cwd=project, check=True)
    (project / ".git/hooks").mkdir(exist_ok=True)
    (project / ".git/hooks/pre-commit").write_text(hook)
    (project / ".git/hooks/pre-commit").chmod(0o755)

    def commit(message):
        subprocess.run([*git, "add", "-A"], cwd=project, check=True)
        answer = subprocess.run(
            [*git, "commit", "--allow-empty", "-m", message], cwd=project, env=environ(), capture_output=True, text=True
        )
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout + answer.stderr

    assert "36 passed" in commit("first")
    isbn = project / "bookshop/isbn.py"
    isbn.write_text(isbn.read_text() + "\n# No change.\n")
    assert "36 proved unaffected" in commit("second")
