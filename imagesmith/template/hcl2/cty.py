"""Values of the language and their types, as the templates' own type system (cty) has them.

A `Value` is a type and raw content: a number is an int or a Fraction (or an infinite float), a collection is a tuple or
a dict of further values. Null and unknown values have a type too; `DYNAMIC` is the type of what isn't known yet.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

from imagesmith.plan import UNKNOWN as UNKNOWN_TEXT

Number = int | Fraction | float
"""Whole numbers are ints, others Fractions; a float is only ever an infinity."""


class Type:
    """The base of all types; equal types compare equal."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Primitive(Type):
    """A string, number, bool, or the dynamic pseudo-type."""

    name: str

    def __str__(self) -> str:
        return self.name


STRING: Final = Primitive("string")
NUMBER: Final = Primitive("number")
BOOL: Final = Primitive("bool")
DYNAMIC: Final = Primitive("any")


@dataclass(frozen=True, slots=True)
class ListOf(Type):
    """A list whose elements all have one type."""

    element: Type

    def __str__(self) -> str:
        return f"list({self.element})"


@dataclass(frozen=True, slots=True)
class SetOf(Type):
    """A set; its raw content is sorted and without repetition."""

    element: Type

    def __str__(self) -> str:
        return f"set({self.element})"


@dataclass(frozen=True, slots=True)
class MapOf(Type):
    """A map from strings to values of one type."""

    element: Type

    def __str__(self) -> str:
        return f"map({self.element})"


@dataclass(frozen=True, slots=True)
class TupleOf(Type):
    """A sequence in which each element has its own type; what ``[a, b]`` makes."""

    elements: tuple[Type, ...]

    def __str__(self) -> str:
        return f"tuple([{', '.join(map(str, self.elements))}])"


@dataclass(frozen=True, slots=True)
class ObjectOf(Type):
    """Named attributes, each of its own type, sorted by name; what ``{ a = b }`` makes.

    ``optional`` maps the attributes that a type constraint allows to be absent to their defaults.
    """

    attributes: tuple[tuple[str, Type], ...]
    optional: Mapping[str, Value | None] = field(default_factory=dict, compare=False, hash=False)

    def __str__(self) -> str:
        return f"object({{{', '.join(f'{name}={kind}' for name, kind in self.attributes)}}})"


class Unknown:
    """The raw content of a value that will only be known at run time."""

    __slots__ = ()

    def __repr__(self) -> str:
        return UNKNOWN_TEXT


UNKNOWN: Final = Unknown()


@dataclass(slots=True, eq=False)
class Value:
    """One value; ``raw`` is None for null and `UNKNOWN` for what isn't known yet. Never changed once made.

    ``size`` is filled in when it is first asked for (`imagesmith.template.hcl2.budget.size`).
    """

    type: Type
    raw: Any
    size: int = field(default=0, repr=False)

    @property
    def known(self) -> bool:
        """Whether this value itself is known; parts of it may not be."""
        return self.raw is not UNKNOWN

    @property
    def is_null(self) -> bool:
        """Whether it is null."""
        return self.raw is None


NULL: Final = Value(DYNAMIC, None)
TRUE: Final = Value(BOOL, True)
FALSE: Final = Value(BOOL, False)
ANYTHING: Final = Value(DYNAMIC, UNKNOWN)
EMPTY_TUPLE: Final = Value(TupleOf(()), ())
EMPTY_OBJECT: Final = Value(ObjectOf(()), {})


def string(text: str) -> Value:
    """A string value, in Unicode's composed form as the language keeps all strings."""
    return Value(STRING, text if text.isascii() else unicodedata.normalize("NFC", text))


def boolean(truth: bool) -> Value:
    """One of the two truth values."""
    return TRUE if truth else FALSE


def number(raw: Number) -> Value:
    """A number value; a Fraction that is whole becomes an int."""
    if isinstance(raw, Fraction) and raw.denominator == 1:
        raw = raw.numerator
    return Value(NUMBER, raw)


def unknown(kind: Type = DYNAMIC) -> Value:
    """A value of this type that will only be known at run time."""
    return Value(kind, UNKNOWN)


def tuple_of(items: Iterable[Value]) -> Value:
    """A tuple of these values."""
    raw = tuple(items)
    return Value(TupleOf(tuple([item.type for item in raw])), raw)


def object_of(attributes: Mapping[str, Value]) -> Value:
    """An object with these attributes."""
    raw = {name: attributes[name] for name in sorted(attributes)}
    return Value(ObjectOf(tuple([(name, item.type) for name, item in raw.items()])), raw)


def list_of(element: Type, items: Iterable[Value]) -> Value:
    """A list; the items are of the element's type already."""
    return Value(ListOf(element), tuple(items))


def map_of(element: Type, items: Mapping[str, Value]) -> Value:
    """A map; the items are of the element's type already."""
    return Value(MapOf(element), {name: items[name] for name in sorted(items)})


def set_of(element: Type, items: Iterable[Value]) -> Value:
    """A set; the items are of the element's type already. A set with an unknown item is unknown as a whole."""
    unique: dict[object, Value] = {}
    for item in items:
        if not wholly_known(item):
            return unknown(SetOf(element))
        unique.setdefault(identity(item), item)
    return Value(SetOf(element), tuple(sorted(unique.values(), key=_order)))


def wholly_known(value: Value) -> bool:
    """Whether the value and everything inside it is known."""
    if not isinstance(value.raw, tuple | dict):
        return value.raw is not UNKNOWN
    return all(inner.raw is not UNKNOWN for inner in walk(value))


def walk(value: Value) -> Iterable[Value]:
    """The value and everything inside it."""
    pending = [value]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(children(current))


def children(value: Value) -> Sequence[Value]:
    """The direct elements of a collection, in order; nothing for other values."""
    if isinstance(value.raw, tuple):
        return value.raw
    return tuple(value.raw.values()) if isinstance(value.raw, dict) else ()


def identity(value: Value) -> object:
    """A hashable stand-in that is equal for equal values."""
    if isinstance(value.raw, tuple):
        return (str(value.type), *(identity(item) for item in value.raw))
    if isinstance(value.raw, dict):
        return (str(value.type), *((name, identity(item)) for name, item in value.raw.items()))
    return (str(value.type), value.raw)


def _order(value: Value) -> tuple[int, Any]:
    """Sets are walked in value order: strings by bytes, numbers by size, false before true, nulls last."""
    if value.raw is None:
        return (1, "")
    if isinstance(value.raw, str):
        return (0, value.raw.encode("utf-8", "surrogatepass"))
    return (0, value.raw) if isinstance(value.raw, bool | int | float | Fraction) else (0, repr(identity(value)))


def friendly(kind: Type) -> str:
    """The type in a reader's words: ``string``, ``list of number``, ``object``, …"""
    match kind:
        case ListOf(element):
            return f"list of {friendly(element)}"
        case SetOf(element):
            return f"set of {friendly(element)}"
        case MapOf(element):
            return f"map of {friendly(element)}"
        case TupleOf():
            return "tuple"
        case ObjectOf():
            return "object"
        case _:
            return str(kind)


def from_plain(data: object) -> Value:
    """Plain Python data (a library user's variable, JSON) as a value. Raises `TypeError` for anything else."""
    if data is None:
        return NULL
    if isinstance(data, bool):
        return boolean(data)
    if isinstance(data, str):
        return string(data)
    if isinstance(data, int | Fraction):
        return number(data)
    if isinstance(data, float):
        return number(data if data in (float("inf"), float("-inf")) else Fraction(repr(data)))
    if isinstance(data, Mapping):
        return object_of({str(name): from_plain(item) for name, item in data.items()})
    if isinstance(data, Sequence) and not isinstance(data, bytes | bytearray):
        return tuple_of(from_plain(item) for item in data)
    raise TypeError(f"a {type(data).__name__} can't be a value in a template")


def to_plain(value: Value) -> Any:
    """The value as plain Python data; whole numbers become int, others float, unknowns a placeholder of their type."""
    raw = value.raw
    if raw is UNKNOWN:
        return _placeholder(value.type)
    if isinstance(raw, tuple):
        return [to_plain(item) for item in raw]
    if isinstance(raw, dict):
        return {name: to_plain(item) for name, item in raw.items()}
    return float(raw) if isinstance(raw, Fraction) else raw


def _placeholder(kind: Type) -> Any:
    """What stands for an unknown value while a plan is only checked."""
    if kind == NUMBER:
        return 0
    if kind == BOOL:
        return False
    if isinstance(kind, MapOf | ObjectOf):
        return {}
    if isinstance(kind, ListOf | SetOf):
        return [_placeholder(kind.element)]
    return [_placeholder(element) for element in kind.elements] if isinstance(kind, TupleOf) else UNKNOWN_TEXT
