"""Reads what a job has observed, apart from the program that wrote it: each log of .dagz/run/JOB as in host/base/log.def.

Nothing is forgiven here: a frame that is not exactly right is an error.
"""

import dataclasses
import pathlib
import re
import struct

BASE = pathlib.Path(__file__).resolve().parents[2] / "host/base"
TYPES = ("load", "collect", "py.import", "fixture", "cache", "test", "test.call", "fork")
KINDS = ("function", "module", "class", "lambda", "generated", "package")
SIZES = {"U8": "<B", "U32": "<I", "U64": "<Q", "F64": "<d"}


def rows():
    """(name, ((field, type), ...)) of each message, in the order of their numbers."""
    text = (BASE / "wire.def").read_text().partition("#ifndef")[0] + (BASE / "log.def").read_text()
    for name, fields in re.findall(r"^DZ_MSG\((\w+), ?(|.*?\))\)$", text, re.M | re.S):
        yield name, tuple((field, kind) for kind, field in re.findall(r"DZ_(\w+)\((\w+)\)", fields))


def facts():
    """Names of enum dz_fact."""
    text = (BASE / "log.h").read_text().partition("enum dz_fact {")[2].partition("}")[0]
    return [name.lower() for name in re.findall(r"^ +DZ_FACT_(\w+),", text, re.M)]


def frames(data):
    table, at = list(rows()), 0
    while at + 12 <= len(data):
        size, number, _ = struct.unpack_from("<III", data, at)
        if number == 0:
            return
        name, fields = table[number - 1]
        values, start = {}, at + 12
        for field, kind in fields:
            if kind == "BYTES":
                (length,) = struct.unpack_from("<I", data, start)
                values[field] = data[start + 4 : start + 4 + length]
                start += 4 + length
            else:
                (values[field],) = struct.unpack_from(SIZES[kind], data, start)
                start += struct.calcsize(SIZES[kind])
        assert start == at + 12 + size, (name, start, at, size)
        at = start
        yield name, values


def distances(data):
    number = shift = last = 0
    for digit in data:
        number |= (digit & 0x7F) << shift
        shift += 7
        if not digit & 0x80:
            last += number
            yield last
            number = shift = 0


@dataclasses.dataclass(frozen=True)
class Code:
    kind: str
    file: str
    line: int
    name: str


@dataclasses.dataclass
class Span:
    type: str
    name: str
    log: str
    codes: set = dataclasses.field(default_factory=set)
    facts: list = dataclasses.field(default_factory=list)
    ended: bool = False
    # What other spans were told to have executed while this one was open: what has ended in a test is not the test's.
    beside: set = dataclasses.field(default_factory=set)


class Log:
    """One process's, that knows its parent's numbers too."""

    def __init__(self, path, others):
        self.name, self.probe, self.closed = path.name, "", False
        self.strings, self.codes, self.spans = {}, {}, {}
        self.unread = set()  # files that code names, and that were not there to be read
        self.open = []  # the parent's spans that it began in, outermost first
        names, test = facts(), None
        for name, row in frames(path.read_bytes()):
            if name == "log":
                self.probe = row["probe"].decode()
                parent = others.get(row["parent"].decode())
                if parent:
                    numbers = struct.unpack(f"<{len(row['open']) // 4}I", row["open"])
                    self.open = [parent.spans[number] for number in numbers if number in parent.spans]
                    for what, most in (("strings", row["strings"]), ("codes", row["codes"]), ("spans", row["spans"])):
                        theirs = getattr(parent, what)
                        setattr(self, what, {key: value for key, value in theirs.items() if key <= most})
            elif name == "log_string":
                self.strings[row["id"]] = row["text"].decode("utf-8", "surrogateescape")
            elif name == "log_code":
                self.codes[row["id"]] = Code(KINDS[row["kind"]], self.strings[row["file"]], row["line"],
                                             self.strings.get(row["name"], ""))  # fmt: skip
            elif name == "log_source" and not row["hash"]:
                self.unread.add(self.strings[row["file"]])
            elif name == "log_span":
                span = self.spans[row["span"]] = Span(TYPES[row["type"]], self.strings[row["name"]], self.name)
                test = span if span.type == "test" else test
            elif name == "log_ran":
                span, codes = self.spans[row["span"]], {self.codes[code] for code in distances(row["codes"])}
                span.codes |= codes
                if test and span is not test:
                    test.beside |= codes
            elif name == "log_fact":
                fact = (names[row["fact"]], self.strings.get(row["string"], ""), row["value"])
                self.spans[row["span"]].facts.append(fact)
            elif name == "log_end":
                self.spans[row["span"]].ended = True
            elif name == "log_close":
                self.closed = True

    def own_spans(self):
        return [span for span in self.spans.values() if span.log == self.name]


def read(folder):
    """Name: log, of the job in this folder."""
    rank = {"front": 0, "worker": 1, "child": 2}
    paths = [path for path in pathlib.Path(folder).iterdir() if path.name.partition("-")[0] in rank]
    logs = {}
    for path in sorted(paths, key=lambda path: (rank[path.name.partition("-")[0]], path.name.rpartition("-")[2])):
        logs[path.name] = Log(path, logs)
    return logs


def last_job(state):
    """The folder of the last job below .dagz."""
    return max(pathlib.Path(state, "run").iterdir(), key=lambda path: int(path.name[1:]))
