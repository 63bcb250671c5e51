"""Telling "not there yet" from "there no more" while something is waited for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imagesmith.errors import WaitFailed
from imagesmith.waiting import Pending


class Watch:
    """What the looks at one thing have shown so far; lists of the API lag behind a creation for a moment."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._seen = False

    def see(self, entry: Mapping[str, Any] | None) -> Mapping[str, Any] | Pending:
        """The entry, or that it is not listed yet. Raises `WaitFailed` when it was listed before and is no more."""
        if entry is not None:
            self._seen = True
            return entry
        if self._seen:
            raise WaitFailed(f"{self.what} is gone", hint="somebody, or its auto-release time, has deleted it")
        return Pending("not listed yet")
