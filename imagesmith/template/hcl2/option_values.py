"""What HCL2 lets a template write for an option of a given type.

Packer converts each argument to the option's type with cty's rules before its weak typing sees it. So other than in
JSON a boolean is no number, a number is no boolean, one string is no list, and a block is not written with ``=``.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from imagesmith.coercion import Refused
from imagesmith.options import Given

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


def as_declared(entry: Given, annotation: Any) -> object:
    """The value as the option's type, or a `Refused` that says why that is impossible."""
    try:
        return _converted(
            entry.value, annotation, in_json=bool(entry.location and entry.location.file.endswith(".json"))
        )
    except Refused as refused:
        refused.given = entry.value
        return refused


def _converted(value: object, annotation: Any, *, in_json: bool) -> object:
    if value is None:
        return None
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _text(value)
    if origin in (types.UnionType, typing.Union):
        wanted = next(argument for argument in arguments if argument is not type(None))
        return _converted(value, wanted, in_json=in_json)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _map(value, arguments[1])
    if isinstance(origin, type) and issubclass(origin, Sequence) and arguments[0] in _SCALARS:
        return _list(value, arguments[0])
    if annotation in _SCALARS:
        return _SCALARS[annotation](value)
    if annotation in (Any, object):
        return value
    return _block(value, single=origin is None, in_json=in_json)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return str(int(value)) if float(value).is_integer() else repr(value)
    raise Refused("A string is wanted")


def _number(value: object) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        number = float(value)
        return int(value) if value.lstrip("+-").isdigit() else int(number) if number.is_integer() else number
    raise Refused("A number is wanted")


def _whole(value: object) -> int:
    number = _number(value)
    if isinstance(number, float) and not number.is_integer():
        raise Refused("A whole number is wanted")
    return int(number)


def _truth(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in _TRUTHS:
        return _TRUTHS[value]
    raise Refused("Write true or false")


_SCALARS: Mapping[Any, Any] = {str: _text, int: _whole, float: _number, bool: _truth}


def _list(value: object, item: Any) -> list[object]:
    if not isinstance(value, list | tuple):
        raise Refused("Write a list: [ … ]")
    if any(part is None for part in value):
        raise Refused("null can't be in this list")
    return [_SCALARS[item](part) for part in value]


def _map(value: object, item: Any) -> dict[str, object]:
    if not isinstance(value, Mapping):
        raise Refused("Write an object: { … }")
    convert = _SCALARS.get(item, lambda part: part)
    return {str(key): None if part is None else convert(part) for key, part in value.items()}


def _block(value: object, *, single: bool, in_json: bool) -> object:
    """Bodies of blocks; a JSON file has no other way to write a block than a value."""
    bodies = value if isinstance(value, list) else [value]
    if all(isinstance(part, Given) for part in bodies):
        return value
    if single and in_json and len(bodies) == 1:
        return bodies[0]
    if not single and (in_json or all(_is_body(part) for part in bodies)):
        return value
    raise Refused("It is a block" + (", and there is one only" if single else "") + ": write it without =")


def _is_body(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(part, Given) for part in value)
