"""Servers and connections, closed in the end."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from imagesmith.communicator import CommunicatorOptions
from imagesmith.interfaces import Address, Login
from imagesmith.waiting import CancelToken
from imagesmith_ssh import connect
from imagesmith_ssh.remote import SshRemote
from tests.communicators.ssh.openssh import SSHD, USER, Connection, MakeSshd, Opener, Sshd, make_key

KINDS = ("ed25519", "rsa", "ecdsa")


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with user keys: ``ed25519``, ``rsa``, ``ecdsa``, ``jump`` (for bastions) and ``other`` (for nobody)."""
    folder = tmp_path_factory.mktemp("keys")
    for kind in KINDS:
        make_key(folder / kind, kind)
    make_key(folder / "other")
    make_key(folder / "jump")
    return folder


@pytest.fixture(scope="session")
def make_sshd(keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeSshd]:
    if not SSHD:
        pytest.skip("sshd is not installed")
    servers = []

    def make(extra: str = "", *, path: str = "", users: Sequence[str] = KINDS, password: str = "") -> Sshd:
        if password and os.geteuid() != 0:
            pytest.skip("only root can run an sshd whose users have passwords of their own")
        server = Sshd(tmp_path_factory.mktemp("sshd"), extra, path, password=password)
        server.authorized.write_text("".join((keys / f"{user}.pub").read_text() for user in users))
        servers.append(server)
        return server

    yield make
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def sshd(make_sshd: MakeSshd) -> Sshd:
    """The server that most tests share."""
    return make_sshd().start()


@pytest.fixture
def opener(keys: Path) -> Iterator[Opener]:
    """Connects to a port; closes everything in the end and sees to it that no thread is left."""
    before = set(threading.enumerate())
    made: list[Connection] = []

    def open_connection(
        port: int,
        *,
        key: str = "ed25519",
        password: str = "",
        console: Callable[[], str] = str,
        cancel: CancelToken | None = None,
        host: str = "127.0.0.1",
        kind: str = "public",
        **options: object,
    ) -> Connection:
        cancel = cancel or CancelToken()
        said: list[str] = []
        private = (keys / key).read_text() if key else ""
        remote = connect(
            Address(host, port, kind=cast("Any", kind)),
            Login(USER, private_key=private, password=password),
            CommunicatorOptions(**{"ssh_username": USER, "ssh_timeout": 20.0, **cast("Any", options)}),
            cancel=cancel,
            say=said.append,
            console=console,
        )
        connection = Connection(cast("SshRemote", remote), cancel, said)
        made.append(connection)
        return connection

    yield open_connection
    for connection in made:
        connection.remote.close()
    left = [thread for thread in threading.enumerate() if thread not in before]
    for thread in left:
        thread.join(2)
    assert not [thread for thread in left if thread.is_alive()]


@pytest.fixture
def remote(sshd: Sshd, opener: Opener) -> SshRemote:
    """A connection to the shared server."""
    return opener(sshd.port).remote
