"""The live view of a terminal: each build's steps with their times below, its output scrolling by above.

At the end the steps stay on the screen, with what came of them: image id, tags, what was cleaned up.
"""

from __future__ import annotations

import time
from typing import TextIO, cast

from rich.console import Console, Group, RenderableType
from rich.live import Live as RichLive
from rich.text import Text

from imagesmith import events, redact
from imagesmith.ui import live_parts as parts
from imagesmith.ui.lines import Channel
from imagesmith.ui.record import Record
from imagesmith.ui.stream import Pausable, Sturdy

_FRAMES_PER_SECOND = 8


class Live(Pausable):
    """Draws a run while it goes on. Calls may come from any thread."""

    def __init__(self, stream: TextIO, *, colour: bool = True, debug: bool = False) -> None:
        super().__init__()
        self._console = Console(
            file=cast("TextIO", Sturdy(stream)),
            force_terminal=True,
            no_color=not colour,
            highlight=False,
            markup=False,
            emoji=False,
        )
        self._debug = debug
        self._drawn: RichLive | None = None
        self._frozen = False
        self.record = Record()

    def notice(self, text: str, channel: Channel = "say") -> None:
        """Print something that belongs to no build."""
        with self._lock:
            self._console.print(Text(redact.mask(text), style="red" if channel == "error" else ""), soft_wrap=True)

    def close(self) -> None:
        """Leave the terminal as it was."""
        with self._lock:
            self._stop()

    def _show(self, event: events.Event) -> None:
        """What scrolls by is printed, the rest shows in the picture."""
        self.record.take(event)
        if isinstance(event, events.RunStarted):
            self._start()
        elif isinstance(event, events.RunFinished):
            self._stop()
            self._console.print(parts.summary(self.record, event, self._console.width))
        else:
            line = parts.scrolled(event, names=self.record.expected, width=self._console.width, debug=self._debug)
            if line is not None:
                self._console.print(line, soft_wrap=True)

    def _freeze(self) -> None:
        self._frozen = self._drawn is not None
        self._stop()

    def _thaw(self) -> None:
        if self._frozen:
            self._start()

    def _start(self) -> None:
        drawn = RichLive(
            get_renderable=self._picture,
            console=self._console,
            refresh_per_second=_FRAMES_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="crop",
        )
        drawn.start()
        self._drawn = drawn

    def _stop(self) -> None:
        drawn, self._drawn = self._drawn, None
        if drawn is not None:
            drawn.stop()

    def _picture(self) -> RenderableType:
        # rich's own thread calls this while it holds its lock, so ours is not asked for: a list that grows while it is
        # read costs one frame's exactness, two locks in two orders would cost the run.
        size = self._console.size
        return Group(*parts.picture(self.record, time.time(), size.width, size.height))
