"""Operators between two values, and before one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from imagesmith_simulator.machines.windows.powershell.conversion import convert, short_name
from imagesmith_simulator.machines.windows.powershell.dotnet.formatting import format_text
from imagesmith_simulator.machines.windows.powershell.values import (
    NotSimulated,
    ScriptError,
    Table,
    failure,
    items,
    number,
    text,
    truth,
    type_name,
    whole,
)

Matches = Callable[[dict[int | str, str]], None]
"""Gets what ``$matches`` is to be."""


def add(left: Any, right: Any) -> Any:
    """``+``: by the type of what stands left."""
    if isinstance(left, list):
        return left + list(items(right))
    if isinstance(left, bytearray):
        return list(left) + list(items(right))
    if isinstance(left, Table) and isinstance(right, Table):
        return Table({**left, **right})
    if isinstance(left, str):
        return left + text(right)
    if left is None:
        return right
    plus = getattr(left, "plus", None)
    if plus:
        return plus(right)
    return number(left) + number(right)


def subtract(left: Any, right: Any) -> Any:
    """``-``."""
    return left.minus(right) if hasattr(left, "minus") else number(left) - number(right)


def multiply(left: Any, right: Any) -> Any:
    """``*``: also repeats texts and arrays."""
    if isinstance(left, str | list):
        return left * whole(right)
    return number(left) * number(right)


def divide(left: Any, right: Any) -> Any:
    """``/``: whole where it comes out even."""
    if not number(right):
        raise failure("Attempted to divide by zero.", "System.DivideByZeroException")
    quotient = number(left) / number(right)
    return int(quotient) if quotient == int(quotient) else quotient


def remainder(left: Any, right: Any) -> Any:
    """``%``: with the sign of what stands left."""
    if not number(right):
        raise failure("Attempted to divide by zero.", "System.DivideByZeroException")
    value = abs(number(left)) % abs(number(right))
    return -value if number(left) < 0 else value


def equal(left: Any, right: Any, *, cased: bool) -> bool:
    """Whether two values are equal: the right one becomes what the left one is."""
    if isinstance(left, str) or (left is not None and isinstance(right, str) and not isinstance(left, int | float)):
        if right is None:
            return False
        first, second = text(left), text(right)
        return first == second if cased else first.lower() == second.lower()
    if left is None or right is None:
        return left is right
    if isinstance(left, bool):
        return left == truth(right)
    if isinstance(left, int | float):
        try:
            return number(left) == number(right)
        except ScriptError:  # what can't be a number equals none
            return False
    return bool(left == right)


def order(left: Any, right: Any, *, cased: bool) -> int:
    """Negative, 0 or positive as the left is before, like or after the right."""
    if isinstance(left, str):
        first, second = (left, text(right)) if cased else (left.lower(), text(right).lower())
        return (first > second) - (first < second)
    if hasattr(left, "minus"):
        return 0 if left == right else (1 if left > right else -1)
    one, other = number(left), number(right)
    return (one > other) - (one < other)


def wildcard(pattern: str) -> str:
    """A pattern with ``*``, ``?`` and ``[…]`` as a regular expression."""
    parts = re.split(r"(\*|\?|\[[^\]]+\])", pattern)
    return "".join(
        {"*": ".*", "?": "."}.get(part) or (part if part.startswith("[") else re.escape(part)) for part in parts
    )


def compare(word: str, left: Any, right: Any, keep: Matches) -> Any:
    """A comparison by its word without ``-``, ``i`` or ``c``; of an array the items for which it holds."""
    cased = word[0] == "c" and word != "contains"
    base = word[1:] if word[0] in "ci" and word[1:] in _BASES else word
    if base in ("contains", "notcontains"):
        found = any(equal(item, right, cased=cased) for item in items(left))
        return found == (base == "contains")
    if base in ("in", "notin"):
        found = any(equal(item, left, cased=cased) for item in items(right))
        return found == (base == "in")
    if isinstance(left, list):
        return [item for item in left if _one(base, item, right, cased, lambda _: None)]
    return _one(base, left, right, cased, keep)


def _one(word: str, left: Any, right: Any, cased: bool, keep: Matches) -> bool:
    if word in ("eq", "ne"):
        return equal(left, right, cased=cased) == (word == "eq")
    if word in ("gt", "ge", "lt", "le"):
        found = order(left, right, cased=cased)
        return {"gt": found > 0, "ge": found >= 0, "lt": found < 0, "le": found <= 0}[word]
    if word in ("like", "notlike"):
        flags = re.DOTALL | (0 if cased else re.IGNORECASE)
        return bool(re.fullmatch(wildcard(text(right)), text(left), flags)) == (word == "like")
    match = regular(text(right), cased=cased).search(text(left))
    if match and word == "match":
        groups: dict[int | str, str] = {
            index: value for index, value in enumerate((match.group(0), *match.groups())) if value is not None
        }
        keep({**groups, **{name: value for name, value in match.groupdict().items() if value is not None}})
    return bool(match) == (word == "match")


_BASES = (
    "eq",
    "ne",
    "gt",
    "ge",
    "lt",
    "le",
    "like",
    "notlike",
    "match",
    "notmatch",
    "contains",
    "notcontains",
    "replace",
    "split",
)


def regular(pattern: str, *, cased: bool) -> re.Pattern[str]:
    """A .NET regular expression, as far as Python's are the same. Raises `ScriptError`."""
    try:
        return re.compile(re.sub(r"\(\?<(\w+)>", r"(?P<\1>", pattern), 0 if cased else re.IGNORECASE)
    except re.error as error:
        raise failure(f'parsing "{pattern}" - {error}', "System.ArgumentException") from None


def replace(left: Any, right: Any, *, cased: bool) -> Any:
    """``-replace pattern, text``."""
    parts = list(items(right))
    pattern = regular(text(parts[0]) if parts else "", cased=cased)
    wanted = text(parts[1]) if len(parts) > 1 else ""
    substitute = re.sub(
        r"\$(?:\{(\w+)\}|(\d+))", lambda found: f"\\g<{found.group(1) or found.group(2)}>", wanted.replace("\\", "\\\\")
    )
    done = [pattern.sub(substitute.replace("$$", "$"), text(item)) for item in items(left)]
    return done if isinstance(left, list) else (done[0] if done else "")


def split(left: Any, right: Any, *, cased: bool) -> list[str]:
    """``-split pattern[, count]``."""
    parts = list(items(right))
    count = whole(parts[1]) if len(parts) > 1 else 0
    pattern = regular(text(parts[0]), cased=cased)
    return [piece for item in items(left) for piece in pattern.split(text(item), max(0, count - 1))]


def is_type(value: Any, name: str) -> bool:
    """``-is``."""
    actual, wanted = short_name(type_name(value)), short_name(name)
    if wanted in ("object", "valuetype"):
        return value is not None
    if wanted == "array":
        return isinstance(value, list | bytearray)
    return actual == wanted or actual.rpartition(".")[2] == wanted


def binary(operator: str, left: Any, right: Any, keep: Matches) -> Any:
    """The value of an operator between two values. Raises `ScriptError`."""
    simple: dict[str, Callable[[Any, Any], Any]] = {
        "+": add,
        "-": subtract,
        "*": multiply,
        "/": divide,
        "%": remainder,
        "..": _range,
        "-f": lambda one, other: format_text(text(one), list(items(other))),
        "-band": lambda one, other: whole(one) & whole(other),
        "-bor": lambda one, other: whole(one) | whole(other),
        "-bxor": lambda one, other: whole(one) ^ whole(other),
        "-shl": lambda one, other: whole(one) << whole(other),
        "-shr": lambda one, other: whole(one) >> whole(other),
        "-xor": lambda one, other: truth(one) != truth(other),
        "-join": lambda one, other: text(other).join(text(item) for item in items(one)),
    }
    if operator in simple:
        return simple[operator](left, right)
    word = operator[1:]
    cased = word in ("creplace", "csplit")
    if word in ("replace", "creplace", "ireplace"):
        return replace(left, right, cased=cased)
    if word in ("split", "csplit", "isplit"):
        return split(left, right, cased=cased)
    if word in ("is", "isnot", "as"):
        name = right if isinstance(right, str) else getattr(right, "name", "")
        return convert(left, name) if word == "as" else is_type(left, name) == (word == "is")
    return compare(word, left, right, keep)


def _range(first: Any, last: Any) -> list[int]:
    start, end = whole(first), whole(last)
    return list(range(start, end + 1)) if start <= end else list(range(start, end - 1, -1))


def unary(operator: str, value: Any) -> Any:
    """The value of an operator before a value."""
    if operator in ("!", "-not"):
        return not truth(value)
    if operator == "-":
        return -number(value)
    if operator == "+":
        return number(value)
    if operator == "-bnot":
        return ~whole(value)
    if operator == "-join":
        return "".join(text(item) for item in items(value))
    if operator == "-split":
        return [piece for item in items(value) for piece in text(item).split()]
    raise NotSimulated(f"the operator {operator}")
