"""File name patterns of fileset: ``*``, ``**``, ``?``, ``[a-z]`` and ``{a,b}``."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from imagesmith.template.hcl2.budget import spend
from imagesmith.template.hcl2.functions.registry import FunctionProblem

_WORK = 10
MOST_FILES = 50_000
"""More are not looked at: a pattern with ** in a wrong folder would walk through the whole disk."""


def matches(folder: str, pattern: str) -> Iterator[str]:
    """The regular files below the folder whose relative path matches; nothing where the folder doesn't exist."""
    wanted = posixpath.normpath(pattern).lstrip("/") if pattern else ""
    above = ""
    while wanted.startswith("../"):
        above, wanted = above + "../", wanted[3:]
    expression = compiled(wanted)
    deep = "**" in wanted
    levels = wanted.count("/")
    top = posixpath.join(folder, above)
    seen = 0
    for parent, folders, names in os.walk(top, followlinks=False):
        relative = os.path.relpath(parent, top)
        depth = 0 if relative == "." else relative.count("/") + 1
        if not deep and depth >= levels:
            folders.clear()
        seen += len(names) + len(folders)
        spend(_WORK * (1 + len(names) + len(folders)))
        if seen > MOST_FILES:
            raise FunctionProblem(f"there are more than {MOST_FILES} files to look at below the folder", 0)
        for name in names:
            path = name if relative == "." else f"{relative}/{name}"
            if expression.fullmatch(path) and _is_file(Path(parent, name)):
                yield above + path


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a folder on the way may not be looked into
        return False


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
    alone = at == 0 or pattern[at - 1] == "/"
    if alone and pattern.startswith("**/", at):
        return "(?:[^/]+/)*", at + 3, braces
    if alone and pattern[at:] == "**":
        return ".*", at + 2, braces
    character = pattern[at]
    if character == "[":
        end = pattern.find("]", at + 2)
        if end < 0 or pattern[at + 1] == "]":
            raise FunctionProblem(f'"{pattern}" is not a valid pattern: a bracket is never closed', 1)
        inner = pattern[at + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
        return f"[{inner}]", end + 1, braces
    if character == "\\" and at + 1 < len(pattern):
        return re.escape(pattern[at + 1]), at + 2, braces
    if character == "{":
        return "(?:", at + 1, braces + 1
    if character == "}" and braces:
        return ")", at + 1, braces - 1
    if character == "," and braces:
        return "|", at + 1, braces
    return {"*": "[^/]*", "?": "[^/]"}.get(character, re.escape(character)), at + 1, braces
