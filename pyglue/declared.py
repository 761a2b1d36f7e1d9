"""`[tool.dagz]` of the rootdir's pyproject.toml: what a user declares. PYTEST_DONT_REWRITE

The front tells the host of it with what else pytest was asked for; `dagz` commands, which have no pytest, ask for it in
an interpreter of its own.
"""

import difflib
import os
import sys

FILE = "pyproject.toml"
# Options have a place of their own, as all of pytest's have.
OPTIONS = ("all", "audit", "base", "fork", "max-rss", "profile", "start", "timeout", "workers")
EVERYTHING = {"*", "**", "."}


class WrongError(ValueError):
    """A sentence for who has written it: the file, the key, and what was expected."""


class Declared:
    def __init__(self, ignore=(), external=()):
        self.ignore, self.external = ignore, external

    def fields(self):
        """As in `resolved`, of wire.def."""
        return joined(self.ignore), joined(self.external)


def joined(texts):
    return b"".join(text.encode("utf-8", "surrogatepass") + b"\0" for text in texts)


def read(rootdir):
    path = os.path.join(rootdir, FILE)
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError:
        # Whether it can be read is for pytest to say, where that is its own file.
        return Declared()
    # Most have nothing to say to us, and are not parsed a second time.
    return of_table(path, table(path, content)) if b"dagz" in content else Declared()


def table(path, content):
    try:
        import tomllib
    except ImportError:
        try:
            # What pytest brings along where python has none.
            import tomli as tomllib
        except ImportError:
            raise WrongError(f"{path}: cannot be read: this python has no tomllib, and no tomli") from None
    try:
        tool = tomllib.loads(content.decode()).get("tool", {})
    except ValueError as error:
        raise WrongError(f"{path}: {error}") from None
    return tool.get("dagz", {}) if isinstance(tool, dict) else {}


def of_table(path, found):
    if not isinstance(found, dict):
        raise WrongError(f"{path}: tool.dagz is to be a table, [tool.dagz]")
    for key in found:
        if key not in CHECKS:
            raise WrongError(f"{path}: [tool.dagz] has no {key!r}{what_else(key)}")
    checked = {}
    for key, value in found.items():
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise WrongError(f"{path}: [tool.dagz] {key} = {shown(value)}: a list of strings is expected, {EXAMPLES[key]}")
        for text in value:
            wrong = CHECKS[key](text)
            if wrong:
                raise WrongError(f"{path}: [tool.dagz] {key}: {text!r} {wrong}")
        checked[key] = value
    return Declared(**checked)


def what_else(key):
    name = key.replace("_", "-").removeprefix("dagz-")
    if name in OPTIONS:
        return f": that is an option, for addopts or the command line, --dagz-{name}"
    near = difflib.get_close_matches(key, CHECKS, 1)
    return f": did you mean {near[0]!r}?" if near else f": there are {' and '.join(map(repr, CHECKS))}"


def shown(value):
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def wrong_glob(text):
    if not text or "\0" in text:
        return "is no glob of paths"
    if ".." in text.split("/"):
        return "leads up: paths elsewhere are written from the root on"
    if not {part for part in text.split("/") if part} - EVERYTHING:
        return "stands for everything: no change would ever be seen"
    return None


def wrong_ignore(text):
    if text.startswith("/"):
        return "is not below the rootdir: globs of it are relative to the rootdir"
    return wrong_glob(text)


def wrong_external(text):
    if "/" in text and "://" not in text:
        return wrong_glob(text)
    return None if text.strip() and text.isprintable() else "is no name"


CHECKS = {"ignore": wrong_ignore, "external": wrong_external}
EXAMPLES = {"ignore": 'as ["docs/**", "*.md"]', "external": 'as ["postgres", "./var/test.db"]'}


def tell(rootdir):
    """For a host without a front: texts with NUL behind, each after a letter, and a dot; or `!` and what is wrong."""
    try:
        found = read(rootdir)
        texts = [f"i{text}" for text in found.ignore] + [f"e{text}" for text in found.external] + ["."]
    except WrongError as wrong:
        texts = [f"!{wrong}"]
    sys.stdout.buffer.write(joined(texts))


if __name__ == "__main__":
    tell(sys.argv[1])
