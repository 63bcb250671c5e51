"""Comma-separated values as Go's encoding/csv reads them, which refuses what Python's module lets pass."""

from __future__ import annotations

import re

from imagesmith.template.hcl2.functions.registry import FunctionProblem

_PLAIN = re.compile(r"[^,\n]*")
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')


def rows(text: str) -> list[list[str]]:
    """The rows; empty lines are left out. Raises `FunctionProblem`."""
    text = text.replace("\r\n", "\n").removesuffix("\r")
    found: list[list[str]] = []
    at = 0
    while at < len(text):
        if text[at] == "\n":
            at += 1
            continue
        row, at = _row(text, at, len(found) + 1)
        found.append(row)
    return found


def _row(text: str, at: int, number: int) -> tuple[list[str], int]:
    """The fields of the row that begins here, and where the next one does."""
    fields: list[str] = []
    while True:
        quoted = text.startswith('"', at)
        match = (_QUOTED if quoted else _PLAIN).match(text, at)
        if match is None:
            raise FunctionProblem(f"not CSV: a quote in row {number} is never closed", 0)
        at = match.end()
        field = match.group(1).replace('""', '"') if quoted else match.group()
        if (quoted and text[at : at + 1] not in ("", ",", "\n")) or (not quoted and '"' in field):
            raise FunctionProblem(f"not CSV: a quote in row {number} is neither first nor last in its field", 0)
        fields.append(field)
        if text[at : at + 1] != ",":
            return fields, at + 1
        at += 1
