"""The values of a test's parameters, as a fingerprint that is equal where they are. PYTEST_DONT_REWRITE

A value has one if it is of python's own plain types, a container of such, a member of an enum, a function, class or module
that its name leads to, or made of such by dataclass or namedtuple. Of all else, and of what is too large, it cannot be told
whether it is the same: then the test depends on where its values come from. What a value names, the test depends on.

No code of users runs for it: types are asked as `type` has them, and attributes are looked up where they are kept. Only
hashes leave this process. Other values than were collected, as when a test before has changed a list, are no values of
that record: the worker compares.
"""

import datetime
import decimal
import enum
import fractions
import functools
import hashlib
import pathlib
import re
import struct
import sys
import types
import uuid

import pytest
from _pytest.mark.structures import Mark

# Another one when the same values get another form.
VERSION = b"1"
# The first is told of a test, the second by the host: whatever its parameters are.
UNKNOWN = ANY = bytes(16)
# host/record/build.c
NONE = b"no parameters".ljust(16, b"\0")

DEEPEST, MOST = 60, 100_000

CONSTANTS = {None: b"N", True: b"T", False: b"F", Ellipsis: b".", NotImplemented: b"!"}
# Whose repr is all that they are, and can be made no other.
BY_REPR = (
    datetime.date, datetime.timedelta, decimal.Decimal, fractions.Fraction, range, uuid.UUID,
    pathlib.PosixPath, pathlib.PurePosixPath, pathlib.PureWindowsPath,
)  # fmt: skip
TIMES = (datetime.datetime, datetime.time)
LISTS = {tuple: b"(", list: b"["}
SETS = {set: b"{", frozenset: b"<"}
MUTABLE = (list, dict, set, bytearray)
DESCRIPTORS = (types.MethodDescriptorType, types.WrapperDescriptorType)

module_of = type.__dict__["__module__"].__get__
name_of = type.__dict__["__qualname__"].__get__
space_of = type.__dict__["__dict__"].__get__
bases_of = type.__dict__["__mro__"].__get__
size_of = type.__dict__["__basicsize__"].__get__


class Untold(Exception):
    """A value that has no form."""


class Told:
    """What is told of a test: a fingerprint, what its values name, and whether they can be changed."""

    def __init__(self, digest, names=(), mutable=False):
        self.digest, self.names, self.mutable = digest, " ".join(sorted(names)), mutable


class Form:
    """A sequence of bytes that only equal values have."""

    def __init__(self):
        self.parts, self.names, self.met = [], set(), {}
        self.depth = self.n = 0
        self.mutable = False

    def digest(self):
        return hashlib.blake2b(b"".join(self.parts), digest_size=16).digest()

    def put(self, value):
        self.n += 1
        self.depth += 1
        if self.depth > DEEPEST or self.n > MOST:
            raise Untold
        self.put_any(value, type(value))
        self.depth -= 1

    def put_any(self, value, kind):
        # True is 1: only what is the very same is a constant.
        if value is None or value is True or value is False or value is Ellipsis or value is NotImplemented:
            self.parts.append(CONSTANTS[value])
        elif kind is str:
            self.put_bytes(b"s", value.encode("utf-8", "surrogatepass"))
        elif kind is int:
            self.put_bytes(b"i", b"%x" % value)
        elif kind is float:
            self.parts.append(b"f" + struct.pack("<d", value))
        elif kind is complex:
            self.parts.append(b"c" + struct.pack("<dd", value.real, value.imag))
        elif kind is bytes:
            self.put_bytes(b"b", value)
        elif type(kind) is not type:
            self.put_made(value, kind)
        elif kind in MUTABLE and self.is_met(value):
            return
        elif kind in LISTS:
            self.put_all(LISTS[kind], value)
        elif kind is dict:
            self.put_all(b"d", flat(value))
        elif kind in SETS:
            self.put_unordered(SETS[kind], value)
        elif kind is bytearray:
            self.put_bytes(b"a", bytes(value))
        else:
            self.put_object(value, kind)

    def is_met(self, value):
        """The same list twice is not two that are equal."""
        self.mutable = True
        number = self.met.get(id(value))
        if number is None:
            # Kept with it: an id is good as long as its object lives.
            self.met[id(value)] = len(self.met), value
            return False
        self.put_number(b"&", number[0])
        return True

    def put_number(self, tag, number):
        self.parts.append(tag + b"%d;" % number)

    def put_bytes(self, tag, value):
        self.put_number(tag, len(value))
        self.parts.append(value)

    def put_all(self, tag, values):
        self.put_number(tag, len(values))
        for value in values:
            self.put(value)

    def put_unordered(self, tag, values):
        pieces = []
        for value in values:
            at = len(self.parts)
            self.put(value)
            pieces.append(b"".join(self.parts[at:]))
            del self.parts[at:]
        self.put_number(tag, len(pieces))
        self.parts.extend(b"%d;" % len(piece) + piece for piece in sorted(pieces))

    # ---- objects ----

    def put_object(self, value, kind):
        if kind in BY_REPR:
            self.put_kind(b"r", kind)
            self.put(repr(value))
        elif kind in TIMES and (value.tzinfo is None or type(value.tzinfo) is datetime.timezone):
            self.put_kind(b"r", kind)
            self.put(repr(value))
        elif kind is re.Pattern:
            self.put_all(b"p", [value.pattern, int(value.flags)])
        elif kind is slice:
            self.put_all(b":", [value.start, value.stop, value.step])
        elif kind is Mark:
            self.put_all(b"m", [value.name, value.args, *flat(value.kwargs)])
        elif kind is functools.partial and not value.__dict__:
            self.put_all(b"P", [value.func, value.args, value.keywords])
        elif kind is types.GenericAlias:
            self.put_all(b"g", [value.__origin__, value.__args__])
        elif kind is types.ModuleType:
            self.put_module(value)
        elif kind in (types.FunctionType, types.BuiltinFunctionType):
            self.put_named(b"n", value, value.__module__, value.__qualname__)
        elif kind in DESCRIPTORS:
            self.put_all(b"D", [value.__objclass__, value.__name__])
        elif kind is types.MethodType and type in bases_of(type(value.__self__)):
            self.put_all(b"M", [value.__self__, value.__func__])
        else:
            self.put_made(value, kind)

    def put_made(self, value, kind):
        """By users' classes; one that has a metaclass is compared with nothing, as that could have a say in it."""
        bases = bases_of(kind)
        if any(base is type for base in bases):
            self.put_kind(b"t", value)
        elif any(base is enum.Enum for base in bases):
            self.put_member(value, kind)
        else:
            self.put_instance(value, kind)

    def put_kind(self, tag, kind):
        self.put_named(tag, kind, module_of(kind), name_of(kind))

    def put_named(self, tag, value, module, qualname):
        """By its name, if that leads to it."""
        if type(module) is not str or type(qualname) is not str or found(module, qualname) is not value:
            raise Untold
        if module != "builtins":
            self.names.add(f"{module}:{qualname}")
        self.put_bytes(tag, f"{module}:{qualname}".encode("utf-8", "surrogatepass"))

    def put_module(self, value):
        name = value.__dict__.get("__name__")
        if type(name) is not str or sys.modules.get(name) is not value:
            raise Untold
        self.names.add(name)
        self.put_bytes(b"o", name.encode("utf-8", "surrogatepass"))

    def put_member(self, value, kind):
        name = object.__getattribute__(value, "_name_")
        if type(name) is not str or space_of(kind)["_member_map_"].get(name) is not value:
            raise Untold
        self.put_kind(b"e", kind)
        self.put(name)
        self.put(object.__getattribute__(value, "_value_"))

    def put_instance(self, value, kind):
        """All that it is lies in its fields."""
        space = space_of(kind)
        if bases_of(kind)[1:] == (tuple, object) and type(space.get("_fields")) is tuple and space.get("__slots__") == ():
            self.put_kind(b"T", kind)
            self.put_all(b"(", tuple.__getitem__(value, slice(None)))
        elif "__dataclass_fields__" in space and size_of(kind) == size_of(Told):
            if not self.is_met(value):
                self.put_kind(b"I", kind)
                self.put_all(b"d", flat(object.__getattribute__(value, "__dict__")))
        else:
            raise Untold


def flat(pairs):
    return [part for pair in pairs.items() for part in pair]


def found(module, qualname):
    """What a name leads to, or None."""
    at = sys.modules.get(module)
    for name in qualname.split("."):
        if not name.isidentifier():
            return None
        if type in bases_of(type(at)):
            at = space_of(at).get(name)
            at = at.__func__ if type(at) in (staticmethod, classmethod) else at
        elif type(at) is types.ModuleType:
            at = at.__dict__.get(name)
        else:
            return None
    return at


def ways(item, spec):
    """How each comes to the test: for how long, and by a fixture or directly."""
    defs, scopes = item._fixtureinfo.name2fixturedefs, spec._arg2scope
    return [part for name in sorted(scopes) for part in (name, str(scopes[name].value), is_direct(defs.get(name)))]


def is_direct(defs):
    return bool(defs) and getattr(defs[-1].func, "__name__", "") == "get_direct_param_fixture_func"


def tell(item):
    """Of an item as it was collected."""
    if not isinstance(item, pytest.Function):
        return Told(UNKNOWN)
    spec = getattr(item, "callspec", None)
    if spec is None:
        return Told(NONE)
    form = Form()
    form.parts.append(VERSION)
    try:
        # pytest before 8 has those of the function beside those of fixtures.
        for values in (spec.params, getattr(spec, "funcargs", {})):
            form.put_all(b"d", [part for name in sorted(values) for part in (name, values[name])])
        form.put_all(b"w", ways(item, spec))
        form.put_all(b"[", list(spec.marks))
    except (Untold, RecursionError, AttributeError):
        return Told(UNKNOWN)
    return Told(form.digest(), form.names, form.mutable)


class Values:
    """Of the items of this process, each told once."""

    def __init__(self, config):
        # Workers that collect for themselves may come to other values.
        self.is_on = config.option.dagz_start != "spawn"
        self.told = {}

    def of(self, item):
        told, _ = self.told.get(id(item), (None, None))
        if told is None:
            told = tell(item) if self.is_on or not hasattr(item, "callspec") else Told(UNKNOWN)
            self.told[id(item)] = told, item
        return told

    def are_changed(self, item):
        told = self.of(item)
        return told.mutable and tell(item).digest != told.digest
