"""Tunnels both ways through a real sshd: what comes out at the other end, and what happens when they can't be made."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from imagesmith.communicator import CommunicatorOptions
from imagesmith.errors import ForwardingRefused, UsageError
from imagesmith.ssh_settings import Tunnel, problems, tunnel
from imagesmith.waiting import CancelToken, Patience, Pending, wait_until
from tests.communicators.ssh.openssh import Connection, MakeSshd, Opener, Sshd, free_port
from tests.effects import shows


@contextmanager
def echo_server() -> Iterator[int]:
    """Says what it has heard in capitals, once it has heard all of it; yields its port."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                peer, _ = server.accept()
            except OSError:
                return
            with peer, peer.makefile("rb") as heard:
                peer.sendall(heard.read().upper())

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


def say(port: int, text: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(text)
        client.shutdown(socket.SHUT_WR)
        with client.makefile("rb") as heard:
            return heard.read()


@shows(CommunicatorOptions, "ssh_local_tunnels")
def test_a_port_here_leads_into_the_guest(sshd: Sshd, opener: Opener) -> None:
    port = free_port()
    with echo_server() as service:
        connection = opener(sshd.port, ssh_local_tunnels=[f"{port}:127.0.0.1:{service}"])
        assert say(port, b"hello") == b"HELLO"
        data = b"a" * 3_000_000
        assert say(port, data) == data.upper()
        threads = [threading.Thread(target=say, args=(port, data)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        connection.remote.transport().wire.shut()
        assert connection.remote.run("echo it").stdout == "it\n"
        assert say(port, b"again") == b"AGAIN"
        connection.remote.close()
        with pytest.raises(ConnectionRefusedError):
            say(port, b"gone")


@shows(CommunicatorOptions, "ssh_remote_tunnels")
def test_a_port_of_the_guest_leads_here(sshd: Sshd, opener: Opener) -> None:
    port = free_port()
    with echo_server() as service:
        connection = opener(sshd.port, ssh_remote_tunnels=[f"{port}:localhost:{service}"])
        assert say(port, b"hello") == b"HELLO"
        data = b"b" * 3_000_000
        assert say(port, data) == data.upper()
        connection.remote.reconnect()
        assert say(port, b"again") == b"AGAIN"


def await_said(connection: Connection, pattern: str) -> None:
    """Another thread says it, after the client has seen its end."""

    def look() -> bool | Pending:
        return any(re.search(pattern, line) for line in connection.said) or Pending(str(connection.said))

    wait_until(look, what=pattern, patience=Patience(5, first_s=0.01, longest_s=0.1), cancel=CancelToken())


def test_what_does_not_answer_at_the_other_end_is_said(sshd: Sshd, opener: Opener) -> None:
    here, there, nobody = free_port(), free_port(), free_port()
    connection = opener(
        sshd.port,
        ssh_local_tunnels=[f"{here}:127.0.0.1:{nobody}"],
        ssh_remote_tunnels=[f"{there}:127.0.0.1:{nobody}"],
    )
    assert say(here, b"") == b""
    assert say(there, b"") == b""
    await_said(connection, r"the guest does not connect to 127\.0\.0\.1.*refused")
    await_said(connection, rf"tunnel {there} of the guest\) can't be reached")


def test_open_tunnels_do_not_hold_up_the_end(sshd: Sshd, opener: Opener) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        connection = opener(sshd.port, ssh_local_tunnels=[f"{port}:127.0.0.1:{silent.getsockname()[1]}"])
        with socket.create_connection(("127.0.0.1", port)) as client:
            silent.accept()[0].close()
            client.settimeout(10)
            connection.remote.close()
            assert client.recv(1) == b""


def test_a_port_that_is_taken_here_is_told_before_anything_is_tried(sshd: Sshd, opener: Opener) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} can't be listened to: address already in use"):
            opener(1, ssh_local_tunnels=[f"{free_port()}:a:1", f"{port}:127.0.0.1:1"], ssh_timeout=300.0)


def test_a_guest_that_does_not_listen_is_told_with_what_to_do(make_sshd: MakeSshd, opener: Opener) -> None:
    server = make_sshd("PermitListen none").start()
    with pytest.raises(ForwardingRefused, match="ssh_remote_tunnels") as caught:
        opener(server.port, ssh_remote_tunnels=[f"{free_port()}:127.0.0.1:1"], ssh_timeout=300.0)
    assert "AllowTcpForwarding" in caught.value.hint


@pytest.mark.parametrize("text", ["8080", "8080:host", "x:host:80", "0:host:80", "8080:host:70000", "1:a:b:2", ""])
def test_what_is_no_tunnel_is_told_at_validate(text: str) -> None:
    given: dict[str, Any] = {"ssh_local_tunnels": [text], "ssh_remote_tunnels": [text]}
    found = [problem.summary for problem in problems(CommunicatorOptions(ssh_username="me", **given))]
    assert found == [f'{name}: "{text}" is no tunnel' for name in given]


def test_tunnels_are_read() -> None:
    assert tunnel("8080:localhost:80") == Tunnel(8080, "localhost", 80)
    assert tunnel("8080:[2001:db8::1]:80") == Tunnel(8080, "2001:db8::1", 80)
