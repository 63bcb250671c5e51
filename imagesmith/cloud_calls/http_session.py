"""The HTTP session that the calls of an SDK go through instead of its own.

SDKs ignore NO_PROXY or REQUESTS_CA_BUNDLE or raise the whole URL, which may hold passwords and user data. This session
honours the environment, for every cloud alike, and tells failures apart by what they mean for the caller.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.exceptions import InsecureRequestWarning, NameResolutionError, NewConnectionError

from imagesmith.cloud_calls.endpoint import Endpoint

_POOL = 64
_BODILESS = (202, 204)
"""Statuses with which an API of the OpenStack kind says that it has done, or will do, what was asked."""


class NotSent(Exception):
    """The request never left: no address, nobody listening, a proxy that refuses."""


class Distrusted(Exception):
    """The other side's certificate is not trusted; nothing was sent."""


class Unanswered(Exception):
    """The request was sent, but no answer of the API came back: the cloud may have acted."""


class EndpointSession(requests.Session):
    """Connections to one endpoint, shared by every build of the process that uses it."""

    def __init__(self, endpoint: Endpoint, *, insecure: bool = False) -> None:
        """``insecure``: certificates are not checked, because somebody asked for that."""
        super().__init__()
        self.endpoint = endpoint
        self.insecure = insecure
        self.trust_env = False
        if insecure:
            urllib3.disable_warnings(InsecureRequestWarning)  # it would be printed once for each call
        adapter = HTTPAdapter(pool_connections=2, pool_maxsize=_POOL)
        self.mount("http://", adapter)
        self.mount("https://", adapter)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send and read the whole answer. Raises `NotSent`, `Distrusted` or `Unanswered`, which hold no URL."""
        verify = False if self.insecure else (ca_bundle() or True)
        kwargs |= {"proxies": self._proxies(), "verify": verify, "cert": None, "allow_redirects": False}
        failure: Exception
        try:
            answer = super().send(request, **kwargs)
        except requests.RequestException as error:
            failure = classify(error, kwargs.get("timeout"))
        else:
            if _is_json(answer):
                return answer
            failure = Unanswered(f"HTTP {answer.status_code} without an answer of the API, perhaps from a gateway")
        raise failure

    def _proxies(self) -> dict[str, str]:
        """The environment's proxies, as NO_PROXY allows; never any for loopback."""
        if self.endpoint.is_loopback:
            return {}
        return dict(get_environ_proxies(str(self.endpoint)))


def ca_bundle() -> str:
    """The private CA bundle that the environment names; "" for the built-in one."""
    names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
    return next((path for name in names if (path := os.environ.get(name))), "")


def classify(error: requests.RequestException, timeout: Any = None) -> Exception:
    """What a failed exchange means: whether the request can have reached the cloud, in words without its URL."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Distrusted(cause.verify_message or "the certificate is not trusted")
    if isinstance(error, requests.exceptions.ProxyError):
        return NotSent("the proxy does not let the call through")
    if any(isinstance(cause, NameResolutionError | socket.gaierror) for cause in causes):
        return NotSent("the host name is not known")
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return NotSent("the connection was refused")
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return NotSent("the connection was not accepted in time")
    if any(isinstance(cause, NewConnectionError) for cause in causes):
        return NotSent("no connection could be made")
    if isinstance(error, requests.exceptions.SSLError):
        return NotSent("the TLS handshake failed")
    if isinstance(error, requests.exceptions.ReadTimeout):
        seconds = timeout[1] if isinstance(timeout, tuple) else timeout
        return Unanswered(f"no answer within {seconds:g} s" if seconds else "no answer in time")
    return Unanswered("the connection broke before the answer came")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and everything that it wraps, as requests and urllib3 nest it."""
    seen: set[int] = set()
    pending: list[object] = [error]
    while pending:
        one = pending.pop()
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        pending += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]


def _is_json(answer: requests.Response) -> bool:
    if not answer.content and answer.status_code in _BODILESS:
        return True
    try:
        return isinstance(json.loads(answer.content), dict)
    except ValueError:
        return False


class _NoQueries(logging.Filter):
    """Cuts the query, which holds passwords and user data, out of urllib3's debug lines about our endpoints."""

    def __init__(self) -> None:
        super().__init__()
        self.hosts: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple) and any(str(part) in self.hosts for part in record.args):
            record.args = tuple(
                part.partition("?")[0] if isinstance(part, str) and "?" in part else part for part in record.args
            )
        return True


_no_queries = _NoQueries()


def keep_queries_out_of_logs(endpoint: Endpoint) -> None:
    """From now on urllib3 logs calls to this endpoint without what they carry."""
    _no_queries.hosts.add(endpoint.host.partition(":")[0])
    logger = logging.getLogger("urllib3.connectionpool")
    if _no_queries not in logger.filters:
        logger.addFilter(_no_queries)
