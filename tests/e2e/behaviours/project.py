"""Changes of the whole project: what does not matter anywhere, and what does everywhere."""

import ast
import os

from . import ALL, Change, World, append, edit, nothing, write


def sources(act):
    """To the text of each module and test."""

    def all_of_them(folder):
        for path in sorted(folder.rglob("*.py")):
            path.write_text(act(path.read_text()))

    return all_of_them


def commented(text):
    lines = [f"{line}  # as it was" if line and not line.startswith(" ") and '"""' not in line else line for line in text.split("\n")]
    return "# A comment.\n\n" + "\n".join(lines)


def reformatted(text):
    """As another hand lays it out: quotes, parentheses, blank lines, no comments."""
    return ast.unparse(ast.parse(text)) + "\n"


def spread(text):
    return "\n" + text.replace("\n\n", "\n\n\n\n") + "\n\n"


def touched(folder):
    for number, path in enumerate(sorted(path for path in folder.rglob("*") if ".dagz" not in path.parts)):
        os.utime(path, (1_500_000_000 + number, 1_500_000_000 + number))


def moved(folder):
    """A function to the end of its file, one to the beginning, a method within its class."""
    edit("bodies/shop.py", "def price():\n    return 1\n", "")(folder)
    append("bodies/shop.py", "\ndef price():\n    return 1\n")(folder)
    edit("constants/star.py", "def other():\n    return 1\n", "")(folder)
    edit("constants/star.py", "def starred", "def other():\n    return 1\n\ndef starred")(folder)


WORLD = World("", "", (
    Change("nothing", nothing),
    Change("comments", sources(commented)),
    Change("reformatted", sources(reformatted)),
    Change("blank_lines", sources(spread)),
    Change("touched", touched),
    Change("functions_moved", moved),
    Change("settings_of_others", edit("pyproject.toml", "width = 100", "width = 79")),
    Change("text_nobody_reads", append("README.md", "More.\n")),
    Change("folder_nobody_reads", write("docs/index.md", "Index.\n")),
    Change("setting_of_pytest", append("pytest.ini", "xfail_strict = true\n"), ALL),
    Change("time_zone", nothing, ALL, {"TZ": "Asia/Tokyo"}),
    Change("seed_of_hashes", nothing, ALL, {"PYTHONHASHSEED": "7"}),
))  # fmt: skip
