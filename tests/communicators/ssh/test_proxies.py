"""Through proxies of others: microsocks and tinyproxy, with and without credentials, and proxies that misbehave."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imagesmith.communicator import CommunicatorOptions
from imagesmith.errors import (
    AuthenticationFailed,
    ConnectError,
    ConnectionRefused,
    ForwardingRefused,
    SilentPeer,
    UnexpectedProtocol,
    Unreachable,
)
from imagesmith.ssh_settings import is_loopback
from imagesmith_ssh.failures import Target
from imagesmith_ssh.proxies import proxy_of
from tests.communicators.ssh.openssh import Opener, Sshd, free_port
from tests.communicators.ssh.real_proxies import microsocks, tinyproxy
from tests.communicators.ssh.ssh_peers import listener, silent, web_server
from tests.effects import shows


def by_way_of(port: int, kind: str = "socks5", **more: Any) -> dict[str, Any]:
    way = {"ssh_proxy_host": "127.0.0.1", "ssh_proxy_port": port, "ssh_proxy_loopback": True, **more}
    return way if kind == "socks5" else {**way, "ssh_proxy_type": kind}


def peer_port(remote: Any) -> int:
    """The port of the other end of the TCP connection below."""
    return int(remote.transport().wire.getpeername()[1])


@shows(CommunicatorOptions, "ssh_proxy_host", "ssh_proxy_port", "ssh_proxy_loopback")
def test_a_socks_proxy_is_used(sshd: Sshd, opener: Opener) -> None:
    with microsocks() as port:
        remote = opener(sshd.port, **by_way_of(port), ssh_timeout=4.0).remote
        assert remote.run("echo it").stdout == "it\n"
        assert peer_port(remote) == port


@shows(CommunicatorOptions, "ssh_proxy_username", "ssh_proxy_password")
def test_a_socks_proxy_takes_credentials(sshd: Sshd, opener: Opener) -> None:
    with microsocks("me", "s p:ä") as port:
        way = by_way_of(port, ssh_proxy_username="me", ssh_proxy_password="s p:ä")
        assert peer_port(opener(sshd.port, **way, ssh_timeout=3.0).remote) == port


@shows(CommunicatorOptions, "ssh_proxy_type")
def test_an_http_proxy_is_used(sshd: Sshd, opener: Opener, tmp_path: Path) -> None:
    with tinyproxy(tmp_path) as port:
        remote = opener(sshd.port, **by_way_of(port, "http"), ssh_timeout=4.0).remote
        assert remote.run("echo it").stdout == "it\n"
        assert peer_port(remote) == port
    assert f"127.0.0.1:{sshd.port}" in (tmp_path / "log").read_text()


@shows(CommunicatorOptions, "ssh_proxy_username", "ssh_proxy_password")
def test_an_http_proxy_takes_credentials(sshd: Sshd, opener: Opener, tmp_path: Path) -> None:
    with tinyproxy(tmp_path, "BasicAuth me secret-word") as port:
        way = by_way_of(port, "http", ssh_proxy_username="me", ssh_proxy_password="secret-word")
        assert peer_port(opener(sshd.port, **way, ssh_timeout=3.0).remote) == port


def test_loopback_is_connected_to_directly_unless_the_options_ask(sshd: Sshd, opener: Opener) -> None:
    remote = opener(sshd.port, ssh_proxy_host="192.0.2.1", ssh_timeout=3.0).remote
    assert peer_port(remote) == sshd.port
    for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost", "a.localhost", "LOCALHOST."):
        assert is_loopback(host)
        assert proxy_of(CommunicatorOptions(ssh_username="me", ssh_proxy_host="p"), host) is None
    for host in ("10.0.0.1", "localhost.example.com", "guest"):
        assert not is_loopback(host)
        assert proxy_of(CommunicatorOptions(ssh_username="me", ssh_proxy_host="p"), host) is not None


def test_the_proxy_looks_names_up(sshd: Sshd, opener: Opener) -> None:
    asked: list[bytes] = []

    def note(peer: socket.socket) -> None:
        peer.recv(100)
        peer.sendall(b"\x05\x00")
        asked.append(peer.recv(100))
        peer.sendall(b"\x05\x04\x00\x01" + bytes(6))

    with listener(note) as port, pytest.raises(Unreachable):
        opener(22, host="only.the.proxy.knows", **by_way_of(port), ssh_timeout=0.5)
    assert asked[0] == b"\x05\x01\x00\x03\x14only.the.proxy.knows\x00\x16"


def failure(opener: Opener, expected: type[ConnectError], port: int, guest: int = 22, **way: Any) -> ConnectError:
    limit = way.pop("ssh_timeout", 300.0)
    with pytest.raises(expected) as caught:
        opener(guest, **by_way_of(port, **way), ssh_timeout=limit)
    assert caught.type is expected
    assert caught.value.hint
    assert f"the proxy 127.0.0.1:{port}" in caught.value.message
    return caught.value


def test_wrong_credentials_are_the_proxy_s_failure_and_not_shown(opener: Opener, tmp_path: Path) -> None:
    wrong: dict[str, Any] = {"ssh_proxy_username": "me", "ssh_proxy_password": "hunter2", "ssh_timeout": 1.5}
    with microsocks("me", "right") as port:
        first = failure(opener, AuthenticationFailed, port, **wrong)
        none = failure(opener, AuthenticationFailed, port, ssh_timeout=1.0)
    with tinyproxy(tmp_path, "BasicAuth me right") as other:
        second = failure(opener, AuthenticationFailed, other, kind="http", **wrong)
    for error in (first, second, none):
        assert "hunter2" not in str(error)
        assert error.hop.startswith("the proxy")
        assert "ssh_proxy_username" in error.hint


def test_a_proxy_whose_rules_forbid_it_is_named(opener: Opener, tmp_path: Path) -> None:
    with tinyproxy(tmp_path, "ConnectPort 443") as port:
        error = failure(opener, ForwardingRefused, port, kind="http")
    assert "403" in error.message
    with listener(socks_answering(2)) as port:
        assert "rules" in failure(opener, ForwardingRefused, port).message


def test_what_is_no_proxy_is_told_apart(opener: Opener, sshd: Sshd) -> None:
    with listener(web_server) as port:
        assert 'ssh_proxy_type = "http"' in failure(opener, UnexpectedProtocol, port).hint
    with pytest.raises(UnexpectedProtocol, match="does not speak HTTP"):
        opener(22, **by_way_of(sshd.port, "http"), ssh_timeout=300.0)


def test_a_silent_proxy_and_one_that_hangs_up(opener: Opener) -> None:
    with listener(silent) as port:
        error = failure(opener, SilentPeer, port, ssh_timeout=3.0)
        assert error.hop == f"the proxy 127.0.0.1:{port}"
    with listener(lambda peer: peer.close()) as port:
        failure(opener, SilentPeer, port, ssh_timeout=0.5)


def test_a_proxy_that_is_not_there_is_the_one_that_is_named(opener: Opener) -> None:
    error = failure(opener, ConnectionRefused, free_port(), ssh_timeout=0.5)
    assert "ssh_proxy_port" in error.hint
    assert error.hop.startswith("the proxy")


def socks_answering(code: int) -> Callable[[socket.socket], None]:
    def answer(peer: socket.socket) -> None:
        peer.recv(100)
        peer.sendall(b"\x05\x00")
        peer.recv(100)
        peer.sendall(bytes((5, code, 0, 1)) + bytes(6))

    return answer


@pytest.mark.parametrize(
    ("code", "expected"),
    [(1, Unreachable), (3, Unreachable), (4, Unreachable), (5, ConnectionRefused), (6, Unreachable)],
)
def test_what_the_proxy_says_of_the_guest_is_the_guest_s_failure(
    opener: Opener, code: int, expected: type[ConnectError]
) -> None:
    with listener(socks_answering(code)) as port:
        error = failure(opener, expected, port, ssh_timeout=0.5)
    assert error.hop == ""


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 502 Connection refused\r\n\r\n", ConnectionRefused),
        (b"HTTP/1.1 503 Service Unavailable\r\nX-Squid-Error: ERR_CONNECT_FAIL 111\r\n\r\n", ConnectionRefused),
        (b"HTTP/1.1 503 Service Unavailable\r\nX-Squid-Error: ERR_CONNECT_FAIL 110\r\n\r\n", Unreachable),
        (b"HTTP/1.1 504 Gateway Timeout\r\n\r\n", Unreachable),
    ],
)
def test_what_an_http_proxy_says_of_the_guest_is_the_guest_s_failure(
    opener: Opener, answer: bytes, expected: type[ConnectError]
) -> None:
    def say(peer: socket.socket) -> None:
        peer.recv(1000)
        peer.sendall(answer)

    with listener(say) as port:
        error = failure(opener, expected, port, kind="http", ssh_timeout=0.5)
    assert error.hop == ""


def test_ipv6_addresses_are_written_as_urls_do() -> None:
    assert Target("2001:db8::1", 22, "").place == "[2001:db8::1]:22"
