"""Templates: quoted strings and heredocs with ``${ }`` interpolations and ``%{ }`` directives."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass

from imagesmith.template.hcl2 import graphemes, nodes
from imagesmith.template.hcl2.cty import string
from imagesmith.template.hcl2.scanner import Scanner

_PLAIN = re.compile(r'"([^"\\$%\n\r]*)"')
_LONE = r"(?:\$(?!\$?\{)|%(?!%?\{))"
"""A dollar or percent sign that introduces nothing."""
_QUOTED = re.compile(rf'(?:[^"\\$%\n\r]++|{_LONE})+')
_BARE = re.compile(rf"(?:[^$%\n]++|{_LONE})+")
_HEREDOC = re.compile(rf"(?:[^$%\r\n]++|{_LONE})+")
_HEREDOC_LINE = re.compile(rf"(?:[^$%\r\n]++|{_LONE})*\r?\n")
_BLANKS = " \t\n\v\f\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_ESCAPE = re.compile(r'\\(?:[nrt"\\]|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})')
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_KEYWORDS = ("if", "else", "endif", "for", "endfor")


@dataclass(slots=True)
class _Text:
    """A stretch of text; in a heredoc each line is one, which its line end closes."""

    start: int
    end: int
    text: str
    closed: bool = False


@dataclass(slots=True)
class _Interpolation:
    start: int
    end: int
    expression: nodes.Expression
    strips_before: bool
    strips_after: bool


@dataclass(slots=True)
class _Directive:
    start: int
    end: int
    keyword: str
    names: tuple[str, str]
    expression: nodes.Expression | None
    strips_before: bool
    strips_after: bool


_Part = _Text | _Interpolation | _Directive


class TemplateParser(Scanner, ABC):
    """Reads templates; a subclass reads the expressions inside them."""

    @abstractmethod
    def expression(self) -> nodes.Expression:
        """Read one expression."""

    @abstractmethod
    def for_head(self) -> tuple[str, str, nodes.Expression]:
        """Read ``k, v in collection`` after the word ``for``."""

    def quoted(self) -> nodes.Expression:
        """Read a string in double quotes; the first quote comes next."""
        start = self.at
        plain = _PLAIN.match(self.text, start)
        if plain:
            self.at = plain.end()
            return nodes.Literal(self.source, start, self.at, string(plain.group(1)))
        self.at += 1
        parts: list[_Part] = []
        while not self.sees('"'):
            self._quoted_part(parts, start)
        self.at += 1
        return self._assemble(parts, start)

    def heredoc(self, marker: str, *, flush: bool, start: int) -> nodes.Expression:
        """Read a heredoc's lines up to the one that is only its marker; ``flush`` removes the common indentation."""
        free, self.free = self.free, 0
        parts: list[_Part] = []
        line_begins = True
        while True:
            line = _HEREDOC_LINE.match(self.text, self.at) if line_begins else None
            if line is None:
                line_begins = self._heredoc_part(parts, marker, start)
            elif line.group().strip(_BLANKS) == marker:
                break
            else:
                self.at = line.end()
                parts.append(_Text(line.start(), self.at, line.group(), closed=True))
        self.at = line.end() - (2 if line.group().endswith("\r\n") else 1)
        self.free = free
        _strip(parts)
        if flush:
            _flush(parts)
        return self._assemble(parts, start, stripped=True)

    def bare(self) -> nodes.Expression:
        """Read a whole text as a template, as if it stood in a heredoc."""
        parts: list[_Part] = []
        while not self.ended:
            if not self._line_end(parts):
                self._literal_part(parts, _BARE)
        return self._assemble(parts, 0)

    def _quoted_part(self, parts: list[_Part], start: int) -> None:
        if self.ended or self.text[self.at] in "\r\n":
            hint = 'Most likely the closing " is missing; for a line break write \\n, or use a heredoc (<<EOT)'
            self.fail("A quoted string must end on the line on which it begins", hint=hint, offset=start)
        if self.sees("\\"):
            _append(parts, self.at, *self._escape())
            return
        self._literal_part(parts, _QUOTED)

    def _literal_part(self, parts: list[_Part], plain: re.Pattern[str]) -> None:
        """Read plain text, an escaped introducer, an interpolation or a directive."""
        start = self.at
        match = plain.match(self.text, start)
        if match:
            self.at = match.end()
            _append(parts, start, match.group(), self.at)
        elif self.sees("${"):
            parts.append(self._interpolation())
        elif self.sees("%{"):
            parts.append(self._directive())
        elif self.sees("$${") or self.sees("%%{"):
            self.at += 3
            _append(parts, start, self.text[start + 1 : self.at], self.at)

    def _heredoc_part(self, parts: list[_Part], marker: str, start: int) -> bool:
        """Read up to the next line end, interpolation or directive; true after a line end."""
        if self.ended:
            hint = f'Write "{marker}" alone on a line, followed by a line end'
            self.fail(f'This heredoc is never closed by "{marker}"', hint=hint, offset=start)
        if self._line_end(parts):
            return True
        self.refuse_carriage_return()
        self._literal_part(parts, _HEREDOC)
        return False

    def _line_end(self, parts: list[_Part]) -> bool:
        start = self.at
        if not self.take("\n") and not self.take("\r\n"):
            return False
        _append(parts, start, self.text[start : self.at], self.at, closes=True)
        return True

    def _escape(self) -> tuple[str, int]:
        match = _ESCAPE.match(self.text, self.at)
        if not match:
            symbol = self.text[self.at : self.at + 2]
            hint = 'Use \\\\ for a backslash; known are \\n \\r \\t \\" \\\\ \\uXXXX \\UXXXXXXXX'
            self.fail(f'"{symbol}" is not a valid escape sequence', hint=hint)
        self.at = match.end()
        sequence = match.group()
        if sequence[1] in _ESCAPED:
            return _ESCAPED[sequence[1]], self.at
        code = int(sequence.lstrip("\\uU"), 16)
        if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            self.fail(f'"{sequence}" is not a character', offset=match.start())
        return chr(code), self.at

    def _interpolation(self) -> _Interpolation:
        start = self.at
        self.at += 2
        before = self.take("~")
        self.deeper(start)
        self.free += 1
        expression = self.expression()
        after = self._close_sequence("interpolation", start)
        return _Interpolation(start, self.at, expression, before, after)

    def _directive(self) -> _Directive:
        start = self.at
        self.at += 2
        before = self.take("~")
        self.deeper(start)
        self.free += 1
        self.skip_space()
        offset = self.at
        keyword = self.name()
        if keyword not in _KEYWORDS:
            hint = f"Known are {', '.join(_KEYWORDS)}; write %%{{ for a literal %{{"
            self.fail(f'"{keyword}" is not a template directive', hint=hint, offset=offset)
        names, expression = ("", ""), None
        if keyword == "if":
            expression = self.expression()
        elif keyword == "for":
            key_name, value_name, expression = self.for_head()
            names = (key_name, value_name)
        after = self._close_sequence("directive", start)
        return _Directive(start, self.at, keyword, names, expression, before, after)

    def _close_sequence(self, kind: str, start: int) -> bool:
        self.skip_space()
        after = self.take("~")
        if not self.take("}"):
            if self.ended:
                self.fail(f"This {kind} is never closed", hint="Add the missing }", offset=start)
            self.fail(f"Expected }} at the end of the {kind}, found {self.found()}")
        self.free -= 1
        self.depth -= 1
        return after

    def _assemble(self, parts: list[_Part], start: int, *, stripped: bool = False) -> nodes.Expression:
        if not stripped:
            _strip(parts)
        if len(parts) == 1 and isinstance(parts[0], _Interpolation):
            return nodes.LoneInterpolation(self.source, start, self.at, parts[0].expression)
        texts = [part.text for part in parts if isinstance(part, _Text)]
        if len(texts) == len(parts):
            return nodes.Literal(self.source, start, self.at, string("".join(texts)))
        return _Assembler(self, parts).template(start)


def _append(parts: list[_Part], start: int, text: str, end: int, *, closes: bool = False) -> None:
    """Add text to the stretch that is open, or open one."""
    last = parts[-1] if parts else None
    if isinstance(last, _Text) and not last.closed:
        last.text += text
        last.end = end
        last.closed = closes
    else:
        parts.append(_Text(start, end, text, closes))


def _strip(parts: list[_Part]) -> None:
    """Apply the ``~`` marks: they take the white space off the neighbouring stretch of text, no further."""
    for position, part in enumerate(parts):
        if isinstance(part, _Text):
            continue
        before = parts[position - 1] if position else None
        after = parts[position + 1] if position + 1 < len(parts) else None
        if part.strips_before and isinstance(before, _Text):
            before.text = before.text.rstrip(_BLANKS)
        if part.strips_after and isinstance(after, _Text):
            after.text = after.text.lstrip(_BLANKS)


def _flush(parts: list[_Part]) -> None:
    """Remove from each line the smallest indentation of all lines that aren't blank."""
    indented: list[_Text] = []
    smallest: int | None = None
    line_begins = True
    for part in parts:
        if line_begins:
            spaces: int | None = 0
            if isinstance(part, _Text):
                rest = part.text.lstrip(_BLANKS)
                blank = not rest and part.text.endswith("\n")
                spaces = None if blank else graphemes.count(part.text[: len(part.text) - len(rest)])
                if not blank:
                    indented.append(part)
            if spaces is not None:
                smallest = spaces if smallest is None else min(smallest, spaces)
        line_begins = isinstance(part, _Text) and part.text.endswith("\n")
    for part in indented:
        part.text = "".join(graphemes.split(part.text)[smallest or 0 :]) if smallest else part.text


class _Assembler:
    """Turns the flat row of parts into nested directives."""

    def __init__(self, parser: TemplateParser, parts: list[_Part]) -> None:
        self.parser = parser
        self.parts = parts
        self.position = 0

    def template(self, start: int) -> nodes.Template:
        """The whole template."""
        inner = self._until((), start)
        inner.start, inner.end = start, self.parser.at
        return inner

    def _until(self, closers: tuple[str, ...], start: int, opener: _Directive | None = None) -> nodes.Template:
        """The parts up to one of these directives, which is passed over by the caller."""
        found: list[nodes.Expression] = []
        while self.position < len(self.parts):
            part = self.parts[self.position]
            if isinstance(part, _Directive) and part.keyword in closers:
                return nodes.Template(self.parser.source, start, part.start, found)
            self.position += 1
            found.append(self._part(part))
        if opener is not None:
            hint = f"Add %{{ end{opener.keyword} }}"
            self.parser.fail(f'This "{opener.keyword}" directive is never closed', hint=hint, offset=opener.start)
        end = self.parts[-1].end if self.parts else start
        return nodes.Template(self.parser.source, start, end, found)

    def _part(self, part: _Part) -> nodes.Expression:
        source = self.parser.source
        if isinstance(part, _Text):
            return nodes.Literal(source, part.start, part.end, string(part.text))
        if isinstance(part, _Interpolation):
            return part.expression
        self.parser.deeper(part.start)
        result = self._if(part) if part.keyword == "if" else self._for(part)
        self.parser.depth -= 1
        return result

    def _if(self, opener: _Directive) -> nodes.Expression:
        then = self._until(("else", "endif"), opener.end, opener)
        otherwise = nodes.Template(self.parser.source, then.end, then.end, [])
        middle = self._closer()
        if middle.keyword == "else":
            otherwise = self._until(("endif",), middle.end, opener)
            middle = self._closer()
        condition = opener.expression
        if condition is None:
            self.parser.fail("An if directive needs a condition", offset=opener.start)
        return nodes.TemplateIf(self.parser.source, opener.start, middle.end, condition, then, otherwise)

    def _for(self, opener: _Directive) -> nodes.Expression:
        if opener.keyword != "for" or opener.expression is None:
            self.parser.fail(f'There is no directive open that "{opener.keyword}" could belong to', offset=opener.start)
        body = self._until(("endfor",), opener.end, opener)
        end = self._closer().end
        key_name, value_name = opener.names
        return nodes.TemplateFor(self.parser.source, opener.start, end, key_name, value_name, opener.expression, body)

    def _closer(self) -> _Directive:
        part = self.parts[self.position]
        self.position += 1
        if not isinstance(part, _Directive):
            self.parser.fail("A directive is expected here", offset=part.start)
        return part
