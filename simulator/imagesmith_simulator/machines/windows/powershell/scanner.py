"""Reading a script character by character: blanks, comments, names, numbers, strings."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import Any

from imagesmith_simulator.machines.windows.powershell import nodes

_BLANK = re.compile(r"(?:[ \t\u00a0]|`\r?\n|<#.*?#>|#[^\n]*)*", re.DOTALL)
_BLANK_LINES = re.compile(r"(?:[ \t\u00a0\r\n]|`\r?\n|<#.*?#>|#[^\n]*)*", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:(\$|\?|\^)|\{([^}]+)\}|((?:[A-Za-z]\w*:)?\w+))")
_NUMBER = re.compile(
    r"(0x[0-9a-f]+|(?:\d+\.\d+|\.\d+|\d+\.?(?![.\w]))(?:e[+-]?\d+)?|\d+(?:e[+-]?\d+)?)([dl])?(kb|mb|gb|tb)?(?![\w])",
    re.IGNORECASE,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b"}
_UNITS = {"kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30, "tb": 1 << 40}
_SINGLE = "'\u2018\u2019\u201a\u201b"
_DOUBLE = '"\u201c\u201d\u201e'


class ParseError(Exception):
    """The script can't be read. ``line`` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class Scanner(ABC):
    """A position in a text. Subclasses parse; `statements_until` is theirs."""

    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", "\n")
        self.at = 0

    @property
    def line(self) -> int:
        """Where we are, from 1."""
        return self.text.count("\n", 0, self.at) + 1

    def error(self, message: str) -> ParseError:
        """What to raise here."""
        return ParseError(message, self.line)

    def unexpected(self) -> ParseError:
        """What to raise for something that makes no sense here."""
        found = re.match(r"&&|\|\||\S+", self.text[self.at :])
        word = found.group(0) if found else ""
        if word in ("&&", "||"):
            return self.error(f"The token '{word}' is not a valid statement separator in this version.")
        return self.error(f"Unexpected token '{word}' in expression or statement.")

    def skip(self, *, lines: bool = False) -> None:
        """Pass blanks and comments, and line ends where they don't matter."""
        found = (_BLANK_LINES if lines else _BLANK).match(self.text, self.at)
        if found:
            self.at = found.end()

    def peek(self, *options: str) -> str:
        """The first of these texts that stands here, or ""."""
        return next((option for option in options if self.text.startswith(option, self.at)), "")

    @property
    def char(self) -> str:
        """What stands here; "" at the end."""
        return self.text[self.at : self.at + 1]

    def take(self, *options: str) -> str:
        """Pass one of these texts if it stands here."""
        found = self.peek(*options)
        self.at += len(found)
        return found

    def expect(self, text: str) -> None:
        """Pass this text, after blanks. Raises `ParseError` where it is not there."""
        self.skip(lines=True)
        if not self.take(text):
            raise self.error(
                f"Missing '{text}'" if self.char else f"Missing closing '{text}' at the end of the script."
            )

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Pass what fits a pattern."""
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def word(self, *words: str) -> str:
        """Pass one of these keywords, in whatever case."""
        for option in words:
            end = self.at + len(option)
            if self.text[self.at : end].lower() == option and not re.match(r"[\w-]", self.text[end : end + 1]):
                self.at = end
                return option
        return ""

    def number(self) -> int | float | None:
        """Pass a number."""
        found = self.match(_NUMBER)
        if not found:
            return None
        digits, kind, unit = found.groups()
        value: int | float
        if digits.lower().startswith("0x"):
            value = int(digits, 16)
        elif re.fullmatch(r"\d+", digits):
            value = int(digits)
        else:
            value = float(digits)
        if kind and kind.lower() == "d":
            value = float(value)
        return value * _UNITS[unit.lower()] if unit else value

    def variable(self) -> nodes.Variable | None:
        """Pass ``$name``, ``${name}`` or ``$scope:name``."""
        line = self.line
        found = self.match(_VARIABLE)
        if not found:
            return None
        name = found.group(1) or found.group(2) or found.group(3)
        scope, colon, rest = name.partition(":")
        if colon and rest and re.fullmatch(r"\w+", scope):
            return nodes.Variable(line, rest, scope.lower())
        return nodes.Variable(line, name)

    def string(self) -> nodes.Node | None:
        """Pass a string of any kind."""
        line = self.line
        if self.peek("@'", '@"') and re.match(r"@['\"][ \t]*\n", self.text[self.at :]):
            return self._here_string()
        if self.char and self.char in _SINGLE:
            return nodes.Const(line, self._single())
        if self.char and self.char in _DOUBLE:
            self.at += 1
            return self.expandable('"', line)
        return None

    def _single(self) -> str:
        self.at += 1
        parts: list[str] = []
        while True:
            if not self.char:
                raise self.error("The string is missing the terminator: '.")
            if self.char in _SINGLE:
                following = self.text[self.at + 1 : self.at + 2]
                if not following or following not in _SINGLE:
                    self.at += 1
                    return "".join(parts)
                self.at += 1
            parts.append(self.char)
            self.at += 1

    def _here_string(self) -> nodes.Node:
        line = self.line
        quote = self.text[self.at + 1]
        begin = self.text.index("\n", self.at) + 1
        end = self.text.find(f"\n{quote}@", begin - 1)
        if end < 0:
            raise self.error(f"The string is missing the terminator: {quote}@.")
        content = self.text[begin : max(begin, end)]
        if quote == "'":
            self.at = end + 3
            return nodes.Const(line, content)
        self.at = begin
        return self.expandable("", line, end=max(begin, end), resume=end + 3)

    def expandable(self, quote: str, line: int, *, end: int = -1, resume: int = -1) -> nodes.Node:
        """Read a text with ``$`` in it up to its closing quote, or up to ``end``."""
        parts: list[Any] = []
        while end < 0 or self.at < end:
            if not self.char:
                raise self.error('The string is missing the terminator: ".')
            if quote and self.char in _DOUBLE:
                if self.text[self.at + 1 : self.at + 2] not in tuple(_DOUBLE):
                    self.at += 1
                    break
                self.at += 1
                _add(parts, self.char)
                self.at += 1
                continue
            self.piece(parts)
        if resume >= 0:
            self.at = resume
        if all(isinstance(part, str) for part in parts):
            return nodes.Const(line, "".join(parts))
        return nodes.Expandable(line, parts)

    def piece(self, parts: list[Any]) -> None:
        """Read one character, escape, variable or ``$(…)`` of an expandable text."""
        char = self.char
        if char == "`":
            following = self.text[self.at + 1 : self.at + 2]
            _add(parts, "" if following == "\n" else _ESCAPES.get(following, following))
            self.at += 2
        elif self.peek("$("):
            line = self.line
            self.at += 2
            parts.append(nodes.Statements(line, "$", self.statements_until(")")))
        elif char == "$" and (variable := self.variable()):
            parts.append(variable)
        else:
            _add(parts, char)
            self.at += 1

    @abstractmethod
    def statements_until(self, closing: str) -> nodes.Block:
        """Parse statements up to a closing bracket."""


def _add(parts: list[Any], text: str) -> None:
    if parts and isinstance(parts[-1], str):
        parts[-1] += text
    else:
        parts.append(text)
