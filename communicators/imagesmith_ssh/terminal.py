"""What a server asks in a dialogue (keyboard-interactive), asked on the terminal of whoever runs the build."""

from __future__ import annotations

import contextlib
import os
import select
import termios
import threading
from collections.abc import Iterator, Sequence

from imagesmith.errors import AuthenticationFailed
from imagesmith.waiting import CancelToken

_SLICE_MS = 100
_MOST_BYTES = 4096
_ONE_AT_A_TIME = threading.Lock()


class Terminal:
    """The controlling terminal, even where output is redirected; builds that run side by side wait for each other."""

    device = "/dev/tty"

    def __init__(self, cancel: CancelToken) -> None:
        self._cancel = cancel

    def answer(self, title: str, instructions: str, prompts: Sequence[tuple[str, bool]]) -> list[str]:
        """The answers to a dialogue's prompts. Raises `AuthenticationFailed` without a terminal."""
        if not prompts:
            return []
        with _ONE_AT_A_TIME, self._open() as terminal:
            for text in (title, instructions):
                if text.strip():
                    os.write(terminal, f"{text.strip()}\r\n".encode())
            return [self._ask(terminal, prompt, shown=shown) for prompt, shown in prompts]

    @contextlib.contextmanager
    def _open(self) -> Iterator[int]:
        try:
            terminal = os.open(self.device, os.O_RDWR | os.O_NOCTTY)
        except OSError:
            raise AuthenticationFailed(
                "the bastion asks questions, but there is no terminal to ask them on",
                hint="run this in a terminal, or take a key or a password instead of ssh_bastion_interactive",
            ) from None
        try:
            yield terminal
        finally:
            os.close(terminal)

    def _ask(self, terminal: int, prompt: str, *, shown: bool) -> str:
        with _echo(terminal, shown=shown):
            os.write(terminal, f"{prompt.rstrip()} ".encode())
            line = self._read_line(terminal)
            if not shown:
                os.write(terminal, b"\r\n")
        return line

    def _read_line(self, terminal: int) -> str:
        poller = select.poll()
        poller.register(terminal, select.POLLIN)
        line = b""
        while not line.endswith(b"\n"):
            self._cancel.check()
            if poller.poll(_SLICE_MS):
                data = os.read(terminal, _MOST_BYTES)
                if not data:
                    break
                line += data
        return line.decode("utf-8", "replace").rstrip("\r\n")


@contextlib.contextmanager
def _echo(terminal: int, *, shown: bool) -> Iterator[None]:
    """Whether what is typed is shown, until this ends."""
    before = termios.tcgetattr(terminal)
    now = termios.tcgetattr(terminal)
    now[3] = now[3] | termios.ECHO if shown else now[3] & ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSADRAIN, now)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
