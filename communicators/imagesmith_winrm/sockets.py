"""The connections below HTTP: opened so that they can be cancelled, checked against pins, and broken off at will."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import time
from typing import TYPE_CHECKING, Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from imagesmith_winrm.target import matches

if TYPE_CHECKING:
    from imagesmith.waiting import CancelToken

_SLICE_S = 0.1
_ALIVE = (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 10), ("TCP_USER_TIMEOUT", 60_000))
"""A peer that has vanished is noticed after a minute, one that rebooted at once."""


class WrongCertificate(OSError):
    """The certificate is none of the pinned ones."""


class Line:
    """The one connection of a client: ``cancel`` ends its making, `shut` breaks it off from any thread."""

    def __init__(self, cancel: CancelToken, *, pins: frozenset[str] = frozenset(), insecure: bool = False) -> None:
        self.cancel = cancel
        self.pins = pins
        self.insecure = insecure
        self.dial_s = 10.0
        self.opened = 0
        self._socket: socket.socket | None = None

    def adopt(self, made: socket.socket) -> None:
        """A new connection is up."""
        self.opened += 1
        self._socket = made

    @property
    def hung_up(self) -> bool:
        """Whether the peer has closed the connection, or says something unasked, which is the end of it too."""
        if self._socket is None:
            return False
        try:
            poller = select.poll()
            poller.register(self._socket, select.POLLIN | select.POLLHUP | select.POLLERR)
            return bool(poller.poll(0))
        except (OSError, ValueError):
            return True

    def shut(self) -> None:
        """Wake up whoever waits on the connection; never raises."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the connection up, though an answer that nobody has read may still hold it; never raises."""
        self.shut()
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()


def dial(host: str, port: int, *, timeout_s: float, cancel: CancelToken) -> socket.socket:
    """Open a TCP connection, trying each address of the name in turn.

    Raises `OSError` (`TimeoutError` when nothing answers, `socket.gaierror` for an unknown name) and what ``cancel``
    says within a tenth of a second.
    """
    failure: OSError = TimeoutError(errno.ETIMEDOUT, "no answer")
    candidates = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for family, kind, protocol, _, address in candidates:
        made = socket.socket(family, kind, protocol)
        try:
            _open(made, address, time.monotonic() + timeout_s / len(candidates), cancel)
        except OSError as error:
            failure = error
            made.close()
        except BaseException:
            made.close()
            raise
        else:
            return made
    raise failure


def _open(made: socket.socket, address: Any, deadline: float, cancel: CancelToken) -> None:
    made.setblocking(False)
    code = made.connect_ex(address)
    if code not in (0, errno.EINPROGRESS):
        raise OSError(code, "connect")
    poller = select.poll()
    poller.register(made, select.POLLOUT)
    while not poller.poll(_SLICE_S * 1000):
        cancel.check()
        if time.monotonic() >= deadline:
            raise TimeoutError(errno.ETIMEDOUT, "no answer")
    code = made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, "connect")
    made.setblocking(True)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _ALIVE:
        option = getattr(socket, name, None)
        if option is not None:
            made.setsockopt(socket.IPPROTO_TCP, option, value)


class PlainConnection(HTTPConnection):
    """An HTTP connection on our own socket."""

    def __init__(self, *arguments: Any, line: Line, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._line = line

    def _new_conn(self) -> socket.socket:
        return _new_connection(self, self._line)

    def connect(self) -> None:
        super().connect()
        self._line.adopt(self.sock)


class TlsConnection(HTTPSConnection):
    """The same with TLS: checked against the pins where there are any."""

    def __init__(self, *arguments: Any, line: Line, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._line = line

    def _new_conn(self) -> socket.socket:
        return _new_connection(self, self._line)

    def connect(self) -> None:
        super().connect()
        secured: Any = self.sock
        if self._line.pins:
            if not matches(secured.getpeercert(binary_form=True) or b"", self._line.pins):
                self.close()
                raise WrongCertificate(errno.EACCES, "the certificate is none of the pinned ones")
            self.is_verified = True
        if self._line.insecure:
            self.is_verified = True  # as asked for; urllib3 would warn of it at each request
        self._line.adopt(secured)


def _new_connection(connection: Any, line: Line) -> socket.socket:
    """Dial, with urllib3's errors for what fails."""
    host = connection._dns_host
    try:
        return dial(host, connection.port, timeout_s=line.dial_s, cancel=line.cancel)
    except socket.gaierror as error:
        raise NameResolutionError(host, connection, error) from error
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, f"no answer from {host}") from error
    except OSError as error:
        raise NewConnectionError(connection, f"no connection: {error}") from error
