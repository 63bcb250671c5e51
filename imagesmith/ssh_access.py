"""What a way into a machine tells to programs that bring an SSH client of their own, as ansible does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from imagesmith.interfaces import secret


@dataclass(frozen=True, slots=True)
class SshAccess:
    """How to log in to the same machine once more.

    ``host_key`` is the key that the machine has shown and that was accepted, as in a known_hosts line without names.
    ``private_key`` is in OpenSSH's or PEM form without a passphrase, ``certificate_file`` its certificate.
    ``direct``: the address can be reached as it is; else only `SshReachable.open_stream` leads there.
    """

    host: str
    port: int
    username: str
    host_key: str
    direct: bool = True
    uses_agent: bool = False
    certificate_file: str = ""
    private_key: str = secret()
    password: str = secret()

    @property
    def known_hosts(self) -> str:
        """The line for a known_hosts file."""
        name = self.host if self.port == 22 else f"[{self.host}]:{self.port}"
        return f"{name} {self.host_key}\n"


class ByteStream(Protocol):
    """A connection on which nothing has been said yet."""

    def recv(self, size: int, /) -> bytes:
        """Up to so many bytes, b"" at the end; raises `OSError`."""
        ...

    def sendall(self, data: bytes, /) -> None:
        """Send all of it; raises `OSError`."""
        ...

    def close(self) -> None:
        """End it and wake up whoever waits for it; never raises."""
        ...


@runtime_checkable
class SshReachable(Protocol):
    """A `imagesmith.interfaces.Remote` whose machine other SSH clients can log in to."""

    def ssh_access(self) -> SshAccess:
        """Raises `imagesmith.errors.ConnectionLost` and what making the connection anew raises."""
        ...

    def open_stream(self) -> ByteStream:
        """A connection to the machine's SSH port, by the way that this connection takes (bastions, proxies).

        Raises a classified `imagesmith.errors.ConnectError`.
        """
        ...
