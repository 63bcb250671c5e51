"""The data source ``http`` against servers on loopback."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from imagesmith.data_sources.http import Http
from imagesmith.data_sources.http_exchange import LARGEST
from imagesmith.errors import Cancelled, ImagesmithError, TemplateError, WaitTimeout
from imagesmith.options import complete
from imagesmith.version import __version__
from tests.data_sources.conftest import Reader, Web


def test_an_answer_has_a_body_and_headers(web: Web, read: Reader) -> None:
    web.text("/a?b=c", "hellö\n", x_one="1")
    found = read(f"{web.url}/a?b=c")
    assert (found["url"], found["body"]) == (f"{web.url}/a?b=c", "hellö\n")
    assert found["request_headers"] == found["response_headers"]
    assert found["request_headers"]["X-One"] == "1"
    assert found["request_headers"]["Content-Type"] == "text/plain"
    assert (web.asked[0].method, web.asked[0].headers["User-Agent"]) == ("GET", f"imagesmith/{__version__}")
    assert read.warnings == []


def test_headers_of_one_name_are_joined(web: Web, read: Reader) -> None:
    def twice(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("x-many", "a")
        handler.send_header("X-MANY", "b")
        handler.end_headers()

    web.answers["/"] = twice
    assert read(f"{web.url}/")["request_headers"]["X-Many"] == "a, b"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_every_method_sends_headers_and_body(web: Web, read: Reader, method: str) -> None:
    web.text("/", "done", status=201)
    found = read(f"{web.url}/", method=method, request_headers={"X-Token": "t"}, request_body='{"a": 1}')
    asked = web.asked[0]
    assert (asked.method, asked.headers["X-Token"], asked.body) == (method, "t", b'{"a": 1}')
    assert found["body"] == ("" if method == "HEAD" else "done")


@pytest.mark.parametrize(
    ("status", "hint"), [(404, "from 200 to 299"), (500, "from 200 to 299"), (401, "request_headers"), (304, "299")]
)
def test_any_other_status_is_an_error(web: Web, read: Reader, status: int, hint: str) -> None:
    web.text("/x", "secret body", status=status)
    with pytest.raises(ImagesmithError, match=f"{web.url} answered {status}") as caught:
        read(f"{web.url}/x")
    assert hint in caught.value.hint


def test_an_error_tells_neither_login_nor_query(web: Web, read: Reader) -> None:
    with pytest.raises(ImagesmithError) as caught:
        read(web.url.replace("://", "://me:hunter2@") + "/x?token=hunter3")
    assert "hunter" not in str(caught.value)
    assert web.asked[0].headers["Authorization"] == "Basic bWU6aHVudGVyMg=="


def test_redirects_are_followed_and_a_token_stays_with_its_server(
    web: Web, serve: Callable[..., Web], read: Reader
) -> None:
    other = serve()
    web.text("/first", "", status=302, Location="/second")
    web.text("/second", "", status=301, Location=f"{other.url}/third")
    other.text("/third", "there")
    found = read(f"{web.url}/first", request_headers={"Authorization": "Bearer t", "X-Kind": "k"})
    assert (found["body"], found["url"]) == ("there", f"{web.url}/first")
    assert web.asked[1].headers["Authorization"] == "Bearer t"
    assert "Authorization" not in other.asked[0].headers
    assert other.asked[0].headers["X-Kind"] == "k"


@pytest.mark.parametrize(
    ("status", "then"), [(302, ("GET", b"")), (303, ("GET", b"")), (307, ("POST", b"x")), (308, ("POST", b"x"))]
)
def test_a_redirected_post_keeps_its_body_where_it_should(web: Web, read: Reader, status: int, then: Any) -> None:
    web.text("/first", "", status=status, Location="/second")
    web.text("/second", "ok")
    read(f"{web.url}/first", method="POST", request_body="x")
    assert (web.asked[1].method, web.asked[1].body) == then


def test_redirects_without_end_and_to_files_are_errors(web: Web, read: Reader) -> None:
    web.text("/round", "", status=302, Location="/round")
    with pytest.raises(ImagesmithError, match="answered 302"):
        read(f"{web.url}/round")
    assert len(web.asked) <= 11
    for target in ("file:///etc/passwd", "ftp://127.0.0.1/x"):
        web.text("/away", "", status=302, Location=target)
        with pytest.raises(ImagesmithError):
            read(f"{web.url}/away")


def test_a_private_ca_is_trusted_when_the_environment_names_it(
    serve: Callable[..., Web], read: Reader, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    web = serve(certificate)
    web.text("/", "private")
    with pytest.raises(ImagesmithError, match="is not trusted") as caught:
        read(f"{web.url}/")
    assert "SSL_CERT_FILE" in caught.value.hint
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        with monkeypatch.context() as patch:
            patch.setenv(name, str(certificate))
            assert read(f"{web.url}/")["body"] == "private"
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/file")
    with pytest.raises(ImagesmithError, match="REQUESTS_CA_BUNDLE: can't use /no/file"):
        read(f"{web.url}/")


def test_a_proxy_is_used_except_where_no_proxy_says_so(web: Web, read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    web.text("http://10.1.2.3/x", "by proxy")
    monkeypatch.setenv("http_proxy", web.url)
    assert read("http://10.1.2.3/x")["body"] == "by proxy"
    web.text("/direct", "direct")
    assert read(f"{web.url}/direct")["body"] == "direct", "this machine itself is never asked for by a proxy"
    monkeypatch.setenv("no_proxy", "example.com,10.0.0.0/8")
    before = len(web.asked)
    with pytest.raises(ImagesmithError):
        read("http://10.1.2.3/x", timeout=0.3)
    assert len(web.asked) == before


def test_nobody_there_is_told_with_the_reason(read: Reader) -> None:
    with pytest.raises(ImagesmithError, match=r"http://127.0.0.1:1 can't be reached: Connection refused") as caught:
        read("http://127.0.0.1:1/x")
    assert "NO_PROXY" in caught.value.hint


def test_a_body_that_is_too_large_is_refused(web: Web, read: Reader) -> None:
    web.answers["/big"] = (200, {"Content-Type": "text/plain"}, b"x" * (LARGEST + 1))
    with pytest.raises(ImagesmithError, match="larger than 16 MiB"):
        read(f"{web.url}/big")
    web.answers["/fits"] = (200, {"Content-Type": "text/plain"}, b"x" * LARGEST)
    assert len(read(f"{web.url}/fits")["body"]) == LARGEST


def test_a_silent_and_a_dripping_server_end_at_the_timeout(web: Web, read: Reader) -> None:
    over = threading.Event()

    def silent(handler: BaseHTTPRequestHandler) -> None:
        over.wait(10)

    def dripping(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\n")
        while not over.wait(0.05):
            handler.wfile.write(b"X: y")

    web.answers |= {"/silent": silent, "/dripping": dripping}
    try:
        for path in web.answers:
            began = time.monotonic()
            with pytest.raises(WaitTimeout, match=r"has not answered within 0.4 s"):
                read(f"{web.url}{path}", timeout=0.4)
            assert time.monotonic() - began < 2
    finally:
        over.set()


def test_cancelling_ends_the_wait(web: Web, read: Reader) -> None:
    over = threading.Event()

    def silent(handler: BaseHTTPRequestHandler) -> None:
        read.cancel.cancel("enough")
        over.wait(10)

    web.answers["/"] = silent
    try:
        with pytest.raises(Cancelled):
            read(f"{web.url}/")
    finally:
        over.set()


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"HTTP/1.0 200 OK\r\nContent-Length: 10\r\n\r\nabc", "ends too early"),
        (b"nonsense\r\n\r\n", "does not speak HTTP"),
        (b"", "does not speak HTTP|can't be reached"),
    ],
)
def test_a_broken_answer_is_told(web: Web, read: Reader, sent: bytes, said: str) -> None:
    def broken(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(sent)

    web.answers["/"] = broken
    with pytest.raises(ImagesmithError, match=said):
        read(f"{web.url}/")


def test_what_is_no_text_is_a_warning(web: Web, read: Reader) -> None:
    web.answers["/a"] = (200, {"Content-Type": "image/png"}, b"\x89PNG\xff")
    assert read(f"{web.url}/a")["body"] == "\ufffdPNG\ufffd"
    assert [text.partition(",")[0] for text in read.warnings] == [
        "the answer says that it is image/png",
        "the answer is not UTF-8 text; what can't be read in it is replaced",
    ]
    read.warnings.clear()
    for kind in ("application/json; charset=utf-8", "text/html", "application/problem+json"):
        web.answers["/b"] = (200, {"Content-Type": kind}, b"{}")
        read(f"{web.url}/b")
    assert read.warnings == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"url": "example.com"}, "url is not an address"),
        ({"url": "file:///etc/passwd"}, "url is not an address"),
        ({"url": "http://a b/"}, "url is not an address"),
        ({"url": "http://a:99999/"}, "url is not an address"),
        ({"url": "http://[::1/"}, "url is not an address"),
        ({"url": "http://a/", "request_headers": {"a b": "c"}}, "can't be the name of a header"),
        ({"url": "http://a/", "request_headers": {"a": "c\r\nd: e"}}, "has a line break"),
        ({"url": "http://a/", "timeout": 0.0}, "timeout must be more than 0"),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(TemplateError, match=said):
        complete(Http(**options), {})
