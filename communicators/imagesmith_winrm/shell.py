"""A shell that stays open for all commands, and one command in it."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from types import TracebackType
from typing import Self

from imagesmith.errors import ConnectionLost, ImagesmithError
from imagesmith.waiting import CancelToken
from imagesmith_winrm.wsman import Received, WsMan

_CLOSE_S = 5.0
_GRACE_S = 3.0
_AT_ONCE = 32 * 1024


class Shell:
    """Made by `imagesmith_winrm.connecting.Connector.connect`; ``wsman`` is its connection, ``id`` the service's.

    ``spent``: it was closed after a cancelled command. ``left``: its connection was given up.
    """

    def __init__(self, wsman: WsMan) -> None:
        """Opens it. Raises `ConnectionLost`."""
        self.wsman = wsman
        self.id = wsman.create()
        self.spent = False
        self.left = False

    def close(self) -> None:
        """End the shell, everything in it and the connection; never raises and takes seconds at most."""
        with contextlib.suppress(ImagesmithError):
            self.wsman.be_quick(_CLOSE_S)
            self.wsman.delete(self.id)
        self.wsman.close()


class Process:
    """A command, started when this is made.

    When ``cancel`` is set it gets Ctrl-C, and after a grace period it is terminated: that goes over a connection of its
    own, since ours is waiting for output.
    """

    def __init__(self, shell: Shell, command: str, cancel: CancelToken, *, feeding: bool = False) -> None:
        """``feeding``: `send` will be called, the last time with ``end``. Raises `ConnectionLost`."""
        self.shell = shell
        self.cancel = cancel
        self.exit_code: int | None = None
        self._over = threading.Event()
        self._ender: threading.Thread | None = None
        self._feeder: threading.Thread | None = None
        self._id = shell.wsman.start(shell.id, command, feeding=feeding)
        self._forget = cancel.on_cancel(self._begin_to_end)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def send(self, data: bytes, *, end: bool = False) -> None:
        """Send input. Raises `ConnectionLost`, or `Refused` if the command has ended, and what ``cancel`` says."""
        self.cancel.check()
        self.shell.wsman.send(self.shell.id, self._id, data, end=end)

    def feed(self, data: bytes) -> None:
        """Send all input; much of it beside, since the command may want to print before it reads on."""
        if len(data) <= _AT_ONCE:
            self.send(data, end=True)
        else:
            self._feeder = self._send_beside(data)

    def _send_beside(self, data: bytes) -> threading.Thread:
        """Send from a thread and over a connection of its own, while the output is received here."""
        wsman = self.shell.wsman.clone(self.cancel)

        def feed() -> None:
            with contextlib.suppress(ImagesmithError):
                wsman.send(self.shell.id, self._id, data, end=True)
            wsman.close()

        thread = threading.Thread(target=feed, name="winrm input", daemon=True)
        thread.start()
        return thread

    def receive(self) -> Received:
        """Wait for output or the end, some seconds at most; ``exit_code`` is set at the end."""
        received = self.shell.wsman.receive(self.shell.id, self._id)
        if received.exit_code is not None:
            self.exit_code = received.exit_code
            self._over.set()
        return received

    def finish(self, limit_s: float = math.inf) -> tuple[int, bytes, bytes]:
        """Wait for the end; returns the exit code and all output.

        Raises `ConnectionLost` when it has not come within the limit, and what ``cancel`` says.
        """
        stdout, stderr = b"", b""
        began = time.monotonic()
        while self.exit_code is None:
            if time.monotonic() - began > limit_s:
                raise ConnectionLost("the command neither goes on nor ends")
            received = self.receive()
            stdout += received.stdout
            stderr += received.stderr
            self.cancel.check()
        return self.exit_code, stdout, stderr

    def _begin_to_end(self) -> None:
        """Called by whoever cancels, so it must not take long."""
        self._ender = threading.Thread(target=self._end, name="winrm cancel", daemon=True)
        self._ender.start()

    def _end(self) -> None:
        wsman = self.shell.wsman.clone(CancelToken())
        wsman.be_quick(_CLOSE_S)
        try:
            with contextlib.suppress(ImagesmithError):
                wsman.signal(self.shell.id, self._id, "ctrl_c")
                if not self._over.wait(_GRACE_S):
                    wsman.signal(self.shell.id, self._id, "terminate")
                    self._over.wait(_GRACE_S)
        finally:
            wsman.close()
            if not self._over.is_set():
                self.shell.wsman.line.shut()

    def close(self) -> None:
        """Let the service forget the command; one that still runs is ended. Never raises.

        After a cancelled command its shell goes too, and with it whatever the command has started.
        """
        self._forget()
        self._over.set()
        if self._ender:
            self._ender.join(_CLOSE_S * 3)
            self.shell.spent = True
        if not self.shell.left:
            self._sign_off()
        if self._feeder:
            self._feeder.join(_CLOSE_S)

    def _sign_off(self) -> None:
        with contextlib.suppress(ImagesmithError):
            if self.shell.spent:
                self.shell.wsman.be_quick(_CLOSE_S)
                self.shell.wsman.delete(self.shell.id)
            else:
                self.shell.wsman.signal(self.shell.id, self._id, "terminate")
