"""Prints a line for each CPython that a shim can be built for: minor version, executable, include folder.

    pythons.py [PYTHON…]

Without names: python3 and python3.X on PATH, then the newest of pyenv's versions, then /usr/bin; the first of
each minor, as the ABI that a shim is compiled against is its minor version's. The first line is the python
that is taken where nothing says which.
"""

import glob
import os
import re
import shutil
import subprocess
import sys

MINORS = range(10, 16)
ASK = """if True:
    import os, sys, sysconfig
    include = sysconfig.get_path('include')
    lacks = (
        'it is not CPython' if sys.implementation.name != 'cpython' else
        'it is older than 3.10' if sys.version_info < (3, 10) else
        'it is a debug build' if hasattr(sys, 'gettotalrefcount') else
        'it is free-threaded' if sysconfig.get_config_var('Py_GIL_DISABLED') else
        '' if os.path.exists(os.path.join(include, 'Python.h')) else
        'there is no Python.h in ' + include)
    print('%d.%d' % sys.version_info[:2], sys._base_executable, include, lacks, sep='\\t')
"""


def ask(python):
    """What it says of itself, or None where it does not run (a pyenv launcher of a version not chosen)."""
    try:
        answer = subprocess.run([python, "-I", "-S", "-c", ASK], capture_output=True, text=True, timeout=30)
    except OSError:
        return None
    return answer.stdout.rstrip("\n").split("\t") if answer.returncode == 0 else None


def newest(paths):
    return sorted(paths, key=lambda path: [int(number) for number in re.findall(r"\d+", path)], reverse=True)


def candidates():
    pyenv = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    yield from filter(None, [shutil.which("python3")])
    for minor in MINORS:
        name = f"python3.{minor}"
        yield from filter(None, [shutil.which(name)])
        yield from newest(glob.glob(f"{pyenv}/versions/3.{minor}.*/bin/{name}"))
        yield from filter(os.path.exists, [f"/usr/bin/{name}"])


def main(chosen):
    seen = set()
    for python in chosen or candidates():
        answer = ask(python)
        if not answer:
            if chosen:
                sys.exit(f"{python} does not run")
            continue
        minor, executable, include, lacks = answer
        if lacks and chosen:
            sys.exit(f"no shim can be built for {python}: {lacks}")
        if lacks:
            print(f"passed over {executable}: {lacks}", file=sys.stderr)
        elif minor not in seen:
            seen.add(minor)
            print(minor, executable, include, sep="\t")
    if not seen:
        sys.exit("no CPython from 3.10 on was found with its headers (Debian: python3-dev)")


main(sys.argv[1:])
