"""A relay between the client and a WinRM server that counts what passes, and can cut or delay it."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Iterator

_REQUEST = re.compile(rb"POST /wsman")
_CHUNK = 65536


class Relay:
    """Listens on loopback and passes every connection on to one server."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.sent = 0
        self.received = 0
        self.connections = 0
        self.cut_at: int | None = None
        self.cut_answers_at: int | None = None
        self.cuts = 0
        self.delay_s = 0.0
        self.seen = bytearray()
        self._pause = threading.Event()
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def requests(self) -> int:
        """How many HTTP requests have passed."""
        return len(_REQUEST.findall(bytes(self.seen)))

    def forget(self) -> None:
        """Count from zero again."""
        self.sent = self.received = 0
        self.seen.clear()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self._server.accept()
                self.connections += 1
                try:
                    other = socket.create_connection(self._to, timeout=10)
                except OSError:
                    peer.close()
                    continue
                other.settimeout(None)
                for end in (peer, other):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open += [peer, other]
                for source, sink, out in ((peer, other, True), (other, peer, False)):
                    thread = threading.Thread(target=self._pump, args=(source, sink, out))
                    self._threads.append(thread)
                    thread.start()

    def _pump(self, source: socket.socket, sink: socket.socket, out: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                if self.delay_s:
                    self._pause.wait(self.delay_s)
                if out:
                    self.sent += len(data)
                    self.seen += data
                    if self.cut_at is not None and self.sent >= self.cut_at:
                        self.cut_at = None
                        self.cuts += 1
                        break
                else:
                    self.received += len(data)
                    if self.cut_answers_at is not None and self.received >= self.cut_answers_at:
                        self.cut_answers_at = None
                        self.cuts += 1
                        break
                sink.sendall(data)
        self._shut(source, sink)

    @staticmethod
    def _shut(*ends: socket.socket) -> None:
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        """Break all connections off."""
        self._shut(*self._open)

    def close(self) -> None:
        """Stop."""
        self._shut(self._server)
        self._server.close()
        self.cut()
        for thread in self._threads:
            thread.join(5)
        for end in self._open:
            end.close()


@contextlib.contextmanager
def relay(host: str, port: int) -> Iterator[Relay]:
    """A relay, closed in the end."""
    made = Relay(host, port)
    try:
        yield made
    finally:
        made.close()


@contextlib.contextmanager
def forward_proxy(host: str, port: int) -> Iterator[tuple[int, list[str]]]:
    """An HTTP proxy that takes every host for one server; yields its port and the first lines of the requests."""
    asked: list[str] = []
    server = socket.create_server(("127.0.0.1", 0))
    open_ones: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def pump(source: socket.socket, sink: socket.socket, direct: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                if direct:
                    asked.extend(line.decode() for line in re.findall(rb"POST http://[^ ]+ HTTP", data))
                    data = re.sub(rb"POST http://[^/]+/", b"POST /", data)
                sink.sendall(data)
        Relay._shut(source, sink)

    def start(*arguments: object) -> None:
        thread = threading.Thread(target=pump, args=arguments)
        threads.append(thread)
        thread.start()

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = server.accept()
                other = socket.create_connection((host, port))
                open_ones.extend((peer, other))
                first = peer.recv(_CHUNK, socket.MSG_PEEK)
                direct = not first.startswith(b"CONNECT")
                if not direct:
                    head = b""
                    while b"\r\n\r\n" not in head:
                        head += peer.recv(_CHUNK)
                    asked.append(head.split(b"\r\n")[0].decode())
                    peer.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                start(peer, other, direct)
                start(other, peer, False)

    accepting = threading.Thread(target=serve)
    accepting.start()
    try:
        yield server.getsockname()[1], asked
    finally:
        Relay._shut(server, *open_ones)
        server.close()
        for thread in (accepting, *threads):
            thread.join(5)
        for end in open_ones:
            end.close()
