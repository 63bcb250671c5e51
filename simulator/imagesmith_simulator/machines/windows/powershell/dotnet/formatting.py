"""``"{0,-10:N2}" -f …`` and ToString with a format."""

from __future__ import annotations

import re
from typing import Any

from imagesmith_simulator.machines.windows.powershell.values import NotSimulated, failure, number, text, whole

_FIELD = re.compile(r"\{\{|\}\}|\{(\d+)(?:,(-?\d+))?(?::([^}]*))?\}")


def format_text(pattern: str, values: list[Any]) -> str:
    """Fill a composite format."""

    def fill(found: re.Match[str]) -> str:
        if found.group(1) is None:
            return found.group(0)[0]
        index = int(found.group(1))
        if index >= len(values):
            raise failure(
                "Error formatting a string: Index (zero based) must be greater than or equal to zero and less than the "
                "size of the argument list..",
                "System.FormatException",
            )
        shown = format_value(values[index], found.group(3) or "")
        width = int(found.group(2) or 0)
        return shown.ljust(-width) if width < 0 else shown.rjust(width)

    return _FIELD.sub(fill, pattern)


def format_value(value: Any, pattern: str) -> str:
    """A value by a format: of numbers the standard ones, of times what their class knows."""
    if not pattern or isinstance(value, str):
        return text(value)
    if hasattr(value, "formatted"):
        return str(value.formatted(pattern))
    found = re.fullmatch(r"([dDxXnNfFpPgG])(\d*)", pattern)
    if not found:
        if re.fullmatch(r"0+", pattern):
            return str(whole(value)).zfill(len(pattern))
        raise NotSimulated(f'the format "{pattern}"')
    kind, digits = found.group(1), int(found.group(2) or 0)
    if kind in "dD":
        return str(whole(value)).zfill(digits)
    if kind in "xX":
        return format(
            whole(value) & 0xFFFFFFFF if whole(value) < 0 else whole(value), f"0{digits}{kind}" if digits else kind
        )
    places = digits if found.group(2) else 2
    if kind in "pP":
        return f"{number(value) * 100:,.{places}f} %"
    return (
        f"{number(value):,.{places}f}"
        if kind in "nN"
        else f"{number(value):.{places}f}"
        if kind in "fF"
        else text(value)
    )
