"""Adds up junit files, and closes with the line that CI reads: N passed, N failed.

    tally.py FILE…

A file that is missing counts as a failure: its part of the tests ended before it could tell.
"""

import pathlib
import sys
import xml.etree.ElementTree


def outcome(case):
    tags = {child.tag for child in case}
    return "failed" if tags & {"failure", "error"} else "skipped" if "skipped" in tags else "passed"


def main(paths):
    count = {"passed": 0, "failed": 0, "skipped": 0}
    for path in map(pathlib.Path, paths):
        if not path.exists():
            print(f"{path} was not written")
            count["failed"] += 1
            continue
        for case in xml.etree.ElementTree.parse(path).iter("testcase"):
            count[outcome(case)] += 1
    skipped = f", {count['skipped']} skipped" if count["skipped"] else ""
    print(f"{count['passed']} passed, {count['failed']} failed{skipped}")
    return 1 if count["failed"] or not count["passed"] else 0


sys.exit(main(sys.argv[1:]))
