"""Laying tokens out on their lines: indentation, one space or none between them, and columns that line up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from imagesmith.template.hcl2.formatting import tokens
from imagesmith.template.hcl2.formatting.spacing import spaced
from imagesmith.template.hcl2.formatting.tokens import DEPTH, Token, ends_line
from imagesmith.template.hcl2.graphemes import count

_INDENT = "  "
_MAY_END = frozenset({tokens.NEWLINE, tokens.COMMENT})


class _Line:
    """The tokens up to a line end, in three cells.

    ``lead`` is the name of an argument, or everything; ``value`` is ``=`` and what follows, where the line ends all
    that it begins; ``comment`` is a comment at the end of the line, with the line end. Heredocs and comments make a
    line span several lines of the text. ``opens`` is how many brackets it leaves open.
    """

    __slots__ = ("blank", "comment", "indent", "lead", "opens", "value")

    def __init__(self, found: list[Token]) -> None:
        kinds = [kind for kind, _ in found]
        self.indent = self.value = self.comment = ""
        self.blank = kinds[0] in (tokens.NEWLINE, tokens.END)
        if len(found) > 1 and kinds[-1] == tokens.COMMENT:
            self.comment = found.pop()[1]
            kinds.pop()
        texts = _spread(found)
        split = _value_begins(kinds)
        self.lead = "".join(texts[:split])
        if split < len(found):
            self.value = "".join(texts[split:]).removeprefix(" ")
        self.opens = _net_depth(_before_heredoc(kinds[:split]))  # a value closes all that it opens


def lay_out(found: Iterable[Token]) -> str:
    """The text of these tokens in its canonical layout."""
    lines = [_Line(line) for line in _lines(found)]
    _indent(lines)
    _align_values(lines)
    _align_comments(lines)
    return "".join([f"{line.indent}{line.lead}{line.value}{line.comment}" for line in lines])


def _lines(found: Iterable[Token]) -> Iterator[list[Token]]:
    line: list[Token] = []
    for token in found:
        line.append(token)
        if token[0] in _MAY_END and ends_line(token):
            yield line
            line = []
    if line:
        yield line


def _net_depth(kinds: Sequence[str]) -> int:
    return 0 if DEPTH.keys().isdisjoint(kinds) else sum([DEPTH[kind] for kind in kinds if kind in DEPTH])


def _before_heredoc(kinds: Sequence[str]) -> Sequence[str]:
    """Packer does not count what inserts in a heredoc leave open when it indents the lines after them."""
    return kinds[: kinds.index(tokens.HEREDOC_OPENS)] if tokens.HEREDOC_OPENS in kinds else kinds


def _value_begins(kinds: Sequence[str]) -> int:
    """Where the value cell begins; the number of tokens if there is none."""
    if "=" in kinds and kinds[0] != "=":
        at = kinds.index("=")
        if _net_depth(kinds[at:]) == 0:
            return at
    return len(kinds)


def _spread(code: Sequence[Token]) -> list[str]:
    """The tokens' texts, each with the space before it."""
    texts: list[str] = []
    before = first = ""
    for kind, text in code:
        texts.append(f" {text}" if first and spaced(before, first, kind) else text)
        before, first = first, kind
    return texts


def _indent(lines: Iterable[_Line]) -> None:
    """Indent by one step for each line that leaves brackets open, however many they are."""
    open_brackets: list[int] = []
    for line in lines:
        if line.blank:
            continue
        closes = -line.opens
        while closes > 0 and open_brackets:
            if closes < open_brackets[-1]:
                open_brackets[-1] -= closes
                break
            closes -= open_brackets.pop()
        line.indent = _INDENT * len(open_brackets)
        if line.opens > 0:
            open_brackets.append(line.opens)


def _align_values(lines: Iterable[_Line]) -> None:
    """Put the equals signs of neighbouring lines below each other."""
    for aligned, group in groupby(lines, key=lambda line: bool(line.value)):
        if aligned:
            chain = list(group)
            widths = [count(line.indent + line.lead) for line in chain]
            column = max(widths) + 1
            for line, width in zip(chain, widths, strict=True):
                line.value = " " * (column - width) + line.value


def _align_comments(lines: Iterable[_Line]) -> None:
    """Put the comments at the ends of neighbouring lines below each other."""
    for aligned, group in groupby(lines, key=lambda line: bool(line.comment)):
        if aligned:
            chain = list(group)
            widths = [count(line.indent + line.lead + line.value) for line in chain]
            column = max(widths) + 1
            for line, width in zip(chain, widths, strict=True):
                line.comment = " " * (column - width) + line.comment
