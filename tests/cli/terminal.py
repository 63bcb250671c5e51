"""A real pseudo-terminal with a program on it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07|[()][A-Z0-9])")


class Terminal:
    """Runs a command on a terminal of its own; ``text`` is what it has shown, without control sequences."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        columns: int = 100,
        lines: int = 30,
    ) -> None:
        self._here, there = pty.openpty()
        fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        environ = {name: value for name, value in (env or os.environ).items() if name not in ("COLUMNS", "LINES")}
        # A session's leader that opens a terminal gets it as its own, so that Ctrl-C is a signal.
        # Ctrl-C is one also where the tests were started with it ignored, as a shell does for "&".
        opened = 'terminal=$1; shift; exec env --default-signal=INT "$@" <"$terminal" >"$terminal" 2>&1'
        self.process = subprocess.Popen(
            ["sh", "-c", opened, "sh", os.ttyname(there), *arguments],
            cwd=cwd,
            env={"TERM": "xterm-256color", "LANG": "C.UTF-8", **environ},
            start_new_session=True,
        )
        self._there = there
        self.raw = ""
        self._entered_at = 0

    @property
    def text(self) -> str:
        return _ESCAPES.sub("", self.raw).replace("\r", "")

    def enter(self, text: str) -> None:
        self._entered_at = len(self.text)
        os.write(self._here, text.encode())

    def wait_for(self, pattern: str, timeout: float = 20.0) -> None:
        """Read until what was shown since the last ``enter`` matches."""
        deadline = time.monotonic() + timeout
        while not re.search(pattern, self.text[self._entered_at :]):
            if time.monotonic() > deadline or not self._read(0.2):
                raise AssertionError(f"{pattern!r} was never shown, but:\n{self.text}")

    def settle(self, seconds: float = 0.3) -> None:
        """Read until nothing more is shown for a while."""
        while select.select([self._here], [], [], seconds)[0] and self._read(0):
            pass

    def wait(self, timeout: float = 20.0) -> int:
        """Read to the end and return the exit code."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and self._read(0.2):
            pass
        return self.process.wait(timeout=1)

    def _read(self, seconds: float) -> bool:
        if not select.select([self._here], [], [], seconds)[0]:
            return self.process.poll() is None
        try:
            piece = os.read(self._here, 65536)
        except OSError:
            return False
        self.raw += piece.decode(errors="replace")
        return bool(piece)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._there)
        os.close(self._here)
