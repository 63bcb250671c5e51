"""How Go shows, tests and compares values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal

from imagesmith.template.gotemplate.errors import Failure

NO_VALUE = "<no value>"


def truth(value: object) -> bool:
    """Whether a condition holds: not nil, not zero, not empty."""
    return bool(value)


def kind(value: object) -> str:
    """The type in words, with its article."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int):
        return "a whole number"
    if isinstance(value, float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "a map" if isinstance(value, Mapping) else "a list"


def show(value: object) -> str:
    """The value as Go's %v prints it."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return show_float(value)
    if isinstance(value, Mapping):
        return "map[" + " ".join(f"{show(k)}:{show(v)}" for k, v in sorted(value.items())) + "]"
    if isinstance(value, list | tuple):
        return "[" + " ".join(show(item) for item in value) + "]"
    return str(value)


def show_float(value: float) -> str:
    """The shortest text that reads back as the same number, with an exponent below 1e-4 and from 1e6 on."""
    if not math.isfinite(value):
        return {math.inf: "+Inf", -math.inf: "-Inf"}.get(value, "NaN")
    sign, digits, scale = Decimal(repr(value)).normalize().as_tuple()
    text = "".join(map(str, digits))
    power = int(scale) + len(text) - 1
    minus = "-" if sign else ""
    if value == 0 or -4 <= power < 6:
        return format(Decimal(repr(value)), "f").removesuffix(".0")
    return f"{minus}{text[0]}{'.' if text[1:] else ''}{text[1:]}e{'-' if power < 0 else '+'}{abs(power):02d}"


def equal(first: object, second: object) -> bool:
    """Go's eq: values of different kinds can't be compared."""
    _comparable(first)
    _comparable(second)
    if first is not None and second is not None and kind(first) != kind(second):
        raise Failure(f"{kind(first)} can't be compared with {kind(second)}")
    return first == second


def less(first: object, second: object) -> bool:
    """Go's lt: numbers and strings have an order."""
    if kind(first) != kind(second) or not isinstance(first, str | int | float) or isinstance(first, bool):
        raise Failure(f"{kind(first)} and {kind(second)} have no order")
    return first.encode() < second.encode() if isinstance(first, str) and isinstance(second, str) else first < second  # type: ignore[operator]


def _comparable(value: object) -> None:
    if isinstance(value, Mapping | list | tuple):
        raise Failure(f"{kind(value)} can't be compared")
