"""Questions on the terminal: ``-on-error=ask``, ``-debug``, breakpoints."""

from __future__ import annotations

import os
import select
import sys
import threading

from imagesmith import redact
from imagesmith.ui import Surface
from imagesmith.waiting import CancelToken

_LOOK_EVERY_S = 0.2


class Asker:
    """An `imagesmith.interfaces.Ask` for a terminal: one question at a time, ended by the cancel token."""

    def __init__(self, surface: Surface, cancel: CancelToken) -> None:
        self._surface = surface
        self._cancel = cancel
        self._lock = threading.Lock()

    def __call__(self, prompt: str) -> str | None:
        """The line that was typed, without its end; None without a terminal, at its end, or when cancelled."""
        if not _is_interactive():
            return None
        with self._lock, self._surface.paused():
            print(redact.mask(prompt), end="", flush=True, file=sys.stderr)  # noqa: T201
            answer = self._read_line()
            if answer is None:
                print(file=sys.stderr)  # noqa: T201
            return answer

    def _read_line(self) -> str | None:
        """Read without blocking, so that Ctrl-C ends the question."""
        descriptor = sys.stdin.fileno()
        typed = b""
        while not self._cancel.is_set:
            readable, _, _ = select.select([descriptor], [], [], _LOOK_EVERY_S)
            if not readable:
                continue
            piece = os.read(descriptor, 1024)
            if not piece:
                return None
            typed += piece
            if b"\n" in typed:
                return typed.partition(b"\n")[0].decode(errors="replace").rstrip("\r")
        return None


def _is_interactive() -> bool:
    try:
        return sys.stdin.isatty() and sys.stderr.isatty()
    except (AttributeError, ValueError):
        return False
