"""Reading a text piece by piece: white space, line ends, names, and the errors of the parsers that build on it."""

from __future__ import annotations

import re
from typing import NoReturn

from imagesmith.errors import TemplateError
from imagesmith.template.hcl2.source import Source, failure

MAX_DEPTH = 100
"""How deep expressions and blocks may be nested."""
MAX_EXPRESSIONS = 600_000
"""How many expressions one file may hold; it bounds the memory that reading it takes."""

# Python before 3.11.5 goes wrong in possessive groups that hold alternatives: only single characters are possessive.
_COMMENT = r"/\*[^*]*+(?:\*(?!/)[^*]*+)*\*/"
_SPACE = re.compile(rf"(?:[ \t]++|{_COMMENT})*")
_SPACE_AND_LINES = re.compile(rf"(?:[ \t\n]++|\r\n|#[^\n]*+|//[^\n]*+|{_COMMENT})*")
_LINE_END = re.compile(rf"(?:[ \t]++|{_COMMENT})*(?:\r?\n|(?:#|//)[^\n]*+(?:\n|\Z)|\Z)")
_SPACE_BEGINS = frozenset(" \t\r\n#/")
_CLOSERS = frozenset(",)]}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def name_at(text: str, at: int) -> str:
    """The name that begins at this place, or ""; letters of any language, digits, ``_`` and ``-``."""
    match = _NAME.match(text, at)
    end = match.end() if match else at
    if end >= len(text) or text[end] < "\x80":
        return text[at:end]
    if end == at and not text[at].isidentifier():
        return ""
    while end < len(text) and (text[end] == "-" or f"a{text[end]}".isidentifier()):
        end += 1
    return text[at:end]


class Scanner:
    """A place in a text. Inside parentheses and brackets a line end is mere space: ``free`` counts those."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.at = 1 if source.text.startswith("\ufeff") else 0
        self.free = 0
        self.depth = 0
        self.expressions = 0

    def fail(self, summary: str, detail: str = "", hint: str = "", offset: int | None = None) -> NoReturn:
        """Raise the fault at this place, or at ``offset``."""
        raise self.fault(summary, detail, hint, offset)

    def fault(self, summary: str, detail: str = "", hint: str = "", offset: int | None = None) -> TemplateError:
        """The fault at this place, to be raised."""
        return failure(summary, detail, hint, self.source.location(self.at if offset is None else offset))

    def skip_space(self) -> None:
        """Pass over spaces and comments, and over line ends where they don't count."""
        text, at = self.text, self.at
        if text[at : at + 1] not in _SPACE_BEGINS:
            return
        if text[at] == " " and text[at + 1 : at + 2] not in _SPACE_BEGINS:
            self.at += 1
            return
        match = (_SPACE_AND_LINES if self.free else _SPACE).match(self.text, self.at)
        if match:
            self.at = match.end()
        following = self.text[self.at : self.at + 1]
        if following == "/" and self.text.startswith("/*", self.at):
            self.fail("This comment is never closed", hint="Add */")
        if following == "\r":
            self.refuse_carriage_return()

    def refuse_carriage_return(self) -> None:
        """Refuse a carriage return that is not part of a line end; comments may hold some."""
        if self.text.startswith("\r", self.at) and not self.text.startswith("\n", self.at + 1):
            self.fail("There is a carriage return without a line feed", hint="Save the file with \\n as its line ends")

    def skip_lines(self) -> None:
        """Pass over spaces, comments and line ends."""
        free, self.free = self.free, 1
        self.skip_space()
        self.free = free

    def line_ends(self) -> bool:
        """Pass over the rest of the line if nothing but space and comments is on it."""
        match = _LINE_END.match(self.text, self.at)
        if match:
            self.at = match.end()
        return match is not None

    def at_end_of_expression(self) -> bool:
        """Whether what comes next, without space before it, can't belong to an expression any more; a quick look."""
        following = self.text[self.at : self.at + 1]
        return following in _CLOSERS or (following == "\n" and not self.free)

    def sees(self, text: str) -> bool:
        """Whether this text comes next."""
        return self.text.startswith(text, self.at)

    def take(self, text: str) -> bool:
        """Pass over this text if it comes next."""
        found = self.text.startswith(text, self.at)
        if found:
            self.at += len(text)
        return found

    def name(self) -> str:
        """Pass over a name; "" if there is none."""
        found = name_at(self.text, self.at)
        self.at += len(found)
        return found

    @property
    def ended(self) -> bool:
        """Whether the text is at its end."""
        return self.at >= len(self.text)

    def found(self) -> str:
        """What comes next, in a reader's words."""
        if self.ended:
            return "the end of the file"
        character = name_at(self.text, self.at) or self.text[self.at]
        return "the end of the line" if character in "\r\n" else f'"{character}"'

    def deeper(self, offset: int) -> None:
        """Enter one more level of nesting; whoever calls it counts ``depth`` down again."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(f"Nested more than {MAX_DEPTH} levels deep", hint="Move inner parts to locals", offset=offset)
