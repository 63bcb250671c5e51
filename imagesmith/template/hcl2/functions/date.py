"""Functions of dates and times, which are strings such as 2006-01-02T15:04:05Z (RFC 3339)."""

from __future__ import annotations

import datetime as dt
import re

from imagesmith.coercion import Refused, duration
from imagesmith.template import gotime
from imagesmith.template.hcl2.cty import NUMBER, STRING, Number, Value, number, object_of, string
from imagesmith.template.hcl2.functions import layouts
from imagesmith.template.hcl2.functions.registry import FunctionProblem, function
from imagesmith.template.hcl2.scope import Surroundings

_RFC3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)", re.ASCII)


@function("formatdate(spec, timestamp)", STRING, STRING, returns=STRING)
def formatdate(spec: str, timestamp: str) -> str:
    """The time written as the spec says, such as "YYYY-MM-DD hh:mm:ss"."""
    return layouts.by_letters(spec, parse(timestamp, 1))


@function("legacy_isotime(layout)", STRING, optional=1, returns=STRING, surroundings=True)
def legacy_isotime(surroundings: Surroundings, layout: str = "2006-01-02T15:04:05Z07:00") -> str:
    """The time at which the run began, written like Go's reference time."""
    return gotime.go_format(surroundings.started, layout)


@function("legacy_strftime(layout)", STRING, optional=1, returns=STRING, surroundings=True)
def legacy_strftime(surroundings: Surroundings, layout: str = "%Y-%m-%dT%H:%M:%SZ") -> str:
    """The time at which the run began, written with C's % letters."""
    return gotime.strftime(surroundings.started, layout)


@function("timeadd(timestamp, duration)", STRING, STRING, returns=STRING)
def timeadd(timestamp: str, added: str) -> str:
    """The time so much later, such as "1h30m"."""
    moment = parse(timestamp, 0)
    try:
        # Nanoseconds count, although the result has whole seconds only.
        nanoseconds = _nanoseconds(timestamp) + round(duration(added) * 1e9)
        later = moment.replace(microsecond=0) + dt.timedelta(seconds=nanoseconds // 1_000_000_000)
    except Refused as problem:
        raise FunctionProblem(str(problem), 1) from None
    except OverflowError:
        raise FunctionProblem("the result is outside of the years 1 to 9999", 1) from None
    return rfc3339(later)


def _nanoseconds(timestamp: str) -> int:
    """The fraction of the second, which is finer than Python's times."""
    match = _RFC3339.fullmatch(timestamp)
    return int((match.group(7) if match and match.group(7) else "").ljust(9, "0"))


@function("timestamp()", returns=STRING)
def timestamp() -> str:
    """The time now, in UTC; each call gives another."""
    return rfc3339(dt.datetime.now(dt.UTC))


@function("rfc3339_parse(timestamp)", STRING)
def rfc3339_parse(text: str) -> Value:
    """The parts of a time as an object."""
    moment = parse(text.replace(" ", "T", 1), 0)
    return object_of({**_parts(moment), "unix": number(int(moment.timestamp() // 1))})


@function("unix_timestamp_parse(seconds)", NUMBER)
def unix_timestamp_parse(seconds: Number) -> Value:
    """The parts of a time, in UTC, as an object."""
    if not isinstance(seconds, int):
        raise FunctionProblem("a whole number of seconds is wanted", 0)
    try:
        moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    except (OverflowError, OSError, ValueError):
        raise FunctionProblem("the time is outside of the years 1 to 9999", 0) from None
    return object_of({**_parts(moment), "rfc3339": string(rfc3339(moment))})


def parse(text: str, argument: int) -> dt.datetime:
    """A timestamp as a time with its own zone. Raises `FunctionProblem`."""
    match = _RFC3339.fullmatch(text)
    if not match or " " in text:
        raise FunctionProblem(f'"{text}" is not a time such as 2006-01-02T15:04:05Z', argument)
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    micro = int((match.group(7) or "").ljust(6, "0")[:6] or 0)
    zone = match.group(8)
    try:
        offset = dt.timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6])) if zone != "Z" else dt.timedelta()
        info = dt.timezone(-offset if zone.startswith("-") else offset)
        return dt.datetime(year, month, day, hour, minute, second, micro, info)
    except ValueError:
        raise FunctionProblem(f'"{text}" is not a time that exists', argument) from None


def rfc3339(moment: dt.datetime) -> str:
    """The time in whole seconds."""
    return moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _parts(moment: dt.datetime) -> dict[str, Value]:
    week = moment.isocalendar()
    numbers = {
        "year": moment.year,
        "year_day": moment.timetuple().tm_yday,
        "day": moment.day,
        "month": moment.month,
        "weekday": moment.isoweekday() % 7,
        "hour": moment.hour,
        "minute": moment.minute,
        "second": moment.second,
        "iso_year": week.year,
        "iso_week": week.week,
    }
    names = {"month_name": layouts.MONTHS[moment.month - 1], "weekday_name": layouts.DAYS[moment.weekday()]}
    return {
        **{name: number(value) for name, value in numbers.items()},
        **{name: string(value) for name, value in names.items()},
    }
