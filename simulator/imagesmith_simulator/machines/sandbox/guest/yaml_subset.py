"""The part of YAML that cloud-config files are written in, without a dependency.

Block mappings and sequences, plain and quoted scalars, `|` and `>` blocks with their chomping signs, and flow
collections (thus JSON). Not anchors, aliases, tags, complex keys, multi-line plain scalars or several documents: these
raise `YamlError` with the line instead of being read wrongly.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_KEY = re.compile(
    r"""(?P<key>"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s\-?:,\[\]{}#&*!|>'"%@`][^#]*?|-[^\s#][^#]*?)\s*:(?:\s+|$)"""
)
_WORDS = {
    "true": True,
    "yes": True,
    "on": True,
    "false": False,
    "no": False,
    "off": False,
    "null": None,
    "~": None,
    "": None,
}


class YamlError(ValueError):
    """What is not understood, with its line."""


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    indent: int
    text: str
    raw: str


def parse(text: str) -> Any:
    """The value of a document: dict, list, str, int, float, bool or None."""
    stripped = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if stripped and stripped[0].lstrip()[:1] in {"{", "["}:
        return _Flow("\n".join(stripped), 1).whole()
    parser = _Parser(text)
    return parser.document()


class _Parser:
    def __init__(self, text: str) -> None:
        self._lines = [
            _Line(number, len(raw) - len(raw.lstrip(" ")), raw.strip(), raw)
            for number, raw in enumerate(text.splitlines(), 1)
        ]
        self._at = 0

    def document(self) -> Any:
        first = self._peek()
        if first and first.text == "---":
            self._at += 1
            first = self._peek()
        if first is None:
            return None
        value = self._block(first.indent)
        left = self._peek()
        if left and left.text != "...":
            raise YamlError(f"line {left.number}: not understood: {left.text}")
        return value

    def _peek(self) -> _Line | None:
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if line.text and not line.text.startswith("#"):
                if "\t" in line.raw[: len(line.raw) - len(line.raw.lstrip())]:
                    raise YamlError(f"line {line.number}: indented with a tab")
                return line
            self._at += 1
        return None

    def _block(self, indent: int) -> Any:
        line = self._peek()
        if line is None or line.indent < indent:
            return None
        if line.text == "-" or line.text.startswith("- "):
            return self._sequence(line.indent)
        if _KEY.match(line.text):
            return self._mapping(line.indent)
        self._at += 1
        return self._inline(line.text, line, line.indent)

    def _sequence(self, indent: int) -> list[Any]:
        items = []
        while (line := self._peek()) and line.indent == indent and (line.text == "-" or line.text.startswith("- ")):
            rest = line.text[1:].lstrip()
            inner = indent + len(line.text) - len(rest)
            if not rest or rest.startswith("#"):
                self._at += 1
                items.append(self._block(indent + 1))
            elif _KEY.match(rest) or rest.startswith("- "):
                self._lines[self._at] = _Line(line.number, inner, rest, " " * inner + rest)
                items.append(self._block(inner))
            else:
                self._at += 1
                items.append(self._inline(rest, line, indent))
        return items

    def _mapping(self, indent: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while (line := self._peek()) and line.indent == indent:
            match = _KEY.match(line.text)
            if not match:
                raise YamlError(f"line {line.number}: expected a key: {line.text}")
            key = str(_scalar(match["key"], line.number))
            rest = line.text[match.end() :].strip()
            self._at += 1
            if rest and not rest.startswith("#"):
                found[key] = self._inline(rest, line, indent)
                continue
            following = self._peek()
            is_list = following and following.indent == indent and (following.text + " ").startswith("- ")
            found[key] = self._sequence(indent) if is_list else self._block(indent + 1)
        return found

    def _inline(self, text: str, line: _Line, indent: int) -> Any:
        """A value that begins behind a key or a dash."""
        if text[0] in "|>":
            return self._literal(text, line, indent)
        if text[0] in "[{":
            flow = _Flow(text, line.number)
            while flow.is_open() and self._at < len(self._lines):
                flow = _Flow(f"{flow.text}\n{self._lines[self._at].raw}", line.number)
                self._at += 1
            return flow.whole()
        value = _scalar(_without_comment(text), line.number)
        following = self._peek()
        if following and following.indent > indent:
            raise YamlError(f"line {following.number}: a value of several lines needs | or >")
        return value

    def _literal(self, header: str, line: _Line, indent: int) -> str:
        match = re.fullmatch(r"([|>])(?:([+-])([1-9])?|([1-9])([+-])?)?(?:\s+#.*)?", header)
        if not match:
            raise YamlError(f"line {line.number}: not understood: {header}")
        chomp = match[2] or match[5] or ""
        given = match[3] or match[4]
        body: list[str] = []
        width = indent + int(given) if given else 0
        while self._at < len(self._lines):
            raw = self._lines[self._at].raw
            here = len(raw) - len(raw.lstrip(" "))
            if raw.strip():
                width = width or here
                if here < width or here <= indent:
                    break
            body.append(raw[width:] if width else "")
            self._at += 1
        text = "\n".join(body) if match[1] == "|" else _folded(body)
        ended = text.rstrip("\n")
        if chomp == "-" or not ended:
            return ended
        return text + "\n" if chomp == "+" else ended + "\n"


def _folded(body: list[str]) -> str:
    out = ""
    for number, line in enumerate(body):
        previous = body[number - 1] if number else ""
        if number == 0:
            out = line
        elif not line:
            out += "\n"
        elif not previous:
            out += line
        elif line.startswith(" ") or previous.startswith(" "):
            out += "\n" + line
        else:
            out += " " + line
    return out


def _without_comment(text: str) -> str:
    if text[0] in "\"'":
        end = _end_of_quote(text)
        return text[:end] if end and re.fullmatch(r"\s*(\s#.*)?", text[end:]) else text
    return re.split(r"\s#", text, maxsplit=1)[0].rstrip()


def _end_of_quote(text: str) -> int:
    pattern = r'"(?:[^"\\]|\\.)*"' if text[0] == '"' else r"'(?:[^']|'')*'"
    match = re.match(pattern, text)
    return match.end() if match else 0


def _scalar(text: str, number: int) -> Any:
    if text[:1] in {"&", "*", "!", "%", "@", "`"}:
        raise YamlError(f"line {number}: anchors, aliases and tags are not simulated: {text}")
    if text[:1] in {'"', "'"}:
        if _end_of_quote(text) != len(text):
            raise YamlError(f"line {number}: a quote is not closed where the value ends: {text}")
        return _unquote(text)
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if re.fullmatch(r"[-+]?(0|[1-9][0-9]*)", text):
        return int(text)
    if re.fullmatch(r"0o?[0-7]+", text):
        return int(text.replace("o", ""), 8)
    if re.fullmatch(r"[-+]?[0-9]+\.[0-9]*", text):
        return float(text)
    return text


def _unquote(text: str) -> str:
    if text[0] == "'":
        return text[1:-1].replace("''", "'")
    escapes = re.sub(r"\\x([0-9a-fA-F]{2})", r"\\u00\1", text.replace("\\e", "\\u001b").replace("\\0", "\\u0000"))
    return str(json.loads(escapes.replace("\t", "\\t").replace("\\ ", " ")))


class _Flow:
    """A collection in brackets, perhaps over several lines."""

    def __init__(self, text: str, number: int) -> None:
        self.text = text
        self._number = number
        self._at = 0

    def is_open(self) -> bool:
        """Whether a bracket is not closed yet."""
        plain = re.sub(r'"(?:[^"\\]|\\.)*"|\'(?:[^\']|\'\')*\'', "", self.text)
        return plain.count("[") + plain.count("{") > plain.count("]") + plain.count("}")

    def whole(self) -> Any:
        value = self._value()
        self._skip()
        if self._at < len(self.text):
            raise YamlError(f"line {self._number}: not understood: {self.text[self._at :]}")
        return value

    def _skip(self) -> None:
        match = re.compile(r"(?:\s|(?<=\s)#[^\n]*)*").match(self.text, self._at)
        self._at = match.end() if match else self._at

    def _value(self) -> Any:
        self._skip()
        start = self.text[self._at : self._at + 1]
        if start == "[":
            return self._items("]", self._value)
        if start == "{":
            return dict(self._items("}", self._pair))
        if start in {'"', "'"}:
            begin = self._at
            self._at += _end_of_quote(self.text[begin:]) or len(self.text)
            return _scalar(self.text[begin : self._at], self._number)
        match = re.compile(r"(?:[^,\[\]{}:\n]|:(?=\S))*").match(self.text, self._at)
        self._at = match.end() if match else self._at
        return _scalar(match[0].strip() if match else "", self._number)

    def _pair(self) -> tuple[str, Any]:
        key = str(self._value())
        self._skip()
        if self.text[self._at : self._at + 1] != ":":
            raise YamlError(f"line {self._number}: a colon is missing after {key}")
        self._at += 1
        return key, self._value()

    def _items(self, closing: str, read: Callable[[], Any]) -> list[Any]:
        self._at += 1
        items: list[Any] = []
        while True:
            self._skip()
            here = self.text[self._at : self._at + 1]
            if not here:
                raise YamlError(f"line {self._number}: {closing} is missing")
            if here == closing:
                self._at += 1
                return items
            items.append(read())
            self._skip()
            if self.text[self._at : self._at + 1] == ",":
                self._at += 1
            elif self.text[self._at : self._at + 1] != closing:
                raise YamlError(f"line {self._number}: a comma is missing in {self.text}")
