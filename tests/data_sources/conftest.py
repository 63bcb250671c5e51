"""A web server on loopback whose answers a test scripts, and a certificate for it."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from imagesmith.data_sources.http import Http
from imagesmith.interfaces import DataContext
from imagesmith.options import complete
from imagesmith.waiting import CancelToken

Answer = tuple[int, Mapping[str, str], bytes]


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Web:
    """What the server answers by path (404 elsewhere), and what it was asked."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    answers: dict[str, Answer | Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)

    def text(self, path: str, body: str, status: int = 200, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path] = (status, {"Content-Type": "text/plain"} | named, body.encode())


class _Handler(BaseHTTPRequestHandler):
    def do(self) -> None:
        web: Web = self.server.web  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        web.asked.append(Asked(self.command, self.path, dict(self.headers.items()), body))
        answer = web.answers.get(self.path, (404, {}, b"nothing here"))
        if callable(answer):
            answer(self)
            return
        status, headers, content = answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def __getattr__(self, name: str) -> Callable[[], None]:
        """``do_GET``, ``do_POST``, …: every method is answered alike."""
        if name.startswith("do_"):
            return self.do
        raise AttributeError(name)

    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture
def serve() -> Iterator[Callable[..., Web]]:
    """Starts servers; with ``certificate`` they speak TLS."""
    servers: list[ThreadingHTTPServer] = []

    def start(certificate: Path | None = None) -> Web:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        web = Web(f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}")
        server.web = web  # type: ignore[attr-defined]
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return web

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def web(serve: Callable[..., Web]) -> Web:
    return serve()


@dataclass
class Reader:
    """Reads an ``http`` data source, and keeps its warnings."""

    cancel: CancelToken = field(default_factory=CancelToken)
    warnings: list[str] = field(default_factory=list)

    def __call__(self, url: str, **options: Any) -> Mapping[str, Any]:
        source = complete(Http(url=url, **options), {})
        return source.read(DataContext(warn=self.warnings.append, cancel=self.cancel))


@pytest.fixture
def read() -> Reader:
    return Reader()
