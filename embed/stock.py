"""Lays out the folder that `dagz setup` leads a stock python to: the plugin, and what makes pytest find it.

stock.py PLUGIN FOLDER VERSION
"""

import pathlib
import shutil
import sys


def main():
    plugin, folder, version = sys.argv[1:]
    folder = pathlib.Path(folder)
    info = folder / f"dagz_pytest-{version}.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(plugin, folder / "dagz_plugin.py")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: dagz-pytest\nVersion: {version}\n")
    (info / "entry_points.txt").write_text("[pytest11]\ndagz = dagz_plugin\n")


main()
