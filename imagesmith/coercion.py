"""Packer's weak typing: what a template may write for an option of a given type.

The rules are mapstructure's as Packer uses them: strings, numbers and booleans turn into each other, a comma-separated
string is a list, one value stands for a list of one, an empty string is "unset".
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_TRUE = {"1", "t", "T", "true", "TRUE", "True"}
_FALSE = {"0", "f", "F", "false", "FALSE", "False"}
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")

Block = Callable[[type[Any], object], Any]


class Refused(ValueError):
    """The value can't be what the option wants; the text says why."""


def coerce(value: object, annotation: Any, block: Block | None = None) -> Any:
    """The value as the annotated type, or `Refused`. ``block`` decodes nested option classes."""
    if value is None:
        return None
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _duration(value)
    if origin in (types.UnionType, typing.Union):
        return None if value == "" else coerce(value, _without_none(arguments), block)
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
    text = f'"{value}"' if isinstance(value, str) else str(value)
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
    return sign * sum(float(number) * _UNITS[unit] for number, unit in parts)


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
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], Mapping | list):
        value = value[0]
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
        if value == "":
            return 0
        try:
            return int(value, 0) if value.lstrip("+-").startswith("0x") else int(value)
        except ValueError:
            raise Refused("Write a whole number") from None
    raise Refused(f"{_kind(value)} was given")


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
        return duration(value) if value else 0.0
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(f"{_kind(value)} was given")
    # Packer reads a bare number as nanoseconds; a library user's float is seconds and never comes through here.
    return float(value) * 1e-9


def _mapping(value: object, item: Any) -> Mapping[str, Any]:
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], Mapping):
        value = value[0]
    if value in ("", [], ()):
        value = {}
    if not isinstance(value, Mapping):
        raise Refused(f"{_kind(value)} was given")
    return types.MappingProxyType({str(key): coerce(entry, item) for key, entry in value.items()})


def _sequence(value: object, item: Any, block: Block | None) -> tuple[Any, ...]:
    if isinstance(value, str) and item is str:
        return tuple(value.split(",")) if value else ()
    if isinstance(value, str) and value == "":
        return ()
    given = value if isinstance(value, list | tuple) else [value]
    if given and isinstance(item, type) and item not in _SINGULAR and _is_block(given):
        given = [given]
    return tuple(coerce(entry, item, block) for entry in given)


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
