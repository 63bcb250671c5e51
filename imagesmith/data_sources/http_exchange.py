"""One HTTP request and its answer, with limits on time and size, the environment's proxies and a private CA.

Errors name the server, never the whole address: its user part and its query may hold secrets.
"""

from __future__ import annotations

import base64
import http.client
import os
import ssl
import threading
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit

from imagesmith.data_sources.http_proxies import proxies_for
from imagesmith.errors import ImagesmithError, WaitTimeout
from imagesmith.version import __version__
from imagesmith.waiting import CancelToken

LARGEST = 16 << 20
"""The largest body that is taken, in bytes."""

_CHUNK = 64 << 10
_CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_FOR_ONE_HOST = ("authorization", "cookie", "cookie2", "www-authenticate")


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for."""

    url: str
    method: str
    headers: Mapping[str, str]
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; names of headers are spelled Like-This, values of one name are joined by commas."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def exchange(request: Request, *, timeout_s: float, cancel: CancelToken) -> Answer:
    """Send the request, follow redirects, read the whole answer.

    Raises `ImagesmithError` for a status that is not 2xx, for a body over `LARGEST` and for a server that can't be
    reached or trusted, `WaitTimeout` after ``timeout_s`` seconds, and what ``cancel`` says.
    """
    deadline = time.monotonic() + timeout_s
    done: list[Answer] = []
    failure: list[Exception] = []
    over = threading.Event()

    def work() -> None:
        try:
            done.append(_answer(request, deadline))
        except Exception as error:  # noqa: BLE001 - it is raised again where it is waited for
            failure.append(error)
        over.set()

    # A server that sends a byte now and then outlives every timeout of a socket, so nobody waits for the socket.
    threading.Thread(target=work, name="http-data-source", daemon=True).start()
    forget = cancel.on_cancel(over.set)
    finished = over.wait(timeout_s)
    forget()
    if done:
        return done[0]
    cancel.check()
    server = _server(request.url)
    if not finished or _is_timeout(failure[0]):
        raise WaitTimeout(f"{server} has not answered within {timeout_s:g} s", hint="check url, or raise timeout")
    raise _as_ours(failure[0], server)


def _answer(request: Request, deadline: float) -> Answer:
    url, login = _without_login(request.url)
    opener = _opener(url)
    headers = {"User-Agent": f"imagesmith/{__version__}", **login, **request.headers}
    asked = urllib.request.Request(url, request.body, headers, method=request.method)  # noqa: S310 - checked
    try:
        with opener.open(asked, timeout=max(0.05, deadline - time.monotonic())) as response:
            return Answer(response.status, _headers(response.headers), _body(response, deadline))
    except HTTPError as error:
        with error:
            raise _refused(error, _server(request.url)) from None


def _refused(error: HTTPError, server: str) -> ImagesmithError:
    reason = f" {error.reason}" if error.reason else ""
    hint = "An answer from 200 to 299 is wanted"
    if error.code in (401, 403):
        hint = "Give what it wants in request_headers"
    elif error.code == 407:
        hint = "Give user and password in the variable of the proxy: http://user:password@host:port"
    return ImagesmithError(f"{server} answered {error.code}{reason}", hint=hint)


def _body(response: http.client.HTTPResponse, deadline: float) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while chunk := response.read1(_CHUNK):
        size += len(chunk)
        chunks.append(chunk)
        if size > LARGEST:
            raise ImagesmithError(f"the answer is larger than {LARGEST >> 20} MiB", hint="Fetch it in a provisioner")
        if time.monotonic() > deadline:
            raise TimeoutError
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return b"".join(chunks)


def _headers(found: Message) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in found.items():
        spelled = "-".join(part.capitalize() for part in name.split("-"))
        headers[spelled] = f"{headers[spelled]}, {value}" if spelled in headers else value
    return headers


def _opener(url: str) -> urllib.request.OpenerDirector:
    """Opens http and https only: no files, no FTP."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(proxies_for(url)),
        urllib.request.HTTPHandler(),
        _Https(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
        _Redirects(),
    ):
        opener.add_handler(handler)
    return opener


class _Https(urllib.request.AbstractHTTPHandler):
    """Reads certificates only where TLS is spoken: that takes longer than most answers."""

    https_request = urllib.request.AbstractHTTPHandler.do_request_

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(http.client.HTTPSConnection, request, context=_trust())


def _trust() -> ssl.SSLContext:
    """The system's authorities, and those of the bundle that the environment names."""
    context = ssl.create_default_context()
    for name in _CA_VARIABLES:
        if path := os.environ.get(name):
            try:
                context.load_verify_locations(path)
            except (OSError, ssl.SSLError) as error:
                reason = getattr(error, "strerror", None) or "it holds no certificate"
                raise ImagesmithError(f"{name}: can't use {path}: {reason}") from None
    return context


class _Redirects(urllib.request.HTTPRedirectHandler):
    """307 and 308 keep method and body; what is meant for one server is not sent to another."""

    max_redirections = 10

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme not in ("http", "https"):
            fp.close()
            raise ImagesmithError(f"{_server(req.full_url)} redirects to something that is no web server")
        keeps = code in (307, 308) or req.get_method() in ("GET", "HEAD")
        sent = {name: value for name, value in req.headers.items() if keeps or not name.lower().startswith("content-")}
        if _server(newurl) != _server(req.full_url):
            sent = {name: value for name, value in sent.items() if name.lower() not in _FOR_ONE_HOST}
        data = req.data if keeps else None
        method = req.get_method() if keeps else "GET"
        return urllib.request.Request(newurl, data, sent, method=method)  # noqa: S310 - checked above


def _without_login(url: str) -> tuple[str, dict[str, str]]:
    """The address without ``user:password@``, and the header that says the same."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, {}
    encoded = base64.b64encode(unquote(user if ":" in user else f"{user}:").encode()).decode()
    return parts._replace(netloc=host).geturl(), {"Authorization": f"Basic {encoded}"}


def _server(url: str) -> str:
    """Where a request goes, without what may be secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _is_timeout(error: Exception) -> bool:
    return isinstance(error, TimeoutError) or (isinstance(error, URLError) and isinstance(error.reason, TimeoutError))


def _as_ours(error: Exception, server: str) -> ImagesmithError:
    if isinstance(error, ImagesmithError):
        return error
    cause = error.reason if isinstance(error, URLError) and isinstance(error.reason, Exception) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        hint = "Name the bundle with your CA in SSL_CERT_FILE"
        return ImagesmithError(f"the certificate of {server} is not trusted: {cause.verify_message}", hint=hint)
    if isinstance(cause, ssl.SSLError):
        return ImagesmithError(f"{server} does not speak TLS as it should: {cause.reason or 'the handshake failed'}")
    if isinstance(cause, http.client.IncompleteRead):
        return ImagesmithError(f"the answer of {server} ends too early")
    if isinstance(cause, http.client.HTTPException):
        return ImagesmithError(f"{server} does not speak HTTP")
    reason = getattr(cause, "strerror", None) or type(cause).__name__
    hint = "Check url, and the proxy variables HTTP_PROXY, HTTPS_PROXY and NO_PROXY"
    return ImagesmithError(f"{server} can't be reached: {reason}", hint=hint)
