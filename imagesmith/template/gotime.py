"""Times as Go and strftime layouts write them. All times are UTC, as in Packer."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_CHUNK = re.compile(
    r"""(?P<month>January|Jan(?![a-z]))
    |(?P<weekday>Monday|Mon(?![a-z]))
    |(?P<zone>MST)
    |(?P<yearday>__2|002)
    |(?P<padded>0[1-6])
    |(?P<hour24>15)
    |(?P<underscore>_(?=2006))
    |(?P<year>2006)
    |(?P<spaced>_2)
    |(?P<bare>[1-5])
    |(?P<half>PM|pm)
    |(?P<offset>[-Z]07(?:0000|:00:00|00|:00|))
    |(?P<fraction>[.,](?:0+|9+)(?![0-9]))
    """,
    re.VERBOSE,
)
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def go_format(moment: datetime, layout: str) -> str:
    """The moment in UTC, in a layout that shows Go's reference time ``Mon Jan 2 15:04:05 MST 2006``."""
    moment = moment.astimezone(UTC)
    return _CHUNK.sub(lambda match: _chunk(moment, match.lastgroup or "", match.group()), layout)


def rfc3339(moment: datetime) -> str:
    """``2006-01-02T15:04:05Z``."""
    return go_format(moment, "2006-01-02T15:04:05Z07:00")


def strftime(moment: datetime, layout: str) -> str:
    """The conversions that Packer's ``strftime`` knows; all others stay as they are."""
    moment = moment.astimezone(UTC)
    return re.sub("%(.)", lambda match: _conversion(moment, match), layout, flags=re.DOTALL)


def _chunk(moment: datetime, group: str, text: str) -> str:
    if group in ("month", "weekday"):
        name = _MONTHS[moment.month - 1] if group == "month" else _DAYS[moment.weekday()]
        return name if len(text) > 3 else name[:3]
    if group == "padded":
        return f"{_number(moment, text[1]):02d}"
    if group == "bare":
        return str(_number(moment, text))
    if group == "spaced":
        return f"{moment.day:2d}"
    if group == "yearday":
        return f"{moment.timetuple().tm_yday:{'03d' if text == '002' else '3d'}}"
    if group == "half":
        half = "PM" if moment.hour >= 12 else "AM"
        return half if text == "PM" else half.lower()
    if group == "offset":
        return "Z" if text.startswith("Z") else "+" + text[1:].replace("7", "0")
    if group == "fraction":
        return _fraction(moment, text)
    return {"zone": "UTC", "hour24": f"{moment.hour:02d}", "year": f"{moment.year:04d}", "underscore": "_"}[group]


def _number(moment: datetime, digit: str) -> int:
    """What the digits 1 to 6 of the reference time stand for."""
    hour = moment.hour % 12 or 12
    return (moment.month, moment.day, hour, moment.minute, moment.second, moment.year % 100)[int(digit) - 1]


def _fraction(moment: datetime, text: str) -> str:
    digits = f"{moment.microsecond * 1000:09d}".ljust(len(text) - 1, "0")[: len(text) - 1]
    if text[1] == "0":
        return text[0] + digits
    digits = digits.rstrip("0")
    return text[0] + digits if digits else ""


_LAYOUTS = {
    "a": "Mon",
    "A": "Monday",
    "b": "Jan",
    "B": "January",
    "d": "02",
    "H": "15",
    "I": "03",
    "L": ".000",
    "m": "01",
    "M": "04",
    "p": "PM",
    "S": "05",
    "y": "06",
    "Y": "2006",
    "z": "-0700",
    "Z": "MST",
}


def _conversion(moment: datetime, match: re.Match[str]) -> str:
    if match[1] == "%":
        return "%"
    return go_format(moment, _LAYOUTS[match[1]]) if match[1] in _LAYOUTS else match[0]
