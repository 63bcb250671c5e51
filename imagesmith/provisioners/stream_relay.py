"""A Unix socket that leads to the machine's SSH port by the way that the build's own connection takes."""

from __future__ import annotations

import contextlib
import shlex
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

from imagesmith.errors import ImagesmithError
from imagesmith.provisioners import socket_pipe
from imagesmith.ssh_access import ByteStream

_CHUNK = 1 << 16
_END_S = 5.0


class StreamRelay:
    """Listens while it is open as a context; each connection to ``path`` is carried on one stream of its own.

    It carries what is encrypted from one end to the other: it holds no key and speaks no SSH.
    """

    def __init__(self, path: Path, open_stream: Callable[[], ByteStream], say: Callable[[str], None]) -> None:
        self.path = path
        self._open_stream, self._say = open_stream, say
        self._listener = socket.socket(socket.AF_UNIX)
        self._lock = threading.Lock()
        self._over = False
        self._closers: set[Callable[[], None]] = set()
        self._threads: list[threading.Thread] = []

    @property
    def proxy_command(self) -> str:
        """The value of OpenSSH's option ProxyCommand, whose percent signs have a meaning."""
        words = (sys.executable, "-IS", socket_pipe.__file__, str(self.path))
        return " ".join(shlex.quote(word) for word in words).replace("%", "%%")

    def __enter__(self) -> Self:
        self._listener.bind(str(self.path))
        self._listener.listen()
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            self._over = True
            closers = list(self._closers)
        for close in closers:
            close()
        for thread in self._threads:
            thread.join(_END_S)

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name="relay", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._start(lambda client=client: self._carry(client))  # type: ignore[misc]

    def _carry(self, client: socket.socket) -> None:
        try:
            stream = self._open_stream()
        except ImagesmithError as error:
            self._say(f"there is no second way to the machine: {error}")
            client.close()
            return

        def close() -> None:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
            stream.close()

        with self._lock:
            self._closers.add(close)
            over = self._over
        if over:
            close()
        back = threading.Thread(target=_copy, args=(stream, client, close), name="relay", daemon=True)
        back.start()
        _copy(client, stream, close)
        back.join()
        with self._lock:
            self._closers.discard(close)
        client.close()


def _copy(source: ByteStream, target: ByteStream, close: Callable[[], None]) -> None:
    """Until either side ends, which for SSH is the end of both directions."""
    try:
        with contextlib.suppress(OSError, EOFError):
            while data := source.recv(_CHUNK):
                target.sendall(data)
    finally:
        close()
