"""``--log-format json``: every event as one JSON object a line. The fields are in docs/reference/events.md."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, TextIO

from imagesmith.events import Event, Message, as_dict, masked
from imagesmith.ui.lines import Channel
from imagesmith.ui.record import Record
from imagesmith.ui.stream import Sturdy


def encode(event: Event) -> str:
    """One event as JSON, masked, without its line end."""
    facts = as_dict(masked(event))
    return json.dumps(facts, ensure_ascii=False, default=str, separators=(",", ":"))


class JsonLines:
    """Writes the events of a run as they come."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = Sturdy(stream)
        self._lock = threading.RLock()
        self.record = Record()

    def __call__(self, event: Event) -> None:
        """Write an event."""
        with self._lock:
            self.record.take(event)
            self._stream.write(encode(event) + "\n")
            self._stream.flush()

    def notice(self, text: str, channel: Channel = "say") -> None:
        """Write something that belongs to no build as a ``Message``."""
        warning = text.startswith("Warning: ")
        level: Literal["error", "warning", "info"] = "error" if channel == "error" else "warning" if warning else "info"
        self(Message(text=text.removeprefix("Warning: ").strip(), level=level))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Questions are asked on the terminal, which this is not."""
        yield

    def close(self) -> None:
        """Nothing comes any more."""
