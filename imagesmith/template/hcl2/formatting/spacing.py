"""Whether there is a space between two tokens of a line."""

from __future__ import annotations

from functools import cache

from imagesmith.template.hcl2.formatting import tokens

_IN_TEXT_FIRST = frozenset({tokens.TEXT, tokens.QUOTE_OPENS, tokens.HEREDOC_OPENS})
_IN_TEXT_THEN = frozenset({tokens.TEXT, tokens.QUOTE_CLOSES, tokens.HEREDOC_CLOSES})
_NEVER_BEFORE = frozenset({tokens.NEWLINE, tokens.END, ",", ".", "..."})
_NEVER_AFTER = frozenset({".", "!"})
_NAMES = frozenset({tokens.NAME, tokens.IN})
_SIGN_FOLLOWS = frozenset({"", "(", "[", "{", "=", ",", ":", "?", "!", "==", "!=", "<", ">", "<=", ">=", "&&", "||"})
_SIGN_FOLLOWS |= frozenset({"+", "-", "*", "/", "%"})
"""After these a minus is a sign; elsewhere it is laid out as an operator, also where it happens to be a sign."""


@cache
def spaced(before: str, first: str, then: str) -> bool:
    """Whether a space stands between ``first`` and ``then``, given the token ``before`` them ("" for none).

    All three are kinds of tokens.
    """
    if before == then == tokens.NUMBER and first == ".":
        return True  # .0.1 would be read as the number 0.1
    if then in _NEVER_BEFORE or first in _NEVER_AFTER or (first in _NAMES and then == "("):
        return False
    if first == ",":
        return True
    if first in _IN_TEXT_FIRST or then in _IN_TEXT_THEN:
        return False
    if first == tokens.IN and before in _NAMES:
        return True
    if then == "[" and (first in _NAMES or first == tokens.NUMBER or tokens.DEPTH.get(first, 0) < 0):
        return False
    if first == "-" and before in _SIGN_FOLLOWS:
        return False
    return _spaced_at_brackets(first, then)


def _spaced_at_brackets(first: str, then: str) -> bool:
    """Parentheses and brackets hug what they hold; braces don't, unless they are empty."""
    if first == "{" or then == "}":
        return not (first == "{" and then == "}")
    if tokens.INSERT_OPENS in (first, then) or tokens.INSERT_CLOSES in (first, then):
        return (first, then) in ((tokens.INSERT_OPENS, "{"), ("}", tokens.INSERT_CLOSES))
    return tokens.DEPTH.get(first, 0) <= 0 and tokens.DEPTH.get(then, 0) >= 0
