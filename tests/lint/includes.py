"""The folder says what you may include (STYLE.md 1): our own headers by folder, others by name."""

import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.MULTILINE)

# folder: (ours that it may know, others that it may not). The longest folder that fits a file is its rule.
RULES = {
    "host/base": ("host/base", "Python|uv|sqlite3|jansson|zstd|mimalloc"),
    "host/record": ("host/base host/record", "Python|uv|time|sys/time"),
    "host/loop": ("host/base host/record host/loop host/*", "Python"),
    "host/command": ("host/base host/record host/command host/*", "Python|uv"),
    "host": ("host embed/embed.h", "Python"),  # embed.h: the shim's entry
    "embed": ("host/base embed", "uv|sqlite3|jansson"),
    "tests": ("host tests", "Python"),
}


def rule_of(path):
    return RULES[max((folder for folder in RULES if path.startswith(folder + "/")), key=len)]


def may_know(known, path):
    """`host/*` is the folder's own files and none below."""
    return any(
        path.rpartition("/")[0] == name[:-2] if name.endswith("/*") else path == name or path.startswith(name + "/")
        for name in known.split()
    )


def offences(file):
    path = file.relative_to(TOP).as_posix()
    known, barred = rule_of(path)
    for name in INCLUDE.findall(file.read_text()):
        beside, below = (file.parent / name).resolve(), TOP / name
        ours = beside if beside.exists() else below if below.exists() else None
        if ours and not may_know(known, ours.relative_to(TOP).as_posix()):
            yield f"{path}: may not know {ours.relative_to(TOP)}"
        if not ours and re.fullmatch(f"({barred})\\.h", name):
            yield f"{path}: may not include <{name}>"


files = [file for folder in ("host", "embed", "tests") for file in (TOP / folder).rglob("*.[ch]")]
found = [text for file in sorted(files) for text in offences(file)]
print(*found, sep="\n")
sys.exit(1 if found or not files else 0)
