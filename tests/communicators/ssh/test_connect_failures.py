"""Each cause of a failed connection has its own error, with a hint, in time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imagesmith.communicator import CommunicatorOptions
from imagesmith.errors import (
    AuthenticationFailed,
    Cancelled,
    ConnectError,
    ConnectionRefused,
    GuestNotBooted,
    HostKeyMismatch,
    KeyExchangeFailed,
    SilentPeer,
    UnexpectedProtocol,
    Unreachable,
)
from imagesmith.waiting import CancelToken
from tests.communicators.ssh.openssh import MakeSshd, Opener, Sshd, free_port, make_key
from tests.communicators.ssh.ssh_peers import dropping, listener, silent, web_server
from tests.effects import shows


def failure(opener: Opener, port: int, expected: type[ConnectError], **options: Any) -> tuple[ConnectError, float]:
    began = time.monotonic()
    with pytest.raises(expected) as caught:
        opener(port, **options)
    assert caught.type is expected
    assert caught.value.hint
    return caught.value, time.monotonic() - began


def test_closed_port_is_refused_until_the_time_limit(opener: Opener) -> None:
    error, seconds = failure(opener, free_port(), ConnectionRefused, ssh_timeout=0.6)
    assert "nothing listens there" in error.message
    assert 0.5 < seconds < 3


def test_dropped_packets_are_unreachable_and_name_the_security_group(opener: Opener) -> None:
    with dropping() as port:
        error, seconds = failure(opener, port, Unreachable, ssh_timeout=0.6)
    assert "security group" in error.hint
    assert seconds < 3


def test_private_address_hint_says_that_it_is_not_routable_from_outside(opener: Opener) -> None:
    with dropping() as port:
        error, _ = failure(opener, port, Unreachable, ssh_timeout=0.5, kind="private")
    assert "VPC" in error.hint


def test_unknown_host_name_says_to_check_ssh_host(opener: Opener) -> None:
    error, _ = failure(opener, 22, Unreachable, ssh_host="no-such-host.invalid", ssh_timeout=0.5)
    assert "ssh_host" in error.hint


def test_silent_peer_does_not_eat_the_whole_time(opener: Opener) -> None:
    attempts = []

    def count(peer: object) -> None:
        attempts.append(peer)

    with listener(count) as port:
        error, seconds = failure(opener, port, SilentPeer, ssh_timeout=4.0)
    assert "says nothing" in error.message
    assert len(attempts) >= 2
    assert seconds < 6


def test_peer_that_hangs_up_at_once_is_tried_again_until_the_time_limit(opener: Opener) -> None:
    with listener(lambda peer: peer.close()) as port:
        _, seconds = failure(opener, port, SilentPeer, ssh_timeout=0.6)
    assert seconds < 3


def test_web_server_is_told_apart_and_ends_early(opener: Opener) -> None:
    with listener(web_server) as port:
        error, seconds = failure(opener, port, UnexpectedProtocol, ssh_timeout=300.0)
    assert "HTTP/1.1 400 Bad Request" in error.message
    assert "ssh_port" in error.hint
    assert seconds < 6


def test_no_common_algorithm_names_what_the_server_offers(opener: Opener, make_sshd: MakeSshd) -> None:
    server = make_sshd("KexAlgorithms sntrup761x25519-sha512@openssh.com").start()
    error, seconds = failure(opener, server.port, KeyExchangeFailed, ssh_timeout=300.0)
    assert "sntrup761x25519-sha512@openssh.com" in error.message
    assert seconds < 6


@shows(CommunicatorOptions, "ssh_handshake_attempts")
def test_wrong_key_gets_as_many_tries_as_asked_for(opener: Opener, make_sshd: MakeSshd) -> None:
    server = make_sshd().start()
    error, seconds = failure(
        opener, server.port, AuthenticationFailed, key="other", ssh_handshake_attempts=2, ssh_timeout=300.0
    )
    assert "2 refused logins" in error.message
    assert "ssh_username" in error.hint
    assert server.logins("Connection from") >= 2
    assert 0.8 < seconds < 6


@shows(CommunicatorOptions, "ssh_timeout")
def test_time_limit_ends_refused_logins_too(opener: Opener, sshd: Sshd) -> None:
    error, seconds = failure(opener, sshd.port, AuthenticationFailed, key="other", ssh_timeout=1.5)
    assert "refused logins" in error.message
    assert 1 < seconds < 5


def test_wrong_password_is_an_authentication_failure(opener: Opener, sshd: Sshd) -> None:
    error, seconds = failure(
        opener, sshd.port, AuthenticationFailed, key="", password="wrong", ssh_handshake_attempts=2, ssh_timeout=300.0
    )
    assert "password" in error.message
    assert "wrong" not in error.message.replace("wrong key", "")
    assert seconds < 10


def test_changed_host_key_ends_at_once(opener: Opener, make_sshd: MakeSshd) -> None:
    server = make_sshd().start()
    connection = opener(server.port)
    server.stop()
    for old in server.folder.glob("host_key*"):
        old.unlink()
    make_key(server.folder / "host_key")
    server.start()
    began = time.monotonic()
    with pytest.raises(HostKeyMismatch) as caught:
        connection.remote.reconnect(timeout_s=300)
    assert "seen at the first connection" in caught.value.message
    assert time.monotonic() - began < 3


def test_console_shows_that_the_guest_never_booted(opener: Opener) -> None:
    text = "\x1b[2J[    1.0] Loading\r\n[    2.0] Kernel panic - not syncing: VFS: Unable to mount root fs\r\n"
    error, _ = failure(opener, free_port(), GuestNotBooted, ssh_timeout=0.3, console=lambda: text)
    assert "Unable to mount root fs" in error.message
    assert "\x1b" not in error.message


def test_end_of_the_console_is_part_of_the_error(opener: Opener) -> None:
    text = "\n".join(f"line {number}" for number in range(100))
    error, _ = failure(opener, free_port(), ConnectionRefused, ssh_timeout=0.3, console=lambda: text)
    assert "line 99" in error.message
    assert "line 80" not in error.message


def test_server_that_comes_up_late_is_reached_soon(opener: Opener, make_sshd: MakeSshd) -> None:
    server = make_sshd()
    threading.Timer(0.5, server.start).start()
    began = time.monotonic()
    connection = opener(server.port)
    assert time.monotonic() - began < 3
    assert any("nothing listens there" in line for line in connection.said)


def test_key_that_is_installed_late_is_accepted(opener: Opener, make_sshd: MakeSshd, keys: Path) -> None:
    server = make_sshd().start()
    accepted = server.authorized.read_text()
    server.authorized.write_text("")
    timer = threading.Timer(0.6, server.authorized.write_text, (accepted,))
    timer.start()
    opener(server.port)
    timer.join()
    assert server.logins("Accepted publickey") == 1


@pytest.mark.parametrize("peer", [None, silent], ids=["nothing listens", "silent peer"])
def test_cancel_ends_the_wait_within_a_second(opener: Opener, peer: Callable[..., None] | None) -> None:
    cancel = CancelToken()
    timer = threading.Timer(0.4, cancel.cancel)
    with listener(peer or silent) as port:
        timer.start()
        began = time.monotonic()
        with pytest.raises(Cancelled):
            opener(port if peer else free_port(), cancel=cancel, ssh_timeout=300.0)
        assert time.monotonic() - began < 1.4
    timer.join()


@shows(CommunicatorOptions, "ssh_host")
def test_address_port_wins_over_ssh_port_and_ssh_host_over_the_address(opener: Opener, sshd: Sshd) -> None:
    opener(sshd.port, host="192.0.2.1", ssh_host="127.0.0.1", ssh_port=1, ssh_timeout=3.0)


@shows(CommunicatorOptions, "pause_before_connecting")
def test_pause_before_connecting_connects_a_second_time(opener: Opener, make_sshd: MakeSshd) -> None:
    server = make_sshd().start()
    began = time.monotonic()
    opener(server.port, pause_before_connecting=0.5)
    assert time.monotonic() - began >= 0.5
    assert server.logins("Accepted publickey") == 2
