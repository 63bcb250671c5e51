"""A sandbox machine and the ways into it that the tests use."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paramiko
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from imagesmith_simulator.machines.interface import Endpoint
from imagesmith_simulator.machines.sandbox.machine import SandboxMachine

_OPTIONS = [
    *("-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null", "-oGlobalKnownHostsFile=/dev/null"),
    *("-oIdentitiesOnly=yes", "-oIdentityAgent=none", "-oLogLevel=ERROR", "-F/dev/null"),
]


@dataclass(frozen=True)
class KeyPair:
    """A key file and its public line."""

    path: Path
    public: str

    @classmethod
    def make(cls, path: Path) -> KeyPair:
        key = Ed25519PrivateKey.generate()
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
        path.chmod(0o600)
        return cls(path, key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() + " test")

    def load(self) -> paramiko.PKey:
        return paramiko.Ed25519Key(filename=str(self.path))


def eventually(probe: Callable[[], object], timeout_s: float = 10.0) -> bool:
    """Whether ``probe`` becomes true in time."""
    deadline = time.monotonic() + timeout_s
    while not probe():
        if time.monotonic() > deadline:
            return False
        threading.Event().wait(0.01)
    return True


@dataclass
class Box:
    """A machine that listens."""

    machine: SandboxMachine
    endpoint: Endpoint
    key: KeyPair
    user: str = "root"

    def answers(self) -> bool:
        """Whether something accepts connections and says that it speaks SSH."""
        with contextlib.suppress(OSError), self.connect(1.0) as sock:
            sock.settimeout(5)
            return sock.recv(4) == b"SSH-"
        return False

    def connect(self, timeout_s: float = 5.0) -> socket.socket:
        return socket.create_connection((self.endpoint.host, self.endpoint.port), timeout_s)

    def boot(self) -> None:
        self.machine.boot()
        assert eventually(self.answers), self.machine.console()

    @contextlib.contextmanager
    def transport(self, user: str = "", password: str = "") -> Iterator[paramiko.Transport]:
        sock = self.connect()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport = paramiko.Transport(sock)
        try:
            transport.start_client(timeout=20)
            if password:
                transport.auth_password(user or self.user, password, fallback=False)
            else:
                transport.auth_publickey(user or self.user, self.key.load())
            yield transport
        finally:
            transport.close()
            transport.join(5)

    def run(self, command: str, user: str = "") -> str:
        """What a command prints; it must succeed."""
        with self.transport(user) as transport:
            status, output, errors = execute(transport, command)
        assert status == 0, (command, status, output, errors)
        return output.decode()

    def arguments(self, program: str) -> list[str]:
        """The beginning of an OpenSSH command line."""
        port = "-p" if program == "ssh" else "-P"
        return [program, *_OPTIONS, "-i", str(self.key.path), port, str(self.endpoint.port)]

    def ssh(self, *words: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        """Run OpenSSH's client."""
        command = [*self.arguments("ssh"), f"{self.user}@{self.endpoint.host}", *words]
        given: dict[str, Any] = {"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}
        return subprocess.run(command, capture_output=True, timeout=30, check=False, **given)


@contextlib.contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """A process that does not outlive the block, whatever happens in it."""
    with process:
        try:
            yield process
        finally:
            process.kill()


def execute(transport: paramiko.Transport, command: str) -> tuple[int, bytes, bytes]:
    """Exit status (-1: a signal), standard output and error."""
    channel = transport.open_session()
    channel.settimeout(20)
    channel.exec_command(command)
    with channel.makefile("rb") as output, channel.makefile_stderr("rb") as errors:
        result = bytes(output.read()), bytes(errors.read())
    status = channel.recv_exit_status()
    channel.close()
    return (status, *result)
