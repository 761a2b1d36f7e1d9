"""Adds up junit files, and closes with the line that CI reads: N passed, N failed.

    tally.py [--failed] FILE…

A file that is missing, or was not written to its end, counts as a failure: its part of the tests ended before it could
tell. With --failed a part has ended badly: if no file tells of a failure that is one, as of who was interrupted.
"""

import sys
import xml.etree.ElementTree


def outcome(case):
    tags = {child.tag for child in case}
    return "failed" if tags & {"failure", "error"} else "skipped" if "skipped" in tags else "passed"


def outcomes(path):
    try:
        return [outcome(case) for case in xml.etree.ElementTree.parse(path).iter("testcase")]
    except FileNotFoundError:
        print(f"{path} was not written")
    except xml.etree.ElementTree.ParseError as error:
        print(f"{path} was not written to its end: {error}")
    return ["failed"]


def main(arguments):
    count = {"passed": 0, "failed": 0, "skipped": 0}
    for path in arguments:
        for told in outcomes(path) if path != "--failed" else ():
            count[told] += 1
    if "--failed" in arguments and not count["failed"]:
        print("a part of the tests ended badly and told of no test that failed")
        count["failed"] += 1
    skipped = f", {count['skipped']} skipped" if count["skipped"] else ""
    print(f"{count['passed']} passed, {count['failed']} failed{skipped}")
    return 1 if count["failed"] or not count["passed"] else 0


sys.exit(main(sys.argv[1:]))
