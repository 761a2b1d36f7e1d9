"""Compiles our Python code with the Python that runs this, and writes it as a C table for the shim.

    freeze.py NAME.py… OUTPUT.c
"""

import marshal
import pathlib
import sys


def frozen(path):
    source = path.read_text(encoding="utf-8")
    return marshal.dumps(compile(source, f"<dagz>/{path.name}", "exec", dont_inherit=True, optimize=0))


def array(stem, code):
    rows = [",".join(map(str, code[at : at + 24])) for at in range(0, len(code), 24)]
    return f"static const unsigned char {stem}[] = {{\n" + ",\n".join(rows) + "};\n"


def main(*arguments):
    *sources, output = map(pathlib.Path, arguments)
    modules = {path.stem: frozen(path) for path in sources}
    with open(output, "w", encoding="ascii") as file:
        file.write('#include "embed/glue.h"\n\n#include <stddef.h>\n\n')
        file.writelines(array(stem, code) for stem, code in modules.items())
        file.write("const struct dz_glue_module dz_glue_modules[] = {\n")
        file.writelines(f'    {{"_dagz.{stem}", {stem}, sizeof {stem}}},\n' for stem in modules)
        file.write("    {NULL, NULL, 0},\n};\n")


main(*sys.argv[1:])
