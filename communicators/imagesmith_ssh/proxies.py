"""Proxies that pass a connection on: SOCKS5 (RFC 1928, RFC 1929) and HTTP CONNECT (RFC 9110 §9.3.6)."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imagesmith.errors import AuthenticationFailed, ConnectError, SilentPeer, UnexpectedProtocol, Unreachable
from imagesmith.ssh_settings import is_loopback
from imagesmith.waiting import CancelToken
from imagesmith_ssh import failures
from imagesmith_ssh.failures import Target
from imagesmith_ssh.wire import Wire, dial

if TYPE_CHECKING:
    from imagesmith.communicator import CommunicatorOptions

_MOST_HEAD_BYTES = 16384
_NO_LOGIN, _BY_PASSWORD, _NONE_OF_THEM = 0, 2, 255
_SOCKS_REPLIES = {
    1: "it failed",
    2: "its rules don't allow it",
    3: "it finds no network there",
    4: "it finds no host there",
    6: "the packets live too short",
    7: "it does not know how",
    8: "it does not know such addresses",
}
_SOCKS_REFUSALS = (2, 7, 8)
_SOCKS_CLOSED = 5
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})(?: ([^\r\n]*))?")
_REFUSED = re.compile(rb"refused|ERR_CONNECT_FAIL 111\b", re.IGNORECASE)
_ALLOW = "let the proxy pass connections on to that host and port, or connect without it"


@dataclass(frozen=True, slots=True)
class Proxy:
    """``kind`` is socks5 or http."""

    kind: str
    target: Target
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return str(self.target)


def proxy_of(options: CommunicatorOptions, host: str) -> Proxy | None:
    """The proxy that leads to this host; None where none is given, and for loopback unless the options ask for it."""
    if not options.ssh_proxy_host or (is_loopback(host) and not options.ssh_proxy_loopback):
        return None
    target = Target(options.ssh_proxy_host, options.ssh_proxy_port, options.ssh_proxy_username, "given", "proxy")
    return Proxy(options.ssh_proxy_type, target, options.ssh_proxy_password)


def dial_through(proxy: Proxy, target: Target, *, timeout_s: float, cancel: CancelToken) -> Wire:
    """Open a connection to the target by way of the proxy.

    Raises a classified `ConnectError`, whose ``hop`` is set when the cause is the proxy, and what ``cancel`` says.
    """
    with _blamed_on(proxy):
        try:
            wire = dial(proxy.target.host, proxy.target.port, timeout_s=timeout_s, cancel=cancel)
        except OSError as error:
            raise failures.no_connection(proxy.target, error) from error
    forget = cancel.on_cancel(wire.shut)
    wire.settimeout(timeout_s)
    try:
        (_socks if proxy.kind == "socks5" else _http)(wire, proxy, target)
    except BaseException:
        wire.close()
        cancel.check()
        raise
    finally:
        forget()
    wire.settimeout(None)
    wire.greeting = b""
    return wire


@contextmanager
def _blamed_on(proxy: Proxy) -> Iterator[None]:
    try:
        yield
    except ConnectError as error:
        error.hop = str(proxy)
        raise


def _socks(wire: Wire, proxy: Proxy, target: Target) -> None:
    with _blamed_on(proxy):
        _socks_login(wire, proxy)
        wire.sendall(b"\x05\x01\x00" + _socks_address(target.host) + target.port.to_bytes(2, "big"))
    head = _exactly(wire, 4, target)
    code = head[1]
    if code == _SOCKS_CLOSED:
        raise failures.no_connection(target, ConnectionRefusedError())
    if code in _SOCKS_REFUSALS:
        with _blamed_on(proxy):
            raise failures.forwarding_refused(target, str(proxy), _SOCKS_REPLIES[code], _ALLOW)
    if code:
        reason = _SOCKS_REPLIES.get(code, f"it says {code}")
        raise Unreachable(f"{proxy} can't reach {target.place}: {reason}", hint=_hint(proxy, target))
    size = {1: 4, 4: 16}.get(head[3]) or _exactly(wire, 1, target)[0]
    _exactly(wire, size + 2, target)


def _socks_login(wire: Wire, proxy: Proxy) -> None:
    named = bool(proxy.target.username or proxy.password)
    wire.sendall(bytes((5, 1 + named, _NO_LOGIN)) + bytes((_BY_PASSWORD,)) * named)
    version, method = _exactly(wire, 2, proxy.target)
    if version != 5:
        raise UnexpectedProtocol(
            f"{proxy} does not speak SOCKS5",
            hint='check ssh_proxy_port; is it an HTTP proxy (ssh_proxy_type = "http")?',
        )
    if method == _NONE_OF_THEM or method not in (_NO_LOGIN, _BY_PASSWORD):
        raise _login_refused(proxy)
    if method == _BY_PASSWORD:
        name, password = proxy.target.username.encode()[:255], proxy.password.encode()[:255]
        wire.sendall(bytes((1, len(name))) + name + bytes((len(password),)) + password)
        if _exactly(wire, 2, proxy.target)[1]:
            raise _login_refused(proxy)


def _login_refused(proxy: Proxy) -> AuthenticationFailed:
    who = f'user "{proxy.target.username}" in with this password' if proxy.target.username else "anybody in by name"
    text = f"{proxy} does not let {who}" if proxy.target.username else f"{proxy} wants a user and a password"
    return AuthenticationFailed(text, hint="check ssh_proxy_username and ssh_proxy_password")


def _socks_address(host: str) -> bytes:
    """Names are looked up by the proxy."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.encode("idna") if not host.isascii() else host.encode()
        return bytes((3, len(name))) + name
    return (b"\x01" if address.version == 4 else b"\x04") + address.packed


def _http(wire: Wire, proxy: Proxy, target: Target) -> None:
    lines = [f"CONNECT {target.place} HTTP/1.1", f"Host: {target.place}"]
    if proxy.target.username or proxy.password:
        pair = base64.b64encode(f"{proxy.target.username}:{proxy.password}".encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {pair}")
    wire.sendall("\r\n".join([*lines, "", ""]).encode())
    head = _http_head(wire, proxy, target)
    found = _STATUS.match(head)
    if not found:
        with _blamed_on(proxy):
            raise UnexpectedProtocol(
                f"{proxy} does not speak HTTP",
                hint='check ssh_proxy_port; is it a SOCKS proxy (ssh_proxy_type = "socks5")?',
            )
    _judge_http(int(found[1]), (found[2] or b"").decode("latin-1").strip(), head, proxy, target)


def _judge_http(status: int, reason: str, head: bytes, proxy: Proxy, target: Target) -> None:
    if 200 <= status < 300:
        return
    if status < 500:
        with _blamed_on(proxy):
            if status in (401, 407):
                raise _login_refused(proxy)
            raise failures.forwarding_refused(target, str(proxy), f"{status} {reason}".strip(), _ALLOW)
    if _REFUSED.search(head):
        raise failures.no_connection(target, ConnectionRefusedError())
    raise Unreachable(f"{proxy} can't reach {target.place}: {status} {reason}".rstrip(), hint=_hint(proxy, target))


def _http_head(wire: Wire, proxy: Proxy, target: Target) -> bytes:
    """Everything up to the empty line and not a byte more: what follows is the target's."""
    head = b""
    while not head.endswith(b"\r\n\r\n") and len(head) < _MOST_HEAD_BYTES:
        if len(head) >= 5 and not head.startswith(b"HTTP/"):
            break
        head += _exactly(wire, 1, proxy.target if head else target)
    return head


def _exactly(wire: Wire, size: int, awaited: Target) -> bytes:
    """So many bytes. What the silence means depends on whose answer is awaited, the proxy's or the target's."""
    data = b""
    while len(data) < size:
        try:
            more = wire.recv(size - len(data))
        except TimeoutError:
            if awaited.role:
                raise SilentPeer(
                    f"{awaited} accepts connections but says nothing", hint=f"check {awaited.option('port')}"
                ) from None
            raise failures.no_connection(awaited, TimeoutError()) from None
        except OSError:
            more = b""
        if not more:
            name = awaited if awaited.role else awaited.via
            raise SilentPeer(f"{name} hangs up", hint="is it what ssh_proxy_type says, and may this host use it?")
        data += more
    return data


def _hint(proxy: Proxy, target: Target) -> str:
    return f"let port {target.port} in for the address of {proxy} in the security group, and check ssh_host"
