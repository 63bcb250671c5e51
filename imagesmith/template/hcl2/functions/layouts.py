"""How formatdate writes times: by letters such as YYYY-MM-DD."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

from imagesmith.template.hcl2.functions.registry import FunctionProblem

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_Time = dt.datetime

_LETTERS: dict[str, Callable[[_Time], str]] = {
    "YYYY": lambda t: f"{t.year:04d}",
    "YY": lambda t: f"{t.year % 100:02d}",
    "MMMM": lambda t: MONTHS[t.month - 1],
    "MMM": lambda t: MONTHS[t.month - 1][:3],
    "MM": lambda t: f"{t.month:02d}",
    "M": lambda t: str(t.month),
    "DD": lambda t: f"{t.day:02d}",
    "D": lambda t: str(t.day),
    "EEEE": lambda t: DAYS[t.weekday()],
    "EEE": lambda t: DAYS[t.weekday()][:3],
    "hh": lambda t: f"{t.hour:02d}",
    "h": lambda t: str(t.hour),
    "HH": lambda t: f"{(t.hour + 11) % 12 + 1:02d}",
    "H": lambda t: str((t.hour + 11) % 12 + 1),
    "AA": lambda t: "AM" if t.hour < 12 else "PM",
    "aa": lambda t: "am" if t.hour < 12 else "pm",
    "mm": lambda t: f"{t.minute:02d}",
    "m": lambda t: str(t.minute),
    "ss": lambda t: f"{t.second:02d}",
    "s": lambda t: str(t.second),
    "ZZZZZ": lambda t: _zone(t, ":"),
    "ZZZZ": lambda t: _zone(t, ""),
    "ZZZ": lambda t: _zone(t, "") if t.utcoffset() else "UTC",
    "Z": lambda t: _zone(t, ":") if t.utcoffset() else "Z",
}
_LETTER_TOKEN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+|'")


def _zone(moment: _Time, separator: str) -> str:
    minutes = round((moment.utcoffset() or dt.timedelta()).total_seconds() / 60)
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}{separator}{abs(minutes) % 60:02d}"


def by_letters(spec: str, moment: _Time) -> str:
    """The time as formatdate's letters say; text in single quotes stays as it is."""
    pieces = []
    for match in _LETTER_TOKEN.finditer(spec):
        letters = match.group()
        if letters == "'":
            raise FunctionProblem("a quote is never closed", 0)
        if match.group(1) is not None:
            pieces.append(match.group(1).replace("''", "'") or "'")
        elif match.group(2) is None:
            pieces.append(letters)
        elif letters in _LETTERS:
            pieces.append(_LETTERS[letters](moment))
        else:
            raise FunctionProblem(f'"{letters}" has no meaning in a date; put plain text in single quotes', 0)
    return "".join(pieces)
