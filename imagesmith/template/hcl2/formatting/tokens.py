"""What a text is made of, for laying it out: tokens that give the text back when they are joined with its spaces."""

from __future__ import annotations

from typing import NamedTuple

NAME = "name"
IN = "in"
"""The name ``in``, which is a keyword after the names of a ``for``."""
NUMBER = "number"
COMMENT = "comment"
NEWLINE = "newline"
TEXT = "text"
"""A stretch of plain text in a quoted string or a heredoc."""
QUOTE_OPENS = "quote opens"
QUOTE_CLOSES = "quote closes"
HEREDOC_OPENS = "heredoc opens"
"""``<<EOT`` with its line end."""
HEREDOC_CLOSES = "heredoc closes"
"""The line that is only the marker, without its line end."""
INSERT_OPENS = "insert opens"
"""``${``, ``${~``, ``%{`` or ``%{~``."""
INSERT_CLOSES = "insert closes"
END = "end"
"""Spaces at the end of the text, after which no line end comes; Packer keeps them."""

DEPTH = {"(": 1, "[": 1, "{": 1, INSERT_OPENS: 1, ")": -1, "]": -1, "}": -1, INSERT_CLOSES: -1}
"""How many levels a kind of token leads in or, if negative, out."""


class Token(NamedTuple):
    """One token. The kind of operators and brackets is their own text."""

    kind: str
    text: str

    @property
    def ends_line(self) -> bool:
        """Whether the next token stands on a new line. A comment holds its own line end."""
        return self.kind == NEWLINE or (self.kind == COMMENT and self.text.endswith("\n"))
