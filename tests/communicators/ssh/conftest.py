"""A real sshd on a high loopback port, with a configuration, keys and a home of its own."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from imagesmith.communicator import CommunicatorOptions
from imagesmith.interfaces import Address, Login
from imagesmith.waiting import CancelToken
from imagesmith_ssh import connect
from imagesmith_ssh.remote import SshRemote

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin") or ""
USER = getpass.getuser()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_key(path: Path, kind: str = "ed25519", *more: str) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "test", "-f", path, *more], check=True)
    return path


@dataclass
class Sshd:
    """One server; ``home`` and ``path`` are what users' shells see as their home folder and PATH."""

    folder: Path
    extra: str = ""
    path: str = ""
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.home = self.folder / "home"
        self.home.mkdir(parents=True, exist_ok=True)
        self.log = self.folder / "log"
        self.authorized = self.folder / "authorized_keys"
        if not (self.folder / "host_key").exists():
            make_key(self.folder / "host_key")

    def start(self) -> Sshd:
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        config = self.folder / "config"
        config.write_text(
            f"{self.extra}\nPort {self.port}\nListenAddress 127.0.0.1\nHostKey {self.folder}/host_key\n"
            f"AuthorizedKeysFile {self.authorized}\nPidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin yes\n"
            f"{'' if 'Subsystem' in self.extra else 'Subsystem sftp internal-sftp'}\nMaxAuthTries 20\nMaxStartups 100\n{self._environment()}\nLogLevel VERBOSE\n"
        )
        self.process = subprocess.Popen([SSHD, "-D", "-f", config, "-E", self.log])
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            threading.Event().wait(0.02)
        raise AssertionError(self.log.read_text())

    def _environment(self) -> str:
        return f"SetEnv HOME={self.home}" + (f" PATH={self.path}" if self.path else "")

    def stop(self) -> None:
        """Stop listening; open connections live on."""
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def logins(self, word: str) -> int:
        """How many lines of the log hold this."""
        return sum(word in line for line in self.log.read_text().splitlines())


@dataclass
class Connection:
    """A remote and what it was made with."""

    remote: SshRemote
    cancel: CancelToken
    said: list[str]


Opener = Callable[..., Connection]


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with user keys: ``ed25519``, ``rsa``, ``ecdsa`` and ``other`` (which no server knows)."""
    folder = tmp_path_factory.mktemp("keys")
    for kind in ("ed25519", "rsa", "ecdsa"):
        make_key(folder / kind, kind)
    make_key(folder / "other")
    return folder


@pytest.fixture(scope="session")
def make_sshd(keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Sshd]]:
    if not SSHD:
        pytest.skip("sshd is not installed")
    servers = []

    def make(extra: str = "", **options: Any) -> Sshd:
        server = Sshd(tmp_path_factory.mktemp("sshd"), extra, **options)
        server.authorized.write_text("".join((keys / f"{k}.pub").read_text() for k in ("ed25519", "rsa", "ecdsa")))
        servers.append(server)
        return server

    yield make
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def sshd(make_sshd: Callable[..., Sshd]) -> Sshd:
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
        said: list[str] | None = None,
        **options: Any,
    ) -> Connection:
        cancel = cancel or CancelToken()
        said = [] if said is None else said
        private = (keys / key).read_text() if key else ""
        remote = connect(
            Address(host, port, kind=cast("Any", kind)),
            Login(USER, private_key=private, password=password),
            CommunicatorOptions(**{"ssh_username": USER, "ssh_timeout": 20.0, **options}),
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
