"""Steps into a value: ``.name``, ``[key]`` and splats."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NoReturn

from imagesmith.errors import Location
from imagesmith.template.hcl2.conversion import NotConvertible, convert
from imagesmith.template.hcl2.cty import (
    ANYTHING,
    DYNAMIC,
    NUMBER,
    STRING,
    ListOf,
    MapOf,
    ObjectOf,
    SetOf,
    TupleOf,
    Type,
    Value,
    friendly,
    unknown,
)
from imagesmith.template.hcl2.scope import did_you_mean
from imagesmith.template.hcl2.source import failure


def attribute(value: Value, name: str, shown: str, location: Location) -> Value:
    """``value.name``; ``shown`` is how the value is written."""
    if value.is_null:
        raise failure(f'"{shown}" is null, so it has no attribute "{name}"', location=location)
    kind = value.type
    if isinstance(kind, ObjectOf):
        found = dict(kind.attributes)
        if name not in found:
            _missing(name, list(found), shown, location)
        return value.raw[name] if value.known else unknown(found[name])
    if isinstance(kind, MapOf):
        if not value.known:
            return unknown(kind.element)
        if name not in value.raw:
            _missing(name, list(value.raw), shown, location)
        result: Value = value.raw[name]
        return result
    if kind == DYNAMIC:
        return ANYTHING
    hint = f"Use {shown}[0].{name} or {shown}[*].{name}" if isinstance(kind, ListOf | TupleOf | SetOf) else ""
    raise failure(f'"{shown}" is a {friendly(kind)} and has no attribute "{name}"', hint=hint, location=location)


def _missing(name: str, known: Sequence[str], shown: str, location: Location) -> NoReturn:
    hint = did_you_mean(name, known, prefix=f"{shown}.")
    if not hint and shown == "var":
        hint = f'Declare it: variable "{name}" {{ }}'
    elif not hint and known and len(known) <= 12:
        hint = f"Known are {', '.join(known)}"
    raise failure(f'There is no "{shown}.{name}"', hint=hint, location=location)


def index(value: Value, key: Value, shown: str, location: Location) -> Value:
    """``value[key]``."""
    if value.is_null:
        raise failure(f'"{shown}" is null, so it can\'t be indexed', location=location)
    if key.is_null:
        raise failure("An index can't be null", location=location)
    kind = value.type
    if kind == DYNAMIC:
        return ANYTHING
    if isinstance(kind, ListOf | TupleOf):
        return _element(value, _key(key, NUMBER, shown, location), shown, location)
    if isinstance(kind, MapOf | ObjectOf):
        text = _key(key, STRING, shown, location)
        if text.known:
            return attribute(value, text.raw, shown, location)
        return unknown(kind.element) if isinstance(kind, MapOf) else ANYTHING
    hint = "Sets have no order; convert to a list first" if isinstance(kind, SetOf) else ""
    raise failure(f'"{shown}" is a {friendly(kind)} and can\'t be indexed', hint=hint, location=location)


def _key(key: Value, wanted: Type, shown: str, location: Location) -> Value:
    try:
        return convert(key, wanted)
    except NotConvertible as problem:
        raise failure(f'"{shown}" can\'t be indexed like this', str(problem), location=location) from None


def _element(value: Value, key: Value, shown: str, location: Location) -> Value:
    kind = value.type
    if not value.known or not key.known:
        return unknown(kind.element) if isinstance(kind, ListOf) else ANYTHING
    position = key.raw
    if isinstance(position, Fraction | float):
        raise failure("An index must be a whole number", location=location)
    length = len(value.raw)
    if not 0 <= position < length:
        known = f"It has {length} element{'' if length == 1 else 's'}, counted from 0" if length else "It is empty"
        raise failure(f'"{shown}" has no element {position}', known, location=location)
    result: Value = value.raw[position]
    return result


def splat_items(value: Value) -> Sequence[Value] | None:
    """What a splat walks: the elements; nothing for null; the value itself where it is no sequence; None if unknown."""
    if value.is_null:
        return ()
    if isinstance(value.type, ListOf | SetOf | TupleOf):
        return value.raw if value.known else None
    return (value,) if value.known or value.type != DYNAMIC else None
