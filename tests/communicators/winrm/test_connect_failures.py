"""Each cause of a failed connection has its own error, with a hint, in time."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
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
from tests.certificates import make_certificate
from tests.communicators.ssh.openssh import free_port
from tests.communicators.ssh.ssh_peers import dropping, listener, silent
from tests.communicators.winrm.conftest import PASSWORD, Guest, Opener
from tests.effects import shows


def failure(
    opener: Opener, port: int, expected: type[ConnectError], host: str = "127.0.0.1", **options: Any
) -> tuple[ConnectError, float]:
    began = time.monotonic()
    with pytest.raises(expected) as caught:
        opener(host, port, **options)
    assert caught.type is expected
    assert caught.value.hint
    assert PASSWORD not in str(caught.value)
    return caught.value, time.monotonic() - began


def answering(answer: bytes) -> Callable[[socket.socket], None]:
    def serve(peer: socket.socket) -> None:
        peer.recv(4096)
        peer.sendall(answer)
        peer.close()

    return serve


@shows(CommunicatorOptions, "winrm_timeout")
def test_closed_port_means_that_the_listener_is_not_up_until_the_time_limit(opener: Opener) -> None:
    cancel = CancelToken()
    timer = threading.Timer(5, cancel.cancel)
    timer.start()
    try:
        error, seconds = failure(opener, free_port(), ConnectionRefused, winrm_timeout=0.6, cancel=cancel)
    finally:
        timer.cancel()
    assert "listener" in error.message
    assert "is not up" in error.message
    assert "user data" in error.hint
    assert 0.5 < seconds < 4


@pytest.mark.parametrize("status", [404, 503])
def test_windows_without_the_service_is_a_listener_that_is_not_up(opener: Opener, status: int) -> None:
    answer = f"HTTP/1.1 {status} No\r\nServer: Microsoft-HTTPAPI/2.0\r\nContent-Length: 0\r\n\r\n".encode()
    with listener(answering(answer)) as port:
        error, _ = failure(opener, port, ConnectionRefused, winrm_timeout=0.6)
    assert f"status {status}" in error.message


def test_dropped_packets_are_unreachable_and_name_the_security_group(opener: Opener) -> None:
    with dropping() as port:
        error, seconds = failure(opener, port, Unreachable, winrm_timeout=0.6)
    assert "security group" in error.hint
    assert seconds < 4


def test_private_address_hint_says_that_it_is_not_routable_from_outside(opener: Opener) -> None:
    with dropping() as port:
        error, _ = failure(opener, port, Unreachable, winrm_timeout=0.5, kind="private")
    assert "VPC" in error.hint


def test_unknown_host_name_says_to_check_winrm_host(opener: Opener) -> None:
    error, _ = failure(opener, 5985, Unreachable, winrm_host="no-such-host.invalid", winrm_timeout=0.5)
    assert "winrm_host" in error.hint


def test_silent_peer(opener: Opener) -> None:
    with listener(silent) as port:
        error, seconds = failure(opener, port, SilentPeer, winrm_timeout=1.5)
    assert "does not answer" in error.message
    assert seconds < 6


def test_peer_that_hangs_up_is_tried_again(opener: Opener) -> None:
    attempts = []

    def hang_up(peer: socket.socket) -> None:
        attempts.append(peer)
        peer.close()

    with listener(hang_up) as port:
        failure(opener, port, SilentPeer, winrm_timeout=1.0)
    assert len(attempts) >= 2


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH-2.0-OpenSSH_9.2"),
        (b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 2\r\n\r\nok", "nginx"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "404"),
        (b"HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm=x\r\nContent-Length: 0\r\n\r\n", "digest"),
    ],
)
def test_what_is_not_winrm_ends_at_once(opener: Opener, answer: bytes, said: str) -> None:
    with listener(answering(answer)) as port:
        error, seconds = failure(opener, port, UnexpectedProtocol, winrm_timeout=300.0)
    assert said in error.message
    assert seconds < 20


def test_plain_http_on_the_port_that_was_named_for_tls(guest: Guest, opener: Opener) -> None:
    error, seconds = failure(opener, 5985, UnexpectedProtocol, host=guest.host, winrm_use_ssl=True, winrm_timeout=300.0)
    assert "TLS" in error.message
    assert seconds < 20


def test_certificate_that_nobody_vouches_for_ends_at_once(guest: Guest, opener: Opener) -> None:
    error, seconds = failure(opener, 5986, HostKeyMismatch, host=guest.host, winrm_use_ssl=True, winrm_timeout=300.0)
    assert "not trusted" in error.message
    assert "winrm_certificate_fingerprints" in error.hint
    assert seconds < 10


def test_other_certificate_than_the_pinned_one_ends_at_once(guest: Guest, opener: Opener) -> None:
    pins = ["SHA256:" + "ab" * 32]
    error, seconds = failure(
        opener, 5986, HostKeyMismatch, host=guest.host,
        winrm_use_ssl=True, winrm_certificate_fingerprints=pins, winrm_timeout=300.0,
    )  # fmt: skip
    assert "winrm_certificate_fingerprints" in error.message
    assert seconds < 10


@contextlib.contextmanager
def old_tls(folder: Path) -> Iterator[int]:
    """A server that offers only a cipher which nobody here takes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(make_certificate(folder))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0")

    def serve(peer: socket.socket) -> None:
        peer.settimeout(5)
        with contextlib.suppress(OSError), context.wrap_socket(peer, server_side=True) as secured:
            secured.recv(10)

    with listener(serve) as port:
        yield port


def test_no_common_algorithm(opener: Opener, tmp_path: Path) -> None:
    with old_tls(tmp_path) as port:
        error, seconds = failure(
            opener, port, KeyExchangeFailed, winrm_use_ssl=True, winrm_insecure=True, winrm_timeout=300.0
        )
    assert "TLS" in error.message
    assert seconds < 20


def test_wrong_password_ends_within_thirty_seconds_after_few_attempts(guest: Guest, opener: Opener) -> None:
    error, seconds = failure(opener, 5985, AuthenticationFailed, host=guest.host, winrm_password="wrong-password")
    assert '"Administrator"' in error.message
    assert "winrm_password" in error.hint
    assert 15 < seconds < 30
    assert "(5 attempts" in error.message


def test_wrong_password_with_basic_authentication(guest: Guest, opener: Opener) -> None:
    error, _ = failure(
        opener, 5985, AuthenticationFailed, host=guest.host,
        winrm_password="wrong-password", winrm_use_ntlm=False, winrm_timeout=0.5,
    )  # fmt: skip
    assert "(basic)" in error.message


def test_way_to_log_in_that_is_not_offered(own_guest: Guest, opener: Opener) -> None:
    own_guest.windows.winrm.allow_unencrypted = False
    error, _ = failure(opener, 5985, AuthenticationFailed, host=own_guest.host, winrm_use_ntlm=False, winrm_timeout=0.5)
    assert "does not offer basic" in error.message
    assert "negotiate" in error.message


def test_guest_that_never_boots_is_named_with_the_end_of_its_console(opener: Opener) -> None:
    with dropping() as port:
        error, _ = failure(
            opener, port, GuestNotBooted, winrm_timeout=0.5,
            console=lambda: "\x1b[2JSeaBIOS\r\nBooting from Hard Disk...\r\nNo bootable device.\r\n",
        )  # fmt: skip
    assert "  | No bootable device." in error.message
    assert "\x1b" not in error.message


def test_console_tail_is_in_every_other_error(opener: Opener) -> None:
    error, _ = failure(
        opener, free_port(), ConnectionRefused, winrm_timeout=0.5, console=lambda: "Windows is starting\n"
    )
    assert "  | Windows is starting" in error.message


def test_cancelling_ends_the_attempts_at_once(opener: Opener) -> None:
    cancel = CancelToken()
    timer = threading.Timer(0.5, cancel.cancel)
    timer.start()
    began = time.monotonic()
    with listener(silent) as port, pytest.raises(Cancelled):
        opener("127.0.0.1", port, cancel=cancel, winrm_timeout=60.0)
    assert time.monotonic() - began < 3
    timer.join()


def test_listener_that_comes_up_late_is_waited_for(opener: Opener, own_guest: Guest) -> None:
    windows = own_guest.windows
    listeners = dict(windows.winrm.listeners)
    windows.winrm.listeners.clear()
    windows.winrm_changed()

    def open_up() -> None:
        windows.winrm.listeners.update(listeners)
        windows.winrm_changed()

    timer = threading.Timer(1.0, open_up)
    timer.start()
    connection = opener(own_guest.host)
    timer.join()
    assert connection.remote.run("ver").exit_status == 0
    assert "is not up" in connection.said[0]
