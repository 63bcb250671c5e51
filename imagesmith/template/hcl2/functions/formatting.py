"""The verbs of format and formatlist."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from fractions import Fraction

from imagesmith.template.hcl2 import graphemes, numeric
from imagesmith.template.hcl2.conversion import NotConvertible, convert
from imagesmith.template.hcl2.cty import BOOL, NUMBER, STRING, ListOf, Number, SetOf, TupleOf, Type, Value
from imagesmith.template.hcl2.functions import json_text
from imagesmith.template.hcl2.functions.registry import FunctionProblem

_VERB = re.compile(
    r"%(?P<flags>[0 +\-#]*)(?P<width>\d+)?(?:\.(?P<precision>\d*))?(?:\[(?P<index>\d+)\])?(?P<verb>.?)", re.DOTALL
)
_WIDEST = 10_000


@dataclass(frozen=True, slots=True)
class _Verb:
    """One ``%…`` of a pattern."""

    letter: str
    flags: str
    width: int
    precision: int | None
    position: int
    text: str


def render(pattern: str, values: Sequence[Value]) -> str:
    """The pattern with its verbs replaced by the values. Raises `FunctionProblem`."""
    pieces: list[str] = []
    used = set()
    at = following = 0
    for match in re.finditer(r"%%|" + _VERB.pattern, pattern, re.DOTALL):
        pieces.append(pattern[at : match.start()])
        at = match.end()
        if match.group() == "%%":
            pieces.append("%")
            continue
        verb = _verb(match, following)
        following = verb.position + 1
        if verb.position >= len(values):
            have = f"{len(values)} value{'' if len(values) == 1 else 's'}"
            raise FunctionProblem(f"{verb.text} wants value {verb.position + 1}, but only {have} given", 0)
        used.add(verb.position)
        pieces.append(_format(verb, values[verb.position]))
    if values and len(values) > max(used, default=-1) + 1:
        raise FunctionProblem(f"there are more values than the pattern uses ({max(used, default=-1) + 1})", len(values))
    return "".join(pieces) + pattern[at:]


def render_each(pattern: str, values: Sequence[Value]) -> list[str]:
    """The pattern once for each element of the lists among the values; other values repeat."""
    sequences = {
        i: v.raw for i, v in enumerate(values) if isinstance(v.type, ListOf | SetOf | TupleOf) and not v.is_null
    }
    lengths = {len(items) for items in sequences.values()}
    if len(lengths) > 1:
        raise FunctionProblem("the lists must have the same length", max(sequences) + 1)
    count = lengths.pop() if lengths else 1
    rows = range(count)
    return [render(pattern, [sequences[i][row] if i in sequences else v for i, v in enumerate(values)]) for row in rows]


def _verb(match: re.Match[str], following: int) -> _Verb:
    letter, text = match.group("verb"), match.group()
    if not letter or letter not in "vtbdoxXeEfgGsq":
        raise FunctionProblem(f'"{text}" is not a verb of format; write %% for a percent sign', 0)
    width, precision = int(match.group("width") or 0), match.group("precision")
    if width > _WIDEST or int(precision or 0) > _WIDEST:
        raise FunctionProblem(f'"{text}" is too wide', 0)
    index = match.group("index")
    if index == "0":
        raise FunctionProblem(f'"{text}": values are counted from 1', 0)
    position = int(index) - 1 if index else following
    places = None if precision is None else int(precision or 0)
    return _Verb(letter, match.group("flags"), width, places, position, text)


def _format(verb: _Verb, value: Value) -> str:
    if verb.letter == "v":
        return _format_any(verb, value)
    if value.is_null:
        raise FunctionProblem(f"{verb.text} can't show null", verb.position + 1)
    if verb.letter in "sq":
        return _pad(verb, _text(verb, _as(verb, value, STRING).raw))
    if verb.letter == "t":
        return "true" if _as(verb, value, BOOL).raw else "false"
    return _format_number(verb, verb.letter, _as(verb, value, NUMBER).raw)


def _as(verb: _Verb, value: Value, kind: Type) -> Value:
    try:
        return convert(value, kind)
    except NotConvertible as problem:
        raise FunctionProblem(f"{verb.text}: {problem}", verb.position + 1) from None


def _text(verb: _Verb, text: str) -> str:
    if verb.precision is not None:
        text = "".join(graphemes.split(text)[: verb.precision])
    if verb.letter == "q":
        return json_text.quoted(text)
    return text


def _pad(verb: _Verb, text: str) -> str:
    missing = max(verb.width - graphemes.count(text), 0)
    filling = ("0" if "0" in verb.flags else " ") * missing
    return text + filling if "-" in verb.flags else filling + text


def _format_any(verb: _Verb, value: Value) -> str:
    if "#" in verb.flags or value.is_null:
        return _pad(verb, json_text.encode(value))
    if value.type == STRING:
        return _pad(verb, value.raw)
    if isinstance(value.raw, int | float | Fraction) and not isinstance(value.raw, bool):
        return _pad(verb, _shown(value.raw))
    return _pad(verb, json_text.encode(value))


def _shown(number: Number) -> str:
    if isinstance(number, float):
        return "+Inf" if number > 0 else "-Inf"
    return ("-" if number < 0 else "") + _shortest("g", abs(Fraction(number)))


def _format_number(verb: _Verb, letter: str, number: Number) -> str:
    if isinstance(number, float) and letter in "bdoxX":
        raise FunctionProblem(f"{verb.text} wants a whole number", verb.position + 1)
    if isinstance(number, float):
        return _pad(verb, "+Inf" if number > 0 else "-Inf")
    if letter in "bdoxX":
        if not isinstance(number, int):
            raise FunctionProblem(f"{verb.text} wants a whole number", verb.position + 1)
        prefix = {"b": "0b", "o": "0", "x": "0x", "X": "0X"}.get(letter, "") if "#" in verb.flags else ""
        digits = format(abs(number), letter).rjust(verb.precision or 0, "0")
        digits = "" if number == verb.precision == 0 else digits
        return _signed(verb, number < 0, prefix + digits, zeros=verb.precision is None)
    magnitude = abs(Fraction(number))
    return _signed(verb, number < 0, _floating(letter, magnitude, verb.precision))


def _signed(verb: _Verb, negative: bool, digits: str, *, zeros: bool = True) -> str:
    sign = "-" if negative else "+" if "+" in verb.flags else " " if " " in verb.flags else ""
    if zeros and "0" in verb.flags and "-" not in verb.flags:
        digits = digits.rjust(verb.width - len(sign), "0")
    padded = sign + digits
    return padded.ljust(verb.width) if "-" in verb.flags else padded.rjust(verb.width)


def _floating(letter: str, magnitude: Fraction, precision: int | None) -> str:
    if letter in "gG" and precision is None:
        return _shortest(letter, magnitude)
    if magnitude == 0:
        return format(0.0, f".{6 if precision is None else precision}{letter}")
    with localcontext(Context(prec=numeric.MOST_DIGITS * 2, rounding=ROUND_HALF_EVEN)):
        exact = Decimal(magnitude.numerator) / Decimal(magnitude.denominator)
        text = format(exact, f".{6 if precision is None else precision}{letter}")
    if letter in "gG" and "." in text:
        mantissa, mark, exponent = text.partition("e" if letter == "g" else "E")
        text = mantissa.rstrip("0").rstrip(".") + mark + exponent
    return _two_digit_exponent(text)


def _shortest(letter: str, magnitude: Fraction) -> str:
    if magnitude == 0:
        return "0"
    digits, last = numeric.shortest(magnitude)
    exponent = last + len(digits) - 1
    if -4 <= exponent < 6:
        return numeric.text(magnitude)
    mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
    return _two_digit_exponent(f"{mantissa}{'e' if letter == 'g' else 'E'}{exponent:+d}")


def _two_digit_exponent(text: str) -> str:
    return re.sub(r"([eE][+-])(\d)$", r"\g<1>0\2", text)
