"""What a test looks at besides code: paths in every way there is, places that imports pass, variables, distributions,
and the children it starts.

One suite has a test for each way; it is run once on each Python, and each test's own facts are read from the logs."""

import json
import os
import pathlib
import re
import subprocess
import sys
import textwrap

import pytest
from conftest import EXECUTABLE, Suite
from test_python import has_library, pythons, version

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "bench"))
import logs  # noqa: E402

DAGZ = EXECUTABLE.parent / "dagz"

HEAD = """
    import ast, bz2, codecs, configparser, ctypes, dbm.dumb, fileinput, glob, gzip, importlib, importlib.metadata
    import importlib.resources, importlib.util, inspect, io, linecache, lzma, mimetypes, mmap, multiprocessing, os
    import pathlib, pickle, pkgutil, runpy, shutil, sqlite3, ssl, subprocess, sys, tempfile, threading, tokenize
    import traceback, unittest.mock, warnings, xml.etree.ElementTree, xml.sax, zipfile
    import pytest, other
    C = ctypes.CDLL(None, use_errno=True)
    HERE = os.path.dirname(os.path.abspath(__file__))
    """

# Name: (statements, the facts that they give). F is a file of 3 bytes, D a folder with the file `in`, L a link to F, N
# is not there, T a folder of this test's own. Facts are of these or of paths below them.
PATHS = {
    # ---- content ----
    "open": ("open(F).close()", "content F"),
    "open_bytes": ("open(os.fsencode(F), 'rb').close()", "content F"),
    "open_update": ("open(F, 'r+').close()", "content F", "written F"),
    "os_open": ("os.close(os.open(F, os.O_RDONLY))", "content F"),
    "open_code": ("io.open_code(os.path.abspath(F)).close()", "content F"),
    "fileio": ("io.FileIO(F).close()", "content F"),
    "pathlib": ("pathlib.Path(F).read_text()", "content F"),
    "codecs": ("codecs.open(F, encoding='utf-8').close()", "content F"),
    "tokenize": ("tokenize.open(F).close()", "content F"),
    "fileinput": ("list(fileinput.input([F]))", "content F"),
    "opener": ("open(F, opener=os.open).close()", "content F"),
    "through_link": ("open(L).close()", "content L"),
    "twice_over": ("open(os.path.join(D, '..', '.', os.path.basename(D), 'in')).close()", "content D/in"),
    "copy": ("shutil.copy(F, T)", "content F", "written T"),
    "copytree": ("shutil.copytree(D, T + '/copy')", "names D", "content D/in", "written T"),
    "mapped": ("with open(F, 'rb') as f: mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)", "content F"),
    "sendfile": ("with open(F, 'rb') as f, open(T + '/o', 'wb') as o: os.sendfile(o.fileno(), f.fileno(), 0, 3)", "content F"),
    "c_fopen": ("C.fopen(os.fsencode(F), b'r')", "content F"),
    "c_open": ("C.open(os.fsencode(F), 0)", "content F"),
    "c_openat": ("C.openat(-100, os.fsencode(F), 0)", "content F"),
    "c_freopen": ("C.fopen.restype = C.freopen.restype = ctypes.c_void_p\n"
                  "C.freopen(os.fsencode(F), b'r', ctypes.c_void_p(C.fopen(b'/dev/null', b'r')))", "content F"),
    "c_checked": ("C.__open64_2(os.fsencode(F), 0)", "content F"),
    "dlopen": ("with pytest.raises(OSError): ctypes.CDLL(os.path.abspath(F))", "content F"),
    "sqlite": ("c = sqlite3.connect(F); c.execute('pragma user_version'); c.close()", "content F"),
    "sqlite_read_only": ("c = sqlite3.connect(f'file:{F}?mode=ro', uri=True); c.execute('pragma user_version'); c.close()", "content F"),
    "dbm": ("with pytest.raises(Exception): dbm.dumb.open(F, 'r')", "absent F.dat"),
    "certificates": ("with pytest.raises(ssl.SSLError): ssl.create_default_context(cafile=F)", "content F"),
    "certificate_chain": ("with pytest.raises(ssl.SSLError): ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(F)", "content F"),
    "expat": ("with pytest.raises(Exception): xml.etree.ElementTree.parse(F)", "content F"),
    "sax": ("with pytest.raises(Exception): xml.sax.parse(F, xml.sax.ContentHandler())", "content F"),
    "gzip": ("with pytest.raises(Exception): gzip.open(F).read()", "content F"),
    "bz2": ("with pytest.raises(Exception): bz2.open(F).read()", "content F"),
    "lzma": ("with pytest.raises(Exception): lzma.open(F).read()", "content F"),
    "zipfile": ("with pytest.raises(Exception): zipfile.ZipFile(F)", "content F"),
    "configparser": ("with pytest.raises(Exception): configparser.ConfigParser().read(F)", "content F"),
    "mimetypes": ("mimetypes.MimeTypes([F])", "content F"),
    "resources": ("importlib.resources.files('package').joinpath('data.txt').read_text()", "content package/data.txt"),
    "get_data": ("pkgutil.get_data('package', 'data.txt')", "content package/data.txt"),
    "linecache": ("linecache.getline(os.path.abspath(F), 1)", "content F"),
    "linecache_again": ("linecache.getline(os.path.abspath('line.txt'), 1)", "content line.txt"),
    "linecache_later": ("linecache.getline(os.path.abspath('line.txt'), 1)", "content line.txt"),
    "getsource": ("inspect.getsource(other)", "content other.py"),
    "own_file": ("open(other.__file__).close()", "content other.py"),
    "run_path": ("runpy.run_path('script.py')", "content script.py"),
    "thread": ("t = threading.Thread(target=lambda: open(F).close()); t.start(); t.join()", "content F"),
    "after_chdir": ("os.chdir(D)\ntry: open('in').close()\nfinally: os.chdir(HERE)", "content D/in"),
    "after_fchdir": ("d = os.open(D, os.O_RDONLY); os.fchdir(d)\ntry: open('in').close()\nfinally: os.chdir(HERE)", "content D/in"),
    "dir_fd": ("os.open('in', os.O_RDONLY, dir_fd=os.open(D, os.O_RDONLY))", "content D/in"),
    "forked": ("p = os.fork()\nif not p:\n    open(F).close()\n    os._exit(0)\nos.waitpid(p, 0)", "content F"),
    "forked_process": ("p = multiprocessing.get_context('fork').Process(target=lambda: open(F).close()); p.start(); p.join()", "content F"),
    # ---- existence, kind and mode ----
    "stat": ("os.stat(F)", "stat F"),
    "lstat": ("os.lstat(L)", "stat L"),
    "stat_dir_fd": ("os.stat('in', dir_fd=os.open(D, os.O_RDONLY))", "stat D/in"),
    "exists": ("assert os.path.exists(F)", "stat F"),
    "isfile": ("assert os.path.isfile(F)", "stat F"),
    "isdir": ("assert os.path.isdir(D)", "stat D"),
    "islink": ("assert os.path.islink(L)", "stat L"),
    "getsize": ("os.path.getsize(F)", "stat F"),
    "samefile": ("assert os.path.samefile(F, L)", "stat F", "stat L"),
    "access": ("os.access(F, os.X_OK)", "stat F"),
    "path_exists": ("assert pathlib.Path(F).exists()", "stat F"),
    "path_is_file": ("assert pathlib.Path(F).is_file()", "stat F"),
    "which": ("shutil.which('in', path=D)", "stat D/in"),
    "entry_stat": ("[e.stat() for e in os.scandir(D)]", "names D", "stat D/in"),
    "open_folder": ("with pytest.raises(OSError): open(D)", "content D"),
    "c_stat": ("C.stat(os.fsencode(F), ctypes.create_string_buffer(999))", "stat F"),
    "c_statx": ("C.statx(-100, os.fsencode(F), 0, 0xfff, ctypes.create_string_buffer(999))", "stat F"),
    "c_access": ("C.access(os.fsencode(F), 4)", "stat F"),
    # ---- names ----
    "listdir": ("os.listdir(D)", "names D"),
    "listdir_fd": ("os.listdir(os.open(D, os.O_RDONLY))", "names D"),
    "listdir_here": ("os.chdir(D)\ntry: os.listdir()\nfinally: os.chdir(HERE)", "names D"),
    "scandir": ("list(os.scandir(D))", "names D"),
    "glob": ("assert glob.glob(D + '/*')", "names D"),
    "walk": ("list(os.walk(D))", "names D"),
    "fwalk": ("list(os.fwalk(D))", "names D"),
    "iterdir": ("list(pathlib.Path(D).iterdir())", "names D"),
    "path_glob": ("list(pathlib.Path(D).glob('*'))", "names D"),
    "rglob": ("list(pathlib.Path(D).rglob('*'))", "names D"),
    "iter_modules": ("list(pkgutil.iter_modules([os.path.abspath(D)]))", "names D"),
    "resource_names": ("list(importlib.resources.files('package').iterdir())", "names package"),
    "c_opendir": ("C.opendir(os.fsencode(D))", "names D"),
    # ---- links ----
    "readlink": ("os.readlink(L)", "link L"),
    "realpath": ("os.path.realpath(L)", "link L"),
    "resolve": ("pathlib.Path(L).resolve()", "link L"),
    "c_realpath": ("C.realpath(os.fsencode(L), ctypes.create_string_buffer(9999))", "link L"),
    # ---- what is not there ----
    "no_open": ("with pytest.raises(OSError): open(N)", "absent N"),
    "no_stat": ("with pytest.raises(OSError): os.stat(N)", "absent N"),
    "no_exists": ("assert not os.path.exists(N)", "absent N"),
    "no_isfile": ("assert not pathlib.Path(N).is_file()", "absent N"),
    "no_access": ("assert not os.access(N, os.F_OK)", "absent N"),
    "no_listdir": ("with pytest.raises(OSError): os.listdir(N)", "absent N"),
    "no_glob": ("assert not glob.glob(N)", "absent N"),
    "no_readlink": ("with pytest.raises(OSError): os.readlink(N)", "absent N"),
    "no_below_file": ("assert not os.path.exists(F + '/x')", "absent F/x"),
    "no_unlink": ("with pytest.raises(OSError): os.unlink(N)", "absent N"),
    "no_rename": ("with pytest.raises(OSError): os.rename(N, T + '/x')", "absent N"),
    "no_ini": ("configparser.ConfigParser().read(N)", "absent N"),
    "no_fopen": ("C.fopen(os.fsencode(N), b'r')", "absent N"),
    # ---- changes ----
    "write": ("open(T + '/w', 'w').close()", "written T/w"),
    "append": ("open(F, 'a').close()", "content F", "written F"),
    "append_new": ("open(T + '/a', 'a').close()", "written T/a"),
    "create": ("open(T + '/x', 'x').close()", "written T/x"),
    "touch": ("pathlib.Path(T, 't').touch()", "written T/t"),
    "mkdir": ("os.makedirs(T + '/m/n')", "written T/m", "written T/m/n"),
    "rename": ("open(T + '/r', 'w').close(); os.rename(T + '/r', T + '/s')", "written T/r", "written T/s"),
    "replace": ("open(T + '/r', 'w').close(); os.replace(T + '/r', T + '/s')", "written T/r", "written T/s"),
    "unlink": ("open(T + '/u', 'w').close(); os.unlink(T + '/u')", "written T/u"),
    "rmtree": ("os.mkdir(T + '/d'); open(T + '/d/e', 'w').close(); shutil.rmtree(T + '/d')", "written T/d", "written T/d/e"),
    "symlink": ("os.symlink('x', T + '/l')", "written T/l"),
    "hardlink": ("os.link(F, T + '/h')", "content F", "written T/h"),
    "truncate": ("open(T + '/t', 'w').close(); os.truncate(T + '/t', 9)", "written T/t"),
    "chmod": ("open(T + '/c', 'w').close(); os.chmod(T + '/c', 0o600)", "written T/c"),
    "open_folder_to_write": ("with pytest.raises(OSError): open(D, 'w')", "stat D"),
    "mkdir_again": ("with pytest.raises(OSError): os.mkdir(D)", "stat D"),
    "database": ("c = sqlite3.connect(T + '/db'); c.execute('create table t (x)'); c.close()", "written T/db"),
}  # fmt: skip

# Ways to look at nothing: a test of them has no fact of the project's paths.
NOTHING = {
    "nothing": "pass",
    "import_again": "import other",
    "raised": "with pytest.raises(ZeroDivisionError): other.fails()",
    "traced": "try: other.fails()\nexcept ZeroDivisionError: traceback.format_exc()",
    "warned": "other.warns()",
    "library": "open(os.__file__).close(); os.listdir(os.path.dirname(os.__file__))",
    "kernel": "open('/proc/self/status').close(); os.stat('/dev/null')",
    "package": "open(pytest.__file__).close()",
    "descriptor": "os.fstat(0)",
    "machine": "import ctypes.util, platform; platform.processor(); ctypes.util.find_library('c')",
}

FOUND = {f"FOUND_{letter}": f"found {letter}" for letter in "ABCDEFG"}
# Name: (statements, the variables that they depend on). FOUND_* were inherited, the others were not.
VARIABLES = {
    "item": ("os.environ['FOUND_A']", "FOUND_A"),
    "get": ("os.environ.get('LOST_A')", "LOST_A"),
    "getenv": ("os.getenv('FOUND_B')", "FOUND_B"),
    "in": ("assert 'LOST_B' not in os.environ", "LOST_B"),
    "bytes": ("os.environb.get(b'FOUND_C')", "FOUND_C"),
    "expandvars": ("os.path.expandvars('$FOUND_D/$LOST_C')", "FOUND_D", "LOST_C"),
    "expanduser": ("os.path.expanduser('~')", "HOME"),
    "c": ("C.getenv(b'FOUND_E'); C.secure_getenv(b'LOST_D')", "FOUND_E", "LOST_D"),
    "copy": ("os.environ.copy()", "*"),
    "dict": ("dict(os.environ)", "*", "FOUND_A", "FOUND_B"),
    "set": ("os.environ['OWN_A'] = '1'; assert os.environ['OWN_A'] == '1'; del os.environ['OWN_A']",),
    "put": ("os.putenv('OWN_B', '1'); C.getenv(b'OWN_B')",),
    "patched": ("with unittest.mock.patch.dict(os.environ, FOUND_F='x'): assert os.environ['FOUND_F'] == 'x'",),
    "set_by_pytest": ("m = pytest.MonkeyPatch(); m.setenv('FOUND_G', 'x'); assert os.environ['FOUND_G'] == 'x'; m.undo()",),
    "after_others": ("os.environ['FOUND_F'], os.environ['FOUND_G']", "FOUND_F", "FOUND_G"),
    "key": ("os.environ.get('PYTHONPATH'); os.environ.get('DAGZ_JOB')",),
    "none": ("pass",),
}

# Name: statements that start a program, whose command holds a secret.
CHILDREN = {
    "run": "subprocess.run(['true', 'secret'])",
    "shell": "subprocess.run('true secret', shell=True)",
    "preexec": "subprocess.run(['true', 'secret'], preexec_fn=lambda: None)",
    "popen": "os.popen('true secret').read()",
    "system": "os.system('true secret')",
    "spawn": "os.waitpid(os.posix_spawn('/bin/true', ['/bin/true', 'secret'], {}), 0)",
    "spawnv": "os.spawnv(os.P_WAIT, '/bin/true', ['/bin/true', 'secret'])",
    "executable": "subprocess.run(['name', 'secret'], executable='/bin/true')",
    "process": "p = multiprocessing.get_context('spawn').Process(target=print); p.start(); p.join()",
    "python": "subprocess.run([sys.executable, '-c', 'secret = 1'])",
}
FORKS = {
    "fork": "p = os.fork()\nif not p: os._exit(0)\nos.waitpid(p, 0)",
    "fork_exit": "p = os.fork()\nif not p: C.exit(0)\nos.waitpid(p, 0)",
    "fork_process": "p = multiprocessing.get_context('fork').Process(target=print); p.start(); p.join()",
    "exec_failed": "p = os.fork()\nif not p:\n    try: os.execv('/nowhere', ['x'])\n    except OSError: os._exit(0)\nos.waitpid(p, 0)",
}


# Name: (statements, the names that were looked up).
LOOKUPS = {
    "import_module": ("importlib.import_module('other')", "other"),
    "import_below": ("importlib.import_module('.below', 'package')", "package.below"),
    "import_nothing": ("with pytest.raises(ImportError): importlib.import_module('nowhere.at_all')", "nowhere.at_all"),
    "find_spec": ("importlib.util.find_spec('other')", "other"),
    "find_nothing": ("importlib.util.find_spec('nowhere')", "nowhere"),
    "resolve_name": ("pkgutil.resolve_name('other:Thing')", "other"),
    "entry_point": ("importlib.metadata.EntryPoint('x', 'other:Thing', 'g').load()", "other"),
    "pickle": ("pickle.loads(b'cother\\nThing\\n.')", "other:Thing"),
    "library": ("importlib.import_module('json'); importlib.util.find_spec('pytest')",),
    "statement": ("import other",),
}

# Name: (statements, the distributions that were read of).
DISTRIBUTIONS = {
    "version": ("importlib.metadata.version('pluggy')", "pluggy"),
    "missing": ("with pytest.raises(Exception): importlib.metadata.distribution('no-such')", "no-such"),
    "entry_points": ("importlib.metadata.entry_points()", "*"),
    "none": ("pass",),
}


def statements(text):
    return textwrap.indent(text, "        ")


def source_of(kind, name, text):
    """The statements, with F, D, L, N and T as arguments that look at nothing themselves."""
    given = ", ".join(f"'data/{name}{end}'" for end in (".txt", "", ".link", ".none"))
    return f"    def test_{kind}_{name}():\n        F, D, L, N = {given}\n        T = 'made/{name}'\n{statements(text)}\n"


def write(folder):
    suite = Suite(folder)
    (folder / "data").mkdir()
    (folder / "made").mkdir()
    for name in PATHS:
        (folder / f"data/{name}.txt").write_text("a\nb" if name != "zip" else "")
        (folder / f"data/{name}").mkdir()
        (folder / f"data/{name}/in").write_text("x")
        os.chmod(folder / f"data/{name}/in", 0o755)
        os.symlink(f"{name}.txt", folder / f"data/{name}.link")
        (folder / f"made/{name}").mkdir()
    for name in ("sqlite", "sqlite_read_only"):
        (folder / f"data/{name}.txt").write_text("")
    (folder / "package").mkdir()
    (folder / "package/__init__.py").write_text("")
    (folder / "package/below.py").write_text("")
    (folder / "package/data.txt").write_text("data")
    (folder / "line.txt").write_text("line")
    (folder / "script.py").write_text("")
    suite.write(
        other="""
            import warnings
            def fails(): return 1 / 0
            def warns(): warnings.warn("something")
            class Thing: pass
            """,
    )
    ways = [("path", name, text) for name, (text, *_) in PATHS.items()]
    ways += [("nothing", name, text) for name, text in NOTHING.items()]
    ways += [("variable", name, text) for name, (text, *_) in VARIABLES.items()]
    ways += [("lookup", name, text) for name, (text, *_) in LOOKUPS.items()]
    ways += [("distribution", name, text) for name, (text, *_) in DISTRIBUTIONS.items()]
    ways += [("child", name, text) for name, text in CHILDREN.items()]
    ways += [("fork", name, text) for name, text in FORKS.items()]
    suite.write(test_ways=textwrap.dedent(HEAD) + textwrap.dedent("".join(source_of(*way) for way in ways)))
    return suite


def pytest_generate_tests(metafunc):
    """Each python as it is entered by itself, the newest also in the other way."""
    if "way" not in metafunc.fixturenames:
        return
    newest = pythons()[-1]
    ways = [(python, None) for python in pythons()] + [(newest, "0" if has_library(newest) else "1")]
    names = {None: "own", "1": "library", "0": "preload"}
    ids = [f"{version(python)}-{names[way]}" for python, way in ways]
    metafunc.parametrize("python, way", ways, ids=ids, scope="module")


class Job:
    """A run of a suite, and the facts of its tests."""

    def __init__(self, suite, python, way, *options, env=None):
        self.folder = suite.folder
        chosen = {"DAGZ_PYTHON": python, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **({"DAGZ_EMBED": way} if way else {}), **(env or {})}
        self.ran = suite.run("-p", "no:cacheprovider", *options, env=chosen)
        self.logs = logs.read(logs.last_job(suite.folder / ".dagz"))
        self.spans = [span for log in self.logs.values() for span in log.own_spans()]

    def facts(self, nodeid, *types):
        """Of the test's own span, of the caches and modules that it leans on, and of its forks."""
        (own,) = [span for span in self.spans if span.type == "test" and span.name == nodeid]
        leans = [self.logs[own.log].spans[value] for fact, _, value in own.facts if fact == "lean"]
        spans = [own] + [span for span in leans if span.type in ("cache", "py.import")]
        spans += [span for span in self.spans if span.type == "fork" and self.logs[span.log].open[-1:] == [own]]
        told = [fact for span in spans for fact in span.facts]
        return [(fact, self.short(text), value) for fact, text, value in told if fact in types]

    def short(self, path):
        return os.path.relpath(path, self.folder) if path.startswith(f"{self.folder}/") else path


@pytest.fixture(scope="module")
def job(python, way, tmp_path_factory):
    suite = write(tmp_path_factory.mktemp("suite"))
    job = Job(suite, python, way, "--dagz-workers=2", env=FOUND)
    assert job.ran.code == 0, job.ran
    return job


PATH_FACTS = ("content", "stat", "link", "names", "absent", "written")


def expand(fact, name):
    """`content F` of this way, as a log tells it."""
    kind, path = fact.split(" ", 1)
    ends = {"F": ".txt", "D": "", "L": ".link", "N": ".none"}
    if path[0] in ends and not path[1:2].islower():
        return kind, f"data/{name}{ends[path[0]]}{path[1:]}"
    if path[0] == "T":
        return kind, f"made/{name}{path[1:]}"
    return kind, path


@pytest.mark.parametrize("name", PATHS)
def test_each_way_to_look_at_a_path_is_seen(job, name):
    told = {fact[:2] for fact in job.facts(f"test_ways.py::test_path_{name}", *PATH_FACTS)}
    for fact in PATHS[name][1:]:
        kind, path = expand(fact, name)
        below = {(kind, other) for kind, other in told if other.startswith(path + "/")}
        assert (kind, path) in told or (path == f"made/{name}" and below), (kind, path, told)
    others = {path for _, path in told if path.startswith("data/") and not re.match(rf"data/{name}(?![a-z_])", path)}
    assert not others, "of another test"


@pytest.mark.parametrize("name, of", [("open_folder_to_write", 0), ("mkdir_again", 1), ("stat", 0), ("lstat", 1)])
def test_an_error_is_about_where_a_link_leads_or_about_the_link(job, name, of):
    assert of in {value for _, _, value in job.facts(f"test_ways.py::test_path_{name}", "stat")}
    assert 1 - of not in {value for _, _, value in job.facts(f"test_ways.py::test_path_{name}", "stat")}


@pytest.mark.parametrize("name", NOTHING)
def test_who_looks_at_nothing_has_no_path(job, name):
    told = job.facts(f"test_ways.py::test_nothing_{name}", "blind", *PATH_FACTS)
    assert [fact for fact in told if not fact[1].startswith("/")] == []


@pytest.mark.parametrize("name", VARIABLES)
def test_each_variable_that_is_asked_for_is_seen(job, name):
    told = {text: value for _, text, value in job.facts(f"test_ways.py::test_variable_{name}", "environment")}
    expected = set(VARIABLES[name][1:])
    if "FOUND_A" in expected and "*" in expected:
        assert expected <= set(told)
    else:
        assert set(told) == expected
    for variable, value in told.items():
        assert bool(value) == (variable == "*" or variable.startswith(("FOUND", "HOME")) or len(told) > 5)


@pytest.mark.parametrize("name", LOOKUPS)
def test_modules_looked_up_by_name_are_seen(job, name):
    told = {text for _, text, _ in job.facts(f"test_ways.py::test_lookup_{name}", "module")}
    assert told == set(LOOKUPS[name][1:])


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_distributions_that_are_read_of_are_seen(job, name):
    told = job.facts(f"test_ways.py::test_distribution_{name}", "distribution")
    assert {text for _, text, _ in told} == set(DISTRIBUTIONS[name][1:])
    assert all(bool(value) == (text != "no-such") for _, text, value in told)


@pytest.mark.parametrize("name", CHILDREN)
def test_a_child_makes_its_test_unprovable_and_no_argument_is_told(job, name):
    nodeid = f"test_ways.py::test_child_{name}"
    assert ("blind", "child", 0) in job.facts(nodeid, "blind")
    commands = job.facts(nodeid, "child")
    assert not [text for _, text, _ in commands if "secret" in text]
    if name != "spawnv":
        assert commands
    if name in ("run", "spawn", "executable"):
        assert all(pid > 1 for _, _, pid in commands)


@pytest.mark.parametrize("name", FORKS)
def test_a_fork_is_observed_to_its_end(job, name):
    assert not job.facts(f"test_ways.py::test_fork_{name}", "blind")
    answer = subprocess.run(
        [DAGZ, "observed", f"test_ways.py::test_fork_{name}", "--json"], cwd=job.folder, capture_output=True, text=True
    )
    spans = json.loads(answer.stdout)["spans"]
    assert [span["type"] for span in spans].count("fork") == 1
    assert not [(span["type"], span["name"], text) for span in spans for text in span["unobserved"]]


def test_no_value_of_a_variable_is_in_a_log(job):
    found = [path for path in (job.folder / ".dagz").rglob("*") if path.is_file()]
    assert found and not [path for path in found if b"found A" in path.read_bytes()]


PROJECT = {
    "pytest.ini": """
        [pytest]
        pythonpath = first second
        """,
    "conftest.py": """
        import os, py
        def pytest_configure(config):
            open("settings.txt").close()
            py.path.local("legacy.txt").read_text("utf-8")
        def pytest_collect_file(file_path): os.path.exists("collected.none")
        """,
    "settings.txt": "",
    "legacy.txt": "",
    "unread.txt": "",
    "first/name/unused": "",
    "second/late.py": "VALUE = 1",
    "second/name.py": "VALUE = 1",
    "second/parts/a.py": "VALUE = 1",
    "second/whole/__init__.py": "VALUE = 1",
    "second/whole/part.py": "VALUE = 1",
    "test_places.py": """
        import ctypes, os, pytest
        def test_late(): import late
        def test_late_again(): import late
        def test_over_folder(): import name
        def test_portion(): import parts.a
        def test_package(): import whole.part
        def test_library():
            import colorsys
        def test_missing():
            with pytest.raises(ImportError): import nowhere
        def test_missing_below():
            with pytest.raises(ImportError): from whole import nowhere
        def test_none(): pass
        def test_forked_in_c():
            c = ctypes.CDLL(None)
            pid = c.fork()
            if not pid:
                open("in_child.txt", "w").close()
                c._exit(0)
            os.waitpid(pid, 0)
            open("settings.txt").close()
        """,
}
PLACES = {
    "late": {"first/late", "second/late/__init__"},
    "over_folder": {"first/name", "second/name/__init__"},
    "portion": {"first/parts", "second/parts", "second/parts/a/__init__"},
    "package": {"first/whole", "second/whole/part/__init__"},
    "library": {"first/colorsys", "second/colorsys", "colorsys"},
    "missing": {"first/nowhere", "second/nowhere", "nowhere"},
    "missing_below": {"first/whole", "second/whole/nowhere"},
    "none": set(),
}


@pytest.fixture(scope="module")
def project(python, way, tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    for name, text in PROJECT.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    job = Job(Suite(folder), python, way, "--dagz-workers=1")
    assert job.ran.code == 0, job.ran
    return job


@pytest.mark.parametrize("name", PLACES)
def test_what_an_import_passes_is_a_place(project, name):
    told = project.facts(f"test_places.py::test_{name}", "place")
    places = {text for _, text, _ in told}
    assert PLACES[name] <= places and (places - PLACES[name]) <= {"late", "name", "parts", "whole", "nowhere", "colorsys"}
    folders = {text for _, text, value in told if value}
    assert folders == ({"first/name"} if name == "over_folder" else {"second/parts"} if name == "portion" else set())


def test_a_module_s_own_span_has_the_places_that_led_to_it(project):
    (imported,) = [span for span in project.spans if span.type == "py.import" and span.name == "late"]
    places = {project.short(text) for fact, text, _ in imported.facts if fact == "place"}
    assert {"first/late", "second/late/__init__"} <= places


def test_the_load_has_what_conftests_look_at_and_not_what_pytest_lists(project):
    spans = [span for span in project.spans if span.type in ("load", "collect", "py.import")]
    told = [(fact, project.short(text)) for span in spans for fact, text, _ in span.facts]
    assert {("content", "settings.txt"), ("absent", "collected.none")} <= set(told)
    looks = [(fact, path) for fact, path in told if fact in ("content", "stat", "names") and not path.startswith("/")]
    assert set(looks) == {("content", "settings.txt"), ("content", "legacy.txt")}


def test_a_fork_that_python_does_not_know_of_makes_its_test_unprovable(project):
    told = project.facts("test_places.py::test_forked_in_c", "blind", *PATH_FACTS)
    assert ("blind", "fork in C", 0) in told and ("content", "settings.txt", 0) in told
    assert not [fact for fact in told if "in_child" in fact[1]]
