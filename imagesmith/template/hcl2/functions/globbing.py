"""File name patterns of fileset: ``*``, ``**``, ``?``, ``[a-z]`` and ``{a,b}``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from imagesmith.template.hcl2.functions.registry import FunctionProblem


def matches(folder: str, pattern: str) -> Iterator[str]:
    """The regular files below the folder whose relative path matches; nothing where the folder doesn't exist."""
    expression = compiled(pattern)
    for parent, _, names in os.walk(folder, followlinks=True):
        relative = os.path.relpath(parent, folder)
        for name in names:
            path = name if relative == "." else f"{relative}/{name}"
            if expression.fullmatch(path) and Path(parent, name).is_file():
                yield path


def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern as a regular expression. Raises `FunctionProblem`."""
    pieces: list[str] = []
    at = braces = 0
    while at < len(pattern):
        piece, at, braces = _piece(pattern, at, braces)
        pieces.append(piece)
    try:
        return re.compile("".join(pieces), re.DOTALL)
    except re.error:
        raise FunctionProblem(f'"{pattern}" is not a valid pattern', 1) from None


def _piece(pattern: str, at: int, braces: int) -> tuple[str, int, int]:
    """The expression for what stands at this place, the place after it, and how many braces are open there."""
    if pattern.startswith("**/", at):
        return "(?:[^/]+/)*", at + 3, braces
    if pattern.startswith("**", at):
        return ".*", at + 2, braces
    character = pattern[at]
    if character == "[":
        end = pattern.find("]", at + 2)
        if end > 0:
            inner = pattern[at + 1 : end].replace("\\", "\\\\")
            return f"[{'^' + inner[1:] if inner[0] in '!^' else inner}]", end + 1, braces
    if character == "\\" and at + 1 < len(pattern):
        return re.escape(pattern[at + 1]), at + 2, braces
    if character == "{":
        return "(?:", at + 1, braces + 1
    if character == "}" and braces:
        return ")", at + 1, braces - 1
    if character == "," and braces:
        return "|", at + 1, braces
    return {"*": "[^/]*", "?": "[^/]"}.get(character, re.escape(character)), at + 1, braces
