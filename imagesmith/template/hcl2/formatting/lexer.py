"""Cutting a text into tokens and keeping all of it but the spaces between them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from imagesmith.template.hcl2.formatting import tokens
from imagesmith.template.hcl2.formatting.tokens import Token
from imagesmith.template.hcl2.scanner import name_at

_CODE = re.compile(
    r"[ \t]*(?:"
    r"(?P<name>[A-Za-z_][A-Za-z0-9_-]*+(?![^\x00-\x7f]))"
    r"|(?P<newline>\r?\n)"
    r"|(?P<comment>(?:\#|//)[^\n]*\n?|/\*(?s:.*?)\*/)"
    r"|(?P<quote>\")"
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<heredoc><<-?(?P<marker>[^\W\d][\w-]*)\r?\n)"
    r"|(?P<strip>~\})"
    r"|(?P<operator>==|!=|<=|>=|=>|&&|\|\||\.\.\.|::|[{}()\[\]=<>!?:.,+\-*/%])"
    r")"
)
_SPACE = re.compile(r"[ \t]*")
_INSERT = re.compile(r"[$%]\{~?")
_QUOTED_TEXT = re.compile(r'(?:[^"\\$%]|\\.|\$\$\{|%%\{|[$%](?!\{))+', re.DOTALL)
_HEREDOC_TEXT = re.compile(r"(?:[^$%\n]|\$\$\{|%%\{|[$%](?!\{))*\n?")


def tokenize(text: str) -> Iterator[Token]:
    """Cut a text whose syntax is right into tokens."""
    return _Lexer(text).tokens()


class _Lexer:
    """A place in a text, and in which strings, heredocs and inserts it is.

    ``inside`` holds a level for each of them that is open: for a string ``"``, for a heredoc its marker, for an insert
    the number of braces that are open in it.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.inside: list[str | int] = [0]

    def tokens(self) -> Iterator[Token]:
        """The tokens from here to the end."""
        if self.text.startswith("\ufeff"):
            self.at = 1
        while self.at < len(self.text):
            level = self.inside[-1]
            if isinstance(level, int):
                yield from self._code(level)
            elif level == '"':
                yield self._quoted()
            else:
                yield from self._heredoc(level)

    def _code(self, braces: int) -> Iterator[Token]:
        """One token outside of text."""
        match = _CODE.match(self.text, self.at)
        if match is None or match.lastgroup is None:
            yield from self._unusual()
            return
        self.at = match.end()
        found = match[match.lastgroup]
        kind = match.lastgroup
        if kind == "quote":
            self.inside.append('"')
            kind = tokens.QUOTE_OPENS
        elif kind == "heredoc":
            self.inside.append(match["marker"])
            kind = tokens.HEREDOC_OPENS
        elif kind == "name":
            kind = tokens.IN if found == "in" else kind
        elif kind == "strip":
            kind = self._insert_closes()
        elif kind == "operator":
            kind = self._operator(found, braces)
        yield Token(kind, found)

    def _operator(self, found: str, braces: int) -> str:
        """The kind of an operator; counts braces, because an insert ends at its own one only."""
        if found == "{":
            self.inside[-1] = braces + 1
        elif found == "}":
            if not braces and len(self.inside) > 1:
                return self._insert_closes()
            self.inside[-1] = braces - 1
        return found

    def _insert_closes(self) -> str:
        self.inside.pop()
        return tokens.INSERT_CLOSES

    def _unusual(self) -> Iterator[Token]:
        """A name with letters beyond ASCII, spaces at the end of the text, or a character with no meaning."""
        space = _SPACE.match(self.text, self.at)
        width = len(space[0]) if space else 0
        self.at += width
        if self.at == len(self.text):
            yield Token(tokens.END, " " * width)
            return
        found = name_at(self.text, self.at) or self.text[self.at]
        self.at += len(found)
        yield Token(tokens.NAME, found)

    def _quoted(self) -> Token:
        """One token in a string."""
        text = _QUOTED_TEXT.match(self.text, self.at)
        if text:
            self.at = text.end()
            return Token(tokens.TEXT, text[0])
        if self.text[self.at] == '"':
            self.at += 1
            self.inside.pop()
            return Token(tokens.QUOTE_CLOSES, '"')
        return self._insert()

    def _heredoc(self, marker: str) -> Iterator[Token]:
        """A line of a heredoc up to the next insert, or its last line."""
        if self.text[self.at - 1] == "\n":
            last = re.compile(rf"[ \t]*{re.escape(marker)}[ \t]*(?=\r?\n|\Z)").match(self.text, self.at)
            if last:
                self.at = last.end()
                self.inside.pop()
                yield Token(tokens.HEREDOC_CLOSES, last[0])
                return
        line = _HEREDOC_TEXT.match(self.text, self.at)
        if line and line[0]:
            self.at = line.end()
            yield Token(tokens.TEXT, line[0])
        else:
            yield self._insert()

    def _insert(self) -> Token:
        opens = _INSERT.match(self.text, self.at)
        found = opens[0] if opens else self.text[self.at]
        self.at += len(found)
        if opens:
            self.inside.append(0)
        return Token(tokens.INSERT_OPENS if opens else tokens.TEXT, found)
