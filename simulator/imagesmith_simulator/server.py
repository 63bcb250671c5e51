"""The HTTP server that all simulated clouds share: loopback only, keep-alive, one thread for each connection.

What is behind it is an `Application`: a function from a `Request` to a `Reply`. A reply can also be that the connection
is cut, which is how lost answers are made. Requests with an absolute URI are taken as a proxy takes them (this is how
clients come that can only be pointed here by ``HTTP_PROXY``); ``CONNECT`` is refused.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import urlsplit

_LONGEST_LINE = 1 << 20
_LONGEST_BODY = 64 << 20


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. Header names are in lower case, ``query`` is as it came, undecoded."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer; with ``cut`` the connection is closed instead."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False

    @classmethod
    def json(cls, value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
        """An answer with a JSON body."""
        kind = {"Content-Type": "application/json; charset=utf-8"}
        return cls(status, json.dumps(value, ensure_ascii=False).encode(), {**kind, **(headers or {})})


Application = Callable[[Request], Reply]


class LoopbackServer:
    """Serves an application at 127.0.0.1 until it is closed."""

    def __init__(self, application: Application, *, port: int = 0) -> None:
        """``port`` 0 takes a free one. Raises OSError when the port is taken."""
        self._server = _Server(("127.0.0.1", port), application)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.5,), name="simulated-cloud")
        self._thread.daemon = True
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop listening, close all connections and wait for their threads."""
        stopper = threading.Thread(target=self._server.shutdown)
        stopper.start()
        # The accepting thread looks for the end when something comes in, and otherwise only now and then.
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        stopper.join()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], application: Application) -> None:
        self.application = application
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without asking a resolver for the host's name, which may leave the machine."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Shut every open connection down, so that its thread ends."""
        with self._open_lock:
            for connection in self._open:
                _shut(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nobody's problem; anything else is a defect and is shown."""
        import sys

        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def handle_one_request(self) -> None:
        """One request of a kept-alive connection; user data in a URL makes longer lines than the base class takes."""
        self.raw_requestline = self.rfile.readline(_LONGEST_LINE + 1)
        if not self.raw_requestline:
            self.close_connection = True
            return
        if len(self.raw_requestline) > _LONGEST_LINE:
            self.requestline, self.request_version, self.command = "", "", ""
            self.send_error(414)
            return
        if self.parse_request():
            self._answer()

    def _answer(self) -> None:
        if self.command == "CONNECT":
            self._send(Reply(403, b"tunnels are not served here\n", {"Connection": "close"}))
            return
        text = self.headers.get("Content-Length") or "0"
        if not text.isdigit():
            self._send(Reply(400, b"the length of the body is not a number\n", {"Connection": "close"}))
            return
        length = int(text)
        if length > _LONGEST_BODY:
            self._send(Reply(413, b"the body is too long\n", {"Connection": "close"}))
            return
        target = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(length)
        request = Request(self.command, target.path or "/", target.query, headers, body)
        self._send(cast(_Server, self.server).application(request))

    def _send(self, reply: Reply) -> None:
        if reply.cut:
            self.close_connection = True
            _shut(self.connection)
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """The record holds every call; nothing is printed."""


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
