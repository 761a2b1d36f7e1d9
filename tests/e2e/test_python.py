"""Without --dagz, dagz-python is the python of its environment: what one prints, sees and leaves with, so does the
other. Each comparison is made both ways a python can be entered: by its library, and with the shim preloaded."""

import contextlib
import functools
import os
import pathlib
import pty
import select
import shutil
import signal
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
SEEN = str(HERE / "what_is_seen.py")
NO_PYTHON = 78


@functools.cache
def pythons():
    """DAGZ_TEST_PYTHONS (a PATH-like list), else each CPython that a shim is built for."""
    told = os.environ.get("DAGZ_TEST_PYTHONS")
    if told:
        return told.split(":")
    lines = subprocess.run([sys.executable, TOP / "embed/pythons.py"], capture_output=True, text=True).stdout
    return [line.split("\t")[1] for line in lines.splitlines()]


@functools.cache
def version(python):
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.run([python, "-I", "-S", "-c", ask], capture_output=True, text=True).stdout.strip()


@functools.cache
def has_library(python):
    ask = "print('libpython' in open('/proc/self/maps').read())"
    return subprocess.run([python, "-c", ask], capture_output=True, text=True).stdout == "True\n"


def pytest_generate_tests(metafunc):
    """Each python as it is entered by itself, the newest also in the other way."""
    if "way" not in metafunc.fixturenames:
        return
    newest = pythons()[-1]
    ways = [(python, None) for python in pythons()] + [(newest, "0" if has_library(newest) else "1")]
    names = {None: "own", "1": "library", "0": "preload"}
    ids = [f"{version(python)}-{names[way]}" for python, way in ways]
    metafunc.parametrize("python, way", ways, ids=ids, scope="module")


@pytest.fixture(scope="module")
def dagz_python():
    return os.path.abspath(os.environ.get("DAGZ_EXECUTABLE") or TOP / "build/dagz-python")


@pytest.fixture(scope="module")
def plain_environ():
    """The environment without anything that chooses a python or changes one."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "DAGZ", "PYTEST")) and name != "VIRTUAL_ENV"
    }


class Pair:
    """The same command by python and by dagz-python."""

    def __init__(self, python, dagz, environ, way, folder):
        self.python, self.dagz, self.folder = python, dagz, folder
        self.way = {} if way is None else {"DAGZ_EMBED": way}
        self.environ = {**environ, **self.way, "DAGZ_PYTHON": python}

    def run_one(self, executable, *argv, env=(), **options):
        options.setdefault("stdin", None if "input" in options else subprocess.DEVNULL)
        answer = subprocess.run(
            [executable, *argv], env={**self.environ, **dict(env)}, cwd=self.folder, capture_output=True, **options
        )
        # How each names itself is the one thing that may differ.
        return answer.returncode, *(text.replace(self.dagz.encode(), self.python.encode()) for text in (answer.stdout, answer.stderr))

    def ours(self, *argv, **options):
        return self.run_one(self.dagz, *argv, **options)

    def same(self, *argv, **options):
        """Asserts that both give the same, and returns it: (exit code, stdout, stderr)."""
        plain = self.run_one(self.python, *argv, **options)
        assert self.ours(*argv, **options) == plain
        return plain


@pytest.fixture
def pair(python, way, dagz_python, plain_environ, tmp_path):
    return Pair(python, dagz_python, plain_environ, way, tmp_path)


def says(pair, expression, **options):
    code, out, err = pair.ours("-c", f"import sys, os; print({expression})", **options)
    assert (code, err) == (0, b"")
    return out.decode().rstrip("\n")


# ---- what a program sees ----


@pytest.mark.parametrize(
    "switches", [[], ["-I"], ["-E", "-s"], ["-S"], ["-B"], ["-u"], ["-O"], ["-OO"], ["-X", "dev"], ["-W", "error"], ["-bb"], ["-X", "utf8=0"]],
    ids=" ".join,
)
def test_a_program_sees_nothing_of_ours(pair, switches):
    code, out, err = pair.same(*switches, SEEN, "an argument", "--dagz")
    assert code == 0 and b'"modules"' in out


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "warn"},
        {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "C.UTF-8"},
        {"PYTHONUTF8": "1", "LC_ALL": "C"},
        {"PYTHONIOENCODING": "latin-1:replace"},
        {"PYTHONMALLOC": "debug"},
        {"PYTHONMALLOC": "malloc"},
        {"PYTHONHASHSEED": "0", "PYTHONUNBUFFERED": "1"},
        {"PYTHONDEVMODE": "1"},
        {"PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONOPTIMIZE": "2"},
        {"PYTHONSAFEPATH": "1"},
        {"PYTHONPATH": "/nowhere:/else"},
        {"PYTHONWARNINGS": "error,ignore::DeprecationWarning"},
        {"PYTHONFAULTHANDLER": "1"},
        {"PYTHONTRACEMALLOC": "3"},
        {"PYTHONPYCACHEPREFIX": "/tmp/nowhere"},
        {"HOME": "/nonexistent"},
        {"PATH": ""},
        {"DAGZ": "0"},
    ],
    ids=lambda env: " ".join(f"{name}={value}" for name, value in env.items()),
)
def test_a_program_sees_nothing_of_ours_whatever_the_environment(pair, env):
    assert pair.same(SEEN, env=env)[0] == 0


def test_an_environment_without_anything_else_is_seen_as_it_is(pair):
    pair.environ = {name: value for name, value in pair.environ.items() if name.startswith("DAGZ")}
    assert pair.same(SEEN)[0] == 0


@pytest.mark.parametrize("before", [None, "", "libm.so.6"])
def test_what_was_preloaded_stays_as_it_was(pair, before):
    if before is not None:
        pair.environ["LD_PRELOAD"] = before
    assert pair.same(SEEN)[0] == 0


# ---- ways to give a program ----

ECHO = b"import sys\nprint(sys.argv, __name__, globals().get('__file__'), sys.path[0])\n"


@pytest.mark.parametrize("argv", [[], ["-"], ["-", "a", "-m"], ["-i"], ["-q", "-i", "-"]], ids=repr)
def test_a_program_comes_by_stdin(pair, argv):
    assert b"__main__" in pair.same(*argv, input=ECHO)[1]


def test_a_program_comes_by_file_folder_module_and_archive(pair):
    (pair.folder / "program.py").write_bytes(ECHO)
    (pair.folder / "package").mkdir()
    (pair.folder / "package/__main__.py").write_bytes(ECHO)
    shutil.make_archive(str(pair.folder / "archive"), "zip", pair.folder / "package")
    for argv in (["program.py", "a", "-c"], ["./program.py"], ["package"], ["archive.zip", "b"], ["-m", "program", "-x"], ["-m", "package"],
                 ["-Im", "program"], ["-cimport sys; print(sys.argv)", "-m", "x"], ["-Sc", "print(1)", "y"]):
        pair.same(*argv)


def test_the_first_line_can_be_skipped(pair):
    (pair.folder / "program.py").write_bytes(b"no python\n" + ECHO)
    assert pair.same("-x", "program.py")[0] == 0


@pytest.mark.parametrize(
    "argv",
    [["-V"], ["--version"], ["-VV"], ["-h"], ["-?"], ["--help"], ["-z"], ["--unknown"], ["-c"], ["-m"], ["-W"], ["-X", "unknown"], ["nofile.py"],
     ["-m", "nomodule"], ["-X", "frozen_modules=maybe", "-c", "1"], ["--check-hash-based-pycs", "bad"], ["-X", "help"],
     ["--help-all"], ["--help-env"], ["-X", "showrefcount", "-c", ""], ["-R", "-v", "-h"]],
    ids=" ".join,
)
def test_usage_and_its_errors_are_pythons(pair, argv):
    pair.same(*argv)


@pytest.mark.parametrize(
    "env",
    [{"PYTHONHOME": "/nonexistent"}, {"PYTHONMALLOC": "bad"}, {"PYTHONHASHSEED": "bad"}, {"PYTHONUTF8": "7"}, {"PYTHONINTMAXSTRDIGITS": "x"},
     {"PYTHONIOENCODING": "no-such-encoding"}],
    ids=str,
)
def test_a_python_that_cannot_start_says_so_as_python_does(pair, env):
    def without_address(answer):
        return [line for line in answer[2].splitlines() if b"0x" not in line], answer[0]

    plain, ours = (pair.run_one(executable, "-c", "pass", env=env) for executable in (pair.python, pair.dagz))
    assert without_address(ours) == without_address(plain)


def test_pythonhome_and_platlibdir_are_obeyed(pair):
    home = subprocess.run([pair.python, "-c", "import sys; print(sys.base_prefix)"], capture_output=True, text=True).stdout.strip()
    assert pair.same(SEEN, env={"PYTHONHOME": home})[0] == 0
    pair.same("-c", "import sys; print(sys.platlibdir, sys.path)", env={"PYTHONPLATLIBDIR": "lib"})


# ---- how it ends ----


@pytest.mark.parametrize(
    "program",
    [
        "raise SystemExit", "raise SystemExit(3)", "raise SystemExit('a text')", "raise SystemExit(-1)", "raise SystemExit(256)",
        "raise SystemExit(None)", "raise SystemExit([1])", "1/0", "raise KeyboardInterrupt", "import os; os._exit(7)", "import os; os.abort()",
        "import os; os.kill(os.getpid(), 9)", "import os; os.kill(os.getpid(), 15)", "import os, signal; os.kill(os.getpid(), signal.SIGINT)",
        "import ctypes; ctypes.string_at(0)", "import faulthandler; faulthandler.enable(); faulthandler._sigabrt()",
        "import sys; sys.stdout.close()", "import os; print('x'); os.close(1)", "import os; os.close(2); 1/0",
        "import atexit; atexit.register(lambda: 1/0)", "import atexit, sys; atexit.register(print, 'last'); sys.exit(4)",
        "import threading; threading.Thread(target=lambda: 1/0).start()",
        "class A:\n def __del__(self): 1/0\na = A(); del a", "import sys; sys.excepthook = None; 1/0", "this is no python",
        "import sys; sys.stderr.write('no newline'); sys.stdout.write('nor here')", "import os; os.fork() and os.wait(); print('both')",
        "import time, threading; threading.Thread(target=print, args=['late']).start()", "exec('x = ' + '(' * 300)",
        "import sys; sys.setrecursionlimit(100)\ndef f(): f()\nf()", "import warnings; warnings.warn('seen')", "open('/dev/null')",
    ],
)
def test_it_ends_as_python_does(pair, program):
    def without_ids(answer):
        # Thread and object numbers differ between any two runs.
        lines = [line for line in answer[2].splitlines() if b"0x" not in line]
        return answer[0], answer[1], lines

    plain, ours = (pair.run_one(executable, "-X", "dev", "-c", program) for executable in (pair.python, pair.dagz))
    assert without_ids(ours) == without_ids(plain)


def test_output_nobody_reads_ends_it_as_python(pair):
    answers = []
    for executable in (pair.python, pair.dagz):
        with subprocess.Popen([executable, "-c", "print('x' * 1000000)"], env=pair.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdout.close()
            answers.append((process.stderr.read(), process.wait()))
    assert answers[0] == answers[1] and b"BrokenPipeError" in answers[0][0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGPIPE, signal.SIGKILL], ids=lambda s: s.name)
def test_a_signal_does_what_it_does_to_python(pair, number):
    program = "import sys; print('ready', flush=True); sys.stdin.read(1); print('went on')"
    answers = []
    for executable in (pair.python, pair.dagz):
        with subprocess.Popen([executable, "-c", program], env=pair.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdout.readline()
            process.send_signal(number)
            out, err = process.communicate()
        # Where in the call it was interrupted is chance.
        answers.append((process.returncode, out, err.splitlines()[-1:]))
    assert answers[0] == answers[1]


def test_a_signal_ignored_before_stays_ignored(pair):
    def ignore():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)

    program = "import signal; print(*(signal.getsignal(number) is signal.SIG_IGN for number in (2, 17)))"
    assert pair.same("-c", program, preexec_fn=ignore)[1] == b"True True\n"


def test_closed_standard_streams_are_as_closed_as_under_python(pair):
    for closed in ((0,), (1,), (2,), (0, 1, 2)):
        program = "import sys; open('seen', 'w').write(repr([sys.stdin, sys.stdout, sys.stderr]))"
        seen = []
        for executable in (pair.python, pair.dagz):
            subprocess.run([executable, "-c", program], env=pair.environ, cwd=pair.folder, preexec_fn=lambda: [os.close(fd) for fd in closed])
            seen.append((pair.folder / "seen").read_text())
        assert seen[0] == seen[1]


# ---- on a terminal ----


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, argv, env, folder):
        try:
            self.pid, self.fd = pty.fork()
        except OSError as error:
            pytest.skip(f"no terminal to be had: {error}")
        if self.pid == 0:
            os.chdir(folder)
            os.execve(argv[0], argv, env)
        self.shown = b""
        self.seen = 0

    def until(self, text):
        """Reads until this is shown, behind what was waited for before."""
        while (at := self.shown.find(text, self.seen)) < 0:
            assert select.select([self.fd], [], [], 30)[0], self.shown
            try:
                self.shown += os.read(self.fd, 4096)
            except OSError:
                raise EOFError(self.shown) from None
        self.seen = at + len(text)

    def write(self, data):
        """Once it waits for it: a Ctrl-C between a prompt and the waiting is lost, by python too."""
        while pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] != "S":
            pass
        os.write(self.fd, data)

    def end(self):
        with contextlib.suppress(EOFError):
            self.until(b"\0never\0")
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def talk(executable, pair, env):
    terminal = Terminal([executable], {**pair.environ, **env}, pair.folder)
    terminal.until(b">>> ")
    terminal.write(b"6 * 7\n")
    terminal.until(b"42")
    terminal.until(b">>> ")
    terminal.write(b"\x03")
    terminal.until(b"KeyboardInterrupt")
    terminal.until(b">>> ")
    terminal.write(b"import sys; print('flags', sys.flags.interactive, sys.stdin.isatty(), sys.ps1 == '>>> ')\n")
    terminal.until(b"flags")
    terminal.until(b"True")
    terminal.until(b">>> ")
    terminal.write(b"raise SystemExit(5)\n")
    return terminal, terminal.end()


def test_the_prompt_is_pythons(pair):
    env = {"TERM": "dumb", "PYTHON_BASIC_REPL": "1", "HOME": str(pair.folder)}
    (plain, plain_code), (ours, our_code) = (talk(executable, pair, env) for executable in (pair.python, pair.dagz))
    assert our_code == plain_code == 5
    assert ours.shown == plain.shown


def test_the_prompt_with_colours_and_history_is_pythons(pair):
    env = {"TERM": "xterm-256color", "HOME": str(pair.folder), "PYTHON_HISTORY": str(pair.folder / "history")}
    (plain, plain_code), (ours, our_code) = (talk(executable, pair, env) for executable in (pair.python, pair.dagz))
    # 3.13.0 leaves with 1 here.
    assert our_code == plain_code
    # What is redrawn depends on how fast the terminal is read.
    assert ours.shown.count(b"KeyboardInterrupt") == plain.shown.count(b"KeyboardInterrupt")


def test_inspecting_after_a_program_is_pythons(pair):
    (pair.folder / "program.py").write_text("x = 5\n1/0\n")
    for argv, env in ((["-i", "program.py"], {}), (["program.py"], {"PYTHONINSPECT": "1"}), ([], {"PYTHONSTARTUP": "program.py"})):
        pair.same(*argv, input=b"print(x)\n", env=env)


# ---- which python ----


def test_the_environment_is_the_pythons_own(pair):
    program = "import sys; print(sys.prefix, sys.base_prefix, sys.exec_prefix, sys._base_executable, sys.path, sys.version)"
    pair.same("-c", program)


def test_sys_executable_is_dagz_python(pair):
    pair_says = subprocess.run([pair.dagz, "-c", "import sys; print(sys.executable)"], env=pair.environ, capture_output=True, text=True)
    assert pair_says.stdout.strip() == pair.dagz


@pytest.fixture
def venv(pair, tmp_path):
    folder = tmp_path / "a venv"
    subprocess.run([pair.python, "-m", "venv", "--without-pip", folder], check=True)
    return folder


def prefix(argv, environ, **options):
    program = "import sys; print(sys.prefix, sys.executable, sys.base_prefix != sys.prefix, sep='\\n')"
    answer = subprocess.run([*argv, "-c", program], env=environ, capture_output=True, text=True, **options)
    assert (answer.returncode, answer.stderr) == (0, "")
    return answer.stdout.splitlines()


def test_an_active_virtual_environment_is_found(pair, venv, plain_environ):
    environ = {**plain_environ, "VIRTUAL_ENV": str(venv), **pair.way}
    assert prefix([pair.dagz], environ) == [str(venv), pair.dagz, "True"]


@pytest.mark.parametrize("name", ["dagz-python", "python", "python3"])
def test_linked_into_a_virtual_environment_it_is_of_that(pair, venv, plain_environ, name):
    link = venv / "bin" / name
    link.unlink(missing_ok=True)
    link.symlink_to(pair.dagz)
    environ = {**plain_environ, **pair.way}
    expected = [str(venv), str(link), "True"]
    assert prefix([link], environ) == expected
    assert prefix([name], {**environ, "PATH": f"{venv}/bin:{environ['PATH']}"}) == expected
    assert prefix([f"./{name}"], environ, cwd=venv / "bin") == expected
    assert prefix([f"bin/{name}"], dict(pair.way), cwd=venv) == expected


def test_a_virtual_environment_made_by_it_is_the_pythons(pair, tmp_path):
    subprocess.run([pair.dagz, "-m", "venv", "--without-pip", tmp_path / "made"], env=pair.environ, check=True)
    base = subprocess.run([pair.python, "-c", "import sys; print(sys._base_executable)"], capture_output=True, text=True).stdout.strip()
    assert os.path.realpath(tmp_path / "made/bin/python") == os.path.realpath(base)


def test_a_name_alone_is_looked_for_on_path(pair, tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/my-python").symlink_to(pair.python)
    answer = says(pair, "sys._base_executable", env={"DAGZ_PYTHON": "my-python", "PATH": f"{tmp_path}/bin"})
    assert os.path.realpath(answer) == os.path.realpath(pair.python)


def test_a_script_in_front_of_python_is_asked(pair, tmp_path):
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\nexec "{pair.python}" "$@"\n')
    script.chmod(0o755)
    assert says(pair, "sys.prefix", env={"DAGZ_PYTHON": str(script)}) == says(pair, "sys.prefix")


def test_a_made_up_argv0_leads_nowhere(pair):
    answer = subprocess.run(
        ["something-else", "-c", "import sys; print(sys.executable, sys.orig_argv[0])"], executable=pair.dagz, env=pair.environ, capture_output=True, text=True)
    assert answer.stdout.split()[0] == os.path.realpath(pair.dagz)


# ---- children ----


@pytest.mark.parametrize("env", ["None", "{}", "dict(PATH='/bin')"])
def test_sys_executable_starts_children_in_the_same_environment(pair, env):
    child = "import sys, subprocess; print(sys.prefix, sys.executable, sys.version, flush=True)"
    grandchild = f"{child}; subprocess.run([sys.executable, '-c', {child!r}], env={{}})"
    parent = f"{child}; subprocess.run([sys.executable, '-c', {grandchild!r}], env={env})"
    code, out, err = pair.ours("-c", parent)
    assert (code, err) == (0, b"")
    lines = out.splitlines()
    assert len(lines) == 3 and len(set(lines)) == 1


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing_works_by_every_method(pair, method):
    program = f"""
import multiprocessing, os, sys
def work(x): return x * x, sys.prefix
if __name__ == "__main__":
    multiprocessing.set_start_method({method!r})
    with multiprocessing.Pool(2) as pool: print(sorted(set(pool.map(work, range(4)))))
"""
    (pair.folder / "program.py").write_text(program)
    assert b"9" in pair.same("program.py")[1]


def test_a_subinterpreter_names_the_same_executable(pair):
    program = """
import sys
try: import _interpreters as i
except ImportError: import _xxsubinterpreters as i
i.run_string(i.create(), "import sys; print(sys.executable)")
"""
    assert pair.ours("-c", program)[1].decode().strip() == pair.python


# ---- as PID 1 ----

IN_NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]


@pytest.fixture
def namespace():
    if subprocess.run([*IN_NAMESPACE, "true"], capture_output=True).returncode:
        pytest.skip("no right to make a PID namespace")
    return IN_NAMESPACE


def child_of(pid):
    """Its one child, once it is there."""
    while not (children := pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
        pass
    return int(children[0])


def as_init(pair, namespace, program, **options):
    return subprocess.run([*namespace, pair.dagz, "-c", program], env=pair.environ, capture_output=True, text=True, **options)


def test_as_pid_1_it_leaves_as_its_program_does(pair, namespace):
    assert as_init(pair, namespace, "import sys; sys.exit(7)").returncode == 7
    assert as_init(pair, namespace, "import os; os.kill(os.getpid(), 9)").returncode == 128 + 9
    assert as_init(pair, namespace, "print('out')").stdout == "out\n"


def test_as_pid_1_it_reaps_orphans(pair, namespace):
    program = """
import os, time
reader, writer = os.pipe()
if os.fork() == 0:
    if os.fork() == 0:
        os.write(writer, b"%10d" % os.getpid())
        os._exit(0)
    os._exit(0)
os.wait()
orphan = int(os.read(reader, 10))
while os.path.exists(f"/proc/{orphan}"): time.sleep(0.001)
print("reaped")
"""
    assert as_init(pair, namespace, program, timeout=30).stdout == "reaped\n"


def test_as_pid_1_it_passes_signals_on(pair, namespace):
    program = "import signal, os; signal.signal(15, lambda *a: os._exit(44)); print('ready', flush=True)\nwhile True: signal.pause()"
    with subprocess.Popen([*namespace, pair.dagz, "-c", program], env=pair.environ, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        os.kill(child_of(process.pid), signal.SIGTERM)
        assert process.wait(30) == 44


def test_as_pid_1_it_dies_of_a_signal_that_python_would_die_of(pair, namespace):
    program = "import signal; print('ready', flush=True)\nwhile True: signal.pause()"
    with subprocess.Popen([*namespace, pair.dagz, "-c", program], env=pair.environ, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        os.kill(child_of(process.pid), signal.SIGTERM)
        assert process.wait(30) == 128 + 15


def test_as_pid_1_it_does_not_hold_its_programs_output_open(pair, namespace):
    program = "import os, sys; os.close(1); sys.stdin.read()"
    with subprocess.Popen([*namespace, pair.dagz, "-c", program], env=pair.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pipesize=4096) as process:
        # unshare itself waits with a copy: only our two processes are looked at.
        init = child_of(process.pid)
        python = child_of(init)
        while os.path.exists(f"/proc/{python}/fd/1"):
            pass
        assert os.listdir(f"/proc/{init}/fd") == []
        process.stdin.close()


# ---- no python ----


def complaint(dagz_python, environ, told, **more):
    answer = subprocess.run([dagz_python, "-c", "print('ran')"], env={**environ, "DAGZ_PYTHON": str(told), **more}, capture_output=True, text=True)
    assert (answer.returncode, answer.stdout) == (NO_PYTHON, "")
    assert answer.stderr.startswith("dagz-python: ") and answer.stderr.count("\n") == 1
    assert str(told) in answer.stderr and "DAGZ_PYTHON" in answer.stderr
    return answer.stderr


def test_a_python_that_is_not_there_is_a_sentence(dagz_python, plain_environ, tmp_path):
    assert "No such file" in complaint(dagz_python, plain_environ, tmp_path / "python")
    assert "No such file" in complaint(dagz_python, plain_environ, "no-python-of-this-name")
    (tmp_path / "python").symlink_to("python")
    assert "symbolic links" in complaint(dagz_python, plain_environ, tmp_path / "python")


def test_a_python_that_is_no_program_is_a_sentence(dagz_python, plain_environ, tmp_path):
    (tmp_path / "file").write_text("text")
    assert "not a program" in complaint(dagz_python, plain_environ, tmp_path)
    assert "not a program" in complaint(dagz_python, plain_environ, tmp_path / "file")


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"\x7fELF\2\1\1" + bytes(200), b"\x7fELF\2\1\1" + b"\xff" * 200, b"#!/bin/true\n", b"#!/nowhere\n"])
def test_a_python_that_is_something_else_is_a_sentence(dagz_python, plain_environ, tmp_path, content):
    (tmp_path / "python3.11").write_bytes(content)
    (tmp_path / "python3.11").chmod(0o755)
    complaint(dagz_python, plain_environ, tmp_path / "python3.11")


def test_a_python_that_is_too_old_or_has_no_shim_is_a_sentence(dagz_python, plain_environ, tmp_path):
    for name, part in (("python3.9", "3.10 or later"), ("python3.77", "dagz-embed-3.77.so"), ("python3.13t", "without a global lock")):
        shutil.copy("/bin/true", tmp_path / name)
        error = complaint(dagz_python, plain_environ, tmp_path / name)
        assert part in error and name.removeprefix("python") in error


def test_a_debug_build_is_of_its_version(dagz_python, plain_environ, tmp_path):
    debug = tmp_path / f"python{version(sys.executable)}d"
    shutil.copy("/bin/true", debug)
    # What is executed then is no python; but it is executed.
    assert subprocess.run([dagz_python, "-c", ""], env={**plain_environ, "DAGZ_PYTHON": str(debug)}).returncode != NO_PYTHON


def test_dagz_python_is_no_python_of_its_own(dagz_python, plain_environ):
    assert "itself" in complaint(dagz_python, plain_environ, dagz_python)


def test_an_active_environment_that_is_gone_is_a_sentence(dagz_python, plain_environ, tmp_path):
    answer = subprocess.run([dagz_python, "-c", ""], env={**plain_environ, "VIRTUAL_ENV": str(tmp_path / "gone")}, capture_output=True, text=True)
    assert answer.returncode == NO_PYTHON and f"{tmp_path}/gone/bin/python" in answer.stderr


def test_it_works_from_a_folder_with_blanks_and_colons(pair, dagz_python, tmp_path):
    folder = tmp_path / "a b:c"
    folder.mkdir()
    for file in pathlib.Path(dagz_python).resolve().parent.glob("dagz-*"):
        if file.is_file():
            shutil.copy(file, folder)
    pair.dagz = str(folder / "dagz-python")
    assert pair.same(SEEN)[0] == 0


# ---- dagz ----


def test_dagz_is_the_same_executable_by_another_name(dagz_python, tmp_path):
    link = tmp_path / "dagz"
    link.symlink_to(os.path.realpath(dagz_python))
    run = lambda *argv: subprocess.run([link, *argv], capture_output=True, text=True)  # noqa: E731
    assert run("--help").returncode == 0 and str(NO_PYTHON) in run("--help").stdout
    assert run("--version").stdout.startswith("dagz ")
    assert run().returncode == 2
    assert run("no-such-command").returncode == 2 and "no-such-command" in run("no-such-command").stderr
