"""What stores that are asked over HTTP share: a session as the environment wants it, and failures in plain words."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from imagesmith.cloud_calls.endpoint import is_loopback
from imagesmith.cloud_calls.http_session import Distrusted, NotSent, ca_bundle, classify
from imagesmith.errors import AnswerLost, CloudError, ServiceUnavailable

Verify = bool | str


class _NamedServer(HTTPAdapter):
    """Expects the certificate of another name than the address has (``VAULT_TLS_SERVER_NAME``)."""

    def __init__(self, name: str) -> None:
        self._name = name
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, server_hostname=self._name, **kwargs)


def session(
    url: str, *, verify: Verify, client: tuple[str, str] | None = None, server_name: str = "", proxy: str = ""
) -> requests.Session:
    """A session for one store. Proxies and ``REQUESTS_CA_BUNDLE`` are the environment's; none for loopback.

    ``client`` are the files of a client certificate and its key.
    """
    made = requests.Session()
    made.verify, made.cert = verify, client
    made.trust_env = not is_loopback(urlsplit(url).hostname or "")
    if proxy:
        made.proxies = {"http": proxy, "https": proxy}
    if server_name:
        made.mount("https://", _NamedServer(server_name))
    return made


def trust(*given: str, check: bool) -> Verify:
    """Which certificates are trusted: the first given file or folder, what the environment names, or the usual ones."""
    if not check:
        return False
    return next((path for path in given if path), "") or ca_bundle() or True


@contextmanager
def without_remarks(made: requests.Session) -> Iterator[None]:
    """Python's remark on unchecked certificates says nothing new to somebody who has asked for that."""
    if made.verify is not False:
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def failed(error: Exception, store: str, url: str, setting: str) -> CloudError:
    """A request that brought no answer. ``setting`` is the environment variable that holds the address."""
    if isinstance(error, OSError) and not isinstance(error, requests.RequestException):
        return CloudError(
            f"{store}: a certificate or key file can't be read", hint="Check the paths in the environment"
        )
    if not isinstance(error, requests.RequestException):
        return CloudError(f"{store} at {shown(url)} gave an answer that can't be read", hint=f"Check {setting}")
    meaning = classify(error)
    if isinstance(meaning, Distrusted):
        hint = "Name the file with your CA in the environment (REQUESTS_CA_BUNDLE, SSL_CERT_FILE or the store's own)"
        return CloudError(f"the certificate of {store} at {shown(url)} is not trusted: {meaning}", hint=hint)
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return CloudError(f"{setting} is not an address that can be asked", hint="Write http(s)://host:port")
    if isinstance(meaning, NotSent):
        hint = f"Check {setting}, and that the store is running"
        return ServiceUnavailable(f"{store} at {shown(url)} can't be reached: {meaning}", hint=hint)
    return AnswerLost(f"{store} at {shown(url)} gave no answer: {meaning}", hint=f"Check {setting}")


def shown(url: str) -> str:
    """The address without a user, a password or a query in it."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}".rstrip("/")
