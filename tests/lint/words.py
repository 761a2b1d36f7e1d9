"""Nothing in the tree tells of the machine it was written on, or of work that was put off."""

import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
BARRED = {
    r"(?<![\w.])/(root|work)/|/home/(?!you/)\w+": "a path of one machine",
    r"\b(TODO|FIXME|XXX)\b": "work put off: an issue, not a comment",
}


def offences(name):
    try:
        text = (TOP / name).read_text()
    except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
        return
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, reason in BARRED.items():
            if re.search(pattern, line):
                yield f"{name}:{number}: {reason}: {line.strip()}"


listed = subprocess.run(["git", "-C", TOP, "ls-files"], capture_output=True, text=True)
if listed.returncode:
    sys.exit(77)  # not a checkout: skipped
own = pathlib.Path(__file__).resolve().relative_to(TOP).as_posix()
found = [text for name in listed.stdout.splitlines() if name != own for text in offences(name)]
print(*found, sep="\n")
sys.exit(1 if found else 0)
