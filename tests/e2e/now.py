"""The tree as it is now, as tests/now/now.c tells it."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
EXECUTABLE = pathlib.Path(os.environ.get("DAGZ_EXECUTABLE") or TOP / "build/dagz-python").absolute()
PROGRAM = EXECUTABLE.parent / "tests/now"
PYTHONS = [python for python in os.environ.get("DAGZ_TEST_PYTHONS", "").split(":") if python] or [sys.executable]

KINDS = re.findall(r"\bDZ_INPUT_(\w+)", (TOP / "host/record/inputs.h").read_text().partition("}")[0])
KINDS = [kind.lower() for kind in dict.fromkeys(KINDS)]
ELEMENTS = "module function header annotation docstring class binding effect".split()
ABSENT = b"absent".ljust(16, b"\0").hex()


def element(path, of, name, k=1):
    return ("element", ELEMENTS.index(of), path, name, k)


def source(kind, path, name=""):
    return (kind, 0, path, name, 0)


def at(kind, path, of=0):
    return (kind, of, path, "", 0)


def named(kind, name):
    return (kind, 0, "", name, 0)


class Tree:
    """A folder, and what its inputs are by one python."""

    def __init__(self, folder, python=PYTHONS[0]):
        self.root, self.state, self.python = folder / "tree", folder / "state", python
        self.root.mkdir(parents=True)
        self.state.mkdir()
        self.program = folder / "bin/now"
        self.program.parent.mkdir()
        # It finds its shims beside itself.
        shutil.copy(PROGRAM, self.program)
        for shim in EXECUTABLE.parent.glob("dagz-embed-*.so"):
            (self.program.parent / shim.name).symlink_to(shim)
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(("DAGZ", "PYTHON"))}

    def write(self, path, text=""):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def version(self):
        """3.12"""
        script = "import sys; print('%d.%d' % sys.version_info[:2])"
        return subprocess.run([self.python, "-c", script], capture_output=True, text=True, check=True).stdout.strip()

    def run(self, command, text, env={}):
        answer = subprocess.run(
            [self.program, self.root, self.state, command],
            input=text,
            env={**self.env, "DAGZ_PYTHON": str(self.python), **env},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    def record(self, *inputs, **env):
        lines = ["\t".join(map(str, (KINDS.index(kind), *rest))) for kind, *rest in inputs]
        return self.run("record", "\n".join(lines) + "\n", env)

    def prints(self, *inputs, **env):
        """Their fingerprints; "unknown" where there is none."""
        return [line.split("\t")[5] for line in self.record(*inputs, **env).splitlines() if line[:4] != "look"]

    def changed(self, record, **env):
        """Numbers of the record's inputs that are not what they were."""
        return [int(line) for line in self.run("compare", record, env).split()]
