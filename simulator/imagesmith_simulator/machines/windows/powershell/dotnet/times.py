"""DateTime and TimeSpan."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from imagesmith_simulator.machines.windows.powershell.dotnet.registry import StaticType
from imagesmith_simulator.machines.windows.powershell.values import DotNet, NotSimulated, number, text

_EPOCH_TICKS = 621355968000000000
_FORMATS = {
    "yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "hh": "%I", "mm": "%M", "ss": "%S", "tt": "%p", "yy": "%y",
}  # fmt: skip


class TimeSpan(DotNet):
    """A length of time."""

    type = "System.TimeSpan"

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TimeSpan) and self.seconds == other.seconds

    def __hash__(self) -> int:
        return hash(self.seconds)

    def __gt__(self, other: TimeSpan) -> bool:
        return self.seconds > other.seconds

    def text(self) -> str:
        whole_seconds = int(abs(self.seconds))
        days, rest = divmod(whole_seconds, 86400)
        shown = f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"
        fraction = round((abs(self.seconds) - whole_seconds) * 10_000_000)
        shown = f"{days}.{shown}" if days else shown
        return ("-" if self.seconds < 0 else "") + shown + (f".{fraction:07d}" if fraction else "")

    def plus(self, other: Any) -> Any:
        """The sum."""
        return TimeSpan(self.seconds + other.seconds)

    def minus(self, other: Any) -> Any:
        """The difference."""
        return TimeSpan(self.seconds - other.seconds)

    def get_totalseconds(self) -> float:
        """All of it in seconds."""
        return self.seconds

    def get_totalmilliseconds(self) -> float:
        """All of it in milliseconds."""
        return self.seconds * 1000

    def get_totalminutes(self) -> float:
        """All of it in minutes."""
        return self.seconds / 60

    def get_totalhours(self) -> float:
        """All of it in hours."""
        return self.seconds / 3600

    def get_seconds(self) -> int:
        """The part below a minute."""
        return int(self.seconds) % 60

    def get_minutes(self) -> int:
        """The part below an hour."""
        return int(self.seconds) // 60 % 60

    def get_ticks(self) -> int:
        """All of it in units of 100 ns."""
        return round(self.seconds * 10_000_000)


class DateTime(DotNet):
    """A moment; ``seconds`` since 1970."""

    type = "System.DateTime"

    def __init__(self, seconds: float, *, utc: bool = False) -> None:
        self.seconds = seconds
        self._utc = utc

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DateTime) and self.seconds == other.seconds

    def __hash__(self) -> int:
        return hash(self.seconds)

    def __gt__(self, other: DateTime) -> bool:
        return self.seconds > other.seconds

    def _moment(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def text(self) -> str:
        return self._moment().strftime("%m/%d/%Y %H:%M:%S")

    def formatted(self, pattern: str) -> str:
        """By a standard or a custom format. Raises `NotSimulated`."""
        moment = self._moment()
        ticks = f"{self.get_ticks() % 10_000_000:07d}"
        standard = {
            "o": f"{moment:%Y-%m-%dT%H:%M:%S}.{ticks}Z",
            "s": f"{moment:%Y-%m-%dT%H:%M:%S}",
            "u": f"{moment:%Y-%m-%d %H:%M:%S}Z",
            "g": f"{moment:%m/%d/%Y %I:%M %p}",
            "G": f"{moment:%m/%d/%Y %I:%M:%S %p}",
        }
        if len(pattern) == 1:
            found = standard.get(pattern) or standard.get(pattern.lower())
            if found is None:
                raise NotSimulated(f'the time format "{pattern}"')
            return found
        for written, code in _FORMATS.items():
            pattern = pattern.replace(written, code)
        return moment.strftime(pattern).replace("fffffff", ticks).replace("fff", ticks[:3])

    def do_tostring(self, pattern: Any = None, *_: Any) -> str:
        """As a text."""
        return self.text() if pattern is None else self.formatted(text(pattern))

    def plus(self, other: Any) -> Any:
        """Later by a length of time."""
        return DateTime(self.seconds + other.seconds, utc=self._utc)

    def minus(self, other: Any) -> Any:
        """Earlier by a length of time, or the time since another moment."""
        if isinstance(other, DateTime):
            return TimeSpan(self.seconds - other.seconds)
        return DateTime(self.seconds - other.seconds, utc=self._utc)

    def do_touniversaltime(self) -> DateTime:
        """The same moment; machines run on UTC."""
        return DateTime(self.seconds, utc=True)

    def do_addseconds(self, amount: Any) -> DateTime:
        """Later by so many seconds."""
        return DateTime(self.seconds + number(amount))

    def do_addminutes(self, amount: Any) -> DateTime:
        """Later by so many minutes."""
        return DateTime(self.seconds + 60 * number(amount))

    def do_tofiletimeutc(self) -> int:
        """In units of 100 ns since 1601."""
        return round((self.seconds + 11644473600) * 10_000_000)

    def do_tofiletime(self) -> int:
        """In units of 100 ns since 1601."""
        return self.do_tofiletimeutc()

    def get_ticks(self) -> int:
        """In units of 100 ns since the year 1."""
        return _EPOCH_TICKS + round(self.seconds * 10_000_000)

    def get_year(self) -> int:
        """The year."""
        return self._moment().year


TYPES = [
    StaticType(
        "System.DateTime",
        properties={
            "now": lambda engine: DateTime(time.time()),
            "utcnow": lambda engine: DateTime(time.time(), utc=True),
        },
    ),
    StaticType(
        "System.TimeSpan",
        {
            "fromseconds": lambda engine, value: TimeSpan(number(value)),
            "fromminutes": lambda engine, value: TimeSpan(60 * number(value)),
            "frommilliseconds": lambda engine, value: TimeSpan(number(value) / 1000),
        },
        {"zero": lambda engine: TimeSpan(0)},
        new=lambda engine, hours, minutes, seconds: TimeSpan(
            number(hours) * 3600 + number(minutes) * 60 + number(seconds)
        ),
    ),
]
