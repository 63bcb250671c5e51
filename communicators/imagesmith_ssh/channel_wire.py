"""What takes the place of the TCP connection behind a bastion: a channel of the connection to the bastion."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import paramiko

if TYPE_CHECKING:
    from imagesmith_ssh.transport import SshTransport

_GREETING_BYTES = 8192
_MOST_BYTES = 2**17


class ChannelWire:
    """As much of `imagesmith_ssh.wire.Wire` as a connection needs."""

    def __init__(self, channel: paramiko.Channel, below: SshTransport) -> None:
        self._channel = channel
        self._below = below
        self._closed = False
        self.greeting = b""
        self.last_heard = time.monotonic()

    def recv(self, size: int) -> bytes:
        """Up to so many bytes, b"" at the end. Raises `TimeoutError`."""
        data = self._channel.recv(size)
        self.last_heard = time.monotonic()
        if len(self.greeting) < _GREETING_BYTES:
            self.greeting += data[:_GREETING_BYTES]
        return data

    def send(self, data: bytes | memoryview) -> int:
        """Send the beginning of this; returns its length. Raises `OSError`."""
        return self._channel.send(bytes(data[:_MOST_BYTES]))

    def sendmsg(self, parts: Sequence[bytes]) -> int:
        """Send the beginning of all of these; returns its length. Raises `OSError`."""
        return self.send(b"".join(parts))

    def settimeout(self, seconds: float | None) -> None:
        """How long `recv` and `send` wait."""
        self._channel.settimeout(seconds)

    def gettimeout(self) -> float | None:
        """How long `recv` and `send` wait."""
        return self._channel.gettimeout()

    def shut(self) -> None:
        """Break off everything down to the TCP connection, so that every thread wakes up; never raises or waits."""
        self._below.wire.shut()

    def part(self) -> None:
        """End this channel; the connection to the bastion goes on. Never raises."""
        self.close()

    def close(self) -> None:
        """As `part`."""
        self._closed = True
        with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
            self._channel.close()
