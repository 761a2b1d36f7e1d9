"""What host/base/symbols.c defines in the place of libc's, the executable exports, and nothing else."""

import pathlib
import re
import sys

HOST = pathlib.Path(__file__).resolve().parents[2] / "host"

source = (HOST / "base/symbols.c").read_text()
# The body of a macro has `name` where a use of it has a name.
makers = re.findall(r"^#define (\w+)\((?:name)\b[^\n]*\n\s*SEEN ", source, re.M)
defined = set(re.findall(r"^(?:%s)\((\w+)" % "|".join(makers), source, re.M))
defined |= set(re.findall(r"^SEEN [\w ]+?\*?(\w+)\(", source, re.M))
exported = set(re.findall(r"(\w+);", (HOST / "exports.map").read_text().partition("global:")[2].partition("local:")[0]))
print(*(f"host/exports.map: lacks {name}" for name in sorted(defined - exported)), sep="\n", end="")
print(*(f"host/exports.map: {name} is not defined" for name in sorted(exported - defined)), sep="\n", end="")
sys.exit(1 if defined != exported or len(defined) < 50 else 0)
