"""A JSON reader that knows where everything stands.

Python's own reader tells no line for a value, accepts duplicate keys, and can be made to recurse too deeply.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from imagesmith.errors import Diagnostic, Location, TemplateError

MAX_DEPTH = 100
_LONGEST_NUMBER = 300
_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_SURROGATES = re.compile("[\ud800-\udfff]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it begins. Objects hold `Member`, arrays hold `Node`, everything else is plain."""

    value: dict[str, Member] | list[Node] | str | int | float | bool | None
    location: Location


@dataclass(frozen=True, slots=True)
class Member:
    """One key of an object: where the key stands, and its value."""

    location: Location
    node: Node


def read(text: str, file: str, *, last_wins: bool = False) -> Node:
    """The document in ``text``. Raises `TemplateError` with the place of the fault; ``file`` is its name there.

    With ``last_wins`` a key that is given twice is no error, and the last one counts.
    """
    return _Reader(text.removeprefix("\ufeff"), file, last_wins=last_wins).document()


class _Reader:
    def __init__(self, text: str, file: str, *, last_wins: bool) -> None:
        self.text, self.file, self.position, self.depth = text, file, 0, 0
        self.last_wins = last_wins
        self.ascii, self.counted = text.isascii(), (0, 0)
        self.starts = [0] + [match.end() for match in re.finditer("\n", text)]

    def document(self) -> Node:
        node = self._value()
        self._spaces()
        if self.position < len(self.text):
            raise self._wrong("there is more text after the end of the JSON document")
        return node

    def _location(self, at: int) -> Location:
        line = bisect_right(self.starts, at)
        if self.ascii:
            return Location(self.file, line, at - self.starts[line - 1] + 1)
        from imagesmith.template.hcl2.graphemes import count

        # Columns count what a reader sees as one character; each is counted on from the one before on its line.
        start, column = self.counted if self.counted[0] <= at else (0, 0)
        if start < self.starts[line - 1]:
            start, column = self.starts[line - 1], 0
        self.counted = (at, column + count(self.text[start:at]))
        return Location(self.file, line, self.counted[1] + 1)

    def _wrong(self, summary: str, hint: str = "", at: int | None = None) -> TemplateError:
        place = self._location(self.position if at is None else at)
        return TemplateError([Diagnostic(summary, hint=hint, location=place)])

    def _spaces(self) -> str:
        """Pass white space; the character that comes next, "" at the end."""
        match = _SPACE.match(self.text, self.position)
        self.position = match.end() if match else self.position
        return self.text[self.position : self.position + 1]

    def _value(self) -> Node:
        character = self._spaces()
        start = self._location(self.position)
        if character == '"':
            return Node(self._string(), start)
        if character in ("{", "["):
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise self._wrong(f"nested more than {MAX_DEPTH} deep")
            node = Node(self._object() if character == "{" else self._array(), start)
            self.depth -= 1
            return node
        if character and character in "-0123456789":
            return Node(self._number(), start)
        for word, value in _WORDS.items():
            if self.text.startswith(word, self.position):
                self.position += len(word)
                return Node(value, start)
        raise self._unexpected(character, "a value")

    def _object(self) -> dict[str, Member]:
        members: dict[str, Member] = {}
        self.position += 1
        if self._spaces() == "}":
            self.position += 1
            return members
        while True:
            character = self._spaces()
            if character != '"':
                raise self._unexpected(character, "a key in double quotes")
            start = self.position
            key = self._string()
            if key in members and not self.last_wins:
                hint = f"It is given at line {members[key].location.line} already"
                raise self._wrong(f'the key "{key}" is given twice', hint, start)
            if self._spaces() != ":":
                raise self._unexpected(self._spaces(), f'a colon after the key "{key}"')
            self.position += 1
            members[key] = Member(self._location(start), self._value())
            if self._more("}"):
                return members

    def _array(self) -> list[Node]:
        items: list[Node] = []
        self.position += 1
        if self._spaces() == "]":
            self.position += 1
            return items
        while True:
            items.append(self._value())
            if self._more("]"):
                return items

    def _more(self, close: str) -> bool:
        """Pass a comma (False) or the closing bracket (True)."""
        character = self._spaces()
        if character not in (",", close):
            raise self._unexpected(character, f"a comma or {close}")
        comma, self.position = self.position, self.position + 1
        if character == "," and self._spaces() == close:
            raise self._wrong(f"there is a comma before {close}", "JSON allows no comma after the last entry", comma)
        return character == close

    def _string(self) -> str:
        start = self.position
        self.position += 1
        pieces = []
        while True:
            match = _PLAIN.match(self.text, self.position)
            pieces.append(match.group() if match else "")
            self.position += len(pieces[-1])
            character = self.text[self.position : self.position + 1]
            if character == '"':
                self.position += 1
                return _without_lone_surrogates("".join(pieces))
            if character != "\\":
                raise self._unclosed(character, start)
            pieces.append(self._escape())

    def _unclosed(self, character: str, start: int) -> TemplateError:
        if not character:
            return self._wrong("the string is not closed", at=start)
        if character == "\n":
            return self._wrong("the string is not closed on its line", "Write a line break as \\n", start)
        return self._wrong("a control character stands in a string", f"Write \\u{ord(character):04x}")

    def _escape(self) -> str:
        letter = self.text[self.position + 1 : self.position + 2]
        if letter in _ESCAPES and letter:
            self.position += 2
            return _ESCAPES[letter]
        digits = self.text[self.position + 2 : self.position + 6]
        if letter == "u" and re.fullmatch("[0-9a-fA-F]{4}", digits):
            self.position += 6
            return chr(int(digits, 16))
        raise self._wrong("the string has an unknown escape sequence", "Double a backslash that stands for itself")

    def _number(self) -> int | float:
        match = _NUMBER.match(self.text, self.position)
        if not match or len(match.group()) > _LONGEST_NUMBER:
            raise self._wrong("this is not a number")
        value = float(match.group())
        if value in (float("inf"), float("-inf")):
            raise self._wrong("the number is too large")
        self.position = match.end()
        if match[1] is None and match[2] is None:
            return int(match.group())
        return int(value) if value.is_integer() and abs(value) < 2**53 else value

    def _unexpected(self, character: str, wanted: str) -> TemplateError:
        if not character:
            return self._wrong(f"the document ends where {wanted} should be")
        hints = {
            "'": "JSON wants double quotes",
            "/": 'JSON has no comments; use a key such as "_comment" at the top level',
            "#": 'JSON has no comments; use a key such as "_comment" at the top level',
        }
        hint = hints.get(character, "Put a comma behind the entry before it" if wanted.startswith("a comma") else "")
        return self._wrong(f"unexpected {character!r} where {wanted} should be", hint)


def _without_lone_surrogates(text: str) -> str:
    """Join the pairs that unicode escapes make, and replace what is left over, as Go does."""
    if not _SURROGATES.search(text):
        return text
    joined = _PAIR.sub(lambda match: match.group().encode("utf-16", "surrogatepass").decode("utf-16"), text)
    return _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", joined)
