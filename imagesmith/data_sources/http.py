"""``http``: the answer to one HTTP request.

Source: Packer's data source of this name; its output ``request_headers`` holds the headers of the answer there too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar
from urllib.parse import urlsplit

from imagesmith.errors import Diagnostic
from imagesmith.interfaces import DataContext, Output
from imagesmith.options import Duration, Options, option

_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
_TEXT = ("text/", "application/json", "application/xml", "application/samlmetadata+xml")


class Http(Options):
    """What a web server says, read before the build. Template name: ``http``."""

    outputs: ClassVar[tuple[Output, ...]] = (
        Output("url", "string", "The address that was asked."),
        Output("body", "string", "The body of the answer, as UTF-8 text."),
        Output("request_headers", "map(string)", "The headers of the answer (the name is Packer's)."),
        Output("response_headers", "map(string)", "The same under the right name; Packer has it not."),
    )

    url: str = option(doc="The address, http:// or https://.")
    method: str = option(default="GET", choices=_METHODS, doc="The method of the request.")
    request_headers: Mapping[str, str] = option(default={}, secret=True, doc="Headers to send.")
    request_body: str = option(default="", secret=True, doc="The body to send.")
    timeout: Duration = option(default=60.0, doc="How long the whole exchange may take. Packer has no such option.")

    def problems(self) -> Iterator[Diagnostic]:
        if self.url:
            yield from _url_problems(self.url)
        for name, value in self.request_headers.items():
            if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum():
                yield Diagnostic(f'request_headers: "{name}" can\'t be the name of a header')
            if any(character in value for character in "\r\n\0"):
                text = f'request_headers: the value of "{name}" has a line break'
                yield Diagnostic(text, hint="Use chomp or trimspace")
        if self.timeout <= 0:
            yield Diagnostic("timeout must be more than 0")
        yield from super().problems()

    def read(self, context: DataContext) -> Mapping[str, object]:
        """Raises `imagesmith.errors.ImagesmithError` for an answer other than 2xx, and for none within the timeout."""
        from imagesmith.data_sources import http_exchange

        request = http_exchange.Request(
            url=self.url,
            method=self.method,
            headers=dict(self.request_headers),
            body=self.request_body.encode() if self.request_body else None,
        )
        answer = http_exchange.exchange(request, timeout_s=self.timeout, cancel=context.cancel)
        kind = answer.headers.get("Content-Type", "")
        if kind and not _is_text(kind):
            context.warn(f"the answer says that it is {kind.partition(';')[0].strip()}, which may be no text")
        try:
            body = answer.body.decode("utf-8")
        except UnicodeDecodeError:
            context.warn("the answer is not UTF-8 text; what can't be read in it is replaced")
            body = answer.body.decode("utf-8", "replace")
        headers = dict(answer.headers)
        return {"url": self.url, "body": body, "request_headers": headers, "response_headers": headers}


def _is_text(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind.startswith(_TEXT) or kind.endswith(("+json", "+xml"))


def _url_problems(url: str) -> Iterator[Diagnostic]:
    try:
        parts = urlsplit(url)
        usable = parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or any(character <= " " or character == "\x7f" for character in url):
        yield Diagnostic("url is not an address", hint='Write it like "https://example.com/path"')
