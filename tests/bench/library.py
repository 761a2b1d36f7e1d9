"""Some of CPython's own tests, and the parts of its library that they are about, as somebody's project.

What is the interpreter's own is of no interest to DAGZ; copied into a folder of the project, and found there first, it is.
What is frozen into the executable (os, abc, codecs, io) stays where it is.
"""

import dataclasses
import pathlib
import shutil
import subprocess

import suites

TESTS = """test_generators test_coroutines test_contextlib test_contextlib_async test_functools test_dataclasses test_descr
    test_asyncgen test_genexps test_exceptions test_sys_settrace test_sys_setprofile test_monitoring test_inspect test_dis
    test_code test_copy test_threading
    test_generator_stop test_with test_super test_property test_decorators test_yield_from test_raise test_scope
    test_compile test_marshal test_types test_typing test_enum test_collections test_bdb test_pdb
    test_traceback test_sched test_heapq test_string test_reprlib test_textwrap test_unpack
    test_opcodes test_call test_frame test_iter test_range test_exception_group test_except_star
    test_patma test_class test_metaclass test_subclassinit test_abc test_contextvars test_context""".split()
PARTS = """_weakrefset ast asyncio bdb cmd code codeop collections concurrent contextlib copy copyreg dataclasses dis enum
    functools heapq inspect linecache opcode operator pdb pickle pickletools queue random reprlib sched string textwrap
    threading timeit token tokenize traceback tracemalloc types typing unittest weakref _threading_local contextvars""".split()
INI = "[pytest]\npython_files = test_*.py __init__.py\nnorecursedirs = library data\n"


def copy(names, source, folder):
    for name in names:
        if (source / f"{name}.py").exists():
            shutil.copy2(source / f"{name}.py", folder)
        elif (source / name).is_dir():
            shutil.copytree(source / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))


@dataclasses.dataclass(frozen=True)
class Library:
    """An environment whose project is that."""

    name: str
    minor: str
    python: pathlib.Path
    folder: pathlib.Path

    options = ("--dagz-timeout=120",)

    @property
    def tree(self):
        return self.folder / "tree"

    @property
    def scratch(self):
        return self.folder / "scratch" / self.name

    @property
    def path(self):
        """What is to be found before the interpreter's own."""
        return (self.tree / "library",)


def make(library, tests=TESTS, parts=PARTS):
    tree = library.tree
    shutil.rmtree(library.folder, ignore_errors=True)
    (tree / "library").mkdir(parents=True)
    (tree / "pytest.ini").write_text(INI)
    ask = [library.python, "-c", "import os, test; print(os.path.dirname(test.__file__))"]
    source = pathlib.Path(subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip())
    copy(tests, source, tree)
    copy(parts, source.parent, tree / "library")
    return library


def environment(minor):
    env = suites.fetch(suites.environment("empty", minor))
    return make(Library(f"library-{minor}", minor, env.python, env.folder / "library"))
