"""The static import graph of a project, by files: what selecting by imports alone would run.

A test file depends on itself, on the conftests above it, and on each module that any of these imports, anywhere in it,
packages on the way included. That is what tools by import graph do; what is imported by a computed name they do not see."""

import ast
import functools
import pathlib


class Imports:
    def __init__(self, sources, roots=(".",)):
        self.sources = sources
        self.modules = {}
        for root in dict.fromkeys([".", *roots, *rootless(sources)]):
            for path in sources.modules:
                if name := dotted(path, root):
                    self.modules.setdefault(name, path)

    def found(self, name):
        """Files that importing a dotted name runs."""
        parts = name.split(".")
        names = (".".join(parts[: count + 1]) for count in range(len(parts)))
        return {self.modules[one] for one in names if one in self.modules}

    @functools.cache
    def direct(self, path):
        """What a file imports."""
        source = self.sources.source(path)
        reached = set()
        for node in ast.walk(source.ast) if source else ():
            if isinstance(node, ast.Import):
                reached |= set().union(*(self.found(alias.name) for alias in node.names))
            elif isinstance(node, ast.ImportFrom):
                for base in self.bases(path, node):
                    reached |= self.found(base).union(*(self.found(f"{base}.{alias.name}") for alias in node.names))
        return frozenset(reached - {path})

    def bases(self, path, node):
        """What a relative import may mean, whichever folder is on sys.path."""
        if not node.level:
            return [node.module]
        folder = pathlib.PurePath(path).parents[node.level - 1].as_posix()
        names = {name for name, file in self.modules.items() if file == f"{folder}/__init__.py"}
        return [f"{name}.{node.module}" if node.module else name for name in names]

    @functools.cache
    def reach(self, test_file):
        """All files that a test file depends on."""
        folders = [folder.as_posix() for folder in pathlib.PurePath(test_file).parents]
        conftests = {f"{folder}/conftest.py".removeprefix("./") for folder in folders} & set(self.sources.files)
        seen, left = set(), [test_file, *conftests]
        while left:
            path = left.pop()
            if path not in seen:
                seen.add(path)
                left += self.direct(path)
        return frozenset(seen)

    def reached_by(self, mutation, files):
        """Of the test files those that a mutation reaches: all, where it is of no module."""
        if mutation.environ or any(not path.endswith(".py") for path in mutation.files):
            return set(files)
        new = {path for path in mutation.files if path.endswith("conftest.py") and path not in self.sources.files}
        below = tuple(path.removesuffix("conftest.py") for path in new)
        return {file for file in files if self.reach(file) & mutation.files or (below and file.startswith(below))}


def dotted(path, root):
    """The name that a file has for who has ROOT on sys.path."""
    path = pathlib.PurePath(path)
    if root != ".":
        if not path.is_relative_to(root):
            return None
        path = path.relative_to(root)
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def rootless(sources):
    """Folders of tests that are no packages: pytest puts these on sys.path."""
    folders = {pathlib.PurePath(path).parent.as_posix() for path in sources.modules}
    return sorted(folder for folder in folders if f"{folder}/__init__.py" not in sources.files)
