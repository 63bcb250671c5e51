"""Regular expressions in RE2's syntax, run by Python's engine.

What RE2 has and Python lacks is rewritten; what Python has and RE2 lacks (look-around, back-references, possessive
repeats) is refused, as Packer refuses it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from imagesmith.template.hcl2.functions.registry import FunctionProblem

_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_TOKEN = re.compile(
    r"""\\Q(?P<verbatim>.*?)(?:\\E|\Z) | \\(?P<escape>x\{[0-9A-Fa-f]+\}|[pP](?:\{\^?\w+\}|\w)|.)
      | \[:(?P<negated>\^?)(?P<posix>[a-z]+):\] | (?P<group>\(\?(?:P?<[A-Za-z_]\w*>|[imsU]*(?:-[imsU]+)?[:)])?)
      | (?P<repeat>(?:[*+?]|\{\d+(?:,\d*)?\})[+]) | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_MULTILINE = re.compile(r"\(\?[is]*m")
_REFUSED_ESCAPES = "123456789kGXRKZ"
_NOT_YET_ESCAPES = "pPC"
_REFERENCE = re.compile(r"\$(?:\$|(\w+)|\{(\w+)\})")


@lru_cache(maxsize=256)
def compiled(pattern: str, argument: int) -> re.Pattern[str]:
    """The pattern, ready to run. Raises `FunctionProblem` for the argument at this position."""
    try:
        return re.compile(_translate(pattern), re.ASCII)
    except FunctionProblem as problem:
        raise FunctionProblem(str(problem), argument) from None
    except (re.error, OverflowError, RecursionError) as problem:
        raise FunctionProblem(f"not a regular expression: {problem}", argument) from None


def expand(replacement: str, match: re.Match[str]) -> str:
    """The replacement with ``$1`` and ``${name}`` filled in; unknown groups are empty, ``$$`` is a dollar sign."""

    def group(reference: re.Match[str]) -> str:
        name = reference.group(1) or reference.group(2)
        if name is None:
            return "$"
        if name.isdigit():
            return (match.group(int(name)) or "") if int(name) <= match.re.groups else ""
        return match.groupdict().get(name) or ""

    return _REFERENCE.sub(group, replacement)


def _translate(pattern: str) -> str:
    pieces: list[str] = []
    at, in_class = 0, False
    while at < len(pattern):
        match = _TOKEN.match(pattern, at)
        if match is None:
            raise FunctionProblem("not a regular expression")
        at = match.end()
        other = match.group("other")
        if other is not None and other in "[]":
            piece, in_class, at = _class_edge(pattern, other, at, in_class)
            pieces.append(piece)
        else:
            pieces.append(_piece(match, in_class))
    return "".join(pieces)


def _class_edge(pattern: str, bracket: str, at: int, in_class: bool) -> tuple[str, bool, int]:
    """A bracket that opens or closes a class; the first ``]`` of a class is a plain character."""
    if bracket == "[" and not in_class:
        negation = "^" if pattern.startswith("^", at) else ""
        at += len(negation)
        first = r"\]" if pattern.startswith("]", at) else ""
        return f"[{negation}{first}", True, at + (1 if first else 0)
    if bracket == "]" and in_class:
        return "]", False, at
    return "\\" + bracket, in_class, at


def _piece(match: re.Match[str], in_class: bool) -> str:
    if (verbatim := match.group("verbatim")) is not None:
        return re.escape(verbatim)
    if (escape := match.group("escape")) is not None:
        return _escape(escape, in_class)
    if (posix := match.group("posix")) is not None:
        if not in_class or posix not in _POSIX or match.group("negated"):
            raise FunctionProblem(f'"{match.group()}" is not supported in a regular expression')
        return _POSIX[posix]
    if match.group("repeat") is not None and not in_class:
        raise FunctionProblem(f'"{match.group()}" is not part of RE2 regular expressions')
    if (group := match.group("group")) is not None and not in_class:
        return _group(group)
    other = match.group()
    # Only with the flag m does RE2's $ match before a line end; Python's always does before the last one.
    if other == "$" and not in_class and not _MULTILINE.search(match.string):
        return r"\Z"
    return other


def _escape(escape: str, in_class: bool) -> str:
    if escape.startswith("x{"):
        return re.escape(chr(int(escape[2:-1], 16)))
    if escape == "z":
        return r"\Z"
    if escape[0] in _NOT_YET_ESCAPES:
        raise FunctionProblem(f'"\\{escape}" is not supported yet in a regular expression')
    if escape[0] in _REFUSED_ESCAPES or (in_class and escape[0] in "bBA"):
        raise FunctionProblem(f'"\\{escape}" is not part of RE2 regular expressions')
    return "\\" + escape


def _group(group: str) -> str:
    if group == "(?":
        raise FunctionProblem("look-around and other (?…) groups are not part of RE2 regular expressions")
    if "<" in group:
        return group if group.startswith("(?P") else "(?P" + group[2:]
    if "U" in group:
        raise FunctionProblem("the flag U is not supported yet in a regular expression")
    return group
