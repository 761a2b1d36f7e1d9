"""What the kernel was asked for while a suite ran, against what the spans of its job have.

    strace.py [NAME…] [--python 3.12,3.13] [--workers 1]

The suite is run under strace with all calls that take a path, and those that list a folder. Each path of the project that a
process of the job has asked for has to be in some span: opened, looked at, listed, resolved or not there. What is in none
is listed with the reason why, and counted; exit code 1 if there is one without a reason.
"""

import argparse
import collections
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import sys

import logs
import oracle
import suites

CALLS = "%file,getdents64,fchdir,clone,clone3,fork,vfork"
LINE = re.compile(r"^(\d+) +(?:<\.\.\. (\w+) resumed>(.*)|(\w+)\((.*))$")
RESULT = re.compile(r"^(.*)\) += (-?\d+|\?)(?:<([^>]*)>)?(?: (E[A-Z]+).*)?.*$", re.S)
TEXT = re.compile(r'(?:(-?\d+|AT_FDCWD)(?:<([^>]*)>)?, )?"((?:[^"\\]|\\.)*)"')
FOLDER = re.compile(r"^\d+<([^>]*)>")
# Calls whose first path is where something leads to, not one that is looked at.
NO_PATH = {"symlink", "symlinkat", "execve", "execveat", "mount", "statfs"}


@dataclasses.dataclass
class Process:
    pid: int
    what: str  # host, front, observed, program
    where: list  # its current folder, in a list that threads share


@dataclasses.dataclass(frozen=True)
class Look:
    """A process has asked for a path: as what, and whether it was there."""

    what: str  # host, front, observed, program
    how: str  # opened, written, looked, listed, resolved, no link
    path: str
    is_there: bool


def calls(path):
    """(pid, call, arguments, result, name of the result's descriptor, error); a call that another came in between of is put together."""
    begun = {}
    for line in path.open(encoding="utf-8", errors="surrogateescape"):
        found = LINE.match(line.rstrip("\n"))
        if not found:
            continue
        pid, resumed, rest, call, arguments = found.groups()
        if resumed:
            call, arguments = resumed, begun.pop((pid, resumed), "") + rest
        elif arguments.endswith("<unfinished ...>"):
            begun[pid, call] = arguments.removesuffix("<unfinished ...>")
            # A child runs before its parent comes back from vfork: its first call tells whose it is.
            yield int(pid), call, arguments, None, None, None
            continue
        result = RESULT.match(arguments)
        if result:
            arguments, value, name, error = result.groups()
            yield int(pid), call, arguments, int(value) if value != "?" else -1, name, error


def text_of(literal):
    return literal.encode("latin-1", "backslashreplace").decode("unicode_escape").encode("latin-1", "replace").decode("utf-8", "replace")


class Job:
    """Its processes, and what they looked at."""

    def __init__(self, trace, cwd):
        self.processes, self.cwd = {}, str(cwd)
        self.forking = collections.deque()
        self.looks = collections.Counter()
        for call in calls(trace):
            self.take(*call)

    def process(self, pid):
        if pid not in self.processes:
            parent, shares = self.forking[-1] if self.forking else (None, False)
            self.adopt(pid, parent, shares)
        return self.processes[pid]

    def adopt(self, pid, parent, shares=False):
        if parent is None:
            self.processes[pid] = Process(pid, "host", [self.cwd])
            return
        what = "observed" if parent.what == "front" else parent.what
        if what == "host" and not any(process.what == "front" for process in self.processes.values()):
            # The first one; others make sheets.
            what = "front"
        self.processes[pid] = Process(pid, what, parent.where if shares else list(parent.where))

    def take(self, pid, call, arguments, result, name, error):
        process = self.process(pid)
        if call in ("clone", "clone3", "fork", "vfork"):
            self.fork(process, arguments, result)
        elif result is None:
            return
        elif call in ("execve", "execveat"):
            # A python that has no library is executed, with us before it: by the first process of the job's own.
            if not error and process.what not in ("host", "front"):
                process.what = "program"
        elif call == "getdents64":
            found = FOLDER.match(arguments)
            if found:
                self.look(process, "listed", found[1], True)
        elif call == "fchdir" and not error:
            process.where[0] = FOLDER.match(arguments)[1]
        else:
            self.take_paths(process, call, arguments, name, error)

    def fork(self, process, arguments, result):
        shares = "CLONE_FS" in arguments
        if result is None:
            self.forking.append((process, shares))
            return
        if (process, shares) in self.forking:
            self.forking.remove((process, shares))
        if result > 0 and result not in self.processes:
            self.adopt(result, process, shares)
        if result > 0 and "CLONE_THREAD" in arguments:
            self.processes[result].what = process.what

    def take_paths(self, process, call, arguments, name, error):
        if call in NO_PATH:
            return
        for _, folder, literal in TEXT.findall(arguments):
            path = text_of(literal)
            if not path:
                # Of a descriptor: its path was asked for when it was opened.
                continue
            whole = os.path.normpath(os.path.join(folder or process.where[0], path))
            self.look(process, how_of(call, arguments, error), whole, error not in ("ENOENT", "ENOTDIR"))
            if call == "chdir" and not error:
                process.where[0] = whole
            # What readlink gives is no path that was asked for; nor is a new name when the old one is not there.
            if call.startswith(("readlink", "rename", "link")) and (error or call.startswith("readlink")):
                break

    def look(self, process, how, path, is_there):
        self.looks[Look(process.what, how, path, is_there)] += 1


def how_of(call, arguments, error):
    if call.startswith(("open", "creat")):
        if "O_PATH" in arguments or "O_DIRECTORY" in arguments:
            return "looked"
        return "written" if re.search("O_WRONLY|O_TRUNC|O_EXCL", arguments) or call == "creat" else "opened"
    if call.startswith("readlink"):
        return "resolved" if error != "EINVAL" else "no link"
    if re.match("mkdir|unlink|rmdir|rename|link|chmod|fchmod|truncate|mknod|utime", call):
        return "written"
    return "looked"


# ---- whether it is told ----

TELLS = {
    "opened": {"content", "source"},
    "written": {"written", "stat", "absent", "content"},
    "looked": {"stat", "content", "source", "names", "link", "written"},
    "listed": {"names"},
    "resolved": {"link"},
    "no link": {"link", "stat", "content", "source"},
}
ENDINGS = re.compile(r"(/__init__)?(\.cpython-[^/.]*|\.abi3)?\.(py|pyc|so)$")


class Told:
    """The facts of all spans of a job, by path."""

    def __init__(self, folder):
        self.facts, self.unread = collections.defaultdict(set), set()
        for log in logs.read(folder).values():
            self.unread |= log.unread
            for span in log.own_spans():
                for fact, text, _ in span.facts:
                    self.facts[os.path.normpath(text)].add(fact)

    def has(self, look):
        facts = self.facts.get(look.path, set())
        if look.is_there:
            # What was made by the one that opened it had no content.
            return bool(facts & TELLS[look.how]) or (look.how == "opened" and facts >= {"absent", "written"})
        # A module's place is told once, without the endings that were tried; that it hit there, by its source.
        place = ENDINGS.sub("", look.path)
        sources = (place + ".py", place + "/__init__.py")
        return bool(facts) or "place" in self.facts.get(place, ()) or any("source" in self.facts.get(path, ()) for path in sources)


# ---- why it need not be ----

SETTINGS = {"pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "pyproject.toml", "tox.ini", "setup.cfg", "setup.py"}


def is_projects(path, env):
    if not path.startswith(f"{env.tree}/") and path != str(env.tree):
        return False
    parts = path.split("/")
    return not {"site-packages", "dist-packages", "__pycache__", ".dagz", ".pytest_cache"} & set(parts)


def module_folders(told):
    """Where importlib looks for what was imported: the folders of sources, and of the packages that they are in."""
    sources = {path for path, facts in told.facts.items() if "source" in facts}
    for folder in {os.path.dirname(path) for path in sources}:
        yield folder
        while f"{folder}/__init__.py" in sources:
            yield (folder := os.path.dirname(folder))


def reason(look, told, folders):
    """Why this look need not be in a span; None: it is a hole."""
    name = os.path.basename(look.path)
    if re.search("/<[^/]*>(/|$)", look.path):
        return "stands for a file's name where there is no file"
    if any(look.path.endswith("/" + unread) for unread in told.unread):
        return "our own: what compiled code was made from, and is not here"
    if look.what == "host":
        return "the host's own: state and settings of the job"
    if look.what == "program":
        return "by a program that a test started: the test is told to be unprovable"
    if look.what == "front" and name in SETTINGS:
        return "pytest looks for its settings: they are in the invocation"
    if look.how == "no link":
        return "libc, on the way to what was resolved, and we, where a `..` stands behind it, ask whether it is a link: it is none"
    if look.path in folders and look.how in ("looked", "listed"):
        return "importlib looks at a folder on its path, or lists it: told as places and sources"
    if look.what == "front" and look.is_there and look.how in ("looked", "listed"):
        return "pytest collects: files and ids are what it finds"
    return None


def compare(job, told, env):
    """Counts: all looks, by reason; and those without one."""
    seen, excused, holes = 0, collections.defaultdict(set), set()
    folders = set(module_folders(told))
    for look in job.looks:
        if not is_projects(look.path, env):
            continue
        seen += 1
        if told.has(look):
            continue
        why = reason(look, told, folders)
        if why:
            excused[why].add(look)
        else:
            holes.add(look)
    return seen, excused, holes


def run(env, workers, environ=None):
    """Exit status, what the kernel was asked for, and what was observed."""
    scratch = env.scratch.with_name(f"{env.name}-strace")
    shutil.rmtree(scratch, ignore_errors=True)
    (scratch / "tmp").mkdir(parents=True)
    runner, trace = oracle.dagz(env, workers), scratch / "trace"
    surroundings = oracle.clean_environ(env, scratch, {**runner.environ, "DAGZ_DIR": str(scratch / "dagz"), **(environ or {})})
    command = ["strace", "-f", "-qq", "-y", "-s", "4096", "-e", f"trace={CALLS}", "-e", "signal=none", "-o", str(trace),
               *runner.head, "-p", "no:cacheprovider", *env.options, *runner.tail]  # fmt: skip
    with open(scratch / "out", "wb") as out:
        status = subprocess.run(command, cwd=env.tree, env=surroundings, stdin=subprocess.DEVNULL, stdout=out, stderr=out).returncode
    return status, Job(trace, env.tree), Told(logs.last_job(scratch / "dagz"))


def judge(env, workers):
    status, job, told = run(env, workers)
    seen, excused, holes = compare(job, told, env)
    count = sum(len(looks) for looks in excused.values())
    print(f"{env.name} workers={workers}: exit {status}, {sum(job.looks.values())} calls, {seen} different looks at the project, "
          f"{seen - count - len(holes)} in spans, {count} with a reason, {len(holes)} in none", flush=True)  # fmt: skip
    for why, looks in sorted(excused.items()):
        names = sorted({os.path.relpath(look.path, env.tree) for look in looks})
        print(f"  {len(looks)}: {why}: {', '.join(names[:4])}{' …' if len(names) > 4 else ''}")
    for look in sorted(holes, key=lambda look: look.path)[:40]:
        print(f"  HOLE: {look.what} {look.how} {'' if look.is_there else 'missing '}{os.path.relpath(look.path, env.tree)}")
    return seen > 0 and not holes


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=["pluggy", "jinja2", "click", "pygments"])
    parser.add_argument("--python", default="{}.{}".format(*sys.version_info))
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    if not shutil.which("strace"):
        raise SystemExit("strace: not installed (on Debian: strace)")
    good = True
    for env in suites.environments(given.names, given.python.split(",")):
        suites.fetch(env)
        good &= judge(env, given.workers)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
