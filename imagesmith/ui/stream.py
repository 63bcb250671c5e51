"""An output that may go away: a pipe whose reader left, a terminal that hung up. Neither may stop a teardown."""

from __future__ import annotations

import contextlib
import io
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import TextIO

from imagesmith.events import Event, masked


class Sturdy(io.TextIOBase):
    """Writes to another stream until that fails, then to nowhere. What can't be encoded is escaped."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._gone = False
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            with contextlib.suppress(ValueError, OSError):
                reconfigure(errors="backslashreplace")

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The other stream's encoding."""
        return self._stream.encoding or "utf-8"

    def write(self, text: str) -> int:
        if not self._gone:
            try:
                self._stream.write(text)
            except (OSError, ValueError):
                self._gone = True
        return len(text)

    def flush(self) -> None:
        if not self._gone:
            try:
                self._stream.flush()
            except (OSError, ValueError):
                self._gone = True

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()


class Pausable(ABC):
    """The base of surfaces that share a terminal with questions: events wait while one is asked."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._held: list[Event] | None = None

    def __call__(self, event: Event) -> None:
        """Show an event, or keep it until the question is answered."""
        with self._lock:
            if self._held is not None:
                self._held.append(event)
            else:
                self._show(masked(event))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Keep the output still while a question is asked."""
        with self._lock:
            self._held = []
            self._freeze()
        try:
            yield
        finally:
            with self._lock:
                held, self._held = self._held or [], None
                self._thaw()
                for event in held:
                    self._show(masked(event))

    @abstractmethod
    def _show(self, event: Event) -> None:
        """Write the event."""

    def _freeze(self) -> None:  # noqa: B027 - most surfaces need nothing
        """What must happen before the question is shown."""

    def _thaw(self) -> None:  # noqa: B027
        """What must happen after it was answered."""
