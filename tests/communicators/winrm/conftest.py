"""Simulated Windows machines and connections to them, closed in the end."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import pytest

from imagesmith.communicator import CommunicatorOptions
from imagesmith.errors import UsageError
from imagesmith.interfaces import Address, Login
from imagesmith.waiting import CancelToken, Patience, Pending, wait_until
from imagesmith_simulator.machines.interface import MachineSpec
from imagesmith_simulator.machines.windows.kind import WindowsKind
from imagesmith_simulator.machines.windows.machine import WindowsMachine
from imagesmith_winrm import connect
from imagesmith_winrm.remote import WinrmRemote
from tests.communicators.winrm.relay import Relay, relay

USER = "Administrator"
PASSWORD = "Pa55'w0rd-§"


@dataclass
class Guest:
    """A Windows machine that is on, and where it is."""

    machine: WindowsMachine
    host: str

    @property
    def windows(self) -> Any:
        """The system inside."""
        assert self.machine.windows
        return self.machine.windows

    def read(self, path: str) -> bytes:
        return bytes(self.windows.disk.file(path).data)

    def write(self, path: str, data: bytes) -> None:
        self.windows.disk.make_folder(path.rpartition("\\")[0])
        self.windows.disk.write(path, data)

    def paths(self) -> list[str]:
        """Every file and folder."""
        return [path for path, _ in self.windows.disk.walk()]

    def tasks(self) -> list[str]:
        """The names of the scheduled tasks."""
        return sorted(self.windows.installation.tasks)

    def constrain(self) -> None:
        """From now on PowerShell may call no methods."""
        self.windows.installation.language_mode = "ConstrainedLanguage"

    def running(self) -> list[str]:
        """The names of the processes that run in the guest."""
        return [process.name for process in self.windows.processes.running()]

    def await_idle(self) -> None:
        """Wait until nothing runs in the guest; what is ended needs a moment to notice."""

        def look() -> Pending | bool:
            return Pending(str(self.running())) if self.running() else True

        wait_until(look, what="the guest", patience=Patience(3, first_s=0.02, longest_s=0.1), cancel=CancelToken())

    def shells(self) -> list[str]:
        """The remote shells that are open."""
        connections = self.machine._connections
        assert connections
        return list(connections.service.shells._shells)

    def await_up(self) -> Guest:
        def look() -> Pending | bool:
            return True if "Windows is up" in self.machine.console() else Pending("down")

        wait_until(look, what="the guest", patience=Patience(20, first_s=0.02, longest_s=0.1), cancel=CancelToken())
        return self


def new_guest(kind: WindowsKind, **spec: Any) -> Guest:
    """A machine at a loopback address of its own."""
    number = random.Random()
    name = f"win-{number.randrange(10**6)}"
    values = {"id": name, "hostname": name, "os": "windows", "username": USER, "password": PASSWORD}
    machine = kind.create(MachineSpec(**{**values, **spec}))
    for _ in range(20):
        host = f"127.{number.randrange(80, 120)}.{number.randrange(1, 255)}.{number.randrange(1, 255)}"
        try:
            machine.listen(host)
        except UsageError:
            continue
        machine.boot()
        return Guest(machine, host).await_up()
    raise AssertionError("no free address")


@pytest.fixture(scope="session")
def shared_kind() -> Iterator[WindowsKind]:
    kind = WindowsKind(winrm=True)
    yield kind
    kind.close()


@pytest.fixture(scope="session")
def guest(shared_kind: WindowsKind) -> Guest:
    """The machine that most tests share."""
    return new_guest(shared_kind)


@pytest.fixture
def own_guest() -> Iterator[Guest]:
    """A machine that a test may change."""
    kind = WindowsKind(winrm=True)
    yield new_guest(kind)
    kind.close()


@dataclass
class Connection:
    remote: WinrmRemote
    cancel: CancelToken
    said: list[str] = field(default_factory=list)


class Opener(Protocol):
    def __call__(
        self,
        host: str,
        port: int | None = None,
        *,
        console: Callable[[], str] = str,
        cancel: CancelToken | None = None,
        kind: str = "public",
        login: Login | None = None,
        **options: object,
    ) -> Connection: ...


@pytest.fixture
def opener() -> Iterator[Opener]:
    """Connects; closes everything in the end and sees to it that no thread of ours is left."""
    made: list[Connection] = []

    def open_connection(
        host: str,
        port: int | None = None,
        *,
        console: Callable[[], str] = str,
        cancel: CancelToken | None = None,
        kind: str = "public",
        login: Login | None = None,
        **options: object,
    ) -> Connection:
        cancel = cancel or CancelToken()
        said: list[str] = []
        given = {"communicator": "winrm", "winrm_username": USER, "winrm_password": PASSWORD, "winrm_timeout": 20.0}
        remote = connect(
            Address(host, port, kind=cast("Any", kind)),
            login or Login(USER),
            CommunicatorOptions(**cast("Any", {**given, **options})),
            cancel=cancel,
            say=said.append,
            console=console,
        )
        connection = Connection(cast("WinrmRemote", remote), cancel, said)
        made.append(connection)
        return connection

    yield open_connection
    for connection in made:
        connection.remote.close()
    left = [thread for thread in threading.enumerate() if thread.name.startswith("winrm ")]
    for thread in left:
        thread.join(3)
    assert not [thread for thread in left if thread.is_alive()]


@pytest.fixture
def remote(guest: Guest, opener: Opener) -> WinrmRemote:
    """A connection to the shared machine."""
    return opener(guest.host).remote


@pytest.fixture
def through(guest: Guest) -> Iterator[Relay]:
    """A relay to the shared machine's plain port."""
    with relay(guest.host, 5985) as made:
        yield made
