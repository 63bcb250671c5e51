"""The TCP connection below SSH: opened so that it can be cancelled, and watched so that failures can be told apart."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import time
from typing import Any

from imagesmith.waiting import CancelToken

_SLICE_S = 0.1
_GREETING_BYTES = 8192
_DEAD_PEER_S = 60


class Wire(socket.socket):
    """A socket that remembers what the peer said first and when it was last heard (monotonic seconds)."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.greeting = b""
        self.last_heard = time.monotonic()

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        data = super().recv(size, flags)
        self.last_heard = time.monotonic()
        if len(self.greeting) < _GREETING_BYTES:
            self.greeting += data[:_GREETING_BYTES]
        return data

    def shut(self) -> None:
        """Break the connection off, so that every thread that waits on it wakes up; never raises."""
        with contextlib.suppress(OSError):
            self.shutdown(socket.SHUT_RDWR)

    def part(self) -> None:
        """End this connection and nothing else, which for TCP is the same; never raises."""
        self.shut()


def dial(host: str, port: int, *, timeout_s: float, cancel: CancelToken) -> Wire:
    """Open a TCP connection, trying each address of the name in turn.

    Raises `OSError` (`TimeoutError` when nothing answers, `socket.gaierror` for an unknown name) and what ``cancel``
    says within a tenth of a second.
    """
    failure: OSError = TimeoutError(errno.ETIMEDOUT, "no answer")
    candidates = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for family, kind, protocol, _, address in candidates:
        wire = Wire(family, kind, protocol)
        try:
            _open(wire, address, time.monotonic() + timeout_s / len(candidates), cancel)
        except OSError as error:
            failure = error
            wire.close()
        except BaseException:
            wire.close()
            raise
        else:
            return wire
    raise failure


def _open(wire: Wire, address: Any, deadline: float, cancel: CancelToken) -> None:
    wire.setblocking(False)
    code = wire.connect_ex(address)
    if code not in (0, errno.EINPROGRESS):
        raise OSError(code, "connect")
    poller = select.poll()
    poller.register(wire, select.POLLOUT)
    while not poller.poll(_SLICE_S * 1000):
        cancel.check()
        if time.monotonic() >= deadline:
            raise TimeoutError(errno.ETIMEDOUT, "no answer")
    code = wire.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, "connect")
    wire.setblocking(True)
    _tune(wire)


def _tune(wire: Wire) -> None:
    """No delay for small packets; a peer that has vanished is noticed after a minute, one that rebooted at once."""
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", 10),
        ("TCP_KEEPINTVL", 5),
        ("TCP_KEEPCNT", 10),
        ("TCP_USER_TIMEOUT", _DEAD_PEER_S * 1000),
    ):
        option = getattr(socket, name, None)
        if option is not None:
            wire.setsockopt(socket.IPPROTO_TCP, option, value)
