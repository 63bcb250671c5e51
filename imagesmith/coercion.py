"""Packer's weak typing: what a template may write for an option of a given type.

The rules are mapstructure's as Packer uses them: strings, numbers and booleans turn into each other, a comma-separated
string is a list, one value stands for a list of one, an empty string is zero, false or an empty list.
"""

from __future__ import annotations

import json
import re
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

_TRUE = {"1", "t", "T", "true", "TRUE", "True"}
_FALSE = {"0", "f", "F", "false", "FALSE", "False"}
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_OCTAL = re.compile(r"0[0-7_]+")
_INT64 = 1 << 63

Block = Callable[[type[Any], object], Any]


class Refused(ValueError):
    """The value can't be what the option wants; the text says why. ``given`` is the value where that is known.

    It may stand in the place of a value that was refused earlier, and is raised when that is coerced.
    """

    given: object = None


def coerce(value: object, annotation: Any, block: Block | None = None) -> Any:
    """The value as the annotated type, or `Refused`. ``block`` decodes nested option classes."""
    if value is None:
        return None
    if isinstance(value, Refused):
        raise value
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _duration(value)
    if origin in (types.UnionType, typing.Union):
        wanted = _without_none(arguments)
        return None if value == "" and wanted in _SINGULAR else coerce(value, wanted, block)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(value, arguments[1])
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return _sequence(value, arguments[0], block)
    return _scalar(value, annotation, block)


def describe(annotation: Any) -> str:
    """The type in a reader's words."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return "a duration"
    if origin in (types.UnionType, typing.Union):
        inner = _without_none(arguments)
        return "true, false or unset" if inner is bool else describe(inner)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return "a map of strings"
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return f"a list of {_PLURAL.get(arguments[0], 'blocks')}"
    return _SINGULAR.get(annotation, "a block")


def show(value: object) -> str:
    """The value as a reader would write it, shortened."""
    if isinstance(value, Refused):
        return show(value.given)
    try:
        text = f'"{value}"' if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError):
        text = str(value)
    return text if len(text) <= 60 else text[:57] + "…"


def duration(text: str) -> float:
    """Seconds of a Go duration such as ``1h30m`` or ``500ms``; raises `Refused`."""
    sign = -1.0 if text.startswith("-") else 1.0
    rest = text.lstrip("+-")
    if rest == "0":
        return 0.0
    parts = _PART.findall(rest)
    if not parts or "".join(number + unit for number, unit in parts) != rest:
        raise Refused('Write a number with a unit, such as "90s", "5m" or "1h30m"')
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if seconds * 1e9 >= _INT64:
        raise Refused("More than 292 years is too long")
    return sign * seconds


_SINGULAR: dict[Any, str] = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}
_PLURAL: dict[Any, str] = {str: "strings", int: "whole numbers", float: "numbers"}


def _without_none(arguments: tuple[Any, ...]) -> Any:
    return next(argument for argument in arguments if argument is not type(None))


def _scalar(value: object, annotation: Any, block: Block | None) -> Any:
    if annotation is str:
        return _string(value)
    if annotation is bool:
        return _boolean(value)
    if annotation is int:
        return _integer(value)
    if annotation is float:
        return _number(value)
    if annotation in (Any, object):
        return value
    if isinstance(value, annotation):
        return value
    if block is None:
        raise Refused("a block is not allowed here")
    return block(annotation, value)


def _string(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    raise Refused(f"{_kind(value)} was given")


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value != 0
    if isinstance(value, str):
        if value in _TRUE:
            return True
        if value in _FALSE or value == "":
            return False
        raise Refused("Write true or false")
    raise Refused(f"{_kind(value)} was given")


def _integer(value: object) -> int:
    if isinstance(value, bool | int | float):
        return int(value)
    if isinstance(value, str):
        return _parsed_integer(value) if value else 0
    raise Refused(f"{_kind(value)} was given")


def _parsed_integer(text: str) -> int:
    """As Go reads it: ``0x1f``, ``0b11``, ``0o17`` and ``017`` are not decimal, spaces are an error."""
    digits = text.removeprefix("-") if text.startswith("-") else text.removeprefix("+")
    if not digits.isascii() or not digits[:1].isdigit() or digits.strip() != digits:
        raise Refused("Write a whole number")
    try:
        number = int(digits, 8) if _OCTAL.fullmatch(digits) else int(digits, 0)
        number = -number if text.startswith("-") else number
    except ValueError:
        raise Refused("Write a whole number") from None
    if not -_INT64 <= number < _INT64:
        raise Refused("The number is too large")
    return number


def _number(value: object) -> float:
    if isinstance(value, bool | int | float):
        return float(value)
    if isinstance(value, str):
        try:
            return float(value or "0")
        except ValueError:
            raise Refused("Write a number") from None
    raise Refused(f"{_kind(value)} was given")


def _duration(value: object) -> float:
    if isinstance(value, str):
        return duration(value)
    if not isinstance(value, bool | int | float):
        raise Refused(f"{_kind(value)} was given")
    # Packer reads a bare number as whole nanoseconds; a library user's float is seconds and never comes through here.
    return int(value) * 1e-9


def _mapping(value: object, item: Any) -> Mapping[str, Any]:
    return types.MappingProxyType(dict(_entries(value, item)))


def _entries(value: object, item: Any) -> Iterator[tuple[str, Any]]:
    """The entries of a map, or of a list of maps, of which later ones win."""
    if isinstance(value, list | tuple):
        for part in value:
            yield from () if part is None else _entries(part, item)
    elif isinstance(value, Mapping):
        for key, entry in value.items():
            yield str(key), _element(entry, item, None)
    else:
        raise Refused(f"{_kind(value)} was given")


def _sequence(value: object, item: Any, block: Block | None) -> tuple[Any, ...]:
    if isinstance(value, str) and (value == "" or item in _SINGULAR):
        return tuple(coerce(part, item) for part in value.split(",")) if value else ()
    if isinstance(value, Mapping) and not value:
        return ()
    given = value if isinstance(value, list | tuple) else [value]
    if given and isinstance(item, type) and item not in _SINGULAR and _is_block(given):
        given = [given]
    return tuple(_element(entry, item, block) for entry in given)


def _element(value: object, item: Any, block: Block | None) -> Any:
    """A part of a list or a map; null is the type's zero there."""
    return item() if value is None and item in _SINGULAR else coerce(value, item, block)


def _is_block(given: Sequence[object]) -> bool:
    """Whether this list is the body of one block (named entries) and not a list of blocks."""
    return all(hasattr(entry, "name") and hasattr(entry, "location") for entry in given)


def _kind(value: object) -> str:
    if isinstance(value, Mapping):
        return "a map"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bool):
        return "a boolean"
    return "a number" if isinstance(value, int | float) else "a string"
