"""Writes a source of our Python code as a C string, for who has a python execute it that we are not in.

quote.py NAME.py OUTPUT.c
"""

import json
import pathlib
import sys


def main(source, output):
    lines = pathlib.Path(source).read_text(encoding="ascii").splitlines(keepends=True)
    # What JSON makes of a line of printable ASCII is what C does.
    quoted = "\n".join(f"    {json.dumps(line)}" for line in lines)
    pathlib.Path(output).write_text(f"const char dz_{pathlib.Path(source).stem}_source[] =\n{quoted};\n")


main(*sys.argv[1:])
