"""The same template in another layout: spaces, line ends, blank lines and comments put where the syntax allows them."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence

from imagesmith.errors import TemplateError
from imagesmith.template.hcl2.formatting import tokens
from imagesmith.template.hcl2.formatting.lexer import tokenize
from imagesmith.template.hcl2.formatting.tokens import Token, ends_line
from imagesmith.template.hcl2.parser import parse_body
from imagesmith.template.hcl2.source import Source

_TEXT = frozenset({tokens.TEXT, tokens.HEREDOC_OPENS, tokens.HEREDOC_CLOSES})
_SPACES = ("", "", "", " ", " ", "  ", "\t", "      ")
_COMMENTS = ("# one", "// two", "#", "#three   ", "/* four */", "# fünf 五")
_LINES = ("\n", "\n\n", "  \n\t\n", "\n# alone\n", "\n      // alone\n", "\n\n\n", "\n/* a\n   block */\n", " \n")


def scatter(text: str, seed: int) -> str:
    """Another layout of a template with the same meaning; the same one for the same seed."""
    dice = random.Random(seed)
    found = list(tokenize(text))
    wild = dice.choice((0.0, 0.02, 0.1))
    ends = "\r\n" if dice.random() < 0.1 else "\n"
    pieces = [found[0][1]]
    inside: list[str] = []
    for first, then in itertools.pairwise(found):
        _enter(inside, first)
        gap = _gap(dice, inside, first, then, wild)
        joined = first[1] + gap + then[1]
        if _lost(first, then, joined):
            gap = gap or " "
        pieces += [gap, then[1]]
    result = _trimmed(dice, "".join(pieces))
    result = result.replace("\r\n", "\n").replace("\n", ends)
    return result if _legal(result) else text


def _enter(inside: list[str], token: Token) -> None:
    depth = tokens.DEPTH.get(token[0], 0)
    if depth > 0:
        inside.append(token[0])
    elif depth < 0 and inside:
        inside.pop()


def _gap(dice: random.Random, inside: Sequence[str], first: Token, then: Token, wild: float) -> str:
    """White space and comments between two tokens."""
    if {first[0], then[0]} & _TEXT or first[0] == tokens.QUOTE_OPENS or then[0] == tokens.QUOTE_CLOSES:
        return ""
    gap = dice.choice(_SPACES)
    if then[0] == tokens.NEWLINE and dice.random() < wild * 2:
        return f"{gap}{dice.choice(_COMMENTS)}{dice.choice(_SPACES)}"
    if ends_line(first) and dice.random() < wild:
        return f"{gap}{dice.choice(_LINES)}".removeprefix("\n") + dice.choice(_SPACES)
    if inside and inside[-1] in ("(", "[") and dice.random() < wild:
        return gap + dice.choice((*_LINES, " # here\n", "//\n")) + dice.choice(_SPACES)
    if dice.random() < wild / 3:
        return f"{gap}/* in between */{dice.choice(_SPACES)}"
    return gap


def _lost(first: Token, then: Token, joined: str) -> bool:
    """Whether the two would be read as something else when they touch."""
    wordy = {tokens.NAME, tokens.IN, tokens.NUMBER}
    if first[0] in wordy and (then[0] in wordy or then[0] == "-"):
        return True
    return joined == first[1] + then[1] and then[0] in ("=", ">", "/", ".", "...") and first[0] not in wordy


def _trimmed(dice: random.Random, text: str) -> str:
    """The text without its last line end or with a byte order mark, now and then."""
    if dice.random() < 0.1 and not text.rstrip("\n").endswith("*/"):
        text = text.rstrip("\n")
    return "\ufeff" + text if dice.random() < 0.05 else text


def _legal(text: str) -> bool:
    try:
        parse_body(Source("scattered", text))
    except TemplateError:
        return False
    return True
