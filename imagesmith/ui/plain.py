"""A run as plain lines, for logs and for terminals that want nothing more."""

from __future__ import annotations

import threading
import time
from abc import abstractmethod
from typing import TextIO

from imagesmith import redact
from imagesmith.events import BuildStarted, Event
from imagesmith.ui.lines import Channel, Datum, Line, Lines, Told
from imagesmith.ui.record import Record
from imagesmith.ui.stream import Pausable, Sturdy

_COLOURS = (32, 36, 35, 33, 34)
_RED = 31
_ANNOUNCE_AFTER_S = 1.0
_SILENCE_S = 60.0


class LineSurface(Pausable):
    """The base of the surfaces that write lines: order, masking and a heartbeat in long silences."""

    def __init__(self, stream: TextIO, *, debug: bool = False, silence_s: float = _SILENCE_S) -> None:
        super().__init__()
        self._stream = Sturdy(stream)
        self._lines = Lines(debug=debug)
        self._silence_s = silence_s
        self._last = time.time()
        self._over = threading.Event()
        self._pulse: threading.Thread | None = None

    @property
    def record(self) -> Record:
        """What is known of the run so far."""
        return self._lines.record

    def notice(self, text: str, channel: Channel = "say") -> None:
        """Show something that belongs to no build."""
        with self._lock:
            self._put(Line(channel, redact.mask(text)), time.time())

    def close(self) -> None:
        """Nothing comes any more."""
        self._over.set()
        if self._pulse:
            self._pulse.join()

    def _show(self, event: Event) -> None:
        self._start_pulse(event)
        for told in self._lines.of(event):
            self._put(told, event.at)

    @abstractmethod
    def _put(self, told: Told, at: float) -> None:
        """Write one line in this surface's shape."""

    def _write(self, text: str) -> None:
        self._last = time.time()
        self._stream.write(text + "\n")
        self._stream.flush()

    def _start_pulse(self, event: Event) -> None:
        if self._pulse is None and isinstance(event, BuildStarted):
            self._pulse = threading.Thread(target=self._beat, name="imagesmith-heartbeat", daemon=True)
            self._pulse.start()

    def _beat(self) -> None:
        pace = min(_ANNOUNCE_AFTER_S, self._silence_s / 2)
        while not self._over.wait(pace):
            with self._lock:
                if self._held is not None:
                    continue
                now = time.time()
                for told in self._lines.overdue(before=now - _ANNOUNCE_AFTER_S):
                    self._put(told, now)
                if now - self._last >= self._silence_s:
                    for told in self._lines.heartbeat(now):
                        self._put(told, now)


class Plain(LineSurface):
    """Packer's human output: each build in a colour of its own where there are colours, errors red."""

    def __init__(
        self,
        stream: TextIO,
        *,
        colour: bool = False,
        timestamps: bool = False,
        debug: bool = False,
        silence_s: float = _SILENCE_S,
    ) -> None:
        super().__init__(stream, debug=debug, silence_s=silence_s)
        self._colour = colour
        self._timestamps = timestamps
        self._colours: dict[str, int] = {}

    def _put(self, told: Told, at: float) -> None:
        if isinstance(told, Datum):
            return
        text = told.text
        if self._timestamps:
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
            text = "\n".join(f"{stamp}: {line}" for line in text.split("\n"))
        self._write(self._painted(told, text))

    def _painted(self, line: Line, text: str) -> str:
        if not self._colour:
            return text
        if line.channel == "error":
            code: int | None = _RED
        elif line.build:
            code = self._colours.setdefault(line.build, _COLOURS[len(self._colours) % len(_COLOURS)])
        else:
            code = None
        weight = "0" if line.channel == "message" else "1"
        return text if code is None else "\n".join(_paint(part, f"{weight};{code}") for part in text.split("\n"))


def _paint(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if text else text
