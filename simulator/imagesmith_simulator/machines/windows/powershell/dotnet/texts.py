"""Methods of strings, and StringBuilder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from imagesmith_simulator.machines.windows.powershell.values import items, method_failure, text, truth, whole

_SPACES = " \t\r\n\v\f\u00a0"


def _cut(value: str, start: Any, length: Any = None) -> str:
    begin = whole(start)
    end = len(value) if length is None else begin + whole(length)
    if not 0 <= begin <= len(value) or end > len(value) or end < begin:
        raise method_failure(
            "Substring", 1, "startIndex cannot be larger than length of string.", "System.ArgumentOutOfRangeException"
        )
    return value[begin:end]


def _split(value: str, separators: Any = None, limit: Any = None, *_: Any) -> list[str]:
    if separators is None:
        return value.split()
    marks = [text(item) for item in items(separators)]
    single = [mark for item in marks for mark in item]
    parts: list[str] = []
    current = ""
    most = whole(limit) if isinstance(limit, int) and not isinstance(limit, bool) else 0
    for char in value:
        if char in single and not (most and len(parts) + 1 >= most):
            parts.append(current)
            current = ""
        else:
            current += char
    parts.append(current)
    return [part for part in parts if part] if isinstance(limit, str) else parts


def _characters(given: tuple[Any, ...]) -> str:
    return "".join(text(part) for item in given for part in items(item)) or _SPACES


def _find(value: str, wanted: Any, start: Any = 0, *_: Any) -> int:
    if isinstance(start, str):
        return value.lower().find(text(wanted).lower())
    return value.find(text(wanted), whole(start))


def _ends(value: str, wanted: Any, *how: Any) -> bool:
    return value.lower().endswith(text(wanted).lower()) if how else value.endswith(text(wanted))


def _starts(value: str, wanted: Any, *how: Any) -> bool:
    return value.lower().startswith(text(wanted).lower()) if how else value.startswith(text(wanted))


TEXT_METHODS: dict[str, Callable[..., Any]] = {
    "trim": lambda value, *given: value.strip(_characters(given)),
    "trimstart": lambda value, *given: value.lstrip(_characters(given)),
    "trimend": lambda value, *given: value.rstrip(_characters(given)),
    "toupper": lambda value: value.upper(),
    "tolower": lambda value: value.lower(),
    "toupperinvariant": lambda value: value.upper(),
    "tolowerinvariant": lambda value: value.lower(),
    "replace": lambda value, old, new: value.replace(text(old), text(new)),
    "split": _split,
    "substring": _cut,
    "indexof": _find,
    "lastindexof": lambda value, wanted: value.rfind(text(wanted)),
    "startswith": _starts,
    "endswith": _ends,
    "contains": lambda value, wanted: text(wanted) in value,
    "padleft": lambda value, width, fill=" ": value.rjust(whole(width), text(fill)),
    "padright": lambda value, width, fill=" ": value.ljust(whole(width), text(fill)),
    "insert": lambda value, at, new: value[: whole(at)] + text(new) + value[whole(at) :],
    "remove": lambda value, at, *count: value[: whole(at)] + (value[whole(at) + whole(count[0]) :] if count else ""),
    "equals": lambda value, other, *how: value.lower() == text(other).lower() if how else value == other,
    "tochararray": list,
    "tostring": lambda value, *how: value,
    "gethashcode": lambda value: hash(value) & 0x7FFFFFFF,
    "compareto": lambda value, other: (value > text(other)) - (value < text(other)),
}


def call_text(value: str, name: str, arguments: list[Any]) -> Any:
    """Call a string's method. Raises `ScriptError`."""
    try:
        return TEXT_METHODS[name](value, *arguments)
    except TypeError:
        raise method_failure(
            name, len(arguments), "the arguments do not fit", "System.Management.Automation.MethodException"
        ) from None


def empty(value: Any) -> bool:
    """Whether there is nothing in a string."""
    return not text(value)


def blank(value: Any) -> bool:
    """Whether there are only blanks in a string."""
    return not text(value).strip()


def flag(value: Any) -> bool:
    """An argument that is true or false."""
    return truth(value)
