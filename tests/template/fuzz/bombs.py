"""Small texts that ask for a great deal of time or memory; they are listed in ``bombs.json``."""

from __future__ import annotations

import json
from pathlib import Path

_BOMBS = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))

EXPRESSIONS: list[str] = _BOMBS["expressions"]
LOCALS: list[tuple[str, str]] = [(first, following) for first, following in _BOMBS["locals"]]
"""The first of a row of locals, and how each further one is made of the one before."""
GO_TEMPLATES: list[str] = _BOMBS["go_templates"]
