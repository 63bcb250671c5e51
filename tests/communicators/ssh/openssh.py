"""A real sshd on a high loopback port, with a configuration, keys and a home of its own."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from imagesmith.waiting import CancelToken
from imagesmith_ssh.remote import SshRemote

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin") or ""
USER = getpass.getuser()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_key(path: Path, kind: str = "ed25519") -> Path:
    more = ["-b", "2048"] if kind == "rsa" else []
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "test", *more, "-f", path], check=True)
    return path


@dataclass
class Sshd:
    """One server; ``home`` and ``path`` are what users' shells see as their home folder and PATH."""

    folder: Path
    extra: str = ""
    path: str = ""
    port: int = field(default_factory=free_port)
    password: str = ""
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
        sftp = "" if "Subsystem" in self.extra else "Subsystem sftp internal-sftp"
        config.write_text(
            f"{self.extra}\n{sftp}\n{self._environment()}\nPort {self.port}\nListenAddress 127.0.0.1\n"
            f"HostKey {self.folder}/host_key\nAuthorizedKeysFile {self.authorized}\nPidFile none\nLogLevel VERBOSE\n"
            f"UsePAM {'yes' if self.password else 'no'}\nStrictModes no\nPermitRootLogin yes\n"
            "MaxAuthTries 20\nMaxStartups 100\n"
        )
        command = [SSHD, "-D", "-f", str(config), "-E", str(self.log)]
        self.process = subprocess.Popen(self._with_password(command) if self.password else command)
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            threading.Event().wait(0.02)
        raise AssertionError(self.log.read_text())

    def _with_password(self, command: list[str]) -> list[str]:
        """Run it where our user has this password: in a mount namespace with /etc/shadow and PAM rules of its own."""
        salted = ["openssl", "passwd", "-6", self.password]
        hashed = subprocess.run(salted, check=True, capture_output=True, text=True).stdout.strip()
        (self.folder / "shadow").write_text(f"{USER}:{hashed}:19000:0:99999:7:::\nsshd:!:19000::::::\n")
        rules = ("auth required pam_unix.so", "account required pam_permit.so", "session required pam_permit.so")
        (self.folder / "pam").write_text("\n".join(rules) + "\n")
        script = f"mount --bind {self.folder}/shadow /etc/shadow && mount --bind {self.folder}/pam /etc/pam.d/sshd"
        return ["unshare", "-m", "sh", "-c", script + ' && exec "$@"', "sh", *command]

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


class Opener(Protocol):
    """Connects to a port of this host; whatever else is given are options of the communicator."""

    def __call__(
        self,
        port: int,
        *,
        key: str = "ed25519",
        password: str = "",
        console: Callable[[], str] = str,
        cancel: CancelToken | None = None,
        host: str = "127.0.0.1",
        kind: str = "public",
        **options: Any,
    ) -> Connection: ...


class MakeSshd(Protocol):
    """Makes a server that is not started yet; ``extra`` are lines of its configuration.

    ``users`` are the keys in the folder ``keys`` that it accepts, ``password`` is our user's.
    """

    def __call__(self, extra: str = "", *, path: str = "", users: Sequence[str] = (), password: str = "") -> Sshd: ...
