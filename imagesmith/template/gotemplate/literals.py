"""Go's string, character and number literals."""

from __future__ import annotations

import re

from imagesmith.template.gotemplate.errors import Failure

_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|((?:x[0-9a-fA-F]{2}|[0-7]{3})+)|(.?))", re.DOTALL)
_BYTE = re.compile(r"\\?(?:x([0-9a-fA-F]{2})|([0-7]{3}))")
_BYTES = re.compile(r"(?:\\x[0-9a-fA-F]{2}|\\[0-7]{3})+")
_SIMPLE = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "\\": "\\",
    '"': '"',
    "'": "'",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
}
_DECIMAL = re.compile(r"[+-]?(?:0|[1-9][0-9]*)\Z")
_LONGEST_NUMBER = 400


def string(token: str, at: int) -> str:
    """The value of a quoted or back-quoted string."""
    if token.startswith("`"):
        return token[1:-1].replace("\r", "")
    return _unescape(token[1:-1], at, "'")


def character(token: str, at: int) -> int:
    """The number that a character constant stands for."""
    value = _unescape(token[1:-1], at, '"')
    if len(value) != 1:
        raise Failure("a character constant holds exactly one character", at)
    return ord(value)


def number(token: str, at: int) -> int | float:
    """The value of a number: an integer, unless it is written with a point or an exponent."""
    text = token.replace("_", "")
    try:
        whole = _integer(text[:_LONGEST_NUMBER])
        value: int | float = float(text) if whole is None else whole
    except ValueError:
        raise Failure(f"bad number {token[:20]}", at) from None
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise Failure("the number does not fit in 64 bits", at)
    if value in (float("inf"), float("-inf")):
        raise Failure("the number is too large", at)
    return value


def _integer(text: str) -> int | None:
    if _DECIMAL.match(text):
        return int(text)
    digits = text.lstrip("+-")
    if digits[:2].lower() in ("0x", "0b", "0o"):
        return int(text, 0)
    if len(digits) > 1 and digits.startswith("0") and digits.isdigit():
        return int(text, 8)
    return None


def _unescape(body: str, at: int, foreign_quote: str) -> str:
    def one(match: re.Match[str]) -> str:
        if match[1] or match[2]:
            return _rune(int(match[1] or match[2], 16), at)
        if match[4] is not None:
            if match[4] not in _SIMPLE or match[4] == foreign_quote:
                raise Failure(
                    "the string has an unknown escape sequence", at, "Double a backslash that stands for itself"
                )
            return _SIMPLE[match[4]]
        return match[0]

    def run(match: re.Match[str]) -> str:
        values = [int(m[1], 16) if m[1] else int(m[2], 8) for m in _BYTE.finditer(match[0])]
        if max(values) > 255:
            raise Failure("an octal escape goes to \\377", at)
        return bytes(values).decode("utf-8", "replace")

    pieces, position = [], 0
    for match in _ESCAPE.finditer(body):
        if match.start() < position:
            continue
        pieces.append(body[position : match.start()])
        whole = _BYTES.match(body, match.start())
        pieces.append(run(whole) if whole else one(match))
        position = whole.end() if whole else match.end()
    return "".join([*pieces, body[position:]])


def _rune(code: int, at: int) -> str:
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise Failure("the escape sequence is not a character", at)
    return chr(code)
