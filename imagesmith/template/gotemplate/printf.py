"""Go's Printf, for the types that a template can hold."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from imagesmith.template.gotemplate.values import show, show_float

_VERB = re.compile(r"%([-+# 0]*)(\*|\d+)?(?:(\.)(\*|\d+)?)?(?:\[(\d{1,4})\])?(.?)", re.DOTALL)
_NOT_PLAIN = re.compile(r"[^ !#-\[\]-~]")
_WIDEST = 100_000
_TYPES = {bool: "bool", int: "int", float: "float64", str: "string"}


class _WrongVerb(Exception):
    """The verb is not for values of this type."""


class _Arguments:
    """Hands out the arguments in order, or from an index on that the layout names."""

    def __init__(self, values: Sequence[object]) -> None:
        self.values, self.next, self.reordered = values, 0, False

    def take(self) -> tuple[bool, object]:
        there = 0 <= self.next < len(self.values)
        value = self.values[self.next] if there else None
        self.next += 1
        return there, value

    def jump(self, index: str | None) -> None:
        if index is not None:
            self.next, self.reordered = int(index) - 1, True

    def extra(self) -> str:
        rest = [] if self.reordered else self.values[self.next :]
        shown = ["<nil>" if value is None else f"{_type(value)}={show(value)}" for value in rest]
        return f"%!(EXTRA {', '.join(shown)})" if shown else ""


def sprintf(layout: str, values: Sequence[object]) -> str:
    """The layout with its verbs replaced; faults appear in the text as in Go: ``%!d(string=x)``."""
    arguments = _Arguments(values)
    return _VERB.sub(lambda match: _verb(match, arguments), layout) + arguments.extra()


def sprint(arguments: Sequence[object]) -> str:
    """Go's Sprint: a space between two operands that are both no strings."""
    pieces: list[str] = []
    for index, value in enumerate(arguments):
        if index and not isinstance(value, str) and not isinstance(arguments[index - 1], str):
            pieces.append(" ")
        pieces.append(show(value))
    return "".join(pieces)


def sprintln(arguments: Sequence[object]) -> str:
    """Go's Sprintln."""
    return " ".join(map(show, arguments)) + "\n"


def quote(text: str, *, ascii_only: bool = False) -> str:
    """Go's %q of a string, or %+q."""
    return '"' + _NOT_PLAIN.sub(lambda match: _quoted(match[0], '"', ascii_only=ascii_only), text) + '"'


def _quoted(character: str, mark: str, *, ascii_only: bool) -> str:
    named = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\v": "\\v", "\\": "\\\\"}
    if character in named:
        return named[character]
    if character == mark:
        return "\\" + mark
    if character.isprintable() and (character.isascii() or not ascii_only):
        return character
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _verb(match: re.Match[str], arguments: _Arguments) -> str:
    flags, letter = match[1], match[6]
    width, wrong = _size(match[2], arguments, "BADWIDTH")
    precision, also = _size(match[4] or ("0" if match[3] else None), arguments, "BADPREC")
    if width is not None and width < 0:
        flags, width = flags + "-", -width
    notes = wrong + also
    if not letter:
        return notes + "%!(NOVERB)"
    if letter == "%":
        return notes + "%"
    arguments.jump(match[5])
    there, value = arguments.take()
    if not there and match[5]:
        return f"{notes}%!{letter}(BADINDEX)"
    if not there:
        return f"{notes}%!{letter}(MISSING)"
    try:
        if letter == "v":
            flags = flags.replace("+", "")
        return notes + _pad(_convert(letter, value, flags, precision), width, flags, value)
    except _WrongVerb:
        if value is None:
            return f"{notes}%!{letter}(<nil>)"
        return f"{notes}%!{letter}({_type(value)}={_pad(_general(value, flags, precision), width, flags, value)})"


def _size(text: str | None, arguments: _Arguments, note: str) -> tuple[int | None, str]:
    """A width or a precision, and what Go writes when it is a bad one."""
    if text is None:
        return None, ""
    value: object = int(text[:9]) if text != "*" else arguments.take()[1]
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _WIDEST:
        return None, f"%!({note})"
    return value, ""


def _pad(text: str, width: int | None, flags: str, value: object) -> str:
    missing = (width or 0) - len(text)
    if missing <= 0:
        return text
    if "-" in flags:
        return text + " " * missing
    if "0" not in flags:
        return " " * missing + text
    sign = text[0] if text[:1] in ("+", "-") and not isinstance(value, str) else ""
    return sign + "0" * missing + text[len(sign) :]


def _convert(letter: str, value: object, flags: str, precision: int | None) -> str:
    if letter == "T":
        return _type(value)
    if letter == "v":
        return _general(value, flags, precision)
    if isinstance(value, bool):
        return _only(letter == "t", show(value))
    if isinstance(value, str):
        return _string(letter, value, flags, precision)
    if isinstance(value, int):
        return _integer(letter, value, flags, precision)
    if isinstance(value, float):
        return _float(letter, value, flags, precision)
    if isinstance(value, list | tuple):
        return "[" + " ".join(_convert(letter, item, flags, precision) for item in value) + "]"
    raise _WrongVerb


def _only(fits: bool, text: str) -> str:
    if not fits:
        raise _WrongVerb
    return text


def _general(value: object, flags: str, precision: int | None) -> str:
    if "#" in flags and isinstance(value, str):
        return quote(value)
    if isinstance(value, float):
        return _float("g", value, flags, precision) if precision is not None else _sign(show(value), flags)
    if isinstance(value, int) and not isinstance(value, bool):
        return _integer("d", value, flags, precision)
    return value[:precision] if isinstance(value, str) and precision is not None else show(value)


def _string(letter: str, value: str, flags: str, precision: int | None) -> str:
    if letter == "s":
        return value if precision is None else value[:precision]
    if letter == "q":
        shortened = value if precision is None else value[:precision]
        return f"`{shortened}`" if "#" in flags and "`" not in shortened else quote(shortened, ascii_only="+" in flags)
    if letter in "xX":
        raw = value.encode("utf-8", "replace")[:precision]
        text = raw.hex(" ") if " " in flags else raw.hex()
        text = "0x" + text if "#" in flags and text else text
        return text.upper() if letter == "X" else text
    raise _WrongVerb


def _integer(letter: str, value: int, flags: str, precision: int | None) -> str:
    if letter == "d":
        return _sign(_digits(str(abs(value)), precision, value), flags)
    if letter in "boxX":
        prefix = {"b": "0b", "o": "0", "x": "0x", "X": "0X"}[letter] if "#" in flags else ""
        text = _digits(format(abs(value), letter), precision, value)
        return _sign(text.replace("-", "-" + prefix) if value < 0 else prefix + text, flags)
    if letter in "cqU" and 0 <= value <= 0x10FFFF and not 0xD800 <= value <= 0xDFFF:
        if letter == "U":
            return f"U+{value:04X}"
        return chr(value) if letter == "c" else "'" + _quoted(chr(value), "'", ascii_only="+" in flags) + "'"
    raise _WrongVerb


def _digits(text: str, precision: int | None, value: int) -> str:
    return ("-" if value < 0 else "") + text.zfill(precision or 0)


def _float(letter: str, value: float, flags: str, precision: int | None) -> str:
    if letter in "xX" and precision is None and "#" not in flags and math.isfinite(value):
        mantissa, _, exponent = value.hex().partition("p")
        text = f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}p{int(exponent):+03d}"
        return _sign(text.upper() if letter == "X" else text, flags)
    if letter in "fFeE":
        return _sign(f"{value:.{6 if precision is None else precision}{letter}}", flags)
    if letter in "gG":
        if precision is None:
            text = show_float(value)
            return _sign(text.upper() if letter == "G" else text, flags)
        return _sign(f"{value:.{precision or 1}{letter}}", flags)
    raise _WrongVerb


def _sign(text: str, flags: str) -> str:
    if text.startswith("-"):
        return text
    return "+" + text if "+" in flags else " " + text if " " in flags else text


def _type(value: object) -> str:
    if value is None:
        return "<nil>"
    return _TYPES.get(type(value), "map[string]interface {}" if isinstance(value, dict) else "[]interface {}")
