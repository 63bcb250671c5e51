"""The table of staged faults: eight causes, eight classes, the same by every way to the machine."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager as Context
from pathlib import Path
from typing import Any

import pytest

from imagesmith.errors import (
    AuthenticationFailed,
    ConnectError,
    ConnectionRefused,
    GuestNotBooted,
    HostKeyMismatch,
    KeyExchangeFailed,
    SilentPeer,
    UnexpectedProtocol,
    Unreachable,
)
from tests.communicators.ssh.openssh import MakeSshd, Opener, free_port
from tests.communicators.ssh.real_proxies import microsocks, tinyproxy
from tests.communicators.ssh.ssh_peers import dropping, listener, silent, web_server

Staged = tuple[int, dict[str, Any]]
Stage = Callable[[MakeSshd, Path], Context[Staged]]
Way = Callable[[MakeSshd, Path], Context[dict[str, Any]]]
BOOTED = "cloud-init: everything is fine\nguest login: "
PANIC = "[    2.0] Kernel panic - not syncing: VFS: Unable to mount root fs\n"
PERMANENT_S = 30.0


@contextlib.contextmanager
def closed_port(_make: MakeSshd, _keys: Path) -> Iterator[Staged]:
    yield free_port(), {"ssh_timeout": 0.6}


@contextlib.contextmanager
def filtered(_make: MakeSshd, _keys: Path) -> Iterator[Staged]:
    with dropping() as port:
        yield port, {"ssh_timeout": 1.5}


@contextlib.contextmanager
def silent_peer(_make: MakeSshd, _keys: Path) -> Iterator[Staged]:
    with listener(silent) as port:
        yield port, {"ssh_timeout": 4.0}


@contextlib.contextmanager
def not_ssh(_make: MakeSshd, _keys: Path) -> Iterator[Staged]:
    with listener(web_server) as port:
        yield port, {}


@contextlib.contextmanager
def no_common_algorithm(make: MakeSshd, _keys: Path) -> Iterator[Staged]:
    yield make("KexAlgorithms sntrup761x25519-sha512@openssh.com").start().port, {}


@contextlib.contextmanager
def wrong_key(make: MakeSshd, _keys: Path) -> Iterator[Staged]:
    yield make().start().port, {"key": "other"}


@contextlib.contextmanager
def other_host_key(make: MakeSshd, keys: Path) -> Iterator[Staged]:
    yield make().start().port, {"ssh_host_key_fingerprints": [(keys / "ed25519.pub").read_text()]}


@contextlib.contextmanager
def never_boots(_make: MakeSshd, _keys: Path) -> Iterator[Staged]:
    yield free_port(), {"ssh_timeout": 0.6, "console": lambda: PANIC}


FAULTS: dict[Stage, type[ConnectError]] = {
    closed_port: ConnectionRefused,
    filtered: Unreachable,
    silent_peer: SilentPeer,
    not_ssh: UnexpectedProtocol,
    no_common_algorithm: KeyExchangeFailed,
    wrong_key: AuthenticationFailed,
    other_host_key: HostKeyMismatch,
    never_boots: GuestNotBooted,
}


@contextlib.contextmanager
def directly(_make: MakeSshd, _keys: Path) -> Iterator[dict[str, Any]]:
    yield {}


@contextlib.contextmanager
def by_bastion(make: MakeSshd, keys: Path) -> Iterator[dict[str, Any]]:
    bastion = make(users=["jump"]).start()
    yield {"ssh_bastion_host": f"127.0.0.1:{bastion.port}", "ssh_bastion_private_key_file": str(keys / "jump")}
    bastion.stop()


@contextlib.contextmanager
def by_socks(_make: MakeSshd, _keys: Path) -> Iterator[dict[str, Any]]:
    with microsocks() as port:
        yield {"ssh_proxy_host": "127.0.0.1", "ssh_proxy_port": port, "ssh_proxy_loopback": True}


@contextlib.contextmanager
def by_http(_make: MakeSshd, keys: Path) -> Iterator[dict[str, Any]]:
    with tinyproxy(keys) as port:
        way = {"ssh_proxy_host": "127.0.0.1", "ssh_proxy_port": port, "ssh_proxy_loopback": True}
        yield {**way, "ssh_proxy_type": "http"}


def test_the_eight_causes_have_eight_classes() -> None:
    assert len(FAULTS) == len(set(FAULTS.values())) == 8


@pytest.mark.parametrize("way", [directly, by_bastion, by_socks, by_http])
@pytest.mark.parametrize("stage", FAULTS)
def test_each_cause_has_its_class_a_hint_and_the_console(
    stage: Stage, way: Way, opener: Opener, make_sshd: MakeSshd, keys: Path
) -> None:
    expected = FAULTS[stage]
    if stage is closed_port and way is by_http:
        expected = Unreachable  # tinyproxy does not say what went wrong when it connected
    # That refused logins end in time without a number is seen once, for it takes 25 s.
    number = {} if way is directly else {"ssh_handshake_attempts": 2}
    with stage(make_sshd, keys) as (port, how), way(make_sshd, keys) as through:
        began = time.monotonic()
        with pytest.raises(ConnectError) as caught:
            opener(port, **{"ssh_timeout": 300.0, "console": lambda: BOOTED, **number, **how, **through})
        seconds = time.monotonic() - began
    error = caught.value
    assert type(error) is expected
    assert seconds < (PERMANENT_S if error.permanent else how["ssh_timeout"] + 3)
    assert error.hint
    assert (PANIC if stage is never_boots else BOOTED).splitlines()[-1].strip() in error.message
    assert error.hop == ""
    if not isinstance(error, HostKeyMismatch):
        assert str(port) in error.message
        assert ("the bastion" in error.message) is (way is by_bastion)
        assert ("the proxy" in error.message) is (way in (by_socks, by_http))
