"""The real projects that prove DAGZ: fetches each into an environment of its own, pinned.

    suites.py fetch [NAME…] [--python 3.11,3.12]    unpack and install what suites.toml pins
    suites.py pin NAME [--python …]                 resolve the requirements anew, print the pins

An environment is one suite on one CPython minor ("click-3.11"), or with an older pytest
("jinja2-3.11-pytest7.2"): its own unpacked tree, its own venv, all of it below DAGZ_SUITES.
Nothing is shared between two environments, so a test that writes into its tree spoils one only.
"""

import argparse
import contextlib
import dataclasses
import fcntl
import glob
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
CHECKOUT = HERE.parent.parent
TABLE = HERE / "suites.toml"


@dataclasses.dataclass(frozen=True)
class Environment:
    """One suite, installed for one Python: where it is and how its tests are run."""

    suite: str
    variant: str
    version: str
    folder: pathlib.Path
    options: tuple
    order_dependent: dict
    unstable: dict

    @property
    def name(self):
        return f"{self.suite}-{self.variant}"

    @property
    def python(self):
        return self.folder / "venv/bin/python"

    @property
    def tree(self):
        return self.folder / "tree"

    @property
    def scratch(self):
        """Where runs write. Not in the checkout: black looks upwards from its temporary files for a
        project, and would heed our .gitignore."""
        mark = hashlib.sha256(str(self.folder).encode()).hexdigest()[:8]
        return pathlib.Path(tempfile.gettempdir(), f"dagz-oracle-{mark}", self.name)

    @property
    def minor(self):
        return self.variant.split("-")[0]


def whole_table():
    with open(TABLE, "rb") as file:
        return tomllib.load(file)


def table():
    return {name: row for name, row in whole_table().items() if isinstance(row, dict)}


def build_pins():
    return whole_table()["build"]


def cache():
    return pathlib.Path(os.environ.get("DAGZ_SUITES") or CHECKOUT / "build/suites").absolute()


def environment(suite, variant):
    row = table()[suite]
    return Environment(
        suite=suite,
        variant=variant,
        version=row.get("version", ""),
        folder=cache() / f"{suite}-{variant}",
        options=(*row.get("options", ()), *row.get("more_options", {}).get(variant, ())),
        order_dependent=row.get("order_dependent", {}),
        unstable=row.get("unstable", {}),
    )


def environments(names=None, minors=None):
    """Every pinned environment of a project, small ones first, of these names and variants."""
    return [
        environment(suite, variant)
        for suite, row in table().items()
        for variant in row.get("pins", {})
        if "version" in row or (names and suite in names)
        if not names or suite in names or f"{suite}-{variant}" in names
        if not minors or variant in minors
    ]


def interpreter(minor):
    """A python of this minor version: from PATH, else from where pyenv keeps its own."""
    pyenv = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    candidates = sorted(glob.glob(f"{pyenv}/versions/{minor}.*/bin/python{minor}"))
    candidates += filter(None, [shutil.which(f"python{minor}")])
    for candidate in candidates:
        # A pyenv shim may be on PATH and refuse: only an answer counts.
        asked = [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        answer = subprocess.run(asked, capture_output=True, text=True)
        if answer.returncode == 0 and answer.stdout.strip() == minor:
            return candidate
    return None


def usual():
    """The minor version that a bench of one takes."""
    return next(filter(interpreter, ("3.12", "3.13", "3.11")), "3.12")


def unpack(row, suite, into, python):
    """Fetches the source package, with its tests, and unpacks it as INTO. Debian keeps pip out of its
    own python: the one of the new environment is asked."""
    with tempfile.TemporaryDirectory() as box:
        # --no-binary NAME, not :all:, takes what it is built with as wheels: the same file, sooner.
        subprocess.run(
            [python, "-m", "pip", "download", "-qq", "--no-deps", "--no-binary", suite,
             "--dest", box, f"{suite}=={row['version']}"], check=True)  # fmt: skip
        (archive,) = pathlib.Path(box).glob("*.tar.gz")
        with tarfile.open(archive) as tar:
            tar.extractall(box, filter="data")
        (tree,) = [path for path in pathlib.Path(box).iterdir() if path.is_dir()]
        shutil.move(tree, into)


def make_venv(folder, minor):
    python = interpreter(minor)
    if not python:
        raise SystemExit(f"suites: no CPython {minor} found on PATH or at PYENV_ROOT")
    shutil.rmtree(folder / "venv", ignore_errors=True)
    subprocess.run([python, "-m", "venv", folder / "venv"], check=True)


def pip(env, *arguments, constraint=None):
    environ = dict(os.environ)
    if constraint:
        # Reaches the isolated build as well, which no command line option does.
        environ["PIP_CONSTRAINT"] = str(constraint)
    command = [env.python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", *arguments]
    subprocess.run(command, check=True, cwd=env.tree, env=environ)


def edit(row, variant):
    """A file of the tree, a text in it, and what it is replaced with; or nothing."""
    return row.get("replace", {}).get(variant)


def apply_edit(tree, file, old, new):
    text = (tree / file).read_text()
    if old not in text:
        raise SystemExit(f"suites: {tree / file} has no '{old}' to replace")
    (tree / file).write_text(text.replace(old, new))


def stamp(row, variant):
    """Changes when anything does that the environment is made from."""
    facts = repr((row.get("version"), build_pins(), row["pins"][variant].split(), edit(row, variant)))
    return hashlib.sha256(facts.encode()).hexdigest()


@contextlib.contextmanager
def alone(path):
    """No other process is in here for this path meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def fetch(env):
    """Makes the environment if it is not there, or was made from other pins."""
    with alone(env.folder.with_name(f"{env.folder.name}.lock")):
        return fetch_alone(env)


def fetch_alone(env):
    row = table()[env.suite]
    made = env.folder / "made"
    if made.exists() and made.read_text() == stamp(row, env.variant):
        return env
    shutil.rmtree(env.folder, ignore_errors=True)
    env.folder.mkdir(parents=True)
    make_venv(env.folder, env.minor)
    if "version" in row:
        unpack(row, env.suite, env.tree, env.python)
    else:
        env.tree.mkdir()
    if edit(row, env.variant):
        apply_edit(env.tree, *edit(row, env.variant))
    constraint = env.folder / "build.txt"
    constraint.write_text("".join(f"{pin}\n" for pin in build_pins()))
    pip(env, "--no-deps", *row["pins"][env.variant].split())
    if "version" in row:
        pip(env, "--no-deps", "-e", ".", constraint=constraint)
    made.write_text(stamp(row, env.variant))
    return env


def resolve(suite, variant):
    """The newest that the requirements allow, as pins: what is pasted into suites.toml."""
    row = table()[suite]
    with tempfile.TemporaryDirectory() as box:
        env = dataclasses.replace(environment(suite, variant), folder=pathlib.Path(box))
        make_venv(env.folder, env.minor)
        if "version" in row:
            unpack(row, suite, env.tree, env.python)
        else:
            env.tree.mkdir()
        wanted = list(row["requirements"]) + list(row.get("also", ()))
        if "pytest" in variant:
            wanted = [w for w in wanted if not w.startswith("pytest==")]
            wanted.append("pytest==" + variant.partition("-pytest")[2] + ".*")
        pip(env, *wanted)
        freeze = [env.python, "-m", "pip", "list", "--format=freeze", "--exclude-editable"]
        listed = subprocess.run(freeze, check=True, capture_output=True, text=True).stdout.split()
    return [pin for pin in listed if pin.split("==")[0].lower() not in ("pip", "setuptools")]


def print_pins(suite, variant):
    print(f'"{variant}" = """')
    line = ""
    for pin in sorted(resolve(suite, variant), key=str.lower):
        if len(line) + len(pin) > 98:
            print(line)
            line = ""
        line += (" " if line else "") + pin
    print(line + '"""', flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("verb", choices=["fetch", "pin"])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--python", help="CPython minors, or variants, with commas between")
    given = parser.parse_args()
    wanted = given.python.split(",") if given.python else None
    if given.verb == "pin":
        for suite in given.names:
            for variant in wanted or ["3.11", "3.12", "3.13"]:
                print_pins(suite, variant)
        return
    for env in environments(given.names, wanted):
        print(f"{env.name}: {fetch(env).folder}", flush=True)


if __name__ == "__main__":
    main()
