"""Small changes of a project, of every kind that selection has to see through: drawn by a seed, made of the sources by ast.

A mutator is a function that yields mutations of a source, or of a project; each is text with one place replaced, files put
or taken away, a mode, a link, a variable. What does not parse is no mutation: whoever meets that runs nothing anyhow."""

import ast
import collections
import dataclasses
import difflib
import itertools
import pathlib
import re

# Not the project's code and tests, or not run by them.
PASSED_OVER = {"docs", "doc", "scripts", "benchmarks", "build", "dist", "external", "downstream", "changelog"}
# A site of a mutator is drawn among so many of a file at most: one table of a thousand rows is one place.
MOST_OF_A_FILE = 40


@dataclasses.dataclass(frozen=True)
class Mutation:
    where: str
    # By path: the new text, or None for a file that goes.
    texts: dict = dataclasses.field(default_factory=dict)
    modes: dict = dataclasses.field(default_factory=dict)
    links: dict = dataclasses.field(default_factory=dict)
    # None: unset.
    environ: dict = dataclasses.field(default_factory=dict)
    mutator: str = ""

    @property
    def files(self):
        return {*self.texts, *self.modes, *self.links}

    def apply(self, tree):
        for path, text in self.texts.items():
            if text is None:
                (tree / path).unlink()
            else:
                (tree / path).parent.mkdir(parents=True, exist_ok=True)
                (tree / path).write_bytes(text)
        for path, bits in self.modes.items():
            (tree / path).chmod(bits)
        for path, target in self.links.items():
            (tree / path).unlink()
            (tree / path).symlink_to(target)

    def diff(self, tree):
        """Against the tree without it."""
        lines = [f"{name}={value}" for name, value in self.environ.items()]
        lines += [f"mode of {path}: {bits:o}" for path, bits in self.modes.items()]
        lines += [f"{path} -> {target}" for path, target in self.links.items()]
        for path, text in self.texts.items():
            old = (tree / path).read_bytes() if (tree / path).exists() else b""
            pair = [part.decode(errors="backslashreplace").splitlines() for part in (old, text or b"")]
            lines += difflib.unified_diff(*pair, path, path if text is not None else "nothing", lineterm="", n=1)
        return "\n".join(lines[:60])


# ---- sources ----


class Source:
    """A module's text and tree, and how to replace a part of it."""

    def __init__(self, tree, path):
        self.path = path
        self.text = (tree / path).read_bytes()
        self.ast = ast.parse(self.text)
        self.starts = list(itertools.accumulate((len(line) for line in self.text.splitlines(keepends=True)), initial=0))

    def at(self, line, column):
        """ast counts in bytes of UTF-8, which sources are here."""
        return self.starts[line - 1] + column

    def span(self, node):
        first = min([(node.lineno, node.col_offset), *((mark.lineno, mark.col_offset - 1) for mark in decorators(node))])
        return self.at(*first), self.at(node.end_lineno, node.end_col_offset)

    def part(self, node):
        begin, end = self.span(node)
        return self.text[begin:end]

    def put(self, node, new, *more):
        """The text with nodes replaced."""
        pairs = sorted(zip((node, *more[::2]), (new, *more[1::2])), key=lambda pair: -self.span(pair[0])[0])
        text = self.text
        for one, part in pairs:
            begin, end = self.span(one)
            text = text[:begin] + part + text[end:]
        return text

    def add(self, text):
        return self.text + (b"" if self.text.endswith(b"\n") else b"\n") + text.encode()

    def mutation(self, node, text):
        return Mutation(f"{self.path}:{getattr(node, 'lineno', 0)}", {self.path: text})

    def functions(self):
        """With the class they are in, none that is within another function."""
        for scope, body in [(None, self.ast.body), *((node, node.body) for node in self.classes())]:
            yield from ((scope, node) for node in body if isinstance(node, FUNCTION))

    def classes(self):
        return [node for node in self.ast.body if isinstance(node, ast.ClassDef)]


FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
IMPORT = (ast.Import, ast.ImportFrom)


def decorators(node):
    return getattr(node, "decorator_list", ())


def is_docstring(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def is_future(node):
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def other(value):
    """Another value of that kind, as source."""
    if isinstance(value, bool):
        return str(not value)
    if isinstance(value, (int, float)):
        return repr(value + 1)
    if isinstance(value, str):
        return repr(value + "~")
    return "0" if value is None else None


def constants(source, value):
    """Constants in an expression, that are not of an f-string; and what each would be else."""
    within = {id(part) for node in ast.walk(value) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    for node in ast.walk(value):
        if isinstance(node, ast.Constant) and id(node) not in within and (new := other(node.value)):
            yield source.mutation(node, source.put(node, new.encode()))
        elif isinstance(node, (ast.List, ast.Tuple, ast.Set)) and node.elts:
            yield from shorter(source, node, node.elts)
        elif isinstance(node, ast.Dict) and node.keys and node.keys[-1]:
            yield from shorter(source, node, [*node.keys, node.values[-1]])


def shorter(source, node, parts):
    """Without its last, as far as brackets and commas are where they are expected."""
    last = parts[-2] if isinstance(node, ast.Dict) else parts[-1]
    begin, end = source.span(last)[0], source.span(parts[-1])[1]
    if len(parts) > 1:
        yield source.mutation(last, source.text[:begin].rstrip() + source.text[end:])


# ---- of what is in a source ----


def body_raises(source):
    """Whoever executes it fails, whatever it looks at."""
    for _, node in source.functions():
        first = node.body[1] if is_docstring(node.body[0]) and len(node.body) > 1 else node.body[0]
        if first.lineno > node.lineno and not is_docstring(first):
            begin = source.span(first)[0]
            indent = b"\n" + b" " * first.col_offset
            yield source.mutation(first, source.text[:begin] + b"raise RuntimeError('mutant')" + indent + source.text[begin:])


def body_returns(source):
    for _, node in source.functions():
        for part in ast.walk(node):
            if isinstance(part, ast.Return) and part.value and not (isinstance(part.value, ast.Constant) and part.value.value is None):
                yield source.mutation(part, source.put(part.value, b"None"))


COMPARED = {ast.Eq: b"!=", ast.NotEq: b"==", ast.Lt: b">=", ast.GtE: b"<", ast.Gt: b"<=", ast.LtE: b">", ast.Is: b"is not",
            ast.IsNot: b"is", ast.In: b"not in", ast.NotIn: b"in"}  # fmt: skip


def body_compares(source):
    """A comparison is turned round, a test of an `if` negated."""
    for _, node in source.functions():
        for part in ast.walk(node):
            if isinstance(part, ast.Compare) and len(part.ops) == 1:
                pair = (source.part(part.left), source.part(part.comparators[0]))
                yield source.mutation(part, source.put(part, b"(%b) %b (%b)" % (pair[0], COMPARED[type(part.ops[0])], pair[1])))
            elif isinstance(part, (ast.If, ast.While)):
                yield source.mutation(part, source.put(part.test, b"(not (" + source.part(part.test) + b"))"))


def assigned(body):
    for node in body:
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)) and node.value:
            yield node.value


def constant(source):
    for value in assigned(source.ast.body):
        yield from constants(source, value)


def class_attribute(source):
    for node in source.classes():
        for value in assigned(node.body):
            yield from constants(source, value)


def default(source):
    for _, node in source.functions():
        for value in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
            yield from constants(source, value)


def decorator_argument(source):
    for node in (*(node for _, node in source.functions()), *source.classes()):
        for mark in decorators(node):
            if isinstance(mark, ast.Call):
                for value in (*mark.args, *(word.value for word in mark.keywords)):
                    yield from constants(source, value)


def statement_deleted(source):
    for node in source.ast.body:
        if not is_docstring(node) and not is_future(node):
            yield source.mutation(node, source.put(node, b"pass"))


def neighbours_swapped(source):
    for one, two in itertools.pairwise(source.ast.body):
        if not any(is_docstring(node) or is_future(node) for node in (one, two)):
            yield source.mutation(one, source.put(one, source.part(two), two, source.part(one)))


def import_removed(source):
    for node in ast.walk(source.ast):
        if isinstance(node, IMPORT) and not is_future(node):
            yield source.mutation(node, source.put(node, b"pass"))


def import_added(source):
    """Of a module that may have effects, or that was imported later until now."""
    for name in ("this", "decimal", "locale", "unittest.mock", *imported(source)):
        place = next((node for node in source.ast.body if not is_docstring(node) and not is_future(node)), None)
        if place is not None:
            begin = source.span(place)[0]
            yield source.mutation(place, source.text[:begin] + b"import %b as _added\n" % name.encode() + source.text[begin:])


def imported(source):
    """Modules that are imported within functions."""
    for _, node in source.functions():
        for part in ast.walk(node):
            if isinstance(part, ast.Import):
                yield part.names[0].name


def name_shadowed(source):
    """A name that came from elsewhere, from builtins or an import, is bound once more at the end."""
    names = {node.id for node in ast.walk(source.ast) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    bound = {alias.asname or alias.name for node in source.ast.body if isinstance(node, IMPORT) for alias in node.names}
    for name in sorted(names & (set(dir(__builtins__) if not isinstance(__builtins__, dict) else __builtins__) | bound)):
        yield source.mutation(source.ast, source.add(f"\ndef {name}(*a, **k): raise RuntimeError('mutant')\n"))


SPECIAL = ("__init__", "__eq__", "__len__", "__repr__", "__getattribute__", "__call__", "__new__")


def overridden(source):
    """A class gets a method that it had from above."""
    methods = {node.name: [part.name for part in node.body if isinstance(part, FUNCTION)] for node in source.classes()}
    for node in source.classes():
        above = [name for base in node.bases for name in methods.get(getattr(base, "id", ""), ())]
        for name in dict.fromkeys((*above, *SPECIAL)):
            if name not in methods[node.name] and node.body[0].lineno > node.lineno:
                begin, indent = source.span(node.body[0])[0], b" " * node.body[0].col_offset
                method = f"def {name}(self, *a, **k): raise RuntimeError('mutant')\n".encode()
                yield source.mutation(node, source.text[:begin] + method + indent + source.text[begin:])


def definition_renamed(source):
    """Only where it is defined: its users look for what is gone."""
    for node in (*(node for _, node in source.functions()), *source.classes()):
        begin = source.at(node.lineno, node.col_offset)
        head = source.text[begin : begin + 200]
        if found := re.match(rb"((?:async\s+)?(?:def|class)\s+)(\w+)", head):
            end = begin + found.end()
            yield source.mutation(node, source.text[:end] + b"_renamed" + source.text[end:])


def moved_to_another_module(source):
    """A function or class of the module goes to a new one beside it, which has all that it imports, and is imported back."""
    if source.path.endswith("__init__.py") or is_test(source.path):
        return
    beside = source.path.removesuffix(".py") + "_moved"
    heads = b"".join(source.part(node) + b"\n" for node in source.ast.body if isinstance(node, IMPORT))
    package = "." if package_of(source) else ""
    for node in source.ast.body:
        if isinstance(node, (*FUNCTION, ast.ClassDef)):
            back = f"from {package}{pathlib.PurePath(beside).name} import {node.name}".encode()
            text = source.put(node, back)
            yield Mutation(f"{source.path}:{node.lineno}", {source.path: text, beside + ".py": heads + b"\n" + source.part(node) + b"\n"})


def package_of(source):
    return any(isinstance(node, ast.ImportFrom) and node.level for node in source.ast.body) or "/" in source.path


# ---- of what pytest reads ----


def is_test(path):
    name = pathlib.PurePath(path).name
    return name == "conftest.py" or name.startswith("test_") or name.endswith("_test.py")


FIXTURE = """

import pytest as _mutant
@_mutant.fixture({how})
def {name}():
    raise RuntimeError("mutant")
"""


def fixture_added(source):
    """An autouse one; one that overrides another whose name is asked for here; other bodies and scopes are other mutators'."""
    if not is_test(source.path):
        return
    yield source.mutation(source.ast, source.add(FIXTURE.format(how="autouse=True", name="_mutant_fixture")))
    asked = {argument.arg for _, node in source.functions() if node.name.startswith("test") for argument in node.args.args}
    for name in sorted(asked - {"self", "cls"}):
        yield source.mutation(source.ast, source.add(FIXTURE.format(how="", name=name)))


def setup_added(source):
    if not is_test(source.path) or source.path.endswith("conftest.py"):
        return
    for text in ("def setup_function(function)", "def setup_module(module)", "def teardown_function(function)"):
        yield source.mutation(source.ast, source.add(f"\n{text}: raise RuntimeError('mutant')\n"))
    yield source.mutation(source.ast, source.add("\nimport pytest as _mutant\npytestmark = _mutant.mark.skip(reason='mutant')\n"))
    for node in source.classes():
        if node.body[0].lineno > node.lineno:
            begin, indent = source.span(node.body[0])[0], b" " * node.body[0].col_offset
            method = b"def setup_method(self, method): raise RuntimeError('mutant')\n"
            yield source.mutation(node, source.text[:begin] + method + indent + source.text[begin:])


# ---- of a project's files ----


class Sources:
    """All that may be changed of a project."""

    def __init__(self, tree):
        self.tree = tree
        self.files = sorted(
            path.relative_to(tree).as_posix() for path in tree.rglob("*")
            if path.is_file() and not path.is_symlink() and not self.is_aside(path.relative_to(tree)))  # fmt: skip
        self.modules = [path for path in self.files if path.endswith(".py") and path != "setup.py"]
        self.data = [path for path in self.files if not path.endswith((".py", ".pyc")) and "/" in path]
        self.read = {}

    @staticmethod
    def is_aside(path):
        return path.parts[0] in PASSED_OVER or any(part.startswith(".") or part.endswith((".egg-info", "__pycache__")) for part in path.parts)

    def source(self, path):
        if path not in self.read:
            try:
                self.read[path] = Source(self.tree, path)
            except (SyntaxError, ValueError):
                self.read[path] = None
        return self.read[path]

    def folders(self):
        return sorted({str(pathlib.PurePath(path).parent) for path in self.modules})


def sub_conftest(sources):
    text = FIXTURE.format(how="autouse=True", name="_mutant_fixture")
    for folder in sorted({str(pathlib.PurePath(path).parent) for path in sources.modules if is_test(path)}):
        path = f"{folder}/conftest.py" if folder != "." else "conftest.py"
        if path not in sources.files:
            yield Mutation(path, {path: text.encode()})


def file_added(sources):
    """A module that comes before one that was found, one where none was found, a package's __init__, a file among data."""
    names = {alias.name.partition(".")[0] for path in sources.modules if (source := sources.source(path))
             for node in ast.walk(source.ast) if isinstance(node, ast.Import) for alias in node.names}  # fmt: skip
    firsts = [folder for folder in sources.folders() if f"{folder}/__init__.py" not in sources.files]
    for folder, name in itertools.product(firsts, sorted(names)):
        path = f"{folder}/{name}.py".removeprefix("./")
        if path not in sources.files and f"{name}/__init__.py" not in sources.files:
            yield Mutation(path, {path: b"raise ImportError('mutant')\n"})
    for folder in firsts:
        if folder != ".":
            yield Mutation(folder, {f"{folder}/__init__.py": b"raise ImportError('mutant')\n"})
    for folder in sorted({str(pathlib.PurePath(path).parent) for path in sources.data}):
        yield Mutation(folder, {f"{folder}/mutant.txt": b"mutant\n"})
    for folder in sorted({str(pathlib.PurePath(path).parent) for path in sources.modules if is_test(path)}):
        yield Mutation(folder, {f"{folder}/test_mutant.py": b"def test_mutant(): pass\n"})


def file_deleted(sources):
    for path in (*sources.modules, *sources.data):
        yield Mutation(path, {path: None})


def file_renamed(sources):
    for path in sources.modules:
        new = path.removesuffix(".py") + "_renamed.py"
        if not path.endswith(("__init__.py", "conftest.py")):
            yield Mutation(path, {path: None, new: (sources.tree / path).read_bytes()})


def data_changed(sources):
    for path in sources.data:
        text = (sources.tree / path).read_bytes()
        middle = len(text) // 2
        yield Mutation(path, {path: text + b"\nmutant\n"})
        yield Mutation(path, {path: text[:middle] + b"~" + text[middle + 1 :]})


def data_mode(sources):
    for path in sources.data:
        bits = (sources.tree / path).stat().st_mode & 0o777
        yield Mutation(path, modes={path: bits ^ 0o100})
        yield Mutation(path, modes={path: bits & 0o444})


def data_link(sources):
    """Of one file, another's content by a link."""
    for one, two in itertools.pairwise(sources.data):
        if pathlib.PurePath(one).parent == pathlib.PurePath(two).parent:
            yield Mutation(one, links={one: pathlib.PurePath(two).name})


ASKED = re.compile(rb"""(?:environ(?:\.get|\.pop|\.setdefault)?\s*[\[(]|getenv\(|setenv\(|delenv\()\s*["'](\w+)["']""")
OFTEN = ("NO_COLOR", "TERM", "COLUMNS", "PAGER", "EDITOR", "TMPDIR", "LANG", "HOME", "DEBUG")


def environment_variable(sources):
    named = {name.decode() for path in sources.modules for name in ASKED.findall((sources.tree / path).read_bytes())}
    for name in sorted({*named, *OFTEN} - {"PYTHONPATH", "PATH", "DAGZ_PYTHON"}):
        yield Mutation(name, environ={name: "mutant"})
        yield Mutation(name, environ={name: None})


INI = (("pytest.ini", "[pytest]"), ("pyproject.toml", "[tool.pytest]"), ("pyproject.toml", "[tool.pytest.ini_options]"),
       ("tox.ini", "[pytest]"), ("setup.cfg", "[tool:pytest]"))  # fmt: skip
ADDED = ("xfail_strict = true", "python_functions = ['test_a*']", "python_functions = test_a*", "usefixtures = tmp_path",
         "filterwarnings = error", "filterwarnings = ['error']", "junit_family = 'legacy'", "empty_parameter_set_mark = 'xfail'")  # fmt: skip


def ini_value(sources):
    """A line of pytest's own section goes, or one comes; what is no ini file any more ends every run alike."""
    for path, head in INI:
        if path in sources.files and head + "\n" in (text := (sources.tree / path).read_text()):
            before, _, after = text.partition(head + "\n")
            lines, rest = section(after)
            for number in range(len(lines)):
                kept = "".join(lines[:number] + lines[number + 1 :])
                yield Mutation(f"{path}:{lines[number].strip()}", {path: f"{before}{head}\n{kept}{rest}".encode()})
            for line in ADDED:
                if is_written_so(path, line):
                    yield Mutation(f"{path}:{line}", {path: f"{before}{head}\n{line}\n{after}".encode()})
            return


def section(text):
    """Lines until the next section, and the rest."""
    lines = text.splitlines(keepends=True)
    count = next((number for number, line in enumerate(lines) if line.startswith("[")), len(lines))
    return lines[:count], "".join(lines[count:])


def is_written_so(path, line):
    return (path == "pyproject.toml") == ("'" in line or line.endswith("true"))


# ---- which, and the draw ----

OF_SOURCE = (body_raises, body_returns, body_compares, constant, class_attribute, default, decorator_argument, statement_deleted,
             neighbours_swapped, import_removed, import_added, name_shadowed, overridden, fixture_added, setup_added,
             definition_renamed, moved_to_another_module)  # fmt: skip
OF_PROJECT = (sub_conftest, file_added, file_deleted, file_renamed, data_changed, data_mode, data_link, environment_variable,
              ini_value)  # fmt: skip
NAMES = [mutator.__name__ for mutator in (*OF_SOURCE, *OF_PROJECT)]


def drawn_of_source(mutator, sources, dice):
    """A file is drawn first, so that one with a thousand constants does not have them all."""
    taken = collections.Counter()
    paths = [path for path in sources.modules if sources.source(path)]
    sites = {}
    while paths:
        path = dice.choice(paths)
        if path not in sites:
            sites[path] = list(mutator(sources.source(path)))
            dice.shuffle(sites[path])
        if not sites[path] or taken[path] >= MOST_OF_A_FILE:
            paths.remove(path)
            continue
        taken[path] += 1
        yield sites[path].pop()


def drawn_of_project(mutator, sources, dice):
    sites = list(mutator(sources))
    dice.shuffle(sites)
    yield from sites


def parses(mutation):
    """And is not what was there."""
    try:
        for path, text in mutation.texts.items():
            if path.endswith(".py") and text is not None:
                compile(text, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True


def draw(sources, dice, only=None):
    """Mutations without end as long as there are any, of each mutator in turn, none twice."""
    draws = {mutator: drawn_of_source(mutator, sources, dice) for mutator in OF_SOURCE}
    draws |= {mutator: drawn_of_project(mutator, sources, dice) for mutator in OF_PROJECT}
    draws = {mutator: found for mutator, found in draws.items() if not only or mutator.__name__ in only}
    while draws:
        for mutator, found in list(draws.items()):
            one = next(filter(parses, found), None)
            if one is None:
                del draws[mutator]
            else:
                yield dataclasses.replace(one, mutator=mutator.__name__)
