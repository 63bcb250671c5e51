"""What a text is made of, for laying it out: tokens that give the text back when they are joined with its spaces."""

from __future__ import annotations

Token = tuple[str, str]
"""A token's kind and text. The kind of operators and brackets is their own text."""

NAME = "name"
IN = "in"
"""The name ``in``, which is a keyword after the names of a ``for``."""
NUMBER = "number"
STRING = "string"
"""A quoted string without inserts, with its quotes."""
COMMENT = "comment"
"""A comment; one that goes to the end of the line holds the line end."""
NEWLINE = "newline"
TEXT = "text"
"""A stretch of plain text in a quoted string or a heredoc."""
QUOTE_OPENS = "quote_opens"
QUOTE_CLOSES = "quote_closes"
HEREDOC_OPENS = "heredoc_opens"
"""``<<EOT`` with its line end."""
HEREDOC_CLOSES = "heredoc_closes"
"""The line that is only the marker, without its line end."""
INSERT_OPENS = "insert_opens"
"""``${``, ``${~``, ``%{`` or ``%{~``."""
INSERT_CLOSES = "insert_closes"
END = "end"
"""Spaces at the end of the text, after which no line end comes; Packer keeps them."""

DEPTH = {"(": 1, "[": 1, "{": 1, INSERT_OPENS: 1, ")": -1, "]": -1, "}": -1, INSERT_CLOSES: -1}
"""How many levels a kind of token leads in or, if negative, out."""


def ends_line(token: Token) -> bool:
    """Whether the next token stands on a new line."""
    return token[0] == NEWLINE or (token[0] == COMMENT and token[1].endswith("\n"))
