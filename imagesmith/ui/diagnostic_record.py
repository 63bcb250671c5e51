"""``validate -log-format=json``: every diagnostic as a JSON object a line, as docs/reference/diagnostics.md has it."""

from __future__ import annotations

import json

from imagesmith import redact
from imagesmith.errors import Diagnostic
from imagesmith.ui import excerpt


def as_dict(diagnostic: Diagnostic) -> dict[str, object]:
    """The diagnostic as plain data, masked. Every key is always there; what is not known is None."""
    place = diagnostic.location
    found: dict[str, object] = {
        "severity": diagnostic.severity,
        "summary": redact.mask(diagnostic.summary),
        "detail": redact.mask(diagnostic.detail) or None,
        "hint": redact.mask(diagnostic.hint) or None,
        "file": redact.mask(place.file) if place else None,
        "line": place.line if place else None,
        "column": place.column or None if place else None,
        "end": None,
        "snippet": None,
    }
    if place is not None:
        if (column := excerpt.end_column(place)) is not None:
            found["end"] = {"line": place.line, "column": column}
        if (source := excerpt.of(place)) is not None:
            found["snippet"] = {"text": source.text, "caret": source.caret}
    return found


def encode(diagnostic: Diagnostic) -> str:
    """One line of JSON, without its line end."""
    return json.dumps(as_dict(diagnostic), ensure_ascii=False)
