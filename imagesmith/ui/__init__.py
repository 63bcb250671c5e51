"""Renderings of a run's events: plain lines, a live view, Packer's machine-readable records, JSON lines."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TextIO

if TYPE_CHECKING:
    from imagesmith.events import Event
    from imagesmith.ui.lines import Channel
    from imagesmith.ui.record import Record

Format = Literal["auto", "text", "json", "machine-readable"]


class Surface(Protocol):
    """Something that shows a run. Calls may come from any thread; a broken output never raises."""

    @property
    def record(self) -> Record:
        """What is known of the run so far."""
        ...

    def __call__(self, event: Event) -> None:
        """Show an event."""
        ...

    def notice(self, text: str, channel: Channel = "say") -> None:
        """Show something that belongs to no build."""
        ...

    def paused(self) -> AbstractContextManager[None]:
        """Keep the output still while a question is asked."""
        ...

    def close(self) -> None:
        """Nothing comes any more."""
        ...


@dataclass(frozen=True, slots=True)
class Wishes:
    """How the user wants a run shown. ``colour`` is None where nothing was said; ``live`` allows the live view."""

    format: Format = "auto"
    colour: bool | None = None
    timestamps: bool = False
    debug: bool = False
    live: bool = True


def open_surface(wishes: Wishes, stream: TextIO | None = None, environ: Mapping[str, str] | None = None) -> Surface:
    """The surface that fits the wishes and the terminal."""
    out: TextIO = stream or sys.stdout
    environ = os.environ if environ is None else environ
    if wishes.format == "machine-readable":
        from imagesmith.ui.machine_readable import MachineReadable

        return MachineReadable(out, debug=wishes.debug)
    if wishes.format == "json":
        from imagesmith.ui.json_lines import JsonLines

        return JsonLines(out)
    colour = wants_colour(wishes.colour, out, environ)
    if wishes.format == "auto" and wishes.live and not wishes.timestamps and is_terminal(out, environ):
        from imagesmith.ui.live import Live

        return Live(out, colour=colour, debug=wishes.debug)
    from imagesmith.ui.plain import Plain

    return Plain(out, colour=colour, timestamps=wishes.timestamps, debug=wishes.debug)


def is_terminal(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether the stream is a terminal that can be drawn on."""
    encoding = (stream.encoding or "").lower().replace("-", "")
    return stream.isatty() and environ.get("TERM", "") not in ("", "dumb") and encoding == "utf8"


def wants_colour(asked: bool | None, stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Colours on a terminal, unless ``-color=false``, PACKER_NO_COLOR or NO_COLOR; ``-color=true`` forces them."""
    if asked is not None:
        return asked
    if environ.get("PACKER_NO_COLOR") or environ.get("NO_COLOR"):
        return False
    return is_terminal(stream, environ)
