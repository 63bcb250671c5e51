"""Why there is no WinRM connection, and what to do about it: one error class per cause."""

from __future__ import annotations

import errno
import ipaddress
import re
import socket
import ssl
from collections.abc import Iterable

import requests
import urllib3.exceptions

from imagesmith.errors import (
    AuthenticationFailed,
    ConnectError,
    ConnectionRefused,
    HostKeyMismatch,
    KeyExchangeFailed,
    SilentPeer,
    UnexpectedProtocol,
    Unreachable,
)
from imagesmith.ways_in.last_words import without_controls
from imagesmith_winrm.sockets import WrongCertificate
from imagesmith_winrm.target import Target
from imagesmith_winrm.wsman import causes_of

METHODS = {"basic": "basic", "ntlm": "negotiate", "kerberos": "negotiate", "credssp": "credssp"}
"""The ways to authenticate, with the name by which a service offers each."""

_ENABLE = (
    "WinRM has to be enabled in the image or by user data (winrm quickconfig, with a firewall rule); "
    "check winrm_port, and winrm_use_ssl"
)
_OF_WINDOWS = "Microsoft-HTTPAPI"


def classify(target: Target, error: BaseException) -> ConnectError:
    """The cause of a failed exchange, whatever requests, urllib3 and pywinrm have wrapped it in."""
    causes = list(causes_of(error))
    for look in (_tls_failure, _dial_failure, _strange_answer):
        found = look(target, causes)
        if found:
            return found
    if any(isinstance(cause, requests.ReadTimeout | urllib3.exceptions.ReadTimeoutError) for cause in causes):
        return SilentPeer(
            f"{target} accepts connections but does not answer",
            hint="the guest may still be starting, or a load balancer or firewall answers in its place",
        )
    return SilentPeer(
        f"{target} breaks the connection off", hint="the guest may still be starting, or the service is restarting"
    )


def _tls_failure(target: Target, causes: list[BaseException]) -> ConnectError | None:
    for cause in causes:
        if isinstance(cause, WrongCertificate):
            return HostKeyMismatch(
                f"the TLS certificate of {target} is none of winrm_certificate_fingerprints",
                hint="the guest has made another certificate, or somebody is in between; check the fingerprint",
            )
        if isinstance(cause, ssl.SSLCertVerificationError):
            return HostKeyMismatch(
                f"the TLS certificate of {target} is not trusted: {cause.verify_message or 'it can not be verified'}",
                hint="name it in winrm_certificate_fingerprints, or its CA in REQUESTS_CA_BUNDLE; "
                "winrm_insecure = true trusts any",
            )
    for cause in causes:
        if isinstance(cause, ssl.SSLError):
            if cause.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE"):
                return UnexpectedProtocol(
                    f"{target} does not speak TLS", hint="check winrm_port, or set winrm_use_ssl = false"
                )
            if isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError):
                return None
            return KeyExchangeFailed(
                f"{target} and this host agree on no TLS: {cause.reason or cause}".lower().replace("tls", "TLS"),
                hint="the guest must offer TLS 1.2 or newer with a cipher that OpenSSL here allows",
            )
    return None


def _dial_failure(target: Target, causes: list[BaseException]) -> ConnectError | None:
    if any(isinstance(cause, requests.exceptions.ProxyError | urllib3.exceptions.ProxyError) for cause in causes):
        return Unreachable(
            f"the proxy does not let the connection to {target} through",
            hint="check HTTP_PROXY and NO_PROXY, or set winrm_no_proxy = true",
        )
    for cause in causes:
        if isinstance(cause, ConnectionRefusedError):
            return listener_not_up(target, "it refuses the connection")
        if isinstance(cause, socket.gaierror):
            return Unreachable(
                f'the host name "{target.host}" is not known ({cause.strerror})', hint="check winrm_host"
            )
        if isinstance(cause, OSError) and cause.errno == errno.ETIMEDOUT:
            return Unreachable(f"{target} does not answer: packets are dropped on the way", hint=_way_hint(target))
    for cause in causes:
        if isinstance(cause, OSError) and cause.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EADDRNOTAVAIL):
            return Unreachable(f"{target} can't be reached: {(cause.strerror or '').lower()}", hint=_way_hint(target))
    return None


def _strange_answer(target: Target, causes: list[BaseException]) -> ConnectError | None:
    import http.client

    for cause in causes:
        if isinstance(cause, http.client.RemoteDisconnected):
            return None
        if isinstance(cause, http.client.BadStatusLine | http.client.LineTooLong):
            return not_winrm(target, f'it says "{without_controls(str(cause))[:80].strip()}"')
    return None


def listener_not_up(target: Target, how: str) -> ConnectionRefused:
    """The guest is there, its WinRM listener is not."""
    return ConnectionRefused(f"the WinRM listener of {target} is not up: {how}", hint=_ENABLE)


def not_winrm(target: Target, why: str) -> UnexpectedProtocol:
    """Something else answers."""
    return UnexpectedProtocol(
        f"{target} does not speak WinRM: {why}",
        hint="check winrm_port and winrm_use_ssl: another service listens there",
    )


def _way_hint(target: Target) -> str:
    if target.kind == "private" or _is_private(target.host):
        return (
            f"{target.host} is a private address: run this inside the same VPC (or connect to it by VPN), "
            f"or use a public address; the security group must let port {target.port} in"
        )
    return (
        f"let port {target.port} in for this host's address in the security group and in the guest's firewall, "
        "and check that a firewall here lets it out"
    )


def _is_private(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_private and not address.is_loopback


def offered(target: Target, answer: requests.Response) -> frozenset[str]:
    """The ways to authenticate that a service names when it is asked without any (lower case).

    Raises the classified error for an answer that is not WinRM's.
    """
    server = answer.headers.get("Server", "")
    if answer.status_code == 401:
        found = re.findall(r"(?:^|,)\s*([A-Za-z]+)", answer.headers.get("WWW-Authenticate", ""))
        names = frozenset(name.lower() for name in found)
        if "ntlm" in names:
            names |= {"negotiate"}
        if names & {*METHODS.values(), "kerberos"}:
            return names
        raise not_winrm(target, f"it asks for a login by {', '.join(sorted(names)) or 'nothing known'}")
    if answer.status_code == 407:
        raise Unreachable(
            f"the proxy on the way to {target} wants a login", hint="give HTTP_PROXY as http://USER:PASSWORD@HOST:PORT"
        )
    if answer.status_code in (502, 504):
        raise Unreachable(f"the proxy does not reach {target}", hint=_way_hint(target))
    if answer.status_code in (404, 503) and _OF_WINDOWS in server:
        raise listener_not_up(target, f"Windows answers with HTTP status {answer.status_code}")
    by = f" of {without_controls(server)[:60]}" if server else ""
    raise not_winrm(target, f"HTTP status {answer.status_code}{by} instead of WinRM's request for a login")


def not_offered(target: Target, method: str, names: Iterable[str]) -> AuthenticationFailed:
    """The way to authenticate that was asked for is not on offer."""
    return AuthenticationFailed(
        f"the WinRM service of {target} does not offer {method}; it offers {', '.join(sorted(names))}",
        hint="set winrm_auth or winrm_use_ntlm to what is offered; basic without TLS needs AllowUnencrypted",
    )


def login_refused(target: Target, method: str) -> AuthenticationFailed:
    """The service does not take the user and password."""
    return AuthenticationFailed(
        f'{target} does not let user "{target.username}" in with this password ({method})',
        hint="check winrm_username and winrm_password; user data may not have set the password yet",
    )


def no_shell(target: Target, words: str, code: int) -> ConnectError:
    """Logged in, but the service opens no shell (5: access denied)."""
    if code == 5:
        return AuthenticationFailed(
            f'{target} opens no shell for user "{target.username}": {words}',
            hint="the user must be in the group Administrators or Remote Management Users",
        )
    return ConnectError(
        f"the WinRM service of {target} opens no shell: {words}",
        hint="look at its limits in the guest: winrm get winrm/config",
    )
