"""The HTTP front of the WinRM service on one connection, as HTTP.sys serves it."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler
from typing import Any

from imagesmith_simulator.machines.windows.wsman.authentication import Accounts, Authentication, Rejected
from imagesmith_simulator.machines.windows.wsman.service import Service

_LONGEST_BODY = 8 << 20
_SOAP = "application/soap+xml;charset=UTF-8"


class Connections:
    """All open connections of a machine, so that they can be cut when it goes down."""

    def __init__(self, service: Service, accounts: Accounts) -> None:
        self.service = service
        self.accounts = accounts
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closed = False

    def serve(self, sock: socket.socket, peer: str, tls: ssl.SSLContext | None) -> None:
        """Serve a connection in a thread of its own."""
        with self._lock:
            if self._closed:
                sock.close()
                return
            self._open.add(sock)
        threading.Thread(target=self._run, args=(sock, peer, tls), name="winrm", daemon=True).start()

    def close(self) -> None:
        """Cut them all."""
        with self._lock:
            self._closed = True
            for sock in self._open:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def _run(self, sock: socket.socket, peer: str, tls: ssl.SSLContext | None) -> None:
        served: socket.socket = sock
        try:
            if tls:
                served = tls.wrap_socket(sock, server_side=True, suppress_ragged_eofs=True)
                with self._lock:
                    self._open.discard(sock)
                    self._open.add(served)
            _Handler(served, (peer, 0), self, secure=tls is not None)
        except OSError:
            pass  # the client has gone, or spoke no TLS: its business
        finally:
            with self._lock:
                self._open.discard(sock)
                self._open.discard(served)
            served.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Microsoft-HTTPAPI/2.0"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1

    def __init__(self, sock: socket.socket, peer: tuple[str, int], connections: Connections, *, secure: bool) -> None:
        self._connections = connections
        self._secure = secure
        self._authentication: Authentication | None = None
        super().__init__(sock, peer, connections)  # type: ignore[arg-type]

    def do_POST(self) -> None:
        """The only method of the protocol."""
        body = self._body()
        if body is None:
            return
        if not self.path.split("?")[0].rstrip("/").lower().endswith("/wsman"):
            self._reply(404)
            return
        if self.headers.get("WSMANIDENTIFY", "").lower() == "unauthenticated":
            self._reply(*self._connections.service.answer(body, user="", client=self.client_address[0]))
            return
        try:
            self._serve(body)
        except Rejected as rejected:
            self._reply(401, headers=[("WWW-Authenticate", text) for text in rejected.challenges])

    def do_GET(self) -> None:
        """Browsers get nothing."""
        self._reply(405, headers=[("Allow", "POST")])

    def _serve(self, body: bytes) -> None:
        authentication = self._login_state()
        user, header = authentication.login(self.headers.get("Authorization", ""))
        headers = [("WWW-Authenticate", header)] if header else []
        content_type = self.headers.get("Content-Type", "")
        message = authentication.unseal(content_type, body)
        if not message:
            self._reply(200, headers=headers)
            return
        status, answer = self._connections.service.answer(message, user=user, client=self.client_address[0])
        if content_type.startswith("multipart/encrypted"):
            sealed_type, sealed = authentication.seal(answer)
            self._reply(status, sealed, sealed_type, headers)
        else:
            self._reply(status, answer, headers=headers)

    def _login_state(self) -> Authentication:
        """What this connection knows of its client; the service's settings count as they are at the first request."""
        if self._authentication is None:
            settings = self._connections.service.settings
            clear = self._secure or settings.allow_unencrypted
            self._authentication = Authentication(
                self._connections.accounts,
                basic=settings.basic and clear,
                negotiate=settings.negotiate,
                clear_text=clear,
            )
        return self._authentication

    def _body(self) -> bytes | None:
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return self._chunks()
        text = self.headers.get("Content-Length") or "0"
        if not text.isdigit() or int(text) > _LONGEST_BODY:
            self.close_connection = True
            self._reply(413 if text.isdigit() else 400)
            return None
        return self.rfile.read(int(text))

    def _chunks(self) -> bytes:
        body = bytearray()
        while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
            body += self.rfile.read(size)
            self.rfile.readline()
            if len(body) > _LONGEST_BODY:
                raise OSError("the body is too long")
        while self.rfile.readline() not in (b"\r\n", b"\n", b""):
            pass
        return bytes(body)

    def _reply(
        self, status: int, body: bytes = b"", content_type: str = _SOAP, headers: list[tuple[str, str]] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers or []:
            self.send_header(name, value)
        if body:
            self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def version_string(self) -> str:
        """What the Server header says."""
        return self.server_version

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing is printed."""
