"""The HTTP session that pywinrm's messages go through instead of its own.

pywinrm's own warns of every proxy and private CA that the environment names, and can't pin a certificate. This one
honours HTTP_PROXY, HTTPS_PROXY, NO_PROXY and the private CA bundle as `imagesmith.cloud_calls.http_session` does.
"""

from __future__ import annotations

import functools
import ipaddress
import os
from typing import TYPE_CHECKING, Any

import requests
import requests.auth
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from imagesmith.errors import MissingDependency
from imagesmith_winrm.sockets import Line, PlainConnection, TlsConnection

if TYPE_CHECKING:
    from imagesmith_winrm.target import Target

_HEADERS = {"Content-Type": "application/soap+xml;charset=UTF-8", "User-Agent": "imagesmith"}
_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


class Session(requests.Session):
    """One connection to one target; ``read_s`` bounds the wait for each answer."""

    def __init__(self, target: Target, line: Line) -> None:
        super().__init__()
        self.trust_env = False
        self.target = target
        self.line = line
        self.read_s = 30.0
        self.headers.update(_HEADERS)
        adapter = _Adapter(line)
        self.mount("http://", adapter)
        self.mount("https://", adapter)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send and read the whole answer; never follows a redirect."""
        verify: bool | str = _ca_bundle() or True
        if self.target.insecure or self.target.pins:
            verify = False
        kwargs |= {
            "proxies": proxies(self.target),
            "verify": verify,
            "cert": None,
            "allow_redirects": False,
            "timeout": (self.line.dial_s, self.read_s),
        }
        return super().send(request, **kwargs)


class _Adapter(HTTPAdapter):
    def __init__(self, line: Line) -> None:
        self._line = line
        super().__init__(pool_connections=1, pool_maxsize=1)

    def get_connection_with_tls_context(self, *arguments: Any, **keywords: Any) -> Any:
        pool = super().get_connection_with_tls_context(*arguments, **keywords)
        made: Any = pool
        kind = TlsConnection if pool.scheme == "https" else PlainConnection
        made.ConnectionCls = functools.partial(kind, line=self._line)
        return pool


def proxies(target: Target) -> dict[str, str]:
    """The environment's proxies, as NO_PROXY and ``winrm_no_proxy`` allow; never any for loopback."""
    if not target.proxies or _is_loopback(target.host):
        return {}
    return dict(get_environ_proxies(target.url))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _ca_bundle() -> str:
    """The private CA bundle that the environment names; "" for the built-in one."""
    return next((path for name in _CA_VARIABLES if (path := os.environ.get(name))), "")


def authentication(target: Target, method: str) -> Any:
    """What proves who we are, for requests. Raises `MissingDependency` for what is not installed."""
    if method == "basic":
        return requests.auth.HTTPBasicAuth(target.username.encode(), target.password.encode())
    if method == "ntlm":
        from requests_ntlm import HttpNtlmAuth

        return HttpNtlmAuth(target.username, target.password)
    if method == "credssp":
        try:
            from requests_credssp import HttpCredSSPAuth
        except ImportError as error:
            raise MissingDependency("requests-credssp, which CredSSP needs,", "winrm-credssp") from error
        return HttpCredSSPAuth(target.username, target.password)
    return _kerberos(target)


def _kerberos(target: Target) -> Any:
    """With the ticket that ``kinit`` got: Kerberos uses no password of ours."""
    try:
        from winrm.vendor.requests_kerberos import REQUIRED, HTTPKerberosAuth
    except ImportError as error:
        raise MissingDependency("pykerberos, which Kerberos needs,", "winrm-kerberos") from error
    made: Any = HTTPKerberosAuth
    return made(
        mutual_authentication=REQUIRED,
        force_preemptive=True,
        principal=target.username or None,
        sanitize_mutual_error_response=False,
        service="HTTP",
    )
