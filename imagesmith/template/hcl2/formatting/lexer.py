"""Cutting a text into tokens and keeping all of it but the spaces between them."""

from __future__ import annotations

import re

from imagesmith.template.hcl2.formatting import tokens
from imagesmith.template.hcl2.formatting.tokens import Token
from imagesmith.template.hcl2.scanner import name_at

_CODE = re.compile(
    r"[ \t]*+(?:"
    r"(?P<in>in(?![A-Za-z0-9_-]|[^\x00-\x7f]))"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_-]*+(?![^\x00-\x7f]))"
    r"|(?P<newline>\r?\n)"
    r'|(?P<string>"[^"\\$%\n]*+")'
    r"|(?P<operator>==|!=|<=|>=|=>|&&|\|\||\.\.\.|/(?![/*])|<(?!<)|[()\[\]=>!?:.,+\-*%])"
    r"|(?P<brace>\{|~?\})"
    r"|(?P<comment>(?:\#|//)[^\n]*+\n?|/\*(?s:.*?)\*/)"
    r"|(?P<number>[0-9]++(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?)"
    r'|(?P<quote_opens>")'
    r"|(?P<heredoc_opens><<-?(?P<marker>[^\W\d][\w-]*+)\r?\n)(?P<heredoc>)"
    r")"
)
_SPACE = re.compile(r"[ \t]*+")
_INSERT = re.compile(r"[$%]\{~?")
_QUOTED_TEXT = re.compile(r'(?:[^"\\$%]++|\\.|\$\$\{|%%\{|[$%](?!\{))+', re.DOTALL)
_HEREDOC_TEXT = re.compile(r"(?:[^$%\n]++|\$\$\{|%%\{|[$%](?!\{))*\n?")


def tokenize(text: str) -> list[Token]:
    """Cut a text whose syntax is right into tokens."""
    lexer = _Lexer(text)
    lexer.run()
    return lexer.found


class _Lexer:
    """A place in a text, what was found up to it, and in which strings, heredocs and inserts it is.

    ``inside`` holds a level for each of them that is open: for a string ``"``, for a heredoc its marker, for an insert
    the number of braces that are open in it.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 1 if text.startswith("\ufeff") else 0
        self.found: list[Token] = []
        self.inside: list[str | int] = [0]

    def run(self) -> None:
        """Find the tokens from here to the end."""
        while self.at < len(self.text):
            level = self.inside[-1]
            if isinstance(level, int):
                self._code()
            elif level == '"':
                self._quoted()
            else:
                self._heredoc(level)

    def _code(self) -> None:
        """The tokens up to the next string or heredoc, or to the end of the insert."""
        match = _CODE.match(self.text, self.at)
        while match:
            self.at = match.end()
            kind = match.lastgroup or ""
            found = match[kind]
            if kind == "operator":
                self.found.append((found, found))
            elif kind == "brace":
                if self._brace(found):
                    return
            elif kind == tokens.QUOTE_OPENS:
                self.found.append((kind, found))
                self.inside.append('"')
                return
            elif kind == "heredoc":
                self.found.append((tokens.HEREDOC_OPENS, match[tokens.HEREDOC_OPENS]))
                self.inside.append(match["marker"])
                return
            else:
                self.found.append((kind, found))
            match = _CODE.match(self.text, self.at)
        self._unusual()

    def _brace(self, found: str) -> bool:
        """Take a brace; true if it is the one at which the insert ends."""
        level = self.inside[-1]
        braces = level if isinstance(level, int) else 0
        if found != "{" and not braces and len(self.inside) > 1:
            self.inside.pop()
            self.found.append((tokens.INSERT_CLOSES, found))
            return True
        self.inside[-1] = braces + tokens.DEPTH.get(found, 0)
        self.found.append((found, found))
        return False

    def _unusual(self) -> None:
        """A name with letters beyond ASCII, spaces at the end of the text, or a character with no meaning."""
        space = _SPACE.match(self.text, self.at)
        width = len(space[0]) if space else 0
        self.at += width
        if self.at == len(self.text):
            if width:
                self.found.append((tokens.END, " " * width))
            return
        found = name_at(self.text, self.at) or self.text[self.at]
        self.at += len(found)
        self.found.append((tokens.NAME, found))

    def _quoted(self) -> None:
        """The next token in a string."""
        text = _QUOTED_TEXT.match(self.text, self.at)
        if text:
            self.at = text.end()
            self.found.append((tokens.TEXT, text[0]))
        elif self.text[self.at] == '"':
            self.at += 1
            self.inside.pop()
            self.found.append((tokens.QUOTE_CLOSES, '"'))
        else:
            self._insert()

    def _heredoc(self, marker: str) -> None:
        """A line of a heredoc up to the next insert, or its last line."""
        if self.text[self.at - 1] == "\n":
            last = re.compile(rf"[ \t]*{re.escape(marker)}[ \t]*(?=\r?\n|\Z)").match(self.text, self.at)
            if last:
                self.at = last.end()
                self.inside.pop()
                self.found.append((tokens.HEREDOC_CLOSES, last[0]))
                return
        line = _HEREDOC_TEXT.match(self.text, self.at)
        if line and line[0]:
            self.at = line.end()
            self.found.append((tokens.TEXT, line[0]))
        else:
            self._insert()

    def _insert(self) -> None:
        opens = _INSERT.match(self.text, self.at)
        found = opens[0] if opens else self.text[self.at]
        self.at += len(found)
        if opens:
            self.inside.append(0)
        self.found.append((tokens.INSERT_OPENS if opens else tokens.TEXT, found))
