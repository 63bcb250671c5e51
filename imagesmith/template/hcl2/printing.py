"""Values as ``console`` shows them: what Packer prints for the same value."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from imagesmith.plan import UNKNOWN
from imagesmith.template.gotemplate.printf import quote
from imagesmith.template.gotemplate.values import show_float
from imagesmith.template.hcl2.cty import Value, wholly_known

_LARGEST = (1 << 63) - 1


def printed(value: Value) -> str:
    """The value as text: a string as it is, collections over several lines with their strings in quotes.

    Nulls are left out of maps and objects, numbers have the precision of a 64-bit float unless they are whole and fit
    into 64 bits, and a value in which something is unknown is unknown as a whole. All of that is Packer's way.
    """
    if not wholly_known(value):
        return UNKNOWN
    return value.raw if isinstance(value.raw, str) else "".join(_pieces(value, ""))


def _pieces(value: Value, indent: str) -> Iterator[str]:
    deeper = indent + "  "
    raw = value.raw
    if isinstance(raw, dict):
        entries = {name: item for name, item in raw.items() if not item.is_null}
        if not entries:
            yield "{}"
            return
        yield "{\n"
        for name, item in entries.items():
            yield f"{deeper}{quote(name)} = "
            yield from _pieces(item, deeper)
            yield "\n"
        yield indent + "}"
    elif isinstance(raw, tuple):
        yield "[\n" if raw else "[]"
        for item in raw:
            yield deeper
            yield from _pieces(item, deeper)
            yield ",\n"
        yield indent + "]" if raw else ""
    else:
        yield _scalar(raw)


def _scalar(raw: object) -> str:
    if isinstance(raw, str):
        return quote(raw)
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int) and -_LARGEST - 1 <= raw <= _LARGEST:
        return str(raw)
    return show_float(_as_float(raw)) if isinstance(raw, int | float | Fraction) else "null"


def _as_float(raw: float | Fraction) -> float:
    try:
        return float(raw)
    except OverflowError:
        return float("inf") if raw > 0 else float("-inf")
